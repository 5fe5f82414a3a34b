/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sound.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "dsp/mix.h"
#include "dsp/resample.h"
#include "media/sound_file.h"
#include "media/sound_reader.h"

#define BLOCK       16384
#define MAX_TRUSTED ((size_t)1 << 22) /* samples that are reserved because a header says so */

mw_status mw_sound_load_again(mw_audio *out, const char *path, const mw_sound_want *want,
                              mw_error *err)
{
    mw_sound_reader *r = NULL;
    float *x = out->x;
    size_t n = 0, cap = out->cap, got = 1, expected;
    mw_status st = mw_sound_reader_open(&r, path, want, err);

    *out = (mw_audio){ 0 };
    expected = st == MW_OK ? mw_sound_reader_expected(r) : 0;
    while (st == MW_OK && got) {
        /* in one piece where the header tells the truth; one more sample shows the end */
        const size_t room = n < expected && expected < MAX_TRUSTED ? expected - n + 1 : BLOCK;

        if (mw_grow(&x, &cap, n + room, sizeof *x))
            st = mw_fail_nomem(err);
        else
            st = mw_sound_reader_read(r, x + n, cap - n, &got, err);
        if (st == MW_OK) n += got;
    }
    if (st == MW_OK) *out = *mw_sound_reader_about(r);
    if (st == MW_OK) out->n = n;
    out->x = x;
    out->cap = cap;
    mw_sound_reader_close(&r);
    return st;
}

mw_status mw_sound_load(mw_audio *out, const char *path, const mw_sound_want *want, mw_error *err)
{
    mw_status st;

    *out = (mw_audio){ 0 };
    st = mw_sound_load_again(out, path, want, err);
    if (st != MW_OK) mw_audio_clear(out);
    return st;
}

mw_status mw_sound_probe(mw_audio *out, const char *path, mw_error *err)
{
    mw_sound_file f;
    mw_status st;

    *out = (mw_audio){ 0 };
    st = mw_sound_file_open(&f, path, NULL, 0, err);
    if (st != MW_OK) return st;
    if (!f.sf) {
        st = mw_fail(err, MW_ERR_FORMAT, "unsupported",
                     "'%s' is of no format that libsndfile reads", path);
    } else if (f.truncated) {
        st = mw_fail(err, MW_ERR_FORMAT, "truncated",
                     "'%s' ends before the sample data its header announces", path);
    } else if (f.info.frames < 1 || f.info.frames > (int64_t)1 << 40) {
        st = mw_fail(err, MW_ERR_FORMAT, "empty_audio", "'%s' has no samples", path);
    } else if (f.info.samplerate < 1000 || f.info.samplerate > 768000) {
        st = mw_fail(err, MW_ERR_FORMAT, "unsupported", "'%s' has a rate of %d Hz", path,
                     f.info.samplerate);
    } else if (!mw_sound_file_is_whole(&f)) {
        st =
            mw_fail(err, MW_ERR_FORMAT, "truncated", "'%s' ends before the last of its %lld frames",
                    path, (long long)f.info.frames);
    } else {
        out->source_n = f.info.frames;
        out->source_rate_hz = f.info.samplerate;
        out->source_channels = f.info.channels;
        mw_sound_file_codec(&f, out->codec, sizeof out->codec);
    }
    mw_sound_file_close(&f);
    return st;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        const int64_t r = a % b;

        a = b;
        b = r;
    }
    return a;
}

/* Source frames before and after a window, so that libsoxr's filter has settled where the window
 * starts. */
#define MARGIN_FRAMES 8192

/* Blocks of unit source frames are unit * out / in output samples exactly; windows start on such a
 * block. */
static mw_status window_resampled(float *x, size_t n, size_t *got, mw_sound_file *f,
                                  const char *path, int64_t offset, int rate_hz, mw_error *err)
{
    const int64_t g = gcd(f->info.samplerate, rate_hz), in_unit = f->info.samplerate / g,
                  out_unit = rate_hz / g;
    const int64_t lead = (MARGIN_FRAMES + in_unit - 1) / in_unit, at = offset / out_unit;
    const int64_t first = at > lead ? at - lead : 0, skip = offset - first * out_unit;
    const int64_t most = (skip + (int64_t)n) / out_unit * in_unit + in_unit + MARGIN_FRAMES;
    float *raw, *converted = NULL;
    size_t n_raw = 0, n_converted = 0;
    mw_status st;

    if (sf_seek(f->sf, first * in_unit, SEEK_SET) < 0) return MW_OK; /* past the end */
    raw = mw_calloc((size_t)most, sizeof *raw);
    if (!raw) return mw_fail_nomem(err);
    st = mw_sound_file_read(f, raw, (size_t)most, &n_raw, -1, path, err);
    if (st == MW_OK && n_raw)
        st = mw_resample(&converted, &n_converted, raw, n_raw, f->info.samplerate, rate_hz, err);
    if (st == MW_OK && n_converted > (size_t)skip) {
        *got = n_converted - (size_t)skip < n ? n_converted - (size_t)skip : n;
        memcpy(x, converted + skip, *got * sizeof *x);
    }
    mw_free(raw);
    mw_free(converted);
    return st;
}

mw_status mw_sound_window(float *x, int64_t n, const char *path, int64_t offset, int rate_hz,
                          mw_error *err)
{
    mw_sound_file f;
    size_t got = 0;
    mw_status st;

    st = mw_sound_file_open(&f, path, NULL, 0, err);
    if (st != MW_OK) return st;
    if (!f.sf)
        st = mw_fail(err, MW_ERR_FORMAT, "unsupported",
                     "'%s' is of no format that libsndfile reads", path);
    else if (f.info.samplerate != rate_hz)
        st = window_resampled(x, (size_t)n, &got, &f, path, offset, rate_hz, err);
    else if (sf_seek(f.sf, offset, SEEK_SET) >= 0)
        st = mw_sound_file_read(&f, x, (size_t)n, &got, -1, path, err);
    if (st == MW_OK && !mw_sound_file_is_finite(&f, x, got))
        st = mw_fail(err, MW_ERR_FORMAT, "not_finite", "'%s' holds samples that are not finite",
                     path);
    if (st == MW_OK) memset(x + got, 0, ((size_t)n - got) * sizeof *x);
    mw_sound_file_close(&f);
    return st;
}

static void put_le(unsigned char *p, uint32_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

static void wav_head(unsigned char head[MW_WAV_HEAD_BYTES], size_t n, int rate_hz)
{
    const uint32_t bytes = (uint32_t)(2 * n);

    memcpy(head, "RIFF....WAVEfmt ", 16);
    put_le(head + 4, 36 + bytes, 4);
    put_le(head + 16, 16, 4);
    put_le(head + 20, 1, 2); /* PCM */
    put_le(head + 22, 1, 2); /* channels */
    put_le(head + 24, (uint32_t)rate_hz, 4);
    put_le(head + 28, (uint32_t)rate_hz * 2, 4);
    put_le(head + 32, 2, 2);
    put_le(head + 34, 16, 2);
    memcpy(head + 36, "data", 4);
    put_le(head + 40, bytes, 4);
}

static mw_status too_long_for_wav(size_t n, mw_error *err)
{
    return mw_fail(err, MW_ERR_RANGE, "too_long", "%zu samples do not fit a WAV file", n);
}

mw_status mw_wav_start(int16_t *wav, size_t n, int rate_hz, mw_error *err)
{
    if (n > MW_WAV_MAX_SAMPLES) return too_long_for_wav(n, err);
    wav_head((unsigned char *)wav, n, rate_hz);
    return MW_OK;
}

mw_status mw_wav_fill(int16_t *wav, const float *x, size_t n, int rate_hz, mw_error *err)
{
    const mw_status st = mw_wav_start(wav, n, rate_hz, err);

    if (st == MW_OK) mw_pcm16(wav + MW_WAV_HEAD_BYTES / 2, x, n);
    return st;
}

mw_status mw_wav_put(mw_str *s, const float *x, size_t n, int rate_hz, int16_t *q, mw_error *err)
{
    unsigned char head[MW_WAV_HEAD_BYTES];

    if (n > MW_WAV_MAX_SAMPLES) return too_long_for_wav(n, err);
    wav_head(head, n, rate_hz);
    mw_pcm16(q, x, n);
    mw_str_putn(s, head, sizeof head);
    mw_str_putn(s, q, 2 * n);
    return mw_str_ok(s, err);
}
