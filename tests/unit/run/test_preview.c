/* SPDX-License-Identifier: Apache-2.0
 *
 * Contact sheets of clips made here, read back as pixels. The layout that the positions follow from
 * is that of a sheet of 1600 px, two pixels per unit.
 */
#include "support/support.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <spng.h>

#include "base/mem.h"
#include "merwild/merwild.h"
#include "run/preview.h"
#include "support/clips.h"
#include "support/sounds.h"

enum { WIDTH = 1600, X0 = 2 * (16 + 52), X1 = WIDTH - 2 * 16 };

static const mw_rgb orange = { 213, 94, 0 }, blue = { 0, 114, 178 }, sky = { 86, 180, 233 };

/* A clip of 60 frames with sound and what was done to both of its parts. */
typedef struct fixture {
    char *dir;
    char clip[256], video[256], sound[256], both[256], sheet[256], scores[256];
} fixture;

static void join(char out[256], const char *dir, const char *name)
{
    assert_true(snprintf(out, 256, "%s/%s", dir, name) < 256);
}

static void set(mw_opt_group *groups, size_t n, const char *name, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        const mw_opt *row = mw_opt_find(groups[i].table, name);

        if (!row) continue;
        assert_ok(mw_opt_set(row, groups[i].values, text, NULL));
        return;
    }
    fail_msg("no option %s", name);
}

static void damage_picture(const char *in, const char *out, const char *schedule)
{
    mw_corrupt_video_options *o = mw_corrupt_video_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_corrupt_video_options_groups(o, groups);
    mw_summary summary;
    mw_error err;

    set(groups, n, "in", in);
    set(groups, n, "out", out);
    set(groups, n, "jobs", "1");
    set(groups, n, "sync", "none");
    set(groups, n, "mode", "noise");
    set(groups, n, "schedule", schedule);
    set(groups, n, "noise-percent", "0.25");
    if (mw_corrupt_video(o, NULL, &summary, &err) != MW_OK) fail_msg("%s", err.message);
    assert_int_equal(summary.n_done, summary.n_clips);
    mw_corrupt_video_options_free(&o);
}

static void damage_sound(const char *in, const char *out)
{
    mw_corrupt_audio_options *o = mw_corrupt_audio_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_corrupt_audio_options_groups(o, groups);
    mw_summary summary;
    mw_error err;

    set(groups, n, "in", in);
    set(groups, n, "out", out);
    set(groups, n, "jobs", "1");
    set(groups, n, "sync", "none");
    set(groups, n, "snr", "5");
    set(groups, n, "gaps", "1-1");
    set(groups, n, "weight-white", "1");
    if (mw_corrupt_audio(o, NULL, &summary, &err) != MW_OK) fail_msg("%s", err.message);
    assert_int_equal(summary.n_done, summary.n_clips);
    mw_corrupt_audio_options_free(&o);
}

static json_t *load(const char *path)
{
    json_t *doc = json_load_file(path, 0, NULL);

    assert_non_null(doc);
    return doc;
}

/* What a job over sound and picture would write: both sidecars in one, the outputs beside it. */
static void write_both(fixture *f)
{
    json_t *doc = load(f->video), *sound = load(f->sound), *list;
    char from[256], to[256];
    size_t i;
    json_t *item;

    json_object_set(json_object_get(doc, "source"), "audio",
                    json_object_get(json_object_get(sound, "source"), "audio"));
    json_object_set(json_object_get(doc, "output"), "audio",
                    json_object_get(json_object_get(sound, "output"), "audio"));
    json_object_set(json_object_get(doc, "clock"), "audio",
                    json_object_get(json_object_get(sound, "clock"), "audio"));
    json_object_set(json_object_get(doc, "clock"), "end_s",
                    json_object_get(json_object_get(sound, "clock"), "end_s"));
    list = json_object_get(sound, "segments");
    json_array_foreach(list, i, item) json_object_set_new(
        item, "stage", json_integer((json_int_t)json_array_size(json_object_get(doc, "stages"))));
    json_array_extend(list, json_object_get(doc, "segments"));
    json_object_set(doc, "segments", list);
    json_array_extend(json_object_get(doc, "stages"), json_object_get(sound, "stages"));
    join(f->both, f->dir, "p/both.prov.json");
    assert_int_equal(json_dump_file(doc, f->both, 0), 0);
    join(from, f->dir, "s_5/a b \xc3\xa9.wav");
    join(to, f->dir, "p/a b \xc3\xa9.wav");
    copy_cut(to, from, 1);
    json_decref(sound);
    json_decref(doc);
}

/* Tables about the damaged clip. */
static void write_scores(fixture *f)
{
    static const char table[] = "t_start_s,score,relevance,attention\n0,0.5,1,0.5\n1,0.9,1,0.5\n";
    char other[256];

    join(f->scores, f->dir, "x.v.scores.csv");
    join(other, f->dir, "x.a.scores.csv");
    spill(f->scores, table, sizeof table - 1);
    spill(other, table, sizeof table - 1);
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    char out[256];

    *state = f;
    f->dir = temp_dir();
    join(f->clip, f->dir, "a b \xc3\xa9.mp4");
    make_video(f->clip, &(clip_options){ .n_frames = 60, .audio = "aac" });
    join(out, f->dir, "p");
    damage_picture(f->clip, out, "segments:2");
    join(out, f->dir, "s");
    damage_sound(f->clip, out);
    join(f->video, f->dir, "p/a b \xc3\xa9.prov.json");
    join(f->sound, f->dir, "s_5/a b \xc3\xa9.prov.json");
    join(f->sheet, f->dir, "sheet.png");
    write_both(f);
    write_scores(f);
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    temp_dir_remove(f->dir);
    free(f);
    return 0;
}

/* ---- reading the sheet ---- */

typedef struct image {
    uint32_t w, h;
    uint8_t *rgb;
} image;

static image image_load(const char *path)
{
    spng_ctx *ctx = spng_ctx_new(0);
    struct spng_ihdr head;
    image m = { 0 };
    uint8_t *png;
    size_t n, n_rgb;

    png = slurp(path, &n);
    assert_int_equal(spng_set_png_buffer(ctx, png, n), 0);
    assert_int_equal(spng_get_ihdr(ctx, &head), 0);
    assert_int_equal(spng_decoded_image_size(ctx, SPNG_FMT_RGB8, &n_rgb), 0);
    m = (image){ head.width, head.height, malloc(n_rgb) };
    assert_int_equal(spng_decode_image(ctx, m.rgb, n_rgb, SPNG_FMT_RGB8, 0), 0);
    spng_ctx_free(ctx);
    free(png);
    return m;
}

static image sheet_of(fixture *f, const char *sidecar, const mw_preview_options *o)
{
    mw_error err;

    if (mw_preview(f->clip, sidecar, f->sheet, o, &err) != MW_OK) fail_msg("%s", err.message);
    return image_load(f->sheet);
}

static int is(const image *m, int x, int y, mw_rgb c)
{
    const uint8_t *p = m->rgb + 3 * ((size_t)y * m->w + (size_t)x);

    return p[0] == c.r && p[1] == c.g && p[2] == c.b;
}

/* First row from y on where column x has the colour, or -1. */
static int find_row(const image *m, int x, int y, mw_rgb c)
{
    for (; y < (int)m->h; y++)
        if (is(m, x, y, c)) return y;
    return -1;
}

static mw_rgb colour_of(const mw_preview_doc *d, const mw_preview_segment *g)
{
    return d->types[g->type].colour;
}

static int column(const mw_preview_doc *d, double t)
{
    return X0 + (int)(t / d->end_s * (X1 - X0) + 0.5);
}

/* ---- what is on it ---- */

static void sheet_is_as_wide_as_asked_and_higher_with_more_rows(void **state)
{
    /* three cards of two frames of 4:3 side by side; two lines of text and a gap */
    const int card_w = (WIDTH - 2 * 32 - 2 * 24) / 3, frame_w = (card_w - 4) / 2;
    const int frame_h = (frame_w * 3 + 2) / 4, row = frame_h + 2 * (2 * 12 + 10);
    fixture *f = *state;
    const image three = sheet_of(f, f->video, &(mw_preview_options){ 3, WIDTH });
    const image nine = sheet_of(f, f->video, &(mw_preview_options){ 9, WIDTH });
    const image small = sheet_of(f, f->video, &(mw_preview_options){ 9, 640 });
    const image usual = sheet_of(f, f->video, NULL);

    assert_int_equal(three.w, WIDTH);
    assert_int_equal(nine.w, WIDTH);
    assert_int_equal(small.w, 640);
    assert_int_equal(usual.w, WIDTH);
    assert_int_equal(nine.h, three.h + 2 * (uint32_t)row);
    assert_int_equal(usual.h, nine.h + (uint32_t)row);
    assert_true(small.h < nine.h);
    free(three.rgb);
    free(nine.rgb);
    free(small.rgb);
    free(usual.rgb);
}

static void time_line_has_the_colour_of_each_segment_where_it_lies(void **state)
{
    fixture *f = *state;
    const image m = sheet_of(f, f->video, NULL);
    mw_preview_doc d;
    const mw_preview_segments *list = &d.part[MW_VISUAL].segments;
    int top;

    assert_ok(mw_preview_doc_load(&d, f->video, NULL));
    assert_int_equal(list->n, 2);
    top = find_row(&m, X1 - 1, 0, mw_faint);
    assert_true(top > 0);
    for (size_t i = 0; i < list->n; i++) {
        const mw_preview_segment *g = &list->v[i];
        const mw_rgb c = colour_of(&d, g);
        const int x0 = column(&d, g->t0), x1 = column(&d, g->t1);
        const int y = top + 5 + (d.n_types > 1 && g->type ? 18 : 0);

        assert_true(!memcmp(&c, &orange, sizeof c) || !memcmp(&c, &blue, sizeof c));
        assert_true(x1 - x0 > 100);
        assert_true(is(&m, x0, y, c) && is(&m, x1 - 1, y, c));
        assert_false(is(&m, x0 - 1, y, c) || is(&m, x1, y, c));
    }
    mw_preview_doc_clear(&d);
    free(m.rgb);
}

/* The frame of a card is the frame of the clip: its first and last chosen frames, cut from the
 * sheet, against a sheet of another clip would differ; here the clean half of each card equals the
 * damaged half where nothing was damaged, and does not where it was. */
static void damaged_frames_are_outlined_in_their_colour(void **state)
{
    fixture *f = *state;
    const image m = sheet_of(f, f->video, NULL);
    const int card_w = (WIDTH - 2 * 32 - 2 * 24) / 3, frame_w = (card_w - 4) / 2;
    int64_t chosen[12];
    mw_preview_doc d;
    size_t n;
    int top;

    assert_ok(mw_preview_doc_load(&d, f->video, NULL));
    n = mw_preview_choose(chosen, 12, &d.part[MW_VISUAL].segments, d.part[MW_VISUAL].n);
    assert_int_equal(n, 12);
    top = find_row(&m, X1 - 1, 0, mw_faint);
    for (size_t i = 0; i < n; i++) {
        const int x = 32 + (int)(i % 3) * (card_w + 24) + card_w - frame_w;
        const int frame_h = (frame_w * 3 + 2) / 4, row = frame_h + 2 * (2 * 12 + 10);
        const int lanes = (int)d.n_types * 18;
        const int y = top + lanes + 2 * (17 + 4) + (int)(i / 3) * row + 24;
        const mw_preview_segment *in = NULL;

        for (size_t k = 0; k < 2; k++) {
            const mw_preview_segment *g = &d.part[MW_VISUAL].segments.v[k];

            if (chosen[i] >= g->i0 && chosen[i] < g->i1) in = g;
        }
        for (int side = 0; side < 4; side++) {
            const int px = side == 1 ? x + frame_w - 1 : side == 3 ? x : x + frame_w / 3;
            const int py = side == 0 ? y : side == 2 ? y + frame_h - 1 : y + frame_w / 3;

            if (in)
                assert_true(is(&m, px, py, colour_of(&d, in)));
            else
                assert_false(is(&m, px, py, orange) || is(&m, px, py, blue));
        }
    }
    mw_preview_doc_clear(&d);
    free(m.rgb);
}

static void noisy_spans_are_shaded_and_gaps_are_not(void **state)
{
    fixture *f = *state;
    const image m = sheet_of(f, f->sound, NULL);
    mw_preview_doc d;
    size_t n_gaps = 0, n_noisy = 0;
    int strip = -1; /* row of the coloured edge, the same in all spans */

    assert_ok(mw_preview_doc_load(&d, f->sound, NULL));
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < d.part[MW_AUDIO].segments.n; i++) {
            const mw_preview_segment *g = &d.part[MW_AUDIO].segments.v[i];
            const int x0 = column(&d, g->t0), x1 = column(&d, g->t1);
            const int is_gap = !strcmp(d.types[g->type].name, "noise.gap");

            if (is_gap != pass || x1 - x0 < 4) continue;
            for (int x = x0 + 1; x < x1 - 1; x++)
                if (is_gap) {
                    assert_true(is(&m, x, strip, mw_white));
                } else {
                    if (strip < 0) strip = find_row(&m, x, 0, sky);
                    assert_true(strip > 0 && is(&m, x, strip, sky));
                }
            n_gaps += (size_t)is_gap;
            n_noisy += !is_gap;
        }
    assert_int_equal(n_gaps, 1);
    assert_true(n_noisy > 0);
    mw_preview_doc_clear(&d);
    free(m.rgb);
}

/* Columns in [x0, x1) where the waveforms' colour is found. */
static int wave_columns(const image *m, int x0, int x1)
{
    const mw_rgb wave = { 60, 72, 92 };
    int n = 0;

    for (int x = x0; x < x1; x++)
        n += find_row(m, x, 0, wave) >= 0;
    return n;
}

/* Sound beside a picture need not begin with it. */
static void sound_is_drawn_where_it_begins(void **state)
{
    fixture *f = *state;
    const image usual = sheet_of(f, f->sound, NULL);
    char path[256];
    image m;
    json_t *doc = load(f->sound);
    const double end_s = json_number_value(json_object_get(json_object_get(doc, "clock"), "end_s"));
    const int quarter = X0 + (X1 - X0) / 4;

    assert_true(wave_columns(&usual, X0 + 2, quarter - 2) == quarter - X0 - 4);
    json_object_set_new(json_object_get(json_object_get(doc, "clock"), "audio"), "start_s",
                        json_real(end_s / 4));
    join(path, f->dir, "s_5/late.prov.json");
    assert_int_equal(json_dump_file(doc, path, 0), 0);
    m = sheet_of(f, path, NULL);
    assert_int_equal(wave_columns(&m, X0 + 2, quarter - 2), 0);
    assert_int_equal(wave_columns(&m, quarter + 2, X1 - 2), X1 - quarter - 4);
    free(m.rgb);
    json_object_set_new(json_object_get(json_object_get(doc, "clock"), "audio"), "start_s",
                        json_real(-end_s / 4));
    assert_int_equal(json_dump_file(doc, path, 0), 0);
    m = sheet_of(f, path, NULL);
    assert_int_equal(wave_columns(&m, X0 + 2, X1 - quarter + X0 - 4), X1 - quarter - 6);
    assert_int_equal(wave_columns(&m, X1 - quarter + X0 + 2, X1 - 2), 0);
    free(m.rgb);
    free(usual.rgb);
    json_decref(doc);
}

/* The spectra of a tone that begins in the middle. */
static void spectra_begin_where_the_sound_begins(void **state)
{
    enum { RATE = 8000, COLUMNS = 20, ROWS = 8 };
    static float x[RATE];
    float a[ROWS * COLUMNS], b[ROWS * COLUMNS];

    (void)state;
    add_tone(x, RATE, RATE, 1200, 0.5);
    assert_ok(mw_preview_spectra(a, b, COLUMNS, ROWS, x, RATE, x, RATE / 2, RATE, 1, 2, NULL));
    for (int c = 0; c < COLUMNS; c++) {
        const float p = a[2 * COLUMNS + c], q = b[2 * COLUMNS + c]; /* 1000 to 1500 Hz */

        if (c < 9) assert_true(p == 0 && q == 0);
        if (c > 10) assert_true(p > 1);
        if (c > 10 && c < 14) assert_true(q > 1);
        if (c > 15) assert_true(q < 1e-6f); /* both go through one transform */
    }
}

static void a_sidecar_of_both_parts_gets_both(void **state)
{
    fixture *f = *state;
    const image m = sheet_of(f, f->both, NULL), picture = sheet_of(f, f->video, NULL);
    const image sound = sheet_of(f, f->sound, NULL);
    mw_preview_doc d;

    assert_ok(mw_preview_doc_load(&d, f->both, NULL));
    for (size_t i = 0; i < 2; i++) {
        const mw_preview_segment *g = &d.part[MW_VISUAL].segments.v[i];
        const int x = column(&d, (g->t0 + g->t1) / 2), y = find_row(&m, x, 0, colour_of(&d, g));

        assert_true(y > 0);
        assert_true(find_row(&m, X0 + 1, y + 1, sky) > (int)picture.h / 2);
    }
    assert_true(m.h > picture.h && m.h > sound.h && m.h < picture.h + sound.h);
    mw_preview_doc_clear(&d);
    free(m.rgb);
    free(picture.rgb);
    free(sound.rgb);
}

static void scores_stand_below_what_is_there_without_them(void **state)
{
    fixture *f = *state;
    const char *const sidecars[] = { f->video, f->sound, f->both };

    for (size_t i = 0; i < 3; i++) {
        const mw_preview_options o = { 12, WIDTH, f->scores };
        const image without = sheet_of(f, sidecars[i], NULL), with = sheet_of(f, sidecars[i], &o);
        /* heading, legend, two notes, two strips, time axis */
        const uint32_t more = 2 * (25 + 14 + 2 * 12 + 2 + 2 * (56 + 5) - 5 + 17);

        assert_int_equal(with.w, without.w);
        assert_int_equal(with.h, without.h + more);
        assert_memory_equal(with.rgb, without.rgb, 3 * (size_t)without.w * (without.h - 32));
        assert_true(find_row(&with, X0 + 50, (int)without.h - 32, (mw_rgb){ 60, 72, 92 }) > 0);
        free(with.rgb);
        free(without.rgb);
    }
}

static void rotated_video_is_shown_upright(void **state)
{
    fixture *f = *state;
    char clip[256], out[256], sidecar[256];
    image m;
    int top, y, last;

    join(clip, f->dir, "turned.mp4");
    make_video(clip, &(clip_options){ .width = 64, .height = 32, .rotation_deg = 90 });
    join(out, f->dir, "turned");
    damage_picture(clip, out, "segment");
    join(sidecar, f->dir, "turned/turned.prov.json");
    assert_ok(mw_preview(clip, sidecar, f->sheet, &(mw_preview_options){ 1, WIDTH }, NULL));
    m = image_load(f->sheet);
    /* four narrow cards to a row; a frame of 1 : 2 in the room of its width, at most 1.8 high */
    top = find_row(&m, X1 - 1, 0, mw_faint);
    assert_true(top > 0);
    for (y = top + 18 + 2 * 21 + 24, last = y; y < (int)m.h; y++)
        if (!is(&m, 32 + 90, y, mw_white))
            last = y;
        else
            break;
    {
        const int card_w = (WIDTH - 64 - 3 * 24) / 4, frame_w = (card_w - 4) / 2;

        assert_int_equal(last + 1 - (top + 18 + 2 * 21 + 24), (int)(frame_w * 1.8 + 0.5));
    }
    free(m.rgb);
}

static void equal_inputs_give_equal_bytes(void **state)
{
    fixture *f = *state;
    const char *const sidecars[] = { f->video, f->sound, f->both };

    for (size_t i = 0; i < 3; i++) {
        size_t n[2];
        uint8_t *bytes[2];

        for (int k = 0; k < 2; k++) {
            assert_ok(mw_preview(f->clip, sidecars[i], f->sheet, NULL, NULL));
            bytes[k] = slurp(f->sheet, &n[k]);
            unlink(f->sheet);
        }
        assert_int_equal(n[0], n[1]);
        assert_memory_equal(bytes[0], bytes[1], n[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
}

/* ---- which frames ---- */

static void assert_chosen(const mw_preview_segment *v, size_t n_segments, int64_t n, size_t max,
                          const int64_t *want, size_t n_want)
{
    mw_preview_segment copy[8];
    int64_t chosen[48];
    size_t k;

    for (size_t i = 0; i < n_segments; i++)
        copy[i] = v[i];
    k = mw_preview_choose(chosen, max, &(mw_preview_segments){ copy, n_segments }, n);
    assert_int_equal(k, n_want);
    for (size_t i = 0; i < k; i++)
        assert_int_equal(chosen[i], want[i]);
}

static void chooses_ends_middle_and_neighbours(void **state)
{
    const mw_preview_segment one[] = { { .i0 = 50, .i1 = 70 } };
    const mw_preview_segment edges[] = { { .i0 = 0, .i1 = 1 }, { .i0 = 9, .i1 = 10 } };
    const mw_preview_segment touching[] = { { .i0 = 3, .i1 = 5 }, { .i0 = 5, .i1 = 7 } };

    (void)state;
    assert_chosen(one, 1, 200, 5, (int64_t[]){ 49, 50, 59, 69, 70 }, 5);
    assert_chosen(one, 1, 200, 9, (int64_t[]){ 0, 49, 50, 55, 59, 65, 69, 70, 199 }, 9);
    assert_chosen(one, 1, 200, 1, (int64_t[]){ 59 }, 1);
    assert_chosen(edges, 2, 10, 4, (int64_t[]){ 0, 1, 8, 9 }, 4);
    assert_chosen(touching, 2, 100, 6, (int64_t[]){ 2, 3, 4, 5, 6, 7 }, 6);
}

static void chooses_no_frame_twice_and_none_outside(void **state)
{
    (void)state;
    assert_chosen(NULL, 0, 1, 12, (int64_t[]){ 0 }, 1);
    assert_chosen(NULL, 0, 3, 12, (int64_t[]){ 0, 1, 2 }, 3);
    assert_chosen(NULL, 0, 100, 4, (int64_t[]){ 0, 25, 50, 99 }, 4);
    for (size_t max = 1; max < 40; max++)
        for (int64_t n = 1; n < 60; n += 7) {
            mw_preview_segment v[8];
            int64_t chosen[48];
            size_t n_segments = 0, k;

            for (int64_t i = n / 9; i < n && n_segments < 8; i += 5)
                v[n_segments++] = (mw_preview_segment){ .i0 = i, .i1 = i + 3 < n ? i + 3 : n };
            k = mw_preview_choose(chosen, max, &(mw_preview_segments){ v, n_segments }, n);
            assert_true(k > 0 && k <= max);
            for (size_t i = 0; i < k; i++) {
                assert_in_range(chosen[i], 0, n - 1);
                if (i) assert_true(chosen[i] > chosen[i - 1]);
            }
        }
}

static void many_segments_are_sampled_evenly(void **state)
{
    mw_preview_segment v[100];
    int64_t chosen[10];

    (void)state;
    for (int64_t i = 0; i < 100; i++)
        v[i] = (mw_preview_segment){ .i0 = 10 * i, .i1 = 10 * i + 1 };
    assert_int_equal(mw_preview_choose(chosen, 10, &(mw_preview_segments){ v, 100 }, 1000), 10);
    for (int64_t i = 0; i < 10; i++)
        assert_int_equal(chosen[i], 100 * i + 50);
}

static void numbers_are_short_and_without_surprises(void **state)
{
    static const struct {
        double x;
        int n;
        const char *fixed, *digits;
    } cases[] = { { 0, 2, "0.00", "0" },        { -0.001, 2, "0.00", "-0.001" },
                  { -1.5, 1, "-1.5", "-2" },    { 0.19726, 4, "0.1973", "0.1973" },
                  { NAN, 2, "-", "-" },         { INFINITY, 2, "-", "-" },
                  { 1e300, 3, NULL, "1e+300" }, { 12.3456, 3, "12.346", "12.3" } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_str a = { 0 }, b = { 0 };

        mw_sheet_fixed(&a, cases[i].x, cases[i].n);
        mw_sheet_digits(&b, cases[i].x, cases[i].n);
        if (cases[i].fixed) assert_string_equal(a.data, cases[i].fixed);
        assert_string_equal(b.data, cases[i].digits);
        mw_str_clear(&a);
        mw_str_clear(&b);
    }
}

/* ---- errors ---- */

/* A copy of a sidecar, beside it, with the value at a path like "segments/0/i0" replaced (JSON
 * text), or removed (NULL). */
static void write_changed(char path[256], const fixture *f, const char *from, const char *where,
                          const char *value)
{
    json_t *doc = load(from), *at = doc;
    const char *key = where;

    for (const char *slash; (slash = strchr(key, '/')); key = slash + 1) {
        char part[64];

        snprintf(part, sizeof part, "%.*s", (int)(slash - key), key);
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
        if (!at) fail_msg("no %s in %s", where, from);
    }
    assert_non_null(json_object_get(at, key));
    if (value) {
        json_t *v = json_loads(value, JSON_DECODE_ANY, NULL);

        assert_non_null(v);
        json_object_set_new(at, key, v);
    } else {
        json_object_del(at, key);
    }
    join(path, f->dir, from == f->sound ? "s_5/changed.prov.json" : "p/changed.prov.json");
    assert_int_equal(json_dump_file(doc, path, 0), 0);
    json_decref(doc);
}

static void assert_refused(const fixture *f, const char *clip, const char *sidecar,
                           const char *sheet, const mw_preview_options *o, mw_status want,
                           const char *reason)
{
    mw_error err = { 0 };

    unlink(f->sheet);
    assert_int_equal(mw_preview(clip, sidecar, sheet, o, &err), want);
    assert_string_equal(err.reason, reason);
    assert_int_equal(err.code, want);
    assert_true(strlen(err.message) > 10);
    assert_int_not_equal(access(f->sheet, F_OK), 0);
}

static void refuses_files_of_other_contents(void **state)
{
    fixture *f = *state;
    char other[256], copy[256], damaged[256], moved[256];

    join(other, f->dir, "other.mp4");
    make_video(other, &(clip_options){ .n_frames = 12 });
    assert_refused(f, other, f->video, f->sheet, NULL, MW_ERR_MISMATCH, "different");
    assert_refused(f, other, f->sound, f->sheet, NULL, MW_ERR_MISMATCH, "different");
    join(copy, f->dir, "q");
    assert_int_equal(mkdir(copy, 0700), 0);
    join(copy, f->dir, "q/x.prov.json");
    join(damaged, f->dir, "p/a b \xc3\xa9.mp4");
    join(moved, f->dir, "q/a b \xc3\xa9.mp4");
    copy_cut(copy, f->video, 1);
    assert_refused(f, f->clip, copy, f->sheet, NULL, MW_ERR_IO, "not_found");
    copy_cut(moved, damaged, 0.9);
    assert_refused(f, f->clip, copy, f->sheet, NULL, MW_ERR_MISMATCH, "different");
    copy_cut(moved, damaged, 1);
    assert_ok(mw_preview(f->clip, copy, f->sheet, NULL, NULL));
}

static void refuses_sidecars_that_say_impossible_things(void **state)
{
    static const struct {
        int sound;
        const char *where, *value;
    } cases[] = { { 0, "schema", "\"merwild.prov/2\"" },
                  { 0, "id", NULL },
                  { 0, "run/seed", "1" },
                  { 0, "run", "[]" },
                  { 0, "clock/video/frames", "0" },
                  { 0, "clock/video/frames", "6.5" },
                  { 0, "clock/video/frames", "2000000000000000" },
                  { 0, "clock/video", "null" },
                  { 0, "clock/end_s", "-2.0" },
                  { 0, "clock/end_s", "1e300" },
                  { 0, "clock/end_s", "0.1" },
                  { 0, "clock/end_s", "null" },
                  { 0, "segments", "{}" },
                  { 0, "segments", "[1]" },
                  { 0, "segments/0/i0", "-1" },
                  { 0, "segments/0/i0", "59" },
                  { 0, "segments/0/i1", "61" },
                  { 0, "segments/1/i0", "0" },
                  { 0, "segments/1/t0", "0" },
                  { 0, "segments/0/t0", "-0.1" },
                  { 0, "segments/0/t0", "\"0\"" },
                  { 0, "segments/0/t1", "3.0" },
                  { 0, "segments/0/t1", NULL },
                  { 0, "segments/0/modality", "\"audio\"" },
                  { 0, "segments/0/modality", "\"smell\"" },
                  { 0, "segments/0/type", "\"\"" },
                  { 0, "segments/0/stage", "-1" },
                  { 0, "output/video", "null" },
                  { 0, "output/video/sha256", NULL },
                  { 0, "source/video", "null" },
                  { 1, "clock/audio/rate_hz", "0" },
                  { 1, "clock/audio/rate_hz", "16000000" },
                  { 1, "clock/audio/samples", "-1" } };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[256];

        write_changed(path, f, cases[i].sound ? f->sound : f->video, cases[i].where,
                      cases[i].value);
        print_message("# %s = %s\n", cases[i].where, cases[i].value ? cases[i].value : "nothing");
        assert_refused(f, f->clip, path, f->sheet, NULL, MW_ERR_FORMAT, "bad_json");
    }
}

static void finds_the_output_beside_the_sidecar_only(void **state)
{
    static const char *const bad[] = { "\"../p/a b \xc3\xa9.mp4\"",
                                       "\"/etc/passwd\"",
                                       "\"x/..\"",
                                       "\"..\"",
                                       "\"\"",
                                       "\".\"",
                                       "\"x/.\"",
                                       "\"x/\"",
                                       "7" };
    fixture *f = *state;
    char path[256];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_changed(path, f, f->video, "output/video/path", bad[i]);
        assert_refused(f, f->clip, path, f->sheet, NULL, MW_ERR_FORMAT, "bad_json");
    }
    /* recorded from the output's root, which may be folders above */
    write_changed(path, f, f->video, "output/video/path", "\"deep/er/a b \xc3\xa9.mp4\"");
    assert_ok(mw_preview(f->clip, path, f->sheet, NULL, NULL));
}

static void refuses_a_sidecar_that_counts_more_frames_than_there_are(void **state)
{
    fixture *f = *state;
    char path[256];

    write_changed(path, f, f->video, "clock/video/frames", "6000");
    assert_refused(f, f->clip, path, f->sheet, NULL, MW_ERR_FORMAT, "bad_json");
}

static void refuses_bad_options_and_names(void **state)
{
    fixture *f = *state;
    char path[256];

    assert_refused(f, f->clip, f->video, f->sheet, &(mw_preview_options){ 0, WIDTH }, MW_ERR_RANGE,
                   "bad_option");
    assert_refused(f, f->clip, f->video, f->sheet, &(mw_preview_options){ 49, WIDTH }, MW_ERR_RANGE,
                   "bad_option");
    assert_refused(f, f->clip, f->video, f->sheet, &(mw_preview_options){ 9, 639 }, MW_ERR_RANGE,
                   "bad_option");
    assert_refused(f, f->clip, f->video, f->sheet, &(mw_preview_options){ 9, 4097 }, MW_ERR_RANGE,
                   "bad_option");
    /* not over a clip by mistake */
    assert_refused(f, f->clip, f->video, f->clip, NULL, MW_ERR_RANGE, "bad_option");
    assert_refused(f, f->clip, f->video, f->sheet, &(mw_preview_options){ 9, WIDTH, f->clip },
                   MW_ERR_RANGE, "bad_option");
    join(path, f->dir, "missing.prov.json");
    assert_refused(f, f->clip, path, f->sheet, NULL, MW_ERR_IO, "not_found");
    assert_refused(f, f->clip, f->clip, f->sheet, NULL, MW_ERR_FORMAT, "bad_json");
    join(path, f->dir, "missing.mp4");
    assert_refused(f, path, f->video, f->sheet, NULL, MW_ERR_IO, "not_found");
}

/* Flipped bytes: whatever is accepted is within its bounds. */
static void mutated_sidecars_stay_within_bounds(void **state)
{
    fixture *f = *state;
    size_t n, n_good = 0;
    uint8_t *text = slurp(f->both, &n);
    uint32_t seed = 1;
    char path[256];

    join(path, f->dir, "p/changed.prov.json");
    for (int round = 0; round < 1000; round++) {
        mw_preview_doc d;
        size_t at;
        uint8_t old;

        seed = seed * 1664525u + 1013904223u;
        at = (seed >> 8) % n;
        old = text[at];
        text[at] = (uint8_t) "0192-.eE\"{}[],x:\x80 "[seed >> 4 & 15];
        spill(path, text, n);
        if (mw_preview_doc_load(&d, path, NULL) == MW_OK) {
            n_good++;
            assert_true(d.end_s > 0 && isfinite(d.end_s));
            for (int m = 0; m < 2; m++)
                for (size_t i = 0; i < d.part[m].segments.n; i++) {
                    const mw_preview_segment *g = &d.part[m].segments.v[i];

                    assert_true(g->i0 >= 0 && g->i0 < g->i1 && g->i1 <= d.part[m].n);
                    assert_true(g->t0 >= 0 && g->t0 <= g->t1 && g->t1 <= d.end_s);
                    assert_true(g->type < d.n_types);
                    assert_int_equal(d.types[g->type].modality, m);
                }
        }
        mw_preview_doc_clear(&d);
        text[at] = old;
    }
    assert_true(n_good > 100 && n_good < 900);
    free(text);
}

static void every_failed_allocation_is_reported(void **state)
{
    fixture *f = *state;
    const long live = mw_mem_live();
    mw_status st = MW_ERR_NOMEM;
    long at;

    for (at = 1; at < 3000 && st != MW_OK; at++) {
        mw_error err = { 0 };

        unlink(f->sheet);
        mw_mem_fail_at(at);
        st = mw_preview(f->clip, f->both, f->sheet, &(mw_preview_options){ 2, 640, f->scores },
                        &err);
        mw_mem_fail_at(0);
        if (mw_mem_live() != live)
            fail_msg("allocation %ld: %ld are left", at, mw_mem_live() - live);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_int_equal(err.code, MW_ERR_NOMEM);
        assert_int_not_equal(access(f->sheet, F_OK), 0);
    }
    assert_ok(st);
    assert_true(at > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sheet_is_as_wide_as_asked_and_higher_with_more_rows),
        cmocka_unit_test(time_line_has_the_colour_of_each_segment_where_it_lies),
        cmocka_unit_test(damaged_frames_are_outlined_in_their_colour),
        cmocka_unit_test(noisy_spans_are_shaded_and_gaps_are_not),
        cmocka_unit_test(sound_is_drawn_where_it_begins),
        cmocka_unit_test(spectra_begin_where_the_sound_begins),
        cmocka_unit_test(a_sidecar_of_both_parts_gets_both),
        cmocka_unit_test(scores_stand_below_what_is_there_without_them),
        cmocka_unit_test(rotated_video_is_shown_upright),
        cmocka_unit_test(equal_inputs_give_equal_bytes),
        cmocka_unit_test(chooses_ends_middle_and_neighbours),
        cmocka_unit_test(chooses_no_frame_twice_and_none_outside),
        cmocka_unit_test(many_segments_are_sampled_evenly),
        cmocka_unit_test(numbers_are_short_and_without_surprises),
        cmocka_unit_test(refuses_files_of_other_contents),
        cmocka_unit_test(refuses_sidecars_that_say_impossible_things),
        cmocka_unit_test(finds_the_output_beside_the_sidecar_only),
        cmocka_unit_test(refuses_a_sidecar_that_counts_more_frames_than_there_are),
        cmocka_unit_test(refuses_bad_options_and_names),
        cmocka_unit_test(mutated_sidecars_stay_within_bounds),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
