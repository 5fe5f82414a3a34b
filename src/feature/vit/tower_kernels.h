/* SPDX-License-Identifier: Apache-2.0
 *
 * What the image tower does between its matrix products. Numbers: fixed order, equal bits at every
 * CPU level; C is the definition. Sums over a row are 16 partial sums, lane l of element i being
 * i mod 16, then halves; products of attention add by fused multiply-add, index ascending.
 *
 * The exponential is 2^k times a polynomial of degree 6 on [-ln 2 / 2, ln 2 / 2]. A share of the
 * softmax has a relative error below 3e-7 (2.8e-7 measured over scores in [-86, 0] by
 * tests/kernel/test_vit.c): five units in the last place of float32.
 */
#ifndef MW_FEATURE_VIT_TOWER_KERNELS_H
#define MW_FEATURE_VIT_TOWER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* Sizes of rows are multiples of this. */
enum { MW_VIT_LANES = 16 };

/* LayerNorm of one row: (x - mean) / sqrt(variance + 1e-5) * weight + bias over width values,
 * population variance. y: float32, or bfloat16 when bf16; may be x itself when float32. */
typedef void mw_vit_norm_fn(const float *x, const float *weight, const float *bias, size_t width,
                            void *y, int bf16);

/* y = x rounded to bfloat16, half to even; n a multiple of MW_VIT_LANES. */
typedef void mw_vit_narrow_fn(const float *x, size_t n, uint16_t *y);

/* One head of one picture: out[i] = sum_j softmax_j(q_i . k_j) v_j, no scale, no mask.
 * q [n_q], k, v [n_keys] rows of head values, strides in elements; out [n_q] rows, float32 or
 * bfloat16. scratch: mw_vit_attend_floats, aligned to 64. */
typedef struct mw_vit_head {
    const float *q, *k, *v;
    size_t q_stride, kv_stride, out_stride;
    int n_q, n_keys, size;
    void *out;
    int bf16;
    float *scratch;
} mw_vit_head;

typedef void mw_vit_attend_fn(const mw_vit_head *h);

/* What 8 bits of a row stand for: lo + step q, q in 0 .. 255. */
typedef struct mw_vit_range {
    float lo, step;
} mw_vit_range;

/* x [n] -> q [n], n >= 1: lo is the least value, step = (most - lo) / 255, q is (x - lo) times
 * 255 / (most - lo), x - lo and the quotient rounded to float32, then once, half to even. A row of
 * one value, up to 2^-100, has step and q 0. A row that holds NaN or infinity, or more than float32
 * between its ends, has lo and step NaN and q 0. */
typedef mw_vit_range mw_vit_quantise_fn(const float *x, size_t n, uint8_t *q);

/* What to do with the numbers that sums stand for: write them, add them to what is there, or write
 * v / (1 + e^(-1.702 v)) (QuickGELU; relative error below 5e-6 where |v| < 50). */
typedef enum mw_vit_after { MW_VIT_WRITE, MW_VIT_ADD, MW_VIT_GELU } mw_vit_after;

/* sum [n], a row of an 8-bit product (nn/int8.h) of input x ~ range ->
 * y [n] = step scale[j] sum[j] + (lo wsum[j] + bias[j]), each + fused. The arrays that are read may
 * be loaded from up to MW_VIT_LANES values behind their end, y as well when adding; y may be sum.
 */
typedef struct mw_vit_sums {
    const int32_t *sum;
    const float *scale, *wsum, *bias;
    size_t n;
    mw_vit_range range;
} mw_vit_sums;

typedef void mw_vit_finish_fn(const mw_vit_sums *s, mw_vit_after after, float *y);

typedef struct mw_vit_kernels {
    mw_vit_norm_fn *norm;
    mw_vit_narrow_fn *narrow;
    mw_vit_attend_fn *attend;
    mw_vit_quantise_fn *quantise;
    mw_vit_finish_fn *finish;
} mw_vit_kernels;

/* Queries that share a block of scores. */
enum { MW_VIT_QUERIES = 16 };

static inline size_t mw_vit_keys(int n_keys)
{
    return ((size_t)n_keys + MW_VIT_LANES - 1) / MW_VIT_LANES * MW_VIT_LANES;
}

static inline size_t mw_vit_attend_floats(int n_keys, int size)
{
    return (size_t)size * mw_vit_keys(n_keys) +
           MW_VIT_QUERIES * (mw_vit_keys(n_keys) + (size_t)size + 1);
}

/* Those of a level that this machine has. Static. */
const mw_vit_kernels *mw_vit_kernels_at(mw_cpu_level level);
extern const mw_vit_kernels mw_vit_kernels_c, mw_vit_kernels_avx2, mw_vit_kernels_avx512;

#endif
