/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "corrupt/visual/blur.h"
#include "corrupt/visual/noise.h"
#include "corrupt/visual/occlusion.h"
#include "corrupt/visual/stretches.h"
#include "img/blur.h"
#include "img/yuv.h"
#include "media/video_reader.h"
#include "run/bank_media.h"

#define MAX_ATTEMPTS 8

double mw_picture_reliability(double hidden, double noise, double blur)
{
    return (1 - fmin(1, hidden)) * (1 - fmin(1, noise)) * (1 - fmin(1, blur));
}

/* The clip while its variants are made. */
typedef struct picture {
    mw_bank_part *p;
    const mw_bank_picture *s;
    const char *path;
    const mw_clip_key *key;
    mw_job *job;
    mw_track faces; /* of the clean frames */
    int width, height;
    mw_frame rgb, damaged;
} picture;

/* ---- one decoding ---- */

/* Called for every frame in turn; rgb is made on demand. */
typedef mw_status (*frame_work)(picture *c, void *user, size_t t, double time_s,
                                const mw_frame *yuv, mw_error *err);

static mw_status decode(picture *c, frame_work work, void *user, size_t *n_frames, mw_error *err)
{
    mw_video_reader *r = NULL;
    const mw_video_info *info;
    int64_t first = 0;
    double tick;
    mw_status st = mw_video_reader_open(&r, c->path, err);

    *n_frames = 0;
    if (st != MW_OK) return st;
    info = mw_video_reader_info(r);
    tick = (double)info->time_base_num / info->time_base_den;
    c->width = info->width;
    c->height = info->height;
    if (!c->rgb.plane[0])
        st = mw_frame_alloc(&c->rgb, MW_PIX_RGB24, info->width, info->height, err);
    if (st == MW_OK && !c->damaged.plane[0])
        st = mw_frame_alloc(&c->damaged, MW_PIX_RGB24, info->width, info->height, err);
    while (st == MW_OK) {
        mw_frame f;
        int got;

        if (c->job && mw_job_stopping(c->job)) {
            st = mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
            break;
        }
        st = mw_video_reader_next(r, &f, &got, err);
        if (st != MW_OK || !got) break;
        if (!*n_frames) first = f.pts;
        st = work(c, user, *n_frames, (double)(f.pts - first) * tick, &f, err);
        ++*n_frames;
    }
    mw_video_reader_close(&r);
    if (st == MW_OK && !*n_frames)
        st = mw_fail(err, MW_ERR_FORMAT, "no_frames", "'%s' has no frame", c->path);
    return st;
}

static mw_status push_clean(picture *c, void *user, size_t t, double time_s, const mw_frame *yuv,
                            mw_error *err)
{
    mw_status st = mw_img_yuv420_to_rgb(yuv, &c->rgb);

    (void)user;
    (void)t;
    return st == MW_OK ? mw_visual_pass_push(c->s->pass, &c->rgb, time_s, NULL, 0, err) : st;
}

/* ---- variants ---- */

static mw_status allocate(mw_bank_variant *v, const mw_bank_modality *m, mw_error *err)
{
    v->x = mw_calloc(m->rows, m->columns * sizeof *v->x);
    v->valid = mw_calloc(m->rows, 1);
    v->rel = mw_calloc(m->rows, sizeof *v->rel);
    return v->x && v->valid && v->rel ? MW_OK : mw_fail_nomem(err);
}

static void set_row(const picture *c, mw_bank_variant *v, size_t t, const float *x, int found,
                    double rel)
{
    const size_t columns = c->p->m.columns;

    memcpy(v->x + t * columns, x, columns * sizeof *x);
    v->valid[t] = (uint8_t)(found || !c->s->drop_undetected);
    v->rel[t] = found ? (float)rel : 0.0f;
}

static mw_status make_clean(picture *c, mw_error *err)
{
    mw_bank_modality *m = &c->p->m;
    mw_matrix rows = { NULL };
    size_t n;
    mw_status st = decode(c, push_clean, NULL, &n, err);

    if (st == MW_OK) st = mw_visual_pass_finish(c->s->pass, &rows, &c->faces, err);
    if (st != MW_OK) return st;
    m->rows = rows.rows;
    m->columns = rows.columns;
    m->names = mw_calloc(rows.columns, sizeof *m->names);
    m->t = mw_calloc(rows.rows, sizeof *m->t);
    if (!m->names || !m->t) st = mw_fail_nomem(err);
    if (st == MW_OK) st = allocate(&m->variants[0], m, err);
    if (st == MW_OK) {
        memcpy((void *)(uintptr_t)m->names, rows.names, rows.columns * sizeof *m->names);
        memcpy(m->t, rows.t, rows.rows * sizeof *m->t);
        m->variants[0].name = m->variants[0].type = "clean";
        m->variants[0].level = NAN;
        for (size_t t = 0; t < rows.rows; t++)
            set_row(c, &m->variants[0], t, rows.x + t * rows.columns, rows.valid[t], 1);
    }
    mw_matrix_clear(&rows);
    return st;
}

/* One variant on its way. */
typedef struct variant {
    const mw_bank_spec *spec;
    mw_bank_deed *deed;
    int64_t start[MW_PLAN_MAX_STRETCHES], count[MW_PLAN_MAX_STRETCHES];
    size_t n_stretches;
    mw_patch patch;
    void *state;
    double blur;    /* severity that the blur comes to */
    size_t *frames; /* those damaged */
    float *rel;
    size_t n_damaged;
} variant;

static void place(variant *v, size_t n_frames)
{
    for (int k = 0; k < v->spec->n_stretches; k++) {
        const int64_t a = (int64_t)(v->spec->from[k] * (double)n_frames + 0.5);
        const int64_t b = (int64_t)(v->spec->to[k] * (double)n_frames + 0.5);

        if (b <= a) continue;
        v->start[v->n_stretches] = a;
        v->count[v->n_stretches++] = b - a;
    }
}

/* Mean height of the faces in pixels; a third of the picture where none was found. */
static double face_height_px(const picture *c)
{
    double sum = 0;
    size_t n_faces = 0;

    for (size_t t = 0; t < c->faces.n_frames; t++) {
        size_t n;
        const mw_face *f = mw_track_faces(&c->faces, t, &n);

        if (!n) continue;
        sum += f->h * c->height;
        n_faces++;
    }
    return n_faces ? sum / (double)n_faces : c->height / 3.0;
}

static mw_status occlusion_options(const variant *v, void *out, mw_error *err)
{
    mw_occlusion_options *o = out;
    static const int kind[MW_N_HARMS] = { [MW_HARM_HAND] = MW_OCCLUDER_HAND,
                                          [MW_HARM_OBJECT] = MW_OCCLUDER_OBJECT,
                                          [MW_HARM_TEXTURE] = MW_OCCLUDER_TEXTURE };

    memset(o->weight, 0, sizeof o->weight);
    o->weight[kind[v->spec->harm]] = 1;
    mw_free(o->fractions.v);
    o->fractions = (mw_doubles){ mw_calloc(1, sizeof(double)), 1 };
    if (!o->fractions.v) return mw_fail_nomem(err);
    o->fractions.v[0] = v->spec->level;
    return MW_OK;
}

static void noise_options(const variant *v, void *out)
{
    mw_noise_options *o = out;
    const double sigma = v->spec->level * MW_SEVERE_NOISE;

    o->var_min = o->var_max = sigma * sigma;
}

static void blur_options(variant *v, const picture *c, void *out)
{
    mw_blur_options *o = out;
    const double sigma = v->spec->level * MW_SEVERE_BLUR * face_height_px(c);
    const int64_t kernel = 2 * (int64_t)ceil(2.5 * sigma) + 1;

    o->sigma_px = fmax(0.01, sigma);
    o->kernel_px = kernel < 3 ? 3 : kernel > MW_BLUR_KERNEL_MAX ? MW_BLUR_KERNEL_MAX : kernel;
    v->blur = v->spec->level;
}

static mw_status choose_options(variant *v, const picture *c, mw_error *err)
{
    const mw_harm h = v->spec->harm;
    const mw_op *op = h == MW_HARM_NOISE  ? &mw_op_visual_noise
                      : h == MW_HARM_BLUR ? &mw_op_visual_blur
                                          : &mw_op_visual_occlusion;
    mw_bank_deed *d = v->deed;
    mw_status st;

    d->options = mw_calloc(1, op->options_size);
    d->decision = mw_calloc(1, op->decision_size);
    if (!d->options || !d->decision) return mw_fail_nomem(err);
    d->op = op;
    st = mw_opt_defaults(op->info.options, d->options, 0, err);
    if (st != MW_OK) return st;
    if (h == MW_HARM_NOISE) noise_options(v, d->options);
    if (h == MW_HARM_BLUR) blur_options(v, c, d->options);
    return op == &mw_op_visual_occlusion ? occlusion_options(v, d->options, err) : MW_OK;
}

static mw_status draw_once(variant *v, const picture *c, unsigned attempt, mw_error *err)
{
    const mw_draw_info info = { .start_frames = v->start,
                                .n_frames = v->count,
                                .n_stretches = v->n_stretches,
                                .width = c->width,
                                .height = c->height,
                                .faces = &c->faces,
                                .occluders = c->s->occluders->occluders,
                                .n_occluders = c->s->occluders->n };
    const mw_op *op = v->deed->op;
    mw_occluder occluder;
    mw_status st =
        op->draw(v->deed->options, &info, c->key, v->spec->name, attempt, v->deed->decision, err);

    if (st != MW_OK || !op->visual->occluder) return st;
    op->visual->occluder(v->deed->decision, &occluder);
    return mw_occluder_load(&v->patch, c->s->occluders, &occluder, err);
}

static mw_status open_variant(variant *v, const picture *c, mw_error *err)
{
    mw_visual_input in = { .width = c->width, .height = c->height };
    mw_status st = choose_options(v, c, err);

    for (unsigned attempt = 0; st == MW_OK && attempt < MAX_ATTEMPTS; attempt++) {
        st = draw_once(v, c, attempt, err);
        if (st == MW_OK || st == MW_ERR_NOMEM || !v->deed->op->visual->occluder ||
            attempt + 1 == MAX_ATTEMPTS)
            break;
        mw_opt_clear(v->deed->op->info.drawn, v->deed->decision);
        st = MW_OK;
    }
    in.patch = &v->patch;
    return st == MW_OK
               ? v->deed->op->visual->open(&v->state, v->deed->options, v->deed->decision, &in, err)
               : st;
}

/* Stretch that holds frame t; -1: none. */
static int64_t stretch_at(const variant *v, size_t t)
{
    for (size_t k = 0; k < v->n_stretches; k++)
        if ((int64_t)t >= v->start[k] && (int64_t)t < v->start[k] + v->count[k]) return (int64_t)k;
    return -1;
}

static double hidden_share(const picture *c, const variant *v, size_t k, size_t t)
{
    double cover[2] = { 0, 0 };
    size_t n = 0;
    const mw_face *f = t < c->faces.n_frames ? mw_track_faces(&c->faces, t, &n) : NULL;
    mw_box box;

    if (!v->deed->op->visual->cover || !n) return 0;
    box = (mw_box){ .x = (int)(f->x * c->width),
                    .y = (int)(f->y * c->height),
                    .w = (int)(f->w * c->width),
                    .h = (int)(f->h * c->height) };
    v->deed->op->visual->cover(v->state, k, (int64_t)t, &box, cover);
    return isfinite(cover[0]) ? cover[0] : 0;
}

static mw_status push_damaged(picture *c, void *user, size_t t, double time_s, const mw_frame *yuv,
                              mw_error *err)
{
    variant *v = user;
    const int64_t k = stretch_at(v, t);
    const mw_harm h = v->spec->harm;
    mw_status st;

    if (k < 0) return MW_OK;
    st = mw_img_yuv420_to_rgb(yuv, &c->rgb);
    if (st != MW_OK) return st;
    v->deed->op->visual->apply(v->state, (size_t)k, (int64_t)t, &c->rgb, &c->damaged);
    v->frames[v->n_damaged] = t;
    v->rel[v->n_damaged++] = (float)mw_picture_reliability(
        hidden_share(c, v, (size_t)k, t), h == MW_HARM_NOISE ? v->spec->level : 0, v->blur);
    return mw_visual_pass_push(c->s->pass, &c->damaged, time_s, NULL, 0, err);
}

/* Frames that the operation leaves alone keep the clean rows: detector and encoder look at one
 * frame at a time. */
static mw_status fill_variant(picture *c, variant *v, mw_bank_variant *out, mw_error *err)
{
    const mw_bank_modality *m = &c->p->m;
    const mw_bank_variant *clean = &m->variants[0];
    mw_matrix rows = { NULL };
    size_t n;
    mw_status st;

    memcpy(out->x, clean->x, m->rows * m->columns * sizeof *out->x);
    memcpy(out->valid, clean->valid, m->rows);
    memcpy(out->rel, clean->rel, m->rows * sizeof *out->rel);
    if (!v->n_stretches) return MW_OK;
    v->frames = mw_calloc(m->rows, sizeof *v->frames);
    v->rel = mw_calloc(m->rows, sizeof *v->rel);
    st = v->frames && v->rel ? open_variant(v, c, err) : mw_fail_nomem(err);
    if (st == MW_OK) st = decode(c, push_damaged, v, &n, err);
    if (st == MW_OK) st = mw_visual_pass_finish(c->s->pass, &rows, NULL, err);
    for (size_t i = 0; st == MW_OK && i < v->n_damaged; i++)
        set_row(c, out, v->frames[i], rows.x + i * m->columns, rows.valid[i], v->rel[i]);
    mw_matrix_clear(&rows);
    return st;
}

static mw_status make_variant(picture *c, size_t i, mw_error *err)
{
    mw_bank_variant *out = &c->p->m.variants[i];
    variant v = { .spec = &c->p->specs[i - 1], .deed = &c->p->deeds[i] };
    mw_status st = allocate(out, &c->p->m, err);

    out->name = v.spec->name;
    out->type = mw_harm_info_of[v.spec->harm].type;
    out->level = v.spec->level;
    if (v.spec->harm != MW_HARM_NONE) place(&v, c->p->m.rows);
    if (st == MW_OK) st = fill_variant(c, &v, out, err);
    if (v.state) v.deed->op->visual->close(v.state);
    mw_patch_clear(&v.patch);
    mw_free(v.frames);
    mw_free(v.rel);
    return st;
}

mw_status mw_bank_picture_make(mw_bank_part *out, const mw_bank_picture *s, const char *path,
                               const mw_clip_key *key, mw_bank_spec *specs, size_t n_specs,
                               mw_job *job, mw_error *err)
{
    picture c = { .p = out, .s = s, .path = path, .key = key, .job = job };
    mw_status st = MW_OK;

    *out = (mw_bank_part){ .m = { .letter = 'v' }, .specs = specs, .n_specs = n_specs };
    out->m.variants = mw_calloc(n_specs + 1, sizeof *out->m.variants);
    out->deeds = mw_calloc(n_specs + 1, sizeof *out->deeds);
    if (!out->m.variants || !out->deeds) st = mw_fail_nomem(err);
    if (st == MW_OK) {
        out->m.n_variants = n_specs + 1;
        st = make_clean(&c, err);
    }
    for (size_t i = 1; st == MW_OK && i <= n_specs; i++) {
        st = make_variant(&c, i, err);
        if (st != MW_OK) mw_error_prefix(err, "variant '%s'", specs[i - 1].name);
    }
    mw_track_clear(&c.faces);
    mw_frame_clear(&c.rgb);
    mw_frame_clear(&c.damaged);
    if (st != MW_OK) mw_bank_part_clear(out);
    return st;
}
