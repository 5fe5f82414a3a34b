/* SPDX-License-Identifier: Apache-2.0 */
#include "media/video_copy.h"

#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/intreadwrite.h>

#include "base/error.h"
#include "base/mem.h"
#include "media/video_demux.h"
#include "media/video_reader_priv.h"

void mw_video_copy_clear(mw_video_copy *c)
{
    av_packet_free(&c->pkt);
    mw_video_source_leave(&c->source, MW_PART_REST);
    mw_free(c->to);
    mw_free(c->last_dts);
    *c = (mw_video_copy){ 0 };
}

/* Cover pictures are packets outside time; only MP4 keeps them apart from real video. */
int mw_av_holds(const AVOutputFormat *format, const AVStream *st)
{
    const enum AVMediaType type = st->codecpar->codec_type;

    if (st->disposition & AV_DISPOSITION_ATTACHED_PIC) return !strcmp(format->name, "mp4");
    if (type == AVMEDIA_TYPE_DATA || type == AVMEDIA_TYPE_UNKNOWN) return 0;
    if (type == AVMEDIA_TYPE_ATTACHMENT && strcmp(format->name, "matroska")) return 0;
    return st->codecpar->codec_id != AV_CODEC_ID_NONE &&
           avformat_query_codec(format, st->codecpar->codec_id, FF_COMPLIANCE_NORMAL) == 1;
}

static int is_kept_for_video(enum AVPacketSideDataType type)
{
    return type == AV_PKT_DATA_DISPLAYMATRIX || type == AV_PKT_DATA_STEREO3D ||
           type == AV_PKT_DATA_SPHERICAL || type == AV_PKT_DATA_MASTERING_DISPLAY_METADATA ||
           type == AV_PKT_DATA_CONTENT_LIGHT_LEVEL;
}

#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
mw_status mw_av_copy_side_data(AVStream *to, const AVStream *from, int everything, mw_error *err)
{
    AVCodecParameters *d = to->codecpar;

    for (int i = 0; i < from->codecpar->nb_coded_side_data; i++) {
        const AVPacketSideData *s = &from->codecpar->coded_side_data[i];
        AVPacketSideData *copy;

        if (!everything && !is_kept_for_video(s->type)) continue;
        copy = av_packet_side_data_new(&d->coded_side_data, &d->nb_coded_side_data, s->type,
                                       s->size, 0);
        if (!copy) return mw_fail_nomem(err);
        memcpy(copy->data, s->data, s->size);
    }
    return MW_OK;
}
#else
mw_status mw_av_copy_side_data(AVStream *to, const AVStream *from, int everything, mw_error *err)
{
    for (int i = 0; i < from->nb_side_data; i++) {
        const AVPacketSideData *s = &from->side_data[i];
        uint8_t *copy;

        if (!everything && !is_kept_for_video(s->type)) continue;
        copy = av_stream_new_side_data(to, s->type, s->size);
        if (!copy) return mw_fail_nomem(err);
        memcpy(copy, s->data, s->size);
    }
    return MW_OK;
}
#endif

/* The four-letter tag survives when the container knows it for the same codec; else libavformat
 * chooses. */
static uint32_t tag_for(const AVOutputFormat *format, const AVCodecParameters *par)
{
    if (!format->codec_tag || av_codec_get_id(format->codec_tag, par->codec_tag) == par->codec_id)
        return par->codec_tag;
    return 0;
}

static mw_status add_stream(mw_video_copy *c, AVFormatContext *oc, unsigned i, mw_error *err)
{
    const AVStream *from = c->in->streams[i];
    AVStream *to = avformat_new_stream(oc, NULL);

    if (!to || avcodec_parameters_copy(to->codecpar, from->codecpar) < 0) return mw_fail_nomem(err);
    to->codecpar->codec_tag = tag_for(oc->oformat, from->codecpar);
    to->time_base = from->time_base;
    to->avg_frame_rate = from->avg_frame_rate;
    to->sample_aspect_ratio = from->sample_aspect_ratio;
    c->to[i] = to->index;
    c->count.n_copied++;
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
    return MW_OK; /* side data travels in codecpar */
#else
    return mw_av_copy_side_data(to, from, 1, err);
#endif
}

static mw_status alloc_tables(mw_video_copy *c, mw_error *err)
{
    c->n_streams = c->in->nb_streams;
    c->pkt = av_packet_alloc();
    c->to = mw_calloc(c->n_streams, sizeof *c->to);
    c->last_dts = mw_calloc(c->n_streams, sizeof *c->last_dts);
    if (!c->pkt || !c->to || !c->last_dts) return mw_fail_nomem(err);
    for (unsigned i = 0; i < c->n_streams; i++) {
        c->to[i] = -1;
        c->last_dts[i] = INT64_MIN;
    }
    return MW_OK;
}

/* Audio that does not fit is an error; other streams are counted as dropped. */
static mw_status add_or_drop(mw_video_copy *c, AVFormatContext *oc, unsigned i, int drop_audio,
                             mw_error *err)
{
    const AVStream *s = c->in->streams[i];
    const int is_audio = s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;

    if (is_audio && drop_audio) return MW_OK;
    if (mw_av_holds(oc->oformat, s)) return add_stream(c, oc, i, err);
    if (is_audio)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "%s cannot hold audio of codec %s",
                       oc->oformat->name, avcodec_get_name(s->codecpar->codec_id));
    c->count.n_dropped++;
    return MW_OK;
}

/* A source of its own for c. */
static mw_status open_alone(mw_video_copy *c, const char *path, mw_error *err)
{
    mw_status st;

    c->in = NULL;
    st = mw_demux_open(&c->in, path, 1, err);
    if (st == MW_OK) st = mw_video_source_make(&c->source, c->in, -1, MW_PART_REST, err);
    return st;
}

/* Nothing else is to be read, but for the pictures of a source that is shared. */
static void choose_streams(mw_video_copy *c)
{
    for (unsigned i = 0; i < c->in->nb_streams && i < c->n_streams; i++)
        if ((int)i != c->source->pictures)
            c->in->streams[i]->discard = c->to[i] < 0 ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
}

mw_status mw_video_copy_open(mw_video_copy *c, AVFormatContext *oc, const mw_video_reader *like,
                             const mw_video_encoder *opts, AVStream **video, mw_error *err)
{
    const char *path = mw_video_reader_path(like);
    const unsigned video_index = (unsigned)mw_video_reader_stream(like)->index;
    mw_status st = MW_OK;

    c->source = mw_video_source_share(mw_video_reader_source(like));
    c->in = c->source ? c->source->fc : NULL;
    if (!c->source) st = open_alone(c, path, err);
    if (st == MW_OK) st = alloc_tables(c, err);
    c->is_mkv = !strcmp(oc->oformat->name, "matroska");
    for (unsigned i = 0; st == MW_OK && i < c->n_streams; i++) {
        if (i != video_index) {
            st = add_or_drop(c, oc, i, opts->drop_audio, err);
            continue;
        }
        *video = avformat_new_stream(oc, NULL);
        if (!*video) st = mw_fail_nomem(err);
    }
    if (st != MW_OK) return st;
    if (video_index >= c->n_streams)
        return mw_fail(err, MW_ERR_FORMAT, "unsupported", "%s changed while it was read", path);
    choose_streams(c);
    if (!c->count.n_copied) c->ended = 1;
    return MW_OK;
}

/* Tags that describe the old file rather than the recording. */
static int is_stale(const char *key)
{
    static const char *const stale[] = { "major_brand",      "minor_version",   "compatible_brands",
                                         "encoder",          "DURATION",        "BPS",
                                         "NUMBER_OF_FRAMES", "NUMBER_OF_BYTES", "_STATISTICS" };

    for (size_t i = 0; i < sizeof stale / sizeof *stale; i++)
        if (!strncmp(key, stale[i], strlen(stale[i]))) return 1;
    return 0;
}

static int copy_tags(AVDictionary **to, const AVDictionary *from)
{
    const AVDictionaryEntry *e = NULL;

    while ((e = av_dict_get(from, "", e, AV_DICT_IGNORE_SUFFIX)))
        if (!is_stale(e->key) && av_dict_set(to, e->key, e->value, 0) < 0) return -1;
    return 0;
}

static int copy_chapters(AVFormatContext *oc, const AVFormatContext *ic)
{
    if (!ic->nb_chapters) return 0;
    oc->chapters = av_calloc(ic->nb_chapters, sizeof *oc->chapters);
    if (!oc->chapters) return -1;
    for (unsigned i = 0; i < ic->nb_chapters; i++) {
        AVChapter *ch = av_mallocz(sizeof *ch);

        if (!ch) return -1;
        oc->chapters[oc->nb_chapters++] = ch;
        ch->id = ic->chapters[i]->id;
        ch->time_base = ic->chapters[i]->time_base;
        ch->start = ic->chapters[i]->start;
        ch->end = ic->chapters[i]->end;
        if (copy_tags(&ch->metadata, ic->chapters[i]->metadata)) return -1;
    }
    return 0;
}

/* video: the stream whose packets come from elsewhere; it has its place among the copied ones. */
static mw_status copy_metadata(AVFormatContext *oc, const mw_video_copy *c,
                               const AVFormatContext *ic, unsigned video, mw_error *err)
{
    int bad = copy_tags(&oc->metadata, ic->metadata), to = 0;

    for (unsigned i = 0; i < c->n_streams && i < ic->nb_streams; i++) {
        if (i != video && c->to[i] < 0) continue;
        bad |= copy_tags(&oc->streams[to]->metadata, ic->streams[i]->metadata);
        oc->streams[to++]->disposition = ic->streams[i]->disposition;
    }
    bad |= copy_chapters(oc, ic);
    return bad ? mw_fail_nomem(err) : MW_OK;
}

mw_status mw_video_copy_metadata(AVFormatContext *oc, const mw_video_copy *c,
                                 const mw_video_reader *like, mw_error *err)
{
    return copy_metadata(oc, c, mw_video_reader_input(like),
                         (unsigned)mw_video_reader_stream(like)->index, err);
}

mw_status mw_video_copy_open_all(mw_video_copy *c, AVFormatContext *oc, const char *path,
                                 mw_error *err)
{
    mw_status st = open_alone(c, path, err);

    if (st == MW_OK) st = alloc_tables(c, err);
    c->is_mkv = !strcmp(oc->oformat->name, "matroska");
    for (unsigned i = 0; st == MW_OK && i < c->n_streams; i++)
        st = add_stream(c, oc, i, err);
    if (st == MW_OK) st = copy_metadata(oc, c, c->in, c->n_streams, err);
    return st;
}

/* Encoder delay, which MP4 keeps in an edit list and libavformat's Matroska keeps for Opus only. */
static int loses_start(const mw_video_copy *c, const AVPacket *pkt)
{
    size_t n;
    const uint8_t *skip = av_packet_get_side_data(pkt, AV_PKT_DATA_SKIP_SAMPLES, &n);

    return c->is_mkv && skip && n >= 4 && AV_RL32(skip) &&
           c->in->streams[pkt->stream_index]->codecpar->codec_id != AV_CODEC_ID_OPUS;
}

/* A Matroska demuxer takes the delay of Opus off each time; libavformat 5.1's muxer does not put it
 * on, but would move all streams instead. */
static void add_opus_delay(const mw_video_copy *c, AVPacket *pkt)
{
    const AVStream *st = c->in->streams[pkt->stream_index];
    const AVCodecParameters *par = st->codecpar;
    int64_t delay;

    if (!c->is_mkv || par->codec_id != AV_CODEC_ID_OPUS || par->initial_padding < 1) return;
    delay = av_rescale_q_rnd(par->initial_padding, (AVRational){ 1, 48000 }, st->time_base,
                             AV_ROUND_UP);
    pkt->pts += delay;
    pkt->dts += delay;
}

/* The muxer needs a decoding time on every packet, not running backwards. */
static void mend_times(mw_video_copy *c, AVPacket *pkt, unsigned i)
{
    if (pkt->dts == AV_NOPTS_VALUE) pkt->dts = pkt->pts;
    if (pkt->dts == AV_NOPTS_VALUE) pkt->dts = c->last_dts[i] == INT64_MIN ? 0 : c->last_dts[i] + 1;
    if (c->last_dts[i] != INT64_MIN && pkt->dts < c->last_dts[i]) {
        pkt->dts = c->last_dts[i];
        c->count.n_dts_moved++;
    }
    if (pkt->pts == AV_NOPTS_VALUE || pkt->pts < pkt->dts) pkt->pts = pkt->dts;
    c->last_dts[i] = pkt->dts;
}

static int is_copied(const mw_video_copy *c, const AVPacket *pkt)
{
    return (unsigned)pkt->stream_index < c->n_streams && c->to[pkt->stream_index] >= 0;
}

/* Go on in a source of its own, after the packets that were fetched from the shared one. */
static mw_status part_ways(mw_video_copy *c, mw_error *err)
{
    char *path = mw_strdup(strchr(c->in->url, ':') + 1);
    mw_status st;

    if (!path) return mw_fail_nomem(err);
    mw_video_source_leave(&c->source, MW_PART_REST);
    st = open_alone(c, path, err);
    if (st == MW_OK) choose_streams(c);
    for (int64_t n = 0; st == MW_OK && n < c->n_fetched; n += is_copied(c, c->pkt))
        if (mw_video_source_next(c->source, MW_PART_REST, c->pkt))
            st = mw_fail(err, MW_ERR_FORMAT, "unsupported", "%s changed while it was read", path);
    mw_free(path);
    return st;
}

/* The next packet of a copied stream into c->pkt, or c->ended. */
static mw_status fetch(mw_video_copy *c, mw_error *err)
{
    int code;

    do {
        code = mw_video_source_next(c->source, MW_PART_REST, c->pkt);
        if (code == MW_SOURCE_LOST) {
            const mw_status st = part_ways(c, err);

            if (st != MW_OK) return st;
            code = mw_video_source_next(c->source, MW_PART_REST, c->pkt);
        }
    } while (!code && !is_copied(c, c->pkt));
    if (!code && c->pkt->flags & AV_PKT_FLAG_CORRUPT)
        return mw_fail(err, MW_ERR_FORMAT, "truncated",
                       "%s: a packet of stream %d is damaged or cut off",
                       strchr(c->in->url, ':') + 1, c->pkt->stream_index);
    if (!code) {
        c->n_fetched++;
        c->count.n_start_kept += loses_start(c, c->pkt);
        mend_times(c, c->pkt, (unsigned)c->pkt->stream_index);
        c->held = 1;
        return MW_OK;
    }
    if (code != AVERROR_EOF)
        return mw_av_fail(err, code, "truncated", "%s cannot be read", strchr(c->in->url, ':') + 1);
    c->ended = 1;
    return MW_OK;
}

mw_status mw_video_copy_until(mw_video_copy *c, AVFormatContext *oc, int64_t ts, AVRational tb,
                              mw_error *err)
{
    while (!c->ended) {
        AVStream *from, *to;
        mw_status st = c->held ? MW_OK : fetch(c, err);
        int code;

        if (st != MW_OK || c->ended) return st;
        from = c->in->streams[c->pkt->stream_index];
        if (ts != INT64_MAX && av_compare_ts(c->pkt->dts, from->time_base, ts, tb) > 0)
            return MW_OK;
        to = oc->streams[c->to[c->pkt->stream_index]];
        add_opus_delay(c, c->pkt);
        av_packet_rescale_ts(c->pkt, from->time_base, to->time_base);
        c->pkt->stream_index = to->index;
        c->pkt->pos = -1;
        c->held = 0;
        code = av_interleaved_write_frame(oc, c->pkt); /* takes the packet */
        if (code < 0)
            return mw_av_fail(err, code, "unsupported", "stream %d of %s cannot be copied",
                              from->index, strchr(c->in->url, ':') + 1);
    }
    return MW_OK;
}

static int64_t lcm(int64_t a, int64_t b)
{
    const int64_t g = av_gcd(a, b);

    return g > 0 && a / g <= INT32_MAX / b ? a / g * b : 0;
}

int mw_av_movie_ticks(const AVFormatContext *oc)
{
    int64_t ticks = 1000;

    for (unsigned i = 0; i < oc->nb_streams; i++) {
        const int64_t more = lcm(ticks, oc->streams[i]->time_base.den);

        if (!more) return 90000;
        ticks = more;
    }
    return (int)ticks;
}
