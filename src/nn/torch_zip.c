/* SPDX-License-Identifier: Apache-2.0
 *
 * PyTorch's zip archives: a pickle that describes the tensors, and a member for each block of
 * numbers ("storage"). What the pickle says is looked up in a short list of calls and understood;
 * anything outside the list is refused, wherever it stands. Nothing is imported or run. Layout as
 * torch.save and torch.jit.save of PyTorch 1.6 and later write it (torch/serialization.py,
 * torch/csrc/jit/serialization).
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/pickle.h"
#include "nn/weights_file.h"
#include "nn/zip_dir.h"

/* Modules within modules; values met on the way (a shared part counts each time it is met). */
enum { MAX_DEPTH = 64, MAX_VISITS = 1 << 20 };

typedef struct reader {
    mw_weights *w;
    mw_zip_dir zip;
    const mw_zip_member *root; /* <root>/data.pkl */
    mw_pickle p;
    mw_str path; /* the attribute path of the value at hand */
    size_t n_visits;
    mw_error *err;
} reader;

int mw_is_zip(const unsigned char *bytes, size_t n)
{
    return n >= 4 && !memcmp(bytes, "PK\3\4", 4);
}

static mw_status bad(const reader *r, const char *what)
{
    return mw_weights_bad(r->w, r->path.n ? r->path.data : NULL, what, r->err);
}

/* ---- what may be named ---- */

typedef enum call {
    CALL_REFUSED,
    CALL_OBJECT, /* a module of TorchScript, or an ordered dictionary: entries and state */
    CALL_TENSOR, /* (storage, offset, shape, strides, ...) */
    CALL_FIRST,  /* stands for its first argument */
    CALL_STORAGE /* not a call: a type of numbers */
} call;

static const struct {
    const char *name;
    call is;
} calls[] = {
    { "collections\nOrderedDict", CALL_OBJECT },
    { "torch._utils\n_rebuild_tensor_v2", CALL_TENSOR },
    { "torch._utils\n_rebuild_parameter", CALL_FIRST },
    { "torch.jit._pickle\nbuild_intlist", CALL_FIRST },
    { "torch.jit._pickle\nbuild_doublelist", CALL_FIRST },
    { "torch.jit._pickle\nbuild_boollist", CALL_FIRST },
    { "torch.jit._pickle\nbuild_tensorlist", CALL_FIRST },
    { "torch.jit._pickle\nrestore_type_tag", CALL_FIRST },
};

/* item: of a type outside mw_dtype. */
static const struct {
    const char *name;
    mw_dtype dtype;
    size_t item;
} storages[] = {
    { "torch\nFloatStorage", MW_DTYPE_F32, 4 },
    { "torch\nHalfStorage", MW_DTYPE_F16, 2 },
    { "torch\nBFloat16Storage", MW_DTYPE_BF16, 2 },
    { "torch\nDoubleStorage", MW_DTYPE_F64, 8 },
    { "torch\nLongStorage", MW_DTYPE_I64, 8 },
    { "torch\nIntStorage", MW_DTYPE_I32, 4 },
    { "torch\nShortStorage", MW_DTYPE_I16, 2 },
    { "torch\nCharStorage", MW_DTYPE_I8, 1 },
    { "torch\nByteStorage", MW_DTYPE_U8, 1 },
    { "torch\nBoolStorage", MW_DTYPE_BOOL, 1 },
    { "torch\nComplexFloatStorage", MW_DTYPE_OTHER, 8 },
    { "torch\nComplexDoubleStorage", MW_DTYPE_OTHER, 16 },
};

static int is_named(const mw_pickle_node *g, const char *name)
{
    return g->kind == MW_PICKLE_GLOBAL && g->n == strlen(name) && !memcmp(g->as.text, name, g->n);
}

static int storage_type(const mw_pickle_node *g)
{
    for (size_t i = 0; i < sizeof storages / sizeof *storages; i++)
        if (is_named(g, storages[i].name)) return (int)i;
    return -1;
}

static call call_of(const mw_pickle_node *g)
{
    static const char module[] = "__torch__";
    const size_t n = sizeof module - 1;

    if (g->kind != MW_PICKLE_GLOBAL || !g->n) return CALL_REFUSED;
    if (g->n > n && !memcmp(g->as.text, module, n) &&
        (g->as.text[n] == '.' || g->as.text[n] == '\n'))
        return CALL_OBJECT;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (is_named(g, calls[i].name)) return calls[i].is;
    return storage_type(g) >= 0 ? CALL_STORAGE : CALL_REFUSED;
}

static mw_status refuse(const reader *r, const mw_pickle_node *g)
{
    mw_str text = { 0 };
    mw_status st;

    for (uint32_t i = 0; i < g->n && i < 200; i++) {
        const char c = g->as.text[i];

        mw_str_putc(&text, c == '\n' ? '.' : c > 0x20 && c < 0x7f ? c : '?');
    }
    st = mw_str_ok(&text, r->err);
    if (st == MW_OK)
        st = mw_fail(r->err, MW_ERR_FORMAT, "refused_opcode",
                     "'%s': the archive's pickle names '%s', which tensors do not need; nothing of "
                     "it is run",
                     r->w->path, text.data ? text.data : "");
    mw_str_clear(&text);
    return st;
}

/* The whole pickle, also what leads to no tensor. */
static mw_status check_names(const reader *r)
{
    for (size_t i = 0; i < r->p.n_nodes; i++) {
        const mw_pickle_node *v = &r->p.node[i];

        if (v->kind == MW_PICKLE_GLOBAL && call_of(v) == CALL_REFUSED) return refuse(r, v);
        if (v->kind == MW_PICKLE_CALL) {
            const call is = call_of(&r->p.node[v->as.item[0]]);

            if (is == CALL_REFUSED || is == CALL_STORAGE)
                return bad(r, "the archive's pickle calls what is no function");
        }
    }
    return MW_OK;
}

/* ---- tensors ---- */

/* Argument i of a call, or NULL. */
static const mw_pickle_node *argument(const reader *r, const mw_pickle_node *c, uint32_t i)
{
    const mw_pickle_node *args = &r->p.node[c->as.item[1]];

    return args->kind == MW_PICKLE_TUPLE && i < args->n ? &r->p.node[args->as.item[i]] : NULL;
}

/* A whole number in [0, SIZE_MAX / 16]; 0 on success. */
static int read_count(const mw_pickle_node *v, size_t *x)
{
    if (!v || v->kind != MW_PICKLE_INT || v->as.integer < 0 ||
        (uint64_t)v->as.integer > SIZE_MAX / 16)
        return -1;
    *x = (size_t)v->as.integer;
    return 0;
}

/* A tuple of counts; their number, or -1. */
static int read_counts(const reader *r, const mw_pickle_node *v, size_t x[MW_TENSOR_MAX_DIMS])
{
    if (!v || (v->kind != MW_PICKLE_TUPLE && v->kind != MW_PICKLE_LIST) ||
        v->n > MW_TENSOR_MAX_DIMS)
        return -1;
    for (uint32_t i = 0; i < v->n; i++)
        if (read_count(&r->p.node[v->as.item[i]], &x[i])) return -1;
    return (int)v->n;
}

/* The member "<root>/<folder><key>". */
static mw_status find_member(const reader *r, const mw_zip_member **m, const char *folder,
                             const char *key, size_t n_key)
{
    mw_str name = { 0 };
    mw_status st;

    mw_str_putn(&name, r->root->name, r->root->n_name - strlen("data.pkl"));
    mw_str_put(&name, folder);
    mw_str_putn(&name, key, n_key);
    st = mw_str_ok(&name, r->err);
    if (st == MW_OK) *m = mw_zip_find(&r->zip, name.data, name.n);
    mw_str_clear(&name);
    return st;
}

/* ('storage', type, key, device, number of elements): type and first byte to t, *n_elements. */
static mw_status read_storage(const reader *r, mw_tensor *t, size_t *n_elements,
                              const mw_pickle_node *v)
{
    const mw_pickle_node *id, *part[5];
    const mw_zip_member *m;
    mw_status st;
    size_t item;
    int type;

    if (!v || v->kind != MW_PICKLE_STORED) return bad(r, "it has no storage");
    id = &r->p.node[v->as.item[0]];
    if (id->kind != MW_PICKLE_TUPLE || id->n < 5) return bad(r, "its storage is not described");
    for (int k = 0; k < 5; k++)
        part[k] = &r->p.node[id->as.item[k]];
    type = storage_type(part[1]);
    if (part[0]->kind != MW_PICKLE_TEXT || part[0]->n != 7 ||
        memcmp(part[0]->as.text, "storage", 7) || type < 0 || part[2]->kind != MW_PICKLE_TEXT ||
        read_count(part[4], n_elements))
        return bad(r, "its storage is not described");
    t->dtype = storages[type].dtype;
    item = storages[type].item;
    st = find_member(r, &m, "data/", part[2]->as.text, part[2]->n);
    if (st != MW_OK) return st;
    if (!m) return bad(r, "the archive does not hold its data");
    if (!m->readable) return bad(r, "its data are compressed or encrypted");
    if (*n_elements > m->n / item) return bad(r, "its storage is longer than its data");
    t->data = m->data;
    return MW_OK;
}

/* Number of elements of t, and the last place that they reach, within the storage. */
static mw_status check_bounds(const reader *r, mw_tensor *t, size_t offset, size_t n_elements)
{
    size_t last = offset;

    t->n = 1;
    for (int k = 0; k < t->n_dims; k++) {
        if (t->shape[k] && t->n > SIZE_MAX / 16 / t->shape[k])
            return bad(r, "its shape is too large");
        t->n *= t->shape[k];
    }
    /* a place that is repeated by a stride of 0 could ask for any amount of memory */
    if (t->n > n_elements) return bad(r, "it has more elements than its storage");
    if (!t->n) return MW_OK;
    for (int k = 0; k < t->n_dims; k++) {
        const size_t steps = t->shape[k] - 1;

        if (steps && t->stride[k] > (n_elements - 1) / steps)
            return bad(r, "it reaches beyond its storage");
        last += steps * t->stride[k]; /* each term is below n_elements */
        if (last >= n_elements) return bad(r, "it reaches beyond its storage");
    }
    return last < n_elements ? MW_OK : bad(r, "it reaches beyond its storage");
}

static mw_status add_tensor(reader *r, const mw_pickle_node *c)
{
    mw_weights_entry e = { .name = NULL };
    size_t n_elements = 0, offset = 0, item;
    mw_status st = read_storage(r, &e.t, &n_elements, argument(r, c, 0));

    if (st != MW_OK) return st;
    e.t.n_dims = read_counts(r, argument(r, c, 2), e.t.shape);
    if (e.t.n_dims < 0 || read_counts(r, argument(r, c, 3), e.t.stride) != e.t.n_dims ||
        read_count(argument(r, c, 1), &offset))
        return bad(r, "its shape, strides or offset are no counts");
    st = check_bounds(r, &e.t, offset, n_elements);
    if (st != MW_OK) return st;
    item = mw_dtype_bytes(e.t.dtype);
    if (e.t.n) e.t.data += offset * (item ? item : 1);
    return mw_weights_add(r->w, r->path.data ? r->path.data : "", &e, r->err);
}

/* ---- the tree ---- */

static mw_status walk(reader *r, uint32_t node, int depth);

/* The value under a key, with the key behind the path. */
static mw_status walk_key(reader *r, const mw_pickle_node *key, uint32_t value, int depth)
{
    const size_t n = r->path.n;
    mw_status st;

    if (n) mw_str_putc(&r->path, '.');
    if (key->kind == MW_PICKLE_TEXT) {
        /* before the path is printed anywhere */
        for (uint32_t i = 0; i < key->n; i++)
            if ((unsigned char)key->as.text[i] < 0x20 || key->as.text[i] == 0x7f)
                return mw_weights_bad(r->w, NULL, "a tensor's name holds control characters",
                                      r->err);
        mw_str_putn(&r->path, key->as.text, key->n);
    } else if (key->kind == MW_PICKLE_INT) {
        mw_str_printf(&r->path, "%lld", (long long)key->as.integer);
    } else {
        return bad(r, "a name below it is neither text nor number");
    }
    st = mw_str_ok(&r->path, r->err);
    if (st == MW_OK && r->path.n > MW_TENSOR_MAX_NAME)
        st = mw_weights_bad(r->w, NULL, "a tensor's name is too long", r->err);
    if (st == MW_OK) st = walk(r, value, depth + 1);
    if (r->path.data) r->path.data[n] = 0;
    r->path.n = n;
    return st;
}

/* Keys and values from item on. */
static mw_status walk_entries(reader *r, const mw_pickle_node *v, uint32_t from, int depth)
{
    mw_status st = MW_OK;

    for (uint32_t i = from; st == MW_OK && i + 1 < v->n; i += 2)
        st = walk_key(r, &r->p.node[v->as.item[i]], v->as.item[i + 1], depth);
    return st;
}

static mw_status walk_list(reader *r, const mw_pickle_node *v, int depth)
{
    mw_status st = MW_OK;

    for (uint32_t i = 0; st == MW_OK && i < v->n; i++) {
        const mw_pickle_node key = { .kind = MW_PICKLE_INT, .as.integer = i };

        st = walk_key(r, &key, v->as.item[i], depth);
    }
    return st;
}

static mw_status walk_call(reader *r, const mw_pickle_node *v, int depth)
{
    const mw_pickle_node *args = &r->p.node[v->as.item[1]];
    mw_status st;

    switch (call_of(&r->p.node[v->as.item[0]])) {
    case CALL_TENSOR:
        return add_tensor(r, v);
    case CALL_FIRST:
        if (!argument(r, v, 0)) return bad(r, "a call without arguments");
        return walk(r, args->as.item[0], depth + 1);
    default:
        st = walk_entries(r, v, 3, depth);
        if (st == MW_OK && v->n > 2 && v->as.item[2] != MW_PICKLE_NO_STATE)
            st = walk(r, v->as.item[2], depth + 1);
        return st;
    }
}

/* Tensors of node and below it, called by the path at hand. Whatever is no tensor is passed by. */
static mw_status walk(reader *r, uint32_t node, int depth)
{
    const mw_pickle_node *v = &r->p.node[node];

    if (depth > MAX_DEPTH || ++r->n_visits > MAX_VISITS)
        return mw_weights_bad(r->w, NULL, "the archive's pickle is nested too deeply or too large",
                              r->err);
    switch (v->kind) {
    case MW_PICKLE_DICT:
        return walk_entries(r, v, 0, depth);
    case MW_PICKLE_LIST:
    case MW_PICKLE_TUPLE:
        return walk_list(r, v, depth);
    case MW_PICKLE_CALL:
        return walk_call(r, v, depth);
    default:
        return MW_OK;
    }
}

/* ---- the archive ---- */

/* The one member "<root>/data.pkl", and whether there is "<root>/code/" beside it. */
static mw_status find_root(reader *r)
{
    static const char pkl[] = "/data.pkl", code[] = "code/";
    size_t n_root;

    for (size_t i = 0; i < r->zip.n_members; i++) {
        const mw_zip_member *m = &r->zip.member[i];
        const size_t n = sizeof pkl - 1;

        if (m->n_name <= n || memcmp(m->name + m->n_name - n, pkl, n) ||
            memchr(m->name, '/', m->n_name - n))
            continue;
        if (r->root) return bad(r, "the zip holds two data.pkl");
        r->root = m;
    }
    if (!r->root) return bad(r, "a zip without data.pkl: not from PyTorch");
    if (!r->root->readable) return bad(r, "its data.pkl is compressed or encrypted");
    if (r->root->n > MW_PICKLE_MAX_FILE) return bad(r, "its data.pkl is too large");
    n_root = r->root->n_name - strlen("data.pkl");
    for (size_t i = 0; i < r->zip.n_members; i++) {
        const mw_zip_member *m = &r->zip.member[i];

        if (m->n_name > n_root + sizeof code - 1 && !memcmp(m->name, r->root->name, n_root) &&
            !memcmp(m->name + n_root, code, sizeof code - 1))
            r->w->kind = "TorchScript archive";
    }
    return MW_OK;
}

static mw_status check_byte_order(const reader *r)
{
    const mw_zip_member *m = NULL;
    const mw_status st = find_member(r, &m, "byteorder", "", 0);

    if (st != MW_OK) return st;
    return !m || (m->n == 6 && !memcmp(m->data, "little", 6))
               ? MW_OK
               : bad(r, "written by a big-endian machine, which is not read");
}

mw_status mw_torch_zip_parse(mw_weights *w, mw_error *err)
{
    reader r = { .w = w, .err = err };
    mw_status st;

    w->kind = "torch archive";
    st = mw_zip_read(&r.zip, w->bytes, w->n_bytes, w->path, err);
    if (st == MW_OK) st = find_root(&r);
    if (st == MW_OK) st = check_byte_order(&r);
    if (st != MW_OK) goto done;
    st = mw_pickle_parse(&r.p, r.root->data, r.root->n, MW_PICKLE_TORCH, w->path, err);
    if (st == MW_OK) st = check_names(&r);
    if (st == MW_OK) st = walk(&r, r.p.root, 0);
done:
    mw_pickle_clear(&r.p);
    mw_str_clear(&r.path);
    mw_zip_clear(&r.zip);
    return st;
}
