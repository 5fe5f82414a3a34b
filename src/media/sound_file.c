/* SPDX-License-Identifier: Apache-2.0 */
#include "media/sound_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define MAX_CHANNELS 64
#define BLOCK_FRAMES 4096 /* of interleaved samples at a time */

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
    return ((mw_sound_file *)user)->at;
}

static SF_VIRTUAL_IO virtual_io = { virtual_size, virtual_seek, virtual_read, virtual_write,
                                    virtual_tell };

void mw_sound_file_close(mw_sound_file *f)
{
    if (f->sf) sf_close(f->sf);
    if (f->fd >= 0) close(f->fd);
    mw_free(f->raw);
    *f = (mw_sound_file){ .fd = -1 };
}

mw_status mw_sound_file_open(mw_sound_file *f, const char *path, mw_error *err)
{
    struct stat info;

    *f = (mw_sound_file){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
    if (f->fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (fstat(f->fd, &info) || !S_ISREG(info.st_mode)) {
        mw_sound_file_close(f);
        return mw_fail(err, MW_ERR_IO, "io_error", "'%s' is not a regular file", path);
    }
    if (!info.st_size) {
        mw_sound_file_close(f);
        return mw_fail(err, MW_ERR_FORMAT, "empty_file", "'%s' is empty", path);
    }
    f->size = info.st_size;
    f->truncated = wav_is_cut(f->fd, f->size);
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

mw_status mw_sound_file_read(mw_sound_file *f, float *x, size_t n, size_t *got, int channel,
                             const char *path, mw_error *err)
{
    const int channels = f->info.channels;

    *got = 0;
    if (channels > 1 && !f->raw) {
        f->raw = mw_calloc(BLOCK_FRAMES * (size_t)channels, sizeof *f->raw);
        if (!f->raw) return mw_fail_nomem(err);
    }
    while (*got < n) {
        const size_t want = n - *got < BLOCK_FRAMES ? n - *got : BLOCK_FRAMES;
        const sf_count_t k =
            sf_readf_float(f->sf, channels > 1 ? f->raw : x + *got, (sf_count_t)want);

        if (k <= 0) break;
        if (channels > 1) mix_down(x + *got, f->raw, (size_t)k, channels, channel);
        *got += (size_t)k;
    }
    if (*got < n && sf_error(f->sf))
        return mw_fail(err, MW_ERR_FORMAT, "decode_error", "'%s': %s", path, sf_strerror(f->sf));
    return MW_OK;
}

int mw_sound_file_length_is_exact(const mw_sound_file *f)
{
    const SF_INFO *info = &f->info;
    const int major = info->format & SF_FORMAT_TYPEMASK;

    return major == SF_FORMAT_FLAC && info->frames > 0 && info->frames < ((int64_t)1 << 48);
}

void mw_sound_file_codec(const mw_sound_file *f, char *text, size_t size)
{
    SF_FORMAT_INFO sub = { .format = f->info.format & SF_FORMAT_SUBMASK };

    if (sf_command(NULL, SFC_GET_FORMAT_INFO, &sub, sizeof sub) || !sub.name) sub.name = "unknown";
    snprintf(text, size, "%s", sub.name);
}
