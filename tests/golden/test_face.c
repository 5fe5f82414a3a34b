/* SPDX-License-Identifier: Apache-2.0
 *
 * The detectors against MediaPipe: stage outputs and detections of golden pictures (LiteRT network,
 * OpenCV warp), and the boxes that Python MediaPipe stored for 28 real clips.
 */
#include "support/support.h"

#include <dirent.h>
#include <math.h>

#include <jansson.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/fs.h"
#include "data/pickle.h"
#include "face/decode.h"
#include "face/detector.h"
#include "face/letterbox.h"
#include "nn/graph.h"
#include "support/media.h"

#define REQUIRE_MODEL(model)                                                                       \
    do {                                                                                           \
        char *path_ = mw_face_model_path(model, NULL);                                             \
        FILE *file_ = fopen(path_, "rb");                                                          \
        const int there_ = file_ != NULL;                                                          \
                                                                                                   \
        if (there_)                                                                                \
            fclose(file_);                                                                         \
        else                                                                                       \
            print_message("skipped: no model at %s; run scripts/fetch-models\n", path_);           \
        mw_free(path_);                                                                            \
        if (!there_) skip();                                                                       \
    } while (0)

/* Names in the golden file, in the order of mw_face_model. */
static const char *const golden_name[] = { "short_range", "full_range_sparse", "full_range_dense" };

static double worst_coordinate, worst_score, worst_logit, worst_regressor;

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
    uint32_t c = ~0u;

    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
    }
    return ~c;
}

static void keep_worst(double *worst, double a, double b)
{
    const double d = fabs(a - b);

    if (d > *worst) *worst = d;
}

static void check_near(const char *what, double *worst, double got, double expected)
{
    keep_worst(worst, got, expected);
    if (!(fabs(got - expected) <= 1e-5)) fail_msg("%s: %.9g, expected %.9g", what, got, expected);
}

static void check_detections(const char *name, const json_t *expected, const mw_face *f, size_t n)
{
    static const char *const field[] = { "xmin", "ymin", "width", "height" };

    if (n != json_array_size(expected))
        fail_msg("%s: %zu faces, expected %zu", name, n, json_array_size(expected));
    for (size_t i = 0; i < n; i++) {
        const json_t *e = json_array_get(expected, i);
        const double got[4] = { f[i].x, f[i].y, f[i].w, f[i].h };

        check_near(name, &worst_score, f[i].score, json_number_value(json_object_get(e, "score")));
        for (size_t k = 0; k < 4; k++)
            check_near(name, &worst_coordinate, got[k],
                       json_number_value(json_object_get(e, field[k])));
        for (size_t k = 0; k < MW_FACE_KEYS; k++) {
            const json_t *key = json_array_get(json_object_get(e, "keypoints"), k);

            assert_true(f[i].has_keys);
            for (size_t d = 0; d < 2; d++)
                check_near(name, &worst_coordinate, f[i].key[k][d],
                           json_number_value(json_array_get(key, d)));
        }
    }
}

static json_t *golden(const char *relative)
{
    json_error_t why;
    json_t *j = json_load_file(shared_path(relative), 0, &why);

    if (!j) fail_msg("%s: %s", relative, why.text);
    return j;
}

static void pictures_give_the_golden_detections(int model)
{
    json_t *all = golden("golden/face/detections_cpu.json"), *info;
    mw_face_detector *d;
    mw_face_net *net;
    const char *name;

    assert_ok(mw_face_net_load(&net, (mw_face_model)model, NULL, NULL));
    assert_ok(mw_face_detector_create(&d, net, 0.5, NULL));
    json_object_foreach(json_object_get(all, "images"), name, info)
    {
        const json_t *e = json_object_get(json_object_get(info, "models"), golden_name[model]);
        char path[256];
        const mw_face *faces;
        mw_frame f;
        size_t n;

        snprintf(path, sizeof path, "golden/face/%s", name);
        f = png_load(shared_path(path));
        assert_ok(mw_face_detect(d, &f, &faces, &n, NULL));
        check_detections(name, json_object_get(e, "detections"), faces, n);
        mw_frame_clear(&f);
    }
    print_message("# %s: worst coordinate %.2g, score %.2g\n", golden_name[model], worst_coordinate,
                  worst_score);
    mw_face_detector_destroy(&d);
    mw_face_net_destroy(&net);
    json_decref(all);
}

static void short_range_model_finds_the_golden_faces(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/face/detections_cpu.json");
    REQUIRE_MODEL(MW_FACE_SHORT);
    pictures_give_the_golden_detections(MW_FACE_SHORT);
}

static void full_range_model_finds_the_golden_faces(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/face/detections_cpu.json");
    REQUIRE_MODEL(MW_FACE_FULL);
    pictures_give_the_golden_detections(MW_FACE_FULL);
}

static void dense_full_range_model_finds_the_golden_faces(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/face/detections_cpu.json");
    REQUIRE_MODEL(MW_FACE_FULL_DENSE);
    pictures_give_the_golden_detections(MW_FACE_FULL_DENSE);
}

static void letterboxed_tensors_have_the_golden_checksums(void **state)
{
    static uint8_t bytes[192 * 192 * 3];
    json_t *all, *info;
    const char *name;

    (void)state;
    REQUIRE_SHARED("golden/face/detections_cpu.json");
    all = golden("golden/face/detections_cpu.json");
    json_object_foreach(json_object_get(all, "images"), name, info)
    {
        char path[256];
        mw_frame f;

        snprintf(path, sizeof path, "golden/face/%s", name);
        f = png_load(shared_path(path));
        for (int model = 0; model < MW_FACE_N_MODELS; model++) {
            const int side = mw_face_model_info[model].side;
            const json_t *e = json_object_get(json_object_get(info, "models"), golden_name[model]);
            mw_letterbox box = { 0 };
            char hex[16];

            assert_ok(mw_letterbox_prepare(&box, f.width, f.height, side, NULL));
            mw_letterbox_bytes(&box, &f, bytes);
            snprintf(hex, sizeof hex, "%08x", crc32_of(bytes, (size_t)(3 * side * side)));
            assert_string_equal(hex, json_string_value(json_object_get(e, "tensor_u8_crc32")));
            mw_letterbox_clear(&box);
        }
        mw_frame_clear(&f);
    }
    json_decref(all);
}

static mw_graph *load_graph(int model, mw_graph_engine engine, int inspect)
{
    mw_tflite *m = NULL;
    mw_graph *g;
    char *bytes;
    size_t n;

    assert_ok(mw_face_model_load(&bytes, &n, (mw_face_model)model, NULL, NULL));
    assert_ok(mw_tflite_parse(&m, bytes, n, "model", NULL));
    mw_free(bytes);
    assert_ok(mw_graph_compile(&g, &m, engine, inspect, NULL));
    return g;
}

/* The astronaut, letterboxed, as the network's input. */
static void fill_input(mw_graph_run *r, int side)
{
    mw_frame f = png_load(shared_path("golden/face/astronaut_512x512.png"));
    uint8_t *bytes = malloc((size_t)(3 * side * side));
    mw_letterbox box = { 0 };

    assert_ok(mw_letterbox_prepare(&box, f.width, f.height, side, NULL));
    mw_letterbox_bytes(&box, &f, bytes);
    mw_graph_input(r, bytes, 2.0f / 255.0f, -1.0f);
    free(bytes);
    mw_letterbox_clear(&box);
    mw_frame_clear(&f);
}

static double absolute_maximum(const float *v, size_t n)
{
    double m = 0;

    for (size_t i = 0; i < n; i++)
        m = fmax(m, fabs((double)v[i]));
    return m;
}

/* Values of one tensor against the recorded statistics, 1e-4 of the layer's maximum. */
static void check_layer(const json_t *e, const mw_tfl_tensor *t, const float *v)
{
    const double top = json_number_value(json_object_get(e, "absmax")), tol = 1e-4 * top + 1e-6;
    const json_t *first = json_object_get(e, "first");
    double sum = 0;

    for (size_t i = 0; i < t->n; i++)
        sum += (double)v[i];
    if (fabs(absolute_maximum(v, t->n) - top) > tol ||
        fabs(sum / (double)t->n - json_number_value(json_object_get(e, "mean"))) > tol ||
        fabs((double)v[t->n - 1] - json_number_value(json_object_get(e, "last"))) > tol)
        fail_msg("operator %lld (%s) differs",
                 (long long)json_integer_value(json_object_get(e, "op")),
                 json_string_value(json_object_get(e, "kind")));
    for (size_t i = 0; i < json_array_size(first); i++)
        assert_true(fabs((double)v[i] - json_number_value(json_array_get(first, i))) <= tol);
}

/* Both engines: the plain one operator by operator, oneDNN wherever a tensor was not folded away.
 */
static void layers_agree(int model, mw_graph_engine engine)
{
    json_t *all = golden("golden/face/layers_astronaut.json"), *list, *e;
    mw_graph *g = load_graph(model, engine, 1);
    mw_graph_run *r;
    size_t i, n_compared = 0;

    assert_ok(mw_graph_run_create(&r, g, NULL));
    fill_input(r, mw_face_model_info[model].side);
    assert_ok(mw_graph_execute(r, NULL));
    list = json_object_get(json_object_get(all, "models"), golden_name[model]);
    json_array_foreach(list, i, e)
    {
        const size_t t = (size_t)json_integer_value(json_object_get(e, "tensor"));
        float *v = calloc(mw_graph_model(g)->tensor[t].n, sizeof *v);

        if (!mw_graph_copy(r, t, v)) {
            n_compared++;
            check_layer(e, &mw_graph_model(g)->tensor[t], v);
        }
        free(v);
    }
    print_message("# %s: %zu of %zu layers compared\n", golden_name[model], n_compared,
                  json_array_size(list));
    assert_true(n_compared > json_array_size(list) / 4);
    if (engine == MW_GRAPH_PLAIN) assert_int_equal(n_compared, json_array_size(list));
    mw_graph_run_destroy(&r);
    mw_graph_destroy(&g);
    json_decref(all);
}

static void every_layer_of_every_model_agrees(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/face/layers_astronaut.json");
    for (int model = 0; model < MW_FACE_N_MODELS; model++) {
        REQUIRE_MODEL((mw_face_model)model);
        layers_agree(model, MW_GRAPH_PLAIN);
        layers_agree(model, MW_GRAPH_DNNL);
        layers_agree(model, MW_GRAPH_PLANAR);
    }
}

/* Tolerances of the specification: logits 1e-4 + 2e-5 |v|, regressors 1e-3. */
static void check_candidates(const json_t *list, const float *regressors, const float *logits)
{
    json_t *c;
    size_t i;

    json_array_foreach(list, i, c)
    {
        const size_t a = (size_t)json_integer_value(json_object_get(c, "anchor"));
        const double logit = json_number_value(json_object_get(c, "logit"));

        keep_worst(&worst_logit, (double)logits[a], logit);
        assert_true(fabs((double)logits[a] - logit) <= 1e-4 + 2e-5 * fabs(logit));
        for (size_t k = 0; k < MW_FACE_VALUES; k++) {
            const double v = json_number_value(json_array_get(json_object_get(c, "regressors"), k));

            keep_worst(&worst_regressor, (double)regressors[a * MW_FACE_VALUES + k], v);
            assert_true(fabs((double)regressors[a * MW_FACE_VALUES + k] - v) <= 1e-3);
        }
    }
}

static void raw_outputs_agree_with_litert(void **state)
{
    (void)state;
    REQUIRE_SHARED("golden/face/detections_cpu.json");
    for (int model = 0; model < MW_FACE_N_MODELS; model++) {
        json_t *all;
        const json_t *e;
        mw_graph_run *r;
        mw_graph *g;

        REQUIRE_MODEL((mw_face_model)model);
        all = golden("golden/face/detections_cpu.json");
        e = json_object_get(json_object_get(all, "images"), "astronaut_512x512.png");
        e = json_object_get(json_object_get(e, "models"), golden_name[model]);
        g = load_graph(model, MW_GRAPH_DNNL, 0);
        assert_ok(mw_graph_run_create(&r, g, NULL));
        fill_input(r, mw_face_model_info[model].side);
        assert_ok(mw_graph_execute(r, NULL));
        assert_true(json_array_size(json_object_get(e, "candidates")) > 0);
        check_candidates(json_object_get(e, "candidates"), mw_graph_output(r, 0),
                         mw_graph_output(r, 1));
        mw_graph_run_destroy(&r);
        mw_graph_destroy(&g);
        json_decref(all);
    }
    print_message("# worst logit %.2g, regressor %.2g\n", worst_logit, worst_regressor);
}

/* The astronaut enlarged four times in the middle of a 4K frame: the same face, in its place. */
static void a_4k_frame_gives_the_face_in_its_place(void **state)
{
    mw_frame small, large;
    mw_face_detector *d;
    const mw_face *f;
    mw_face_net *net;
    size_t n;

    (void)state;
    REQUIRE_SHARED("golden/face/astronaut_512x512.png");
    REQUIRE_MODEL(MW_FACE_FULL);
    small = png_load(shared_path("golden/face/astronaut_512x512.png"));
    assert_ok(mw_frame_alloc(&large, MW_PIX_RGB24, 3840, 2160, NULL));
    for (int y = 0; y < 2048; y++)
        for (int x = 0; x < 2048; x++)
            memcpy(large.plane[0] + (y + 56) * large.stride[0] + 3 * (x + 896),
                   small.plane[0] + y / 4 * small.stride[0] + 3 * (x / 4), 3);
    assert_ok(mw_face_net_load(&net, MW_FACE_FULL, NULL, NULL));
    assert_ok(mw_face_detector_create(&d, net, 0, NULL));
    assert_ok(mw_face_detect(d, &large, &f, &n, NULL));
    assert_int_equal(n, 1);
    /* The golden box of the small picture is 0.347 0.162 0.186 0.186; allow 15 % of its side. */
    assert_true(fabs(f->x * 3840 - (896 + 0.347 * 2048)) < 60);
    assert_true(fabs(f->y * 2160 - (56 + 0.162 * 2048)) < 60);
    assert_true(fabs(f->w * 3840 - 0.186 * 2048) < 60);
    /* and a small frame right after it, with the tables of another size */
    assert_ok(mw_face_detect(d, &small, &f, &n, NULL));
    assert_int_equal(n, 1);
    assert_true(fabs(f->x - 0.347) < 0.03);
    mw_face_detector_destroy(&d);
    mw_face_net_destroy(&net);
    mw_frame_clear(&small);
    mw_frame_clear(&large);
}

static void frames_of_other_formats_and_thresholds_are_refused(void **state)
{
    mw_face_detector *d;
    const mw_face *f;
    mw_face_net *net;
    mw_frame gray;
    mw_error err;
    size_t n;

    (void)state;
    REQUIRE_MODEL(MW_FACE_SHORT);
    assert_ok(mw_face_net_load(&net, MW_FACE_SHORT, NULL, NULL));
    assert_int_equal(mw_face_detector_create(&d, net, 1.5, &err), MW_ERR_RANGE);
    assert_int_equal(mw_face_detector_create(&d, net, (double)NAN, &err), MW_ERR_RANGE);
    assert_null(d);
    assert_ok(mw_face_detector_create(&d, net, 0, NULL));
    assert_true(mw_face_detector_threshold(d) == 0.5);
    assert_ok(mw_frame_alloc(&gray, MW_PIX_GRAY8, 64, 64, NULL));
    assert_int_equal(mw_face_detect(d, &gray, &f, &n, &err), MW_ERR_ARG);
    assert_int_equal(n, 0);
    mw_frame_clear(&gray);
    mw_face_detector_destroy(&d);
    mw_face_net_destroy(&net);
}

/* Detectors of several threads share one net. */
typedef struct share {
    mw_face_net *net;
    mw_frame frame;
    mw_face face[4];
} share;

static int detect_once(void *user, int worker, size_t item)
{
    share *s = user;
    mw_face_detector *d = NULL;
    const mw_face *f;
    size_t n = 0;

    (void)worker;
    if (!mw_face_detector_create(&d, s->net, 0, NULL) &&
        !mw_face_detect(d, &s->frame, &f, &n, NULL) && n == 1)
        s->face[item] = *f;
    mw_face_detector_destroy(&d);
    return 0;
}

static void threads_share_a_net_and_find_the_same(void **state)
{
    share s = { 0 };

    (void)state;
    REQUIRE_SHARED("golden/face/astronaut_512x512.png");
    REQUIRE_MODEL(MW_FACE_FULL);
    s.frame = png_load(shared_path("golden/face/astronaut_512x512.png"));
    assert_ok(mw_face_net_load(&s.net, MW_FACE_FULL, NULL, NULL));
    assert_ok(mw_pool_run(4, 4, detect_once, &s, NULL));
    assert_true(s.face[0].score > 0.6);
    for (int i = 1; i < 4; i++)
        assert_memory_equal(&s.face[i], &s.face[0], sizeof s.face[0]);
    mw_frame_clear(&s.frame);
    mw_face_net_destroy(&s.net);
}

/* ---- real clips ---- */

#define CLIPS     "samples/mosi/video/_dI--eQ6qVU"
#define LANDMARKS "samples/mosi/mediapipe_landmark/_dI--eQ6qVU"

static double overlap(const mw_face *a, const mw_face *b)
{
    const double w = fmin(a->x + a->w, b->x + b->w) - fmax(a->x, b->x);
    const double h = fmin(a->y + a->h, b->y + b->h) - fmax(a->y, b->y);

    return w > 0 && h > 0 ? w * h / (a->w * a->h + b->w * b->h - w * h) : 0;
}

typedef struct agreement {
    size_t n_frames;
    double worst_iou, worst_coordinate;
} agreement;

static void compare_clip(mw_face_detector *d, const char *stem, agreement *a)
{
    char path[512];
    mw_track stored;
    clip *c;
    const mw_frame *f;
    size_t t = 0;

    snprintf(path, sizeof path, LANDMARKS "/%s.pkl", stem);
    assert_ok(mw_pickle_read_track(&stored, shared_path(path), 30, NULL));
    snprintf(path, sizeof path, CLIPS "/%s.mp4", stem);
    c = clip_open(shared_path(path));
    for (; (f = clip_next(c)); t++) {
        const mw_face *got, *expected;
        size_t n, n_expected;

        assert_true(t < stored.n_frames);
        expected = mw_track_faces(&stored, t, &n_expected);
        assert_ok(mw_face_detect(d, f, &got, &n, NULL));
        if (n != n_expected)
            fail_msg("clip %s frame %zu: %zu faces, stored %zu", stem, t, n, n_expected);
        for (size_t i = 0; i < n; i++) {
            a->worst_iou = fmin(a->worst_iou, overlap(&got[i], &expected[i]));
            keep_worst(&a->worst_coordinate, got[i].x, expected[i].x);
            keep_worst(&a->worst_coordinate, got[i].y, expected[i].y);
            keep_worst(&a->worst_coordinate, got[i].w, expected[i].w);
            keep_worst(&a->worst_coordinate, got[i].h, expected[i].h);
        }
    }
    assert_int_equal(t, stored.n_frames);
    a->n_frames += t;
    clip_close(c);
    mw_track_clear(&stored);
}

static void real_clips_give_the_stored_mediapipe_boxes(void **state)
{
    agreement a = { .worst_iou = 1 };
    mw_face_detector *d;
    mw_face_net *net;
    struct dirent *entry;
    int n_clips = 0;
    DIR *dir;

    (void)state;
    REQUIRE_SHARED(LANDMARKS);
    REQUIRE_MODEL(MW_FACE_FULL);
    assert_ok(mw_face_net_load(&net, MW_FACE_FULL, NULL, NULL));
    assert_ok(mw_face_detector_create(&d, net, 0, NULL));
    dir = opendir(shared_path(LANDMARKS));
    while ((entry = readdir(dir))) {
        char stem[64];

        if (!strstr(entry->d_name, ".pkl")) continue;
        snprintf(stem, sizeof stem, "%.*s", (int)strcspn(entry->d_name, "."), entry->d_name);
        compare_clip(d, stem, &a);
        n_clips++;
    }
    closedir(dir);
    print_message("# %d clips, %zu frames: worst IoU 1 - %.3g, worst coordinate difference %.3g\n",
                  n_clips, a.n_frames, 1 - a.worst_iou, a.worst_coordinate);
    assert_int_equal(n_clips, 28);
    assert_true(a.worst_iou > 0.9999);
    assert_true(a.worst_coordinate < 1e-5);
    mw_face_detector_destroy(&d);
    mw_face_net_destroy(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letterboxed_tensors_have_the_golden_checksums),
        cmocka_unit_test(every_layer_of_every_model_agrees),
        cmocka_unit_test(raw_outputs_agree_with_litert),
        cmocka_unit_test(short_range_model_finds_the_golden_faces),
        cmocka_unit_test(full_range_model_finds_the_golden_faces),
        cmocka_unit_test(dense_full_range_model_finds_the_golden_faces),
        cmocka_unit_test(a_4k_frame_gives_the_face_in_its_place),
        cmocka_unit_test(frames_of_other_formats_and_thresholds_are_refused),
        cmocka_unit_test(threads_share_a_net_and_find_the_same),
        cmocka_unit_test(real_clips_give_the_stored_mediapipe_boxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
