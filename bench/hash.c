/* SPDX-License-Identifier: Apache-2.0
 *
 * hash [ROUNDS]: GB/s of SHA-256, one text after the other and two at a time, one thread; the
 * fastest round. JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "base/hash.h"

#define N_BYTES 320044 /* ten seconds of sound as a WAV file */

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    const int rounds = argc > 1 ? atoi(argv[1]) : 500;
    unsigned char *a = malloc(N_BYTES), *b = malloc(N_BYTES);
    char alone_a[65], alone_b[65], pair_a[65], pair_b[65];
    double alone_s = 1e9, pair_s = 1e9;

    if (!a || !b) return 1;
    for (size_t i = 0; i < N_BYTES; i++) {
        a[i] = (unsigned char)(i * 31 + i / 251);
        b[i] = (unsigned char)(i * 17 + i / 127);
    }
    for (int r = 0; r < rounds; r++) {
        const double t0 = now_s();
        double t1, t2;

        mw_sha256_hex(alone_a, a, N_BYTES);
        mw_sha256_hex(alone_b, b, N_BYTES);
        t1 = now_s();
        mw_sha256_hex_pair(pair_a, a, N_BYTES, pair_b, b, N_BYTES);
        t2 = now_s();
        if (t1 - t0 < alone_s) alone_s = t1 - t0;
        if (t2 - t1 < pair_s) pair_s = t2 - t1;
        if (strcmp(alone_a, pair_a) || strcmp(alone_b, pair_b)) return 1;
    }
    printf("{\"sha_instructions\": %d, \"alone_gb_per_s\": %.3f, \"pair_gb_per_s\": %.3f}\n",
           mw_cpu_sha(), 2e-9 * N_BYTES / alone_s, 2e-9 * N_BYTES / pair_s);
    free(a);
    free(b);
    return 0;
}
