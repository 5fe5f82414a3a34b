/* SPDX-License-Identifier: Apache-2.0
 *
 * resample_poly [REPEATS]: milliseconds per call, best and first (filter designed), one thread.
 * JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cpu.h"
#include "dsp/resample_poly.h"

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int time_case(size_t rows, size_t columns, size_t to, int repeats)
{
    float *x = calloc(rows * columns, sizeof *x), *y = calloc(to * columns, sizeof *y);
    double first = 1e9, best = 1e9;

    if (!x || !y) return 1;
    for (size_t i = 0; i < rows * columns; i++)
        x[i] = (float)(i * 2654435761u % 1000) / 1000;
    for (int r = 0; r < repeats; r++) {
        mw_poly *p = mw_poly_create();

        for (int i = 0; i < 5; i++) {
            const double t0 = now_ms();
            double t;

            if (mw_poly_run_f32(p, x, rows, columns, to, rows, 0, y, NULL) != MW_OK) return 1;
            t = now_ms() - t0;
            if (i == 0 && t < first) first = t;
            if (i > 0 && t < best) best = t;
        }
        mw_poly_destroy(&p);
    }
    printf("{\"cpu\": \"%s\", \"rows\": %zu, \"columns\": %zu, \"to\": %zu, \"first_ms\": %.3f, "
           "\"cached_ms\": %.3f}\n",
           mw_cpu_name(mw_cpu()), rows, columns, to, first, best);
    free(x);
    free(y);
    return 0;
}

int main(int argc, char **argv)
{
    const int repeats = argc > 1 ? atoi(argv[1]) : 20;

    return time_case(690, 90, 375, repeats) | time_case(699, 90, 375, repeats) |
           time_case(2999, 512, 500, repeats);
}
