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

typedef struct mw_vit_kernels {
    mw_vit_norm_fn *norm;
    mw_vit_narrow_fn *narrow;
    mw_vit_attend_fn *attend;
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
