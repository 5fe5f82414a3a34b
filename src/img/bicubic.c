/* SPDX-License-Identifier: Apache-2.0
 *
 * The weights decide every bit: they are made in double in the order written here, divided by their
 * sum, and rounded half away from zero to 1/2^22. 32-bit sums suffice: the weights of one output
 * sum to 2^22, and their magnitudes to less than twice that.
 */
#include "img/bicubic.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

enum { CHANNELS = 3, BITS = 22, ONE = 1 << BITS, HALF = 1 << (BITS - 1) };

/* Taps of outputs at .. at + n - 1 of one direction; stays: nothing to filter. */
typedef struct axis {
    int at, n, stays, width; /* width: weights held per output */
    int32_t *first, *count;  /* [n] */
    int32_t *weight;         /* [n][width] */
} axis;

struct mw_bicubic {
    axis x, y;
    int row0, n_rows; /* source rows that the outputs need */
    uint8_t *rows;    /* [n_rows][x.n][CHANNELS] after the first pass */
    int32_t *sums;    /* [x.n][CHANNELS] */
};

static double cubic(double x)
{
    const double a = -0.5;

    if (x < 0) x = -x;
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

/* Weights of one output around its centre c, on source samples first .. first + count - 1. */
static void weights_of(double c, double narrow, int first, int count, double *k, int32_t *out)
{
    double sum = 0;

    for (int j = 0; j < count; j++) {
        k[j] = cubic((j + first - c + 0.5) * narrow);
        sum += k[j];
    }
    for (int j = 0; j < count; j++) {
        const double v = (sum != 0 ? k[j] / sum : k[j]) * ONE;

        out[j] = (int32_t)(v < 0 ? v - 0.5 : v + 0.5);
    }
}

static mw_status axis_open(axis *a, int n_in, int n_out, int at, int n, mw_error *err)
{
    const double scale = (double)n_in / n_out, wide = scale > 1 ? scale : 1, reach = 2 * wide;
    double *k = NULL;

    a->at = at;
    a->n = n;
    a->stays = n_in == n_out;
    if (a->stays) return MW_OK;
    a->width = (int)(2 * reach) + 2;
    k = mw_calloc((size_t)a->width, sizeof *k);
    a->first = mw_calloc((size_t)n, sizeof *a->first);
    a->count = mw_calloc((size_t)n, sizeof *a->count);
    a->weight = mw_calloc((size_t)n, (size_t)a->width * sizeof *a->weight);
    if (!k || !a->first || !a->count || !a->weight) {
        mw_free(k);
        return mw_fail_nomem(err);
    }
    for (int i = 0; i < n; i++) {
        const double c = (at + i + 0.5) * scale;
        const int lo = (int)(c - reach + 0.5), hi = (int)(c + reach + 0.5);

        a->first[i] = lo < 0 ? 0 : lo;
        a->count[i] = (hi > n_in ? n_in : hi) - a->first[i];
        weights_of(c, 1 / wide, a->first[i], a->count[i], k,
                   a->weight + (size_t)i * (size_t)a->width);
    }
    mw_free(k);
    return MW_OK;
}

static void axis_close(axis *a)
{
    mw_free(a->first);
    mw_free(a->count);
    mw_free(a->weight);
}

static void rows_needed(mw_bicubic *b)
{
    const axis *y = &b->y;
    int end = y->at + y->n;

    b->row0 = y->at;
    if (!y->stays) {
        b->row0 = y->first[0];
        end = y->first[y->n - 1] + y->count[y->n - 1];
    }
    b->n_rows = end - b->row0;
}

mw_status mw_bicubic_open(mw_bicubic **out, const mw_bicubic_size *s, mw_error *err)
{
    mw_bicubic *b = mw_calloc(1, sizeof *b);
    mw_status st = MW_OK;

    *out = NULL;
    if (!b) return mw_fail_nomem(err);
    st = axis_open(&b->x, s->src_w, s->dst_w, s->left, s->width, err);
    if (st == MW_OK) st = axis_open(&b->y, s->src_h, s->dst_h, s->top, s->height, err);
    if (st != MW_OK) goto done;
    rows_needed(b);
    b->rows = mw_calloc((size_t)b->n_rows, (size_t)s->width * CHANNELS);
    b->sums = mw_calloc((size_t)s->width, CHANNELS * sizeof *b->sums);
    if (!b->rows || !b->sums) {
        st = mw_fail_nomem(err);
        goto done;
    }
    *out = b;
    b = NULL;
done:
    mw_bicubic_close(&b);
    return st;
}

void mw_bicubic_close(mw_bicubic **bb)
{
    mw_bicubic *b = *bb;

    if (!b) return;
    axis_close(&b->x);
    axis_close(&b->y);
    mw_free(b->rows);
    mw_free(b->sums);
    mw_free(b);
    *bb = NULL;
}

static uint8_t to_byte(int32_t sum)
{
    /* an arithmetic shift, as every compiler that builds this does it */
    const int32_t v = sum >> BITS;

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void filter_row(const axis *a, const uint8_t *src, uint8_t *dst)
{
    for (int i = 0; i < a->n; i++, dst += CHANNELS) {
        const uint8_t *p = src + (size_t)a->first[i] * CHANNELS;
        const int32_t *w = a->weight + (size_t)i * (size_t)a->width;
        int32_t r = HALF, g = HALF, b = HALF;

        for (int j = 0; j < a->count[i]; j++, p += CHANNELS) {
            r += p[0] * w[j];
            g += p[1] * w[j];
            b += p[2] * w[j];
        }
        dst[0] = to_byte(r);
        dst[1] = to_byte(g);
        dst[2] = to_byte(b);
    }
}

/* Output row i from the rows of the first pass, whole rows at a time. */
static void mix_rows(const mw_bicubic *b, int i, uint8_t *dst)
{
    const size_t n = (size_t)b->x.n * CHANNELS;
    const int32_t *w = b->y.weight + (size_t)i * (size_t)b->y.width;
    const uint8_t *row = b->rows + (size_t)(b->y.first[i] - b->row0) * n;

    for (size_t k = 0; k < n; k++)
        b->sums[k] = HALF;
    for (int j = 0; j < b->y.count[i]; j++, row += n)
        for (size_t k = 0; k < n; k++)
            b->sums[k] += row[k] * w[j];
    for (size_t k = 0; k < n; k++)
        dst[k] = to_byte(b->sums[k]);
}

void mw_bicubic_run(mw_bicubic *b, const mw_pixels *dst, const mw_pixels *src)
{
    const size_t n = (size_t)b->x.n * CHANNELS;

    for (int r = 0; r < b->n_rows; r++) {
        const uint8_t *from = src->data + (b->row0 + r) * src->stride;

        if (b->x.stays)
            memcpy(b->rows + (size_t)r * n, from + (size_t)b->x.at * CHANNELS, n);
        else
            filter_row(&b->x, from, b->rows + (size_t)r * n);
    }
    for (int i = 0; i < b->y.n; i++) {
        uint8_t *to = dst->data + i * dst->stride;

        if (b->y.stays)
            memcpy(to, b->rows + (size_t)i * n, n);
        else
            mix_rows(b, i, to);
    }
}
