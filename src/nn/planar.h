/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of the planar engine: maps as one plane per channel, [channels][pitch] with pitch the
 * number of pixels rounded up to an odd number of cache lines (so that the same pixels of many
 * channels do not compete for the same place in the cache), so that a 1x1 convolution runs along
 * pixels and may skip the zeros of sparse weights.
 *
 * Numbers: fixed order. Each output starts at its bias and adds products by fused multiply-add,
 * channels ascending (1x1), rows then columns of the window (depthwise), rows then channels then
 * columns (stem); taps outside the map are products with 0. Then the residual, then the activation.
 * Equal bits at every CPU level.
 */
#ifndef MW_NN_PLANAR_H
#define MW_NN_PLANAR_H

#include <stddef.h>
#include <stdint.h>

/* 1x1 convolution. Sparse: channel[k], value[k] for k in [start[o], start[o + 1]). Dense weights in
 * groups of four outputs, [oc / 4][ic][4], padded with zeros; NULL when the sparse form is used. */
typedef struct mw_pointwise {
    int ic, oc, relu;
    uint32_t *start;
    uint16_t *channel;
    float *value, *dense;
    float *bias; /* [oc rounded up to 4] */
} mw_pointwise;

/* Windows with stride 1 or 2 on one channel (3x3), or the stem: few input channels, stride 2.
 * pad_top, pad_left: zeros in front; anything beyond the map reads 0. */
typedef struct mw_window {
    int ih, iw, ic, oh, ow, oc, k, stride, pad_top, pad_left, relu;
    float *weights; /* depthwise [c][9]; stem [oc / 8][k][ic][k][8] */
    float *bias;    /* [oc rounded up to 8] */
} mw_window;

/* n pixels (a multiple of 16): x [ic][x_pitch] -> y [oc][pitch]; residual [n_residual][pitch], may
 * be y itself, or n_residual 0. */
typedef void mw_pointwise_fn(const mw_pointwise *w, const float *x, size_t x_pitch,
                             const float *residual, int n_residual, float *y, size_t pitch,
                             size_t n);

/* Depthwise rows oy .. oy + n_rows - 1 of all channels, row oy at the start of y [oc][pitch]. */
typedef void mw_depthwise_fn(const mw_window *w, const float *x, float *y, size_t pitch, int oy,
                             int n_rows);

typedef void mw_window_fn(const mw_window *w, const float *x, float *y);

/* Bytes [ih][iw][ic] to the split rows that the stem reads: (float)byte * scale + offset, two
 * roundings. split: mw_stem_floats, zeroed once. */
typedef void mw_stem_input_fn(const mw_window *w, const uint8_t *bytes, float scale, float offset,
                              float *split);

/* Doubling, half-pixel centres, edges repeated; rows first: 3/4 near + 1/4 other, fused, then
 * columns the same way; then the residual (may be NULL), then the activation. scratch:
 * mw_planar_row(iw). */
typedef void mw_resize_fn(const mw_window *w, const float *x, const float *residual, float *y,
                          float *scratch);

/* y = a + b over n floats, n a multiple of 16. */
typedef void mw_add_fn(const float *a, const float *b, float *y, size_t n, int relu);

typedef struct mw_planar_kernels {
    mw_pointwise_fn *sparse, *dense;
    mw_depthwise_fn *depthwise;
    mw_window_fn *stem, *max_pool; /* the stem's x are split rows */
    mw_stem_input_fn *input;
    mw_resize_fn *resize;
    mw_add_fn *add;
} mw_planar_kernels;

/* Those of the CPU level in use; level C is the definition, and slow. */
mw_planar_kernels mw_planar_kernels_get(void);
extern const mw_planar_kernels mw_planar_c, mw_planar_avx2, mw_planar_avx512;

static inline size_t mw_planar_pitch(int h, int w)
{
    return (((size_t)h * (size_t)w + 15) / 16 | 1) * 16;
}

/* Row of the stem's and of the doubling's scratch: n samples between margins. */
enum { MW_PLANAR_MARGIN = 16 };

static inline size_t mw_planar_row(int n)
{
    return (size_t)MW_PLANAR_MARGIN + ((size_t)n + 15) / 16 * 16 + 3 * MW_PLANAR_MARGIN;
}

/* The stem's input: per channel, rows of even columns followed by odd columns, each with zero
 * margins, and k zero rows above and below. */
static inline size_t mw_stem_row(const mw_window *w)
{
    return 2 * mw_planar_row((w->iw + 1) / 2);
}

static inline size_t mw_stem_plane(const mw_window *w)
{
    return ((size_t)w->ih + 2 * (size_t)w->k) * mw_stem_row(w);
}

static inline size_t mw_stem_floats(const mw_window *w)
{
    return (size_t)w->ic * mw_stem_plane(w);
}

/* Place of column d (may be negative) in a split row. */
static inline ptrdiff_t mw_stem_column(int d, size_t row)
{
    return MW_PLANAR_MARGIN + (d & 1 ? (ptrdiff_t)(row / 2) + (d - 1) / 2 : d / 2);
}

/* Offset, in rows, of the farther neighbour of output row oy of a doubled axis of n. */
static inline int mw_planar_other(int oy, int n)
{
    return oy & 1 ? (oy / 2 + 1 < n) : -(oy > 0);
}

#endif
