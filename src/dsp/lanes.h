/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors for kernels that run independent items side by side. Arrays hold MW_LANES items per row
 * ([n][MW_LANES]) at every CPU level; a kernel text walks each row in groups of MW_VL floats or
 * MW_VD doubles, so that one text, compiled once per level with its flags, keeps the order of
 * operations of every item, hence its bits. Include after defining MW_VL (4, 8 or 16).
 */
#ifndef MW_DSP_LANES_H
#define MW_DSP_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/fmath.h"

#define MW_LANES 16

#ifdef MW_VL

#define MW_VD (MW_VL / 2)

typedef float mw_vf __attribute__((vector_size(MW_VL * 4)));
typedef int32_t mw_vfi __attribute__((vector_size(MW_VL * 4)));
typedef double mw_vd __attribute__((vector_size(MW_VD * 8)));
typedef int64_t mw_vdi __attribute__((vector_size(MW_VD * 8)));
/* As many floats as a mw_vd holds doubles. */
typedef float mw_vh __attribute__((vector_size(MW_VD * 4)));

static inline mw_vf vf_load(const float *p)
{
    mw_vf v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void vf_store(float *p, mw_vf v)
{
    memcpy(p, &v, sizeof v);
}

static inline mw_vd vd_load(const double *p)
{
    mw_vd v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void vd_store(double *p, mw_vd v)
{
    memcpy(p, &v, sizeof v);
}

/* MW_VD floats as doubles, and back rounded to single. */
static inline mw_vd vd_load_f(const float *p)
{
    mw_vh v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, mw_vd);
}

static inline void vd_store_f(float *p, mw_vd v)
{
    const mw_vh h = __builtin_convertvector(v, mw_vh);
    memcpy(p, &h, sizeof h);
}

static inline mw_vd vd_set(double x)
{
    return (mw_vd){ 0 } + x;
}

static inline mw_vf vf_set(float x)
{
    return (mw_vf){ 0 } + x;
}

/* 0, 1, 2 .. */
static inline mw_vd vd_count(void)
{
    mw_vd v = { 0 };

    for (int l = 0; l < MW_VD; l++)
        v[l] = l;
    return v;
}

/* a where the mask is all ones, else b. Masks come from comparisons. */
static inline mw_vd vd_pick(mw_vdi mask, mw_vd a, mw_vd b)
{
    return (mw_vd)(((mw_vdi)a & mask) | ((mw_vdi)b & ~mask));
}

static inline mw_vf vf_pick(mw_vfi mask, mw_vf a, mw_vf b)
{
    return (mw_vf)(((mw_vfi)a & mask) | ((mw_vfi)b & ~mask));
}

static inline mw_vd vd_max(mw_vd a, mw_vd b)
{
    return vd_pick(a > b, a, b);
}

static inline mw_vd vd_abs(mw_vd a)
{
    return (mw_vd)((mw_vdi)a & INT64_MAX);
}

static inline mw_vd vd_sqrt(mw_vd a)
{
    for (int l = 0; l < MW_VD; l++)
        a[l] = sqrt(a[l]);
    return a;
}

/* The functions of fmath.h, same operations. */
static inline mw_vd vd_log(mw_vd x)
{
    const mw_vdi bits = (mw_vdi)x, shifted = bits - INT64_C(0x3fe6a09e667f3bcd);
    /* exponent by an arithmetic shift of the upper half only: 64-bit ones are slow before AVX-512
     */
    const mw_vdi e = (mw_vdi)((shifted >> 52));
    const mw_vd m = (mw_vd)(bits - (e << 52));
    /* small integers to double by their place in the mantissa of 1.5 * 2^52 */
    const mw_vd k = (mw_vd)(e + (mw_vdi)vd_set(0x1.8p52)) - 0x1.8p52;
    const mw_vd s = (m - 1.0) / (m + 1.0), z = s * s;
    mw_vd p;

    MW_ATANH_TAIL(p, z);
    return k * MW_LN2_HI + (k * MW_LN2_LO + (2.0 * s + s * p));
}

static inline mw_vd vd_exp(mw_vd x)
{
    const mw_vd t = x * (1.0 / MW_LN2) + 0x1.8p52, k = t - 0x1.8p52;
    const mw_vd r = (x - k * MW_LN2_HI) - k * MW_LN2_LO;
    const mw_vd scale = (mw_vd)((((mw_vdi)t - (mw_vdi)vd_set(0x1.8p52)) + 1023) << 52);
    mw_vd p;

    MW_EXP_SERIES(p, r);
    return p * scale;
}

#endif
#endif
