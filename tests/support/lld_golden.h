/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden descriptor matrices: 16-bit WAV files, CSV files, and errors per column. Used by the
 * golden tests and by bench/parity_descriptors; needs no test framework.
 */
#ifndef MW_TESTS_LLD_GOLDEN_H
#define MW_TESTS_LLD_GOLDEN_H

#include <stddef.h>
#include <stdint.h>

typedef struct wav16 {
    int16_t *x; /* [n][channels] */
    size_t n;
    unsigned channels, rate_hz;
} wav16;

/* -1 when the file is not a 16-bit PCM WAV. */
int wav16_load(wav16 *w, const char *path);
void wav16_free(wav16 *w);

/* Numbers below a header line; the first skip columns are left out. */
typedef struct csv_matrix {
    double *v; /* [rows][columns] */
    size_t rows, columns;
    char *text;        /* names, cut at the commas */
    const char **name; /* [columns] */
} csv_matrix;

int csv_load(csv_matrix *m, const char *path, size_t skip);
void csv_free(csv_matrix *m);

typedef struct golden_case {
    const char *name;
    int mean; /* channels averaged, as the command-line tool does; else channel 0 */
} golden_case;

/* Names below golden/lld/egemaps and golden/lld/compare, ended by NULL. */
extern const golden_case golden_egemaps[], golden_compare[];

/* Samples as the extractor takes them; w->n of them. NULL when memory is short. The mean of
 * channels is not an integer: floats to be multiplied by 32767. */
int16_t *wav16_mono(const wav16 *w);
float *wav16_mean(const wav16 *w);

/* Our matrix of a signal, [rows][columns]; sets as mw_lld_opts. Feeds chunk samples at a time (0:
 * all). NULL on failure. */
float *lld_matrix(const int16_t *x, const float *units, size_t n, unsigned rate_hz, unsigned sets,
                  size_t chunk, size_t *rows, size_t *columns);

/* Errors of one column over some signals. In target: |error| <= 1e-3 |golden| or 1e-4 of the
 * column's standard deviation in its file. */
typedef struct column_error {
    double *relative; /* of rows where either value is not 0 */
    size_t n_relative, cap, n, n_out, n_nan;
    double worst;
} column_error;

int column_error_add(column_error *e, const float *ours, size_t stride, const double *golden,
                     size_t golden_stride, size_t rows);
/* Quantile of the relative errors; 0 when there are none. Sorts them. */
double column_error_quantile(column_error *e, double q);
void column_error_free(column_error *e);

#endif
