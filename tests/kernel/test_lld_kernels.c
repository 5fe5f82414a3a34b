/* SPDX-License-Identifier: Apache-2.0
 *
 * Every kernel of the descriptors and of resample_poly at every CPU level against the C one, to the
 * bit, on random and extreme values; the transform also against sums in double.
 */
#include <math.h>

#include "support/support.h"

#include "base/cpu.h"
#include "base/mem.h"
#include "dsp/fft32.h"
#include "dsp/resample_poly.h"
#include "feature/lld/kernels.h"

static uint32_t seed = 7;

static float random_value(int kind)
{
    float v;

    seed = seed * 1664525u + 1013904223u;
    v = (float)(int32_t)seed / 2147483648.0f;
    switch (kind) {
    case 0:
        return v;
    case 1:
        return seed >> 31 ? 0 : v * 1e-40f; /* zeros and denormals */
    case 2:
        return v < 0 ? -1.00003f : 1.00003f; /* full scale */
    default:
        return v * v * v * 1e-4f;
    }
}

#define KINDS 4

static void fill(float *x, size_t n, int kind)
{
    for (size_t i = 0; i < n; i++)
        x[i] = random_value(kind);
}

static mw_cpu_level machine(void)
{
    return mw_cpu();
}

static void transform_of_every_level_equals_c(void **state)
{
    mw_fft32_kernel *const run[] = { mw_fft32_run_c, mw_fft32_run_avx2, mw_fft32_run_avx512 };
    mw_fft32_inverse_kernel *const inverse[] = { mw_fft32_inverse_even_c,
                                                 mw_fft32_inverse_even_avx2,
                                                 mw_fft32_inverse_even_avx512 };

    (void)state;
    for (size_t n = MW_FFT32_MIN; n <= MW_FFT32_MAX; n *= 2)
        for (int kind = 0; kind < KINDS; kind++) {
            const size_t in = n / 2 * MW_LANES, out = in + MW_LANES;
            float *x = calloc(2 * in + out, sizeof *x), *w = calloc(2 * in, sizeof *w);
            float *y[3] = { 0 };
            mw_fft32 *plan = mw_fft32_create(n);

            assert_non_null(plan);
            fill(x, 2 * in + out, kind);
            for (int level = 0; level <= (int)machine(); level++) {
                y[level] = calloc(3 * out + 1, sizeof **y);
                y[level][3 * out] = 77;
                memcpy(w, x, 2 * in * sizeof *w);
                run[level](plan, w, w + in, y[level], y[level] + out);
                inverse[level](plan, x + 2 * in, w, w + in, y[level] + 2 * out);
                assert_true(y[level][3 * out] == 77);
                assert_memory_equal(y[level], y[0], 3 * out * sizeof **y);
            }
            for (int level = 0; level < 3; level++)
                free(y[level]);
            free(x);
            free(w);
            mw_fft32_destroy(&plan);
        }
}

static void transform_is_the_fourier_transform(void **state)
{
    (void)state;
    for (size_t n = MW_FFT32_MIN; n <= 1024; n *= 2) {
        const size_t in = n / 2 * MW_LANES, out = in + MW_LANES;
        float *x = calloc(2 * in, sizeof *x), *w = calloc(2 * in, sizeof *w);
        float *y = calloc(2 * out, sizeof *y);
        mw_fft32 *plan = mw_fft32_create(n);

        fill(x, 2 * in, 0);
        memcpy(w, x, 2 * in * sizeof *w);
        mw_fft32_run(plan, w, w + in, y, y + out);
        for (size_t l = 0; l < MW_LANES; l += 5)
            for (size_t k = 0; k <= n / 2; k += 3) {
                double re = 0, im = 0;

                for (size_t j = 0; j < n; j++) {
                    const double v = (double)x[(j & 1) * in + j / 2 * MW_LANES + l];
                    const double a = 2 * 3.14159265358979 * (double)(j * k % n) / (double)n;

                    re += v * cos(a), im += v * sin(a);
                }
                /* rounding grows with sqrt(n); 1e-6 n is far above it */
                assert_true(fabs(re - (double)y[k * MW_LANES + l]) < 1e-6 * (double)n);
                assert_true(fabs(im - (double)y[out + k * MW_LANES + l]) < 1e-6 * (double)n);
            }
        free(x);
        free(w);
        free(y);
        mw_fft32_destroy(&plan);
    }
}

static void inverse_undoes_the_transform(void **state)
{
    enum { N = 256, IN = N / 2 * MW_LANES, OUT = IN + MW_LANES };
    static float re[IN], im[IN], p[OUT], q[OUT], r[OUT];
    mw_fft32 *plan = mw_fft32_create(N);

    (void)state;
    /* an even signal has a real spectrum */
    for (size_t j = 0; j < N; j++)
        for (size_t l = 0; l < MW_LANES; l++)
            ((j & 1) ? im : re)[j / 2 * MW_LANES + l] =
                1.0f / (1.0f + (float)(j < N - j ? j : N - j) + (float)l);
    mw_fft32_run(plan, re, im, p, q);
    mw_fft32_inverse_even(plan, p, re, im, r);
    for (size_t j = 0; j <= N / 2; j++)
        for (size_t l = 0; l < MW_LANES; l++)
            assert_true(fabsf(r[j * MW_LANES + l] / (N / 2) - 1.0f / (1.0f + (float)(j + l))) <
                        1e-6f);
    mw_fft32_destroy(&plan);
}

static void plans_exist_for_powers_of_two_only(void **state)
{
    static const size_t bad[] = { 0, 1, 2, 32, 63, 65, 96, 1000, 8193, 16384 };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_null(mw_fft32_create(bad[i]));
    for (long n = 1; n < 100; n++) {
        mw_fft32 *plan;

        mw_mem_fail_at(n);
        plan = mw_fft32_create(256);
        mw_mem_fail_at(0);
        if (plan) {
            assert_true(n > 10);
            mw_fft32_destroy(&plan);
            return;
        }
    }
    fail();
}

/* What a kernel reads and writes, by name, so that all can be compared. */
typedef struct arrays {
    lld_scratch s;
    struct {
        const char *name;
        void *p;
        size_t bytes;
    } list[32];
    int n;
} arrays;

static void *array(arrays *a, const char *name, size_t rows, size_t item, int kind)
{
    const size_t n = rows * MW_LANES;
    void *p = mw_calloc_aligned(n, item);

    if (item == sizeof(float))
        fill(p, n, kind);
    else
        for (size_t i = 0; i < n; i++)
            ((double *)p)[i] = (double)random_value(kind);
    a->list[a->n].name = name;
    a->list[a->n].p = p;
    a->list[a->n++].bytes = n * item;
    return p;
}

static void arrays_make(arrays *a, const lld_tables *t, int kind)
{
    memset(a, 0, sizeof *a);
    seed = (uint32_t)kind + 99;
#define ADD(type, field, rows) a->s.field = array(a, #field, (rows), sizeof(type), kind);
    LLD_SCRATCH(ADD)
#undef ADD
    for (size_t i = 0; i < t->b20.bins * MW_LANES; i++) {
        a->s.mag20[i] = fabsf(a->s.mag20[i]);
        a->s.mag_was[i] = fabsf(a->s.mag_was[i]);
    }
    for (size_t i = 0; i < t->b60.bins * MW_LANES; i++)
        a->s.mag60[i] = fabsf(a->s.mag60[i]);
}

static void arrays_free(arrays *a)
{
    for (int i = 0; i < a->n; i++)
        mw_free(a->list[i].p);
}

/* All frame kernels in the order of use; each reads what those before it wrote. */
static void run_all(const lld_kernels *k, const lld_tables *t, arrays *a, const float *x,
                    double energy[MW_LANES])
{
    lld_scratch *s = &a->s;

    k->frames(&t->b60, x, MW_LANES, s->re, s->im);
    k->frames(&t->b20, x, 11, s->re, s->im);
    k->energy(s->re, s->im, t->b20.nfft / 2, energy);
    k->mel(t, s);
    k->rasta(t, s);
    k->shape(t, s);
    k->spectral(t, s);
    k->lpc(t, s);
    k->roots(t, s, LLD_LPC);
    k->shs(t, s);
    k->magnitude(s->re20, s->im20, t->b20.bins, s->mag_was);
    k->power(s->mag_was, t->b20.bins, s->mag20);
    k->absolute(s->idft, t->idft_n);
}

static void frame_kernels_of_every_level_equal_c(void **state)
{
    const lld_kernels *const level[] = { &lld_kernels_c, &lld_kernels_avx2, &lld_kernels_avx512 };
    static const unsigned rates[] = { 8000, 11025, 16000, 44100, 48000 };
    static float x[48000];

    (void)state;
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
        for (int kind = 0; kind < KINDS; kind++) {
            lld_tables *t = NULL;
            arrays a[3] = { { .n = 0 } };
            double energy[3][MW_LANES];

            assert_ok(lld_tables_create(&t, rates[r], NULL));
            fill(x, 48000, kind);
            for (int i = 0; i <= (int)machine(); i++) {
                arrays_make(&a[i], t, kind);
                run_all(level[i], t, &a[i], x, energy[i]);
                assert_memory_equal(energy[i], energy[0], sizeof energy[0]);
                for (int j = 0; j < a[i].n; j++)
                    if (memcmp(a[i].list[j].p, a[0].list[j].p, a[0].list[j].bytes))
                        fail_msg("%s at level %d, %u Hz, kind %d", a[0].list[j].name, i, rates[r],
                                 kind);
            }
            for (int i = 0; i < 3; i++)
                arrays_free(&a[i]);
            lld_tables_destroy(&t);
        }
}

/* The definition of C7 5a, term by term. */
static double plain_correlation(const double *g, size_t p)
{
    double a = 0, c = 0, ac = 0, aa = 0, cc = 0;

    for (size_t i = 0; i < p; i++)
        a += g[i];
    for (size_t i = 0; i < p; i++)
        c += g[p + i];
    a /= (double)p, c /= (double)p;
    for (size_t i = 0; i < p; i++) {
        ac += (g[i] - a) * (g[p + i] - c);
        aa += (g[i] - a) * (g[i] - a);
        cc += (g[p + i] - c) * (g[p + i] - c);
    }
    return ac / (sqrt(aa) * sqrt(cc));
}

static void correlation_of_every_level_equals_plain_sums(void **state)
{
    const lld_kernels *const level[] = { &lld_kernels_c, &lld_kernels_avx2, &lld_kernels_avx512 };
    static const size_t spans[][2] = {
        { 7, 9 }, { 16, 16 }, { 100, 163 }, { 110, 185 }, { 5, 40 }
    };
    static double g[600], prefix[300], cc[300];

    (void)state;
    for (size_t s = 0; s < sizeof spans / sizeof *spans; s++)
        for (int kind = 0; kind < KINDS; kind++)
            for (int i = 0; i <= (int)machine(); i++) {
                const size_t lo = spans[s][0], hi = spans[s][1];

                for (size_t j = 0; j < 600; j++)
                    g[j] = (double)random_value(kind);
                cc[hi - lo + 1] = 77;
                level[i]->xcorr(g, lo, hi, prefix, cc);
                assert_true(cc[hi - lo + 1] == 77);
                for (size_t p = lo; p <= hi; p++) {
                    const double d = plain_correlation(g, p);

                    assert_true(cc[p - lo] == d || (isnan(d) && isnan(cc[p - lo])));
                }
            }
}

static void poly_kernels_of_every_level_equal_c(void **state)
{
    const mw_poly_kernels *const level[] = { &mw_poly_kernels_c, &mw_poly_kernels_avx2,
                                             &mw_poly_kernels_avx512 };
    static const size_t columns[] = { 1, 3, 15, 16, 17, 33, 90, 100 };
    static float x[60 * 100], tap[MW_POLY_OUTS][40], y[3][MW_POLY_OUTS * 100 + 1];
    static double h[3][2001];

    (void)state;
    for (int gap = 0; gap < 2; gap++)
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
            for (int i = 0; i <= (int)machine(); i++) {
                mw_poly_rows r = { .x = x, .y = y[i], .columns = columns[c] };
                const size_t used = MW_POLY_OUTS * columns[c];

                seed = (uint32_t)c;
                fill(x, 60 * 100, 0);
                fill(tap[0], MW_POLY_OUTS * 40, 0);
                for (size_t j = 0; j < MW_POLY_OUTS; j++) {
                    /* overlapping windows, or windows apart */
                    r.first[j] = gap ? 12 * j : 3 * j;
                    r.n[j] = gap ? 9 : 21 + j;
                    r.tap[j] = tap[j];
                }
                y[i][used] = 77;
                level[i]->rows(&r);
                assert_true(y[i][used] == 77);
                assert_memory_equal(y[i], y[0], used * sizeof **y);
                level[i]->taps(h[i], 2001, 200);
                assert_memory_equal(h[i], h[0], sizeof h[0]);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transform_of_every_level_equals_c),
        cmocka_unit_test(transform_is_the_fourier_transform),
        cmocka_unit_test(inverse_undoes_the_transform),
        cmocka_unit_test(plans_exist_for_powers_of_two_only),
        cmocka_unit_test(frame_kernels_of_every_level_equal_c),
        cmocka_unit_test(correlation_of_every_level_equals_plain_sums),
        cmocka_unit_test(poly_kernels_of_every_level_equal_c),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
