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

static void mark_frames(const mw_segment *s, type_list *types, size_t n_frames,
                        double face_width_px, uint8_t *type, float *var, float *sigma, float *rel)
{
    const uint8_t index = type_index(types, s->type);
    const double noise_var = severity_of(s, "noise_var"),
                 blur_sigma = severity_of(s, "blur_sigma_px");
    const double sigma_face = blur_sigma / face_width_px;

    for (int64_t i = s->i0; i < s->i1 && i < (int64_t)n_frames; i++) {
        type[i] = index;
        var[i] += (float)noise_var;
        if (blur_sigma > 0)
            sigma[i] = (float)sqrt((double)sigma[i] * sigma[i] + blur_sigma * blur_sigma);
        rel[i] *= (float)(exp(-sigma_face / 0.02) / (1 + noise_var / 0.01));
    }
}

mw_status mw_track_video(mw_npz *z, const mw_segments *const *segments, size_t n_lists,
                         const double *times_s, size_t n_frames, double face_width_px,
                         mw_error *err)
{
    type_list types = { .name = { "clean" }, .n = 1 };
    float *f = mw_calloc(5 * n_frames, sizeof *f);
    float *var = f, *sigma = var + n_frames, *rel = sigma + n_frames, *cov_face = rel + n_frames;
    float *cov_frame = cov_face + n_frames;
    uint8_t *type = mw_calloc(n_frames, sizeof *type);

    if (!f || !type) {
        mw_free(f);
        mw_free(type);
        return mw_fail_nomem(err);
    }
    for (size_t i = 0; i < n_frames; i++)
        rel[i] = 1;
    for (size_t k = 0; k < n_lists; k++)
        for (size_t i = 0; i < segments[k]->n; i++)
            mark_frames(&segments[k]->v[i], &types, n_frames, face_width_px, type, var, sigma, rel);
    mw_npz_put(z, "v_t", "<f8", &n_frames, 1, times_s, n_frames * sizeof *times_s);
    mw_npz_put(z, "v_type", "|u1", &n_frames, 1, type, n_frames);
    mw_npz_put(z, "v_cov_face", "<f4", &n_frames, 1, cov_face, n_frames * sizeof *f);
    mw_npz_put(z, "v_cov_frame", "<f4", &n_frames, 1, cov_frame, n_frames * sizeof *f);
    mw_npz_put(z, "v_noise_var", "<f4", &n_frames, 1, var, n_frames * sizeof *f);
    mw_npz_put(z, "v_blur_sigma", "<f4", &n_frames, 1, sigma, n_frames * sizeof *f);
    mw_npz_put(z, "v_rel", "<f4", &n_frames, 1, rel, n_frames * sizeof *f);
    mw_npz_put_texts(z, "types", types.name, types.n);
    mw_free(f);
    mw_free(type);
    return mw_npz_finish(z, err);
}
