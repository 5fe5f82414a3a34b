/* SPDX-License-Identifier: Apache-2.0 */
#include "media/video_demux.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"

/* Containers that hold their streams in one file. Names as libavformat spells them. */
static const char demuxers[] = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf";

static void quiet_once(void)
{
    if (av_log_get_level() == AV_LOG_INFO) av_log_set_level(AV_LOG_QUIET);
}

void mw_av_quiet(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, quiet_once);
}

/* libavformat also uses EINVAL and the like for its own findings; these only the system reports. */
static int is_system_error(int errnum)
{
    static const int known[] = { ENOENT, EACCES, EPERM,  ENOSPC, EFBIG,   EDQUOT, EIO,
                                 EISDIR, EROFS,  EMFILE, ENFILE, ENOTDIR, ENOMEM, ENAMETOOLONG };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (errnum == known[i]) return 1;
    return 0;
}

mw_status mw_av_fail(mw_error *err, int code, const char *reason, const char *fmt, ...)
{
    char text[512], detail[AV_ERROR_MAX_STRING_SIZE] = "";
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (is_system_error(AVUNERROR(code))) return mw_fail_errno(err, AVUNERROR(code), "%s", text);
    av_strerror(code, detail, sizeof detail);
    return mw_fail(err, MW_ERR_FORMAT, reason, "%s: %s", text, detail);
}

char *mw_av_url(const char *path)
{
    return mw_format("file:%s", path);
}

/* A pipe would block and a device never end, so only regular files are read. */
static mw_status check_file(const char *path, mw_error *err)
{
    struct stat s;

    if (stat(path, &s)) return mw_fail_errno(err, errno, "cannot read %s", path);
    if (!S_ISREG(s.st_mode))
        return mw_fail(err, MW_ERR_IO, "not_a_file", "%s is not a regular file", path);
    if (!s.st_size) return mw_fail(err, MW_ERR_FORMAT, "empty_file", "%s is empty", path);
    return MW_OK;
}

static mw_status open_failed(const char *path, int code, mw_error *err)
{
    if (code == AVERROR(EINVAL))
        return mw_fail(err, MW_ERR_FORMAT, "unsupported",
                       "%s is not of a container that is read (mp4, mov, mkv, webm, avi, mpeg, ts, "
                       "flv, ogg, asf)",
                       path);
    return mw_av_fail(err, code, "unsupported", "%s is not a readable video file", path);
}

mw_status mw_demux_open(AVFormatContext **out, const char *path, int probe, mw_error *err)
{
    AVDictionary *options = NULL;
    char *url = NULL;
    mw_status st;
    int code;

    *out = NULL;
    mw_av_quiet();
    st = check_file(path, err);
    if (st == MW_OK) st = mw_demux_check_whole(path, err);
    if (st != MW_OK) return st;
    url = mw_av_url(path);
    if (!url || av_dict_set(&options, "format_whitelist", demuxers, 0) < 0 ||
        av_dict_set(&options, "protocol_whitelist", "file", 0) < 0) {
        st = mw_fail_nomem(err);
        goto done;
    }
    code = avformat_open_input(out, url, NULL, &options); /* frees the context on failure */
    if (code < 0) {
        st = open_failed(path, code, err);
        goto done;
    }
    if (probe || (*out)->ctx_flags & AVFMTCTX_NOHEADER) {
        code = avformat_find_stream_info(*out, NULL);
        if (code < 0) {
            st = mw_av_fail(err, code, "unsupported", "cannot analyse the streams of %s", path);
            avformat_close_input(out);
        }
    }
done:
    av_dict_free(&options);
    mw_free(url);
    return st;
}

mw_status mw_demux_video_stream(AVFormatContext *fc, int *index, mw_error *err)
{
    const char *path = strchr(fc->url, ':') + 1;

    *index = av_find_best_stream(fc, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (*index >= 0 && !(fc->streams[*index]->disposition & AV_DISPOSITION_ATTACHED_PIC))
        return MW_OK;
    for (unsigned i = 0; i < fc->nb_streams; i++) {
        *index = (int)i;
        if (fc->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
            !(fc->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC))
            return MW_OK;
    }
    *index = -1;
    return mw_fail(err, MW_ERR_FORMAT, "no_video", "%s holds no video stream", path);
}

/* The index of an MP4 lists every packet; elsewhere it may be partial. Fragments join it as they
 * are read, so the comparison is made at the end. */
static mw_status check_index(AVFormatContext *fc, const int64_t *n_read, unsigned n_streams,
                             const char *path, mw_error *err)
{
    if (!strstr(fc->iformat->name, "mp4")) return MW_OK;
    for (unsigned i = 0; i < n_streams; i++) {
        const int64_t n = avformat_index_get_entries_count(fc->streams[i]);

        if (fc->streams[i]->disposition & AV_DISPOSITION_ATTACHED_PIC) continue;
        if (n_read[i] < n)
            return mw_fail(err, MW_ERR_FORMAT, "truncated",
                           "%s: stream %u has %lld of the %lld packets that its index lists", path,
                           i, (long long)n_read[i], (long long)n);
    }
    return MW_OK;
}

static mw_status count_packets(AVFormatContext *fc, AVPacket *pkt, int index, int64_t *n_read,
                               unsigned n_streams, int64_t *n_frames, mw_error *err)
{
    const char *path = strchr(fc->url, ':') + 1;
    int64_t n_hidden = 0;
    int code;

    while ((code = av_read_frame(fc, pkt)) >= 0) {
        const int i = pkt->stream_index, flags = pkt->flags;

        av_packet_unref(pkt);
        if (flags & AV_PKT_FLAG_CORRUPT)
            return mw_fail(err, MW_ERR_FORMAT, "truncated", "%s: a packet of stream %d is damaged",
                           path, i);
        if ((unsigned)i < n_streams) n_read[i]++;
        n_hidden += i == index && flags & AV_PKT_FLAG_DISCARD;
    }
    if (code != AVERROR_EOF)
        return mw_av_fail(err, code, "truncated", "%s cannot be read to its end", path);
    if (fc->pb && fc->pb->error < 0)
        return mw_av_fail(err, fc->pb->error, "truncated", "%s cannot be read", path);
    *n_frames = n_read[index] - n_hidden;
    return check_index(fc, n_read, n_streams, path, err);
}

mw_status mw_video_count_frames(const char *path, int64_t *n_frames, mw_error *err)
{
    AVFormatContext *fc = NULL;
    AVPacket *pkt = NULL;
    int64_t *n_read = NULL;
    unsigned n_streams;
    mw_status st;
    int index;

    *n_frames = 0;
    st = mw_demux_open(&fc, path, 0, err);
    if (st == MW_OK) st = mw_demux_video_stream(fc, &index, err);
    if (st != MW_OK) goto done;
    n_streams = fc->nb_streams; /* more may appear while reading; they are not counted */
    pkt = av_packet_alloc();
    n_read = mw_calloc(n_streams, sizeof *n_read);
    st = pkt && n_read ? count_packets(fc, pkt, index, n_read, n_streams, n_frames, err)
                       : mw_fail_nomem(err);
done:
    av_packet_free(&pkt);
    avformat_close_input(&fc);
    mw_free(n_read);
    return st;
}
