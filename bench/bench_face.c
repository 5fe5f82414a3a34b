/* SPDX-License-Identifier: Apache-2.0
 *
 * Face detector: milliseconds per frame on one thread, decoding not counted.
 *
 *   bench_face CLIP [short|full|full-dense] [ROUNDS]
 *
 * Prints one JSON line. scripts/bench-face sets it beside Python MediaPipe on the same clip.
 */
#include "support/support.h"

#include <time.h>

#include "base/cpu.h"
#include "face/detector.h"
#include "support/media.h"

enum { MAX_FRAMES = 300 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int load(const char *path, mw_frame *frame)
{
    clip *c = clip_open(path);
    const mw_frame *f;
    int n = 0;

    while (n < MAX_FRAMES && (f = clip_next(c))) {
        if (mw_frame_alloc(&frame[n], MW_PIX_RGB24, f->width, f->height, NULL)) break;
        memcpy(frame[n].plane[0], f->plane[0], (size_t)f->stride[0] * (size_t)f->height);
        n++;
    }
    clip_close(c);
    return n;
}

static int failed(const mw_error *err)
{
    fprintf(stderr, "bench_face: %s\n", err->message);
    return 2;
}

int main(int argc, char **argv)
{
    static mw_frame frame[MAX_FRAMES];
    const int model = argc > 2 ? mw_face_model_by_name(argv[2]) : MW_FACE_FULL;
    const int rounds = argc > 3 ? atoi(argv[3]) : 3;
    mw_face_detector *d;
    mw_face_net *net;
    const mw_face *faces;
    mw_error err;
    double best = 1e9, best_frame = 1e9;
    size_t n;
    int n_frames;

    if (argc < 2 || model < 0) {
        fprintf(stderr, "usage: bench_face CLIP [short|full|full-dense] [ROUNDS]\n");
        return 1;
    }
    n_frames = load(argv[1], frame);
    if (mw_face_net_load(&net, (mw_face_model)model, NULL, &err)) return failed(&err);
    if (mw_face_detector_create(&d, net, 0, &err)) return failed(&err);
    for (int r = 0; r < rounds; r++) {
        const double start = now();

        for (int i = 0; i < n_frames; i++) {
            const double at = now();

            if (mw_face_detect(d, &frame[i], &faces, &n, &err)) return failed(&err);
            if (now() - at < best_frame) best_frame = now() - at;
        }
        if (now() - start < best) best = now() - start;
    }
    printf("{\"bench\": \"face\", \"model\": \"%s\", \"cpu\": \"%s\", \"frames\": %d, "
           "\"ms_per_frame\": %.4f, \"ms_best_frame\": %.4f}\n",
           mw_face_model_info[model].name, mw_cpu_name(mw_cpu()), n_frames,
           1e3 * best / (n_frames ? n_frames : 1), 1e3 * best_frame);
    for (int i = 0; i < n_frames; i++)
        mw_frame_clear(&frame[i]);
    mw_face_detector_destroy(&d);
    mw_face_net_destroy(&net);
    return 0;
}
