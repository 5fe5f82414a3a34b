/* SPDX-License-Identifier: Apache-2.0 */
#include "support/py_random.h"

static void init(py_random *r, uint32_t seed)
{
    r->state[0] = seed;
    for (uint32_t j = 1; j < 624; j++)
        r->state[j] = 1812433253u * (r->state[j - 1] ^ r->state[j - 1] >> 30) + j;
    r->at = 624;
}

py_random py_random_state(uint32_t seed)
{
    py_random r;

    init(&r, seed);
    return r;
}

/* init_by_array with the one word of the seed. */
py_random py_random_seed(uint32_t seed)
{
    py_random r;
    uint32_t *s = r.state;
    int i = 1;

    init(&r, 19650218);
    for (int k = 0; k < 624; k++) {
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1664525u) + seed;
        if (++i == 624) {
            s[0] = s[623];
            i = 1;
        }
    }
    for (int k = 0; k < 623; k++) {
        s[i] = (s[i] ^ (s[i - 1] ^ s[i - 1] >> 30) * 1566083941u) - (uint32_t)i;
        if (++i == 624) {
            s[0] = s[623];
            i = 1;
        }
    }
    s[0] = 0x80000000u;
    return r;
}

static uint32_t word(py_random *r)
{
    uint32_t y;

    if (r->at >= 624) {
        for (int k = 0; k < 624; k++) {
            const uint32_t v =
                (r->state[k] & 0x80000000u) | (r->state[(k + 1) % 624] & 0x7fffffffu);

            r->state[k] = r->state[(k + 397) % 624] ^ v >> 1 ^ (v & 1 ? 0x9908b0dfu : 0);
        }
        r->at = 0;
    }
    y = r->state[r->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double py_random_unit(py_random *r)
{
    const uint32_t a = word(r) >> 5, b = word(r) >> 6;

    return (a * 67108864.0 + b) / 9007199254740992.0;
}

double py_random_uniform(py_random *r, double lo, double hi)
{
    return lo + (hi - lo) * py_random_unit(r);
}

static uint64_t bits(py_random *r, int k)
{
    uint64_t out = 0;

    for (int shift = 0; k > 0; shift += 32, k -= 32) {
        uint32_t w = word(r);

        if (k < 32) w >>= 32 - k;
        out |= (uint64_t)w << shift;
    }
    return out;
}

uint64_t py_random_below(py_random *r, uint64_t n)
{
    int k = 0;
    uint64_t v;

    for (uint64_t m = n; m; m >>= 1)
        k++;
    do {
        v = bits(r, k);
    } while (v >= n);
    return v;
}

int64_t py_random_int(py_random *r, int64_t lo, int64_t hi)
{
    return lo + (int64_t)py_random_below(r, (uint64_t)(hi - lo + 1));
}
