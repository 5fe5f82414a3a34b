/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of noise, blur and colour conversion, and the normal generator: every level against C.
 *
 *     test_img --bench [json]               frames/s of whole pictures, per level
 *     test_img --round-trip FILE W H [full] bias and PSNR of YUV -> RGB -> YUV on raw yuv420p
 * frames
 */
#include "support/support.h"

#include <math.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/normal.h"
#include "base/rng.h"
#include "img/blur.h"
#include "img/kernels.h"
#include "img/noise.h"
#include "img/yuv.h"

#define GUARD 0xA5
#define ROOM  700 /* largest row here, bytes or floats, guards and odd start included */
#define EDGE  96  /* room before and after */

typedef struct bytes {
    uint8_t byte[EDGE + ROOM + EDGE];
} bytes;

/* Kinds of contents: random, black, white, alternating extremes. */
enum { N_KINDS = 4 };

static bytes contents(mw_rng *r, int kind)
{
    bytes b;

    for (size_t i = 0; i < sizeof b.byte; i++) {
        const uint8_t of_kind[N_KINDS] = { (uint8_t)mw_rng_u32(r), 0, 255, i % 5 < 2 ? 255 : 0 };

        b.byte[i] = of_kind[kind];
    }
    return b;
}

static bytes guards(void)
{
    bytes b;

    memset(b.byte, GUARD, sizeof b.byte);
    return b;
}

static void assert_same(const bytes *got, const bytes *want, const char *what, mw_cpu_level level,
                        size_t n)
{
    for (size_t i = 0; i < sizeof got->byte; i++)
        if (got->byte[i] != want->byte[i])
            fail_msg("%s at %s, n %zu, byte %td: %d, C has %d", what, mw_cpu_name(level), n,
                     (ptrdiff_t)i - EDGE, got->byte[i], want->byte[i]);
}

/* Row lengths around the vector steps, odd ones, and none. */
static const size_t lengths[] = { 0,  1,  2,  3,  5,  7,  8,  15, 16,  17,  31,  32,  33,  47,
                                  63, 64, 65, 66, 67, 95, 96, 97, 127, 128, 129, 150, 191, 192 };
#define N_LENGTHS (sizeof lengths / sizeof *lengths)

#define FOR_EACH_LEVEL(level)                                                                      \
    for (mw_cpu_level level = MW_CPU_AVX2; level <= mw_cpu(); level = (mw_cpu_level)(level + 1))

static void normal_deviates_are_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(1);

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t n = 0; n < 420; n++) {
        const uint32_t ctr[4] = { n % 3 ? mw_rng_u32(&r) : 0u - (uint32_t)(n / 16), mw_rng_u32(&r),
                                  mw_rng_u32(&r), mw_rng_u32(&r) };
        const uint64_t stream = mw_rng_u64(&r);
        float got[430], want[430];

        memset(got, GUARD, sizeof got);
        memset(want, GUARD, sizeof want);
        mw_normal_fn_at(level)(got + 1 + n % 5, n, stream, ctr, mw_normal_table());
        mw_normal_fill_c(want + 1 + n % 5, n, stream, ctr, mw_normal_table());
        if (memcmp(got, want, sizeof got)) fail_msg("%s differs, n %zu", mw_cpu_name(level), n);
    }
}

static void noise_rows_are_equal_at_every_level(void **state)
{
    static const double sigmas[] = { 0, 1e-9, 0.02, 0.1, 0.4472135954999579, 1, 300, 1e300 };
    mw_rng r = mw_rng_from_key(2);
    float z[ROOM];

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t i = 0; i < N_LENGTHS * N_KINDS * 8; i++) {
        const size_t n = lengths[i % N_LENGTHS], start = EDGE + i % 7;
        const double sigma = sigmas[i / N_LENGTHS % 8], add = i % 2 ? 0.5 : 0;
        const uint32_t ctr[4] = { 0, (uint32_t)i, 0, 0 };
        bytes got = contents(&r, (int)(i / N_LENGTHS / 8)), want = got;

        mw_normal_fill(z, ROOM, 5, ctr);
        z[i % 60] = i % 4 < 2 ? -0.0f : i % 4 == 2 ? 1e-40f : -3e38f;
        mw_img_kernels_at(level)->noise_row(got.byte + start, z + i % 3, n, sigma, add);
        mw_noise_row_c(want.byte + start, z + i % 3, n, sigma, add);
        assert_same(&got, &want, "noise", level, n);
    }
}

/* Exact ties and values just beside 0 and 255 in the horizontal pass come with the kinds. */
static void blur_passes_are_equal_at_every_level(void **state)
{
    static const int radii[] = { 1, 2, 5, 31 };
    mw_rng r = mw_rng_from_key(3);
    bytes src[63];

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t i = 0; i < N_LENGTHS * N_KINDS * 4; i++) {
        const mw_img_kernels *k = mw_img_kernels_at(level);
        const size_t n = lengths[i % N_LENGTHS], lead = 3 * 31 + i % 5;
        const int radius = radii[i / N_LENGTHS % 4];
        float tap[32], got_line[ROOM], want_line[ROOM];
        bytes got = guards(), want = guards();
        const uint8_t *row[63];
        double sum = 0;

        for (int j = 0; j <= radius; j++)
            sum += (j ? 2 : 1) * (double)(tap[j] = (float)(mw_rng_unit(&r) + 0.01));
        for (int j = 0; j <= radius; j++)
            tap[j] = (float)(tap[j] / sum);
        for (int j = 0; j <= 2 * radius; j++) {
            src[j] = contents(&r, (int)(i / N_LENGTHS / 4));
            row[j] = src[j].byte + EDGE + j % 3;
        }
        memset(got_line, GUARD, sizeof got_line);
        memset(want_line, GUARD, sizeof want_line);
        k->blur_vert(got_line + lead, row, tap, radius, n);
        mw_blur_vert_c(want_line + lead, row, tap, radius, n);
        if (memcmp(got_line, want_line, sizeof got_line))
            fail_msg("vertical pass differs at %s, n %zu", mw_cpu_name(level), n);
        for (size_t j = 0; j < ROOM; j++) /* multiples of 1/2 tie with unit taps */
            want_line[j] = i % 2 ? (float)mw_rng_below(&r, 511) * 0.5f : row[0][j];
        if (i % 3 == 0)
            for (int j = 0; j <= radius; j++)
                tap[j] = j ? 0 : 1;
        k->blur_horiz(got.byte + EDGE + i % 7, want_line + lead, tap, radius, n);
        mw_blur_horiz_c(want.byte + EDGE + i % 7, want_line + lead, tap, radius, n);
        assert_same(&got, &want, "horizontal pass", level, n);
    }
}

static void yuv_to_rgb_rows_are_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(4);

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t i = 0; i < N_LENGTHS * N_KINDS * N_KINDS * 4; i++) {
        const mw_yuv_to_rgb *c = mw_yuv_to_rgb_coefficients(i / N_LENGTHS % 2 == 0);
        const size_t w = lengths[i % N_LENGTHS], start = EDGE + i % 7;
        const int kind = (int)(i / N_LENGTHS / 4);
        const bytes y = contents(&r, kind % N_KINDS), u = contents(&r, kind / N_KINDS);
        const bytes v = contents(&r, (kind + 1) % N_KINDS);
        bytes got = guards(), want = guards();

        mw_img_kernels_at(level)->yuv_to_rgb(got.byte + start, y.byte + start, u.byte + 1,
                                             v.byte + 3, w, c);
        mw_yuv_to_rgb_c(want.byte + start, y.byte + start, u.byte + 1, v.byte + 3, w, c);
        assert_same(&got, &want, "YUV to RGB", level, w);
    }
}

static void rgb_to_yuv_rows_are_equal_at_every_level(void **state)
{
    mw_rng r = mw_rng_from_key(5);

    (void)state;
    FOR_EACH_LEVEL(level)
    for (size_t i = 0; i < N_LENGTHS * N_KINDS * N_KINDS * 4; i++) {
        const mw_rgb_to_yuv *c = mw_rgb_to_yuv_coefficients(i / N_LENGTHS % 2 == 0);
        const size_t w = lengths[i % N_LENGTHS], s = EDGE + i % 7;
        const int kind = (int)(i / N_LENGTHS / 4), single = i % 5 == 0;
        const bytes a = contents(&r, kind % N_KINDS), b = contents(&r, kind / N_KINDS);
        const uint8_t *rgb0 = a.byte + s, *rgb1 = single ? rgb0 : b.byte + 5;
        bytes got[4], want[4];

        for (int p = 0; p < 4; p++)
            got[p] = want[p] = guards();
        mw_img_kernels_at(level)->rgb_to_yuv(got[0].byte + s, got[!single].byte + s,
                                             got[2].byte + s, got[3].byte + s, rgb0, rgb1, w, c);
        mw_rgb_to_yuv_c(want[0].byte + s, want[!single].byte + s, want[2].byte + s,
                        want[3].byte + s, rgb0, rgb1, w, c);
        for (int p = 0; p < 4; p++)
            assert_same(&got[p], &want[p], "RGB to YUV", level, w);
    }
}

/* ---- --bench ---- */

typedef struct bench {
    mw_frame rgb, out, yuv;
    mw_blur *blur;
    int64_t t;
} bench;

static void run_noise(bench *b)
{
    mw_img_noise_rgb(&b->rgb, b->t++, 1, 0.1, MW_NOISE_NEAREST);
}

static void run_deviates(bench *b)
{
    float z[1440];

    for (uint32_t y = 0; y < 360; y++) {
        const uint32_t ctr[4] = { 0, y, (uint32_t)b->t, 0 };

        mw_normal_fill(z, 1440, 1, ctr);
    }
    b->t++;
}

static void run_blur(bench *b)
{
    mw_blur_apply(b->blur, &b->rgb, &b->out);
}

static void run_to_rgb(bench *b)
{
    mw_img_yuv420_to_rgb(&b->yuv, &b->out);
}

static void run_to_yuv(bench *b)
{
    mw_img_rgb_to_yuv420(&b->rgb, &b->yuv);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Fastest of 15 rounds of 20 frames, processor time; one round before to warm up. */
static double frames_per_s(void (*run)(bench *), bench *b)
{
    double best = 1e9;

    for (int round = 0; round < 16; round++) {
        const double start = now_s();

        for (int i = 0; i < 20; i++)
            run(b);
        if (round) best = fmin(best, now_s() - start);
    }
    return 20 / best;
}

/* A line of text, or of JSON for programs. */
static int bench_level(int json)
{
    static const struct {
        const char *name;
        void (*run)(bench *);
    } runs[] = { { "deviates", run_deviates },
                 { "noise", run_noise },
                 { "blur11", run_blur },
                 { "yuv_to_rgb", run_to_rgb },
                 { "rgb_to_yuv", run_to_yuv } };
    bench b = { .t = 0 };

    if (mw_frame_alloc(&b.rgb, MW_PIX_RGB24, 480, 360, NULL) ||
        mw_frame_alloc(&b.out, MW_PIX_RGB24, 480, 360, NULL) ||
        mw_frame_alloc(&b.yuv, MW_PIX_YUV420P, 480, 360, NULL) ||
        mw_blur_open(&b.blur, 480, 11, 2, NULL))
        return 1;
    memset(b.rgb.plane[0], 128, (size_t)b.rgb.stride[0] * 360);
    printf(json ? "{\"level\": \"%s\"" : "%-7s", mw_cpu_name(mw_cpu()));
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        printf(json ? ", \"%s\": %.0f" : "  %s %.0f", runs[i].name, frames_per_s(runs[i].run, &b));
    printf(json ? ", \"unit\": \"%s\"}\n" : "  %s\n", "frames/s, 480x360");
    mw_blur_close(&b.blur);
    mw_frame_clear(&b.rgb);
    mw_frame_clear(&b.out);
    mw_frame_clear(&b.yuv);
    return 0;
}

/* One process per level, as a process finds its level once. */
static int bench_all(int json)
{
    for (int level = MW_CPU_C; level <= MW_CPU_AVX512; level++) {
        int status = 1;
        pid_t child;

        fflush(stdout);
        child = fork();
        if (child < 0) return 1;
        if (!child) {
            setenv("MW_CPU", mw_cpu_name((mw_cpu_level)level), 1);
            exit((int)mw_cpu() == level ? bench_level(json) : 0);
        }
        if (waitpid(child, &status, 0) != child || status) return 1;
    }
    return 0;
}

/* ---- --round-trip ---- */

static int read_plane(FILE *f, const mw_frame *frame, int p, int w, int h)
{
    for (int y = 0; y < h; y++)
        if (fread(frame->plane[p] + y * frame->stride[p], 1, (size_t)w, f) != (size_t)w) return 0;
    return 1;
}

static int round_trip(const char *path, int w, int h, int full)
{
    double n[3] = { 0 }, sum[3] = { 0 }, square[3] = { 0 };
    mw_frame yuv, rgb, back;
    FILE *f = fopen(path, "rb");

    if (!f || mw_frame_alloc(&yuv, MW_PIX_YUV420P, w, h, NULL) ||
        mw_frame_alloc(&rgb, MW_PIX_RGB24, w, h, NULL) ||
        mw_frame_alloc(&back, MW_PIX_YUV420P, w, h, NULL))
        return 1;
    yuv.full_range = back.full_range = full;
    while (read_plane(f, &yuv, 0, w, h) && read_plane(f, &yuv, 1, (w + 1) / 2, (h + 1) / 2) &&
           read_plane(f, &yuv, 2, (w + 1) / 2, (h + 1) / 2)) {
        mw_img_yuv420_to_rgb(&yuv, &rgb);
        mw_img_rgb_to_yuv420(&rgb, &back);
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? (h + 1) / 2 : h); y++)
                for (int x = 0; x < (p ? (w + 1) / 2 : w); x++) {
                    const double d = (double)back.plane[p][y * back.stride[p] + x] -
                                     yuv.plane[p][y * yuv.stride[p] + x];

                    n[p]++;
                    sum[p] += d;
                    square[p] += d * d;
                }
    }
    fclose(f);
    for (int p = 0; p < 3; p++)
        printf("%c: mean error %+.4f  PSNR %.2f dB  (%.0f samples)\n", "YUV"[p], sum[p] / n[p],
               10 * log10(255 * 255 * n[p] / square[p]), n[p]);
    mw_frame_clear(&yuv);
    mw_frame_clear(&rgb);
    mw_frame_clear(&back);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_deviates_are_equal_at_every_level),
        cmocka_unit_test(noise_rows_are_equal_at_every_level),
        cmocka_unit_test(blur_passes_are_equal_at_every_level),
        cmocka_unit_test(yuv_to_rgb_rows_are_equal_at_every_level),
        cmocka_unit_test(rgb_to_yuv_rows_are_equal_at_every_level),
    };

    if (argc >= 2 && !strcmp(argv[1], "--bench"))
        return bench_all(argc > 2 && !strcmp(argv[2], "json"));
    if (argc >= 5 && !strcmp(argv[1], "--round-trip"))
        return round_trip(argv[2], atoi(argv[3]), atoi(argv[4]),
                          argc > 5 && !strcmp(argv[5], "full"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
