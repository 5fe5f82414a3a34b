/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/resample.h"

#include <math.h>
#include <string.h>

#include <soxr.h>

#include "base/error.h"
#include "base/mem.h"

size_t mw_resample_length(size_t n, int in_hz, int out_hz)
{
    return (size_t)ceil((double)n * ((double)out_hz / (double)in_hz));
}

struct mw_resampler {
    soxr_t soxr;
    int in_hz, out_hz;
    size_t n_in, n_out;
    int drained; /* libsoxr has given all it has */
};

mw_status mw_resampler_open(mw_resampler **out, int in_hz, int out_hz, mw_error *err)
{
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    mw_resampler *r;
    soxr_error_t problem;
    mw_status st;

    *out = NULL;
    if (in_hz < 1000 || in_hz > 768000 || out_hz < 1000 || out_hz > 768000)
        return mw_fail(err, MW_ERR_RANGE, "bad_rate",
                       "sample rates %d -> %d Hz; 1000..768000 are supported", in_hz, out_hz);
    r = mw_calloc(1, sizeof *r);
    if (!r) return mw_fail_nomem(err);
    r->in_hz = in_hz;
    r->out_hz = out_hz;
    r->soxr = soxr_create(in_hz, out_hz, 1, &problem, &io, &quality, &runtime);
    if (!r->soxr) {
        st = mw_fail(err, MW_ERR_NOMEM, "out_of_memory", "libsoxr: %s", soxr_strerror(problem));
        mw_resampler_close(&r);
        return st;
    }
    *out = r;
    return MW_OK;
}

void mw_resampler_close(mw_resampler **r)
{
    if (!*r) return;
    if ((*r)->soxr) soxr_delete((*r)->soxr);
    mw_free(*r);
    *r = NULL;
}

/* What libsoxr holds back, then zeros up to the promised length. */
static soxr_error_t drain(mw_resampler *r, float *y, size_t room, size_t *n_made)
{
    const size_t total = mw_resample_length(r->n_in, r->in_hz, r->out_hz);
    const size_t left = r->n_out < total ? total - r->n_out : 0, most = left < room ? left : room;
    soxr_error_t problem = NULL;

    if (most && !r->drained) {
        problem = soxr_process(r->soxr, NULL, 0, NULL, y, most, n_made);
        if (*n_made) return problem;
        r->drained = 1;
    }
    memset(y, 0, most * sizeof *y);
    *n_made = most;
    return problem;
}

mw_status mw_resampler_run(mw_resampler *r, const float *x, size_t n, size_t *n_used, float *y,
                           size_t room, size_t *n_made, mw_error *err)
{
    soxr_error_t problem;

    *n_made = 0;
    if (x)
        problem = soxr_process(r->soxr, x, n, n_used, y, room, n_made);
    else
        problem = drain(r, y, room, n_made);
    if (problem)
        return mw_fail(err, MW_ERR_NOMEM, "out_of_memory", "libsoxr: %s", soxr_strerror(problem));
    if (x) r->n_in += *n_used;
    r->n_out += *n_made;
    return MW_OK;
}

mw_status mw_resample(float **y, size_t *n_out, const float *x, size_t n, int in_hz, int out_hz,
                      mw_error *err)
{
    size_t total, got = 0, used = 0, k = 0;
    mw_resampler *r = NULL;
    mw_status st;

    *y = NULL;
    *n_out = 0;
    st = mw_resampler_open(&r, in_hz, out_hz, err);
    if (st != MW_OK) return st;
    total = mw_resample_length(n, in_hz, out_hz);
    *y = mw_calloc_aligned(total, sizeof **y);
    if (!*y) st = mw_fail_nomem(err);
    for (size_t at = 0; st == MW_OK && at < n && got < total; at += used, got += k)
        st = mw_resampler_run(r, x + at, n - at, &used, *y + got, total - got, &k, err);
    for (k = 1; st == MW_OK && k && got < total; got += k)
        st = mw_resampler_run(r, NULL, 0, &used, *y + got, total - got, &k, err);
    if (st == MW_OK) {
        *n_out = total;
    } else {
        mw_free(*y);
        *y = NULL;
    }
    mw_resampler_close(&r);
    return st;
}
