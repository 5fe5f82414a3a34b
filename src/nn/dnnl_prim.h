/* SPDX-License-Identifier: Apache-2.0
 *
 * oneDNN behind a small wall: with dnnl_matmul.h the only header whose source knows the library, so
 * that the differences between 2.6 and 3.x stay together. A primitive holds its packed weights and
 * is shared by threads, read only; a call binds it to one thread's buffers.
 *
 * Maps are float32 [height][width][channels], batch 1. Every call of this header runs on the
 * calling thread alone. Numbers: tolerance (order of summation is the library's).
 */
#ifndef MW_NN_DNNL_PRIM_H
#define MW_NN_DNNL_PRIM_H

#include <stddef.h>

#include "merwild/status.h"

typedef struct mw_prim mw_prim;
typedef struct mw_prim_call mw_prim_call;

/* Convolution, depthwise convolution, max pooling. pad: top, left, bottom, right.
 * add: a map of the output's shape is added before the activation. */
typedef struct mw_prim_window {
    int ih, iw, ic, oh, ow, oc, kh, kw, stride_h, stride_w;
    int pad[4];
    int depthwise, add, relu;
} mw_prim_window;

/* weights [oc][kh][kw][ic], depthwise [kh][kw][ic]; bias [oc]; both copied. *out is the caller's
 * (mw_prim_destroy). MW_ERR_NOMEM; MW_ERR_FORMAT "unsupported" when the library refuses. */
mw_status mw_prim_conv(mw_prim **out, const mw_prim_window *w, const float *weights,
                       const float *bias, mw_error *err);
mw_status mw_prim_max_pool(mw_prim **out, const mw_prim_window *w, mw_error *err);
/* Bilinear, half-pixel centres, edges clamped: [ih][iw][ic] -> [oh][ow][ic]. */
mw_status mw_prim_resize(mw_prim **out, int ih, int iw, int oh, int ow, int channels,
                         mw_error *err);
void mw_prim_destroy(mw_prim **p);

/* Bytes of scratch that a call needs while it runs. */
size_t mw_prim_scratch(const mw_prim *p);
/* The library's name of the kernel it chose, static text. */
const char *mw_prim_kernel(const mw_prim *p);

/* All buffers are borrowed and must outlive the call; add may be NULL unless the primitive adds. */
mw_status mw_prim_bind(mw_prim_call **out, const mw_prim *p, const float *src, const float *add,
                       float *dst, void *scratch, mw_error *err);
mw_status mw_prim_run(const mw_prim_call *c, mw_error *err);
void mw_prim_unbind(mw_prim_call **c);

#endif
