/* SPDX-License-Identifier: Apache-2.0
 *
 * Slot numbers are those of the published schema (tensorflow/lite/schema/schema.fbs). Constants
 * come out widened: float16 to float32, sparse rows expanded. Shapes are checked in
 * tflite_check.c.
 */
#include "nn/tflite.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "nn/flatbuf.h"
#include "nn/tflite_check.h"

typedef struct reader {
    mw_fb fb;
    mw_tflite *m;
    mw_fb_vector buffer;   /* [Buffer] */
    mw_fb_vector op_code;  /* [OperatorCode] */
    mw_fb_vector operator; /* [Operator] */
    size_t n_const;        /* elements of all constants so far */
    const char *name;
    mw_error *err;
} reader;

static mw_status broken(reader *r)
{
    return mw_fail(r->err, MW_ERR_FORMAT, "bad_offset", "'%s' is not a usable TFLite file: %s",
                   r->name, r->fb.bad);
}

#define BAD(r, reason, ...) bad_((r), (reason), __VA_ARGS__)
static mw_status bad_(reader *r, const char *reason, const char *what, long number)
{
    return mw_fail(r->err, MW_ERR_FORMAT, reason, "'%s' is not a usable TFLite file: %s %ld",
                   r->name, what, number);
}

float mw_half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31;
    uint32_t fraction = h & 0x3ff, bits;
    float v;

    if (exponent == 31) {
        bits = sign | 0x7f800000 | fraction << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    } else {
        /* Denormal halves are fraction * 2^-24, exact in float. */
        v = (float)fraction * 0x1p-24f;
        memcpy(&bits, &v, sizeof bits);
        bits |= sign;
    }
    memcpy(&v, &bits, sizeof v);
    return v;
}

static mw_status read_shape(reader *r, const mw_fb_table *t, mw_tfl_tensor *out, size_t i)
{
    const mw_fb_vector shape = mw_fb_vec(&r->fb, t, 0, 4);

    out->n = 1;
    if (shape.n > MW_TFL_MAX_DIMS)
        return BAD(r, "unsupported", "too many dimensions in tensor", (long)i);
    out->n_dims = (int)shape.n;
    for (uint32_t k = 0; k < shape.n; k++) {
        const int32_t d = mw_fb_i32(&r->fb, shape.pos + 4 * (size_t)k);

        if (d < 1 || (size_t)d > MW_TFL_MAX_ELEMENTS / out->n)
            return BAD(r, "bad_model", "bad shape of tensor", (long)i);
        out->dim[k] = d;
        out->n *= (size_t)d;
    }
    return MW_OK;
}

static mw_status alloc_const(reader *r, mw_tfl_tensor *t, size_t i)
{
    r->n_const += t->n;
    if (r->n_const > MW_TFL_MAX_CONST)
        return BAD(r, "bad_model", "too many constants, at tensor", (long)i);
    if (t->type == MW_TFL_I32)
        t->i32 = mw_calloc(t->n, sizeof *t->i32);
    else
        t->f32 = mw_calloc(t->n, sizeof *t->f32);
    return t->i32 || t->f32 ? MW_OK : mw_fail_nomem(r->err);
}

static float float_at(mw_fb *f, mw_tfl_type type, size_t pos, size_t k)
{
    float v;
    uint32_t bits;

    if (type == MW_TFL_F16) return mw_half_to_float((uint16_t)mw_fb_get(f, pos + 2 * k, 2));
    bits = (uint32_t)mw_fb_get(f, pos + 4 * k, 4);
    memcpy(&v, &bits, sizeof v);
    return v;
}

static size_t item_size(mw_tfl_type type)
{
    return type == MW_TFL_F16 ? 2 : 4;
}

static mw_status read_dense(reader *r, mw_tfl_tensor *t, const mw_fb_vector *data, size_t i)
{
    mw_status st;

    if (data->n != t->n * item_size(t->type))
        return BAD(r, "bad_model", "size of the constant does not fit the shape of tensor",
                   (long)i);
    st = alloc_const(r, t, i);
    if (st != MW_OK) return st;
    for (size_t k = 0; k < t->n; k++) {
        if (t->i32)
            t->i32[k] = mw_fb_i32(&r->fb, data->pos + 4 * k);
        else
            t->f32[k] = float_at(&r->fb, t->type, data->pos, k);
    }
    return MW_OK;
}

/* Index vector of a sparse dimension: union of i32, u16 and u8 vectors in slots slot, slot + 1. */
static mw_fb_vector index_vector(reader *r, const mw_fb_table *d, unsigned slot, size_t *width)
{
    static const size_t widths[] = { 0, 4, 2, 1 };
    const uint32_t kind = mw_fb_u8(&r->fb, d, slot, 0);
    const mw_fb_table t = mw_fb_child(&r->fb, d, slot + 1);

    *width = kind < 4 ? widths[kind] : 0;
    if (!*width) {
        if (!r->fb.bad) r->fb.bad = "unknown kind of sparse index";
        return (mw_fb_vector){ 0 };
    }
    return mw_fb_vec(&r->fb, &t, 0, *width);
}

/* All dimensions dense but the last, which is compressed rows; no blocks. */
static int sparse_layout_known(reader *r, const mw_fb_table *sparsity, const mw_fb_vector *dims,
                               int n_dims)
{
    const mw_fb_vector order = mw_fb_vec(&r->fb, sparsity, 0, 4);
    const mw_fb_vector blocks = mw_fb_vec(&r->fb, sparsity, 1, 4);

    if (n_dims < 1 || order.n != (uint32_t)n_dims || blocks.n || dims->n != (uint32_t)n_dims)
        return 0;
    for (uint32_t k = 0; k < dims->n; k++) {
        const mw_fb_table d = mw_fb_at(&r->fb, dims, k);

        if (mw_fb_i32(&r->fb, order.pos + 4 * (size_t)k) != (int32_t)k) return 0;
        if (mw_fb_u8(&r->fb, &d, 0, 0) != (k + 1 == dims->n)) return 0;
    }
    return 1;
}

static mw_status read_sparse(reader *r, mw_tfl_tensor *t, const mw_fb_table *sparsity,
                             const mw_fb_vector *data, size_t i)
{
    const mw_fb_vector dims = mw_fb_vec(&r->fb, sparsity, 2, 4);
    size_t seg_width, idx_width, rows, columns, n_values, from = 0;
    mw_fb_vector segments, indices;
    mw_fb_table last;
    mw_status st;

    if (t->type == MW_TFL_I32 || !sparse_layout_known(r, sparsity, &dims, t->n_dims))
        return BAD(r, "unsupported", "unknown sparse layout of tensor", (long)i);
    last = mw_fb_at(&r->fb, &dims, dims.n - 1);
    segments = index_vector(r, &last, 2, &seg_width);
    indices = index_vector(r, &last, 4, &idx_width);
    if (r->fb.bad) return broken(r);
    columns = (size_t)t->dim[t->n_dims - 1];
    rows = t->n / columns;
    n_values = data->n / item_size(t->type);
    if (segments.n != rows + 1 || indices.n != n_values)
        return BAD(r, "bad_model", "sparse index sizes do not fit tensor", (long)i);
    st = alloc_const(r, t, i);
    if (st != MW_OK) return st;
    for (size_t row = 0; row < rows; row++) {
        const size_t to =
            (size_t)mw_fb_get(&r->fb, segments.pos + seg_width * (row + 1), seg_width);

        if (to < from || to > n_values)
            return BAD(r, "bad_model", "sparse rows out of order in tensor", (long)i);
        for (; from < to; from++) {
            const size_t c = (size_t)mw_fb_get(&r->fb, indices.pos + idx_width * from, idx_width);

            if (c >= columns) return BAD(r, "bad_model", "sparse column outside tensor", (long)i);
            t->f32[row * columns + c] = float_at(&r->fb, t->type, data->pos, from);
        }
    }
    return MW_OK;
}

static mw_status read_tensor(reader *r, const mw_fb_table *t, size_t i)
{
    mw_tfl_tensor *out = &r->m->tensor[i];
    const uint32_t type = mw_fb_u8(&r->fb, t, 1, 0);
    const uint32_t buffer = (uint32_t)mw_fb_int(&r->fb, t, 2, 0);
    const mw_fb_table sparsity = mw_fb_child(&r->fb, t, 6);
    mw_fb_vector data = { 0 };
    mw_status st = read_shape(r, t, out, i);

    if (st != MW_OK) return st;
    if (type > 2) return BAD(r, "unsupported", "element type not read in tensor", (long)i);
    out->type = (mw_tfl_type)type;
    if (r->fb.bad) return broken(r);
    if (buffer >= r->buffer.n && buffer)
        return BAD(r, "bad_model", "no such buffer for tensor", (long)i);
    if (buffer < r->buffer.n) {
        const mw_fb_table b = mw_fb_at(&r->fb, &r->buffer, buffer);

        data = mw_fb_vec(&r->fb, &b, 0, 1);
    }
    if (data.n && sparsity.pos)
        st = read_sparse(r, out, &sparsity, &data, i);
    else if (data.n)
        st = read_dense(r, out, &data, i);
    return r->fb.bad ? broken(r) : st;
}

static mw_status read_tensors(reader *r, const mw_fb_table *graph)
{
    const mw_fb_vector list = mw_fb_vec(&r->fb, graph, 0, 4);
    mw_status st = MW_OK;

    if (r->fb.bad) return broken(r);
    if (!list.n || list.n > MW_TFL_MAX_TENSORS)
        return BAD(r, "bad_model", "number of tensors is", (long)list.n);
    r->m->tensor = mw_calloc(list.n, sizeof *r->m->tensor);
    if (!r->m->tensor) return mw_fail_nomem(r->err);
    r->m->n_tensors = list.n;
    for (uint32_t i = 0; i < list.n && st == MW_OK; i++) {
        const mw_fb_table t = mw_fb_at(&r->fb, &list, i);

        st = read_tensor(r, &t, i);
    }
    return st;
}

static mw_status read_io(reader *r, const mw_fb_table *graph)
{
    const mw_fb_vector in = mw_fb_vec(&r->fb, graph, 1, 4), out = mw_fb_vec(&r->fb, graph, 2, 4);
    mw_tflite *m = r->m;

    if (r->fb.bad) return broken(r);
    if (in.n != 1) return BAD(r, "unsupported", "number of inputs is", (long)in.n);
    if (!out.n || out.n > sizeof m->output / sizeof *m->output)
        return BAD(r, "unsupported", "number of outputs is", (long)out.n);
    m->input = mw_fb_i32(&r->fb, in.pos);
    m->n_outputs = out.n;
    for (uint32_t i = 0; i < out.n; i++)
        m->output[i] = mw_fb_i32(&r->fb, out.pos + 4 * (size_t)i);
    return MW_OK;
}

/* Options of an operator, by the slot numbers of its options table; type is the union's number that
 * the operator must carry (0 when it may carry none). */
static int read_options(mw_fb *f, mw_tfl_op *op, const mw_fb_table *o, uint32_t type)
{
    unsigned activation = 0;
    uint32_t must = 0;

    op->stride_w = op->stride_h = op->dilation_w = op->dilation_h = op->multiplier = 1;
    switch (op->code) {
    case MW_TFL_CONV:
        must = 1;
        activation = 3;
        op->dilation_w = mw_fb_int(f, o, 4, 1);
        op->dilation_h = mw_fb_int(f, o, 5, 1);
        break;
    case MW_TFL_DEPTHWISE:
        must = 2;
        activation = 4;
        op->multiplier = mw_fb_int(f, o, 3, 0);
        op->dilation_w = mw_fb_int(f, o, 5, 1);
        op->dilation_h = mw_fb_int(f, o, 6, 1);
        break;
    case MW_TFL_MAX_POOL:
        must = 5;
        activation = 5;
        op->kernel_w = mw_fb_int(f, o, 3, 0);
        op->kernel_h = mw_fb_int(f, o, 4, 0);
        break;
    case MW_TFL_CONCAT:
        must = 10;
        activation = 1;
        op->axis = mw_fb_int(f, o, 0, 0);
        break;
    case MW_TFL_ADD:
        break;
    case MW_TFL_RESIZE_BILINEAR:
        must = 15;
        op->align_corners = mw_fb_u8(f, o, 2, 0) != 0;
        op->half_pixel = mw_fb_u8(f, o, 3, 0) != 0;
        return type == must;
    case MW_TFL_DEPTH_TO_SPACE:
        must = 94;
        op->block = mw_fb_int(f, o, 0, 0);
        return type == must;
    default:
        return 1;
    }
    if (must && type != must) return 0;
    if (must && op->code != MW_TFL_CONCAT) {
        op->same_padding = mw_fb_u8(f, o, 0, 0) == 0;
        op->stride_w = mw_fb_int(f, o, 1, 0);
        op->stride_h = mw_fb_int(f, o, 2, 0);
    }
    op->relu = (int)mw_fb_u8(f, o, activation, 0);
    return op->relu <= 1;
}

static mw_status read_op(reader *r, const mw_fb_table *t, mw_tfl_op *op)
{
    const uint32_t which = (uint32_t)mw_fb_int(&r->fb, t, 0, 0);
    const mw_fb_vector in = mw_fb_vec(&r->fb, t, 1, 4), out = mw_fb_vec(&r->fb, t, 2, 4);
    const uint32_t type = mw_fb_u8(&r->fb, t, 3, 0);
    const mw_fb_table options = mw_fb_child(&r->fb, t, 4);
    mw_fb_table code;
    int32_t old, new;

    if (r->fb.bad) return broken(r);
    if (which >= r->op_code.n || in.n < 1 || in.n > MW_TFL_MAX_IN || out.n != 1)
        return BAD(r, "bad_model", "bad operator at position", (long)op->position);
    code = mw_fb_at(&r->fb, &r->op_code, which);
    /* Old files fill only the 8-bit code, new ones also the 32-bit one. */
    old = (int8_t)mw_fb_u8(&r->fb, &code, 0, 0);
    new = mw_fb_int(&r->fb, &code, 3, 0);
    op->code = (mw_tfl_code)(old > new ? old : new);
    op->n_in = (int)in.n;
    for (uint32_t i = 0; i < in.n; i++)
        op->in[i] = mw_fb_i32(&r->fb, in.pos + 4 * (size_t)i);
    op->out = mw_fb_i32(&r->fb, out.pos);
    if (!read_options(&r->fb, op, &options, type))
        return BAD(r, "unsupported", "options not read of the operator at position",
                   (long)op->position);
    return r->fb.bad ? broken(r) : MW_OK;
}

/* DEQUANTIZE and DENSIFY of a constant hand it on: the values are already widened and dense. */
static mw_status fold(reader *r, const mw_tfl_op *op)
{
    const size_t n = r->m->n_tensors;
    mw_tfl_tensor *from, *to;

    if (op->in[0] < 0 || (size_t)op->in[0] >= n || op->out < 0 || (size_t)op->out >= n)
        return BAD(r, "bad_model", "no such tensor for the operator at position",
                   (long)op->position);
    from = &r->m->tensor[op->in[0]];
    to = &r->m->tensor[op->out];
    if (!from->f32 || to->f32 || to->i32 || to->n != from->n || to->type == MW_TFL_I32)
        return BAD(r, "unsupported", "cannot carry out the operator at position",
                   (long)op->position);
    to->f32 = from->f32;
    from->f32 = NULL;
    return MW_OK;
}

static mw_status read_ops(reader *r)
{
    mw_tflite *m = r->m;
    mw_status st = MW_OK;

    if (!r->operator.n || r->operator.n> MW_TFL_MAX_TENSORS)
        return BAD(r, "bad_model", "number of operators is", (long)r->operator.n);
    m->op = mw_calloc(r->operator.n, sizeof *m->op);
    if (!m->op) return mw_fail_nomem(r->err);
    for (uint32_t i = 0; i < r->operator.n && st == MW_OK; i++) {
        const mw_fb_table t = mw_fb_at(&r->fb, &r->operator, i);
        mw_tfl_op op = { .position = (int)i };

        st = read_op(r, &t, &op);
        if (st != MW_OK) break;
        if (op.code == MW_TFL_DEQUANTIZE || op.code == MW_TFL_DENSIFY)
            st = fold(r, &op);
        else
            m->op[m->n_ops++] = op;
    }
    return st;
}

static mw_status parse(reader *r)
{
    mw_fb_table root, graph;
    mw_fb_vector graphs;
    mw_status st;

    if (r->fb.n < 8 || memcmp(r->fb.p + 4, "TFL3", 4))
        return BAD(r, "bad_model", "it does not begin like one; bytes in it:", (long)r->fb.n);
    root = mw_fb_root(&r->fb);
    r->op_code = mw_fb_vec(&r->fb, &root, 1, 4);
    graphs = mw_fb_vec(&r->fb, &root, 2, 4);
    r->buffer = mw_fb_vec(&r->fb, &root, 4, 4);
    if (r->fb.bad) return broken(r);
    if (graphs.n != 1) return BAD(r, "unsupported", "number of subgraphs is", (long)graphs.n);
    graph = mw_fb_at(&r->fb, &graphs, 0);
    r->operator= mw_fb_vec(&r->fb, &graph, 3, 4);
    if (r->fb.bad) return broken(r);
    st = read_tensors(r, &graph);
    if (st == MW_OK) st = read_io(r, &graph);
    if (st == MW_OK) st = read_ops(r);
    return st;
}

mw_status mw_tflite_parse(mw_tflite **out, const void *bytes, size_t n, const char *name,
                          mw_error *err)
{
    reader r = { .fb = { .p = bytes, .n = n }, .name = name, .err = err };
    mw_status st;

    *out = NULL;
    if (n > MW_TFL_MAX_FILE)
        return mw_fail(err, MW_ERR_FORMAT, "bad_model", "'%s' has more than %zu bytes", name,
                       (size_t)MW_TFL_MAX_FILE);
    r.m = mw_calloc(1, sizeof *r.m);
    if (!r.m) return mw_fail_nomem(err);
    st = parse(&r);
    if (st == MW_OK) st = mw_tflite_check(r.m, name, err);
    if (st == MW_OK) {
        *out = r.m;
        r.m = NULL;
    }
    mw_tflite_destroy(&r.m);
    return st;
}

void mw_tflite_destroy(mw_tflite **m)
{
    if (!*m) return;
    for (size_t i = 0; i < (*m)->n_tensors; i++) {
        mw_free((*m)->tensor[i].f32);
        mw_free((*m)->tensor[i].i32);
    }
    mw_free((*m)->tensor);
    mw_free((*m)->op);
    mw_free(*m);
    *m = NULL;
}
