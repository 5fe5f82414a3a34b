/* SPDX-License-Identifier: Apache-2.0
 *
 * Face boxes and numpy arrays as pickles: from a parsed tree, and as hand-written instruction
 * sequences.
 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/fs.h"
#include "data/pickle.h"

/* ---- face boxes ---- */

static int is_sequence(const mw_pickle_node *v)
{
    return v->kind == MW_PICKLE_LIST || v->kind == MW_PICKLE_TUPLE;
}

static int box_of(const mw_pickle *p, uint32_t node, mw_face *f)
{
    const mw_pickle_node *v = &p->node[node];
    double box[4];

    if (!is_sequence(v) || v->n != 4) return -1;
    for (int i = 0; i < 4; i++)
        if (mw_pickle_number(p, v->as.item[i], &box[i]) || !isfinite(box[i])) return -1;
    *f = (mw_face){ box[0], box[1], box[2], box[3], .score = NAN, .state = MW_FACE_FOUND };
    return 0;
}

static int is_zero(const mw_face *f)
{
    return f->x == 0 && f->y == 0 && f->w == 0 && f->h == 0;
}

static mw_status bad_frame(size_t frame, const char *name, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "bad_pickle",
                   "'%s': frame %zu is not a list of boxes of four finite numbers", name, frame);
}

static mw_status add_frame(mw_track *t, const mw_pickle *p, uint32_t node, double rate_hz,
                           const char *name, mw_error *err)
{
    const mw_pickle_node *v = &p->node[node];
    const size_t frame = t->n_frames;
    mw_status st = mw_track_add(t, (double)frame / rate_hz, NULL, 0, err);

    if (st != MW_OK || v->kind == MW_PICKLE_NONE) return st;
    if (!is_sequence(v)) return bad_frame(frame, name, err);
    /* Shared lists make many boxes from few bytes. */
    if (v->n > MW_PICKLE_MAX_NODES - t->n_faces)
        return mw_fail(err, MW_ERR_FORMAT, "bad_pickle", "'%s': too many boxes", name);
    if (mw_grow(&t->face, &t->face_cap, t->n_faces + v->n, sizeof *t->face))
        return mw_fail_nomem(err);
    for (uint32_t i = 0; i < v->n; i++) {
        mw_face f;

        if (box_of(p, v->as.item[i], &f)) return bad_frame(frame, name, err);
        if (v->n == 1 && is_zero(&f)) break;
        t->face[t->n_faces++] = f;
        t->frame[frame].n++;
    }
    return MW_OK;
}

mw_status mw_pickle_to_track(mw_track *out, const void *bytes, size_t n, double rate_hz,
                             const char *name, mw_error *err)
{
    const mw_pickle_node *root;
    mw_track t = { 0 };
    mw_pickle p;
    mw_status st = mw_pickle_parse(&p, bytes, n, MW_PICKLE_VALUES, name, err);

    *out = t;
    if (st != MW_OK) return st;
    root = &p.node[p.root];
    if (!is_sequence(root))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_pickle", "'%s' holds no list of frames", name);
    else
        for (uint32_t i = 0; i < root->n && st == MW_OK; i++)
            st = add_frame(&t, &p, root->as.item[i], rate_hz, name, err);
    mw_pickle_clear(&p);
    if (st == MW_OK)
        *out = t;
    else
        mw_track_clear(&t);
    return st;
}

mw_status mw_pickle_read_track(mw_track *out, const char *path, double rate_hz, mw_error *err)
{
    char *bytes;
    size_t n;
    mw_status st = mw_file_load(&bytes, &n, path, MW_PICKLE_MAX_FILE, err);

    *out = (mw_track){ 0 };
    if (st == MW_OK) st = mw_pickle_to_track(out, bytes, n, rate_hz, path, err);
    mw_free(bytes);
    return st;
}

static void put_double(mw_str *s, double x)
{
    char op[9] = { 'G' };
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    for (int i = 0; i < 8; i++)
        op[1 + i] = (char)(bits >> (56 - 8 * i) & 255);
    mw_str_putn(s, op, sizeof op);
}

static void put_box(mw_str *s, const mw_face *f)
{
    mw_str_put(s, "](");
    put_double(s, f->x);
    put_double(s, f->y);
    put_double(s, f->w);
    put_double(s, f->h);
    mw_str_putc(s, 'e');
}

mw_status mw_pickle_from_track(const mw_track *t, mw_str *out, mw_error *err)
{
    static const mw_face none = { 0 };

    mw_str_put(out, "\x80\x02](");
    for (size_t i = 0; i < t->n_frames; i++) {
        const mw_track_frame *f = &t->frame[i];

        mw_str_put(out, "](");
        for (size_t k = 0; k < f->n; k++)
            put_box(out, &t->face[f->first + k]);
        if (!f->n) put_box(out, &none);
        mw_str_putc(out, 'e');
    }
    mw_str_put(out, "e.");
    return mw_str_ok(out, err);
}

mw_status mw_pickle_write_track(const mw_track *t, const char *path, mw_error *err)
{
    mw_str text = { 0 };
    mw_status st = mw_pickle_from_track(t, &text, err);

    if (st == MW_OK) st = mw_file_store(path, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

/* ---- numpy arrays ---- */

static void put_le(mw_str *s, uint64_t v, int width)
{
    for (int i = 0; i < width; i++)
        mw_str_putc(s, (char)(v >> 8 * i & 255));
}

/* Non-negative integers in the shortest instruction; false above 2^31. */
static void put_integer(mw_str *s, uint64_t v)
{
    mw_str_putc(s, v < 256 ? 'K' : v < 65536 ? 'M' : 'J');
    put_le(s, v, v < 256 ? 1 : v < 65536 ? 2 : 4);
}

static void put_bytes(mw_str *s, const void *data, size_t n)
{
    mw_str_putc(s, n < 256 ? 'C' : 'B');
    put_le(s, n, n < 256 ? 1 : 4);
    mw_str_putn(s, data, n);
}

mw_status mw_pickle_from_array(const void *data, size_t item, const size_t *shape, int n_dims,
                               mw_str *out, mw_error *err)
{
    static const char head[] = "\x80\x03"
                               "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85"
                               "C\1b\x87R(K\1";
    static const char type[] = "cnumpy\ndtype\nX\2\0\0\0f";
    static const char layout[] =
        "\x89\x88\x87R(K\3X\1\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
        "\x89";
    size_t n = item;

    for (int i = 0; i < n_dims; i++) {
        if (shape[i] > INT32_MAX || (shape[i] && n > UINT32_MAX / shape[i]))
            return mw_fail(err, MW_ERR_RANGE, "too_large",
                           "an array of 4 GiB or more does not go into a pickle of protocol 3");
        n *= shape[i];
    }
    mw_str_putn(out, head, sizeof head - 1);
    for (int i = 0; i < n_dims; i++)
        put_integer(out, shape[i]);
    mw_str_putc(out, (char)(0x84 + n_dims));
    mw_str_putn(out, type, sizeof type - 1);
    mw_str_putc(out, item == 4 ? '4' : '8');
    mw_str_putn(out, layout, sizeof layout - 1);
    put_bytes(out, data, n);
    mw_str_put(out, "tb.");
    return mw_str_ok(out, err);
}

static int text_is(const mw_pickle_node *v, const char *text)
{
    return mw_pickle_length(v) == strlen(text) && !memcmp(v->as.text, text, v->n);
}

static int global_is(const mw_pickle *p, uint32_t node, const char *module, const char *name)
{
    const mw_pickle_node *v = &p->node[node];
    const size_t n = strlen(module);

    if (v->kind != MW_PICKLE_GLOBAL) return 0;
    if (!v->n)
        return text_is(&p->node[v->as.part[0]], module) && text_is(&p->node[v->as.part[1]], name);
    return v->n == n + 1 + strlen(name) && !memcmp(v->as.text, module, n) &&
           v->as.text[n] == '\n' && !memcmp(v->as.text + n + 1, name, strlen(name));
}

/* A described call of n_items (2, or 3 with state) whose arguments are n_args. */
static const mw_pickle_node *call_of(const mw_pickle *p, uint32_t node, uint32_t n_args)
{
    const mw_pickle_node *v = &p->node[node], *args;

    if (v->kind != MW_PICKLE_CALL || v->n != 3) return NULL;
    args = &p->node[v->as.item[1]];
    return args->kind == MW_PICKLE_TUPLE && args->n == n_args ? v : NULL;
}

/* dtype('f4' or 'f8', False, True) with state (3, '<', ...): the item size, or 0. */
static size_t dtype_of(const mw_pickle *p, uint32_t node)
{
    const mw_pickle_node *v = call_of(p, node, 3), *kind, *state, *order;

    if (!v || !global_is(p, v->as.item[0], "numpy", "dtype")) return 0;
    kind = &p->node[p->node[v->as.item[1]].as.item[0]];
    state = &p->node[v->as.item[2]];
    if (kind->kind != MW_PICKLE_TEXT && kind->kind != MW_PICKLE_BYTES) return 0;
    if (state->kind != MW_PICKLE_TUPLE || state->n < 2) return 0;
    order = &p->node[state->as.item[1]];
    if ((order->kind != MW_PICKLE_TEXT && order->kind != MW_PICKLE_BYTES) || !text_is(order, "<"))
        return 0;
    return text_is(kind, "f4") ? 4 : text_is(kind, "f8") ? 8 : 0;
}

/* State (1, shape, dtype, False, bytes). */
static int array_state(const mw_pickle *p, const mw_pickle_node *state, mw_pickle_array *a)
{
    const mw_pickle_node *shape, *fortran, *data;

    if (state->kind != MW_PICKLE_TUPLE || state->n != 5) return -1;
    shape = &p->node[state->as.item[1]];
    fortran = &p->node[state->as.item[3]];
    data = &p->node[state->as.item[4]];
    a->item = dtype_of(p, state->as.item[2]);
    if (!a->item || fortran->kind != MW_PICKLE_BOOL || fortran->as.integer) return -1;
    if (shape->kind != MW_PICKLE_TUPLE || shape->n < 1 || shape->n > 3) return -1;
    if (data->kind != MW_PICKLE_BYTES) return -1;
    a->n = 1;
    a->n_dims = (int)shape->n;
    for (uint32_t i = 0; i < shape->n; i++) {
        const mw_pickle_node *d = &p->node[shape->as.item[i]];

        if (d->kind != MW_PICKLE_INT || d->as.integer < 0 || d->as.integer > INT32_MAX) return -1;
        a->shape[i] = (size_t)d->as.integer;
        if (a->shape[i] && a->n > UINT32_MAX / a->shape[i]) return -1;
        a->n *= a->shape[i];
    }
    a->data = data->as.text;
    return a->n * a->item == mw_pickle_length(data) ? 0 : -1;
}

mw_status mw_pickle_to_array(mw_pickle_array *out, const void *bytes, size_t n, const char *name,
                             mw_error *err)
{
    const mw_pickle_node *v;
    mw_pickle p;
    mw_status st = mw_pickle_parse(&p, bytes, n, MW_PICKLE_CALLS, name, err);

    *out = (mw_pickle_array){ 0 };
    if (st != MW_OK) return st;
    v = call_of(&p, p.root, 3);
    if (!v ||
        !(global_is(&p, v->as.item[0], "numpy.core.multiarray", "_reconstruct") ||
          global_is(&p, v->as.item[0], "numpy._core.multiarray", "_reconstruct")) ||
        !global_is(&p, p.node[v->as.item[1]].as.item[0], "numpy", "ndarray") ||
        array_state(&p, &p.node[v->as.item[2]], out)) {
        *out = (mw_pickle_array){ 0 };
        st = mw_fail(err, MW_ERR_FORMAT, "bad_pickle",
                     "'%s' is not a numpy array of float32 or float64 in C order", name);
    }
    mw_pickle_clear(&p);
    return st;
}
