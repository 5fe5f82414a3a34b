/* SPDX-License-Identifier: Apache-2.0
 *
 * The stack machine. Instruction codes are those of CPython's pickletools.
 */
#include "data/pickle.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

/* A mark on the stack; no node has this number. */
#define MARK UINT32_MAX

typedef struct machine {
    const uint8_t *p;
    size_t n, at;
    mw_pickle *tree;
    uint32_t *stack;
    size_t n_stack, stack_cap;
    uint32_t *memo; /* node + 1, 0 when unset */
    size_t memo_size, memo_cap, n_memo;
    int calls, done;
    const char *name;
    mw_error *err;
} machine;

static mw_status bad(machine *m, const char *reason, const char *what)
{
    return mw_fail(m->err, MW_ERR_FORMAT, reason, "'%s': %s at byte %zu of the pickle", m->name,
                   what, m->at);
}

static mw_status truncated(machine *m)
{
    return bad(m, "truncated", "the data end");
}

/* Little-endian operand of 1, 2, 4 or 8 bytes. */
static mw_status operand(machine *m, size_t width, uint64_t *v)
{
    if (width > m->n - m->at) return truncated(m);
    *v = 0;
    for (size_t i = width; i-- > 0;)
        *v = *v << 8 | m->p[m->at + i];
    m->at += width;
    return MW_OK;
}

static mw_status take(machine *m, uint64_t n, const char **text)
{
    if (n > m->n - m->at) return truncated(m);
    *text = (const char *)m->p + m->at;
    m->at += (size_t)n;
    return MW_OK;
}

/* A line without its end, copied; at most 63 characters (numbers, memo keys). */
static mw_status number_line(machine *m, char line[64])
{
    const uint8_t *end = memchr(m->p + m->at, '\n', m->n - m->at);
    const size_t n = end ? (size_t)(end - (m->p + m->at)) : 0;

    if (!end) return truncated(m);
    if (n > 63) return bad(m, "bad_pickle", "a number is too long");
    memcpy(line, m->p + m->at, n);
    line[n] = 0;
    m->at += n + 1;
    return MW_OK;
}

static mw_status push(machine *m, uint32_t node)
{
    if (mw_grow(&m->stack, &m->stack_cap, m->n_stack + 1, sizeof *m->stack))
        return mw_fail_nomem(m->err);
    m->stack[m->n_stack++] = node;
    return MW_OK;
}

static mw_status push_new(machine *m, mw_pickle_node node)
{
    mw_pickle *t = m->tree;

    if (t->n_nodes >= MW_PICKLE_MAX_NODES) return bad(m, "bad_pickle", "too many values");
    /* the tree takes the node over only when nothing can fail any more: its items are freed once */
    if (mw_grow(&m->stack, &m->stack_cap, m->n_stack + 1, sizeof *m->stack) ||
        mw_grow(&t->node, &t->node_cap, t->n_nodes + 1, sizeof *t->node))
        return mw_fail_nomem(m->err);
    t->node[t->n_nodes++] = node;
    m->stack[m->n_stack++] = (uint32_t)(t->n_nodes - 1);
    return MW_OK;
}

static mw_status push_int(machine *m, mw_pickle_kind kind, int64_t v)
{
    return push_new(m, (mw_pickle_node){ .kind = kind, .as.integer = v });
}

static mw_status push_text(machine *m, mw_pickle_kind kind, uint64_t n)
{
    mw_pickle_node node = { .kind = kind };
    mw_status st;

    if (n > UINT32_MAX && kind == MW_PICKLE_TEXT) return bad(m, "bad_pickle", "a text is too long");
    node.n = (uint32_t)n;
    node.cap = (uint32_t)(n >> 32);
    st = take(m, n, &node.as.text);
    return st == MW_OK ? push_new(m, node) : st;
}

/* Items above position from become those of a new list or tuple in their place. */
static mw_status collect(machine *m, mw_pickle_kind kind, size_t from, size_t drop)
{
    const size_t n = m->n_stack - from;
    mw_pickle_node node = { .kind = kind, .n = (uint32_t)n, .cap = (uint32_t)n };
    mw_status st;

    node.as.item = mw_calloc(n, sizeof *node.as.item);
    if (!node.as.item) return mw_fail_nomem(m->err);
    if (n) memcpy(node.as.item, m->stack + from, n * sizeof *node.as.item);
    m->n_stack = from - drop;
    st = push_new(m, node);
    if (st != MW_OK) mw_free(node.as.item);
    return st;
}

/* Position just above the last mark, 0 when there is none. */
static size_t last_mark(const machine *m)
{
    for (size_t i = m->n_stack; i-- > 0;)
        if (m->stack[i] == MARK) return i + 1;
    return 0;
}

static int has(const machine *m, size_t n)
{
    if (m->n_stack < n) return 0;
    for (size_t i = m->n_stack - n; i < m->n_stack; i++)
        if (m->stack[i] == MARK) return 0;
    return 1;
}

static mw_status tuple_of(machine *m, size_t n)
{
    return has(m, n) ? collect(m, MW_PICKLE_TUPLE, m->n_stack - n, 0)
                     : bad(m, "bad_pickle", "the stack is too short");
}

static mw_status from_mark(machine *m, mw_pickle_kind kind)
{
    const size_t from = last_mark(m);

    if (!from) return bad(m, "bad_pickle", "there is no mark");
    if (kind == MW_PICKLE_DICT && (m->n_stack - from) % 2)
        return bad(m, "bad_pickle", "a key without a value");
    return collect(m, kind, from, 1);
}

/* Append the stack above position from to the list just below (below the mark when drop is 1). */
static mw_status append(machine *m, size_t from, size_t drop)
{
    const size_t n = m->n_stack - from;
    mw_pickle_node *list;
    size_t cap;

    if (from < 1 + drop || m->stack[from - 1 - drop] == MARK)
        return bad(m, "bad_pickle", "there is nothing to append to");
    list = &m->tree->node[m->stack[from - 1 - drop]];
    if (list->kind != MW_PICKLE_LIST) return bad(m, "bad_pickle", "append to what is no list");
    if (n > UINT32_MAX / 2 - list->n) return bad(m, "bad_pickle", "a list is too long");
    cap = list->cap;
    if (mw_grow(&list->as.item, &cap, list->n + n, sizeof *list->as.item))
        return mw_fail_nomem(m->err);
    list->cap = (uint32_t)cap;
    if (n) memcpy(list->as.item + list->n, m->stack + from, n * sizeof *list->as.item);
    list->n += (uint32_t)n;
    m->n_stack = from - drop;
    return MW_OK;
}

/* The last n values of the stack. */
static mw_status append_last(machine *m, size_t n)
{
    return has(m, n + 1) ? append(m, m->n_stack - n, 0)
                         : bad(m, "bad_pickle", "the stack is too short");
}

static mw_status append_marked(machine *m)
{
    const size_t from = last_mark(m);

    return from ? append(m, from, 1) : bad(m, "bad_pickle", "there is no mark");
}

/* Keys are counted up by every pickler, one per instruction, so none exceeds the input's length. */
static mw_status memo_put(machine *m, uint64_t key)
{
    if (!has(m, 1)) return bad(m, "bad_pickle", "there is nothing to remember");
    if (key >= m->n) return bad(m, "bad_pickle", "a memo key is too large");
    if (mw_grow(&m->memo, &m->memo_cap, (size_t)key + 1, sizeof *m->memo))
        return mw_fail_nomem(m->err);
    while (m->memo_size <= key)
        m->memo[m->memo_size++] = 0;
    m->n_memo += !m->memo[key];
    m->memo[key] = m->stack[m->n_stack - 1] + 1;
    return MW_OK;
}

static mw_status memo_get(machine *m, uint64_t key)
{
    if (key >= m->memo_size || !m->memo[key]) return bad(m, "bad_pickle", "a memo key is not set");
    return push(m, m->memo[key] - 1);
}

static mw_status memo_op(machine *m, size_t width, mw_status (*act)(machine *m, uint64_t key))
{
    char line[64];
    uint64_t key = 0;
    mw_status st = width ? operand(m, width, &key) : number_line(m, line);

    if (st == MW_OK && !width && mw_u64_parse(line, &key))
        st = bad(m, "bad_pickle", "a memo key is not a number");
    return st == MW_OK ? act(m, key) : st;
}

static mw_status push_float(machine *m)
{
    mw_pickle_node node = { .kind = MW_PICKLE_FLOAT };
    uint64_t bits = 0;

    if (m->n - m->at < 8) return truncated(m);
    for (int i = 0; i < 8; i++)
        bits = bits << 8 | m->p[m->at++];
    memcpy(&node.as.number, &bits, sizeof bits);
    return push_new(m, node);
}

static mw_status push_long(machine *m)
{
    uint64_t n = 0, v = 0;
    mw_status st = operand(m, 1, &n);

    if (st != MW_OK) return st;
    if (n > 8) return bad(m, "bad_pickle", "an integer is too long");
    st = operand(m, (size_t)n, &v);
    if (st != MW_OK) return st;
    if (n && n < 8 && v >> (8 * n - 1)) v |= UINT64_MAX << 8 * n;
    return push_int(m, MW_PICKLE_INT, (int64_t)v);
}

static mw_status push_line(machine *m, int integer)
{
    mw_pickle_node node = { .kind = MW_PICKLE_FLOAT };
    char line[64];
    int64_t v;
    mw_status st = number_line(m, line);

    if (st != MW_OK) return st;
    if (integer && (!strcmp(line, "00") || !strcmp(line, "01")))
        return push_int(m, MW_PICKLE_BOOL, line[1] == '1');
    if (integer)
        return mw_i64_parse(line, &v) ? bad(m, "bad_pickle", "not an integer")
                                      : push_int(m, MW_PICKLE_INT, v);
    if (mw_f64_parse(line, &node.as.number)) return bad(m, "bad_pickle", "not a finite number");
    return push_new(m, node);
}

static mw_status sized(machine *m, size_t width, mw_pickle_kind kind)
{
    uint64_t n = 0;
    const mw_status st = operand(m, width, &n);

    return st == MW_OK ? push_text(m, kind, n) : st;
}

/* GLOBAL: two lines, module and name, kept as one text "module\nname". */
static mw_status global_lines(machine *m)
{
    const uint8_t *start = m->p + m->at, *first = memchr(start, '\n', m->n - m->at), *second;

    if (!first) return truncated(m);
    second = memchr(first + 1, '\n', m->n - (size_t)(first + 1 - m->p));
    if (!second) return truncated(m);
    if (second - start > 256) return bad(m, "bad_pickle", "a name is too long");
    m->at = (size_t)(second + 1 - m->p);
    return push_new(m, (mw_pickle_node){ .kind = MW_PICKLE_GLOBAL,
                                         .n = (uint32_t)(second - start),
                                         .as.text = (const char *)start });
}

static mw_status global_stack(machine *m)
{
    mw_pickle_node node = { .kind = MW_PICKLE_GLOBAL };

    if (!has(m, 2)) return bad(m, "bad_pickle", "the stack is too short");
    for (int i = 0; i < 2; i++) {
        node.as.part[i] = m->stack[m->n_stack - 2 + (size_t)i];
        if (m->tree->node[node.as.part[i]].kind != MW_PICKLE_TEXT)
            return bad(m, "bad_pickle", "a name is no text");
    }
    m->n_stack -= 2;
    return push_new(m, node);
}

static mw_status describe_call(machine *m)
{
    return has(m, 2) ? collect(m, MW_PICKLE_CALL, m->n_stack - 2, 0)
                     : bad(m, "bad_pickle", "the stack is too short");
}

/* Room for n more items of a call or dictionary; the node may be in the memo already, so it changes
 * where it is. */
static mw_status more_items(machine *m, mw_pickle_node *node, size_t n)
{
    size_t cap = node->cap;

    if (n > UINT32_MAX / 2 - node->n) return bad(m, "bad_pickle", "a list is too long");
    if (mw_grow(&node->as.item, &cap, node->n + n, sizeof *node->as.item))
        return mw_fail_nomem(m->err);
    node->cap = (uint32_t)cap;
    return MW_OK;
}

/* BUILD gives the described object its state. */
static mw_status describe_state(machine *m)
{
    mw_pickle_node *call;
    mw_status st;

    if (!has(m, 2)) return bad(m, "bad_pickle", "the stack is too short");
    call = &m->tree->node[m->stack[m->n_stack - 2]];
    if (call->kind != MW_PICKLE_CALL || (call->n > 2 && call->as.item[2] != MW_PICKLE_NO_STATE))
        return bad(m, "bad_pickle", "a state for what has none");
    if (call->n == 2) {
        st = more_items(m, call, 1);
        if (st != MW_OK) return st;
        call->n = 3;
    }
    call->as.item[2] = m->stack[--m->n_stack];
    return MW_OK;
}

/* Keys and values above position from become entries of what lies just below (below the mark when
 * drop is 1): a dictionary, or a call that makes one. */
static mw_status set_items(machine *m, size_t from, size_t drop)
{
    const size_t n = m->n_stack - from;
    mw_pickle_node *dict;
    mw_status st;

    if (from < 1 + drop || m->stack[from - 1 - drop] == MARK || n % 2)
        return bad(m, "bad_pickle", "there is nothing to set entries of");
    dict = &m->tree->node[m->stack[from - 1 - drop]];
    if (dict->kind != MW_PICKLE_DICT &&
        (dict->kind != MW_PICKLE_CALL || m->calls != MW_PICKLE_TORCH))
        return bad(m, "bad_pickle", "an entry of what is no dictionary");
    st = more_items(m, dict, n + 1);
    if (st != MW_OK) return st;
    if (dict->kind == MW_PICKLE_CALL && dict->n == 2) dict->as.item[dict->n++] = MW_PICKLE_NO_STATE;
    if (n) memcpy(dict->as.item + dict->n, m->stack + from, n * sizeof *dict->as.item);
    dict->n += (uint32_t)n;
    m->n_stack = from - drop;
    return MW_OK;
}

static mw_status refuse(machine *m, int op)
{
    return mw_fail(
        m->err, MW_ERR_FORMAT, "refused_opcode",
        "'%s': instruction 0x%02x at byte %zu of the pickle is not needed for data and is "
        "refused",
        m->name, op, m->at - 1);
}

/* What PyTorch's archives hold besides; refused unless asked for. */
static mw_status step_torch(machine *m, int op)
{
    if (m->calls != MW_PICKLE_TORCH) return refuse(m, op);
    switch (op) {
    case 0x81: /* NEWOBJ: class and arguments, as a call has them */
        return describe_call(m);
    case 'Q':
        return has(m, 1) ? collect(m, MW_PICKLE_STORED, m->n_stack - 1, 0)
                         : bad(m, "bad_pickle", "the stack is too short");
    default:
        return refuse(m, op);
    }
}

/* Instructions that only describe; refused unless asked for. */
static mw_status step_described(machine *m, int op)
{
    if (m->calls == MW_PICKLE_VALUES) return refuse(m, op);
    switch (op) {
    case 'X':
        return sized(m, 4, MW_PICKLE_TEXT);
    case 0x8c:
        return sized(m, 1, MW_PICKLE_TEXT);
    case 'C':
    case 'U': /* SHORT_BINSTRING of protocol 1 and 2 */
        return sized(m, 1, MW_PICKLE_BYTES);
    case 'B':
    case 'T':
        return sized(m, 4, MW_PICKLE_BYTES);
    case 0x8d:
        return sized(m, 8, MW_PICKLE_TEXT);
    case 0x8e:
    case 0x96: /* BYTEARRAY8 of protocol 5: numpy puts the data of arrays there */
        return sized(m, 8, MW_PICKLE_BYTES);
    case '}':
        return collect(m, MW_PICKLE_DICT, m->n_stack, 0);
    case 'd':
        return from_mark(m, MW_PICKLE_DICT);
    case 's':
        return has(m, 3) ? set_items(m, m->n_stack - 2, 0)
                         : bad(m, "bad_pickle", "the stack is too short");
    case 'u':
        return last_mark(m) ? set_items(m, last_mark(m), 1)
                            : bad(m, "bad_pickle", "there is no mark");
    case 'c':
        return global_lines(m);
    case 0x93:
        return global_stack(m);
    case 'R':
        return describe_call(m);
    case 'b':
        return describe_state(m);
    default:
        return step_torch(m, op);
    }
}

static mw_status step_number(machine *m, int op)
{
    uint64_t v = 0;
    mw_status st = MW_OK;

    switch (op) {
    case 'G':
        return push_float(m);
    case 'F':
    case 'I':
        return push_line(m, op == 'I');
    case 0x8a:
        return push_long(m);
    case 'K':
        st = operand(m, 1, &v);
        break;
    case 'M':
        st = operand(m, 2, &v);
        break;
    case 'J':
        st = operand(m, 4, &v);
        if (v >> 31) v |= UINT64_MAX << 32;
        break;
    case 'N':
        return push_int(m, MW_PICKLE_NONE, 0);
    case 0x88:
    case 0x89:
        return push_int(m, MW_PICKLE_BOOL, op == 0x88);
    default:
        return step_described(m, op);
    }
    return st == MW_OK ? push_int(m, MW_PICKLE_INT, (int64_t)v) : st;
}

static mw_status step_memo(machine *m, int op)
{
    switch (op) {
    case 0x94:
        return memo_put(m, m->n_memo);
    case 'q':
        return memo_op(m, 1, memo_put);
    case 'r':
        return memo_op(m, 4, memo_put);
    case 'p':
        return memo_op(m, 0, memo_put);
    case 'h':
        return memo_op(m, 1, memo_get);
    case 'j':
        return memo_op(m, 4, memo_get);
    case 'g':
        return memo_op(m, 0, memo_get);
    default:
        return step_number(m, op);
    }
}

static mw_status step(machine *m)
{
    const int op = m->p[m->at++];
    uint64_t v = 0;
    mw_status st;

    switch (op) {
    case 0x80:
        st = operand(m, 1, &v);
        return st == MW_OK && v > 5 ? bad(m, "bad_pickle", "the protocol is unknown") : st;
    case 0x95:
        return operand(m, 8, &v);
    case ']':
        return collect(m, MW_PICKLE_LIST, m->n_stack, 0);
    case ')':
        return collect(m, MW_PICKLE_TUPLE, m->n_stack, 0);
    case '(':
        return push(m, MARK);
    case 'l':
        return from_mark(m, MW_PICKLE_LIST);
    case 't':
        return from_mark(m, MW_PICKLE_TUPLE);
    case 0x85:
    case 0x86:
    case 0x87:
        return tuple_of(m, (size_t)op - 0x84);
    case 'a':
        return append_last(m, 1);
    case 'e':
        return append_marked(m);
    case '.':
        if (m->n_stack != 1 || !has(m, 1))
            return bad(m, "bad_pickle", "it does not end in one value");
        m->tree->root = m->stack[0];
        m->done = 1;
        return MW_OK;
    default:
        return step_memo(m, op);
    }
}

mw_status mw_pickle_parse(mw_pickle *out, const void *bytes, size_t n, int calls, const char *name,
                          mw_error *err)
{
    machine m = { .p = bytes, .n = n, .tree = out, .calls = calls, .name = name, .err = err };
    mw_status st = MW_OK;

    *out = (mw_pickle){ 0 };
    while (st == MW_OK && !m.done)
        st = m.at < m.n ? step(&m) : truncated(&m);
    mw_free(m.stack);
    mw_free(m.memo);
    if (st != MW_OK) mw_pickle_clear(out);
    return st;
}

int mw_pickle_has_items(mw_pickle_kind kind)
{
    return kind == MW_PICKLE_LIST || kind == MW_PICKLE_TUPLE || kind == MW_PICKLE_CALL ||
           kind == MW_PICKLE_DICT || kind == MW_PICKLE_STORED;
}

void mw_pickle_clear(mw_pickle *p)
{
    for (size_t i = 0; i < p->n_nodes; i++) {
        if (mw_pickle_has_items(p->node[i].kind)) mw_free(p->node[i].as.item);
    }
    mw_free(p->node);
    *p = (mw_pickle){ 0 };
}

int mw_pickle_is(const mw_pickle_node *v, const char *text)
{
    const size_t n = strlen(text);

    return (v->kind == MW_PICKLE_TEXT || v->kind == MW_PICKLE_BYTES) && mw_pickle_length(v) == n &&
           !memcmp(v->as.text, text, n);
}

int64_t mw_pickle_lookup(const mw_pickle *p, uint32_t dict, const char *key)
{
    const mw_pickle_node *v = &p->node[dict];

    if (v->kind != MW_PICKLE_DICT) return -1;
    for (uint32_t i = v->n; i >= 2; i -= 2)
        if (mw_pickle_is(&p->node[v->as.item[i - 2]], key)) return v->as.item[i - 1];
    return -1;
}

int mw_pickle_number(const mw_pickle *p, uint32_t node, double *x)
{
    const mw_pickle_node *v = &p->node[node];

    if (v->kind == MW_PICKLE_FLOAT)
        *x = v->as.number;
    else if (v->kind == MW_PICKLE_INT || v->kind == MW_PICKLE_BOOL)
        *x = (double)v->as.integer;
    else
        return -1;
    return 0;
}
