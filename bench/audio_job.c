/* SPDX-License-Identifier: Apache-2.0
 *
 * audio_job [N [SECONDS]]: the job "corrupt audio" on N made-up clips, one thread, five ratios,
 * from reading to writing, in a temporary folder. Prints one JSON object: median of five runs after
 * one to warm up. processor_s is user and system time of the process.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/normal.h"
#include "base/str.h"
#include "media/sound.h"
#include "merwild/merwild.h"

#define RATE_HZ 16000
#define N_RUNS  5

static void check(mw_status st, const mw_error *err)
{
    if (st == MW_OK) return;
    fprintf(stderr, "audio_job: %s\n", err->message);
    exit(1);
}

static double wall_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double processor_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* A voice-like sound: bursts of a buzz under hiss. */
static void store_clip(const char *dir, const char *name, size_t n, uint64_t key)
{
    float *x = mw_calloc(n, sizeof *x);
    int16_t *q = mw_calloc(n, sizeof *q);
    char *path = mw_path_join(dir, name);
    mw_str bytes = { 0 };
    mw_error err;

    if (!x || !q || !path) exit(1);
    mw_normal_fill(x, n, key, (const uint32_t[4]){ 0 });
    for (size_t i = 0; i < n; i++) {
        const float burst = i / 4000 % 3 ? 0.3f : 0.02f;

        x[i] = burst * ((float)(i % (100 + key % 60)) / 160 - 0.5f) + 0.01f * x[i];
    }
    check(mw_make_parents(path, &err), &err);
    check(mw_wav_put(&bytes, x, n, RATE_HZ, q, &err), &err);
    check(mw_file_store(path, bytes.data, bytes.n, &err), &err);
    mw_str_clear(&bytes);
    mw_free(path);
    mw_free(q);
    mw_free(x);
}

static void set(const mw_opt_group *groups, size_t n, const char *name, const char *value)
{
    mw_error err;

    for (size_t i = 0; i < n; i++) {
        const mw_opt *row = mw_opt_find(groups[i].table, name);

        if (row) check(mw_opt_set(row, groups[i].values, value, &err), &err);
    }
}

static double run_once(const char *dir, int run, double *processor)
{
    mw_opt_group groups[MW_MAX_GROUPS];
    mw_summary summary;
    mw_error err;
    mw_corrupt_audio_options *o = mw_corrupt_audio_options_new(0, &err);
    const size_t n = o ? mw_corrupt_audio_options_groups(o, groups) : 0;
    char *in = mw_path_join(dir, "in"), *noise = mw_path_join(dir, "noise"),
         *out = mw_format("%s/out%d/snr", dir, run);
    double start, cpu;

    if (!n || !in || !noise || !out) exit(1);
    set(groups, n, "in", in);
    set(groups, n, "out", out);
    set(groups, n, "noise-dir", noise);
    set(groups, n, "jobs", "1");
    set(groups, n, "sync", "none");
    start = wall_s();
    cpu = processor_s();
    check(mw_corrupt_audio(o, NULL, &summary, &err), &err);
    *processor = processor_s() - cpu;
    start = wall_s() - start;
    if (summary.n_failed || !summary.n_done) exit(1);
    mw_corrupt_audio_options_free(&o);
    mw_free(in);
    mw_free(noise);
    mw_free(out);
    return start;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const int n_clips = argc > 1 ? atoi(argv[1]) : 50;
    const double seconds = argc > 2 ? atof(argv[2]) : 10;
    const char *tmp = getenv("TMPDIR");
    char *dir = mw_format("%s/mw-bench-XXXXXX", tmp ? tmp : "/tmp"), *command;
    double wall[N_RUNS], cpu[N_RUNS], drop;

    if (!dir || !mkdtemp(dir) || n_clips < 1 || !(seconds >= 1)) return 1;
    for (int i = 0; i < n_clips; i++) {
        char name[32];

        snprintf(name, sizeof name, "in/%04d.wav", i);
        store_clip(dir, name, (size_t)(seconds * RATE_HZ), (uint64_t)i + 1);
    }
    store_clip(dir, "noise/noise/a.wav", 60 * RATE_HZ, 1000);
    run_once(dir, 0, &drop);
    for (int i = 0; i < N_RUNS; i++)
        wall[i] = run_once(dir, i + 1, &cpu[i]);
    qsort(wall, N_RUNS, sizeof *wall, by_value);
    qsort(cpu, N_RUNS, sizeof *cpu, by_value);
    printf("{\"clips\": %d, \"seconds_each\": %g, \"outputs_each\": 5, \"wall_s\": %.4f, "
           "\"processor_s\": %.4f, \"real_time_per_wall\": %.0f, \"real_time_per_processor\": "
           "%.0f}\n",
           n_clips, seconds, wall[N_RUNS / 2], cpu[N_RUNS / 2],
           n_clips * seconds / wall[N_RUNS / 2], n_clips * seconds / cpu[N_RUNS / 2]);
    command = mw_format("rm -rf '%s'", dir);
    if (!command || system(command)) return 1;
    mw_free(command);
    mw_free(dir);
    return 0;
}
