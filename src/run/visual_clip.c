/* SPDX-License-Identifier: Apache-2.0
 *
 * One clip through decoder, visual operations and encoder, a frame at a time. Frames that no
 * operation touches go from decoder to encoder as they are; only damaged ones pass through RGB.
 */
#include "run/corrupt_video.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "corrupt/visual/stretches.h"
#include "img/yuv.h"
#include "media/video_writer.h"

void mw_visual_clip_clear(mw_visual_clip *c)
{
    mw_visual_plan_clear(c);
    mw_track_clear(&c->faces);
    mw_free(c->faces_rel);
    mw_free(c->times_s);
    mw_free(c->cov_face);
    mw_free(c->cov_frame);
    *c = (mw_visual_clip){ 0 };
}

static mw_video_encoder encoder_of(const mw_picture_options *o)
{
    mw_video_encoder e =
        o->codec == MW_VIDEO_MPEG4 ? mw_video_encoder_reference() : mw_video_encoder_default();

    e.codec = (mw_video_codec)o->codec;
    e.effort = (mw_video_effort)o->effort;
    e.qp = (int)o->qp;
    e.drop_audio = o->drop_audio;
    e.fps_num = e.fps_den = 0;
    if (o->fps.n) {
        /* thousandths express 23.976, 29.97 and the like; whole numbers stay whole */
        e.fps_den = o->fps.v[0] == floor(o->fps.v[0]) ? 1 : 1000;
        e.fps_num = (int)(o->fps.v[0] * e.fps_den + 0.5);
    }
    return e;
}

mw_status mw_visual_probe(mw_video_info *info, char **rel, const char *in_path, const char *stem,
                          const mw_picture_options *o, mw_error *err)
{
    mw_video_reader *r = NULL;
    mw_status st = mw_video_reader_open(&r, in_path, err);

    *rel = NULL;
    if (st != MW_OK) return st;
    *info = *mw_video_reader_info(r);
    *rel =
        mw_format("%s%s", stem,
                  mw_video_suffix(
                      mw_video_container_for(r, (mw_video_codec)o->codec, o->drop_audio), in_path));
    mw_video_reader_close(&r);
    return *rel ? MW_OK : mw_fail_nomem(err);
}

/* State of one pass. Pictures: rgb [2] ping-pong between operations, yuv goes to the encoder. */
typedef struct pass {
    mw_visual_clip *c;
    mw_video_reader *reader;
    mw_video_writer *writer;
    void *state[MW_MAX_VISUAL_STAGES];
    size_t next[MW_MAX_VISUAL_STAGES];          /* stretch that frame t may lie in */
    double squared_error[MW_MAX_VISUAL_STAGES]; /* sum over damaged samples */
    mw_frame rgb[2], yuv;
    size_t times_cap, cov_face_cap, cov_frame_cap;
    double cover[2]; /* of the frame at hand: face box and picture */
    int64_t last_duration;
} pass;

static double squared_difference(const mw_frame *a, const mw_frame *b)
{
    double total = 0;

    for (int y = 0; y < a->height; y++) {
        const uint8_t *p = a->plane[0] + y * a->stride[0], *q = b->plane[0] + y * b->stride[0];
        uint32_t sum = 0; /* 3 * 16384 * 255^2 < 2^32 */

        for (int x = 0; x < 3 * a->width; x++) {
            const int d = p[x] - q[x];

            sum += (uint32_t)(d * d);
        }
        total += sum;
    }
    return total;
}

/* Stretch of stage i that holds frame t, or -1; t only grows. */
static int64_t stretch_at(pass *p, size_t i, int64_t t)
{
    const mw_stretches *d = p->c->stages[i].decision;

    while (p->next[i] < d->start_frames.n &&
           d->start_frames.v[p->next[i]] + d->n_frames.v[p->next[i]] <= t)
        p->next[i]++;
    return p->next[i] < d->start_frames.n && d->start_frames.v[p->next[i]] <= t
               ? (int64_t)p->next[i]
               : -1;
}

static mw_status allocate(pass *p, const mw_frame *like, mw_error *err)
{
    mw_status st = mw_frame_alloc(&p->rgb[0], MW_PIX_RGB24, like->width, like->height, err);

    if (st == MW_OK) st = mw_frame_alloc(&p->rgb[1], MW_PIX_RGB24, like->width, like->height, err);
    if (st == MW_OK) st = mw_frame_alloc(&p->yuv, MW_PIX_YUV420P, like->width, like->height, err);
    return st;
}

/* The face box of frame t in pixels; 0 when none is known. */
static int face_box(const mw_visual_clip *c, int64_t t, mw_box *box)
{
    size_t n = 0;
    const mw_face *f =
        (size_t)t < c->faces.n_frames ? mw_track_faces(&c->faces, (size_t)t, &n) : NULL;

    if (!n) return 0;
    box->x = (int)(f->x * c->info.width);
    box->y = (int)(f->y * c->info.height);
    box->w = (int)(f->w * c->info.width);
    box->h = (int)(f->h * c->info.height);
    return 1;
}

/* What stage i hides of frame t, added to what earlier stages hide; their overlap counts once at
 * most. */
static void add_cover(pass *p, size_t i, size_t k, int64_t t)
{
    const mw_visual_op *op = p->c->stages[i].op->visual;
    double own[2];
    mw_box box;

    if (!op->cover) return;
    op->cover(p->state[i], k, t, face_box(p->c, t, &box) ? &box : NULL, own);
    for (int j = 0; j < 2; j++)
        p->cover[j] = 1 - (1 - p->cover[j]) * (1 - own[j]);
}

/* *out: the frame to encode, either f itself or p->yuv. */
static mw_status damage(pass *p, int64_t t, const mw_frame *f, const mw_frame **out, mw_error *err)
{
    int current = 0, touched = 0;

    *out = f;
    p->cover[0] = p->cover[1] = 0;
    for (size_t i = 0; i < p->c->n_stages; i++) {
        const int64_t k = stretch_at(p, i, t);

        if (k < 0) continue;
        if (!p->rgb[0].plane[0]) {
            mw_status st = allocate(p, f, err);

            if (st != MW_OK) return st;
        }
        if (!touched) mw_img_yuv420_to_rgb(f, &p->rgb[0]);
        touched = 1;
        p->c->stages[i].op->visual->apply(p->state[i], (size_t)k, t, &p->rgb[current],
                                          &p->rgb[!current]);
        p->squared_error[i] += squared_difference(&p->rgb[current], &p->rgb[!current]);
        add_cover(p, i, (size_t)k, t);
        p->c->stages[i].result.n_frames++;
        current = !current;
    }
    if (!touched) return MW_OK;
    p->yuv.full_range = f->full_range;
    p->yuv.duration = f->duration;
    p->rgb[current].pts = f->pts;
    mw_img_rgb_to_yuv420(&p->rgb[current], &p->yuv);
    *out = &p->yuv;
    return MW_OK;
}

static mw_status note_time(pass *p, const mw_frame *f, mw_error *err)
{
    mw_visual_clip *c = p->c;

    if (mw_grow(&c->times_s, &p->times_cap, c->n_frames + 2, sizeof *c->times_s))
        return mw_fail_nomem(err);
    if (mw_grow(&c->cov_face, &p->cov_face_cap, c->n_frames + 1, sizeof *c->cov_face) ||
        mw_grow(&c->cov_frame, &p->cov_frame_cap, c->n_frames + 1, sizeof *c->cov_frame))
        return mw_fail_nomem(err);
    c->cov_face[c->n_frames] = (float)p->cover[0];
    c->cov_frame[c->n_frames] = (float)p->cover[1];
    c->times_s[c->n_frames++] = (double)f->pts * c->info.time_base_num / c->info.time_base_den;
    p->last_duration = f->duration;
    return MW_OK;
}

/* Times count from the first frame; the last one lasts as long as the container says, else as one
 * frame on average. */
static void finish_times(pass *p)
{
    mw_visual_clip *c = p->c;
    const double first = c->times_s[0],
                 tick = (double)c->info.time_base_num / c->info.time_base_den;
    double last = (double)p->last_duration * tick;

    if (!(last > 0)) last = c->info.fps_num > 0 ? (double)c->info.fps_den / c->info.fps_num : 0;
    c->times_s[c->n_frames] = c->times_s[c->n_frames - 1] + last;
    c->start_s = first;
    for (size_t i = 0; i <= c->n_frames; i++)
        c->times_s[i] -= first;
}

static void finish_results(pass *p)
{
    for (size_t i = 0; i < p->c->n_stages; i++) {
        mw_visual_result *r = &p->c->stages[i].result;
        const double n = (double)r->n_frames * 3 * p->c->info.width * p->c->info.height;

        r->psnr_db = p->squared_error[i] > 0 ? 10 * log10(255.0 * 255.0 * n / p->squared_error[i])
                                             : INFINITY;
    }
}

mw_status mw_visual_times(mw_visual_clip *c, const char *in_path, mw_job *stop, mw_error *err)
{
    pass p = { .c = c };
    mw_status st = mw_video_reader_open(&p.reader, in_path, err);
    int got = 1;

    while (st == MW_OK) {
        mw_frame f;

        if (stop && mw_job_stopping(stop)) {
            st = mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
            break;
        }
        st = mw_video_reader_next(p.reader, &f, &got, err);
        if (st != MW_OK || !got) break;
        st = note_time(&p, &f, err);
    }
    if (st == MW_OK && !c->n_frames)
        st = mw_fail(err, MW_ERR_FORMAT, "no_frames", "'%s' has no frame", in_path);
    if (st == MW_OK) finish_times(&p);
    mw_video_reader_close(&p.reader);
    return st;
}

static mw_status open_stages(pass *p, mw_error *err)
{
    mw_visual_input in = { .width = p->c->info.width, .height = p->c->info.height };
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < p->c->n_stages; i++) {
        mw_visual_stage *s = &p->c->stages[i];

        s->result = (mw_visual_result){ 0 };
        in.patch = s->patch.rgb ? &s->patch : NULL;
        st = s->op->visual->open(&p->state[i], s->options, s->decision, &in, err);
    }
    return st;
}

/* Mean covered shares of each segment, once they are measured. */
static void finish_segments(pass *p)
{
    mw_visual_clip *c = p->c;

    for (size_t i = 0; i < c->n_stages; i++) {
        if (!c->stages[i].op->visual->cover) continue;
        for (size_t k = 0; k < c->stages[i].segments.n; k++) {
            mw_segment *s = &c->stages[i].segments.v[k];
            double face = 0, frame = 0;
            int64_t n_face = 0;

            for (int64_t t = s->i0; t < s->i1; t++) {
                frame += c->cov_frame[t];
                if (isnan(c->cov_face[t])) continue;
                face += c->cov_face[t];
                n_face++;
            }
            if (n_face)
                s->severity[s->n_severities++] =
                    (mw_severity){ "coverage_face", face / (double)n_face };
            s->severity[s->n_severities++] =
                (mw_severity){ "coverage_frame", frame / (double)(s->i1 - s->i0) };
        }
    }
}

static mw_status run_frames(pass *p, mw_job *stop, mw_error *err)
{
    mw_status st = MW_OK;
    int got = 1, was_damaged = 0;

    while (st == MW_OK) {
        const mw_frame *out;
        mw_frame f;

        if (stop && mw_job_stopping(stop))
            return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        st = mw_video_reader_next(p->reader, &f, &got, err);
        if (st != MW_OK || !got) break;
        st = damage(p, (int64_t)p->c->n_frames, &f, &out, err);
        if (st == MW_OK) st = note_time(p, &f, err);
        if (st == MW_OK && was_damaged && out == &f) mw_video_writer_start_afresh(p->writer);
        was_damaged = out != &f;
        if (st == MW_OK) st = mw_video_writer_put(p->writer, out, err);
    }
    return st;
}

static void close_pass(pass *p)
{
    for (size_t i = 0; i < p->c->n_stages; i++)
        if (p->state[i]) p->c->stages[i].op->visual->close(p->state[i]);
    mw_frame_clear(&p->rgb[0]);
    mw_frame_clear(&p->rgb[1]);
    mw_frame_clear(&p->yuv);
    mw_video_writer_abort(&p->writer);
    mw_video_reader_close(&p->reader);
}

mw_status mw_visual_clip_run(mw_visual_clip *c, const char *in_path, const char *part_path,
                             const mw_picture_options *o, int64_t n_expected, int64_t *n_found,
                             mw_job *stop, mw_error *err)
{
    mw_video_encoder encoder = encoder_of(o);
    pass p = { .c = c };
    mw_status st;

    /* a second pass over a clip starts its lists anew */
    mw_free(c->times_s);
    mw_free(c->cov_face);
    mw_free(c->cov_frame);
    c->times_s = NULL;
    c->cov_face = c->cov_frame = NULL;
    c->n_frames = 0;
    *n_found = 0;
    st = mw_video_reader_open(&p.reader, in_path, err);
    if (st != MW_OK) goto done;
    c->info = *mw_video_reader_info(p.reader);
    c->container = encoder.container =
        mw_video_container_for(p.reader, encoder.codec, encoder.drop_audio);
    st = open_stages(&p, err);
    if (st == MW_OK) st = mw_video_writer_open(&p.writer, part_path, p.reader, &encoder, err);
    if (st == MW_OK) st = run_frames(&p, stop, err);
    *n_found = (int64_t)c->n_frames;
    if (st == MW_OK && !c->n_frames)
        st = mw_fail(err, MW_ERR_FORMAT, "no_frames", "'%s' has no frame", in_path);
    if (st == MW_OK && *n_found != n_expected)
        st = mw_fail(err, MW_ERR_MISMATCH, "frame_count", "'%s' has %lld frames and not %lld",
                     in_path, (long long)*n_found, (long long)n_expected);
    if (st != MW_OK) goto done;
    c->n_copied = mw_video_writer_copied(p.writer).n_copied;
    c->n_dropped = mw_video_writer_copied(p.writer).n_dropped;
    st = mw_video_writer_close(&p.writer, err);
    if (st != MW_OK) goto done;
    finish_times(&p);
    finish_results(&p);
    finish_segments(&p);
done:
    close_pass(&p);
    return st;
}
