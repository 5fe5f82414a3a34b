/* SPDX-License-Identifier: Apache-2.0 */
#include "nn/flatbuf.h"

static int inside(mw_fb *f, size_t pos, size_t n, const char *what)
{
    if (f->bad) return 0;
    if (pos > f->n || n > f->n - pos) {
        f->bad = what;
        return 0;
    }
    return 1;
}

uint64_t mw_fb_get(mw_fb *f, size_t pos, size_t width)
{
    uint64_t v = 0;

    if (!inside(f, pos, width, "a value lies outside the file")) return 0;
    for (size_t i = width; i-- > 0;)
        v = v << 8 | f->p[pos + i];
    return v;
}

int32_t mw_fb_i32(mw_fb *f, size_t pos)
{
    return (int32_t)(uint32_t)mw_fb_get(f, pos, 4);
}

static mw_fb_table table_at(mw_fb *f, size_t pos)
{
    mw_fb_table t = { .pos = pos };
    const int64_t back = mw_fb_i32(f, pos);
    const int64_t vtable = (int64_t)pos - back;

    if (!f->bad && (vtable < 0 || vtable > (int64_t)f->n))
        f->bad = "a vtable lies outside the file";
    if (f->bad) return (mw_fb_table){ 0 };
    t.vtable = (size_t)vtable;
    t.vtable_size = (uint32_t)mw_fb_get(f, t.vtable, 2);
    t.size = (uint32_t)mw_fb_get(f, t.vtable + 2, 2);
    if (!inside(f, t.vtable, t.vtable_size, "a vtable lies outside the file") ||
        !inside(f, pos, t.size, "a table lies outside the file"))
        return (mw_fb_table){ 0 };
    if (t.vtable_size < 4 || t.size < 4) f->bad = "a table is too small";
    return f->bad ? (mw_fb_table){ 0 } : t;
}

/* Target of the relative reference at pos. */
static size_t follow(mw_fb *f, size_t pos)
{
    const uint64_t step = mw_fb_get(f, pos, 4);

    if (!f->bad && (step < 4 || step > f->n - pos)) f->bad = "an offset lies outside the file";
    return f->bad ? 0 : pos + (size_t)step;
}

mw_fb_table mw_fb_root(mw_fb *f)
{
    const size_t pos = follow(f, 0);

    return f->bad ? (mw_fb_table){ 0 } : table_at(f, pos);
}

/* Position of a field of width bytes, 0 when absent. */
static size_t field(mw_fb *f, const mw_fb_table *t, unsigned slot, size_t width)
{
    size_t offset;

    if (f->bad || !t->pos || 4 + 2 * (size_t)slot + 2 > t->vtable_size) return 0;
    offset = (size_t)mw_fb_get(f, t->vtable + 4 + 2 * (size_t)slot, 2);
    if (!offset || f->bad) return 0;
    if (offset + width > t->size) {
        f->bad = "a field lies outside its table";
        return 0;
    }
    return t->pos + offset;
}

uint32_t mw_fb_u8(mw_fb *f, const mw_fb_table *t, unsigned slot, uint32_t otherwise)
{
    const size_t pos = field(f, t, slot, 1);

    return pos ? (uint32_t)mw_fb_get(f, pos, 1) : otherwise;
}

int32_t mw_fb_int(mw_fb *f, const mw_fb_table *t, unsigned slot, int32_t otherwise)
{
    const size_t pos = field(f, t, slot, 4);

    return pos ? mw_fb_i32(f, pos) : otherwise;
}

mw_fb_table mw_fb_child(mw_fb *f, const mw_fb_table *t, unsigned slot)
{
    const size_t pos = field(f, t, slot, 4);
    const size_t target = pos ? follow(f, pos) : 0;

    return target ? table_at(f, target) : (mw_fb_table){ 0 };
}

mw_fb_vector mw_fb_vec(mw_fb *f, const mw_fb_table *t, unsigned slot, size_t item)
{
    const size_t pos = field(f, t, slot, 4);
    const size_t target = pos ? follow(f, pos) : 0;
    mw_fb_vector v = { 0 };

    if (!target) return v;
    v.n = (uint32_t)mw_fb_get(f, target, 4);
    v.pos = target + 4;
    if (!f->bad && v.n > (f->n - v.pos) / item) f->bad = "a vector lies outside the file";
    return f->bad ? (mw_fb_vector){ 0 } : v;
}

mw_fb_table mw_fb_at(mw_fb *f, const mw_fb_vector *v, uint32_t i)
{
    const size_t target = follow(f, v->pos + 4 * (size_t)i);

    return target ? table_at(f, target) : (mw_fb_table){ 0 };
}
