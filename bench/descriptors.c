/* SPDX-License-Identifier: Apache-2.0
 *
 * descriptors FILE.wav [REPEATS]: processor seconds for each set and both, best of REPEATS (default
 * 5), one thread, extractor opened and closed each time. descriptors --hours H: peak memory over H
 * hours of synthetic audio fed in seconds. JSON on stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cpu.h"
#include "feature/lld/lld.h"
#include "support/lld_golden.h"

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int time_sets(const char *path, int repeats)
{
    static const char *const names[] = { "", "egemaps", "compare", "both" };
    wav16 w;
    int16_t *x;

    if (wav16_load(&w, path) || !(x = wav16_mono(&w))) return 1;
    printf("{\"cpu\": \"%s\", \"audio_s\": %.3f, \"rate_hz\": %u", mw_cpu_name(mw_cpu()),
           (double)w.n / w.rate_hz, w.rate_hz);
    for (unsigned sets = 1; sets <= 3; sets++) {
        double best = 1e9;

        for (int i = 0; i < repeats; i++) {
            size_t rows, columns;
            const double t0 = now_s();
            float *m = lld_matrix(x, NULL, w.n, w.rate_hz, sets, 0, &rows, &columns);
            const double t = now_s() - t0;

            if (!m) return 1;
            free(m);
            best = t < best ? t : best;
        }
        printf(", \"%s_s\": %.6f, \"%s_x_real_time\": %.1f", names[sets], best, names[sets],
               (double)w.n / w.rate_hz / best);
    }
    printf("}\n");
    free(x);
    wav16_free(&w);
    return 0;
}

/* Sawtooth with a gliding pitch and noise: keeps the pitch trackers busy. */
static void synthesise(int16_t *x, size_t n, size_t at)
{
    static double phase;
    static uint32_t seed = 1;

    for (size_t i = 0; i < n; i++) {
        const double s = (double)(at + i) / 16000.0;
        const double hz = 120.0 + 40.0 * (s / 7.0 - (double)(long)(s / 7.0));

        seed = seed * 1664525u + 1013904223u;
        phase += hz / 16000.0;
        phase -= (double)(long)phase;
        x[i] = (int16_t)(8000.0 * (phase - 0.5) + (double)(seed >> 22) - 512.0);
    }
}

static int measure_memory(double hours)
{
    const mw_lld_opts opts = { 16000, MW_LLD_BOTH, 0 };
    static int16_t x[16000];
    static float rows[256 * 90];
    struct rusage use;
    mw_lld *l = NULL;
    size_t n_rows = 0, m;
    const double t0 = now_s();

    if (mw_lld_open(&l, &opts, NULL) != MW_OK) return 1;
    for (size_t s = 0; s < (size_t)(hours * 3600); s++) {
        synthesise(x, 16000, s * 16000);
        if (mw_lld_feed_s16(l, x, 16000, NULL) != MW_OK) return 1;
        while ((m = mw_lld_rows(l, rows, 256)))
            n_rows += m;
    }
    if (mw_lld_finish(l, NULL) != MW_OK) return 1;
    while ((m = mw_lld_rows(l, rows, 256)))
        n_rows += m;
    getrusage(RUSAGE_SELF, &use);
    printf("{\"hours\": %g, \"rows\": %zu, \"peak_mib\": %.1f, \"seconds\": %.1f}\n", hours, n_rows,
           (double)use.ru_maxrss / 1024, now_s() - t0);
    mw_lld_close(&l);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--hours")) return measure_memory(atof(argv[2]));
    if (argc < 2) {
        fprintf(stderr, "usage: descriptors FILE.wav [REPEATS] | --hours H\n");
        return 2;
    }
    return time_sets(argv[1], argc > 2 ? atoi(argv[2]) : 5);
}
