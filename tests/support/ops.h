/* SPDX-License-Identifier: Apache-2.0
 *
 * Any operation of the registry, drawn and applied to made-up data, without knowing which it is.
 */
#ifndef MW_TESTS_OPS_H
#define MW_TESTS_OPS_H

#include "corrupt/op.h"

/* The sounds that audio operations meet: OPS_N samples of speech at OPS_RATE_HZ, and recordings of
 * all categories, longer and shorter than that. */
#define OPS_RATE_HZ 16000
#define OPS_N       24000
extern const mw_noise_file ops_files[];
extern const size_t ops_n_files;

/* An mw_noise_reader of those recordings. */
mw_status ops_read(void *user, const char *path, int64_t offset, double crossfade_s, float *z,
                   int64_t n, mw_error *err);

/* Structs of the sizes that the operation states, zeroed; ops_free empties and frees. */
void *ops_options(const mw_op *op, int preset);
void ops_free(const mw_opt *table, void *values);

/* Draw for the clip of this seed; fails the test when that fails. */
void *ops_draw(const mw_op *op, const void *options, uint64_t seed);

/* The same with an allocation that fails (mw_mem_fail_at); what became of it. */
mw_status ops_draw_failing(const mw_op *op, const void *options, uint64_t seed, long fail_at,
                           void *decision, mw_error *err);

/* A struct as one line of JSON (free). */
char *ops_text(const mw_opt *table, const void *values);

/* SHA-256 of what the operation makes of the made-up data, as hex; returns the first status that is
 * not MW_OK. Callable from any thread. identical (may be NULL): output equals input. */
mw_status ops_apply(const mw_op *op, const void *options, const void *decision, char hex[65],
                    int *identical);

#endif
