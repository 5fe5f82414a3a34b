/* SPDX-License-Identifier: Apache-2.0 */
#include "media/image_read.h"

#include <string.h>

#include <spng.h>
#include <turbojpeg.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

#define MAX_FILE   ((size_t)256 << 20)
#define MAX_PIXELS ((int64_t)1 << 28)

static mw_status check_size(int64_t width, int64_t height, const char *path, mw_error *err)
{
    if (width >= 1 && height >= 1 && width <= MW_FRAME_MAX_SIDE && height <= MW_FRAME_MAX_SIDE &&
        width * height <= MAX_PIXELS)
        return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "too_large",
                   "'%s' is a picture of %lld x %lld; sides up to %d are read", path,
                   (long long)width, (long long)height, MW_FRAME_MAX_SIDE);
}

/* ---- JPEG ---- */

static unsigned read16(const uint8_t *p, int big)
{
    return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t read32(const uint8_t *p, int big)
{
    return big ? read16(p, 1) << 16 | read16(p + 2, 1) : read16(p + 2, 0) << 16 | read16(p, 0);
}

/* Orientation tag (0x0112) of the first directory of a TIFF structure; 1 when it says nothing. */
static int tiff_orientation(const uint8_t *p, size_t n)
{
    int big;
    size_t at, count;

    if (n < 8 || (memcmp(p, "II*\0", 4) && memcmp(p, "MM\0*", 4))) return 1;
    big = p[0] == 'M';
    at = read32(p + 4, big);
    if (at > n - 2) return 1;
    count = read16(p + at, big);
    for (size_t i = 0; i < count; i++) {
        const size_t entry = at + 2 + 12 * i;

        if (entry + 12 > n) return 1;
        if (read16(p + entry, big) == 0x0112) {
            const unsigned v = read16(p + entry + 8, big);

            return v >= 1 && v <= 8 ? (int)v : 1;
        }
    }
    return 1;
}

/* Orientation of a JPEG from its APP1 segment. */
static int exif_orientation(const uint8_t *p, size_t n)
{
    size_t at = 2;

    while (at + 4 <= n && p[at] == 0xff && p[at + 1] != 0xda) {
        const size_t length = read16(p + at + 2, 1);

        if (length < 2 || at + 2 + length > n) return 1;
        if (p[at + 1] == 0xe1 && length >= 8 && !memcmp(p + at + 4, "Exif\0\0", 6))
            return tiff_orientation(p + at + 10, length - 8);
        at += 2 + length;
    }
    return 1;
}

static mw_status read_jpeg(mw_frame *out, const uint8_t *bytes, size_t n, const char *path,
                           mw_error *err)
{
    const tjhandle tj = tjInitDecompress();
    int width, height, subsampling, space;
    mw_status st = MW_OK;

    if (!tj) return mw_fail_nomem(err);
    if (tjDecompressHeader3(tj, bytes, (unsigned long)n, &width, &height, &subsampling, &space)) {
        st = mw_fail(err, MW_ERR_FORMAT, "bad_image", "'%s': %s", path, tjGetErrorStr2(tj));
        goto done;
    }
    st = check_size(width, height, path, err);
    if (st == MW_OK) st = mw_frame_alloc(out, MW_PIX_RGB24, width, height, err);
    if (st != MW_OK) goto done;
    /* a warning means that data were missing or broken and have been made up */
    if (tjDecompress2(tj, bytes, (unsigned long)n, out->plane[0], width, (int)out->stride[0],
                      height, TJPF_RGB, 0))
        st = mw_fail(err, MW_ERR_FORMAT,
                     tjGetErrorCode(tj) == TJERR_WARNING ? "truncated" : "bad_image", "'%s': %s",
                     path, tjGetErrorStr2(tj));
done:
    tjDestroy(tj);
    return st;
}

/* Where pixel (x, y) of the upright picture comes from, for orientations 2..8 of a w x h picture.
 */
static void source_of(int orientation, int w, int h, int x, int y, int *sx, int *sy)
{
    switch (orientation) {
    case 2:
        *sx = w - 1 - x, *sy = y;
        break;
    case 3:
        *sx = w - 1 - x, *sy = h - 1 - y;
        break;
    case 4:
        *sx = x, *sy = h - 1 - y;
        break;
    case 5:
        *sx = y, *sy = x;
        break;
    case 6:
        *sx = y, *sy = h - 1 - x;
        break;
    case 7:
        *sx = w - 1 - y, *sy = h - 1 - x;
        break;
    default:
        *sx = w - 1 - y, *sy = x;
        break;
    }
}

static mw_status turn_upright(mw_frame *f, int orientation, mw_error *err)
{
    const int swap = orientation >= 5;
    mw_frame turned;
    mw_status st = mw_frame_alloc(&turned, MW_PIX_RGB24, swap ? f->height : f->width,
                                  swap ? f->width : f->height, err);

    if (st != MW_OK) return st;
    for (int y = 0; y < turned.height; y++)
        for (int x = 0; x < turned.width; x++) {
            int sx, sy;

            source_of(orientation, f->width, f->height, x, y, &sx, &sy);
            memcpy(turned.plane[0] + y * turned.stride[0] + 3 * (ptrdiff_t)x,
                   f->plane[0] + sy * f->stride[0] + 3 * (ptrdiff_t)sx, 3);
        }
    mw_frame_clear(f);
    *f = turned;
    return MW_OK;
}

/* ---- PNG ---- */

static mw_status png_failed(int code, const char *path, mw_error *err)
{
    if (code == SPNG_EMEM) return mw_fail_nomem(err);
    return mw_fail(err, MW_ERR_FORMAT,
                   code == SPNG_EOF || code == SPNG_IO_EOF ? "truncated" : "bad_image", "'%s': %s",
                   path, spng_strerror(code));
}

static mw_status decode_png(spng_ctx *png, mw_frame *out, const char *path, mw_error *err)
{
    struct spng_ihdr head;
    uint8_t *packed;
    size_t n;
    mw_status st;
    int code = spng_get_ihdr(png, &head);

    if (code) return png_failed(code, path, err);
    st = check_size(head.width, head.height, path, err);
    if (st != MW_OK) return st;
    code = spng_decoded_image_size(png, SPNG_FMT_RGB8, &n);
    if (code) return png_failed(code, path, err);
    st = mw_frame_alloc(out, MW_PIX_RGB24, (int)head.width, (int)head.height, err);
    if (st != MW_OK) return st;
    packed = mw_calloc(n, 1);
    if (!packed) return mw_fail_nomem(err);
    code = spng_decode_image(png, packed, n, SPNG_FMT_RGB8, 0);
    for (int y = 0; !code && y < out->height; y++)
        memcpy(out->plane[0] + y * out->stride[0], packed + (size_t)y * (size_t)out->width * 3,
               (size_t)out->width * 3);
    mw_free(packed);
    return code ? png_failed(code, path, err) : MW_OK;
}

static mw_status read_png(mw_frame *out, const uint8_t *bytes, size_t n, const char *path,
                          mw_error *err)
{
    spng_ctx *png = spng_ctx_new(0);
    mw_status st;
    int code;

    if (!png) return mw_fail_nomem(err);
    spng_set_image_limits(png, MW_FRAME_MAX_SIDE, MW_FRAME_MAX_SIDE);
    spng_set_chunk_limits(png, (size_t)64 << 20, (size_t)64 << 20);
    code = spng_set_png_buffer(png, bytes, n);
    st = code ? png_failed(code, path, err) : decode_png(png, out, path, err);
    spng_ctx_free(png);
    return st;
}

mw_status mw_image_read(mw_frame *out, const char *path, int upright, mw_error *err)
{
    char *text;
    size_t n;
    mw_status st = mw_file_load(&text, &n, path, MAX_FILE, err);
    const uint8_t *bytes = (const uint8_t *)text;

    *out = (mw_frame){ .memory = NULL };
    if (st != MW_OK) return st;
    if (!n) {
        st = mw_fail(err, MW_ERR_FORMAT, "empty_file", "'%s' is empty", path);
    } else if (n > 3 && bytes[0] == 0xff && bytes[1] == 0xd8) {
        const int orientation = upright ? exif_orientation(bytes, n) : 1;

        st = read_jpeg(out, bytes, n, path, err);
        if (st == MW_OK && orientation > 1) st = turn_upright(out, orientation, err);
    } else if (n > 8 && !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8)) {
        st = read_png(out, bytes, n, path, err);
    } else {
        st = mw_fail(err, MW_ERR_FORMAT, "unsupported", "'%s' is neither JPEG nor PNG", path);
    }
    mw_free(text);
    if (st != MW_OK) mw_frame_clear(out);
    return st;
}
