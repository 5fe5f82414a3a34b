/* SPDX-License-Identifier: Apache-2.0 */
#include "base/normal.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/fmath.h"
#include "base/rng.h"

#define INV_SQRT_2PI 0x1.9884533d43651p-2

static pthread_once_t table_once = PTHREAD_ONCE_INIT;
static float table[MW_NORMAL_TABLE_SIZE];

/* z + z^3/3 + z^5/(3*5) + ...: the normal density's integral over 0..z divided by the density at z.
 * All terms are positive, so nothing cancels. */
static double mass_over_density(double z)
{
    double term = z, sum = z;

    for (int k = 3; term > 1e-17 * sum; k += 2) {
        term *= z * z / k;
        sum += term;
    }
    return sum;
}

/* Solve integral over 0..z of the density = p by Newton's method from a start below the root. The
 * integral is concave in z > 0, so that every step stays below the root; convergence is quadratic.
 */
static double solve_quantile(double z, double p)
{
    double step;

    do {
        step = p / (INV_SQRT_2PI * mw_exp(-0.5 * z * z)) - mass_over_density(z);
        z += step;
    } while (step > 1e-9);
    return z;
}

/* The quantile is convex here, so the line through the two values before lies below it. */
static void make_table(void)
{
    double z = 0, z_before = 0;

    for (int i = 0; i < MW_NORMAL_TABLE_SIZE; i++) {
        const double next = solve_quantile(i < 2 ? z : 2 * z - z_before, (i + 0.5) / 65536);

        z_before = z;
        z = next;
        table[i] = (float)z;
    }
}

const float *mw_normal_table(void)
{
    pthread_once(&table_once, make_table);
    return table;
}

static float deviate(uint32_t half, const float *magnitude)
{
    const float sign[2] = { 1, -1 };

    return sign[half >> 15 & 1] * magnitude[half & 0x7fff];
}

void mw_normal_fill_c(float *z, size_t n, uint64_t stream, const uint32_t ctr[4],
                      const float *magnitude)
{
    const uint32_t key[2] = { (uint32_t)stream, (uint32_t)(stream >> 32) };
    uint32_t c[4], word[4];

    memcpy(c, ctr, sizeof c);
    for (size_t i = 0; i < n; i += MW_NORMAL_PER_BLOCK, c[0]++) {
        const size_t m = n - i < MW_NORMAL_PER_BLOCK ? n - i : MW_NORMAL_PER_BLOCK;

        mw_philox4x32(word, c, key);
        for (size_t j = 0; j < m; j++)
            z[i + j] = deviate(word[j / 2] >> (j % 2 * 16), magnitude);
    }
}

mw_normal_fn *mw_normal_fn_at(mw_cpu_level level)
{
#if defined(__x86_64__)
    if (level == MW_CPU_AVX512) return mw_normal_fill_avx512;
    if (level == MW_CPU_AVX2) return mw_normal_fill_avx2;
#endif
    (void)level;
    return mw_normal_fill_c;
}

void mw_normal_fill(float *z, size_t n, uint64_t stream, const uint32_t ctr[4])
{
    mw_normal_fn_at(mw_cpu())(z, n, stream, ctr, mw_normal_table());
}
