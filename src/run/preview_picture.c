/* SPDX-License-Identifier: Apache-2.0
 *
 * The picture part of the sheet: a time line of the damaged stretches, and cards that hold one
 * frame each, clean and damaged side by side.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "img/yuv.h"
#include "media/video_reader.h"
#include "run/preview.h"
#include "run/preview_marks.h"

#define LANE_U            9  /* height of a lane of the time line, units */
#define POINTERS_U        14 /* frame numbers above it */
#define CAPTION_U         12 /* line of a caption */
#define CARD_GAP_U        12
#define MAX_CAPTION_LINES 6
#define MAX_SHAPE         64.0
#define MAX_TALLNESS      1.8 /* of the room for a frame; narrower ones are centred in it */
#define WIDE_COLUMNS      3   /* cards side by side: landscape, portrait */
#define NARROW_COLUMNS    4

typedef struct cards {
    mw_sheet *sheet;
    const mw_preview_doc *doc;
    const mw_preview_marks *marks;
    int64_t *frames; /* [n] ascending */
    double *times_s; /* [n], of the damaged file */
    size_t n;
    int columns;
    int card_w, card_h; /* with caption */
    int caption_lines;
    int room_w, room_h; /* for one frame */
    int top;
} cards;

/* Shape of the upright picture on a screen, width over height; files may claim anything. */
static double shape_of(const mw_video_info *info)
{
    double shape = (double)info->width / info->height;

    if (info->sar_num > 0 && info->sar_den > 0) shape *= (double)info->sar_num / info->sar_den;
    if ((info->rotation_deg + 45) / 90 % 2) shape = 1 / shape;
    return fmin(fmax(shape, 1.0 / MAX_SHAPE), MAX_SHAPE);
}

static void lay_out(cards *c, double shape)
{
    const mw_sheet *s = c->sheet;
    const int u = s->unit, gap = CARD_GAP_U * u, width = s->x1 - s->margin;
    double tallness = 1 / shape;

    c->columns = shape < 0.9 ? NARROW_COLUMNS : WIDE_COLUMNS;
    c->card_w = (width - (c->columns - 1) * gap) / c->columns;
    c->room_w = (c->card_w - 2 * u) / 2;
    if (tallness > MAX_TALLNESS) tallness = MAX_TALLNESS;
    c->room_h = (int)(c->room_w * tallness + 0.5);
    if (c->room_h < 8 * u) c->room_h = 8 * u;
    c->top = s->y;
}

/* Where the frame of card i goes: side 0 clean, 1 damaged; the whole room. */
static mw_rect room_of(const cards *c, size_t i, int side)
{
    const int row = (int)(i / (size_t)c->columns), column = (int)(i % (size_t)c->columns);
    const int gap = CARD_GAP_U * c->sheet->unit;

    return (mw_rect){ c->sheet->margin + column * (c->card_w + gap) +
                          side * (c->card_w - c->room_w),
                      c->top + row * c->card_h + CAPTION_U * c->sheet->unit, c->room_w, c->room_h };
}

/* The largest rectangle of a shape in the middle of r. */
static mw_rect fit(mw_rect r, double shape)
{
    mw_rect in = r;

    in.w = (int)(r.h * shape + 0.5);
    if (in.w > r.w) {
        in.w = r.w;
        in.h = (int)(r.w / shape + 0.5);
        if (in.h > r.h) in.h = r.h;
    }
    if (in.w < 1) in.w = 1;
    if (in.h < 1) in.h = 1;
    in.x += (r.w - in.w) / 2;
    in.y += (r.h - in.h) / 2;
    return in;
}

static mw_status put_frame(const cards *c, size_t i, int side, const mw_video_info *info,
                           const mw_frame *yuv, mw_frame *rgb, mw_error *err)
{
    mw_status st = MW_OK;
    mw_view view;
    mw_rect at;

    if (!rgb->memory) st = mw_frame_alloc(rgb, MW_PIX_RGB24, yuv->width, yuv->height, err);
    if (st == MW_OK) st = mw_img_yuv420_to_rgb(yuv, rgb);
    if (st != MW_OK) return st;
    view = mw_view_upright(rgb, info->rotation_deg, info->mirrored);
    at = fit(room_of(c, i, side), shape_of(info));
    mw_draw_view(&c->sheet->canvas, at, &view);
    mw_preview_marks_draw(c->marks, &c->sheet->canvas, at, info, c->frames[i], side,
                          c->sheet->unit);
    return MW_OK;
}

/* Decode up to the last chosen frame, drawing those chosen. */
static mw_status draw_side(cards *c, int side, mw_video_reader *r, const char *path, mw_error *err)
{
    const mw_video_info *info = mw_video_reader_info(r);
    mw_frame f, rgb = { 0 };
    mw_status st = MW_OK;
    int64_t first_pts = 0;
    size_t i = 0;

    for (int64_t t = 0; st == MW_OK && i < c->n; t++) {
        int got;

        st = mw_video_reader_next(r, &f, &got, err);
        if (st == MW_OK && !got)
            st = mw_fail(err, MW_ERR_FORMAT, "bad_json",
                         "'%s' ends after %lld frames; the sidecar '%s' counts %lld", path,
                         (long long)t, c->doc->path, (long long)c->doc->part[MW_VISUAL].n);
        if (st != MW_OK) break;
        if (!t) first_pts = f.pts;
        if (t != c->frames[i]) continue;
        c->times_s[i] = (double)(f.pts - first_pts) * info->time_base_num / info->time_base_den;
        st = put_frame(c, i++, side, info, &f, &rgb, err);
    }
    mw_frame_clear(&rgb);
    return st;
}

/* ---- captions ---- */

/* Severities by a shorter name, since the type stands beside them. Of all others the end of the
 * name is the unit. */
static const struct {
    const char *name, *shown, *unit;
} short_names[] = {
    { "noise_var", "var", "" },           { "blur_sigma_px", "sigma", "px" },
    { "blur_kernel_px", "kernel", "px" }, { "face_fraction_nominal", "nominal", "" },
    { "coverage_face", "face", "" },      { "coverage_frame", "frame", "" },
};

static void put_severity(mw_str *text, const char *name, double x)
{
    static const char *const units[][2] = {
        { "_db", "dB" }, { "_px", "px" }, { "_hz", "Hz" }, { "_s", "s" }, { "_kbps", "kbit/s" }
    };
    const char *unit = "";
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t k = strlen(units[i][0]);

        if (n <= k || strcmp(name + n - k, units[i][0])) continue;
        unit = units[i][1];
        n -= k;
        break;
    }
    for (size_t i = 0; i < sizeof short_names / sizeof *short_names; i++)
        if (!strcmp(name, short_names[i].name)) {
            name = short_names[i].shown;
            unit = short_names[i].unit;
            n = strlen(name);
            break;
        }
    mw_str_printf(text, " %.*s ", (int)n, name);
    mw_sheet_digits(text, x, 3);
    if (*unit) mw_str_printf(text, " %s", unit);
}

static void describe_severity(mw_str *text, json_t *severity)
{
    for (void *at = json_object_iter(severity); at; at = json_object_iter_next(severity, at)) {
        const json_t *value = json_object_iter_value(at);

        if (json_is_number(value))
            put_severity(text, json_object_iter_key(at), json_number_value(value));
    }
}

/* Name and severity of one damage, on one line when they fit below a card, else on two; drawn from
 * line on when draw is set. *n_lines: how many. */
static mw_status put_damage(const cards *c, size_t i, const mw_preview_segment *g, int line,
                            int draw, int *n_lines, mw_error *err)
{
    const int u = c->sheet->unit, indent = 10 * u, room = c->card_w - indent;
    const mw_preview_type *type = &c->doc->types[g->type];
    const mw_rect left = room_of(c, i, 0);
    const int y = left.y + left.h + (4 + line * CAPTION_U) * u, x = left.x + indent;
    mw_frame *canvas = &c->sheet->canvas;
    mw_str severity = { 0 };
    mw_status st;
    int name_w, severity_w;

    describe_severity(&severity, g->severity);
    mw_str_putc(&severity, ' ');
    st = mw_str_ok(&severity, err);
    if (st != MW_OK) {
        mw_str_clear(&severity);
        return st;
    }
    name_w = mw_text_width(type->name, u);
    severity_w = mw_text_width(severity.data + 1, u) - MW_TEXT_ADVANCE * u;
    *n_lines = severity_w > 0 && name_w + MW_TEXT_ADVANCE * u + severity_w > room ? 2 : 1;
    if (draw) {
        mw_sheet_swatch(c->sheet, left.x, y, type);
        mw_draw_text(canvas, x, y, u, mw_ink, room, type->name);
        severity.data[severity.n - 1] = 0;
        if (*n_lines == 2)
            mw_draw_text(canvas, x, y + CAPTION_U * u, u, mw_ink, room, severity.data + 1);
        else if (severity_w > 0)
            mw_draw_text(canvas, x + name_w, y, u, mw_ink, 0, severity.data);
    }
    mw_str_clear(&severity);
    return st;
}

/* What was done to the frame of card i, one below the other, and frames in their colours around the
 * damaged picture. *n_lines: lines taken; nothing is drawn beyond max_lines. */
static mw_status put_damages(const cards *c, size_t i, int draw, int max_lines, int *n_lines,
                             mw_error *err)
{
    const mw_preview_segments *list = &c->doc->part[MW_VISUAL].segments;
    const int u = c->sheet->unit;
    mw_rect frame = room_of(c, i, 1);
    mw_status st = MW_OK;

    *n_lines = 0;
    for (size_t k = 0; st == MW_OK && k < list->n && list->v[k].i0 <= c->frames[i]; k++) {
        int taken = 0;

        if (c->frames[i] >= list->v[k].i1) continue;
        st = put_damage(c, i, &list->v[k], *n_lines, 0, &taken, err);
        if (st != MW_OK || *n_lines + taken > max_lines) break;
        if (draw) {
            st = put_damage(c, i, &list->v[k], *n_lines, 1, &taken, err);
            mw_draw_outline(&c->sheet->canvas, frame, 2 * u, c->doc->types[list->v[k].type].colour);
            frame = (mw_rect){ frame.x + 2 * u, frame.y + 2 * u, frame.w - 4 * u, frame.h - 4 * u };
        }
        *n_lines += taken;
    }
    if (st == MW_OK && draw && !*n_lines)
        mw_draw_text(&c->sheet->canvas, room_of(c, i, 0).x, frame.y + frame.h + 4 * u, u, mw_grey,
                     c->card_w, "not damaged");
    return st;
}

/* Room below the cards for the longest caption. */
static mw_status measure_captions(cards *c, mw_error *err)
{
    mw_status st = MW_OK;

    c->caption_lines = 1;
    for (size_t i = 0; st == MW_OK && i < c->n; i++) {
        int n_lines;

        st = put_damages(c, i, 0, MAX_CAPTION_LINES, &n_lines, err);
        if (n_lines > c->caption_lines) c->caption_lines = n_lines;
    }
    c->card_h = c->room_h + ((1 + c->caption_lines) * CAPTION_U + 10) * c->sheet->unit;
    return st;
}

static mw_status draw_caption(const cards *c, size_t i, mw_error *err)
{
    const int u = c->sheet->unit;
    const mw_rect left = room_of(c, i, 0), right = room_of(c, i, 1);
    mw_frame *canvas = &c->sheet->canvas;
    mw_str time = { 0 };
    char frame[32];
    int n_lines;
    mw_status st;

    snprintf(frame, sizeof frame, "frame %lld", (long long)c->frames[i]);
    mw_sheet_fixed(&time, c->times_s[i], 3);
    mw_str_put(&time, " s");
    st = mw_str_ok(&time, err);
    if (st == MW_OK) {
        mw_draw_text(canvas, left.x, left.y - 10 * u, u, mw_ink, left.w, frame);
        mw_draw_text(canvas, right.x, right.y - 10 * u, u, mw_ink, right.w, time.data);
        st = put_damages(c, i, 1, c->caption_lines, &n_lines, err);
    }
    mw_str_clear(&time);
    return st;
}

/* ---- time line ---- */

/* A triangle pointing down at (x, y). */
static void draw_pointer(mw_sheet *s, int x, int y)
{
    for (int i = 0; i < 4 * s->unit; i++)
        mw_draw_fill(&s->canvas, (mw_rect){ x - i / 2, y - i - 1, 2 * (i / 2) + 1, 1 }, mw_ink);
}

static void draw_pointers(cards *c)
{
    mw_sheet *s = c->sheet;
    int free_from = 0;

    for (size_t i = 0; i < c->n; i++) {
        const int x = mw_sheet_x(s, c->times_s[i]);
        char text[32];
        int width, left;

        draw_pointer(s, x, s->y);
        snprintf(text, sizeof text, "%lld", (long long)c->frames[i]);
        width = mw_text_width(text, s->unit) - s->unit;
        left = x + width / 2 > s->x1 ? s->x1 - width : x - width / 2;
        if (left < free_from) continue;
        mw_draw_text(&s->canvas, left, s->y - 13 * s->unit, s->unit, mw_grey, 0, text);
        free_from = left + width + 4 * s->unit;
    }
}

/* One lane per type, from s->y on. */
static void draw_lanes(mw_sheet *s, const mw_preview_doc *d)
{
    const mw_preview_segments *list = &d->part[MW_VISUAL].segments;
    int lane[MW_PREVIEW_MAX_TYPES], done[MW_PREVIEW_MAX_TYPES] = { 0 }, n = 0;

    for (size_t i = 0; i < d->n_types; i++)
        if (d->types[i].modality == MW_VISUAL) lane[i] = n++;
    if (!n) n = 1;
    mw_draw_fill(&s->canvas, (mw_rect){ s->x0, s->y, s->x1 - s->x0, n * LANE_U * s->unit },
                 mw_faint);
    for (size_t i = 0; i < list->n; i++) {
        const mw_preview_segment *g = &list->v[i];
        int x;
        const int width = mw_sheet_span(s, g, s->unit, done, &x);

        mw_draw_fill(
            &s->canvas,
            (mw_rect){ x, s->y + lane[g->type] * LANE_U * s->unit, width, LANE_U * s->unit },
            d->types[g->type].colour);
    }
    s->y += n * LANE_U * s->unit;
}

static mw_status draw_time_line(cards *c, mw_error *err)
{
    mw_sheet *s = c->sheet;
    const int u = s->unit;
    mw_status st = mw_sheet_room(s, (POINTERS_U + MW_PREVIEW_MAX_TYPES * LANE_U) * u, err);
    int top;

    if (st != MW_OK) return st;
    s->y += POINTERS_U * u;
    draw_pointers(c);
    top = s->y;
    mw_draw_text(&s->canvas, s->margin, top + u, u, mw_grey, 0, "frames");
    draw_lanes(s, c->doc);
    return mw_sheet_time_axis(s, top, err);
}

/* ---- all of it ---- */

static mw_status describe(mw_sheet *s, const mw_preview_doc *d, const mw_video_info *info,
                          mw_error *err)
{
    const int64_t n = d->part[MW_VISUAL].n;
    mw_str text = { 0 };
    mw_status st;

    mw_str_printf(&text, "Picture   %d x %d, ", info->width, info->height);
    mw_sheet_digits(&text, (double)info->fps_num / (info->fps_den > 0 ? info->fps_den : 1), 5);
    mw_str_printf(&text, " frames/s, %lld frame%s%s; clean left, damaged right", (long long)n,
                  n == 1 ? "" : "s", info->rotation_deg || info->mirrored ? ", shown upright" : "");
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_sheet_heading(s, text.data, err);
    mw_str_clear(&text);
    return st;
}

/* Times are known after decoding, but the time line stands above the cards: its place is kept. */
static mw_status draw_cards(cards *c, mw_video_reader *clean, mw_video_reader *damaged,
                            const char *clip, mw_error *err)
{
    mw_sheet *s = c->sheet;
    const mw_preview_part *p = &c->doc->part[MW_VISUAL];
    const int time_line_y = s->y;
    int n_lanes = 0, rows;
    mw_status st;

    for (size_t i = 0; i < c->doc->n_types; i++)
        n_lanes += c->doc->types[i].modality == MW_VISUAL;
    s->y += (POINTERS_U + (n_lanes ? n_lanes : 1) * LANE_U + MW_SHEET_AXIS_U + 4) * s->unit;
    lay_out(c, shape_of(mw_video_reader_info(clean)));
    st = measure_captions(c, err);
    if (st != MW_OK) return st;
    rows = (int)((c->n + (size_t)c->columns - 1) / (size_t)c->columns);
    st = mw_sheet_room(s, rows * c->card_h, err);
    if (st == MW_OK) st = draw_side(c, 0, clean, clip, err);
    if (st == MW_OK) st = draw_side(c, 1, damaged, p->output, err);
    for (size_t i = 0; st == MW_OK && i < c->n; i++)
        st = draw_caption(c, i, err);
    if (st != MW_OK) return st;
    s->y = time_line_y;
    st = draw_time_line(c, err);
    s->y = c->top + rows * c->card_h;
    return st;
}

mw_status mw_preview_picture(mw_sheet *s, const mw_preview_doc *d, const char *clip, int max_frames,
                             mw_error *err)
{
    const mw_preview_part *p = &d->part[MW_VISUAL];
    mw_video_reader *clean = NULL, *damaged = NULL;
    mw_preview_marks marks = { 0 };
    cards c = { .sheet = s,
                .doc = d,
                .marks = &marks,
                .frames = mw_calloc((size_t)max_frames, sizeof *c.frames),
                .times_s = mw_calloc((size_t)max_frames, sizeof *c.times_s) };
    mw_status st = c.frames && c.times_s ? MW_OK : mw_fail_nomem(err);

    if (st == MW_OK) st = mw_preview_marks_load(&marks, d, err);
    if (st == MW_OK) st = mw_video_reader_open(&clean, clip, err);
    if (st == MW_OK) st = mw_video_reader_open(&damaged, p->output, err);
    if (st == MW_OK) st = describe(s, d, mw_video_reader_info(clean), err);
    if (st == MW_OK) st = mw_sheet_legend(s, d, MW_VISUAL, err);
    if (st == MW_OK) {
        c.n = mw_preview_choose(c.frames, (size_t)max_frames, &p->segments, p->n);
        st = draw_cards(&c, clean, damaged, clip, err);
    }
    mw_video_reader_close(&clean);
    mw_video_reader_close(&damaged);
    mw_preview_marks_clear(&marks);
    mw_free(c.frames);
    mw_free(c.times_s);
    return st;
}
