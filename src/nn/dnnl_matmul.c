/* SPDX-License-Identifier: Apache-2.0
 *
 * For oneDNN 2.6 and 3.x. The layout of packed weights is asked for once, with a usual number of
 * rows; products of any number of rows are then made for that layout, so that one copy serves all.
 * QuickGELU is the library's swish with 1.702, applied while the sums are still in registers.
 * 8-bit products leave their sums as they are: the steps of each row would be a second operand.
 */
#include "nn/dnnl_matmul.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/dnnl_common.h"
#include "nn/int8.h"

static const float gelu_slope = 1.702f;

struct mw_packed {
    dnnl_primitive_desc_t desc; /* owns the layout */
    dnnl_engine_t engine;
    int n, k;
    mw_matmul_type type;
    void *weights;
    float *bias;
    float *scale, *sum; /* 8 bits alone */
};

struct mw_matmul {
    dnnl_engine_t engine;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    int has_bias;
    size_t scratch;
};

/* ---- descriptors ---- */

static dnnl_status_t md_rows(mw_md *md, int rows, int columns, dnnl_data_type_t type)
{
    const dnnl_dims_t dims = { rows, columns }, strides = { columns, 1 };

    return mw_md_create(md, 2, dims, strides, type);
}

static dnnl_status_t attr_create(dnnl_primitive_attr_t *attr, const mw_matmul_spec *s)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t st = dnnl_primitive_attr_create(attr);

    /* Scratch comes from the caller: the library's own belongs to one thread. */
    if (!st) st = dnnl_primitive_attr_set_scratchpad_mode(*attr, dnnl_scratchpad_mode_user);
    if (st || (!s->add && !s->gelu)) return st;
    st = dnnl_post_ops_create(&ops);
#if DNNL_VERSION_MAJOR >= 3
    if (!st && s->add) st = dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
    if (!st && s->gelu) st = dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_swish, gelu_slope, 0);
#else
    if (!st && s->add) st = dnnl_post_ops_append_sum(ops, 1);
    if (!st && s->gelu)
        st = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_swish, gelu_slope, 0);
#endif
    if (!st) st = dnnl_primitive_attr_set_post_ops(*attr, ops);
    dnnl_post_ops_destroy(ops);
    return st;
}

/* Of weights, input and output. */
static const dnnl_data_type_t types[][3] = {
    [MW_MATMUL_F32] = { dnnl_f32, dnnl_f32, dnnl_f32 },
    [MW_MATMUL_BF16] = { dnnl_bf16, dnnl_bf16, dnnl_f32 },
    [MW_MATMUL_INT8] = { dnnl_s8, dnnl_u8, dnnl_s32 },
};

/* weights NULL: any layout. */
static dnnl_status_t desc_create(dnnl_primitive_desc_t *desc, dnnl_engine_t engine, int n, int k,
                                 mw_matmul_type type, int has_bias, mw_md_view weights,
                                 const mw_matmul_spec *s)
{
    const dnnl_dims_t any_dims = { k, n };
    mw_md x = NULL, any = NULL, bias = NULL, y = NULL;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_status_t st = md_rows(&x, s->m, k, types[type][1]);

    if (!st && !weights) st = mw_md_create(&any, 2, any_dims, NULL, types[type][0]);
    if (!st && has_bias) st = md_rows(&bias, 1, n, dnnl_f32);
    if (!st) st = md_rows(&y, s->m, n, s->y_bf16 ? dnnl_bf16 : types[type][2]);
    if (!st) st = attr_create(&attr, s);
    if (!st) {
        const mw_md_view w = weights ? weights : any;
#if DNNL_VERSION_MAJOR >= 3
        st = dnnl_matmul_primitive_desc_create(desc, engine, x, w, bias, y, attr);
#else
        dnnl_matmul_desc_t d;

        st = dnnl_matmul_desc_init(&d, x, w, bias, y);
        if (!st) st = dnnl_primitive_desc_create(desc, &d, attr, engine, NULL);
#endif
    }
    dnnl_primitive_attr_destroy(attr);
    mw_md_destroy(&x);
    mw_md_destroy(&any);
    mw_md_destroy(&bias);
    mw_md_destroy(&y);
    return st;
}

static mw_md_view query_md(dnnl_primitive_desc_t desc, dnnl_query_t what)
{
    return dnnl_primitive_desc_query_md(desc, what, 0);
}

/* ---- weights ---- */

/* data: of type, [n][k]. */
static dnnl_status_t pack(mw_packed *p, const void *data, dnnl_data_type_t type)
{
    const mw_md_view layout = query_md(p->desc, dnnl_query_weights_md);
    /* [n][k] of the caller as k rows, n columns */
    const dnnl_dims_t dims = { p->k, p->n }, strides = { 1, p->k };
    dnnl_memory_t to = NULL;
    mw_md from = NULL;
    dnnl_status_t st;

    p->weights = mw_calloc_aligned(dnnl_memory_desc_get_size(layout), 1);
    if (!p->weights) return dnnl_out_of_memory;
    st = mw_md_create(&from, 2, dims, strides, type);
    if (!st) st = dnnl_memory_create(&to, layout, p->engine, p->weights);
    if (!st) st = mw_dnnl_reorder(p->engine, from, data, layout, to);
    dnnl_memory_destroy(to);
    mw_md_destroy(&from);
    return st;
}

static dnnl_status_t pack_int8(mw_packed *p, const float *weights)
{
    const size_t n = (size_t)p->n, k = (size_t)p->k;
    int8_t *q = mw_alloc_aligned(n * k, 1);
    dnnl_status_t st = dnnl_out_of_memory;

    p->scale = mw_calloc_aligned(n, sizeof *p->scale);
    p->sum = mw_calloc_aligned(n, sizeof *p->sum);
    if (q && p->scale && p->sum) {
        mw_int8_weights(q, p->scale, p->sum, weights, n, k);
        st = pack(p, q, dnnl_s8);
    }
    mw_free(q);
    return st;
}

static dnnl_status_t keep_bias(mw_packed *p, const float *bias)
{
    if (!bias && p->type != MW_MATMUL_INT8) return dnnl_success;
    p->bias = mw_calloc_aligned((size_t)p->n, sizeof *p->bias);
    if (!p->bias) return dnnl_out_of_memory;
    if (bias) memcpy(p->bias, bias, (size_t)p->n * sizeof *bias);
    return dnnl_success;
}

/* Whether the library adds it. */
static int has_bias(const mw_packed *p)
{
    return p->bias && p->type != MW_MATMUL_INT8;
}

mw_status mw_packed_create(mw_packed **out, const float *weights, const float *bias, int n, int k,
                           mw_matmul_type type, int rows, mw_error *err)
{
    const mw_matmul_spec usual = { .m = rows };
    const int before = mw_dnnl_one_thread();
    mw_packed *p = mw_calloc(1, sizeof *p);
    dnnl_status_t st = p ? dnnl_success : dnnl_out_of_memory;

    *out = NULL;
    if (!st && type == MW_MATMUL_INT8 && k > MW_INT8_MAX_K) st = dnnl_unimplemented;
    if (st) goto done;
    p->n = n;
    p->k = k;
    p->type = type;
    st = dnnl_engine_create(&p->engine, dnnl_cpu, 0);
    if (!st) st = keep_bias(p, bias);
    if (!st) st = desc_create(&p->desc, p->engine, n, k, type, has_bias(p), NULL, &usual);
    if (!st) st = type == MW_MATMUL_INT8 ? pack_int8(p, weights) : pack(p, weights, dnnl_f32);
    if (st) goto done;
    *out = p;
    p = NULL;
done:
    mw_packed_destroy(&p);
    mw_dnnl_threads_back(before);
    return st ? mw_dnnl_refused(err, st, "weights of a matrix product") : MW_OK;
}

void mw_packed_destroy(mw_packed **pp)
{
    mw_packed *p = *pp;

    if (!p) return;
    dnnl_primitive_desc_destroy(p->desc);
    dnnl_engine_destroy(p->engine);
    mw_free(p->weights);
    mw_free(p->bias);
    mw_free(p->scale);
    mw_free(p->sum);
    mw_free(p);
    *pp = NULL;
}

size_t mw_packed_bytes(const mw_packed *p)
{
    return dnnl_memory_desc_get_size(query_md(p->desc, dnnl_query_weights_md)) +
           (size_t)p->n * sizeof(float) * (size_t)(!!p->bias + !!p->scale + !!p->sum);
}

mw_matmul_type mw_packed_type(const mw_packed *p)
{
    return p->type;
}

mw_packed_steps mw_packed_int8(const mw_packed *p)
{
    return (mw_packed_steps){ p->n, p->scale, p->sum, p->bias };
}

/* ---- products ---- */

mw_status mw_matmul_create(mw_matmul **out, const mw_packed *like, const mw_matmul_spec *spec,
                           mw_error *err)
{
    const int before = mw_dnnl_one_thread();
    mw_matmul *m = mw_calloc(1, sizeof *m);
    dnnl_status_t st = m ? dnnl_success : dnnl_out_of_memory;
    mw_md_view scratch;

    *out = NULL;
    if (st) goto done;
    m->has_bias = has_bias(like);
    st = dnnl_engine_create(&m->engine, dnnl_cpu, 0);
    if (!st)
        st = desc_create(&m->desc, m->engine, like->n, like->k, like->type, m->has_bias,
                         query_md(like->desc, dnnl_query_weights_md), spec);
    if (!st) st = dnnl_primitive_create(&m->primitive, m->desc);
    if (st) goto done;
    scratch = query_md(m->desc, dnnl_query_scratchpad_md);
    m->scratch = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    *out = m;
    m = NULL;
done:
    mw_matmul_destroy(&m);
    mw_dnnl_threads_back(before);
    return st ? mw_dnnl_refused(err, st, "a matrix product") : MW_OK;
}

void mw_matmul_destroy(mw_matmul **mm)
{
    mw_matmul *m = *mm;

    if (!m) return;
    dnnl_primitive_destroy(m->primitive);
    dnnl_primitive_desc_destroy(m->desc);
    dnnl_engine_destroy(m->engine);
    mw_free(m);
    *mm = NULL;
}

size_t mw_matmul_scratch(const mw_matmul *m)
{
    return m->scratch;
}

const char *mw_matmul_kernel(const mw_matmul *m)
{
    const char *text = NULL;

    if (dnnl_primitive_desc_query(m->desc, dnnl_query_impl_info_str, 0, (void *)&text)) return "";
    return text ? text : "";
}

/* Descriptors of memory and stream cost microseconds, a product of a tower a hundred times that. */
mw_status mw_matmul_run(const mw_matmul *m, const mw_packed *w, const void *x, void *y,
                        void *scratch, mw_error *err)
{
    const struct {
        int name;
        dnnl_query_t what;
        const void *data;
    } use[] = {
        { DNNL_ARG_SRC, dnnl_query_src_md, x },
        { DNNL_ARG_WEIGHTS, dnnl_query_weights_md, w->weights },
        { DNNL_ARG_DST, dnnl_query_dst_md, y },
        { DNNL_ARG_BIAS, dnnl_query_weights_md, w->bias },
        { DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, scratch },
    };
    enum { N = sizeof use / sizeof *use };
    dnnl_exec_arg_t arg[N];
    const int before = mw_dnnl_one_thread();
    dnnl_stream_t stream = NULL;
    dnnl_status_t st = dnnl_stream_create(&stream, m->engine, dnnl_stream_default_flags);
    int n = 0;

    for (int i = 0; !st && i < N; i++) {
        const int is_bias = use[i].name == DNNL_ARG_BIAS;

        if (is_bias ? !m->has_bias : use[i].name == DNNL_ARG_SCRATCHPAD && !m->scratch) continue;
        arg[n] = (dnnl_exec_arg_t){ use[i].name, NULL };
        st = mw_dnnl_memory(&arg[n].memory,
                            dnnl_primitive_desc_query_md(m->desc, use[i].what, is_bias), m->engine,
                            use[i].data);
        n += !st;
    }
    if (!st) st = dnnl_primitive_execute(m->primitive, stream, n, arg);
    if (!st) st = dnnl_stream_wait(stream);
    for (int i = 0; i < n; i++)
        dnnl_memory_destroy(arg[i].memory);
    dnnl_stream_destroy(stream);
    mw_dnnl_threads_back(before);
    return st ? mw_dnnl_refused(err, st, "to run a matrix product") : MW_OK;
}

/* ---- are 8-bit products exact? ---- */

enum { CHECK_M = 5, CHECK_N = 16, CHECK_K = 64 };

/* The largest and smallest sums there are: u = 255, q = 127 in even outputs, -127 in odd ones. */
static mw_status check_product(const mw_matmul *m, const mw_packed *p, void *scratch, mw_error *err)
{
    uint8_t x[CHECK_M * CHECK_K];
    int32_t y[CHECK_M * CHECK_N] = { 0 };
    mw_status st;

    memset(x, 255, sizeof x);
    st = mw_matmul_run(m, p, x, y, scratch, err);
    for (int i = 0; st == MW_OK && i < CHECK_M * CHECK_N; i++)
        if (y[i] != (i % 2 ? -1 : 1) * 255 * 127 * CHECK_K)
            return mw_fail(err, MW_ERR_RANGE, "no_int8",
                           "oneDNN %d.%d saturates sums of 8-bit products on this processor (%s); "
                           "take float32",
                           DNNL_VERSION_MAJOR, DNNL_VERSION_MINOR, mw_matmul_kernel(m));
    return st;
}

mw_status mw_matmul_check_int8(mw_error *err)
{
    const mw_matmul_spec spec = { .m = CHECK_M };
    float w[CHECK_N * CHECK_K];
    mw_packed *p = NULL;
    mw_matmul *m = NULL;
    void *scratch = NULL;
    mw_status st;

    for (int i = 0; i < CHECK_N * CHECK_K; i++)
        w[i] = i / CHECK_K % 2 ? -127 : 127;
    st = mw_packed_create(&p, w, NULL, CHECK_N, CHECK_K, MW_MATMUL_INT8, CHECK_M, err);
    if (st == MW_OK) st = mw_matmul_create(&m, p, &spec, err);
    if (st == MW_OK) {
        scratch = mw_calloc_aligned(m->scratch + 1, 1);
        st = scratch ? check_product(m, p, scratch, err) : mw_fail_nomem(err);
    }
    mw_free(scratch);
    mw_matmul_destroy(&m);
    mw_packed_destroy(&p);
    return st;
}
