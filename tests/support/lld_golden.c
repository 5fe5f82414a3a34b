/* SPDX-License-Identifier: Apache-2.0 */
#include "support/lld_golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature/lld/lld.h"

const golden_case golden_egemaps[] = {
    { "sp_en_m", 0 },        { "sp_fr_f", 0 },     { "sp_44k", 0 },  { "stereo_44k", 1 },
    { "mix_babble_5dB", 0 }, { "zeroed", 0 },      { "clipped", 0 }, { "noise_white", 0 },
    { "sweep_sine", 0 },     { "tone_gated", 0 },  { "silence", 0 }, { "short_100ms", 0 },
    { "short_060ms", 0 },    { "short_030ms", 0 }, { NULL, 0 },
};

const golden_case golden_compare[] = {
    { "01_speech_us_16k", 0 },
    { "02_speech_highpitch_16k", 0 },
    { "03_speech_lowpitch_16k", 0 },
    { "04_speech_stereo_44k1", 0 },
    { "05_speech_fr_22k05", 0 },
    { "06_silence_16k", 0 },
    { "07_white_noise_16k", 0 },
    { "08_log_sweep_16k", 0 },
    { "09_chord_16k", 0 },
    { "10_speech_noise_zeroed_16k", 0 },
    { "11_short_030ms_16k", 0 },
    { "11_short_060ms_16k", 0 },
    { "11_short_070ms_16k", 0 },
    { "11_short_100ms_16k", 0 },
    { NULL, 0 },
};

static unsigned char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    unsigned char *b = NULL;
    long size = 0;

    if (!f) return NULL;
    if (!fseek(f, 0, SEEK_END) && (size = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET))
        b = calloc((size_t)size + 1, 1);
    if (b && fread(b, 1, (size_t)size, f) != (size_t)size) {
        free(b);
        b = NULL;
    }
    fclose(f);
    *n = (size_t)size;
    return b;
}

static unsigned le(const unsigned char *p, int n)
{
    unsigned v = 0;

    for (int i = n; i-- > 0;)
        v = v << 8 | p[i];
    return v;
}

int wav16_load(wav16 *w, const char *path)
{
    size_t n = 0, at = 12;
    unsigned char *b = read_file(path, &n);
    int bits = 0, ok = -1;

    memset(w, 0, sizeof *w);
    if (!b || n < 12 || memcmp(b, "RIFF", 4) || memcmp(b + 8, "WAVE", 4)) goto done;
    for (; at + 8 <= n; at += 8 + le(b + at + 4, 4) + (le(b + at + 4, 4) & 1)) {
        size_t size = le(b + at + 4, 4);

        if (size > n - at - 8) size = n - at - 8;
        if (!memcmp(b + at, "fmt ", 4) && size >= 16) {
            w->channels = le(b + at + 10, 2);
            w->rate_hz = le(b + at + 12, 4);
            bits = (int)le(b + at + 22, 2);
        } else if (!memcmp(b + at, "data", 4)) {
            if (bits != 16 || !w->channels) goto done;
            w->n = size / (2 * w->channels);
            w->x = calloc(w->n * w->channels + 1, sizeof *w->x);
            if (!w->x) goto done;
            for (size_t i = 0; i < w->n * w->channels; i++)
                w->x[i] = (int16_t)le(b + at + 8 + 2 * i, 2);
            ok = 0;
            goto done;
        }
    }
done:
    free(b);
    return ok;
}

void wav16_free(wav16 *w)
{
    free(w->x);
    w->x = NULL;
}

static size_t count(const char *text, char c)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == c;
    return n;
}

int csv_load(csv_matrix *m, const char *path, size_t skip)
{
    size_t size = 0, all;
    char *body, *p;

    memset(m, 0, sizeof *m);
    m->text = (char *)read_file(path, &size);
    if (!m->text || !(body = strchr(m->text, '\n'))) return -1;
    *body++ = 0;
    all = count(m->text, ',') + 1;
    m->columns = all - skip;
    m->rows = count(body, '\n') + (size > 0 && body[0] && body[strlen(body) - 1] != '\n');
    m->v = calloc(m->rows * m->columns + 1, sizeof *m->v);
    m->name = calloc(all, sizeof *m->name);
    if (!m->v || !m->name) return -1;
    p = m->text;
    for (size_t c = 0; c < all; c++) {
        char *end = strpbrk(p, ",\r");

        if (end) *end = 0;
        if (c >= skip) m->name[c - skip] = p;
        p = end ? end + 1 : p;
    }
    for (size_t r = 0; r < m->rows; r++)
        for (size_t c = 0; c < all; c++) {
            char *end = body;
            const double v = strtod(body, &end);

            /* a first column of text is skipped by its comma */
            if (c >= skip) m->v[r * m->columns + c - skip] = v;
            end = strpbrk(end, ",\n");
            body = end ? end + 1 : body + strlen(body);
        }
    return 0;
}

void csv_free(csv_matrix *m)
{
    free(m->v);
    free(m->name);
    free(m->text);
    memset(m, 0, sizeof *m);
}

int16_t *wav16_mono(const wav16 *w)
{
    int16_t *x = calloc(w->n + 1, sizeof *x);

    for (size_t i = 0; x && i < w->n; i++)
        x[i] = w->x[i * w->channels];
    return x;
}

float *wav16_mean(const wav16 *w)
{
    float *x = calloc(w->n + 1, sizeof *x);

    for (size_t i = 0; x && i < w->n; i++) {
        float sum = 0;

        for (unsigned c = 0; c < w->channels; c++)
            sum += (float)w->x[i * w->channels + c];
        x[i] = sum / (float)w->channels / 32767.0f;
    }
    return x;
}

float *lld_matrix(const int16_t *x, const float *units, size_t n, unsigned rate_hz, unsigned sets,
                  size_t chunk, size_t *rows, size_t *columns)
{
    const mw_lld_opts opts = { .rate_hz = rate_hz, .sets = sets };
    mw_lld *l = NULL;
    float *out = NULL;
    mw_status st = mw_lld_open(&l, &opts, NULL);

    if (!chunk) chunk = n ? n : 1;
    for (size_t i = 0; st == MW_OK && i < n; i += chunk) {
        const size_t m = n - i < chunk ? n - i : chunk;

        st = x ? mw_lld_feed_s16(l, x + i, m, NULL) : mw_lld_feed_units(l, units + i, m, NULL);
    }
    if (st == MW_OK) st = mw_lld_finish(l, NULL);
    if (st == MW_OK) {
        *rows = mw_lld_n_ready(l);
        *columns = mw_lld_n_columns(l);
        out = calloc(*rows * *columns + 1, sizeof *out);
        if (out) mw_lld_rows(l, out, *rows);
    }
    mw_lld_close(&l);
    return out;
}

int column_error_add(column_error *e, const float *ours, size_t stride, const double *golden,
                     size_t golden_stride, size_t rows)
{
    double mean = 0, dev = 0;

    for (size_t i = 0; i < rows; i++)
        mean += golden[i * golden_stride] / (double)rows;
    for (size_t i = 0; i < rows; i++)
        dev += pow(golden[i * golden_stride] - mean, 2) / (double)rows;
    dev = sqrt(dev);
    for (size_t i = 0; i < rows; i++) {
        const double a = (double)ours[i * stride], b = golden[i * golden_stride], d = fabs(a - b);

        e->n++;
        if (isnan(a) || isnan(b)) {
            e->n_nan++;
            continue;
        }
        if (!(d <= 1e-3 * fabs(b) || d <= 1e-4 * dev)) e->n_out++;
        if (d > e->worst) e->worst = d;
        if (a == 0 && b == 0) continue;
        if (e->n_relative == e->cap) {
            double *p = realloc(e->relative, (e->cap = 2 * e->cap + 1024) * sizeof *p);

            if (!p) return -1;
            e->relative = p;
        }
        e->relative[e->n_relative++] = b != 0 ? d / fabs(b) : 1;
    }
    return 0;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double column_error_quantile(column_error *e, double q)
{
    if (!e->n_relative) return 0;
    qsort(e->relative, e->n_relative, sizeof *e->relative, ascending);
    return e->relative[(size_t)(q * (double)(e->n_relative - 1))];
}

void column_error_free(column_error *e)
{
    free(e->relative);
    memset(e, 0, sizeof *e);
}
