/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables and dispatch of the single-precision transform. Every table value is a double cosine or
 * sine of an argument that was itself rounded to single, then rounded to single.
 */
#define MW_VL 4
#include "dsp/fft32.h"

#include "base/cpu.h"
#include "base/mem.h"

#include "dsp/fft32_lanes.inc.h"

#define QUARTER_PI ((float)0x1.921fb6p-1f)

typedef struct basis {
    size_t top;     /* complex points */
    float *c1, *s1; /* [top / 16] */
    float *c3, *s3; /* same */
    float r45, g1, g3;
} basis;

static float cos32(float x)
{
    return (float)mw_cos((double)x);
}

static float sin32(float x)
{
    return (float)mw_sin((double)x);
}

static void basis_fill(basis *b)
{
    const size_t half = b->top / 4;
    const float d = QUARTER_PI / (float)half;

    for (size_t q = 0; 4 * q < half; q++) {
        const float j = (float)(4 * q), a1 = d * j, a3 = (3.0f * d) * j;

        b->c1[q] = cos32(a1), b->s1[q] = sin32(a1);
        b->c3[q] = cos32(a3), b->s3[q] = sin32(a3);
    }
    b->r45 = cos32(d * (float)half);
    b->g1 = (float)(0.5 / mw_cos((double)(d * 2.0f)));
    b->g3 = (float)(0.5 / mw_cos((double)(d * 6.0f)));
}

/* Twiddles of the outermost stage at even table places q = p / 2; the ends are exact values. */
static mw_fft32_row top_even(const basis *b, size_t q)
{
    if (q == 0) return (mw_fft32_row){ .c1 = 1, .s1 = 0, .c3 = 1, .s3 = 0 };
    if (q == b->top / 16)
        return (mw_fft32_row){ .c1 = b->r45, .s1 = b->r45, .c3 = -b->r45, .s3 = b->r45 };
    return (mw_fft32_row){ .c1 = b->c1[q], .s1 = b->s1[q], .c3 = b->c3[q], .s3 = b->s3[q] };
}

static mw_fft32_row top_row(const basis *b, size_t p)
{
    const mw_fft32_row lo = top_even(b, p / 2), hi = top_even(b, p / 2 + 1);

    if (p % 2 == 0) return lo;
    return (mw_fft32_row){ .c1 = b->g1 * (lo.c1 + hi.c1),
                           .s1 = b->g1 * (lo.s1 + hi.s1),
                           .c3 = b->g3 * (lo.c3 + hi.c3),
                           .s3 = b->g3 * (lo.s3 + hi.s3) };
}

static mw_fft32_row table_row(const basis *b, size_t q)
{
    return (mw_fft32_row){ .c1 = b->c1[q], .s1 = b->s1[q], .c3 = b->c3[q], .s3 = b->s3[q] };
}

static void fill_straight(mw_fft32_row *row, const basis *b, size_t n)
{
    for (size_t p = 1; p < n / 8; p++) {
        row[p] = n == b->top ? top_row(b, p) : table_row(b, p * b->top / (2 * n));
        if (n == 16) row[p].c3 = row[p].s1, row[p].s3 = row[p].c1;
    }
}

static void fill_twisted(mw_fft32_row *row, const basis *b, size_t n)
{
    const size_t m = n / 4;

    for (size_t p = 1; p < m; p++)
        row[p] = table_row(b, p * b->top / (4 * n));
    if (n == 16) {
        /* p = 3 shares the constants of p = 1 */
        const mw_fft32_row t = row[1];

        row[3] = (mw_fft32_row){ .c1 = t.c3, .s1 = t.s3, .c3 = -t.s1, .s3 = t.c1 };
    }
    for (size_t p = 1; p < m; p++) {
        row[p].d1c = row[m - p].c1, row[p].d1s = row[m - p].s1;
        row[p].d3c = row[m - p].c3, row[p].d3s = row[m - p].s3;
    }
}

static void fill_post(mw_fft32 *f)
{
    const size_t nc = f->n / 4, h = nc / 2;
    const float e = QUARTER_PI / (float)h;

    for (size_t k = 1; k < nc; k++) {
        /* r[j] = cos / 2 below h, r[nc - j] = sin / 2, r[h] from the rounded cosine */
        const size_t j = nc - k;
        const float at_j = j < h   ? (float)(0.5 * mw_cos((double)(e * (float)j)))
                           : j > h ? (float)(0.5 * mw_sin((double)(e * (float)(nc - j))))
                                   : 0.5f * cos32(e * (float)h);
        const float at_k = k < h   ? (float)(0.5 * mw_cos((double)(e * (float)k)))
                           : k > h ? (float)(0.5 * mw_sin((double)(e * (float)(nc - k))))
                                   : 0.5f * cos32(e * (float)h);

        f->post_a[k] = 0.5f - at_j;
        f->post_b[k] = at_k;
    }
}

static void fill_reversed(unsigned short *rev, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        size_t r = 0;

        for (size_t bit = 1; bit < n; bit *= 2)
            r = 2 * r + ((k & bit) != 0);
        rev[k] = (unsigned short)r;
    }
}

static int fill_stages(mw_fft32 *f, const basis *b)
{
    int log2_n = 0;

    for (size_t n = 1; n <= b->top; n *= 2, log2_n++) {
        mw_fft32_stage *s = &f->stage[log2_n];

        s->straight = mw_calloc(n / 8 + 1, sizeof *s->straight);
        s->twisted = mw_calloc(n / 4 + 1, sizeof *s->twisted);
        if (!s->straight || !s->twisted) return -1;
        fill_straight(s->straight, b, n);
        if (n >= 8 && n < b->top) fill_twisted(s->twisted, b, n);
    }
    return 0;
}

mw_fft32 *mw_fft32_create(size_t n)
{
    basis b = { .top = n / 2 };
    mw_fft32 *f = NULL;
    int ok = 0;

    if (n < MW_FFT32_MIN || n > MW_FFT32_MAX || (n & (n - 1))) return NULL;
    f = mw_calloc(1, sizeof *f);
    b.c1 = mw_calloc(4, n / 32 * sizeof(float));
    if (!f || !b.c1) goto done;
    b.s1 = b.c1 + n / 32, b.c3 = b.s1 + n / 32, b.s3 = b.c3 + n / 32;
    basis_fill(&b);
    f->n = n;
    f->r45 = b.r45;
    f->post_a = mw_calloc(n / 4, sizeof(float));
    f->post_b = mw_calloc(n / 4, sizeof(float));
    f->reversed = mw_calloc(n / 2, sizeof *f->reversed);
    if (!f->post_a || !f->post_b || !f->reversed || fill_stages(f, &b)) goto done;
    fill_post(f);
    fill_reversed(f->reversed, n / 2);
    ok = 1;
done:
    mw_free(b.c1);
    if (!ok) mw_fft32_destroy(&f);
    return f;
}

void mw_fft32_destroy(mw_fft32 **plan)
{
    mw_fft32 *f = *plan;

    if (!f) return;
    for (size_t i = 0; i < sizeof f->stage / sizeof *f->stage; i++) {
        mw_free(f->stage[i].straight);
        mw_free(f->stage[i].twisted);
    }
    mw_free(f->post_a);
    mw_free(f->post_b);
    mw_free(f->reversed);
    mw_free(f);
    *plan = NULL;
}

void mw_fft32_run_c(const mw_fft32 *plan, float *re, float *im, float *out_re, float *out_im)
{
    transform(plan, re, im, out_re, out_im);
}

void mw_fft32_run(const mw_fft32 *plan, float *re, float *im, float *out_re, float *out_im)
{
#if defined(__x86_64__)
    if (mw_cpu() == MW_CPU_AVX512)
        mw_fft32_run_avx512(plan, re, im, out_re, out_im);
    else if (mw_cpu() == MW_CPU_AVX2)
        mw_fft32_run_avx2(plan, re, im, out_re, out_im);
    else
#endif
        mw_fft32_run_c(plan, re, im, out_re, out_im);
}

void mw_fft32_inverse_even_c(const mw_fft32 *plan, const float *p, float *re, float *im, float *out)
{
    inverse_even(plan, p, re, im, out);
}

void mw_fft32_inverse_even(const mw_fft32 *plan, const float *p, float *re, float *im, float *out)
{
#if defined(__x86_64__)
    if (mw_cpu() == MW_CPU_AVX512)
        mw_fft32_inverse_even_avx512(plan, p, re, im, out);
    else if (mw_cpu() == MW_CPU_AVX2)
        mw_fft32_inverse_even_avx2(plan, p, re, im, out);
    else
#endif
        mw_fft32_inverse_even_c(plan, p, re, im, out);
}
