/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "corrupt/op.h"
#include "corrupt/visual/drawn_occluders.h"
#include "corrupt/visual/occlusion.h"
#include "support/ops.h"
#include "support/stats.h"

static const mw_op *const op = &mw_op_visual_occlusion;

static const mw_occluder occluders[] = { { "hand/a.jpg", "hand_masks/a.png", MW_OCCLUDER_HAND },
                                         { "hand/b.jpg", "hand_masks/b.png", MW_OCCLUDER_HAND },
                                         { "object/a.jpg", "object_masks/a.png",
                                           MW_OCCLUDER_OBJECT },
                                         { "dtd/a.jpg", NULL, MW_OCCLUDER_TEXTURE },
                                         { "dtd/b.jpg", NULL, MW_OCCLUDER_TEXTURE },
                                         { "dtd/c.jpg", NULL, MW_OCCLUDER_TEXTURE } };

/* A clip with its faces, options and what was drawn. */
typedef struct scene {
    mw_occlusion_options *o;
    mw_track faces;
    int64_t start[4], count[4];
    mw_draw_info info;
    void *d;
} scene;

static void scene_open(scene *s, int width, int height)
{
    memset(s, 0, sizeof *s);
    s->o = ops_options(op, 0);
    s->info = (mw_draw_info){ .start_frames = s->start,
                              .n_frames = s->count,
                              .width = width,
                              .height = height,
                              .faces = &s->faces,
                              .occluders = occluders,
                              .n_occluders = sizeof occluders / sizeof *occluders };
}

static void add_frame(scene *s, double x, double y, double w, double h)
{
    const mw_face f = { .x = x, .y = y, .w = w, .h = h, .score = 0.9 };

    assert_ok(mw_track_add(&s->faces, (double)s->faces.n_frames / 25, &f, w > 0, NULL));
}

static void add_stretch(scene *s, int64_t start, int64_t count)
{
    s->start[s->info.n_stretches] = start;
    s->count[s->info.n_stretches++] = count;
}

static void set(scene *s, const char *name, const char *value)
{
    assert_ok(mw_opt_set(mw_opt_find(op->info.options, name), s->o, value, NULL));
}

static void drop_decision(scene *s)
{
    if (s->d) ops_free(op->info.drawn, s->d);
    s->d = NULL;
}

static mw_status draw(scene *s, uint64_t seed, mw_error *err)
{
    const mw_clip_key key = mw_clip_key_make(seed, "clip");
    mw_status st;

    drop_decision(s);
    s->d = calloc(1, op->decision_size);
    st = op->draw(s->o, &s->info, &key, "", 0, s->d, err);
    if (st != MW_OK) drop_decision(s);
    return st;
}

static void scene_close(scene *s)
{
    drop_decision(s);
    ops_free(op->info.options, s->o);
    mw_track_clear(&s->faces);
}

/* A field of what was drawn, by its name in the sidecar. */
static const void *drawn(const scene *s, const char *name)
{
    return (const char *)s->d + mw_opt_find(op->info.drawn, name)->offset;
}

static int64_t at(const scene *s, const char *name, size_t i)
{
    const mw_ints *list = drawn(s, name);

    assert_true(i < list->n);
    return list->v[i];
}

static size_t n_places(const scene *s)
{
    return ((const mw_ints *)drawn(s, "size-px"))->n;
}

/* ---- size and place ---- */

static void the_size_is_a_share_of_the_face_box(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, 400, 300);
    add_frame(&s, 0.25, 0.25, 0.5, 0.5); /* 200 x 150 pixels */
    add_stretch(&s, 0, 1);
    for (int k = 1; k <= 9; k++) {
        char text[8];

        snprintf(text, sizeof text, "0.%d", k);
        set(&s, "face-fractions", text);
        assert_ok(draw(&s, 1, NULL));
        assert_int_equal(at(&s, "size-px", 0), (int64_t)sqrt(200 * 150 * (k / 10.0)));
    }
    scene_close(&s);
}

/* The corner is uniform over all places where the square lies within the box, as the reference
 * draws it: randint(int(x), int(x + w) - size). */
static void the_corner_is_uniform_within_the_box(void **state)
{
    enum { N = 3000 };
    static double x[N], y[N];
    scene s;

    (void)state;
    scene_open(&s, 4000, 3000);
    add_frame(&s, 0.25, 0.25, 0.5, 0.5); /* 1000..3000, 750..2250 */
    add_stretch(&s, 0, 1);
    set(&s, "face-fractions", "0.25"); /* 866 */
    for (int k = 0; k < N; k++) {
        assert_ok(draw(&s, (uint64_t)k, NULL));
        x[k] = (double)at(&s, "x-px", 0);
        y[k] = (double)at(&s, "y-px", 0);
        assert_true(x[k] >= 1000 && x[k] <= 3000 - 866 && y[k] >= 750 && y[k] <= 2250 - 866);
        x[k] = (x[k] - 1000 + 0.5) / (3000 - 866 - 1000 + 1);
        y[k] = (y[k] - 750 + 0.5) / (2250 - 866 - 750 + 1);
    }
    assert_uniform("x", x, N);
    assert_uniform("y", y, N);
    scene_close(&s);
}

static void a_box_too_narrow_for_the_square_gets_it_in_its_middle(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, 1000, 1000);
    add_frame(&s, 0.4, 0.1, 0.1, 0.8); /* 100 x 800: a square of half its area is 200 wide */
    add_stretch(&s, 0, 1);
    set(&s, "face-fractions", "0.5");
    assert_ok(draw(&s, 1, NULL));
    assert_int_equal(at(&s, "size-px", 0), 200);
    assert_int_equal(at(&s, "x-px", 0), 350);
    assert_true(at(&s, "y-px", 0) >= 100 && at(&s, "y-px", 0) <= 700);
    scene_close(&s);
}

static void a_box_partly_outside_counts_as_far_as_it_is_seen(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, 400, 300);
    add_frame(&s, -0.25, 0.8, 0.5, 0.5); /* seen: 0..100, 240..300 */
    add_stretch(&s, 0, 1);
    set(&s, "face-fractions", "0.5");
    for (uint64_t seed = 0; seed < 50; seed++) {
        assert_ok(draw(&s, seed, NULL));
        assert_int_equal(at(&s, "size-px", 0), (int64_t)sqrt(100 * 60 * 0.5));
        assert_true(at(&s, "x-px", 0) >= 0 && at(&s, "x-px", 0) + 54 <= 100);
        assert_true(at(&s, "y-px", 0) >= 240 && at(&s, "y-px", 0) + 54 <= 300);
    }
    scene_close(&s);
}

static void a_box_wholly_outside_is_no_face(void **state)
{
    mw_error err;
    scene s;

    (void)state;
    scene_open(&s, 400, 300);
    add_frame(&s, 1.2, 0.2, 0.3, 0.3);
    add_stretch(&s, 0, 1);
    assert_fails(draw(&s, 1, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_face");
    scene_close(&s);
}

/* ---- over time ---- */

static void a_followed_face_takes_the_occluder_along(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, 1000, 1000);
    for (int t = 0; t < 20; t++)
        add_frame(&s, 0.1 + 0.02 * t, 0.3, 0.1 + 0.01 * t, 0.2 + 0.02 * t);
    add_stretch(&s, 2, 5);
    add_stretch(&s, 10, 3);
    assert_ok(draw(&s, 3, NULL));
    assert_int_equal(n_places(&s), 8);
    for (size_t i = 0; i < 8; i++) {
        const double t = i < 5 ? 2 + (double)i : 5 + (double)i, w = 100 + 10 * t, h = 2 * w,
                     x = 100 + 20 * t,
                     size = sqrt(w * h * *(const double *)drawn(&s, "face-fraction"));

        assert_true(fabs((double)at(&s, "size-px", i) - size) <= 1);
        /* the same share of the free room, frame by frame */
        assert_true(fabs((double)at(&s, "x-px", i) -
                         (x + *(const double *)drawn(&s, "u") * (w - size))) <= 2);
        assert_true(fabs((double)at(&s, "y-px", i) -
                         (300 + *(const double *)drawn(&s, "v") * (h - size))) <= 2);
    }
    scene_close(&s);
}

static void a_fixed_occluder_stays_where_the_face_was_first(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, 1000, 1000);
    for (int t = 0; t < 20; t++)
        add_frame(&s, t < 5 ? 0.0 : 0.5, 0.1, t < 5 ? 0.2 : 0.4, t < 5 ? 0.2 : 0.4);
    add_stretch(&s, 2, 4);
    add_stretch(&s, 10, 3);
    set(&s, "follow", "fixed");
    set(&s, "face-fractions", "0.25");
    assert_ok(draw(&s, 3, NULL));
    assert_int_equal(n_places(&s), 2);
    assert_int_equal(at(&s, "size-px", 0), 100);
    assert_int_equal(at(&s, "size-px", 1), 200);
    assert_true(at(&s, "x-px", 0) <= 100 && at(&s, "x-px", 1) >= 500);
    /* as the reference: by the clip's first face */
    set(&s, "place-by-clip", "yes");
    assert_ok(draw(&s, 3, NULL));
    assert_int_equal(at(&s, "size-px", 1), 100);
    assert_int_equal(at(&s, "x-px", 0), at(&s, "x-px", 1));
    scene_close(&s);
}

static void frames_without_a_face_get_no_occluder(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, 1000, 1000);
    for (int t = 0; t < 12; t++)
        add_frame(&s, 0.3, 0.3, t >= 4 && t < 8 ? 0 : 0.4, 0.4);
    add_stretch(&s, 2, 8);
    assert_ok(draw(&s, 1, NULL));
    for (size_t i = 0; i < 8; i++)
        assert_true((at(&s, "size-px", i) > 0) == (i < 2 || i >= 6));
    scene_close(&s);
}

static void a_face_only_at_the_end(void **state)
{
    mw_error err;
    scene s;

    (void)state;
    scene_open(&s, 1000, 1000);
    for (int t = 0; t < 12; t++)
        add_frame(&s, 0.3, 0.3, t < 10 ? 0 : 0.4, 0.4);
    add_stretch(&s, 2, 6);
    /* a face to follow is not there; a fixed occluder takes the next one that comes */
    assert_fails(draw(&s, 1, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_face");
    set(&s, "follow", "fixed");
    assert_ok(draw(&s, 1, NULL));
    assert_true(at(&s, "size-px", 0) > 0);
    /* a stretch after the last face: the last one before it */
    add_frame(&s, 0, 0, 0, 0);
    add_frame(&s, 0, 0, 0, 0);
    s.start[0] = 13;
    s.count[0] = 1;
    assert_ok(draw(&s, 1, NULL));
    assert_true(at(&s, "size-px", 0) > 0);
    scene_close(&s);
}

static void no_face_anywhere_and_no_occluder_are_told(void **state)
{
    mw_error err;
    scene s;

    (void)state;
    scene_open(&s, 100, 100);
    add_frame(&s, 0, 0, 0, 0);
    add_stretch(&s, 0, 1);
    assert_fails(draw(&s, 1, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_face");
    s.info.faces = NULL;
    assert_fails(draw(&s, 1, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_face");
    set(&s, "weight-hand", "0");
    set(&s, "weight-texture", "0");
    s.info.n_occluders = 2; /* hands alone */
    assert_fails(draw(&s, 1, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "no_occluder");
    set(&s, "face-fractions", "");
    assert_fails(draw(&s, 1, &err), MW_ERR_RANGE);
    scene_close(&s);
}

/* ---- laws ---- */

static void kinds_files_shares_and_augmentation_follow_the_reference(void **state)
{
    enum { N = 6000 };
    size_t kinds[3] = { 0 }, textures[3] = { 0 }, shares[5] = { 0 }, blur[2] = { 0 },
           jpeg[2] = { 0 }, tone[2] = { 0 }, affine = 0;
    scene s;

    (void)state;
    scene_open(&s, 1000, 1000);
    add_frame(&s, 0.3, 0.3, 0.4, 0.4);
    add_stretch(&s, 0, 1);
    for (int k = 0; k < N; k++) {
        int kind;

        assert_ok(draw(&s, (uint64_t)k, NULL));
        kind = *(const int *)drawn(&s, "kind");
        kinds[kind]++;
        if (kind == MW_OCCLUDER_TEXTURE) textures[(*(char *const *)drawn(&s, "image"))[4] - 'a']++;
        shares[(int)(*(const double *)drawn(&s, "face-fraction") * 10 + 0.5) - 1]++;
        blur[*(const int64_t *)drawn(&s, "blur-size") > 0]++;
        jpeg[*(const int64_t *)drawn(&s, "jpeg-quality") > 0]++;
        tone[((const mw_doubles *)drawn(&s, "tone"))->n > 0]++;
        affine += ((const mw_doubles *)drawn(&s, "affine"))->n > 0;
    }
    assert_uniform_counts("kinds, whatever their numbers of files", kinds, 3);
    assert_uniform_counts("files of a kind", textures, 3);
    assert_uniform_counts("shares", shares, 5);
    assert_uniform_counts("blur", blur, 2);
    assert_uniform_counts("JPEG", jpeg, 2);
    assert_uniform_counts("tone", tone, 2);
    /* 0.7: within 3.29 standard deviations, level 0.001 */
    assert_true(fabs((double)affine - 0.7 * N) < 3.29 * sqrt(N * 0.7 * 0.3));
    set(&s, "augment", "no");
    assert_ok(draw(&s, 1, NULL));
    assert_int_equal(*(const int64_t *)drawn(&s, "blur-size"), 0);
    assert_int_equal(((const mw_doubles *)drawn(&s, "affine"))->n, 0);
    scene_close(&s);
}

static void weights_choose_the_kind(void **state)
{
    scene s;

    (void)state;
    scene_open(&s, 1000, 1000);
    add_frame(&s, 0.3, 0.3, 0.4, 0.4);
    add_stretch(&s, 0, 1);
    set(&s, "weight-hand", "0");
    set(&s, "weight-object", "0");
    for (uint64_t k = 0; k < 50; k++) {
        assert_ok(draw(&s, k, NULL));
        assert_int_equal(*(const int *)drawn(&s, "kind"), MW_OCCLUDER_TEXTURE);
    }
    scene_close(&s);
}

/* ---- on pictures ---- */

static mw_frame grey_frame(int width, int height)
{
    mw_frame f = { .memory = NULL };

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, width, height, NULL));
    for (int y = 0; y < height; y++)
        memset(f.plane[0] + y * f.stride[0], 100, 3 * (size_t)width);
    return f;
}

/* Bounding box of what differs; *n pixels do. */
static void changed(const mw_frame *a, const mw_frame *b, int box[4], size_t *n)
{
    *n = 0;
    box[0] = a->width, box[1] = a->height, box[2] = box[3] = -1;
    for (int y = 0; y < a->height; y++)
        for (int x = 0; x < a->width; x++) {
            if (!memcmp(a->plane[0] + y * a->stride[0] + 3 * x,
                        b->plane[0] + y * b->stride[0] + 3 * x, 3))
                continue;
            ++*n;
            if (x < box[0]) box[0] = x;
            if (y < box[1]) box[1] = y;
            if (x > box[2]) box[2] = x;
            if (y > box[3]) box[3] = y;
        }
}

/* The drawn hand over frame t; what of the face and the frame it covers. */
static void apply(scene *s, size_t k, int64_t t, const mw_frame *src, mw_frame *dst,
                  double cover[2], const mw_box *face)
{
    mw_visual_input in = { src->width, src->height, NULL };
    mw_patch patch = { 0 };
    void *state;

    assert_ok(mw_drawn_occluder(&patch, 0, NULL));
    in.patch = &patch;
    assert_ok(op->visual->open(&state, s->o, s->d, &in, NULL));
    op->visual->apply(state, k, t, src, dst);
    op->visual->cover(state, k, t, face, cover);
    op->visual->close(state);
    mw_patch_clear(&patch);
}

static void pixels_change_within_the_square_alone(void **state)
{
    static const int sizes[][2] = { { 64, 64 }, { 3840, 2160 }, { 640, 360 }, { 17, 99 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int w = sizes[i][0], h = sizes[i][1];
        const mw_box face = { w / 4, h / 4, w / 2, h / 2 };
        mw_frame a = grey_frame(w, h), b = grey_frame(w, h);
        double cover[2];
        int box[4];
        size_t n;
        scene s;

        scene_open(&s, w, h);
        add_frame(&s, 0.25, 0.25, 0.5, 0.5);
        add_stretch(&s, 0, 1);
        set(&s, "face-fractions", "0.5");
        set(&s, "augment", "no");
        assert_ok(draw(&s, 5, NULL));
        apply(&s, 0, 0, &a, &b, cover, &face);
        changed(&a, &b, box, &n);
        assert_true(n > 0);
        assert_true(box[0] >= at(&s, "x-px", 0) && box[1] >= at(&s, "y-px", 0));
        assert_true(box[2] < at(&s, "x-px", 0) + at(&s, "size-px", 0));
        assert_true(box[3] < at(&s, "y-px", 0) + at(&s, "size-px", 0));
        /* a hand fills a good part of its square, never more than the square */
        assert_true(cover[0] > 0.15 && cover[0] <= 0.51);
        assert_true(fabs(cover[1] - cover[0] / 4) < 0.02);
        assert_true(fabs((double)n / (w * h) - cover[1]) < 0.03);
        mw_frame_clear(&a);
        mw_frame_clear(&b);
        scene_close(&s);
    }
}

static void a_frame_without_a_face_stays_as_it_is(void **state)
{
    mw_frame a = grey_frame(100, 80), b = grey_frame(100, 80);
    double cover[2];
    int box[4];
    size_t n;
    scene s;

    (void)state;
    scene_open(&s, 100, 80);
    add_frame(&s, 0.3, 0.3, 0.4, 0.4);
    add_frame(&s, 0, 0, 0, 0);
    add_stretch(&s, 0, 2);
    assert_ok(draw(&s, 1, NULL));
    apply(&s, 0, 1, &a, &b, cover, NULL);
    changed(&a, &b, box, &n);
    assert_int_equal(n, 0);
    assert_true(isnan(cover[0]) && cover[1] == 0);
    mw_frame_clear(&a);
    mw_frame_clear(&b);
    scene_close(&s);
}

static void decisions_that_do_not_fit_are_refused(void **state)
{
    mw_visual_input in = { 100, 100, NULL };
    mw_patch patch = { 0 };
    mw_error err;
    void *opened;
    scene s;

    (void)state;
    scene_open(&s, 100, 100);
    add_frame(&s, 0.3, 0.3, 0.4, 0.4);
    add_frame(&s, 0.3, 0.3, 0.4, 0.4);
    add_stretch(&s, 0, 2);
    assert_ok(draw(&s, 1, NULL));
    assert_fails(op->visual->open(&opened, s.o, s.d, &in, &err), MW_ERR_ARG);
    assert_ok(mw_drawn_occluder(&patch, 0, NULL));
    in.patch = &patch;
    ((mw_ints *)(uintptr_t)drawn(&s, "x-px"))->n = 1;
    assert_fails(op->visual->open(&opened, s.o, s.d, &in, &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, "bad_decision");
    mw_patch_clear(&patch);
    scene_close(&s);
}

static int no_leak(void **state)
{
    (void)state;
    return mw_mem_live() ? -1 : 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, no_leak)
    const struct CMUnitTest tests[] = {
        TEST(the_size_is_a_share_of_the_face_box),
        TEST(the_corner_is_uniform_within_the_box),
        TEST(a_box_too_narrow_for_the_square_gets_it_in_its_middle),
        TEST(a_box_partly_outside_counts_as_far_as_it_is_seen),
        TEST(a_box_wholly_outside_is_no_face),
        TEST(a_followed_face_takes_the_occluder_along),
        TEST(a_fixed_occluder_stays_where_the_face_was_first),
        TEST(frames_without_a_face_get_no_occluder),
        TEST(a_face_only_at_the_end),
        TEST(no_face_anywhere_and_no_occluder_are_told),
        TEST(kinds_files_shares_and_augmentation_follow_the_reference),
        TEST(weights_choose_the_kind),
        TEST(pixels_change_within_the_square_alone),
        TEST(a_frame_without_a_face_stays_as_it_is),
        TEST(decisions_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
