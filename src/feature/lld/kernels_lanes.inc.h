/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of kernels.h, compiled once per CPU level with its MW_VL. g walks the groups of
 * lanes that one vector holds.
 */

#define EACH_F(g) for (size_t g = 0; g < MW_LANES; g += MW_VL)
#define EACH_D(g) for (size_t g = 0; g < MW_LANES; g += MW_VD)
#define ROW(p, k) ((p) + (size_t)(k)*MW_LANES)

static void k_frames(const lld_branch *b, const float *x, size_t n_valid, float *re, float *im)
{
    memset(re, 0, b->nfft / 2 * MW_LANES * sizeof *re);
    memset(im, 0, b->nfft / 2 * MW_LANES * sizeof *im);
    for (size_t i = 0; i < b->size; i++) {
        const size_t j = b->left + i;
        float *to = ROW(j & 1 ? im : re, j / 2);
        const float w = b->window[i], *from = x + i;

        if (n_valid == MW_LANES)
            for (size_t l = 0; l < MW_LANES; l++)
                to[l] = from[l * b->step] * w;
        else
            for (size_t l = 0; l < n_valid; l++)
                to[l] = from[l * b->step] * w;
    }
}

/* Power of MW_VD lanes: squared in single, then widened. */
static inline mw_vd power(const float *mag)
{
    mw_vh m;

    memcpy(&m, mag, sizeof m);
    m = m * m;
    return __builtin_convertvector(m, mw_vd);
}

static void k_energy(const float *re, const float *im, size_t rows, double *sum)
{
    EACH_D(g)
    {
        mw_vd e = vd_set(0);

        for (size_t k = 0; k < rows; k++) {
            e += power(ROW(re, k) + g);
            e += power(ROW(im, k) + g);
        }
        vd_store(sum + g, e);
    }
}

static void k_magnitude(const float *re, const float *im, size_t bins, float *mag)
{
    for (size_t k = 0; k < bins * MW_LANES; k += MW_VL) {
        const mw_vf r = vf_load(re + k), i = vf_load(im + k);
        mw_vf p = r * r + i * i;

        for (int l = 0; l < MW_VL; l++)
            p[l] = sqrtf(p[l]);
        vf_store(mag + k, p);
    }
}

static void k_power(const float *mag, size_t bins, float *out)
{
    for (size_t k = 0; k < bins * MW_LANES; k += MW_VL) {
        const mw_vf m = vf_load(mag + k);

        vf_store(out + k, m * m);
    }
}

static void k_absolute(float *x, size_t rows)
{
    for (size_t k = 0; k < rows * MW_LANES; k += MW_VL)
        vf_store(x + k, (mw_vf)((mw_vfi)vf_load(x + k) & INT32_MAX));
}

/* To single and back: what a value becomes when the reference hands it on. */
static inline mw_vd round_single(mw_vd v)
{
    return __builtin_convertvector(__builtin_convertvector(v, mw_vh), mw_vd);
}

#include "feature/lld/kernels_bands.inc.h"
#include "feature/lld/kernels_lpc.inc.h"
#include "feature/lld/kernels_pitch.inc.h"

#define KERNEL_TABLE                                                                               \
    {                                                                                              \
        .frames = k_frames, .energy = k_energy, .power = k_power, .absolute = k_absolute,          \
        .magnitude = k_magnitude, .mel = k_mel, .rasta = k_rasta, .shape = k_shape,                \
        .spectral = k_spectral, .lpc = k_lpc, .roots = k_roots, .shs = k_shs, .xcorr = k_xcorr     \
    }
