/* SPDX-License-Identifier: Apache-2.0
 *
 * Occlusion arithmetic against vectors made by OpenCV 4.6, albumentations 1.3.0 and the reference's
 * own functions (golden/numerics/index.json lists cases and tolerances).
 */
#include "support/support.h"

#include <math.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/fs.h"
#include "data/pickle.h"
#include "img/augment.h"
#include "img/blend.h"
#include "img/jpeg_roundtrip.h"
#include "support/py_random.h"

#define FOLDER "golden/numerics"

static json_t *cases(const char *topic)
{
    json_error_t why;
    json_t *all = json_load_file(shared_path(FOLDER "/index.json"), 0, &why), *list;

    if (!all) fail_msg("index.json: %s", why.text);
    list = json_incref(json_object_get(all, topic));
    json_decref(all);
    assert_true(json_array_size(list) > 0);
    return list;
}

static npy load(const char *topic, const json_t *c, const char *field)
{
    char path[512];

    snprintf(path, sizeof path, FOLDER "/%s/%s", topic,
             json_string_value(json_object_get(c, field)));
    return npy_load(shared_path(path));
}

static mw_pixels pixels_of(const npy *a)
{
    const int channels = a->n_dims == 3 ? (int)a->shape[2] : 1;

    return (mw_pixels){ a->data, (ptrdiff_t)a->shape[1] * channels, (int)a->shape[1],
                        (int)a->shape[0], channels };
}

static double number(const json_t *o, const char *field)
{
    return json_number_value(json_object_get(o, field));
}

static void lanczos_equals_opencv(void **state)
{
    json_t *list, *c;
    size_t i;

    (void)state;
    REQUIRE_SHARED(FOLDER "/index.json");
    list = cases("lanczos4");
    json_array_foreach(list, i, c)
    {
        npy x = load("lanczos4", c, "x"), y = load("lanczos4", c, "y");
        const mw_pixels src = pixels_of(&x), like = pixels_of(&y);
        mw_pixels dst = like;
        void *scratch = malloc(mw_lanczos4_scratch(&dst));

        dst.data = malloc(y.n);
        mw_lanczos4(&dst, &src, scratch);
        assert_memory_equal(dst.data, y.data, y.n);
        free(dst.data);
        free(scratch);
        npy_free(&x);
        npy_free(&y);
    }
    json_decref(list);
}

static void gray_equals_opencv(void **state)
{
    json_t *list, *c;
    size_t i;

    (void)state;
    REQUIRE_SHARED(FOLDER "/index.json");
    list = cases("bgr2gray");
    json_array_foreach(list, i, c)
    {
        npy x = load("bgr2gray", c, "x"), y = load("bgr2gray", c, "y");
        uint8_t *got = malloc(y.n);

        mw_gray(got, x.data, y.n, 1);
        assert_memory_equal(got, y.data, y.n);
        free(got);
        npy_free(&x);
        npy_free(&y);
    }
    json_decref(list);
}

static void largest_contours_equal_opencv(void **state)
{
    json_t *list, *c;
    size_t i;

    (void)state;
    REQUIRE_SHARED(FOLDER "/index.json");
    list = cases("contour");
    json_array_foreach(list, i, c)
    {
        const json_t *best = json_object_get(c, "best"), *all = json_object_get(c, "contours");
        npy m = load("contour", c, "mask");
        const mw_pixels mask = pixels_of(&m);
        double area, largest = 0;
        mw_box box;
        mw_error err;
        const mw_status st = mw_contour_largest(&box, &area, &mask, &err);

        if (json_is_null(best)) {
            assert_int_equal(st, MW_ERR_FORMAT);
            assert_string_equal(err.reason, "empty_mask");
        } else {
            const int got[4] = { box.x, box.y, box.w, box.h };

            assert_int_equal(st, MW_OK);
            for (size_t k = 0; k < 4; k++)
                assert_int_equal(got[k], json_integer_value(json_array_get(best, k)));
            for (size_t k = 0; k < json_array_size(all); k++)
                largest =
                    fmax(largest, json_number_value(json_array_get(json_array_get(all, k), 0)));
            assert_true(area == largest);
        }
        npy_free(&m);
    }
    json_decref(list);
}

static mw_frame frame_of(const npy *a, size_t index)
{
    const size_t h = a->shape[a->n_dims - 3], w = a->shape[a->n_dims - 2];
    const uint8_t *from = (const uint8_t *)a->data + index * h * w * 3;
    mw_frame f;

    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, (int)w, (int)h, NULL));
    for (size_t y = 0; y < h; y++)
        memcpy(f.plane[0] + (ptrdiff_t)y * f.stride[0], from + y * w * 3, w * 3);
    return f;
}

static mw_patch patch_of(const npy *rgb, const npy *mask)
{
    mw_patch p;

    assert_ok(mw_patch_alloc(&p, (int)rgb->shape[1], (int)rgb->shape[0], NULL));
    memcpy(p.rgb, rgb->data, rgb->n);
    memcpy(p.mask, mask->data, mask->n);
    return p;
}

static void assert_frame_equals(const mw_frame *f, const uint8_t *expected)
{
    for (int y = 0; y < f->height; y++)
        assert_memory_equal(f->plane[0] + y * f->stride[0], expected + (size_t)y * f->width * 3,
                            (size_t)f->width * 3);
}

static void blending_equals_numpy(void **state)
{
    json_t *list, *c;
    size_t i;

    (void)state;
    REQUIRE_SHARED(FOLDER "/index.json");
    list = cases("alpha_blend");
    json_array_foreach(list, i, c)
    {
        npy frame = load("alpha_blend", c, "frame"), occ = load("alpha_blend", c, "occ");
        npy mask = load("alpha_blend", c, "mask"), out = load("alpha_blend", c, "out");
        mw_frame f = frame_of(&frame, 0);
        mw_patch p = patch_of(&occ, &mask);

        mw_blend_patch(&f, &p, (int)number(c, "x"), (int)number(c, "y"), 0);
        assert_frame_equals(&f, out.data);
        mw_frame_clear(&f);
        mw_patch_clear(&p);
        npy_free(&frame);
        npy_free(&occ);
        npy_free(&mask);
        npy_free(&out);
    }
    json_decref(list);
}

static void jpeg_round_trips_equal_libjpeg_turbo(void **state)
{
    json_t *list, *c;
    size_t i;

    (void)state;
    REQUIRE_SHARED(FOLDER "/index.json");
    list = cases("jpeg_roundtrip");
    json_array_foreach(list, i, c)
    {
        npy x = load("jpeg_roundtrip", c, "x"), y = load("jpeg_roundtrip", c, "y");
        const mw_pixels p = pixels_of(&x);

        assert_ok(mw_jpeg_roundtrip(&p, (int)number(c, "quality"), 0, NULL));
        assert_memory_equal(x.data, y.data, y.n);
        npy_free(&x);
        npy_free(&y);
    }
    json_decref(list);
}

static mw_augment augment_of(const json_t *params)
{
    const json_t *blur = json_object_get(params, "blur"),
                 *affine = json_object_get(params, "affine");
    const json_t *tone = json_object_get(params, "bc");
    mw_augment a = { .jpeg_quality = (int)number(params, "jpeg") };

    if (blur) {
        a.blur = (mw_aug_blur){ (int)number(blur, "k"), number(blur, "sx"),   number(blur, "sy"),
                                number(blur, "angle"),  number(blur, "beta"), { 0 } };
        for (int k = 0; k < a.blur.size * a.blur.size; k++)
            a.blur.noise[k] = json_number_value(json_array_get(
                json_array_get(json_object_get(blur, "noise"), (size_t)(k / a.blur.size)),
                (size_t)(k % a.blur.size)));
    }
    if (affine)
        a.affine = (mw_aug_affine){ 1,
                                    number(affine, "shx"),
                                    number(affine, "shy"),
                                    number(affine, "scx"),
                                    number(affine, "scy"),
                                    number(affine, "rot") };
    if (tone)
        a.tone = (mw_aug_tone){ 1, json_number_value(json_array_get(tone, 0)),
                                json_number_value(json_array_get(tone, 1)) };
    return a;
}

/* The parameters in the file leave these two out when nothing was drawn; all four kinds occur. */
static void augmentation_equals_albumentations(void **state)
{
    int n_blur = 0, n_jpeg = 0, n_affine = 0, n_tone = 0;
    json_t *list, *c;
    size_t i;

    (void)state;
    REQUIRE_SHARED(FOLDER "/index.json");
    list = cases("occluder_aug");
    json_array_foreach(list, i, c)
    {
        npy img = load("occluder_aug", c, "img"), mask = load("occluder_aug", c, "mask");
        npy out = load("occluder_aug", c, "out_img"),
            out_mask = load("occluder_aug", c, "out_mask");
        const mw_augment a = augment_of(json_object_get(c, "params"));
        mw_patch p = patch_of(&img, &mask);

        n_blur += a.blur.size != 0;
        n_jpeg += a.jpeg_quality != 0;
        n_affine += a.affine.on;
        n_tone += a.tone.on;
        assert_ok(mw_augment_apply(&p, &a, NULL));
        assert_int_equal(p.width, out.shape[1]);
        assert_int_equal(p.height, out.shape[0]);
        assert_memory_equal(p.rgb, out.data, out.n);
        assert_memory_equal(p.mask, out_mask.data, out_mask.n);
        mw_patch_clear(&p);
        npy_free(&img);
        npy_free(&mask);
        npy_free(&out);
        npy_free(&out_mask);
    }
    json_decref(list);
    assert_true(n_blur && n_jpeg && n_affine && n_tone);
}

/* The reference's draws, in its order. */
static mw_augment draw_like_python(py_random *r)
{
    mw_augment a = { 0 };

    py_random_unit(r);
    if (py_random_unit(r) < 0.5) {
        mw_aug_blur *b = &a.blur;
        py_random noise;

        b->size = 3 + 2 * (int)py_random_below(r, 3);
        b->sigma_x = py_random_uniform(r, 0.2, 1);
        b->sigma_y = py_random_uniform(r, 0.2, 1);
        b->angle = py_random_uniform(r, -90, 90) * (3.14159265358979323846 / 180);
        b->beta =
            py_random_unit(r) < 0.5 ? py_random_uniform(r, 0.5, 1) : py_random_uniform(r, 1, 8);
        noise = py_random_state((uint32_t)py_random_int(r, 0, UINT32_MAX));
        for (int k = 0; k < b->size * b->size; k++)
            b->noise[k] = 0.9 + (1.1 - 0.9) * py_random_unit(&noise);
    }
    if (py_random_unit(r) < 0.5) {
        py_random_int(r, 0, UINT32_MAX);
        py_random_unit(r);
        a.jpeg_quality = (int)py_random_int(r, 70, 100);
    }
    if (py_random_unit(r) < 0.7) {
        py_random_int(r, 0, 0);
        py_random_int(r, 0, 0);
        a.affine.on = 1;
        a.affine.shear_x = -py_random_uniform(r, -8, 8);
        a.affine.shear_y = -py_random_uniform(r, -8, 8);
        a.affine.scale_x = py_random_uniform(r, 0.8, 1.2);
        a.affine.scale_y = py_random_uniform(r, 0.8, 1.2);
        a.affine.rotate = -py_random_uniform(r, -15, 15);
    }
    if (py_random_unit(r) < 0.5) {
        a.tone.on = 1;
        a.tone.contrast = 1 + py_random_uniform(r, -0.1, 0.1);
        a.tone.brightness = py_random_uniform(r, -0.1, 0.1);
    }
    return a;
}

/* Chain, size from the face area, place in the box, square resize, blend over a span: every pixel
 * of the clip. */
static void occlude_clip(const json_t *c)
{
    static const double share[] = { .1, .2, .3, .4, .5 };
    npy clip = load("occlusion_flow", c, "clip"), out = load("occlusion_flow", c, "out");
    npy occ = load("occlusion_flow", c, "occ"), mask = load("occlusion_flow", c, "mask");
    const size_t T = clip.shape[0], frame_bytes = clip.n / T;
    const int H = (int)clip.shape[1], W = (int)clip.shape[2];
    const json_t *box = json_object_get(c, "box");
    const double percent = number(c, "percent");
    py_random r = py_random_seed((uint32_t)number(c, "python_seed"));
    const double part = share[py_random_below(&r, 5)];
    const mw_augment a = draw_like_python(&r);
    const double bx = json_number_value(json_array_get(box, 0)) * W;
    const double by = json_number_value(json_array_get(box, 1)) * H;
    const double bw = json_number_value(json_array_get(box, 2)) * W;
    const double bh = json_number_value(json_array_get(box, 3)) * H;
    const int size = (int)sqrt(bw * bh * part), freq = (int)number(c, "freq");
    mw_patch p = patch_of(&occ, &mask), small;
    uint8_t *touched = calloc(T, 1);
    size_t segment;
    int x, y;

    assert_true(part == number(c, "overlay_percent"));
    assert_ok(mw_augment_apply(&p, &a, NULL));
    x = (int)py_random_int(&r, (int)bx, (int)(bx + bw) - size);
    y = (int)py_random_int(&r, (int)by, (int)(by + bh) - size);
    assert_ok(mw_patch_resize(&small, &p, size, size, NULL));
    segment = freq > 1 ? T / (size_t)freq : T;
    for (size_t j = 0; freq && j < (size_t)freq; j++) {
        const size_t n = (size_t)((double)segment * percent);
        const size_t s =
            (size_t)py_random_int(&r, (int64_t)(j * segment), (int64_t)((j + 1) * segment - n));

        memset(touched + s, 1, n);
    }
    for (size_t t = 0; !freq && t < T; t += (size_t)(1 / percent))
        touched[t] = 1;
    for (size_t t = 0; t < T; t++) {
        mw_frame f = frame_of(&clip, t);

        if (touched[t]) mw_blend_patch(&f, &small, x, y, 0);
        assert_frame_equals(&f, (const uint8_t *)out.data + t * frame_bytes);
        mw_frame_clear(&f);
    }
    free(touched);
    mw_patch_clear(&p);
    mw_patch_clear(&small);
    npy_free(&clip);
    npy_free(&out);
    npy_free(&occ);
    npy_free(&mask);
}

static void whole_occlusions_equal_the_reference(void **state)
{
    json_t *list, *c;
    size_t i;

    (void)state;
    REQUIRE_SHARED(FOLDER "/index.json");
    list = cases("occlusion_flow");
    json_array_foreach(list, i, c) occlude_clip(c);
    json_decref(list);
}

/* ---- pickles ---- */

static void check_boxes(const char *pickle, const char *boxes)
{
    char path[256];
    json_error_t why;
    json_t *all;
    mw_track t;

    snprintf(path, sizeof path, FOLDER "/pickle/%s", pickle);
    assert_ok(mw_pickle_read_track(&t, shared_path(path), 30, NULL));
    snprintf(path, sizeof path, FOLDER "/pickle/%s", boxes);
    all = json_load_file(shared_path(path), JSON_DECODE_ANY, &why);
    assert_non_null(all);
    assert_int_equal(t.n_frames, json_array_size(all));
    for (size_t i = 0; i < t.n_frames; i++) {
        const json_t *frame = json_array_get(all, i);
        const mw_face *f;
        size_t n;

        f = mw_track_faces(&t, i, &n);
        if (!n) continue;
        assert_int_equal(n, json_array_size(frame));
        for (size_t k = 0; k < n; k++) {
            const json_t *b = json_array_get(frame, k);

            assert_true(f[k].x == json_number_value(json_array_get(b, 0)));
            assert_true(f[k].y == json_number_value(json_array_get(b, 1)));
            assert_true(f[k].w == json_number_value(json_array_get(b, 2)));
            assert_true(f[k].h == json_number_value(json_array_get(b, 3)));
        }
    }
    json_decref(all);
    mw_track_clear(&t);
}

static void boxes_of_every_protocol_are_read(void **state)
{
    char name[32];

    (void)state;
    REQUIRE_SHARED(FOLDER "/pickle/boxes.json");
    for (int protocol = 0; protocol <= 5; protocol++) {
        snprintf(name, sizeof name, "boxes_p%d.pkl", protocol);
        check_boxes(name, "boxes.json");
    }
    check_boxes("boxes_shared_p4.pkl", "boxes_shared.json");
}

static void hostile_pickles_are_refused_by_reason(void **state)
{
    static const char *const file[][2] = { { "refuse_call.pkl", "refused_opcode" },
                                           { "refuse_object.pkl", "refused_opcode" },
                                           { "refuse_truncated.pkl", "truncated" } };

    (void)state;
    REQUIRE_SHARED(FOLDER "/pickle/boxes.json");
    for (size_t i = 0; i < 3; i++) {
        char path[256];
        mw_error err;
        mw_track t;

        snprintf(path, sizeof path, FOLDER "/pickle/%s", file[i][0]);
        assert_int_equal(mw_pickle_read_track(&t, shared_path(path), 30, &err), MW_ERR_FORMAT);
        assert_string_equal(err.reason, file[i][1]);
        assert_non_null(strstr(err.message, file[i][0]));
    }
}

static void check_array(const char *kind, size_t item)
{
    static const char *const f32_only = "array_f32_numpy1_p4.pkl";
    char path[256];
    mw_pickle_array a;
    mw_str made = { 0 };
    char *bytes;
    size_t n;
    npy x;

    snprintf(path, sizeof path, FOLDER "/pickle/array_%s.npy", kind);
    x = npy_load(shared_path(path));
    snprintf(path, sizeof path, FOLDER "/pickle/array_%s_p3.pkl", kind);
    assert_ok(mw_file_load(&bytes, &n, shared_path(path), 1 << 20, NULL));
    assert_ok(mw_pickle_from_array(x.data, item, x.shape, (int)x.n_dims, &made, NULL));
    assert_int_equal(made.n, n);
    assert_memory_equal(made.data, bytes, n);
    mw_str_clear(&made);
    assert_ok(mw_pickle_to_array(&a, bytes, n, path, NULL));
    assert_int_equal(a.item, item);
    assert_int_equal(a.n, x.n);
    assert_memory_equal(a.data, x.data, x.n * item);
    mw_free(bytes);
    if (item == 4) {
        snprintf(path, sizeof path, FOLDER "/pickle/%s", f32_only);
        assert_ok(mw_file_load(&bytes, &n, shared_path(path), 1 << 20, NULL));
        assert_ok(mw_pickle_to_array(&a, bytes, n, path, NULL));
        assert_int_equal(a.n, x.n);
        assert_memory_equal(a.data, x.data, x.n * item);
        mw_free(bytes);
    }
    npy_free(&x);
}

static void arrays_are_written_and_read_as_numpy_does(void **state)
{
    (void)state;
    REQUIRE_SHARED(FOLDER "/pickle/array_f32.npy");
    check_array("f32", 4);
    check_array("f64", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanczos_equals_opencv),
        cmocka_unit_test(gray_equals_opencv),
        cmocka_unit_test(largest_contours_equal_opencv),
        cmocka_unit_test(blending_equals_numpy),
        cmocka_unit_test(jpeg_round_trips_equal_libjpeg_turbo),
        cmocka_unit_test(augmentation_equals_albumentations),
        cmocka_unit_test(whole_occlusions_equal_the_reference),
        cmocka_unit_test(boxes_of_every_protocol_are_read),
        cmocka_unit_test(hostile_pickles_are_refused_by_reason),
        cmocka_unit_test(arrays_are_written_and_read_as_numpy_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
