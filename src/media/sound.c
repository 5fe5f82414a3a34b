/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sndfile.h>

#include "base/error.h"
#include "base/mem.h"
#include "dsp/level.h"
#include "dsp/mix.h"
#include "dsp/resample.h"
#include "media/sound_ffmpeg.h"

#define MAX_CHANNELS 64
#define BLOCK_FRAMES 16384

/* A file open for libsndfile. truncated: its RIFF header announces more bytes than there are. It
 * must stay where it is while it is open. */
typedef struct sound_file {
    int fd;
    int64_t at, size; /* position and length that libsndfile is told */
    SNDFILE *sf;
    SF_INFO info;
    int truncated;
} sound_file;

static uint32_t le32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Whether the "data" chunk of a RIFF WAVE file reaches past the end of the file. libsndfile
 * shortens such files silently. Sizes near 2^31 and 2^32 come from writers that could not seek
 * back; they say nothing. */
static int wav_is_cut(int fd, int64_t size)
{
    unsigned char head[12];
    int64_t at = 12;

    if (pread(fd, head, 12, 0) != 12 || memcmp(head, "RIFF", 4) || memcmp(head + 8, "WAVE", 4))
        return 0;
    while (at + 8 <= size && pread(fd, head, 8, at) == 8) {
        const uint32_t n = le32(head + 4);

        if (!memcmp(head, "data", 4)) return n < 0x7fff0000u && at + 8 + (int64_t)n > size;
        at += 8 + (int64_t)n + (n & 1);
    }
    return at > size;
}

/* libsndfile reads through these, since sf_open_fd of some versions closes the descriptor when it
 * fails, whatever it was told: by then another thread may have got the same number. */
static sf_count_t virtual_size(void *user)
{
    return ((sound_file *)user)->size;
}

static sf_count_t virtual_seek(sf_count_t offset, int whence, void *user)
{
    sound_file *f = user;
    const int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? f->at : f->size;

    if (offset < -from || offset > INT64_MAX - from) return -1;
    f->at = from + offset;
    return f->at;
}

static sf_count_t virtual_read(void *to, sf_count_t n, void *user)
{
    sound_file *f = user;
    sf_count_t got = 0;

    while (got < n) {
        const ssize_t k = pread(f->fd, (char *)to + got, (size_t)(n - got), f->at);

        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        got += k;
        f->at += k;
    }
    return got;
}

static sf_count_t virtual_write(const void *from, sf_count_t n, void *user)
{
    (void)from;
    (void)n;
    (void)user;
    return 0;
}

static sf_count_t virtual_tell(void *user)
{
    return ((sound_file *)user)->at;
}

static SF_VIRTUAL_IO virtual_io = { virtual_size, virtual_seek, virtual_read, virtual_write,
                                    virtual_tell };

static void sound_close(sound_file *f)
{
    if (f->sf) sf_close(f->sf);
    if (f->fd >= 0) close(f->fd);
    *f = (sound_file){ .fd = -1 };
}

/* MW_OK with f->sf NULL when libsndfile does not know the format. */
static mw_status sound_open(sound_file *f, const char *path, mw_error *err)
{
    struct stat info;

    *f = (sound_file){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
    if (f->fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (fstat(f->fd, &info) || !S_ISREG(info.st_mode)) {
        sound_close(f);
        return mw_fail(err, MW_ERR_IO, "io_error", "'%s' is not a regular file", path);
    }
    if (!info.st_size) {
        sound_close(f);
        return mw_fail(err, MW_ERR_FORMAT, "empty_file", "'%s' is empty", path);
    }
    f->size = info.st_size;
    f->truncated = wav_is_cut(f->fd, f->size);
    f->sf = sf_open_virtual(&virtual_io, SFM_READ, &f->info, f);
    if (!f->sf && f->truncated) {
        sound_close(f);
        return mw_fail(err, MW_ERR_FORMAT, "truncated", "'%s' ends inside its header", path);
    }
    if (f->sf && (f->info.channels < 1 || f->info.channels > MAX_CHANNELS)) {
        const int channels = f->info.channels;

        sound_close(f);
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "'%s' has %d channels; 1..%d are read",
                       path, channels, MAX_CHANNELS);
    }
    return MW_OK;
}

/* to [n]: mean over channels (or one channel) of interleaved from [n x channels]. */
static void mix_down(float *to, const float *from, size_t n, int channels, int channel)
{
    if (channel >= 0 || channels == 1) {
        const int c = channel < 0 ? 0 : channel;

        for (size_t i = 0; i < n; i++)
            to[i] = from[i * (size_t)channels + (size_t)c];
    } else if (channels == 2) {
        for (size_t i = 0; i < n; i++)
            to[i] = (from[2 * i] + from[2 * i + 1]) / 2;
    } else {
        for (size_t i = 0; i < n; i++) {
            float sum = from[i * (size_t)channels];

            for (int c = 1; c < channels; c++)
                sum += from[i * (size_t)channels + (size_t)c];
            to[i] = sum / (float)channels;
        }
    }
}

/* Append up to most frames to x [*n], mixed down. */
static mw_status read_frames(sound_file *f, float **x, size_t *n, size_t *cap, int64_t most,
                             int channel, const char *path, mw_error *err)
{
    const size_t channels = (size_t)f->info.channels;
    mw_status st = MW_OK;
    float *block = mw_calloc(BLOCK_FRAMES * channels, sizeof *block);

    if (!block) return mw_fail_nomem(err);
    while (most > 0) {
        const sf_count_t want = most < BLOCK_FRAMES ? most : BLOCK_FRAMES;
        const sf_count_t got = sf_readf_float(f->sf, block, want);

        if (got <= 0) break;
        if (mw_grow(x, cap, *n + (size_t)got, sizeof **x)) {
            st = mw_fail_nomem(err);
            break;
        }
        mix_down(*x + *n, block, (size_t)got, f->info.channels, channel);
        *n += (size_t)got;
        most -= got;
    }
    if (st == MW_OK && sf_error(f->sf))
        st = mw_fail(err, MW_ERR_FORMAT, "decode_error", "'%s': %s", path, sf_strerror(f->sf));
    mw_free(block);
    return st;
}

/* Formats whose header gives the exact number of frames, so that fewer are a sign of a cut file. */
static int length_is_exact(const SF_INFO *info)
{
    const int major = info->format & SF_FORMAT_TYPEMASK;

    return major == SF_FORMAT_FLAC && info->frames > 0 && info->frames < ((int64_t)1 << 48);
}

static void codec_name(const SF_INFO *info, char *text, size_t size)
{
    SF_FORMAT_INFO sub = { .format = info->format & SF_FORMAT_SUBMASK };

    if (sf_command(NULL, SFC_GET_FORMAT_INFO, &sub, sizeof sub) || !sub.name) sub.name = "unknown";
    snprintf(text, size, "%s", sub.name);
}

static mw_status load_sndfile(mw_audio *a, sound_file *f, const char *path,
                              const mw_sound_want *want, mw_error *err)
{
    const int64_t most = (int64_t)(want->max_s * f->info.samplerate) + 1;
    size_t cap = 0;
    mw_status st;

    if (f->truncated)
        return mw_fail(err, MW_ERR_FORMAT, "truncated",
                       "'%s' ends before the sample data its header announces", path);
    if (want->channel >= f->info.channels)
        return mw_fail(err, MW_ERR_FORMAT, "no_channel", "'%s' has no channel %d", path,
                       want->channel);
    st = read_frames(f, &a->x, &a->n, &cap, most, want->channel, path, err);
    if (st != MW_OK) return st;
    if (length_is_exact(&f->info) && (int64_t)a->n < f->info.frames && (int64_t)a->n < most)
        return mw_fail(err, MW_ERR_FORMAT, "truncated", "'%s' holds %zu of %lld frames", path, a->n,
                       (long long)f->info.frames);
    a->source_rate_hz = f->info.samplerate;
    a->source_channels = f->info.channels;
    codec_name(&f->info, a->codec, sizeof a->codec);
    return MW_OK;
}

/* From source rate to the wanted one; checks that do not depend on the format. */
static mw_status finish(mw_audio *a, const char *path, const mw_sound_want *want, mw_error *err)
{
    float *converted;
    size_t n;
    mw_status st;

    a->source_n = (int64_t)a->n;
    if (!a->n) return mw_fail(err, MW_ERR_FORMAT, "empty_audio", "'%s' has no samples", path);
    if ((double)a->n > want->max_s * a->source_rate_hz)
        return mw_fail(err, MW_ERR_FORMAT, "too_long", "'%s' is longer than %g s", path,
                       want->max_s);
    if (!mw_all_finite(a->x, a->n))
        return mw_fail(err, MW_ERR_FORMAT, "not_finite", "'%s' holds samples that are not finite",
                       path);
    a->rate_hz = want->rate_hz ? want->rate_hz : a->source_rate_hz;
    if (a->source_rate_hz == a->rate_hz) return MW_OK;
    st = mw_resample(&converted, &n, a->x, a->n, a->source_rate_hz, a->rate_hz, err);
    if (st != MW_OK) {
        mw_error_prefix(err, "'%s'", path);
        return st;
    }
    mw_free(a->x);
    a->x = converted;
    a->n = n;
    return MW_OK;
}

mw_status mw_sound_load(mw_audio *out, const char *path, const mw_sound_want *want, mw_error *err)
{
    sound_file f;
    mw_status st;

    *out = (mw_audio){ 0 };
    st = sound_open(&f, path, err);
    if (st != MW_OK) return st;
    st = f.sf ? load_sndfile(out, &f, path, want, err) : mw_sound_load_ffmpeg(out, path, want, err);
    sound_close(&f);
    if (st == MW_OK) st = finish(out, path, want, err);
    if (st != MW_OK) mw_audio_clear(out);
    return st;
}

mw_status mw_sound_probe(mw_audio *out, const char *path, mw_error *err)
{
    sound_file f;
    mw_status st;

    *out = (mw_audio){ 0 };
    st = sound_open(&f, path, err);
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
    } else {
        out->source_n = f.info.frames;
        out->source_rate_hz = f.info.samplerate;
        out->source_channels = f.info.channels;
        codec_name(&f.info, out->codec, sizeof out->codec);
    }
    sound_close(&f);
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
static mw_status window_resampled(float *x, int64_t n, sound_file *f, const char *path,
                                  int64_t offset, int rate_hz, mw_error *err)
{
    const int64_t g = gcd(f->info.samplerate, rate_hz), in_unit = f->info.samplerate / g,
                  out_unit = rate_hz / g;
    const int64_t lead = (MARGIN_FRAMES + in_unit - 1) / in_unit, at = offset / out_unit;
    const int64_t first = at > lead ? at - lead : 0, skip = offset - first * out_unit;
    const int64_t most = (skip + n) / out_unit * in_unit + in_unit + MARGIN_FRAMES;
    float *raw = NULL, *converted = NULL;
    size_t n_raw = 0, cap = 0, n_converted = 0;
    mw_status st = MW_OK;

    if (sf_seek(f->sf, first * in_unit, SEEK_SET) < 0) return MW_OK; /* past the end: zeros */
    st = read_frames(f, &raw, &n_raw, &cap, most, -1, path, err);
    if (st == MW_OK && n_raw)
        st = mw_resample(&converted, &n_converted, raw, n_raw, f->info.samplerate, rate_hz, err);
    for (int64_t i = 0; st == MW_OK && i < n && skip + i < (int64_t)n_converted; i++)
        x[i] = converted[skip + i];
    mw_free(raw);
    mw_free(converted);
    return st;
}

mw_status mw_sound_window(float *x, int64_t n, const char *path, int64_t offset, int rate_hz,
                          mw_error *err)
{
    sound_file f;
    mw_status st;

    st = sound_open(&f, path, err);
    if (st != MW_OK) return st;
    memset(x, 0, (size_t)n * sizeof *x);
    if (!f.sf) {
        st = mw_fail(err, MW_ERR_FORMAT, "unsupported",
                     "'%s' is of no format that libsndfile reads", path);
    } else if (f.info.samplerate != rate_hz) {
        st = window_resampled(x, n, &f, path, offset, rate_hz, err);
    } else if (sf_seek(f.sf, offset, SEEK_SET) >= 0) {
        if (f.info.channels == 1) {
            sf_readf_float(f.sf, x, n);
        } else {
            float *raw = NULL;
            size_t got = 0, cap = 0;

            st = read_frames(&f, &raw, &got, &cap, n, -1, path, err);
            if (st == MW_OK && got) memcpy(x, raw, got * sizeof *x);
            mw_free(raw);
        }
    }
    sound_close(&f);
    if (st == MW_OK && !mw_all_finite(x, (size_t)n))
        st = mw_fail(err, MW_ERR_FORMAT, "not_finite", "'%s' holds samples that are not finite",
                     path);
    return st;
}

static void put_le(unsigned char *p, uint32_t v, int n)
{
    for (int i = 0; i < n; i++)
        p[i] = (unsigned char)(v >> 8 * i);
}

mw_status mw_wav_put(mw_str *s, const float *x, size_t n, int rate_hz, int16_t *q, mw_error *err)
{
    unsigned char head[44] = "RIFF....WAVEfmt ";
    const uint32_t bytes = (uint32_t)(2 * n);

    if (n > (size_t)1 << 30)
        return mw_fail(err, MW_ERR_RANGE, "too_long", "%zu samples do not fit a WAV file", n);
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
    mw_pcm16(q, x, n);
    mw_str_putn(s, head, sizeof head);
    mw_str_putn(s, q, bytes);
    return mw_str_ok(s, err);
}
