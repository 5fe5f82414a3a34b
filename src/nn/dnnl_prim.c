/* SPDX-License-Identifier: Apache-2.0
 *
 * Written for oneDNN 2.6 (Debian 12) and 3.x; dnnl_common.h has most of what differs, and primitive
 * descriptors come from operation descriptors in 2 and directly in 3. A PReLU post-operation is not
 * offered: 2.6 then falls back to its reference convolution, hundreds of times slower.
 */
#include "nn/dnnl_prim.h"

#include <string.h>

#include <dnnl.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/dnnl_common.h"

enum { MAX_ARGS = 6 };

struct mw_prim {
    dnnl_engine_t engine;
    dnnl_primitive_t primitive;
    dnnl_primitive_desc_t desc;
    dnnl_memory_t weights, bias;
    void *packed; /* behind weights */
    float *bias_data;
    int add;
    size_t scratch;
};

struct mw_prim_call {
    const mw_prim *p;
    dnnl_stream_t stream;
    dnnl_exec_arg_t arg[MAX_ARGS];
    int n_args, first_own; /* memories from first_own on are destroyed with the call */
};

/* ---- memory descriptors ---- */

/* A map [h][w][c] as the library's dimensions 1, c, h, w. */
static dnnl_status_t md_map(mw_md *md, int h, int w, int c)
{
    const dnnl_dims_t dims = { 1, c, h, w };
    const dnnl_dims_t strides = { (dnnl_dim_t)h * w * c, 1, (dnnl_dim_t)w * c, c };

    return mw_md_create(md, 4, dims, strides, dnnl_f32);
}

static dnnl_status_t md_vector(mw_md *md, int n)
{
    const dnnl_dims_t dims = { n }, strides = { 1 };

    return mw_md_create(md, 1, dims, strides, dnnl_f32);
}

/* The file's weights [oc][kh][kw][ic]; depthwise [kh][kw][c] as c groups of 1 to 1. */
static dnnl_status_t md_weights(mw_md *md, const mw_prim_window *w, int any)
{
    const dnnl_dim_t area = (dnnl_dim_t)w->kh * w->kw;
    const dnnl_dims_t dims = { w->oc, w->ic, w->kh, w->kw };
    const dnnl_dims_t strides = { area * w->ic, 1, (dnnl_dim_t)w->kw * w->ic, w->ic };
    const dnnl_dims_t dw_dims = { w->oc, 1, 1, w->kh, w->kw };
    const dnnl_dims_t dw_strides = { 1, 1, 1, (dnnl_dim_t)w->kw * w->ic, w->ic };

    if (w->depthwise) return mw_md_create(md, 5, dw_dims, any ? NULL : dw_strides, dnnl_f32);
    return mw_md_create(md, 4, dims, any ? NULL : strides, dnnl_f32);
}

/* ---- primitive descriptors ---- */

static dnnl_status_t attr_create(dnnl_primitive_attr_t *attr, const mw_prim_window *w,
                                 mw_md_view dst)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t st = dnnl_primitive_attr_create(attr);

    /* Scratch comes from the caller: the library's own belongs to the thread that created the
     * primitive. */
    if (!st) st = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (st || (!w->add && !w->relu)) return st;
    st = dnnl_post_ops_create(&ops);
    if (!st && w->add) st = dnnl_post_ops_append_binary(ops, dnnl_binary_add, dst);
#if DNNL_VERSION_MAJOR >= 3
    if (!st && w->relu) st = dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
#else
    if (!st && w->relu) st = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
#endif
    if (!st) st = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return st;
}

static dnnl_status_t conv_desc(mw_prim *p, const mw_prim_window *w, mw_md_view src,
                               mw_md_view weights, mw_md_view bias, mw_md_view dst,
                               dnnl_primitive_attr_t attr)
{
    const dnnl_dims_t strides = { w->stride_h, w->stride_w }, dilates = { 0, 0 };
    const dnnl_dims_t before = { w->pad[0], w->pad[1] }, after = { w->pad[2], w->pad[3] };
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_convolution_forward_primitive_desc_create(
        &p->desc, p->engine, dnnl_forward_inference, dnnl_convolution_direct, src, weights, bias,
        dst, strides, dilates, before, after, attr);
#else
    dnnl_convolution_desc_t d;
    const dnnl_status_t st = dnnl_dilated_convolution_forward_desc_init(
        &d, dnnl_forward_inference, dnnl_convolution_direct, src, weights, bias, dst, strides,
        dilates, before, after);

    return st ? st : dnnl_primitive_desc_create(&p->desc, &d, attr, p->engine, NULL);
#endif
}

static dnnl_status_t pool_desc(mw_prim *p, const mw_prim_window *w, mw_md_view src, mw_md_view dst,
                               dnnl_primitive_attr_t attr)
{
    const dnnl_dims_t strides = { w->stride_h, w->stride_w }, kernel = { w->kh, w->kw };
    const dnnl_dims_t dilates = { 0, 0 };
    const dnnl_dims_t before = { w->pad[0], w->pad[1] }, after = { w->pad[2], w->pad[3] };
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_pooling_forward_primitive_desc_create(&p->desc, p->engine, dnnl_forward_inference,
                                                      dnnl_pooling_max, src, dst, strides, kernel,
                                                      dilates, before, after, attr);
#else
    dnnl_pooling_v2_desc_t d;
    const dnnl_status_t st =
        dnnl_pooling_v2_forward_desc_init(&d, dnnl_forward_inference, dnnl_pooling_max, src, dst,
                                          strides, kernel, dilates, before, after);

    return st ? st : dnnl_primitive_desc_create(&p->desc, &d, attr, p->engine, NULL);
#endif
}

static dnnl_status_t resize_desc(mw_prim *p, mw_md_view src, mw_md_view dst,
                                 dnnl_primitive_attr_t attr)
{
#if DNNL_VERSION_MAJOR >= 3
    return dnnl_resampling_forward_primitive_desc_create(
        &p->desc, p->engine, dnnl_forward_inference, dnnl_resampling_linear, NULL, src, dst, attr);
#else
    dnnl_resampling_desc_t d;
    const dnnl_status_t st = dnnl_resampling_forward_desc_init(
        &d, dnnl_forward_inference, dnnl_resampling_linear, NULL, src, dst);

    return st ? st : dnnl_primitive_desc_create(&p->desc, &d, attr, p->engine, NULL);
#endif
}

static mw_md_view query_md(const mw_prim *p, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(p->desc, what, 0);
}

/* ---- weights ---- */

/* Convert from the file's layout to the one the kernel wants, once. */
static dnnl_status_t pack(mw_prim *p, mw_md_view from, const float *weights)
{
    const mw_md_view to = query_md(p, dnnl_query_weights_md);
    dnnl_status_t st;

    p->packed = mw_calloc_aligned(dnnl_memory_desc_get_size(to), 1);
    if (!p->packed) return dnnl_out_of_memory;
    st = dnnl_memory_create(&p->weights, to, p->engine, p->packed);
    return st ? st : mw_dnnl_reorder(p->engine, from, weights, to, p->weights);
}

static dnnl_status_t keep_bias(mw_prim *p, mw_md_view bias, const float *values, int n)
{
    p->bias_data = mw_calloc_aligned((size_t)n, sizeof *p->bias_data);
    if (!p->bias_data) return dnnl_out_of_memory;
    memcpy(p->bias_data, values, (size_t)n * sizeof *values);
    return dnnl_memory_create(&p->bias, bias, p->engine, p->bias_data);
}

/* ---- primitives ---- */

/* An empty primitive with its engine. */
static mw_status prim_new(mw_prim **out, mw_error *err)
{
    mw_prim *p = mw_calloc(1, sizeof *p);
    dnnl_status_t st;

    *out = NULL;
    if (!p) return mw_fail_nomem(err);
    st = dnnl_engine_create(&p->engine, dnnl_cpu, 0);
    if (st) {
        mw_prim_destroy(&p);
        return mw_dnnl_refused(err, st, "a CPU engine");
    }
    *out = p;
    return MW_OK;
}

static dnnl_status_t prim_finish(mw_prim *p)
{
    const mw_md_view scratch = query_md(p, dnnl_query_scratchpad_md);

    p->scratch = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    return dnnl_primitive_create(&p->primitive, p->desc);
}

mw_status mw_prim_conv(mw_prim **out, const mw_prim_window *w, const float *weights,
                       const float *bias, mw_error *err)
{
    mw_md src = NULL, any = NULL, plain = NULL, bias_md = NULL, dst = NULL;
    dnnl_primitive_attr_t attr = NULL;
    const int before = mw_dnnl_one_thread();
    mw_prim *p = NULL;
    mw_status result = prim_new(&p, err);
    dnnl_status_t st = dnnl_success;

    *out = NULL;
    if (result != MW_OK) goto done;
    p->add = w->add;
    st = md_map(&src, w->ih, w->iw, w->ic);
    if (!st) st = md_weights(&any, w, 1);
    if (!st) st = md_weights(&plain, w, 0);
    if (!st) st = md_vector(&bias_md, w->oc);
    if (!st) st = md_map(&dst, w->oh, w->ow, w->oc);
    if (!st) st = attr_create(&attr, w, dst);
    if (!st) st = conv_desc(p, w, src, any, bias_md, dst, attr);
    if (!st) st = pack(p, plain, weights);
    if (!st) st = keep_bias(p, bias_md, bias, w->oc);
    if (!st) st = prim_finish(p);
    if (st) {
        result = mw_dnnl_refused(err, st, "a convolution");
        goto done;
    }
    *out = p;
    p = NULL;
done:
    mw_prim_destroy(&p);
    dnnl_primitive_attr_destroy(attr);
    mw_md_destroy(&src);
    mw_md_destroy(&any);
    mw_md_destroy(&plain);
    mw_md_destroy(&bias_md);
    mw_md_destroy(&dst);
    mw_dnnl_threads_back(before);
    return result;
}

/* Max pooling (w) or resizing (w NULL) between two maps. */
static mw_status map_prim(mw_prim **out, const mw_prim_window *w, const int shape[5], mw_error *err)
{
    static const mw_prim_window none = { 0 };
    mw_md src = NULL, dst = NULL;
    dnnl_primitive_attr_t attr = NULL;
    const int before = mw_dnnl_one_thread();
    mw_prim *p = NULL;
    mw_status result = prim_new(&p, err);
    dnnl_status_t st = dnnl_success;

    *out = NULL;
    if (result != MW_OK) goto done;
    st = md_map(&src, shape[0], shape[1], shape[4]);
    if (!st) st = md_map(&dst, shape[2], shape[3], shape[4]);
    if (!st) st = attr_create(&attr, &none, dst);
    if (!st) st = w ? pool_desc(p, w, src, dst, attr) : resize_desc(p, src, dst, attr);
    if (!st) st = prim_finish(p);
    if (st) {
        result = mw_dnnl_refused(err, st, w ? "a pooling" : "a resampling");
        goto done;
    }
    *out = p;
    p = NULL;
done:
    mw_prim_destroy(&p);
    dnnl_primitive_attr_destroy(attr);
    mw_md_destroy(&src);
    mw_md_destroy(&dst);
    mw_dnnl_threads_back(before);
    return result;
}

mw_status mw_prim_max_pool(mw_prim **out, const mw_prim_window *w, mw_error *err)
{
    const int shape[5] = { w->ih, w->iw, w->oh, w->ow, w->ic };

    return map_prim(out, w, shape, err);
}

mw_status mw_prim_resize(mw_prim **out, int ih, int iw, int oh, int ow, int channels, mw_error *err)
{
    const int shape[5] = { ih, iw, oh, ow, channels };

    return map_prim(out, NULL, shape, err);
}

void mw_prim_destroy(mw_prim **pp)
{
    mw_prim *p = *pp;

    if (!p) return;
    dnnl_primitive_destroy(p->primitive);
    dnnl_primitive_desc_destroy(p->desc);
    dnnl_memory_destroy(p->weights);
    dnnl_memory_destroy(p->bias);
    dnnl_engine_destroy(p->engine);
    mw_free(p->packed);
    mw_free(p->bias_data);
    mw_free(p);
    *pp = NULL;
}

size_t mw_prim_scratch(const mw_prim *p)
{
    return p->scratch;
}

const char *mw_prim_kernel(const mw_prim *p)
{
    const char *text = NULL;

    if (dnnl_primitive_desc_query(p->desc, dnnl_query_impl_info_str, 0, (void *)&text)) return "";
    return text ? text : "";
}

/* ---- calls ---- */

static dnnl_status_t own_arg(mw_prim_call *c, int name, dnnl_query_t what, const void *data)
{
    const mw_md_view md = query_md(c->p, what);
    dnnl_memory_t memory = NULL;
    const dnnl_status_t st = mw_dnnl_memory(&memory, md, c->p->engine, data);

    if (!st) c->arg[c->n_args++] = (dnnl_exec_arg_t){ name, memory };
    return st;
}

mw_status mw_prim_bind(mw_prim_call **out, const mw_prim *p, const float *src, const float *add,
                       float *dst, void *scratch, mw_error *err)
{
    mw_prim_call *c = mw_calloc(1, sizeof *c);
    dnnl_status_t st;

    *out = NULL;
    if (!c) return mw_fail_nomem(err);
    c->p = p;
    st = dnnl_stream_create(&c->stream, p->engine, dnnl_stream_default_flags);
    if (p->weights) c->arg[c->n_args++] = (dnnl_exec_arg_t){ DNNL_ARG_WEIGHTS, p->weights };
    if (p->bias) c->arg[c->n_args++] = (dnnl_exec_arg_t){ DNNL_ARG_BIAS, p->bias };
    c->first_own = c->n_args;
    if (!st) st = own_arg(c, DNNL_ARG_SRC, dnnl_query_src_md, src);
    if (!st) st = own_arg(c, DNNL_ARG_DST, dnnl_query_dst_md, dst);
    if (!st && p->add)
        st = own_arg(c, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, dnnl_query_dst_md, add);
    if (!st && p->scratch) st = own_arg(c, DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, scratch);
    if (st) {
        mw_prim_unbind(&c);
        return mw_dnnl_refused(err, st, "to bind a primitive");
    }
    *out = c;
    return MW_OK;
}

mw_status mw_prim_run(const mw_prim_call *c, mw_error *err)
{
    const int before = mw_dnnl_one_thread();
    const dnnl_status_t st = dnnl_primitive_execute(c->p->primitive, c->stream, c->n_args, c->arg);

    mw_dnnl_threads_back(before);
    return st ? mw_dnnl_refused(err, st, "to run a primitive") : MW_OK;
}

void mw_prim_unbind(mw_prim_call **cc)
{
    mw_prim_call *c = *cc;

    if (!c) return;
    for (int i = c->first_own; i < c->n_args; i++)
        dnnl_memory_destroy(c->arg[i].memory);
    dnnl_stream_destroy(c->stream);
    mw_free(c);
    *cc = NULL;
}
