/* SPDX-License-Identifier: Apache-2.0
 *
 * Filter design, its cache, and the loop over output rows.
 */
#define MW_VL 4
#include "dsp/resample_poly.h"

#include <string.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/mem.h"
#include "dsp/lanes.h"
#include "dsp/resample_poly_lanes.inc.h"

enum { TAPS_F64, TAPS_F32, TAPS_F16 };

/* Half of a symmetric filter, h(0 .. 10 rate), times U; f for single precision, d for double. */
typedef struct filter {
    size_t up, down;
    int kind;
    unsigned long used;
    float *f;
    double *d;
} filter;

struct mw_poly {
    filter cache[MW_POLY_CACHE];
    unsigned long clock;
    void *taps;   /* [MW_POLY_OUTS][longest], of some output rows */
    float *spare; /* [MW_POLY_OUTS][columns], for the last rows */
    size_t longest, cap, spare_cap;
};

const mw_poly_kernels mw_poly_kernels_c = POLY_KERNELS;

static const mw_poly_kernels *pick(void)
{
#if defined(__x86_64__)
    if (mw_cpu() == MW_CPU_AVX512) return &mw_poly_kernels_avx512;
    if (mw_cpu() == MW_CPU_AVX2) return &mw_poly_kernels_avx2;
#endif
    return &mw_poly_kernels_c;
}

mw_poly *mw_poly_create(void)
{
    return mw_calloc(1, sizeof(mw_poly));
}

static void filter_clear(filter *f)
{
    mw_free(f->f);
    mw_free(f->d);
    memset(f, 0, sizeof *f);
}

void mw_poly_destroy(mw_poly **p)
{
    if (!*p) return;
    for (int i = 0; i < MW_POLY_CACHE; i++)
        filter_clear(&(*p)->cache[i]);
    mw_free((*p)->taps);
    mw_free((*p)->spare);
    mw_free(*p);
    *p = NULL;
}

static size_t gcd(size_t a, size_t b)
{
    while (b) {
        const size_t r = a % b;

        a = b, b = r;
    }
    return a;
}

size_t mw_poly_n_out(size_t n, size_t up, size_t down)
{
    const size_t g = gcd(up, down), d = down / g;

    return n / d * (up / g) + (n % d * (up / g) + d - 1) / d;
}

/* Nearest 16-bit float (ties to even) of v, |v| < 65504, as a double. */
static double round_half(double v)
{
    const double a = fabs(v);
    double step = 0x1p-24, q;

    if (a >= 0x1p-14) {
        uint64_t bits;

        memcpy(&bits, &a, sizeof bits);
        bits = (bits & (UINT64_C(0x7ff) << 52)) - (UINT64_C(10) << 52);
        memcpy(&step, &bits, sizeof step);
    }
    q = (a / step + 0x1p52) - 0x1p52;
    return v < 0 ? -(q * step) : q * step;
}

/* Sum of h over -n+1 .. n-1, eight partial sums, smallest terms first. */
static double full_sum(const double *h, size_t n)
{
    double part[8] = { 0 }, sum;

    for (size_t i = n; i-- > 1;)
        part[i & 7] += h[i];
    sum = ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
    return h[0] + 2 * sum;
}

static int design(filter *f)
{
    const size_t rate = f->up > f->down ? f->up : f->down, n = 10 * rate + 1;
    double sum;

    f->d = mw_calloc(n, sizeof *f->d);
    if (f->kind != TAPS_F64) f->f = mw_calloc(n, sizeof *f->f);
    if (!f->d || (f->kind != TAPS_F64 && !f->f)) return -1;
    pick()->taps(f->d, n, rate);
    sum = full_sum(f->d, n);
    for (size_t i = 0; i < n; i++) {
        const double h = f->d[i] / sum;

        if (f->kind == TAPS_F64)
            f->d[i] = h * (double)f->up;
        else if (f->kind == TAPS_F32)
            f->f[i] = (float)h * (float)f->up;
        else
            f->f[i] = (float)round_half(round_half(h) * round_half((double)f->up));
    }
    if (f->kind != TAPS_F64) {
        mw_free(f->d);
        f->d = NULL;
    }
    return 0;
}

static const filter *filter_get(mw_poly *p, size_t up, size_t down, int kind)
{
    filter *old = &p->cache[0];

    for (int i = 0; i < MW_POLY_CACHE; i++) {
        filter *f = &p->cache[i];

        if (f->used && f->up == up && f->down == down && f->kind == kind) {
            f->used = ++p->clock;
            return f;
        }
        if (f->used < old->used) old = f;
    }
    filter_clear(old);
    old->up = up, old->down = down, old->kind = kind;
    if (design(old)) {
        filter_clear(old);
        return NULL;
    }
    old->used = ++p->clock;
    return old;
}

/* Input rows first .. + n that output row m sees. */
typedef struct span {
    size_t first, n;
} span;

static span span_of(const filter *f, size_t m, size_t rows)
{
    const size_t h = 10 * (f->up > f->down ? f->up : f->down), at = m * f->down;
    const size_t k0 = at > h ? (at - h + f->up - 1) / f->up : 0;
    const size_t k1 = (at + h) / f->up;
    span s = { k0, 0 };

    if (k0 < rows) s.n = (k1 < rows - 1 ? k1 : rows - 1) + 1 - k0;
    return s;
}

static size_t distance(size_t a, size_t b)
{
    return a > b ? a - b : b - a;
}

/* Common steps: filter and scratch for one row's taps of item bytes. *f is NULL for a plain copy.
 */
static mw_status prepare(mw_poly *p, size_t n, size_t columns, size_t up, size_t down, int kind,
                         size_t item, const filter **f, mw_error *err)
{
    const size_t g = up && down ? gcd(up, down) : 1, u = up / g, d = down / g;

    *f = NULL;
    if (!u || !d || u > MW_POLY_MAX_RATE || d > MW_POLY_MAX_RATE || n > ((size_t)1 << 40))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "resampling of %zu rows by %zu / %zu: factors must be in [1, %u]", n, up,
                       down, MW_POLY_MAX_RATE);
    if (u == d) return MW_OK;
    p->longest = 20 * (u > d ? u : d) / u + 2;
    if (mw_grow(&p->taps, &p->cap, MW_POLY_OUTS * p->longest * item, 1) ||
        (kind != TAPS_F64 &&
         mw_grow(&p->spare, &p->spare_cap, MW_POLY_OUTS * columns + 1, sizeof *p->spare)))
        return mw_fail_nomem(err);
    *f = filter_get(p, u, d, kind);
    return *f ? MW_OK : mw_fail_nomem(err);
}

/* Output rows m .. m + MW_POLY_OUTS - 1, fewer at the end. */
static void run_rows(mw_poly *p, const mw_poly_kernels *k, const filter *f, const float *x,
                     size_t n, size_t columns, size_t m, size_t n_out, float *y)
{
    mw_poly_rows r = { .x = x, .y = y + m * columns, .columns = columns };
    float *last = p->spare;

    for (size_t j = 0; j < MW_POLY_OUTS; j++) {
        const size_t row = m + j < n_out ? m + j : n_out - 1;
        const span s = span_of(f, row, n);
        float *tap = (float *)p->taps + j * p->longest;

        for (size_t i = 0; i < s.n; i++)
            tap[i] = f->f[distance(row * f->down, (s.first + i) * f->up)];
        r.first[j] = s.first, r.n[j] = s.n, r.tap[j] = tap;
    }
    if (m + MW_POLY_OUTS > n_out) r.y = last;
    k->rows(&r);
    if (r.y == last) memcpy(y + m * columns, last, (n_out - m) * columns * sizeof *y);
}

mw_status mw_poly_run_f32(mw_poly *p, const float *x, size_t n, size_t columns, size_t up,
                          size_t down, int half_taps, float *y, mw_error *err)
{
    const filter *f;
    const mw_poly_kernels *k = pick();
    const mw_status st =
        prepare(p, n, columns, up, down, half_taps ? TAPS_F16 : TAPS_F32, sizeof(float), &f, err);
    size_t n_out;

    if (st != MW_OK) return st;
    if (!f) {
        if (n && columns) memcpy(y, x, n * columns * sizeof *x);
        return MW_OK;
    }
    n_out = mw_poly_n_out(n, f->up, f->down);
    for (size_t m = 0; m < n_out; m += MW_POLY_OUTS)
        run_rows(p, k, f, x, n, columns, m, n_out, y);
    return MW_OK;
}

mw_status mw_poly_run_f64(mw_poly *p, const double *x, size_t n, size_t columns, size_t up,
                          size_t down, double *y, mw_error *err)
{
    const filter *f;
    const mw_status st = prepare(p, n, columns, up, down, TAPS_F64, sizeof(double), &f, err);
    size_t n_out;

    if (st != MW_OK) return st;
    if (!f) {
        if (n && columns) memcpy(y, x, n * columns * sizeof *x);
        return MW_OK;
    }
    n_out = mw_poly_n_out(n, f->up, f->down);
    for (size_t m = 0; m < n_out; m++) {
        const span s = span_of(f, m, n);
        double *to = y + m * columns;

        for (size_t c = 0; c < columns; c++)
            to[c] = 0;
        for (size_t i = 0; i < s.n; i++) {
            const double h = f->d[distance(m * f->down, (s.first + i) * f->up)];
            const double *from = x + (s.first + i) * columns;

            for (size_t c = 0; c < columns; c++)
                to[c] += from[c] * h;
        }
    }
    return MW_OK;
}
