/* SPDX-License-Identifier: Apache-2.0
 *
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC 2011). A stream is a value, keyed by (seed, clip id, operation, purpose); no stream
 * is shared, so results cannot depend on threads, on the order of files or on what else was drawn.
 */
#ifndef MW_BASE_RNG_H
#define MW_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* First 128 bits of SHA-256(seed in decimal, NUL, clip id): the root of all of a clip's streams,
 * and what the sidecar calls clip_key. */
typedef struct mw_clip_key {
    uint8_t byte[16];
} mw_clip_key;

typedef struct mw_rng {
    uint32_t key[2];
    uint32_t ctr[4]; /* next block to make */
    uint32_t out[4];
    unsigned n_left;
} mw_rng;

mw_clip_key mw_clip_key_make(uint64_t seed, const char *clip_id);

/* One block: 128 random bits from counter and key. */
void mw_philox4x32(uint32_t out[4], const uint32_t ctr[4], const uint32_t key[2]);

/* The stream of (clip, op, purpose): Philox key and upper counter half from
 * SHA-256(clip key, op, NUL, purpose). */
mw_rng mw_rng_make(const mw_clip_key *clip, const char *op, const char *purpose);

/* The stream of a bare 64-bit key, counter from 0. */
mw_rng mw_rng_from_key(uint64_t key);

uint32_t mw_rng_u32(mw_rng *r);
uint64_t mw_rng_u64(mw_rng *r);

/* Uniform in [0, 1), 53 bits. */
double mw_rng_unit(mw_rng *r);

/* Uniform in [lo, hi): lo + (hi - lo) * unit. */
double mw_rng_uniform(mw_rng *r, double lo, double hi);

/* Uniform integer in [0, n), n > 0, without bias (tries are thrown away). */
uint64_t mw_rng_below(mw_rng *r, uint64_t n);

/* Uniform integer in [lo, hi]; lo <= hi. */
int64_t mw_rng_int(mw_rng *r, int64_t lo, int64_t hi);

/* Index in [0, n) with probability weight[i] / sum; weights >= 0, sum > 0. */
size_t mw_rng_pick(mw_rng *r, const double *weight, size_t n);

/* k distinct integers of [0, n) in random order; 0 <= k <= n. Without memory: k is small (tens). */
void mw_rng_sample(mw_rng *r, int64_t n, int64_t *out, size_t k);

#endif
