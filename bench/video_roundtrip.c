/* SPDX-License-Identifier: Apache-2.0
 *
 * video_roundtrip CODEC QP EFFORT FILE...: read, write all frames, read again; prints speeds of one
 * core, sizes and the lowest PSNR of any frame. Speeds are of process time, all files together.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "media/video_demux.h"
#include "media/video_reader.h"
#include "media/video_writer.h"

typedef struct result {
    double count_s, decode_s, total_s, min_y_db, min_all_db;
    int64_t n_frames, n_moved, in_bytes, out_bytes;
} result;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void check(mw_status st, const mw_error *err)
{
    if (st == MW_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static double squares(const mw_frame *a, const mw_frame *b, int i, double *n)
{
    const int w = i ? (a->width + 1) / 2 : a->width, h = i ? (a->height + 1) / 2 : a->height;
    double sum = 0;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int d = a->plane[i][y * a->stride[i] + x] - b->plane[i][y * b->stride[i] + x];

            sum += d * d;
        }
    *n += (double)w * h;
    return sum;
}

static double db(double sum, double n)
{
    return sum > 0 ? 10 * log10(255.0 * 255.0 * n / sum) : 99;
}

static void compare(result *res, const char *in, const char *out)
{
    mw_video_reader *a = NULL, *b = NULL;
    mw_error err;
    mw_frame f, g;
    int got_f, got_g;

    check(mw_video_reader_open(&a, in, &err), &err);
    check(mw_video_reader_open(&b, out, &err), &err);
    for (;;) {
        double n = 0, y, all;

        check(mw_video_reader_next(a, &f, &got_f, &err), &err);
        check(mw_video_reader_next(b, &g, &got_g, &err), &err);
        if (got_f != got_g) {
            fprintf(stderr, "%s: another number of frames\n", in);
            exit(1);
        }
        if (!got_f) break;
        res->n_moved += f.pts != g.pts;
        y = squares(&f, &g, 0, &n);
        res->min_y_db = fmin(res->min_y_db, db(y, n));
        all = y + squares(&f, &g, 1, &n);
        all += squares(&f, &g, 2, &n);
        res->min_all_db = fmin(res->min_all_db, db(all, n));
    }
    mw_video_reader_close(&a);
    mw_video_reader_close(&b);
}

static void pass(result *res, const char *in, const char *out, const mw_video_encoder *o)
{
    mw_video_reader *r = NULL;
    mw_video_writer *w = NULL;
    mw_error err;
    mw_frame f;
    int got = 1;
    const double t0 = now();

    check(mw_video_reader_open(&r, in, &err), &err);
    if (out) check(mw_video_writer_open(&w, out, r, o, &err), &err);
    while (check(mw_video_reader_next(r, &f, &got, &err), &err), got)
        if (out)
            check(mw_video_writer_put(w, &f, &err), &err);
        else
            res->n_frames++;
    if (out) check(mw_video_writer_close(&w, &err), &err);
    mw_video_reader_close(&r);
    *(out ? &res->total_s : &res->decode_s) += now() - t0;
}

int main(int argc, char **argv)
{
    mw_video_encoder o = mw_video_encoder_default();
    result res = { .min_y_db = 99, .min_all_db = 99 };
    char out[] = "/tmp/mw-bench-XXXXXX.mp4";
    struct rusage usage;
    struct stat s;

    if (argc < 5) return 1;
    o.codec = (mw_video_codec)atoi(argv[1]);
    o.qp = atoi(argv[2]);
    o.effort = (mw_video_effort)atoi(argv[3]);
    if (o.codec == MW_VIDEO_FFV1) o.container = MW_VIDEO_MKV;
    close(mkstemps(out, 4));
    for (int i = 4; i < argc; i++) {
        double t0 = now();
        int64_t n;
        mw_error err;

        check(mw_video_count_frames(argv[i], &n, &err), &err);
        res.count_s += now() - t0;
        pass(&res, argv[i], NULL, &o);
        pass(&res, argv[i], out, &o);
        stat(argv[i], &s);
        res.in_bytes += s.st_size;
        stat(out, &s);
        res.out_bytes += s.st_size;
        if (!getenv("NO_COMPARE")) compare(&res, argv[i], out);
    }
    unlink(out);
    getrusage(RUSAGE_SELF, &usage);
    printf("{\"files\": %d, \"frames\": %lld, \"count_ms_per_file\": %.2f, \"decode_fps\": %.0f, "
           "\"encode_fps\": %.0f, \"both_fps\": %.0f, \"in_bytes\": %lld, \"out_bytes\": %lld, "
           "\"times_changed\": %lld, \"min_psnr_y_db\": %.2f, \"min_psnr_db\": %.2f, "
           "\"peak_rss_mb\": %.1f}\n",
           argc - 4, (long long)res.n_frames, 1e3 * res.count_s / (argc - 4),
           (double)res.n_frames / res.decode_s, (double)res.n_frames / (res.total_s - res.decode_s),
           (double)res.n_frames / res.total_s, (long long)res.in_bytes, (long long)res.out_bytes,
           (long long)res.n_moved, res.min_y_db, res.min_all_db, (double)usage.ru_maxrss / 1024);
    return 0;
}
