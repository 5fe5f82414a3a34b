/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sound_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "dsp/level.h"

#define MAX_CHANNELS  64
#define BLOCK_SAMPLES ((size_t)1 << 14) /* interleaved, at a time */

static uint32_t le32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t le64(const unsigned char *p)
{
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* Bytes of the file from at on, at most n; fewer only at its end. */
static size_t fetch(const mw_sound_file *f, int64_t at, void *to, size_t n)
{
    size_t got = 0;

    if (at < f->n_held) {
        got = (int64_t)n < f->n_held - at ? n : (size_t)(f->n_held - at);
        memcpy(to, f->held + at, got);
    }
    while (got < n && f->fd >= 0) {
        const ssize_t k = pread(f->fd, (char *)to + got, n - got, at + (int64_t)got);

        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) break;
        got += (size_t)k;
    }
    return got;
}

/* Lengths near 2^31 and 2^32 come from writers that could not seek back; they say nothing. */
#define LEAST_UNKNOWN 0x7fff0000u

/* Whether the chunk of sample data reaches past the end of a file of chunks that start with name
 * and length. n_long: its bytes where the length says nothing; -1: unknown. */
static int chunks_are_cut(const mw_sound_file *f, const char *name,
                          uint32_t (*number)(const unsigned char *), int64_t n_long)
{
    unsigned char head[8];
    int64_t at = 12;

    while (at + 8 <= f->size && fetch(f, at, head, 8) == 8) {
        const uint32_t n = number(head + 4);

        if (!memcmp(head, name, 4))
            return (n < LEAST_UNKNOWN ? (int64_t)n : n_long) > f->size - at - 8;
        at += 8 + (int64_t)n + (n & 1);
    }
    return at > f->size;
}

#define LEAST_UNKNOWN_LONG ((uint64_t)1 << 48)

/* The same of Sony Wave64: names of 16 bytes, lengths of 8 that count the 24 of the head too. */
static int wave64_is_cut(const mw_sound_file *f)
{
    unsigned char head[24];
    int64_t at = 40;

    while (at <= f->size && fetch(f, at, head, 24) == 24) {
        const uint64_t n = le64(head + 16);

        if (!memcmp(head, "data", 4)) return n < LEAST_UNKNOWN_LONG && at + (int64_t)n > f->size;
        if (n < 24 || n >= LEAST_UNKNOWN_LONG) return 0;
        at += (int64_t)((n + 7) & ~(uint64_t)7);
    }
    return at > f->size;
}

/* Whether a file ends before the sample data that its header announces. libsndfile shortens such
 * files silently. */
static int is_cut(const mw_sound_file *f)
{
    unsigned char head[36];
    const size_t n = fetch(f, 0, head, sizeof head);

    if (n < 12) return 0;
    if (!memcmp(head, "RIFF", 4) && !memcmp(head + 8, "WAVE", 4))
        return chunks_are_cut(f, "data", le32, -1);
    if (!memcmp(head, "RF64", 4) && !memcmp(head + 8, "WAVE", 4))
        return chunks_are_cut(f, "data", le32,
                              n == 36 && !memcmp(head + 12, "ds64", 4) ? (int64_t)le64(head + 28)
                                                                       : -1);
    if (!memcmp(head, "FORM", 4) && !memcmp(head + 8, "AIF", 3))
        return chunks_are_cut(f, "SSND", be32, -1);
    if (!memcmp(head, "riff", 4)) return wave64_is_cut(f);
    if (!memcmp(head, ".snd", 4))
        return be32(head + 8) < LEAST_UNKNOWN && (int64_t)be32(head + 4) + be32(head + 8) > f->size;
    return 0;
}

/* libsndfile reads through these, since sf_open_fd of some versions closes the descriptor when it
 * fails, whatever it was told: by then another thread may have got the same number. */
static sf_count_t virtual_size(void *user)
{
    return ((mw_sound_file *)user)->size;
}

static sf_count_t virtual_seek(sf_count_t offset, int whence, void *user)
{
    mw_sound_file *f = user;
    const int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? f->at : f->size;

    if (offset < -from || offset > INT64_MAX - from) return -1;
    f->at = from + offset;
    return f->at;
}

static sf_count_t virtual_read(void *to, sf_count_t n, void *user)
{
    mw_sound_file *f = user;
    const size_t got = n > 0 ? fetch(f, f->at, to, (size_t)n) : 0;

    f->at += (int64_t)got;
    return (sf_count_t)got;
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
    return ((mw_sound_file *)user)->at;
}

static SF_VIRTUAL_IO virtual_io = { virtual_size, virtual_seek, virtual_read, virtual_write,
                                    virtual_tell };

void mw_sound_file_close(mw_sound_file *f)
{
    if (f->sf) sf_close(f->sf);
    if (f->fd >= 0) close(f->fd);
    mw_free(f->raw);
    mw_free(f->pcm);
    f->sf = NULL;
    f->fd = -1;
    f->raw = NULL;
    f->pcm = NULL;
}

/* The first bytes are kept: libsndfile reads a header in many small pieces. */
static mw_status open_path(mw_sound_file *f, const char *path, mw_error *err)
{
    struct stat info;

    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (fstat(f->fd, &info) || !S_ISREG(info.st_mode))
        return mw_fail(err, MW_ERR_IO, "io_error", "'%s' is not a regular file", path);
    f->size = info.st_size;
    f->n_held = 0;
    f->n_held = (int64_t)fetch(f, 0, f->head, sizeof f->head);
    f->held = f->head;
    return MW_OK;
}

mw_status mw_sound_file_open(mw_sound_file *f, const char *path, const void *bytes, size_t n,
                             mw_error *err)
{
    mw_status st = MW_OK;

    f->fd = -1;
    f->held = bytes;
    f->n_held = f->size = (int64_t)n;
    f->at = 0;
    f->sf = NULL;
    f->info = (SF_INFO){ 0 };
    f->truncated = 0;
    f->raw = NULL;
    f->pcm = NULL;
    if (!bytes) st = open_path(f, path, err);
    if (st == MW_OK && !f->size)
        st = mw_fail(err, MW_ERR_FORMAT, "empty_file", "'%s' is empty", path);
    if (st != MW_OK) {
        mw_sound_file_close(f);
        return st;
    }
    f->truncated = is_cut(f);
    f->sf = sf_open_virtual(&virtual_io, SFM_READ, &f->info, f);
    if (!f->sf && f->truncated) {
        mw_sound_file_close(f);
        return mw_fail(err, MW_ERR_FORMAT, "truncated", "'%s' ends inside its header", path);
    }
    if (f->sf && (f->info.channels < 1 || f->info.channels > MAX_CHANNELS)) {
        const int channels = f->info.channels;

        mw_sound_file_close(f);
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "'%s' has %d channels; 1..%d are read",
                       path, channels, MAX_CHANNELS);
    }
    return MW_OK;
}

/* to [n]: mean over channels (or one channel) of interleaved from [n x channels], channels > 1. */
static void mix_down(float *to, const float *from, size_t n, int channels, int channel)
{
    if (channel >= 0) {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i * (size_t)channels + (size_t)channel];
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

static int is_wav16(const mw_sound_file *f)
{
    const int type = f->info.format & SF_FORMAT_TYPEMASK;

    return (type == SF_FORMAT_WAV || type == SF_FORMAT_WAVEX) &&
           (f->info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16;
}

static mw_status alloc_scratch(mw_sound_file *f, mw_error *err)
{
    const size_t n = f->info.channels > 1 ? BLOCK_SAMPLES : 0;

    if (n && !f->raw) f->raw = mw_calloc(n, sizeof *f->raw);
    if (is_wav16(f) && !f->pcm) f->pcm = mw_calloc(BLOCK_SAMPLES, sizeof *f->pcm);
    return (n && !f->raw) || (is_wav16(f) && !f->pcm) ? mw_fail_nomem(err) : MW_OK;
}

/* Interleaved frames as libsndfile's floats. 16-bit samples are divided by 2^15 here, which is what
 * it does (exact), one at a time. */
static sf_count_t read_floats(mw_sound_file *f, float *to, sf_count_t n_frames)
{
    sf_count_t k;

    if (!f->pcm) return sf_readf_float(f->sf, to, n_frames);
    k = sf_readf_short(f->sf, f->pcm, n_frames);
    for (sf_count_t i = 0; i < k * f->info.channels; i++)
        to[i] = (float)f->pcm[i] * (1.0f / 32768);
    return k;
}

mw_status mw_sound_file_read(mw_sound_file *f, float *x, size_t n, size_t *got, int channel,
                             const char *path, mw_error *err)
{
    const int channels = f->info.channels;
    const size_t block = BLOCK_SAMPLES / (size_t)channels;
    mw_status st = alloc_scratch(f, err);

    *got = 0;
    if (st != MW_OK) return st;
    while (*got < n) {
        const size_t want = n - *got < block ? n - *got : block;
        const sf_count_t k = read_floats(f, channels > 1 ? f->raw : x + *got, (sf_count_t)want);

        if (k <= 0) break;
        if (channels > 1) mix_down(x + *got, f->raw, (size_t)k, channels, channel);
        *got += (size_t)k;
    }
    if (*got < n && sf_error(f->sf))
        return mw_fail(err, MW_ERR_FORMAT, "decode_error", "'%s': %s", path, sf_strerror(f->sf));
    return MW_OK;
}

int mw_sound_file_is_finite(const mw_sound_file *f, const float *x, size_t n)
{
    return is_wav16(f) || mw_all_finite(x, n);
}

int mw_sound_file_length_is_exact(const mw_sound_file *f)
{
    const SF_INFO *info = &f->info;
    const int major = info->format & SF_FORMAT_TYPEMASK;

    return major == SF_FORMAT_FLAC && info->frames > 0 && info->frames < ((int64_t)1 << 48);
}

int mw_sound_file_is_whole(mw_sound_file *f)
{
    float frame[MAX_CHANNELS];

    if (!mw_sound_file_length_is_exact(f)) return 1;
    return sf_seek(f->sf, f->info.frames - 1, SEEK_SET) >= 0 &&
           sf_readf_float(f->sf, frame, 1) == 1;
}

void mw_sound_file_codec(const mw_sound_file *f, char *text, size_t size)
{
    SF_FORMAT_INFO sub = { .format = f->info.format & SF_FORMAT_SUBMASK };

    if (sf_command(NULL, SFC_GET_FORMAT_INFO, &sub, sizeof sub) || !sub.name) sub.name = "unknown";
    snprintf(text, size, "%s", sub.name);
}
