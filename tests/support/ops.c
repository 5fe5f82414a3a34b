/* SPDX-License-Identifier: Apache-2.0 */
#include "support/ops.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "corrupt/audio/additive.h"
#include "corrupt/visual/drawn_occluders.h"
#include "corrupt/visual/occlusion.h"
#include "support/sounds.h"
#include "support/support.h"

const mw_noise_file ops_files[] = {
    { "birds.wav", MW_NOISE_NOISE, 100000 },     { "music/long.wav", MW_NOISE_MUSIC, 60000 },
    { "music/short.wav", MW_NOISE_MUSIC, 5000 }, { "speech/a.wav", MW_NOISE_SPEECH, 90000 },
    { "speech/b.wav", MW_NOISE_SPEECH, 3000 },   { "speech/c.wav", MW_NOISE_SPEECH, OPS_N },
    { "speech/d.wav", MW_NOISE_SPEECH, 200000 },
};
const size_t ops_n_files = sizeof ops_files / sizeof *ops_files;

#define OPS_WIDTH  45
#define OPS_HEIGHT 31
#define OPS_FRAMES 9

static const mw_occluder ops_occluders[] = {
    { "drawn/hand-0", NULL, MW_OCCLUDER_HAND },
    { "drawn/object-cup", NULL, MW_OCCLUDER_OBJECT },
    { "drawn/texture-dots", NULL, MW_OCCLUDER_TEXTURE },
};

/* A face that drifts, and is missing in the last frame. */
static void fill_faces(mw_track *t)
{
    for (int i = 0; i < OPS_FRAMES; i++) {
        const mw_face f = { .x = 0.2 + 0.02 * i, .y = 0.25, .w = 0.4, .h = 0.5, .score = 0.9 };

        assert_ok(mw_track_add(t, i / 30.0, &f, i < OPS_FRAMES - 1, NULL));
    }
}

mw_status ops_read(void *user, const char *path, int64_t offset, double crossfade_s, float *z,
                   int64_t n, mw_error *err)
{
    mw_rng r = mw_rng_from_key((uint64_t)offset * 31 + strlen(path));

    (void)user;
    (void)crossfade_s;
    (void)err;
    for (int64_t i = 0; i < n; i++)
        z[i] = (float)mw_rng_uniform(&r, -0.2, 0.2);
    return MW_OK;
}

void *ops_options(const mw_op *op, int preset)
{
    void *o = calloc(1, op->options_size);

    assert_ok(mw_opt_defaults(op->info.options, o, preset, NULL));
    return o;
}

void ops_free(const mw_opt *table, void *values)
{
    mw_opt_clear(table, values);
    free(values);
}

mw_status ops_draw_failing(const mw_op *op, const void *options, uint64_t seed, long fail_at,
                           void *decision, mw_error *err)
{
    static const int64_t start[] = { 1, 4, 7 }, count[] = { 2, 1, 2 };
    mw_track faces = { .n_frames = 0 };
    const mw_draw_info info = { .n = OPS_N,
                                .width = OPS_WIDTH,
                                .height = OPS_HEIGHT,
                                .faces = &faces,
                                .occluders = ops_occluders,
                                .n_occluders = sizeof ops_occluders / sizeof *ops_occluders,
                                .rate_hz = OPS_RATE_HZ,
                                .files = ops_files,
                                .n_files = ops_n_files,
                                .start_frames = start,
                                .n_frames = count,
                                .n_stretches = 3 };
    const mw_clip_key key = mw_clip_key_make(seed, "clip");
    mw_status st;

    fill_faces(&faces);
    mw_mem_fail_at(fail_at);
    st = op->draw(options, &info, &key, "", 0, decision, err);
    mw_mem_fail_at(0);
    mw_track_clear(&faces);
    return st;
}

void *ops_draw(const mw_op *op, const void *options, uint64_t seed)
{
    void *d = calloc(1, op->decision_size);
    mw_error err;

    if (ops_draw_failing(op, options, seed, 0, d, &err) != MW_OK)
        fail_msg("%s: %s", op->info.name, err.message);
    return d;
}

char *ops_text(const mw_opt *table, const void *values)
{
    mw_str pretty = { 0 }, line = { 0 };
    mw_json j = mw_json_begin(&pretty);
    char *text;

    mw_json_struct(&j, table, values, 0);
    assert_ok(mw_str_ok(&pretty, NULL));
    mw_json_compact(&line, pretty.data, pretty.n);
    text = strdup(line.data);
    mw_str_clear(&pretty);
    mw_str_clear(&line);
    return text;
}

static mw_status apply_audio(const mw_op *op, const void *options, const void *decision,
                             mw_sha256 *h, int *identical)
{
    float *x = calloc(4 * OPS_N, sizeof *x), *z = x + OPS_N, *y = z + OPS_N, *scratch = y + OPS_N;
    void *state = NULL, *result = calloc(1, op->result_size);
    mw_status st;

    fill_speech(x, OPS_N, OPS_RATE_HZ, 1);
    st = mw_additive_noise(options, decision, OPS_RATE_HZ, ops_read, NULL, z, scratch, OPS_N, NULL);
    if (st == MW_OK)
        st = op->audio->open(&state, options, decision, x, z, OPS_N, OPS_RATE_HZ, NULL);
    for (int snr = -5; st == MW_OK && snr <= 15; snr += 10) {
        st = op->audio->apply(state, snr, y, result, NULL);
        mw_sha256_update(h, y, OPS_N * sizeof *y);
        mw_sha256_update(h, result, op->result_size);
        if (memcmp(x, y, OPS_N * sizeof *y)) *identical = 0;
    }
    if (state) op->audio->close(state);
    free(result);
    free(x);
    return st;
}

static void fill_picture(mw_frame *f, int64_t t)
{
    mw_rng r = mw_rng_from_key((uint64_t)t + 100);

    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < 3 * f->width; x++)
            f->plane[0][y * f->stride[0] + x] = (uint8_t)mw_rng_u32(&r);
}

static mw_status apply_visual(const mw_op *op, const void *options, const void *decision,
                              mw_sha256 *h, int *identical)
{
    static const int64_t frames[][2] = { { 0, 1 }, { 0, 2 }, { 1, 4 }, { 2, 7 }, { 2, 8 } };
    mw_frame src = { 0 }, dst = { 0 };
    mw_patch patch = { 0 };
    mw_visual_input in = { .width = OPS_WIDTH, .height = OPS_HEIGHT };
    void *state = NULL;
    mw_status st = mw_frame_alloc(&src, MW_PIX_RGB24, OPS_WIDTH, OPS_HEIGHT, NULL);

    if (st == MW_OK) st = mw_frame_alloc(&dst, MW_PIX_RGB24, OPS_WIDTH, OPS_HEIGHT, NULL);
    if (st == MW_OK && op->visual->occluder) {
        mw_occluder o;

        op->visual->occluder(decision, &o);
        st = mw_drawn_occluder(&patch, (size_t)mw_drawn_occluder_find(o.image), NULL);
        in.patch = &patch;
    }
    if (st == MW_OK) st = op->visual->open(&state, options, decision, &in, NULL);
    for (size_t i = 0; st == MW_OK && i < sizeof frames / sizeof *frames; i++) {
        fill_picture(&src, frames[i][1]);
        op->visual->apply(state, (size_t)frames[i][0], frames[i][1], &src, &dst);
        for (int y = 0; y < OPS_HEIGHT; y++) {
            const uint8_t *p = dst.plane[0] + y * dst.stride[0];

            mw_sha256_update(h, p, 3 * OPS_WIDTH);
            if (memcmp(p, src.plane[0] + y * src.stride[0], 3 * OPS_WIDTH)) *identical = 0;
        }
    }
    if (state) op->visual->close(state);
    mw_patch_clear(&patch);
    mw_frame_clear(&src);
    mw_frame_clear(&dst);
    return st;
}

mw_status ops_apply(const mw_op *op, const void *options, const void *decision, char hex[65],
                    int *identical)
{
    uint8_t digest[MW_SHA256_BYTES];
    int same = 1;
    mw_sha256 h;
    mw_status st;

    mw_sha256_init(&h);
    st = op->audio ? apply_audio(op, options, decision, &h, &same)
                   : apply_visual(op, options, decision, &h, &same);
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
    if (identical) *identical = same;
    return st;
}
