/* SPDX-License-Identifier: Apache-2.0
 *
 * Video files of any bytes: counted, opened, some frames decoded, twice with equal result.
 */
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "media/video_demux.h"
#include "media/video_reader.h"

#define MAX_BYTES  (1 << 18)
#define MAX_FRAMES 6
#define MAX_PIXELS (1 << 20) /* larger pictures cost time and show nothing new */

static void hash_plane(mw_sha256 *h, const mw_frame *f, int i)
{
    const int w = i ? (f->width + 1) / 2 : f->width, n = i ? (f->height + 1) / 2 : f->height;

    for (int y = 0; y < n; y++)
        mw_sha256_update(h, f->plane[i] + y * f->stride[i], (size_t)w);
}

static void read_all(const char *path, char hex[65])
{
    uint8_t digest[MW_SHA256_BYTES];
    mw_video_reader *r = NULL;
    int64_t n = 0, last = INT64_MIN;
    mw_status st = mw_video_count_frames(path, &n, NULL);
    mw_sha256 h;
    int got = 1;

    FUZZ_CHECK(n >= 0);
    mw_sha256_init(&h);
    mw_sha256_update(&h, &st, sizeof st);
    mw_sha256_update(&h, &n, sizeof n);
    st = mw_video_reader_open(&r, path, NULL);
    FUZZ_CHECK((st == MW_OK) == (r != NULL));
    if (r) {
        const mw_video_info *info = mw_video_reader_info(r);

        FUZZ_CHECK(info->width > 0 && info->height > 0 && info->time_base_num > 0 &&
                   info->time_base_den > 0);
        if ((int64_t)info->width * info->height > MAX_PIXELS) st = MW_ERR_RANGE;
    }
    for (int t = 0; st == MW_OK && t < MAX_FRAMES; t++) {
        mw_frame f;

        st = mw_video_reader_next(r, &f, &got, NULL);
        if (st != MW_OK || !got) break;
        FUZZ_CHECK(f.pts > last && f.format == MW_PIX_YUV420P);
        last = f.pts;
        for (int i = 0; i < 3; i++)
            hash_plane(&h, &f, i);
    }
    mw_sha256_update(&h, &st, sizeof st);
    mw_video_reader_close(&r);
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    char a[65], b[65];
    const char *path;

    if (size > MAX_BYTES) return 0;
    path = fuzz_file("video", data, size);
    read_all(path, a);
    read_all(path, b);
    FUZZ_CHECK(!strcmp(a, b));
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
