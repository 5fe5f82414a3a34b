/* SPDX-License-Identifier: Apache-2.0
 *
 * Standard normal deviates by counter, for noise of many samples: any row of any frame can be made
 * alone, at any vector level, with the same bits.
 *
 * Block b of a stream is Philox4x32-10 (base/rng.h) of the key (stream low word, stream high word)
 * and the counter (ctr[0] + b mod 2^32, ctr[1], ctr[2], ctr[3]). Its four words, low half before
 * high half, are eight 16-bit numbers h, and each is one deviate:
 *
 *     z = (h & 0x8000 ? -1 : 1) * table[h & 0x7fff]
 *     table[i] = Q(1/2 + (i + 1/2) / 65536), Q the standard normal quantile, rounded to float32
 *
 * so z takes 65536 equally probable values, the mid-point quantiles of 65536 cells:
 *
 *     |z|              from 1.9e-5 to 4.3249
 *     spacing          3.8e-5 around 0, 7.7e-4 at |z| = 2.45, 0.25 between the outermost two
 *     moments          mean 0, variance 1 - 2.0e-5, fourth moment 2.9991
 *     KS distance      2^-17 = 7.7e-6 to the normal law
 *
 * That is fine enough for samples that end in 8 bits, and for noise of 16 bits down to the last few
 * values in the tail; it is no generator for studies of rare events.
 */
#ifndef MW_BASE_NORMAL_H
#define MW_BASE_NORMAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* Deviates per Philox block. */
#define MW_NORMAL_PER_BLOCK 8

/* Fill z [n] with deviates 0 .. n-1 of the blocks from counter ctr on. Deviate 8 b + j of ctr
 * equals deviate j of ctr with b added to ctr[0].
 *
 * stream  the stream's 64-bit key, drawn from a generator that serves nothing else
 * ctr     first block and three words of the caller's choice, such as row and frame number
 *
 * Threads: safe. Numbers: exact, equal bits on every machine and level. */
void mw_normal_fill(float *z, size_t n, uint64_t stream, const uint32_t ctr[4]);

/* For tests: the table [32768], and the implementation of a level (which this machine must have).
 */
#define MW_NORMAL_TABLE_SIZE 32768
const float *mw_normal_table(void);

typedef void mw_normal_fn(float *z, size_t n, uint64_t stream, const uint32_t ctr[4],
                          const float *table);
mw_normal_fn *mw_normal_fn_at(mw_cpu_level level);

mw_normal_fn mw_normal_fill_c, mw_normal_fill_avx2, mw_normal_fill_avx512;

#endif
