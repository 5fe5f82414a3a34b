/* SPDX-License-Identifier: Apache-2.0
 *
 * The sheet under construction: a canvas that grows with what is drawn, headings, legend and time
 * axis.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "run/preview.h"

/* Font pixels per unit of width: a sheet of 800 px has the font at its own size. */
#define WIDTH_PER_UNIT 800

#define LINE MW_TEXT_HEIGHT /* from one line of text to the next, units */

const mw_rgb mw_ink = { 34, 34, 34 }, mw_grey = { 110, 110, 110 }, mw_pale = { 190, 190, 190 },
             mw_faint = { 236, 236, 236 }, mw_white = { 255, 255, 255 };

mw_status mw_sheet_open(mw_sheet *s, int width, double end_s, mw_error *err)
{
    const int unit = width >= WIDTH_PER_UNIT ? width / WIDTH_PER_UNIT : 1;
    mw_status st;

    *s = (mw_sheet){ .unit = unit,
                     .margin = 16 * unit,
                     .hair = unit > 1 ? unit / 2 : 1,
                     .y = 14 * unit,
                     .end_s = end_s };
    s->x0 = s->margin + 52 * unit;
    s->x1 = width - s->margin;
    st = mw_frame_alloc(&s->canvas, MW_PIX_RGB24, width, 200 * unit, err);
    if (st == MW_OK) mw_draw_fill(&s->canvas, (mw_rect){ 0, 0, width, 200 * unit }, mw_white);
    return st;
}

void mw_sheet_clear(mw_sheet *s)
{
    mw_frame_clear(&s->canvas);
}

mw_status mw_sheet_room(mw_sheet *s, int height, mw_error *err)
{
    const int need = s->y + height, old = s->canvas.height;
    int grown = old + old / 2;
    mw_frame taller;
    mw_status st;

    if (need <= old) return MW_OK;
    if (grown > MW_FRAME_MAX_SIDE) grown = MW_FRAME_MAX_SIDE;
    if (grown < need) grown = need;
    st = mw_frame_alloc(&taller, MW_PIX_RGB24, s->canvas.width, grown, err);
    if (st != MW_OK) return st;
    for (int y = 0; y < old; y++)
        memcpy(taller.plane[0] + y * taller.stride[0], s->canvas.plane[0] + y * s->canvas.stride[0],
               (size_t)s->canvas.width * 3);
    mw_draw_fill(&taller, (mw_rect){ 0, old, taller.width, grown - old }, mw_white);
    mw_frame_clear(&s->canvas);
    s->canvas = taller;
    return MW_OK;
}

int mw_sheet_x(const mw_sheet *s, double t)
{
    const double share = t / s->end_s;

    return s->x0 + (int)((share < 0 ? 0 : share > 1 ? 1 : share) * (s->x1 - s->x0) + 0.5);
}

int mw_sheet_span(const mw_sheet *s, const mw_preview_segment *g, int least, int *done, int *x)
{
    int end = mw_sheet_x(s, g->t1);

    *x = mw_sheet_x(s, g->t0);
    if (end < *x + least) end = *x + least;
    if (*x < done[g->type]) *x = done[g->type];
    if (end <= *x) return 0;
    done[g->type] = end;
    return end - *x;
}

mw_status mw_sheet_heading(mw_sheet *s, const char *text, mw_error *err)
{
    const int u = s->unit, width = s->x1 - s->margin;
    mw_status st = mw_sheet_room(s, 26 * u, err);

    if (st != MW_OK) return st;
    s->y += 6 * u;
    mw_draw_fill(&s->canvas, (mw_rect){ s->margin, s->y, width, s->hair }, mw_pale);
    s->y += 6 * u;
    mw_draw_text(&s->canvas, s->margin, s->y, u, mw_ink, width, text);
    s->y += 13 * u;
    return MW_OK;
}

mw_status mw_sheet_note(mw_sheet *s, const char *text, mw_error *err)
{
    const int u = s->unit;
    mw_status st = mw_sheet_room(s, 12 * u, err);

    if (st != MW_OK) return st;
    mw_draw_text(&s->canvas, s->margin, s->y, u, mw_grey, s->x1 - s->margin, text);
    s->y += 12 * u;
    return MW_OK;
}

/* A printed number whose decimal point may be that of any locale. */
static void put_number(mw_str *s, const char *text)
{
    const char *const usual = "0123456789+-e";

    while (*text) {
        const size_t n = strspn(text, usual);

        mw_str_putn(s, text, n);
        text += n;
        if (!*text) break;
        mw_str_putc(s, '.');
        text += strcspn(text, usual);
    }
}

void mw_sheet_fixed(mw_str *s, double x, int n)
{
    char text[400];

    snprintf(text, sizeof text, "%.*f", n, x);
    /* no "-0.00" */
    put_number(s, !isfinite(x) ? "-" : text[strspn(text, "-0.,")] ? text : text + (*text == '-'));
}

void mw_sheet_digits(mw_str *s, double x, int n)
{
    char text[400];

    snprintf(text, sizeof text, "%.*g", n, x);
    put_number(s, isfinite(x) ? text : "-");
}

/* ---- legend ---- */

void mw_sheet_swatch(mw_sheet *s, int x, int y, const mw_preview_type *type)
{
    const mw_rect r = { x, y, 7 * s->unit, 7 * s->unit };

    if (strcmp(type->name, MW_PREVIEW_CLEAN))
        mw_draw_fill(&s->canvas, r, type->colour);
    else
        mw_draw_outline(&s->canvas, r, s->hair, mw_grey);
}

static void describe_type(mw_str *text, const mw_preview_doc *d, const mw_preview_type *type)
{
    const mw_preview_part *p = &d->part[type->modality];
    double x;

    mw_str_printf(text, "%s  ", type->name);
    if (type->modality == MW_AUDIO)
        mw_str_printf(text, "%zu span%s, ", type->n, type->n == 1 ? "" : "s");
    else
        mw_str_printf(text, "%zu stretch%s, %lld frame%s, ", type->n, type->n == 1 ? "" : "es",
                      (long long)type->covered, type->covered == 1 ? "" : "s");
    mw_sheet_fixed(text, 100.0 * (double)type->covered / (double)p->n, 1);
    mw_str_put(text, " %");
    if (mw_preview_value(d, type->stage, "result", "psnr_db", &x)) {
        mw_str_put(text, ", PSNR ");
        mw_sheet_fixed(text, x, 1);
        mw_str_put(text, " dB");
    }
}

/* One entry at *x, or in the next line when it does not fit there; moves *x behind it. */
static mw_status put_entry(mw_sheet *s, const mw_preview_doc *d, const mw_preview_type *type,
                           int *x, mw_error *err)
{
    const int u = s->unit, indent = 10 * u;
    mw_str text = { 0 };
    mw_status st;

    describe_type(&text, d, type);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) {
        if (*x > s->margin && *x + indent + mw_text_width(text.data, u) > s->x1) {
            *x = s->margin;
            s->y += (LINE + 2) * u;
        }
        mw_sheet_swatch(s, *x, s->y, type);
        *x = 14 * u +
             mw_draw_text(&s->canvas, *x + indent, s->y, u, mw_ink, s->x1 - *x - indent, text.data);
    }
    mw_str_clear(&text);
    return st;
}

mw_status mw_sheet_legend(mw_sheet *s, const mw_preview_doc *d, mw_modality modality, mw_error *err)
{
    const int u = s->unit;
    int x = s->margin;
    mw_status st = mw_sheet_room(s, (int)(d->n_types + 1) * (LINE + 2) * u + 4 * u, err);

    for (size_t i = 0; st == MW_OK && i < d->n_types; i++)
        if (d->types[i].modality == modality) st = put_entry(s, d, &d->types[i], &x, err);
    if (st == MW_OK && x == s->margin)
        mw_draw_text(&s->canvas, x, s->y, u, mw_grey, 0, "nothing is damaged");
    s->y += (LINE + 4) * u;
    return st;
}

/* ---- panels ---- */

void mw_sheet_shade(mw_sheet *s, const mw_preview_doc *d, mw_modality modality, int y, int height)
{
    const mw_preview_segments *list = &d->part[modality].segments;
    int done[MW_PREVIEW_MAX_TYPES] = { 0 };

    for (size_t i = 0; i < list->n; i++) {
        const mw_preview_type *type = &d->types[list->v[i].type];
        int x;
        const int span = mw_sheet_span(s, &list->v[i], 1, done, &x);

        if (!strcmp(type->name, MW_PREVIEW_CLEAN)) continue;
        mw_draw_shade(&s->canvas, (mw_rect){ x, y, span, height }, type->colour, 60);
        mw_draw_fill(&s->canvas, (mw_rect){ x, y, span, MW_SHEET_EDGE_U * s->unit }, type->colour);
    }
}

void mw_sheet_labels(mw_sheet *s, int y, int height, const char *name, const char *upper,
                     const char *lower)
{
    const int u = s->unit, right = s->x0 - 3 * u;

    mw_draw_text(&s->canvas, s->margin, y + height / 2 - 4 * u, u, mw_grey, 0, name);
    mw_draw_text(&s->canvas, right - mw_text_width(upper, u), y, u, mw_pale, 0, upper);
    mw_draw_text(&s->canvas, right - mw_text_width(lower, u), y + height - 8 * u, u, mw_pale, 0,
                 lower);
}

/* ---- time ---- */

/* The smallest of 1, 2, 5 times a power of ten that leaves at least `least` pixels between ticks.
 */
static double tick_step(const mw_sheet *s, int least)
{
    const double per_px = s->end_s / (s->x1 - s->x0);
    double decade = 1e-4;

    for (;;) {
        if (least * per_px <= decade) return decade;
        if (least * per_px <= 2 * decade) return 2 * decade;
        if (least * per_px <= 5 * decade) return 5 * decade;
        decade *= 10;
    }
}

mw_status mw_sheet_time_axis(mw_sheet *s, int top, mw_error *err)
{
    const int u = s->unit;
    const double step = tick_step(s, 50 * u);
    mw_str text = { 0 };
    mw_status st = mw_sheet_room(s, (MW_SHEET_AXIS_U + 3) * u, err);

    for (int i = 0; st == MW_OK && i * step <= s->end_s * (1 + 1e-12); i++) {
        const int x = mw_sheet_x(s, i * step);
        int width;

        text.n = 0;
        mw_sheet_digits(&text, i * step, 6);
        st = mw_str_ok(&text, err);
        if (st != MW_OK) break;
        width = mw_text_width(text.data, u);
        mw_draw_shade(&s->canvas, (mw_rect){ x, top, s->hair, s->y - top }, mw_ink, 40);
        mw_draw_fill(&s->canvas, (mw_rect){ x, s->y, s->hair, 3 * u }, mw_grey);
        mw_draw_text(&s->canvas, x + width / 2 > s->x1 ? s->x1 - width : x - width / 2,
                     s->y + 5 * u, u, mw_grey, 0, text.data);
    }
    mw_str_clear(&text);
    if (st != MW_OK) return st;
    mw_draw_text(&s->canvas, s->margin, s->y + 5 * u, u, mw_grey, 0, "seconds");
    mw_draw_fill(&s->canvas, (mw_rect){ s->x0, s->y, s->x1 - s->x0, s->hair }, mw_grey);
    s->y += MW_SHEET_AXIS_U * u;
    return MW_OK;
}
