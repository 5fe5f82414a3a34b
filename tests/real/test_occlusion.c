/* SPDX-License-Identifier: Apache-2.0
 *
 * Occluded clips against their sources, both decoded here and not by the library: untouched frames
 * are close, touched ones are close outside the occluder, and in both the colours are where they
 * belong.
 */
#include "support/support.h"

#include <math.h>

#include "base/json.h"
#include "base/mem.h"
#include "jobs.h"
#include "media/video_reader.h"
#include "support/media.h"

static char *run_occlusion(const char *in, const char *faces)
{
    mw_corrupt_video_options *o = mw_corrupt_video_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_corrupt_video_options_groups(o, groups);
    char *out = temp_dir();
    mw_summary summary;
    mw_error err;

    assert_ok(set_option(groups, n, "in", in, NULL));
    assert_ok(set_option(groups, n, "out", out, NULL));
    assert_ok(set_option(groups, n, "mode", "occlusion", NULL));
    assert_ok(set_option(groups, n, "faces", faces, NULL));
    assert_ok(set_option(groups, n, "noise-percent", "0.3", NULL));
    assert_ok(set_option(groups, n, "occlusion-img",
                         shared_path("samples/mosi/occlusion_patch/image"), NULL));
    assert_ok(set_option(groups, n, "occlusion-mask",
                         shared_path("samples/mosi/occlusion_patch/mask"), NULL));
    if (mw_corrupt_video(o, NULL, &summary, &err) != MW_OK) fail_msg("%s", err.message);
    assert_int_equal(summary.n_failed, 0);
    assert_true(summary.n_done >= 28);
    mw_corrupt_video_options_free(&o);
    return out;
}

/* Where the occluder lies in frame t: square of side 0 when the frame is not damaged. */
typedef struct places {
    int64_t start, n, *x, *y, *size;
} places;

static int64_t *ints(const json_t *list)
{
    int64_t *v = calloc(json_array_size(list) + 1, sizeof *v);

    for (size_t i = 0; i < json_array_size(list); i++)
        v[i] = json_integer_value(json_array_get(list, i));
    return v;
}

static places read_places(const char *path)
{
    json_t *doc, *drawn;
    places p;

    assert_ok(mw_json_load(&doc, path, (size_t)1 << 26, NULL));
    drawn = json_object_get(json_array_get(json_object_get(doc, "stages"), 0), "drawn");
    p.start = json_integer_value(json_array_get(json_object_get(drawn, "start_frames"), 0));
    p.n = json_integer_value(json_array_get(json_object_get(drawn, "n_frames"), 0));
    p.x = ints(json_object_get(drawn, "x_px"));
    p.y = ints(json_object_get(drawn, "y_px"));
    p.size = ints(json_object_get(drawn, "size_px"));
    json_decref(doc);
    return p;
}

static void free_places(places *p)
{
    free(p->x);
    free(p->y);
    free(p->size);
}

/* Sums over the pixels outside the square (side 0: all). crossed: red of one against blue of the
 * other. */
typedef struct sums {
    double squares, straight, crossed;
    int64_t n_samples, n_inside, n_inside_changed;
} sums;

static sums compare(const mw_frame *a, const mw_frame *b, int64_t x0, int64_t y0, int64_t side)
{
    const int margin = side ? 8 : 0; /* what the encoder smears over the edge */
    sums s = { 0 };

    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++) {
            const uint8_t *p = a->plane[0] + y * a->stride[0] + 3 * x,
                          *q = b->plane[0] + y * b->stride[0] + 3 * x;

            if (side && x >= x0 - margin && y >= y0 - margin && x < x0 + side + margin &&
                y < y0 + side + margin) {
                s.n_inside++;
                s.n_inside_changed += abs(p[1] - q[1]) > 16;
                continue;
            }
            for (int c = 0; c < 3; c++)
                s.squares += (double)(p[c] - q[c]) * (p[c] - q[c]);
            s.straight += abs(p[0] - q[0]) + abs(p[2] - q[2]);
            s.crossed += abs(p[0] - q[2]) + abs(p[2] - q[0]);
            s.n_samples += 3;
        }
    return s;
}

typedef struct figures {
    double worst_untouched_db, worst_untouched_rgb_db, worst_outside_db, sum_straight, sum_crossed;
    int64_t n_untouched, n_touched;
} figures;

static double psnr(const sums *s)
{
    return 10 * log10(255.0 * 255.0 * (double)s->n_samples / fmax(s->squares, 1e-9));
}

static void compare_clip(const char *source, const char *made, const places *p, figures *g)
{
    clip *a = clip_open(source), *b = clip_open(made);
    const mw_frame *f, *h;
    int64_t t = 0, n_changed = 0, n_inside = 0;

    for (; (f = clip_next(a)); t++) {
        const int touched = t >= p->start && t < p->start + p->n;
        const int64_t i = t - p->start;
        sums s;

        h = clip_next(b);
        assert_non_null(h);
        assert_true(f->width == h->width && f->height == h->height);
        s = touched ? compare(f, h, p->x[i], p->y[i], p->size[i]) : compare(f, h, 0, 0, 0);
        g->sum_straight += s.straight;
        g->sum_crossed += s.crossed;
        n_changed += s.n_inside_changed;
        n_inside += s.n_inside;
        if (touched) {
            g->worst_outside_db = fmin(g->worst_outside_db, psnr(&s));
            g->n_touched++;
        } else {
            g->worst_untouched_rgb_db = fmin(g->worst_untouched_rgb_db, psnr(&s));
            g->n_untouched++;
        }
    }
    assert_null(clip_next(b));
    /* something does lie there */
    if (n_inside && n_changed * 20 < n_inside)
        fail_msg("%s: only %lld of %lld pixels below the occluder changed", made,
                 (long long)n_changed, (long long)n_inside);
    clip_close(a);
    clip_close(b);
}

static double plane_squares(const mw_frame *a, const mw_frame *b, int i)
{
    const int w = i ? (a->width + 1) / 2 : a->width, h = i ? (a->height + 1) / 2 : a->height;
    double sum = 0;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int d = a->plane[i][y * a->stride[i] + x] - b->plane[i][y * b->stride[i] + x];

            sum += d * d;
        }
    return sum;
}

/* Untouched frames as they are stored, Y, U and V pooled by their samples, as FFmpeg's psnr does.
 */
static void compare_stored(const char *source, const char *made, const places *p, figures *g)
{
    mw_video_reader *a = NULL, *b = NULL;
    mw_frame f, h;
    int64_t t = 0;
    int got;

    assert_ok(mw_video_reader_open(&a, source, NULL));
    assert_ok(mw_video_reader_open(&b, made, NULL));
    for (;; t++) {
        sums s = { 0 };

        assert_ok(mw_video_reader_next(a, &f, &got, NULL));
        if (!got) break;
        assert_ok(mw_video_reader_next(b, &h, &got, NULL));
        assert_true(got);
        if (t >= p->start && t < p->start + p->n) continue;
        for (int i = 0; i < 3; i++)
            s.squares += plane_squares(&f, &h, i);
        s.n_samples =
            (int64_t)f.width * f.height + 2 * (int64_t)((f.width + 1) / 2) * ((f.height + 1) / 2);
        g->worst_untouched_db = fmin(g->worst_untouched_db, psnr(&s));
    }
    mw_video_reader_close(&a);
    mw_video_reader_close(&b);
}

static void only_what_lies_below_the_occluder_changes(void **state)
{
    figures g = { .worst_untouched_db = 1e9,
                  .worst_untouched_rgb_db = 1e9,
                  .worst_outside_db = 1e9 };
    mw_texts stems;
    char *out, source[1024], made[1024], sidecar[1024];

    (void)state;
    REQUIRE_SHARED(LANDMARKS);
    out = run_occlusion(shared_path(CLIPS), shared_path(LANDMARKS));
    stems = clip_stems();
    for (size_t i = 0; i < stems.n; i++) {
        places p;

        snprintf(source, sizeof source, "%s/%s.mp4", shared_path(CLIPS), stems.v[i]);
        snprintf(made, sizeof made, "%s/%s.mp4", out, stems.v[i]);
        snprintf(sidecar, sizeof sidecar, "%s/%s.prov.json", out, stems.v[i]);
        p = read_places(sidecar);
        compare_clip(source, made, &p, &g);
        compare_stored(source, made, &p, &g);
        free_places(&p);
    }
    print_message(
        "# %zu clips: %lld untouched frames, worst %.1f dB as stored, %.1f dB in RGB; "
        "%lld touched, worst outside the occluder %.1f dB in RGB; exchanging red and blue "
        "would differ %.1f times more\n",
        stems.n, (long long)g.n_untouched, g.worst_untouched_db, g.worst_untouched_rgb_db,
        (long long)g.n_touched, g.worst_outside_db, g.sum_crossed / g.sum_straight);
    assert_true(g.worst_untouched_db > 42);
    /* conversion to RGB weighs the errors of U and V by up to 2 */
    assert_true(g.worst_untouched_rgb_db > 41);
    assert_true(g.worst_outside_db > 38);
    assert_true(g.sum_straight * 5 < g.sum_crossed);
    texts_free(&stems);
    temp_dir_remove(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_lies_below_the_occluder_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
