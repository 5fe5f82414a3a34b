/* SPDX-License-Identifier: Apache-2.0
 *
 * parity_descriptors [FOLDER]: errors of every descriptor column against golden matrices made by
 * openSMILE 3.0.2, as a markdown table. FOLDER holds egemaps/ and compare/ (default
 * ../shared/golden/lld). Exit code 1 when a column misses its target.
 */
#include <stdio.h>
#include <stdlib.h>

#include "feature/lld/lld.h"
#include "support/lld_golden.h"

#define MAX_COLUMNS 65

static const char intro[] =
    "# Acoustic descriptors against openSMILE 3.0.2\n"
    "\n"
    "Made by `build/bench/parity_descriptors > docs/parity-descriptors.md` from golden matrices "
    "that\n"
    "openSMILE 3.0.2 printed with nine digits, so errors near 5e-9 are those of the print. In "
    "target:\n"
    "within 1e-3 of the golden value or 1e-4 of the column's standard deviation in its file. "
    "Relative\n"
    "errors are taken over rows where either value is not 0; those of values that cross 0 (mfcc,\n"
    "slopes) are dominated by values near 0. Every CPU level and compiler gives the same bits, "
    "hence\n"
    "the same table.\n"
    "\n"
    "Differences by design: input below 60 ms gives no row, where the Python package gives one row "
    "of\n"
    "NaN; float samples outside [-1, 1) are clipped, where the package wraps around.\n"
    "\n";

typedef struct report {
    const char *folder, *set;
    const golden_case *cases;
    unsigned mask;
    size_t skip, rows, signals;
    column_error error[MAX_COLUMNS];
    char name[MAX_COLUMNS][64];
    size_t n_columns;
} report;

static int add_case(report *r, const golden_case *c)
{
    char path[4096];
    wav16 w;
    csv_matrix g;
    size_t rows = 0, columns = 0;
    int16_t *x = NULL;
    float *units = NULL, *ours = NULL;
    int st = -1;

    snprintf(path, sizeof path, "%s/%s/%s.wav", r->folder, r->set, c->name);
    if (wav16_load(&w, path)) {
        fprintf(stderr, "cannot read %s\n", path);
        return -1;
    }
    snprintf(path, sizeof path, "%s/%s/%s.csv", r->folder, r->set, c->name);
    if (csv_load(&g, path, r->skip)) goto done;
    x = c->mean ? NULL : wav16_mono(&w);
    units = c->mean ? wav16_mean(&w) : NULL;
    ours = lld_matrix(x, units, w.n, w.rate_hz, r->mask, 0, &rows, &columns);
    if (!ours || columns != g.columns) goto done;
    /* the Python package gives one row of NaN for what is too short */
    if (rows != g.rows && !(rows == 0 && g.rows == 1 && g.v[0] != g.v[0])) {
        fprintf(stderr, "%s: %zu rows, golden %zu\n", c->name, rows, g.rows);
        goto done;
    }
    r->n_columns = columns;
    for (size_t k = 0; k < columns; k++) {
        snprintf(r->name[k], sizeof r->name[k], "%s", g.name[k]);
        if (rows && column_error_add(&r->error[k], ours + k, columns, g.v + k, columns, rows))
            goto done;
    }
    r->rows += rows;
    r->signals++;
    st = 0;
done:
    csv_free(&g);
    wav16_free(&w);
    free(x);
    free(units);
    free(ours);
    return st;
}

static int print_report(report *r, const char *title)
{
    int bad = 0;

    printf("## %s\n\n%zu signals, %zu rows.\n\n", title, r->signals, r->rows);
    printf("| column | median relative error | 99.9 %% | largest absolute | in target %% |\n");
    printf("|---|---|---|---|---|\n");
    for (size_t k = 0; k < r->n_columns; k++) {
        column_error *e = &r->error[k];
        const double median = column_error_quantile(e, 0.5);
        const double in = 100.0 * (1.0 - (double)(e->n_out + e->n_nan) / (double)e->n);

        printf("| %s | %.1e | %.1e | %.1e | %.4f |\n", r->name[k], median,
               column_error_quantile(e, 0.999), e->worst, in);
        bad |= !(median < 1e-4 && in >= 99.9);
        column_error_free(e);
    }
    printf("\n");
    return bad;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "../shared/golden/lld";
    report r[2] = { { folder, "egemaps", golden_egemaps, MW_LLD_EGEMAPS, .skip = 1 },
                    { folder, "compare", golden_compare, MW_LLD_COMPARE, .skip = 0 } };
    int bad = 0;

    fputs(intro, stdout);
    for (int i = 0; i < 2; i++) {
        for (const golden_case *c = r[i].cases; c->name; c++)
            bad |= add_case(&r[i], c) != 0;
        bad |= print_report(&r[i], i ? "ComParE_2016" : "eGeMAPSv02");
    }
    return bad;
}
