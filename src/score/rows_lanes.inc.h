/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of rows.h, compiled once per CPU level. Vectors always have sixteen elements,
 * whatever the machine's width: the compiler splits them, and every level computes the same
 * operations in the same order. No fused multiply-add. The including file defines ROWS_NAME, the
 * name of the table.
 */
#include <math.h>
#include <string.h>

#include "base/fmath.h"
#include "score/rows.h"

enum { W = 16 };

typedef mw_real vr __attribute__((vector_size(W * sizeof(mw_real))));
#ifdef MW_REAL_DOUBLE
typedef int64_t vi __attribute__((vector_size(W * 8)));
#else
typedef int32_t vi __attribute__((vector_size(W * 4)));
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE vr load(const mw_real *p)
{
    vr v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(mw_real *p, vr v)
{
    memcpy(p, &v, sizeof v);
}

/* The last n < W elements; the others read fill. */
INLINE vr load_some(const mw_real *p, size_t n, mw_real fill)
{
    vr v = (vr){ 0 } + fill;

    memcpy(&v, p, n * sizeof *p);
    return v;
}

INLINE void store_some(mw_real *p, vr v, size_t n)
{
    memcpy(p, &v, n * sizeof *p);
}

INLINE vr set1(mw_real x)
{
    return (vr){ 0 } + x;
}

INLINE vr pick(vi mask, vr a, vr b)
{
    return (vr)(((vi)a & mask) | ((vi)b & ~mask));
}

INLINE vr vmax(vr a, vr b)
{
    return pick(a > b, a, b);
}

/* Halves, quarters, .. of the partial sums. */
INLINE mw_real total(vr v)
{
    mw_real x[W];

    store(x, v);
    for (int half = W / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] += x[i + half];
    return x[0];
}

INLINE mw_real largest(vr v)
{
    mw_real x[W];

    store(x, v);
    for (int half = W / 2; half; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] = x[i] > x[i + half] ? x[i] : x[i + half];
    return x[0];
}

#ifdef MW_REAL_DOUBLE
INLINE vr vexp(vr x)
{
    for (int i = 0; i < W; i++)
        x[i] = exp(x[i]);
    return x;
}

/* Phi(x), given e = exp(-x^2 / 2). */
INLINE vr phi_upper(vr x, vr e)
{
    (void)e;
    for (int i = 0; i < W; i++)
        x[i] = 0.5 * erfc(-x[i] * 0.70710678118654752440);
    return x;
}
#else
/* e^x for x <= 88; 0 below -87. Relative error below 2e-7: x = k ln 2 + r, series in r. */
INLINE vr vexp(vr x)
{
    const vr big = set1(0x1.8p23f), c = vmax(x, set1(-87.0f));
    const vr t = c * 1.44269504f + big, k = t - big;
    const vr r = (c - k * 0x1.62e4p-1f) - k * 0x1.7f7d1cp-20f;
    const vi bits = ((vi)t - (vi)big + 127) << 23;
    vr p = r * (1.0f / 5040) + 1.0f / 720;

    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return pick(x < -87.0f, set1(0.0f), p * (vr)bits);
}

/* Phi(x), given e = exp(-x^2 / 2): Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7. */
INLINE vr phi_upper(vr x, vr e)
{
    const vr a = pick(x < 0.0f, -x, x) * 0.70710678f, t = 1.0f / (1.0f + 0.3275911f * a);
    vr p = t * 1.061405429f - 1.453152027f;

    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = (p * t + 0.254829592f) * t * e * 0.5f;
    return pick(x < 0.0f, p, 1.0f - p);
}
#endif

static void softmax(mw_real *x, size_t n, mw_real scale, const mw_real *bias, mw_real weight)
{
    const size_t whole = n / W * W, rest = n - whole;
    vr top = set1(-INFINITY), sum = { 0 };
    mw_real most, factor;

    for (size_t j = 0; j < whole; j += W) {
        vr v = load(x + j) * scale;

        if (bias) v += load(bias + j) * weight;
        store(x + j, v);
        top = vmax(v, top);
    }
    if (rest) {
        vr v = load_some(x + whole, rest, 0) * scale;

        if (bias) v += load_some(bias + whole, rest, 0) * weight;
        store_some(x + whole, v, rest);
        top = vmax(load_some(x + whole, rest, -INFINITY), top);
    }
    most = largest(top);
    for (size_t j = 0; j < whole; j += W) {
        const vr e = vexp(load(x + j) - most);

        store(x + j, e);
        sum += e;
    }
    if (rest) {
        const vr e = vexp(load_some(x + whole, rest, most) - most);

        store_some(x + whole, e, rest);
        sum += load_some(x + whole, rest, 0);
    }
    factor = 1 / total(sum);
    for (size_t j = 0; j < n; j++)
        x[j] *= factor;
}

static mw_real dot(const mw_real *x, const mw_real *y, size_t n)
{
    const size_t whole = n / W * W, rest = n - whole;
    vr sum = { 0 };

    for (size_t j = 0; j < whole; j += W)
        sum += load(x + j) * load(y + j);
    if (rest) sum += load_some(x + whole, rest, 0) * load_some(y + whole, rest, 0);
    return total(sum);
}

static void softmax_back(mw_real *g, const mw_real *a, size_t n, mw_real scale, mw_real *sum)
{
    const mw_real mean = dot(g, a, n);

    if (sum) {
        for (size_t j = 0; j < n; j++) {
            g[j] = a[j] * (g[j] - mean);
            sum[j] += g[j];
            g[j] *= scale;
        }
    } else {
        for (size_t j = 0; j < n; j++)
            g[j] = a[j] * (g[j] - mean) * scale;
    }
}

/* Mean and 1 / deviation of x [n]. */
INLINE void row_stat(const mw_real *x, size_t n, mw_real stat[2])
{
    const size_t whole = n / W * W, rest = n - whole;
    const mw_real share = (mw_real)1 / (mw_real)n;
    vr sum = { 0 }, squares = { 0 };
    mw_real mean;

    for (size_t j = 0; j < whole; j += W)
        sum += load(x + j);
    if (rest) sum += load_some(x + whole, rest, 0);
    mean = total(sum) * share;
    for (size_t j = 0; j < whole; j += W) {
        const vr d = load(x + j) - mean;

        squares += d * d;
    }
    if (rest) {
        const vr d = load_some(x + whole, rest, mean) - mean;

        squares += d * d;
    }
    stat[0] = mean;
    stat[1] = 1 / (mw_real)sqrt(total(squares) * share + (mw_real)1e-5);
}

INLINE void norm_block(const mw_norm_rows *r, const mw_real *x, mw_real *y, const mw_real stat[2],
                       size_t j, size_t m)
{
    vr v;

    if (m == W)
        v = (load(x + j) - stat[0]) * stat[1] * load(r->weight + j) + load(r->bias + j);
    else
        v = (load_some(x + j, m, 0) - stat[0]) * stat[1] * load_some(r->weight + j, m, 0) +
            load_some(r->bias + j, m, 0);
    if (r->relu) v = pick(v > 0, v, set1(0));
    if (m == W)
        store(y + j, v);
    else
        store_some(y + j, v, m);
}

static void norm(const mw_norm_rows *r)
{
    const size_t n = r->n;

    for (size_t i = 0; i < r->rows; i++) {
        const mw_real *x = r->x + i * n;
        mw_real *y = r->y + i * n, *stat = r->stat + 2 * i;

        if (r->mask && !r->mask[i]) {
            memset(y, 0, n * sizeof *y);
            continue;
        }
        row_stat(x, n, stat);
        for (size_t j = 0; j < n; j += W)
            norm_block(r, x, y, stat, j, n - j < W ? n - j : W);
    }
}

/* One row: gradient of weight and bias, and q = g weight with its two means. u, q: vectors of the
 * normalised row and of q, for element blocks at j. */
INLINE void norm_back_row(const mw_norm_rows *r, const mw_norm_back_rows *b, size_t i)
{
    const size_t n = r->n;
    const mw_real *x = r->x + i * n, *y = r->y + i * n, *g = b->g + i * n;
    const mw_real mean = r->stat[2 * i], scale = r->stat[2 * i + 1];
    const mw_real share = (mw_real)1 / (mw_real)n;
    vr sum_q = { 0 }, sum_qu = { 0 };
    mw_real mean_q, mean_qu, *gx = b->gx ? b->gx + i * n : NULL;

    for (size_t j = 0; j < n; j += W) {
        const size_t m = n - j < W ? n - j : W;
        vr gj, u, q;

        if (m == W) {
            gj = load(g + j);
            if (r->relu) gj = pick(load(y + j) > 0, gj, set1(0));
            u = (load(x + j) - mean) * scale;
            q = gj * load(r->weight + j);
            store(b->gw + j, load(b->gw + j) + gj * u);
            store(b->gb + j, load(b->gb + j) + gj);
        } else {
            gj = load_some(g + j, m, 0);
            if (r->relu) gj = pick(load_some(y + j, m, 0) > 0, gj, set1(0));
            u = (load_some(x + j, m, mean) - mean) * scale;
            q = gj * load_some(r->weight + j, m, 0);
            store_some(b->gw + j, load_some(b->gw + j, m, 0) + gj * u, m);
            store_some(b->gb + j, load_some(b->gb + j, m, 0) + gj, m);
        }
        sum_q += q;
        sum_qu += q * u;
    }
    if (!gx) return;
    mean_q = total(sum_q) * share;
    mean_qu = total(sum_qu) * share;
    for (size_t j = 0; j < n; j++) {
        const mw_real q = (r->relu && !(y[j] > 0) ? 0 : g[j]) * r->weight[j];
        const mw_real d = (q - mean_q - (x[j] - mean) * scale * mean_qu) * scale;

        gx[j] = b->add ? gx[j] + d : d;
    }
}

static void norm_back(const mw_norm_rows *r, const mw_norm_back_rows *b)
{
    for (size_t i = 0; i < r->rows; i++) {
        if (!r->mask || r->mask[i])
            norm_back_row(r, b, i);
        else if (b->gx && !b->add)
            memset(b->gx + i * r->n, 0, r->n * sizeof *b->gx);
    }
}

INLINE vr gelu_value(vr x)
{
    return x * phi_upper(x, vexp(x * x * (mw_real)-0.5));
}

static void gelu(mw_real *y, const mw_real *x, size_t n)
{
    const size_t whole = n / W * W, rest = n - whole;

    for (size_t j = 0; j < whole; j += W)
        store(y + j, gelu_value(load(x + j)));
    if (rest) store_some(y + whole, gelu_value(load_some(x + whole, rest, 0)), rest);
}

/* Phi + x phi, the density's factor 1 / sqrt(2 pi). */
INLINE vr gelu_slope(vr x)
{
    const vr e = vexp(x * x * (mw_real)-0.5);

    return phi_upper(x, e) + x * e * (mw_real)0.39894228040143267794;
}

static void gelu_back(mw_real *gx, const mw_real *g, const mw_real *x, size_t n, int add)
{
    for (size_t j = 0; j < n; j += W) {
        const size_t m = n - j < W ? n - j : W;
        vr d;

        if (m == W) {
            d = gelu_slope(load(x + j)) * load(g + j);
            store(gx + j, add ? load(gx + j) + d : d);
        } else {
            d = gelu_slope(load_some(x + j, m, 0)) * load_some(g + j, m, 0);
            store_some(gx + j, add ? load_some(gx + j, m, 0) + d : d, m);
        }
    }
}

static void axpy(mw_real *y, mw_real a, const mw_real *x, size_t n)
{
    for (size_t j = 0; j < n; j++)
        y[j] += a * x[j];
}

static void product(mw_real *y, const mw_real *x, const mw_real *m, size_t n, int add)
{
    if (add) {
        for (size_t j = 0; j < n; j++)
            y[j] += x[j] * m[j];
    } else {
        for (size_t j = 0; j < n; j++)
            y[j] = x[j] * m[j];
    }
}

static void col_sums(mw_real *sum, const mw_real *x, size_t rows, size_t n)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            sum[j] += x[i * n + j];
}

static void transpose(mw_real *y, size_t ldy, const mw_real *x, size_t ldx, size_t m, size_t n)
{
    enum { B = 8 };

    for (size_t i = 0; i < m; i += B) {
        for (size_t j = 0; j < n; j += B) {
            const size_t p = m - i < B ? m - i : B, q = n - j < B ? n - j : B;

            for (size_t c = 0; c < q; c++)
                for (size_t r = 0; r < p; r++)
                    y[(j + c) * ldy + i + r] = x[(i + r) * ldx + j + c];
        }
    }
}

static void adamw(mw_real *p, const mw_real *g, mw_real *m, mw_real *v, size_t n,
                  const mw_adamw_step *s)
{
    const mw_real b1 = (mw_real)0.9, b2 = (mw_real)0.999;
    const mw_real c1 = (mw_real)(1 - 0.9), c2 = (mw_real)(1 - 0.999);

    for (size_t j = 0; j < n; j += W) {
        const size_t k = n - j < W ? n - j : W;
        vr gj = load_some(g + j, k, 0) * s->scale, mj, vj, root;

        mj = load_some(m + j, k, 0) * b1 + gj * c1;
        vj = load_some(v + j, k, 0) * b2 + gj * gj * c2;
        root = vj;
        for (int i = 0; i < W; i++)
            root[i] = (mw_real)sqrt(vj[i]);
        root = root / s->root_2 + (mw_real)1e-8;
        store_some(m + j, mj, k);
        store_some(v + j, vj, k);
        store_some(p + j, load_some(p + j, k, 0) * s->keep - mj * s->rate_1 / root, k);
    }
}

const mw_row_kernels ROWS_NAME = { softmax, softmax_back, norm,     norm_back, gelu,      gelu_back,
                                   axpy,    product,      col_sums, dot,       transpose, adamw };
