/* SPDX-License-Identifier: Apache-2.0 */
#include "media/image_png.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <spng.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "media/partial.h"

/* zlib level: 6 is its own default, named so that a change of that default changes nothing here. */
#define LEVEL 6

static int collect(spng_ctx *ctx, void *user, void *data, size_t n)
{
    mw_str *s = user;

    (void)ctx;
    mw_str_putn(s, data, n);
    return s->failed ? SPNG_IO_ERROR : 0;
}

static int encode_rows(spng_ctx *ctx, const mw_frame *f)
{
    int code = spng_encode_image(ctx, NULL, 0, SPNG_FMT_PNG,
                                 SPNG_ENCODE_PROGRESSIVE | SPNG_ENCODE_FINALIZE);

    for (int y = 0; !code && y < f->height; y++)
        code = spng_encode_row(ctx, f->plane[0] + y * f->stride[0], (size_t)f->width * 3);
    return code == SPNG_EOI ? 0 : code;
}

mw_status mw_png_encode(uint8_t **png, size_t *n, const mw_frame *f, mw_error *err)
{
    struct spng_ihdr head = { .width = (uint32_t)f->width,
                              .height = (uint32_t)f->height,
                              .bit_depth = 8,
                              .color_type = SPNG_COLOR_TYPE_TRUECOLOR };
    mw_str out = { 0 };
    spng_ctx *ctx;
    int code;

    *png = NULL;
    *n = 0;
    if (f->format != MW_PIX_RGB24)
        return mw_fail(err, MW_ERR_ARG, "bad_frame", "only RGB24 frames become PNG");
    ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    if (!ctx) return mw_fail_nomem(err);
    code = spng_set_png_stream(ctx, collect, &out);
    if (!code) code = spng_set_option(ctx, SPNG_IMG_COMPRESSION_LEVEL, LEVEL);
    if (!code) code = spng_set_ihdr(ctx, &head);
    if (!code) code = encode_rows(ctx, f);
    spng_ctx_free(ctx);
    if (!code && !out.failed) {
        *n = out.n;
        *png = (uint8_t *)mw_str_take(&out);
        return MW_OK;
    }
    if (out.failed) code = SPNG_EMEM;
    mw_str_clear(&out);
    if (code == SPNG_EMEM) return mw_fail_nomem(err);
    return mw_fail(err, MW_ERR_FORMAT, "encode_error", "PNG of %d x %d: %s", f->width, f->height,
                   spng_strerror(code));
}

mw_status mw_png_write(const char *path, const mw_frame *f, mw_error *err)
{
    uint8_t *png = NULL;
    size_t n = 0;
    mw_status st = mw_png_encode(&png, &n, f, err);
    FILE *file;
    int errnum = 0;

    if (st != MW_OK) return st;
    file = fopen(path, "wb");
    if (!file) {
        st = mw_fail_errno(err, errno, "cannot create %s", path);
        goto done;
    }
    if (fwrite(png, 1, n, file) != n) errnum = errno;
    if (fclose(file) && !errnum) errnum = errno;
    if (errnum) {
        st = mw_fail_errno(err, errnum, "cannot write %s", path);
        mw_partial_remove(path);
    }
done:
    mw_free(png);
    return st;
}
