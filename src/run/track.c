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

mw_status mw_track_audio(mw_npz *z, const mw_segments *segments, const double *speech,
                         const double *noise, double speech_gain, double noise_gain, int64_t n,
                         int rate_hz, mw_error *err)
{
    const size_t n_frames = mw_track_n_frames(n, rate_hz);
    const int64_t hop = (int64_t)(MW_TRACK_HOP_S * rate_hz);
    type_list types = { .name = { "clean" }, .n = 1 };
    double *t = mw_calloc(n_frames, sizeof *t);
    float *f = mw_calloc(4 * n_frames, sizeof *f);
    float *x_db = f, *z_db = x_db + n_frames, *snr_db = z_db + n_frames, *rel = snr_db + n_frames;
    uint8_t *type = mw_calloc(n_frames, sizeof *type);
    size_t k = 0;

    if (!t || !f || !type) {
        mw_free(t);
        mw_free(f);
        mw_free(type);
        return mw_fail_nomem(err);
    }
    for (size_t i = 0; i < n_frames; i++) {
        const int64_t middle = (int64_t)i * hop + hop / 2;

        t[i] = (double)((int64_t)i * hop) / rate_hz;
        while (k + 1 < segments->n && segments->v[k].i1 <= middle)
            k++;
        if (k < segments->n && segments->v[k].i0 <= middle)
            type[i] = type_index(&types, segments->v[k].type);
        x_db[i] = to_db(speech[i] * speech_gain * speech_gain);
        z_db[i] = to_db(noise[i] * noise_gain * noise_gain);
        snr_db[i] = noise[i] > 0 ? speech[i] > 0 ? x_db[i] - z_db[i] : -INFINITY : INFINITY;
        rel[i] = audio_reliability(snr_db[i]);
    }
    mw_npz_put(z, "a_t", "<f8", &n_frames, 1, t, n_frames * sizeof *t);
    mw_npz_put(z, "a_type", "|u1", &n_frames, 1, type, n_frames);
    mw_npz_put(z, "a_speech_db", "<f4", &n_frames, 1, x_db, n_frames * sizeof *f);
    mw_npz_put(z, "a_noise_db", "<f4", &n_frames, 1, z_db, n_frames * sizeof *f);
    mw_npz_put(z, "a_snr_db", "<f4", &n_frames, 1, snr_db, n_frames * sizeof *f);
    mw_npz_put(z, "a_rel", "<f4", &n_frames, 1, rel, n_frames * sizeof *f);
    mw_npz_put_texts(z, "types", types.name, types.n);
    mw_free(t);
    mw_free(f);
    mw_free(type);
    return mw_npz_finish(z, err);
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
    float *box; /* [n_frames][4] */
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
    }
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
    const size_t n = in->n_frames, shape[2] = { n, 4 };

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
    }
}

mw_status mw_track_video(mw_npz *z, const mw_track_video_in *in, mw_error *err)
{
    type_list types = { .name = { "clean" }, .n = 1 };
    const size_t n = in->n_frames;
    float *f = mw_calloc(8 * n, sizeof *f);
    video_columns c = { .type = mw_calloc(n, 1),
                        .var = f,
                        .sigma = f + n,
                        .rel = f + 2 * n,
                        .score = f + 3 * n,
                        .box = f + 4 * n };
    mw_status st;

    if (f && c.type) {
        put_faces(in, &c);
        for (size_t t = 0; t < n; t++)
            c.rel[t] = isnan(in->cov_face[t]) ? 1 : 1 - in->cov_face[t];
        for (size_t k = 0; k < in->n_lists; k++)
            for (size_t i = 0; i < in->segments[k]->n; i++)
                mark_frames(in, &in->segments[k]->v[i], &types, &c);
        put_video_columns(z, in, &c);
        mw_npz_put_texts(z, "types", types.name, types.n);
        st = mw_npz_finish(z, err);
    } else {
        st = mw_fail_nomem(err);
    }
    mw_free(f);
    mw_free(c.type);
    return st;
}
