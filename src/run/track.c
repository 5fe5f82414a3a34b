/* SPDX-License-Identifier: Apache-2.0 */
#include "run/track.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "dsp/level.h"

#define WINDOW_HOPS_X2 5 /* the window is 2.5 hops long */
#define MAX_TYPES      16

size_t mw_track_n_frames(int64_t n, int rate_hz)
{
    const int64_t hop = (int64_t)(MW_TRACK_HOP_S * rate_hz);

    return (size_t)((n + hop - 1) / hop);
}

void mw_track_power(double *power, const float *x, int64_t n, int rate_hz)
{
    const int64_t half_hop = (int64_t)(MW_TRACK_HOP_S * rate_hz) / 2;
    const size_t n_frames = mw_track_n_frames(n, rate_hz);
    double ring[WINDOW_HOPS_X2] = { 0 };
    int64_t next = 0; /* half-hop blocks summed so far */

    for (size_t i = 0; i < n_frames; i++) {
        const int64_t first = 2 * (int64_t)i, start = first * half_hop;
        int64_t end = start + WINDOW_HOPS_X2 * half_hop;
        double sum = 0;

        for (; next < first + WINDOW_HOPS_X2; next++) {
            const int64_t at = next * half_hop, left = n - at;

            ring[next % WINDOW_HOPS_X2] =
                left > 0 ? mw_energy(x + at, (size_t)(left < half_hop ? left : half_hop)) : 0;
        }
        for (int64_t k = first; k < first + WINDOW_HOPS_X2; k++)
            sum += ring[k % WINDOW_HOPS_X2];
        if (end > n) end = n;
        power[i] = sum / (double)(end - start);
    }
}

/* Names of the types met, index 0 = clean. */
typedef struct type_list {
    const char *name[MAX_TYPES];
    size_t n;
} type_list;

static uint8_t type_index(type_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->name[i], name)) return (uint8_t)i;
    if (list->n == MAX_TYPES) return 0;
    list->name[list->n] = name;
    return (uint8_t)list->n++;
}

static float to_db(double power)
{
    return power > 0 ? (float)(10 * log10(power)) : -INFINITY;
}

/* Default target of the reliability of sound at a local ratio: half at 5 dB. */
static float audio_reliability(double snr_db)
{
    return (float)(1 / (1 + exp(-(snr_db - 5) / 5)));
}

static mw_status put_audio(mw_npz *z, const mw_track_audio_in *in, type_list *types, mw_error *err)
{
    const size_t n = mw_track_n_frames(in->n, in->rate_hz);
    const int64_t hop = (int64_t)(MW_TRACK_HOP_S * in->rate_hz);
    const mw_segments *segments = in->segments;
    double *t = mw_calloc(n, sizeof *t);
    float *f = mw_calloc(4 * n, sizeof *f);
    float *x_db = NULL, *z_db = NULL, *snr_db = NULL, *rel = NULL;
    uint8_t *type = mw_calloc(n, sizeof *type);
    const int ok = t && f && type;
    size_t k = 0;

    if (ok) {
        x_db = f;
        z_db = f + n;
        snr_db = f + 2 * n;
        rel = f + 3 * n;
    }
    for (size_t i = 0; ok && i < n; i++) {
        const int64_t middle = (int64_t)i * hop + hop / 2;
        const double speech = in->speech[i], noise = in->noise[i];

        t[i] = (double)((int64_t)i * hop) / in->rate_hz + in->start_s;
        while (k + 1 < segments->n && segments->v[k].i1 <= middle)
            k++;
        if (k < segments->n && segments->v[k].i0 <= middle)
            type[i] = type_index(types, segments->v[k].type);
        x_db[i] = to_db(speech * in->speech_gain * in->speech_gain);
        z_db[i] = to_db(noise * in->noise_gain * in->noise_gain);
        snr_db[i] = noise > 0 ? speech > 0 ? x_db[i] - z_db[i] : -INFINITY : INFINITY;
        rel[i] = audio_reliability(snr_db[i]);
    }
    if (ok) {
        mw_npz_put(z, "a_t", "<f8", &n, 1, t, n * sizeof *t);
        mw_npz_put(z, "a_type", "|u1", &n, 1, type, n);
        mw_npz_put(z, "a_speech_db", "<f4", &n, 1, x_db, n * sizeof *f);
        mw_npz_put(z, "a_noise_db", "<f4", &n, 1, z_db, n * sizeof *f);
        mw_npz_put(z, "a_snr_db", "<f4", &n, 1, snr_db, n * sizeof *f);
        mw_npz_put(z, "a_rel", "<f4", &n, 1, rel, n * sizeof *f);
    }
    mw_free(t);
    mw_free(f);
    mw_free(type);
    return ok ? MW_OK : mw_fail_nomem(err);
}

static double severity_of(const mw_segment *s, const char *name)
{
    for (size_t i = 0; i < s->n_severities; i++)
        if (!strcmp(s->severity[i].name, name)) return s->severity[i].value;
    return 0;
}

/* Columns of a video track. */
typedef struct video_columns {
    uint8_t *type;
    float *var, *sigma, *rel, *score;
    float *box;                    /* [n_frames][4] */
    float (*key)[MW_FACE_KEYS][2]; /* [n_frames]; NULL: no frame has any */
} video_columns;

/* What a blur is compared with: the face's width, or a third of the picture's height where no face
 * is known. */
static double face_width_px(const mw_track_video_in *in, const video_columns *c, size_t t)
{
    const double w = in->faces->n_frames ? (double)c->box[4 * t + 2] * in->width : NAN;

    return w > 0 ? w : in->height / 3.0;
}

static void put_faces(const mw_track_video_in *in, video_columns *c)
{
    for (size_t t = 0; t < in->n_frames; t++) {
        size_t n = 0;
        const mw_face *f = t < in->faces->n_frames ? mw_track_faces(in->faces, t, &n) : NULL;
        const double box[4] = { n ? f->x : NAN, n ? f->y : NAN, n ? f->w : NAN, n ? f->h : NAN };

        for (int k = 0; k < 4; k++)
            c->box[4 * t + (size_t)k] = (float)box[k];
        c->score[t] = n ? (float)f->score : NAN;
        for (int k = 0; c->key && k < MW_FACE_KEYS; k++)
            for (int j = 0; j < 2; j++)
                c->key[t][k][j] = n && f->has_keys ? (float)f->key[k][j] : NAN;
    }
}

static int has_keys(const mw_track *faces)
{
    for (size_t i = 0; i < faces->n_faces; i++)
        if (faces->face[i].has_keys) return 1;
    return 0;
}

static void mark_frames(const mw_track_video_in *in, const mw_segment *s, type_list *types,
                        video_columns *c)
{
    const uint8_t index = type_index(types, s->type);
    const double noise_var = severity_of(s, "noise_var"), blur = severity_of(s, "blur_sigma_px");

    for (size_t t = (size_t)s->i0; t < (size_t)s->i1 && t < in->n_frames; t++) {
        c->type[t] = index;
        c->var[t] += (float)noise_var;
        if (blur > 0) c->sigma[t] = (float)sqrt((double)c->sigma[t] * c->sigma[t] + blur * blur);
        c->rel[t] *=
            (float)(exp(-blur / (0.02 * face_width_px(in, c, t))) / (1 + noise_var / 0.01));
    }
}

static void put_video_columns(mw_npz *z, const mw_track_video_in *in, const video_columns *c)
{
    const size_t n = in->n_frames, shape[2] = { n, 4 }, key_shape[3] = { n, MW_FACE_KEYS, 2 };

    mw_npz_put(z, "v_t", "<f8", &n, 1, in->times_s, n * sizeof *in->times_s);
    mw_npz_put(z, "v_type", "|u1", &n, 1, c->type, n);
    mw_npz_put(z, "v_cov_face", "<f4", &n, 1, in->cov_face, n * sizeof *in->cov_face);
    mw_npz_put(z, "v_cov_frame", "<f4", &n, 1, in->cov_frame, n * sizeof *in->cov_frame);
    mw_npz_put(z, "v_noise_var", "<f4", &n, 1, c->var, n * sizeof *c->var);
    mw_npz_put(z, "v_blur_sigma", "<f4", &n, 1, c->sigma, n * sizeof *c->sigma);
    mw_npz_put(z, "v_rel", "<f4", &n, 1, c->rel, n * sizeof *c->rel);
    if (in->faces->n_frames) {
        mw_npz_put(z, "v_face", "<f4", shape, 2, c->box, 4 * n * sizeof *c->box);
        mw_npz_put(z, "v_face_score", "<f4", &n, 1, c->score, n * sizeof *c->score);
        if (c->key) mw_npz_put(z, "v_face_keys", "<f4", key_shape, 3, c->key, n * sizeof *c->key);
    }
}

static mw_status put_video(mw_npz *z, const mw_track_video_in *in, type_list *types, mw_error *err)
{
    const size_t n = in->n_frames;
    float *f = mw_calloc(8 * n, sizeof *f);
    const int keys = has_keys(in->faces);
    video_columns c = { .type = mw_calloc(n, 1), .key = keys ? mw_calloc(n, sizeof *c.key) : NULL };
    const int ok = f && c.type && (c.key || !keys);

    if (ok) {
        c.var = f;
        c.sigma = f + n;
        c.rel = f + 2 * n;
        c.score = f + 3 * n;
        c.box = f + 4 * n;
        put_faces(in, &c);
        for (size_t t = 0; t < n; t++)
            c.rel[t] = isnan(in->cov_face[t]) ? 1 : 1 - in->cov_face[t];
        for (size_t k = 0; k < in->n_lists; k++)
            for (size_t i = 0; i < in->segments[k]->n; i++)
                mark_frames(in, &in->segments[k]->v[i], types, &c);
        put_video_columns(z, in, &c);
    }
    mw_free(f);
    mw_free(c.type);
    mw_free(c.key);
    return ok ? MW_OK : mw_fail_nomem(err);
}

mw_status mw_track_make(mw_npz *z, const mw_track_audio_in *audio, const mw_track_video_in *video,
                        mw_error *err)
{
    type_list types = { .name = { "clean" }, .n = 1 };
    mw_status st = MW_OK;

    if (audio) st = put_audio(z, audio, &types, err);
    if (st == MW_OK && video) st = put_video(z, video, &types, err);
    if (st != MW_OK) return st;
    mw_npz_put_texts(z, "types", types.name, types.n);
    return mw_npz_finish(z, err);
}
