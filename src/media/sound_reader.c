/* SPDX-License-Identifier: Apache-2.0
 *
 * source (libsndfile or FFmpeg) -> block of mixed samples -> conversion, when the rates differ.
 */
#include "media/sound_reader.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "dsp/level.h"
#include "dsp/resample.h"
#include "media/sound_ffmpeg.h"
#include "media/sound_file.h"

#define BLOCK 16384

struct mw_sound_reader {
    char *path;
    mw_sound_want want;
    mw_sound_file f; /* f.sf NULL: read by av */
    mw_sound_av *av;
    mw_resampler *convert; /* NULL: the rates are equal */
    float *own;            /* [BLOCK] when f is read */
    const float *block;    /* [n_block], the first at of them taken */
    size_t at, n_block;
    int ended; /* the source gives no more */
    mw_audio about;
};

static mw_status too_long(const mw_sound_reader *r, mw_error *err)
{
    return mw_fail(err, MW_ERR_FORMAT, "too_long", "'%s' is longer than %g s", r->path,
                   r->want.max_s);
}

static mw_status next_of_file(mw_sound_reader *r, mw_error *err)
{
    const mw_audio *a = &r->about;
    mw_status st =
        mw_sound_file_read(&r->f, r->own, BLOCK, &r->n_block, r->want.channel, r->path, err);

    r->block = r->own;
    if (st == MW_OK && !r->n_block && mw_sound_file_length_is_exact(&r->f) &&
        a->source_n < r->f.info.frames)
        st = mw_fail(err, MW_ERR_FORMAT, "truncated", "'%s' holds %lld of %lld frames", r->path,
                     (long long)a->source_n, (long long)r->f.info.frames);
    return st;
}

/* Fetch the next block, or find that there is none. */
static mw_status next_block(mw_sound_reader *r, mw_error *err)
{
    mw_audio *a = &r->about;
    mw_status st =
        r->av ? mw_sound_av_next(r->av, &r->block, &r->n_block, a, err) : next_of_file(r, err);

    r->at = 0;
    if (st != MW_OK) return st;
    r->ended = !r->n_block;
    a->source_n += (int64_t)r->n_block;
    if (!a->source_n)
        return mw_fail(err, MW_ERR_FORMAT, "empty_audio", "'%s' has no samples", r->path);
    if ((double)a->source_n > r->want.max_s * a->source_rate_hz) return too_long(r, err);
    if (r->av ? !mw_all_finite(r->block, r->n_block)
              : !mw_sound_file_is_finite(&r->f, r->block, r->n_block))
        return mw_fail(err, MW_ERR_FORMAT, "not_finite", "'%s' holds samples that are not finite",
                       r->path);
    return MW_OK;
}

static mw_status open_source(mw_sound_reader *r, mw_error *err)
{
    mw_status st = mw_sound_file_open(&r->f, r->path, r->want.bytes, r->want.n_bytes, err);

    if (st != MW_OK) return st;
    if (!r->f.sf) return mw_sound_av_open(&r->av, r->path, r->want.channel, &r->about, err);
    if (r->f.truncated)
        return mw_fail(err, MW_ERR_FORMAT, "truncated",
                       "'%s' ends before the sample data its header announces", r->path);
    if (r->want.channel >= r->f.info.channels)
        return mw_fail(err, MW_ERR_FORMAT, "no_channel", "'%s' has no channel %d", r->path,
                       r->want.channel);
    r->own = mw_calloc(BLOCK, sizeof *r->own);
    if (!r->own) return mw_fail_nomem(err);
    r->about.source_rate_hz = r->f.info.samplerate;
    r->about.source_channels = r->f.info.channels;
    mw_sound_file_codec(&r->f, r->about.codec, sizeof r->about.codec);
    return MW_OK;
}

mw_status mw_sound_reader_open(mw_sound_reader **out, const char *path, const mw_sound_want *want,
                               mw_error *err)
{
    mw_sound_reader *r = mw_calloc(1, sizeof *r);
    mw_status st = MW_OK;
    mw_audio *a;

    *out = NULL;
    if (!r) return mw_fail_nomem(err);
    a = &r->about;
    r->f.fd = -1;
    r->want = *want;
    r->path = mw_strdup(path);
    if (!r->path) st = mw_fail_nomem(err);
    if (st == MW_OK) st = open_source(r, err);
    if (st == MW_OK) st = next_block(r, err);
    if (st == MW_OK) {
        a->rate_hz = want->rate_hz ? want->rate_hz : a->source_rate_hz;
        if (a->rate_hz != a->source_rate_hz) {
            st = mw_resampler_open(&r->convert, a->source_rate_hz, a->rate_hz, err);
            if (st != MW_OK) mw_error_prefix(err, "'%s'", path);
        }
    }
    if (st == MW_OK) {
        *out = r;
        r = NULL;
    }
    mw_sound_reader_close(&r);
    return st;
}

void mw_sound_reader_close(mw_sound_reader **p)
{
    mw_sound_reader *r = *p;

    if (!r) return;
    mw_resampler_close(&r->convert);
    mw_sound_av_close(&r->av);
    mw_sound_file_close(&r->f);
    mw_free(r->own);
    mw_free(r->path);
    mw_free(r);
    *p = NULL;
}

/* Move samples from the block to x [n]: *got of them. */
static mw_status take(mw_sound_reader *r, float *x, size_t n, size_t *got, mw_error *err)
{
    const size_t left = r->n_block - r->at;
    size_t used = left < n ? left : n;
    mw_status st = MW_OK;

    *got = used;
    if (r->convert)
        st = mw_resampler_run(r->convert, r->ended ? NULL : r->block + r->at, left, &used, x, n,
                              got, err);
    else if (used)
        memcpy(x, r->block + r->at, used * sizeof *x);
    r->at += used;
    return st;
}

mw_status mw_sound_reader_read(mw_sound_reader *r, float *x, size_t n, size_t *got, mw_error *err)
{
    mw_status st = MW_OK;

    *got = 0;
    while (st == MW_OK && *got < n) {
        size_t k;

        if (r->at == r->n_block && !r->ended) st = next_block(r, err);
        if (st == MW_OK) st = take(r, x + *got, n - *got, &k, err);
        if (st != MW_OK || (r->ended && !k)) break;
        *got += k;
    }
    r->about.n += *got;
    return st;
}

const mw_audio *mw_sound_reader_about(const mw_sound_reader *r)
{
    return &r->about;
}

size_t mw_sound_reader_expected(const mw_sound_reader *r)
{
    const int64_t frames = r->f.sf ? r->f.info.frames : 0;
    const mw_audio *a = &r->about;

    if (frames < 1 || frames > (int64_t)1 << 40) return 0;
    return a->rate_hz == a->source_rate_hz
               ? (size_t)frames
               : mw_resample_length((size_t)frames, a->source_rate_hz, a->rate_hz);
}
