/* SPDX-License-Identifier: Apache-2.0
 *
 * Sound files of any bytes: loaded twice with equal result, read in pieces, probed, and read by
 * windows.
 */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "media/sound_reader.h"

#define MAX_BYTES (1 << 18)

static void check_windows(const char *path, const mw_audio *info)
{
    const int64_t offsets[] = { 0, 7, info->source_n / 2, (int64_t)1 << 53 };
    float x[256];

    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        if (mw_sound_window(x, 256, path, offsets[i], 16000, NULL) == MW_OK)
            for (int k = 0; k < 256; k++)
                FUZZ_CHECK(isfinite(x[k]));
}

/* The same samples, or the same failure, in pieces of odd size. */
static void check_pieces(const char *path, const mw_sound_want *want, const mw_audio *whole,
                         mw_status end)
{
    mw_sound_reader *r = NULL;
    mw_status st = mw_sound_reader_open(&r, path, want, NULL);
    size_t n = 0, got = 1;
    float x[333];

    while (st == MW_OK && got) {
        st = mw_sound_reader_read(r, x, 333, &got, NULL);
        if (st == MW_OK && end == MW_OK)
            FUZZ_CHECK(n + got <= whole->n && !memcmp(x, whole->x + n, got * sizeof *x));
        n += got;
    }
    FUZZ_CHECK(st == end && (st != MW_OK || n == whole->n));
    mw_sound_reader_close(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    const mw_sound_want want = { .rate_hz = 16000, .channel = -1, .max_s = 5 };
    mw_audio a, b, info;
    const char *path;
    mw_error p, q;
    mw_status st;

    if (size > MAX_BYTES) return 0;
    path = fuzz_file("sound", data, size);
    st = mw_sound_load(&a, path, &want, &p);
    FUZZ_CHECK(mw_sound_load(&b, path, &want, &q) == st);
    if (st == MW_OK) {
        FUZZ_CHECK(a.n > 0 && a.n == b.n && !memcmp(a.x, b.x, a.n * sizeof *a.x));
    } else {
        FUZZ_CHECK(!a.x && !b.x && p.code == st && *p.reason && !strcmp(p.reason, q.reason));
    }
    check_pieces(path, &want, &a, st);
    if (mw_sound_probe(&info, path, NULL) == MW_OK) check_windows(path, &info);
    mw_audio_clear(&a);
    mw_audio_clear(&b);
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
