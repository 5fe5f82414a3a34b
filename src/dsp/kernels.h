/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels on samples that whole jobs spend their time in, at every CPU level. The _c versions are
 * the definition (mix.h and level.h say what they compute); the others give the same bits. Energy
 * has no AVX2 version: its eight running sums, whose order is promised, wait for the adder; only
 * one register for all of them, and two arrays at a time, gain anything.
 */
#ifndef MW_DSP_KERNELS_H
#define MW_DSP_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

typedef float mw_mix_fn(float *y, const float *x, const float *z, float gain, size_t n);
typedef void mw_divide_fn(float *x, float divisor, size_t n);
typedef void mw_pcm16_fn(int16_t *q, const float *x, size_t n);

typedef double mw_energy_fn(const float *x, size_t n);
typedef void mw_energy2_fn(double sum[2], const float *x, const float *z, size_t n);

typedef struct mw_dsp_kernels {
    mw_mix_fn *mix;
    mw_divide_fn *divide;
    mw_pcm16_fn *pcm16;
    mw_energy_fn *energy;
    mw_energy2_fn *energy2;
} mw_dsp_kernels;

/* The kernels of a level that this machine has; mw_dsp_kernels_at(mw_cpu()) for ordinary use.
 * Static, immutable. */
const mw_dsp_kernels *mw_dsp_kernels_at(mw_cpu_level level);

mw_mix_fn mw_mix_c, mw_mix_avx2, mw_mix_avx512;
mw_divide_fn mw_divide_c, mw_divide_avx2, mw_divide_avx512;
mw_pcm16_fn mw_pcm16_c, mw_pcm16_avx2, mw_pcm16_avx512;
mw_energy_fn mw_energy_c, mw_energy_avx512;
mw_energy2_fn mw_energy2_c, mw_energy2_avx512;

#endif
