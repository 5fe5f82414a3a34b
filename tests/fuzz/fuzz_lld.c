/* SPDX-License-Identifier: Apache-2.0
 *
 * Descriptors on hostile input: option bytes, chunk sizes and samples come from the fuzzer. Checks
 * that rows are finite, that their number follows from the length, and that another chunking gives
 * the same bits. Built with libFuzzer under -Dfuzz=true; else main() replays files, or random input
 * when there are none.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature/lld/lld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "fuzz_lld: %s\n", what);
    abort();
}

/* All rows; *rows is their number, NULL when the extractor refuses. */
static float *run(const mw_lld_opts *o, const int16_t *x, const float *f, size_t n,
                  const uint8_t *chunks, size_t *rows)
{
    mw_lld *l = NULL;
    mw_error err;
    float *out = NULL;
    mw_status st = mw_lld_open(&l, o, &err);

    for (size_t i = 0, c = 0; st == MW_OK && i < n; c++) {
        size_t m = chunks ? (size_t)chunks[c % 4] * 16 + 1 : n;

        if (m > n - i) m = n - i;
        st = x ? mw_lld_feed_s16(l, x + i, m, &err) : mw_lld_feed(l, f + i, m, &err);
        i += m;
    }
    if (st == MW_OK) st = mw_lld_finish(l, &err);
    if (st == MW_OK) {
        const size_t columns = mw_lld_n_columns(l);

        *rows = mw_lld_n_ready(l);
        out = calloc(*rows * columns + 1, sizeof *out);
        check(out && mw_lld_rows(l, out, *rows) == *rows, "rows");
        for (size_t i = 0; i < *rows * columns; i++)
            check(isfinite(out[i]), "a value is not finite");
    } else {
        check(err.reason[0] && err.message[0], "an error without text");
    }
    mw_lld_close(&l);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned rates[] = {
        8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000
    };
    mw_lld_opts o;
    size_t n, rows[2] = { 0, 0 };
    float *a, *b, *f;
    int16_t *x;

    if (size < 10) return 0;
    o.rate_hz = data[0] < 200 ? rates[data[0] % 9] : 7000 + 200u * data[1];
    o.sets = data[2] & 7;
    o.functionals = data[2] >> 3 & 1;
    n = (size - 10) / 2;
    if (n > 20000) n = 20000;
    x = calloc(n + 1, sizeof *x);
    f = calloc(n + 1, sizeof *f);
    check(x && f, "memory");
    memcpy(x, data + 10, 2 * n);
    /* any bit pattern as a float, two samples' bytes each */
    memcpy(f, data + 10, n / 2 * sizeof *f);
    a = run(&o, x, NULL, n, NULL, &rows[0]);
    b = run(&o, x, NULL, n, data + 4, &rows[1]);
    check(!a == !b && rows[0] == rows[1], "rows depend on the chunks");
    if (a) {
        const size_t step = (size_t)floor(0.010 / (1.0 / o.rate_hz) + 0.5);
        const size_t frame = (size_t)floor(0.060 / (1.0 / o.rate_hz) + 0.5);
        const size_t columns = (o.sets & 1 ? 25 : 0) + (o.sets & 2 ? 65 : 0);

        check(rows[0] == (n < frame ? 0 : (n - frame) / step + 2), "number of rows");
        check(!memcmp(a, b, rows[0] * columns * sizeof *a), "bits depend on the chunks");
    }
    free(a);
    free(b);
    free(run(&o, NULL, f, n / 2, data + 4, &rows[0]));
    free(x);
    free(f);
    return 0;
}

#ifndef MW_LIBFUZZER
int main(int argc, char **argv)
{
    static uint8_t data[24000];
    uint32_t seed = 1;

    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        size_t n;

        if (!file) return 1;
        n = fread(data, 1, sizeof data, file);
        fclose(file);
        LLVMFuzzerTestOneInput(data, n);
    }
    for (int i = 0; argc < 2 && i < 60; i++) {
        const size_t n = (size_t)(i * i) * 6 + 10;
        uint8_t hold = 0;

        for (size_t k = 0; k < n; k++) {
            seed = seed * 1664525u + 1013904223u;
            /* random, repeated and few-valued bytes */
            if (i % 3 == 0 || seed >> 29 == 0) hold = (uint8_t)(seed >> 16);
            data[k] = i % 3 == 2 ? hold & 0x81 : hold;
        }
        LLVMFuzzerTestOneInput(data, n);
    }
    return 0;
}
#endif
