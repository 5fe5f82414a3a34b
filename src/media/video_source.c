/* SPDX-License-Identifier: Apache-2.0 */
#include "media/video_source.h"

#include "base/error.h"
#include "base/mem.h"

struct mw_waiting {
    AVPacket *pkt;
    mw_waiting *next;
};

static size_t bytes_of(const AVPacket *pkt)
{
    return sizeof(mw_waiting) + sizeof *pkt + (size_t)pkt->size;
}

/* pkt is emptied. */
static int push(mw_video_source *s, mw_video_part part, AVPacket *pkt)
{
    mw_waiting *w = mw_calloc(1, sizeof *w);

    if (w) w->pkt = av_packet_alloc();
    if (!w || !w->pkt || av_packet_make_refcounted(pkt) < 0) {
        if (w) av_packet_free(&w->pkt);
        mw_free(w);
        return AVERROR(ENOMEM);
    }
    av_packet_move_ref(w->pkt, pkt);
    s->n_bytes += bytes_of(w->pkt);
    if (s->last[part])
        s->last[part]->next = w;
    else
        s->first[part] = w;
    s->last[part] = w;
    return 0;
}

static void pop(mw_video_source *s, mw_video_part part, AVPacket *pkt)
{
    mw_waiting *w = s->first[part];

    s->n_bytes -= bytes_of(w->pkt);
    av_packet_unref(pkt);
    av_packet_move_ref(pkt, w->pkt);
    s->first[part] = w->next;
    if (!w->next) s->last[part] = NULL;
    av_packet_free(&w->pkt);
    mw_free(w);
}

/* Nobody takes the part any more: nothing of it waits or is read. */
static void drop(mw_video_source *s, mw_video_part part)
{
    s->taken[part] = 0;
    while (s->first[part]) {
        mw_waiting *w = s->first[part];

        s->n_bytes -= bytes_of(w->pkt);
        s->first[part] = w->next;
        av_packet_free(&w->pkt);
        mw_free(w);
    }
    s->last[part] = NULL;
    for (unsigned i = 0; i < s->fc->nb_streams; i++)
        if (((int)i == s->pictures) == (part == MW_PART_PICTURES))
            s->fc->streams[i]->discard = AVDISCARD_ALL;
}

mw_status mw_video_source_make(mw_video_source **out, AVFormatContext *fc, int pictures,
                               mw_video_part part, mw_error *err)
{
    mw_video_source *s = mw_calloc(1, sizeof *s);

    *out = s;
    if (!s) {
        avformat_close_input(&fc);
        return mw_fail_nomem(err);
    }
    *s = (mw_video_source){
        .fc = fc, .pictures = pictures, .n_holders = 1, .max_bytes = MW_SOURCE_MAX_BYTES
    };
    s->taken[part] = 1;
    return MW_OK;
}

mw_video_source *mw_video_source_share(mw_video_source *s)
{
    if (s->n_read || s->taken[MW_PART_REST]) return NULL;
    s->n_holders++;
    s->taken[MW_PART_REST] = 1;
    return s;
}

void mw_video_source_leave(mw_video_source **p, mw_video_part part)
{
    mw_video_source *s = *p;

    *p = NULL;
    if (!s) return;
    drop(s, part);
    if (--s->n_holders) return;
    avformat_close_input(&s->fc);
    mw_free(s);
}

/* 0 when pkt has been put aside. */
static int put_aside(mw_video_source *s, mw_video_part part, AVPacket *pkt)
{
    int code = 0;

    if (s->taken[part])
        code = push(s, part, pkt);
    else
        av_packet_unref(pkt);
    if (s->taken[MW_PART_REST] && s->n_bytes > s->max_bytes) drop(s, MW_PART_REST);
    return code;
}

int mw_video_source_next(mw_video_source *s, mw_video_part part, AVPacket *pkt)
{
    if (s->first[part]) {
        pop(s, part, pkt);
        return 0;
    }
    while (s->taken[part] && !s->code) {
        mw_video_part of;
        int code;

        av_packet_unref(pkt);
        code = av_read_frame(s->fc, pkt);
        s->n_read++;
        if (code == AVERROR_EOF && s->fc->pb && s->fc->pb->error < 0) code = s->fc->pb->error;
        if (code < 0) {
            s->code = code;
            break;
        }
        of = pkt->stream_index == s->pictures ? MW_PART_PICTURES : MW_PART_REST;
        if (of == part) return 0;
        code = put_aside(s, of, pkt);
        if (code < 0) return code;
    }
    return s->taken[part] ? s->code : MW_SOURCE_LOST;
}
