/* SPDX-License-Identifier: Apache-2.0
 *
 * Metrics against numpy, scikit-learn and scipy: scripts/golden_metrics.py.
 */
#include "support/support.h"

#include <math.h>

#include "score/metrics.h"

enum { VALUES = 12, MOST = 12 };

static void near(double a, double b, size_t row, const char *what)
{
    if (isnan(a) && isnan(b)) return;
    if (!(fabs(a - b) < 1e-6)) fail_msg("row %zu, %s: %.9g instead of %.9g", row, what, a, b);
}

static void a_thousand_vectors(void **state)
{
    npy g = npy_load(source_path("tests/golden/data/metrics/metrics.npy"));

    (void)state;
    assert_int_equal(g.shape[0], 1000);
    assert_int_equal(g.shape[1], VALUES + 2 * MOST);
    for (size_t i = 0; i < g.shape[0]; i++) {
        const double *row = (const double *)g.data + i * g.shape[1];
        const size_t n = (size_t)row[0];
        float p[MOST], y[MOST];
        double x[MOST], z[MOST], value;
        uint8_t positive[MOST];
        mw_regression_metrics m;

        for (size_t k = 0; k < n; k++) {
            x[k] = row[VALUES + k];
            z[k] = row[VALUES + MOST + k];
            p[k] = (float)x[k];
            y[k] = (float)z[k];
            positive[k] = z[k] > 0;
        }
        mw_metrics_regression(&m, p, y, n);
        near(m.mae, row[1], i, "mae");
        near(m.corr, row[2], i, "corr");
        near(m.acc7, row[3], i, "acc7");
        near(m.acc5, row[4], i, "acc5");
        near(m.acc3, row[5], i, "acc3");
        near(m.acc2_has0, row[6], i, "acc2_has0");
        near(m.f1_has0, row[7], i, "f1_has0");
        near(m.acc2_non0, row[8], i, "acc2_non0");
        near(m.f1_non0, row[9], i, "f1_non0");
        assert_ok(mw_auroc(&value, x, positive, n, NULL));
        near(value, row[10], i, "auroc");
        assert_ok(mw_spearman(&value, x, z, n, NULL));
        near(value, row[11], i, "spearman");
    }
    npy_free(&g);
}

/* Rows of figures [n_figures], n first, then p [MOST] and y [MOST]. */
static npy table_of(const char *name, size_t n_figures)
{
    npy g = npy_load(source_path(name));

    assert_int_equal(g.shape[0], 1000);
    assert_int_equal(g.shape[1], n_figures + 2 * MOST);
    return g;
}

static void a_thousand_vectors_of_ch_sims(void **state)
{
    npy g = table_of("tests/golden/data/metrics/sims.npy", 7);

    (void)state;
    for (size_t i = 0; i < g.shape[0]; i++) {
        const double *row = (const double *)g.data + i * g.shape[1];
        const size_t n = (size_t)row[0];
        float p[MOST], y[MOST];
        mw_sims_metrics m;

        for (size_t k = 0; k < n; k++) {
            p[k] = (float)row[7 + k];
            y[k] = (float)row[7 + MOST + k];
        }
        mw_metrics_sims(&m, p, y, n);
        near(m.mae, row[1], i, "mae");
        near(m.corr, row[2], i, "corr");
        near(m.acc2, row[3], i, "acc2");
        near(m.f1, row[4], i, "f1");
        near(m.acc3, row[5], i, "acc3");
        near(m.acc5, row[6], i, "acc5");
    }
    npy_free(&g);
}

static void a_thousand_vectors_of_classes(void **state)
{
    npy g = table_of("tests/golden/data/metrics/classes.npy", 5);

    (void)state;
    for (size_t i = 0; i < g.shape[0]; i++) {
        const double *row = (const double *)g.data + i * g.shape[1];
        const size_t n = (size_t)row[0];
        int p[MOST], y[MOST];
        mw_class_metrics m;

        for (size_t k = 0; k < n; k++) {
            p[k] = (int)row[5 + k];
            y[k] = (int)row[5 + MOST + k];
        }
        assert_ok(mw_metrics_classes(&m, p, y, n, 5, NULL));
        near(m.accuracy, row[1], i, "accuracy");
        near(m.weighted_f1, row[2], i, "weighted F1");
        near(m.macro_f1, row[3], i, "macro F1");
        near(m.recall, row[4], i, "recall");
    }
    npy_free(&g);
}

static void a_thousand_vectors_of_labels(void **state)
{
    npy g = table_of("tests/golden/data/metrics/labels.npy", 4);

    (void)state;
    for (size_t i = 0; i < g.shape[0]; i++) {
        const double *row = (const double *)g.data + i * g.shape[1];
        const size_t n = (size_t)row[0];
        uint8_t y[MOST];
        mw_label_metrics m;

        for (size_t k = 0; k < n; k++)
            y[k] = row[4 + MOST + k] > 0;
        assert_ok(mw_metrics_label(&m, row + 4, y, n, 0.5, NULL));
        near(m.weighted_accuracy, row[1], i, "weighted accuracy");
        near(m.weighted_f1, row[2], i, "weighted F1");
        near(m.auroc, row[3], i, "auroc");
    }
    npy_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_vectors),
        cmocka_unit_test(a_thousand_vectors_of_ch_sims),
        cmocka_unit_test(a_thousand_vectors_of_classes),
        cmocka_unit_test(a_thousand_vectors_of_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
