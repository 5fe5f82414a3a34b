/* SPDX-License-Identifier: Apache-2.0 */
#include "dsp/resample.h"

#include <math.h>

#include <soxr.h>

#include "base/error.h"
#include "base/mem.h"

size_t mw_resample_length(size_t n, int in_hz, int out_hz)
{
    return (size_t)ceil((double)n * ((double)out_hz / (double)in_hz));
}

mw_status mw_resample(float **y, size_t *n_out, const float *x, size_t n, int in_hz, int out_hz,
                      mw_error *err)
{
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    size_t total, got = 0, used = 0, k = 0;
    mw_status st = MW_OK;
    soxr_error_t problem;
    soxr_t soxr = NULL;

    *y = NULL;
    *n_out = 0;
    if (in_hz < 1000 || in_hz > 768000 || out_hz < 1000 || out_hz > 768000)
        return mw_fail(err, MW_ERR_RANGE, "bad_rate",
                       "sample rates %d -> %d Hz; 1000..768000 are supported", in_hz, out_hz);
    total = mw_resample_length(n, in_hz, out_hz);
    *y = mw_calloc_aligned(total, sizeof **y);
    if (!*y) return mw_fail_nomem(err);
    soxr = soxr_create(in_hz, out_hz, 1, &problem, &io, &quality, &runtime);
    if (!soxr) {
        st = mw_fail(err, MW_ERR_NOMEM, "out_of_memory", "libsoxr: %s", soxr_strerror(problem));
        goto done;
    }
    /* one call with all input, then flush until nothing more comes */
    problem = soxr_process(soxr, x, n, &used, *y, total, &k);
    for (got = k; !problem && k && got < total; got += k)
        problem = soxr_process(soxr, NULL, 0, NULL, *y + got, total - got, &k);
    if (!problem && !got && total) problem = soxr_process(soxr, NULL, 0, NULL, *y, total, &got);
    if (problem) {
        st = mw_fail(err, MW_ERR_NOMEM, "out_of_memory", "libsoxr: %s", soxr_strerror(problem));
        goto done;
    }
    *n_out = total;
done:
    if (soxr) soxr_delete(soxr);
    if (st != MW_OK) {
        mw_free(*y);
        *y = NULL;
    }
    return st;
}
