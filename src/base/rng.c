/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

void mw_philox4x32(uint32_t out[4], const uint32_t ctr[4], const uint32_t key[2])
{
    uint32_t c0 = ctr[0], c1 = ctr[1], c2 = ctr[2], c3 = ctr[3];
    uint32_t k0 = key[0], k1 = key[1];

    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)PHILOX_M0 * c0;
        const uint64_t p1 = (uint64_t)PHILOX_M1 * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

mw_clip_key mw_clip_key_make(uint64_t seed, const char *clip_id)
{
    char text[24];
    uint8_t digest[MW_SHA256_BYTES];
    mw_clip_key key;
    mw_sha256 h;

    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    mw_sha256_init(&h);
    mw_sha256_update(&h, text, strlen(text) + 1);
    mw_sha256_update(&h, clip_id, strlen(clip_id));
    mw_sha256_final(&h, digest);
    memcpy(key.byte, digest, sizeof key.byte);
    return key;
}

mw_rng mw_rng_make(const mw_clip_key *clip, const char *op, const char *purpose)
{
    uint8_t digest[MW_SHA256_BYTES];
    mw_sha256 h;
    mw_rng r = { .n_left = 0 };

    mw_sha256_init(&h);
    mw_sha256_update(&h, clip->byte, sizeof clip->byte);
    mw_sha256_update(&h, op, strlen(op) + 1);
    mw_sha256_update(&h, purpose, strlen(purpose));
    mw_sha256_final(&h, digest);
    r.key[0] = le32(digest);
    r.key[1] = le32(digest + 4);
    r.ctr[2] = le32(digest + 8);
    r.ctr[3] = le32(digest + 12);
    return r;
}

mw_rng mw_rng_from_key(uint64_t key)
{
    return (mw_rng){ .key = { (uint32_t)key, (uint32_t)(key >> 32) } };
}

uint32_t mw_rng_u32(mw_rng *r)
{
    if (!r->n_left) {
        mw_philox4x32(r->out, r->ctr, r->key);
        if (!++r->ctr[0]) r->ctr[1]++;
        r->n_left = 4;
    }
    return r->out[4 - r->n_left--];
}

uint64_t mw_rng_u64(mw_rng *r)
{
    const uint64_t lo = mw_rng_u32(r);

    return lo | (uint64_t)mw_rng_u32(r) << 32;
}

double mw_rng_unit(mw_rng *r)
{
    return (double)(mw_rng_u64(r) >> 11) * 0x1p-53;
}

double mw_rng_uniform(mw_rng *r, double lo, double hi)
{
    return lo + (hi - lo) * mw_rng_unit(r);
}

uint64_t mw_rng_below(mw_rng *r, uint64_t n)
{
    const uint64_t limit = UINT64_MAX - UINT64_MAX % n; /* a multiple of n */
    uint64_t v;

    do {
        v = mw_rng_u64(r);
    } while (v >= limit);
    return v % n;
}

int64_t mw_rng_int(mw_rng *r, int64_t lo, int64_t hi)
{
    return (int64_t)((uint64_t)lo + mw_rng_below(r, (uint64_t)hi - (uint64_t)lo + 1));
}

size_t mw_rng_pick(mw_rng *r, const double *weight, size_t n)
{
    double sum = 0, x;
    size_t last = 0;

    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    x = mw_rng_unit(r) * sum;
    for (size_t i = 0; i < n; i++) {
        if (!(weight[i] > 0)) continue;
        last = i;
        if (x < weight[i]) return i;
        x -= weight[i];
    }
    return last;
}

void mw_rng_sample(mw_rng *r, int64_t n, int64_t *out, size_t k)
{
    for (size_t i = 0; i < k; i++) {
        size_t j;

        do {
            out[i] = mw_rng_int(r, 0, n - 1);
            for (j = 0; j < i && out[j] != out[i]; j++)
                ;
        } while (j < i);
    }
}
