/* SPDX-License-Identifier: Apache-2.0
 *
 * Acoustic low-level descriptors of eGeMAPSv02 (25 columns) and ComParE_2016 (65), as openSMILE 3.0
 * gives them: one pass over the signal, rows every 10 ms, memory that does not grow with it.
 *
 *     mw_lld_open -> mw_lld_feed .. -> mw_lld_finish -> mw_lld_close, mw_lld_rows at any time
 *
 * Numbers: fixed order; the same bits for any chunking, thread and CPU level. Threads: one
 * extractor per thread.
 */
#ifndef MW_FEATURE_LLD_LLD_H
#define MW_FEATURE_LLD_LLD_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

enum { MW_LLD_EGEMAPS = 1, MW_LLD_COMPARE = 2, MW_LLD_BOTH = 3 };

typedef struct mw_lld_opts {
    unsigned rate_hz; /* 8000 .. 48000; nothing is resampled */
    unsigned sets;    /* MW_LLD_EGEMAPS, MW_LLD_COMPARE or both */
    int functionals;  /* also the 88 summaries of eGeMAPSv02; needs that set, 8 bytes per row */
} mw_lld_opts;

typedef struct mw_lld mw_lld;

/* MW_ERR_RANGE: rate or sets; MW_ERR_NOMEM. *out is NULL on failure. */
mw_status mw_lld_open(mw_lld **out, const mw_lld_opts *opts, mw_error *err);
void mw_lld_close(mw_lld **l);

/* Back to the start, for the next signal of the same rate: cheaper than open. Drops rows not taken;
 * allowed after any failure. */
void mw_lld_reset(mw_lld *l);

/* The next n mono samples as 16-bit integers. */
mw_status mw_lld_feed_s16(mw_lld *l, const int16_t *x, size_t n, mw_error *err);

/* The next n mono samples in units of 32767: what the reference computes with, without the rounding
 * to integers (a mean of channels, say). Not finite: as mw_lld_feed. */
mw_status mw_lld_feed_units(mw_lld *l, const float *x, size_t n, mw_error *err);

/* The next n mono samples, nominally [-1, 1): scaled by 32768 and truncated towards zero to 16
 * bits, as the reference does; values outside are clipped, where the reference wraps around. NaN
 * and infinity give MW_ERR_RANGE, reason "not_finite"; the extractor then takes no more samples. */
mw_status mw_lld_feed(mw_lld *l, const float *x, size_t n, mw_error *err);

/* End of the signal: the remaining rows become ready. */
mw_status mw_lld_finish(mw_lld *l, mw_error *err);

/* Columns of the chosen sets, eGeMAPS first. Static texts; NULL for i out of range. */
size_t mw_lld_n_columns(const mw_lld *l);
const char *mw_lld_column_name(const mw_lld *l, size_t i);
const char *mw_lld_column_unit(const mw_lld *l, size_t i);

/* Rows ready to be taken. In all: 0 below 60 ms of signal, else one more than whole 60 ms frames.
 */
size_t mw_lld_n_ready(const mw_lld *l);

/* Take up to max_rows ready rows, out [max_rows][columns]; returns their number. */
size_t mw_lld_rows(mw_lld *l, float *out, size_t max_rows);

/* Start of row k, seconds: k * step / rate. */
double mw_lld_row_time(const mw_lld *l, size_t k);

/* After mw_lld_finish, with opts.functionals: the 88 values, or NaN for all below 60 ms.
 * MW_ERR_ARG when they were not asked for or the end was not given. */
#define MW_LLD_N_FUNCTIONALS 88
mw_status mw_lld_functionals(const mw_lld *l, double out[MW_LLD_N_FUNCTIONALS], mw_error *err);
const char *mw_lld_functional_name(size_t i);

#endif
