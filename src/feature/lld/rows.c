/* SPDX-License-Identifier: Apache-2.0
 *
 * From raw rows to smoothed rows of the chosen columns, and the queue of rows not taken yet.
 */
#include "feature/lld/extractor.h"

#include <string.h>

#include "base/mem.h"
#include "feature/lld/smooth.h"

static const float *raw_row(const mw_lld *l, lld_stream stream, size_t i)
{
    static const float zero[RAW_COUNT];

    if (i == LLD_NO_ROW) return zero;
    if (stream == LLD_TRACK_E) return l->egemaps->row[i % RING];
    if (stream == LLD_TRACK_C || stream == LLD_PITCH_C) return l->compare->row[i % RING];
    return l->raw[i % RING];
}

/* Smoothed row m; n, p: rows of each stream and those before the first end (C4.4). */
static void smooth_row(const mw_lld *l, size_t m, const size_t n[5], const size_t p[5], float *out)
{
    const float *row[5][3];

    for (int stream = 0; stream < 5; stream++) {
        size_t at[3];

        if (stream == LLD_TRACK_E ? !l->egemaps : stream > LLD_TRACK_E && !l->compare) continue;
        lld_neighbours(m, n[stream], p[stream], at);
        for (int i = 0; i < 3; i++)
            row[stream][i] = raw_row(l, (lld_stream)stream, at[i]);
    }
    for (int c = 0; c < l->n_columns; c++) {
        const lld_column *col = &lld_columns[l->first_column + c];
        const float *const *r = row[col->stream];

        out[c] = col->nonzero ? lld_mean3_nonzero(r[0][col->raw], r[1][col->raw], r[2][col->raw])
                              : lld_mean3(r[0][col->raw], r[1][col->raw], r[2][col->raw]);
    }
}

int lld_emit(mw_lld *l, size_t end, const size_t n[5], const size_t p[5])
{
    const size_t width = (size_t)l->n_columns;

    if (end <= l->n_rows) return 0;
    if (l->out_at > l->n_out) {
        /* more taken than left: move those to the front, so that the buffer stays small */
        memcpy(l->out, l->out + l->out_at * width, l->n_out * width * sizeof *l->out);
        l->out_at = 0;
    }
    if (mw_grow(&l->out, &l->out_cap, (l->out_at + l->n_out + (end - l->n_rows)) * width,
                sizeof *l->out))
        return -1;
    for (; l->n_rows < end; l->n_rows++, l->n_out++)
        smooth_row(l, l->n_rows, n, p, l->out + (l->out_at + l->n_out) * width);
    return 0;
}

int lld_emit_decided(mw_lld *l)
{
    const size_t open[5] = { LLD_NO_ROW, LLD_NO_ROW, LLD_NO_ROW, LLD_NO_ROW, LLD_NO_ROW };
    size_t n = l->n_frames60;

    if (l->egemaps && l->egemaps->n_decided < n) n = l->egemaps->n_decided;
    if (l->compare && l->compare->n_decided < n) n = l->compare->n_decided;
    return lld_emit(l, n ? n - 1 : 0, open, open);
}

size_t mw_lld_n_columns(const mw_lld *l)
{
    return (size_t)l->n_columns;
}

const char *mw_lld_column_name(const mw_lld *l, size_t i)
{
    return i < (size_t)l->n_columns ? lld_columns[(size_t)l->first_column + i].name : NULL;
}

const char *mw_lld_column_unit(const mw_lld *l, size_t i)
{
    return i < (size_t)l->n_columns ? lld_columns[(size_t)l->first_column + i].unit : NULL;
}

size_t mw_lld_n_ready(const mw_lld *l)
{
    return l->n_out;
}

size_t mw_lld_rows(mw_lld *l, float *out, size_t max_rows)
{
    const size_t n = l->n_out < max_rows ? l->n_out : max_rows, width = (size_t)l->n_columns;

    if (n == 0) return 0;
    memcpy(out, l->out + l->out_at * width, n * width * sizeof *out);
    l->n_out -= n;
    l->out_at = l->n_out ? l->out_at + n : 0;
    return n;
}

double mw_lld_row_time(const mw_lld *l, size_t k)
{
    return (double)(k * l->t->b20.step) / l->t->rate_hz;
}
