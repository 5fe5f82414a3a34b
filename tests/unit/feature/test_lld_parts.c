/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of the descriptors that ordinary signals seldom reach.
 */
#include <complex.h>
#include <math.h>

#include "support/support.h"

#include "base/mem.h"
#include "feature/lld/formants.h"
#include "feature/lld/pitch.h"
#include "feature/lld/smooth.h"

static void vertex_of_a_parabola_is_its_extremum(void **state)
{
    const double x[3] = { 1.0, 2.5, 3.0 };
    double y[3], at, top;

    (void)state;
    for (int i = 0; i < 3; i++)
        y[i] = 7.0 - 2.0 * (x[i] - 2.2) * (x[i] - 2.2);
    lld_vertex(x, y, &at, &top);
    assert_true(fabs(at - 2.2) < 1e-12 && fabs(top - 7.0) < 1e-12);
}

static void vertex_of_a_line_is_its_largest_point(void **state)
{
    const double x[3] = { 1, 2, 3 }, up[3] = { 1, 2, 3 }, flat[3] = { 4, 4, 4 };
    const double same[3] = { 1, 1, 1 }, peak[3] = { 1, 9, 2 };
    double at, top;

    (void)state;
    lld_vertex(x, up, &at, &top);
    assert_true(at == 3 && top == 3);
    lld_vertex(x, flat, &at, &top);
    assert_true(at == 1 && top == 4);
    lld_vertex(same, peak, &at, &top);
    assert_true(at == 1 && top == 9);
}

static void semitones_have_a_floor(void **state)
{
    (void)state;
    assert_true(lld_semitones(0) == 0);
    assert_true(lld_semitones(20) == 1);
    assert_true(fabsf(lld_semitones(55) - 12) < 1e-5f);
}

/* One pitch whose voicing crosses the threshold every frame: over two frames staying voiced costs
 * what staying unvoiced costs, and less than a switch, so the two paths never agree. */
static void tracker_decides_the_oldest_frame_when_it_waited_long_enough(void **state)
{
    const lld_pitch_par *const par[] = { &lld_pitch_egemaps, &lld_pitch_compare };
    const lld_candidates c[2] = { { { 418.1f }, { 0.69f } }, { { 418.1f }, { 0.7f } } };

    (void)state;
    for (int p = 0; p < 2; p++) {
        uint8_t out[LLD_TRACK_MAX + 1];
        lld_tracker t;
        int decided = 0;

        lld_tracker_init(&t, par[p]);
        /* an empty frame, on which all paths agree, and one more voiced frame as a head start */
        assert_int_equal(lld_tracker_push(&t, &(lld_candidates){ { 0 }, { 0 } }, out), 0);
        assert_int_equal(lld_tracker_push(&t, &c[1], out), 1);
        for (int i = 1; i <= 100; i++) {
            decided += lld_tracker_push(&t, &c[i & 1], out);
            assert_int_equal(decided, i < par[p]->track_len - 1 ? 0 : i - par[p]->track_len + 2);
        }
        assert_int_equal(decided + lld_tracker_flush(&t, out), 101);
    }
}

static void tracker_follows_a_voiced_stretch(void **state)
{
    const lld_candidates voiced = { { 200 }, { 0.95f } }, quiet = { { 200 }, { 0.1f } };
    uint8_t out[LLD_TRACK_MAX + 1], track[64];
    lld_tracker t;
    int n = 0;

    (void)state;
    lld_tracker_init(&t, &lld_pitch_egemaps);
    for (int i = 0; i < 60; i++) {
        const int m = lld_tracker_push(&t, i < 20 || i >= 40 ? &quiet : &voiced, out);

        memcpy(track + n, out, (size_t)m);
        n += m;
    }
    n += lld_tracker_flush(&t, track + n);
    assert_int_equal(n, 60);
    for (int i = 0; i < 60; i++)
        assert_int_equal(track[i], i < 20 || i >= 40 ? LLD_CANDIDATES : 0);
}

static void candidates_outside_the_interval_are_dropped(void **state)
{
    const lld_peaks p = { 4, { 50, 700, 100, 54 }, { .5f, .6f, .7f, .8f }, { 4, 3, 3.5f, 1 } };
    lld_candidates c;

    (void)state;
    lld_candidates_make(&p, &lld_pitch_egemaps, &c);
    /* the higher score comes first, then the others in their order */
    assert_true(c.hz[0] == 100 && c.hz[1] == 700 && c.hz[2] == 0);
    lld_candidates_make(&p, &lld_pitch_compare, &c);
    assert_true(c.hz[0] == 100 && c.hz[1] == 54 && c.hz[2] == 0 && c.voicing[1] == .8f);
}

static void neighbours_near_both_ends_follow_the_table(void **state)
{
    /* T = 8, P = 5: rows and their three inputs */
    static const size_t table[][4] = { { 0, 0, 0, 1 }, { 1, 0, 1, 2 }, { 3, 2, 3, 4 },
                                       { 4, 3, 4, 4 }, { 5, 4, 4, 4 }, { 6, 5, 6, 7 },
                                       { 7, 6, 7, 7 }, { 8, 7, 7, 7 } };
    size_t at[3];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        lld_neighbours(table[i][0], 8, 5, at);
        assert_memory_equal(at, table[i] + 1, sizeof at);
    }
    lld_neighbours(0, 1, 1, at);
    assert_true(at[2] == LLD_NO_ROW);
    lld_neighbours(0, 8, 1, at);
    assert_true(at[2] == LLD_NO_ROW);
    lld_neighbours(0, 8, 0, at);
    assert_int_equal(at[2], 1);
    assert_true(lld_mean3_nonzero(3, 0, 5) == 0);
    assert_true(lld_mean3_nonzero(0, 4, 6) == 5);
}

/* Coefficients whose polynomial has the pairs of roots r e^(+-i w), a real root if degree is odd.
 */
static void coefficients(const double (*pair)[2], int degree, float a[LLD_LPC])
{
    double complex c[LLD_LPC + 1] = { 1 };

    for (int n = 0; n < degree; n++) {
        const double *p = pair[n / 2];
        const double complex z = degree % 2 && n == degree - 1
                                     ? 0.3
                                     : p[0] * cexp((n & 1 ? -1 : 1) * p[1] * (double complex)I);

        for (int i = n + 1; i > 0; i--)
            c[i] -= z * c[i - 1];
    }
    for (int i = 0; i < LLD_LPC; i++)
        a[i] = i < degree ? -(float)creal(c[i + 1]) : 0;
}

static float given[LLD_LPC][MW_LANES];

static void give_coefficients(const lld_tables *t, lld_scratch *s)
{
    (void)t;
    memcpy(s->lpc, given, sizeof given);
}

static void formants_are_the_angles_of_the_roots_at_any_degree(void **state)
{
    static const double pair[][2] = {
        { .95, .4 }, { .9, 1.1 }, { .85, 1.7 }, { .93, 2.3 }, { .7, 2.8 }
    };
    lld_kernels k = *lld_kernels_pick();
    lld_scratch s = { 0 };
    lld_tables *t = NULL;

    (void)state;
    assert_ok(lld_tables_create(&t, 16000, NULL));
#define ALLOC(type, name, rows) s.name = mw_calloc_aligned((rows), MW_LANES * sizeof(type));
    LLD_SCRATCH(ALLOC)
#undef ALLOC
    k.lpc = give_coefficients;
    for (size_t l = 0; l < MW_LANES; l++) {
        float a[LLD_LPC];

        coefficients(pair, (int)(l % (LLD_LPC + 1)), a);
        for (int i = 0; i < LLD_LPC; i++)
            given[i][l] = a[i];
    }
    given[3][15] = NAN; /* a lane that overflowed has no formants */
    lld_formants(t, &k, &s);
    for (size_t l = 0; l < MW_LANES; l++) {
        const size_t pairs = l == 15 ? 0 : l % (LLD_LPC + 1) / 2;

        for (size_t i = 0; i < 3; i++) {
            const float hz = s.raw[(RAW_FORMANT + i) * MW_LANES + l];
            const float width = s.raw[(RAW_FORMANT + 3 + i) * MW_LANES + l];
            const double f = pair[i][1] * 11000 / (2 * 3.14159265358979);
            const double b = -log(pair[i][0]) * 11000 / 3.14159265358979;

            /* single-precision coefficients move a root by about 1e-6 */
            assert_true(fabs((double)hz - (i < pairs ? f : 0)) < 0.1);
            assert_true(fabs((double)width - (i < pairs ? b : 0)) < 0.2);
        }
    }
#define FREE(type, name, rows) mw_free(s.name);
    LLD_SCRATCH(FREE)
#undef FREE
    lld_tables_destroy(&t);
}

static void harmonics_beyond_the_spectrum_are_missing(void **state)
{
    lld_tables *t = NULL;
    float *mag, *acf;
    const float formant[3] = { 500, 1500, 0 };
    lld_harmonics h;

    (void)state;
    assert_ok(lld_tables_create(&t, 8000, NULL));
    mag = calloc(t->b60.bins, sizeof *mag);
    acf = calloc(t->b60.bins, sizeof *acf);
    /* nothing at all: no peak, no fundamental */
    h = lld_harmonics_of(t, mag, acf, 900, formant);
    assert_true(h.h1_h2_db == 0 && h.h1_a3_db == -201);
    assert_true(h.amplitude_db[0] == 0 && h.amplitude_db[2] == 0);
    /* a falling autocorrelation: its first value is the nearest end */
    for (size_t i = 0; i < t->b60.bins; i++)
        acf[i] = 1.0f / (1.0f + (float)i);
    assert_true(lld_harmonics_of(t, mag, acf, 900, formant).hnr_db == 0);
    /* a rising one: the last value, as large as a peak gets */
    for (size_t i = 0; i < t->b60.bins; i++)
        acf[i] = 1.0f + (float)i;
    assert_true(lld_harmonics_of(t, mag, acf, 900, formant).hnr_db != 0);
    /* two partials, the second one tenth of the first */
    mag[55] = 10, mag[54] = mag[56] = 1;
    mag[109] = 1, mag[108] = mag[110] = 0.1f;
    h = lld_harmonics_of(t, mag, acf, (float)t->b60.freq[55], formant);
    assert_true(fabsf(h.h1_h2_db - (-20 + 200)) < 1);
    free(mag);
    free(acf);
    lld_tables_destroy(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vertex_of_a_parabola_is_its_extremum),
        cmocka_unit_test(vertex_of_a_line_is_its_largest_point),
        cmocka_unit_test(semitones_have_a_floor),
        cmocka_unit_test(tracker_decides_the_oldest_frame_when_it_waited_long_enough),
        cmocka_unit_test(tracker_follows_a_voiced_stretch),
        cmocka_unit_test(candidates_outside_the_interval_are_dropped),
        cmocka_unit_test(neighbours_near_both_ends_follow_the_table),
        cmocka_unit_test(formants_are_the_angles_of_the_roots_at_any_degree),
        cmocka_unit_test(harmonics_beyond_the_spectrum_are_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
