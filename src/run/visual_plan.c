/* SPDX-License-Identifier: Apache-2.0
 *
 * Planning of one clip: which frames, which operation, which occluder, where. Every draw has a
 * stream of its own, so that the place of a stretch does not depend on what fills it.
 */
#include "run/corrupt_video.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* An occluder that cannot be read is passed over by drawing again. */
#define MAX_ATTEMPTS 8

static int needs_occluders(const mw_corrupt_video_options *o)
{
    return o->picture.mode != MW_MODE_NOISE;
}

/* Values that do not go together, said before any clip is touched. */
static mw_status check_noise_options(const mw_corrupt_video_options *o, mw_error *err)
{
    const mw_picture_options *pic = &o->picture;

    if (pic->mode == MW_MODE_OCCLUSION) return MW_OK;
    if (!(pic->weight_noise + pic->weight_blur > 0))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'weight-gaussian', 'weight-blur': both are 0");
    if (pic->weight_noise > 0 && o->noise.var_max < o->noise.var_min)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'noise-var-max' (%g) is below 'noise-var-min' (%g)",
                       o->noise.var_max, o->noise.var_min);
    if (pic->weight_blur > 0 && o->blur.kernel_px % 2 == 0)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'blur-kernel-px': %lld is even",
                       (long long)o->blur.kernel_px);
    return MW_OK;
}

/* What occlusion takes from folders, looked at before any clip. */
static mw_status open_occluders(mw_visual_planner *p, int n_workers, mw_error *err)
{
    const mw_corrupt_video_options *o = p->o;
    const char *faces = o->picture.faces_dir;
    struct stat info;
    double sum = 0;
    mw_status st =
        mw_occluder_bank_open(&p->occluders, o->picture.image_dir, o->picture.mask_dir, err);

    if (st != MW_OK) return st;
    for (size_t i = 0; i < p->occluders->n; i++)
        sum += o->occlusion.weight[p->occluders->occluders[i].kind];
    if (!(sum > 0))
        return mw_fail(err, MW_ERR_FORMAT, "no_occluder",
                       "no usable occluder of a kind whose weight is above 0");
    if (!*faces) return mw_face_pool_open(&p->pool, &o->face, n_workers, err);
    if (stat(faces, &info)) return mw_fail_errno(err, errno, "cannot read the faces '%s'", faces);
    return MW_OK;
}

mw_status mw_visual_planner_open(mw_visual_planner *p, const mw_corrupt_video_options *o,
                                 int n_workers, mw_error *err)
{
    const mw_picture_options *pic = &o->picture;
    mw_status st = mw_schedule_parse(&p->schedule, pic->schedule, err);

    p->o = o;
    p->schedule.fraction = pic->fraction;
    p->schedule.reference_step = pic->reference_step;
    if (st == MW_OK && pic->fps.n > 1)
        st = mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'fps': one number, or none");
    if (st == MW_OK) st = check_noise_options(o, err);
    if (st == MW_OK && !*pic->image_dir != !*pic->mask_dir)
        st = mw_fail(err, MW_ERR_RANGE, "bad_option",
                     "options 'occlusion-img' and 'occlusion-mask' go together");
    return st == MW_OK && needs_occluders(o) ? open_occluders(p, n_workers, err) : st;
}

void mw_visual_planner_close(mw_visual_planner *p)
{
    mw_occluder_bank_close(&p->occluders);
    mw_face_pool_close(&p->pool);
}

static void stage_clear(mw_visual_stage *s)
{
    if (s->decision) mw_opt_clear(s->op->info.drawn, s->decision);
    mw_free(s->decision);
    mw_free(s->segments.v);
    mw_patch_clear(&s->patch);
    *s = (mw_visual_stage){ .op = NULL };
}

void mw_visual_plan_clear(mw_visual_clip *c)
{
    for (size_t i = 0; i < c->n_stages; i++)
        stage_clear(&c->stages[i]);
    c->n_stages = 0;
}

/* ---- faces ---- */

/* The track of the clip below the faces folder. */
static mw_status read_faces(mw_visual_clip *c, const mw_visual_planner *p, const mw_clip *clip,
                            mw_error *err)
{
    const double fps = c->info.fps_num > 0 ? (double)c->info.fps_num / c->info.fps_den : 30;
    char sha256[65];
    mw_status st = mw_face_track_read(&c->faces, &c->faces_rel, sha256, p->o->picture.faces_dir,
                                      clip->stem, fps, err);

    if (st != MW_OK) return st;
    c->faces_asset = (mw_asset){
        .role = "faces", .category = "", .path = c->faces_rel, .offset_samples = -1, .loops = -1
    };
    memcpy(c->faces_asset.sha256, sha256, sizeof sha256);
    return MW_OK;
}

static mw_status find_faces(mw_visual_clip *c, const mw_visual_planner *p, const mw_clip *clip,
                            int worker, int64_t *n, mw_job *stop, mw_error *err)
{
    const double aspect = (double)c->info.width / c->info.height;
    mw_status st;

    if (!c->faces.n_frames && *p->o->picture.faces_dir) {
        st = read_faces(c, p, clip, err);
        if (st == MW_OK) st = mw_face_finish(&c->faces, &p->o->face, aspect, err);
    } else if (!c->faces.n_frames) {
        st = mw_face_pass(&c->faces, clip->path, p->pool.detectors[worker], &p->o->face, stop, err);
        *n = (int64_t)c->faces.n_frames; /* decoded, hence true */
        c->detector_sha256 = mw_face_model_info[p->o->face.model].sha256;
    } else {
        st = MW_OK;
    }
    if (st == MW_OK && (int64_t)c->faces.n_frames != *n)
        st = mw_fail(err, MW_ERR_FORMAT, "faces_mismatch",
                     "'%s' has %lld frames, its face track %zu", clip->path, (long long)*n,
                     c->faces.n_frames);
    return st;
}

/* ---- stages ---- */

/* Stretches of a plan, owned. */
typedef struct stretches {
    mw_ints start, count;
} stretches;

static void stretches_clear(stretches *s)
{
    mw_free(s->start.v);
    mw_free(s->count.v);
    *s = (stretches){ { 0 } };
}

static mw_status stretches_reserve(stretches *s, size_t n, mw_error *err)
{
    s->start = (mw_ints){ .v = mw_calloc(n, sizeof(int64_t)) };
    s->count = (mw_ints){ .v = mw_calloc(n, sizeof(int64_t)) };
    return s->start.v && s->count.v ? MW_OK : mw_fail_nomem(err);
}

static mw_draw_info draw_info(const mw_visual_clip *c, const mw_visual_planner *p,
                              const stretches *s)
{
    return (mw_draw_info){ .start_frames = s->start.v,
                           .n_frames = s->count.v,
                           .n_stretches = s->start.n,
                           .width = c->info.width,
                           .height = c->info.height,
                           .faces = c->faces.n_frames ? &c->faces : NULL,
                           .occluders = p->occluders ? p->occluders->occluders : NULL,
                           .n_occluders = p->occluders ? p->occluders->n : 0 };
}

static mw_status list_occluder_file(mw_visual_stage *s, const mw_visual_planner *p,
                                    const mw_occluder *o, int mask, mw_error *err)
{
    static const char *const kinds[] = { "hand", "object", "texture" };
    mw_asset *a = &s->assets[s->n_assets];
    char *path = mw_occluder_file(p->occluders, o, mask);
    mw_status st;

    if (!path) return MW_OK; /* a drawn shape, or a whole picture */
    *a = (mw_asset){ .role = mask                             ? "occluder_mask"
                             : o->kind == MW_OCCLUDER_TEXTURE ? "texture"
                                                              : "occluder_image",
                     .category = kinds[o->kind],
                     .path = mask ? o->mask : o->image,
                     .offset_samples = -1,
                     .loops = -1 };
    st = mw_sha256_file(a->sha256, NULL, path, err);
    s->n_assets += st == MW_OK;
    mw_free(path);
    return st;
}

static mw_status draw_stage(mw_visual_stage *s, const mw_visual_planner *p,
                            const mw_draw_info *info, const mw_clip_key *key, unsigned attempt,
                            mw_error *err)
{
    mw_occluder occluder;
    mw_status st;

    s->decision = mw_calloc(1, s->op->decision_size);
    if (!s->decision) return mw_fail_nomem(err);
    st = s->op->draw(s->options, info, key, "", attempt, s->decision, err);
    if (st == MW_OK && s->op->visual->occluder) {
        s->op->visual->occluder(s->decision, &occluder);
        st = mw_occluder_load(&s->patch, p->occluders, &occluder, err);
        if (st == MW_OK) st = list_occluder_file(s, p, &occluder, 0, err);
        if (st == MW_OK) st = list_occluder_file(s, p, &occluder, 1, err);
    }
    if (st == MW_OK) st = s->op->visual->segments(s->options, s->decision, &s->segments, err);
    return st;
}

/* Append a stage of op over the stretches; nothing when there are none. */
static mw_status add_stage(mw_visual_clip *c, const mw_visual_planner *p, const mw_op *op,
                           const void *options, const stretches *at, const mw_clip_key *key,
                           mw_error *err)
{
    const mw_draw_info info = draw_info(c, p, at);
    mw_visual_stage *s = &c->stages[c->n_stages];
    mw_status st = MW_OK;

    if (!at->start.n) return MW_OK;
    for (unsigned attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        mw_error own;

        *s = (mw_visual_stage){ .op = op, .options = options };
        st = draw_stage(s, p, &info, key, attempt, &own);
        if (st == MW_OK) {
            if (op->visual->occluder && c->faces_asset.path)
                s->assets[s->n_assets++] = c->faces_asset;
            c->n_stages++;
            return MW_OK;
        }
        stage_clear(s);
        if (err) *err = own;
        if (!op->visual->occluder || st == MW_ERR_NOMEM || !strcmp(own.reason, "no_face") ||
            !strcmp(own.reason, "no_occluder") || !strcmp(own.reason, "bad_option"))
            break;
    }
    return st;
}

/* The schedule leaves nothing of what was asked for: the clip, or each of its parts, is too short.
 */
static void note_too_short(mw_visual_clip *c, const mw_visual_planner *p, const mw_op *op)
{
    size_t i = 0;

    if (!(p->schedule.fraction > 0)) return;
    while (c->too_short[i])
        i++;
    c->too_short[i] = op;
}

/* Gaussian noise or blur for each stretch. */
static mw_status plan_noise(mw_visual_clip *c, const mw_visual_planner *p, const mw_clip_key *key,
                            int64_t n, mw_error *err)
{
    const double weight[2] = { p->o->picture.weight_noise, p->o->picture.weight_blur };
    const mw_op *const ops[2] = { &mw_op_visual_noise, &mw_op_visual_blur };
    const void *const options[2] = { &p->o->noise, &p->o->blur };
    mw_rng place = mw_rng_make(key, "schedule", "place"),
           kind = mw_rng_make(key, "schedule", "kind");
    stretches all = { { 0 } }, part[2] = { { { 0 } } };
    mw_status st = mw_schedule_draw(&p->schedule, n, &place, &all.start, &all.count, err);

    for (int i = 0; i < 2 && st == MW_OK; i++)
        st = stretches_reserve(&part[i], all.start.n, err);
    for (size_t i = 0; st == MW_OK && i < all.start.n; i++) {
        stretches *s = &part[mw_rng_pick(&kind, weight, 2)];

        s->start.v[s->start.n++] = all.start.v[i];
        s->count.v[s->count.n++] = all.count.v[i];
    }
    for (int i = 0; i < 2 && st == MW_OK; i++)
        st = add_stage(c, p, ops[i], options[i], &part[i], key, err);
    for (int i = 0; i < 2 && st == MW_OK && !all.start.n; i++)
        if (weight[i] > 0) note_too_short(c, p, ops[i]);
    for (int i = 0; i < 2; i++)
        stretches_clear(&part[i]);
    stretches_clear(&all);
    return st;
}

static mw_status plan_occlusion(mw_visual_clip *c, const mw_visual_planner *p,
                                const mw_clip_key *key, const mw_clip *clip, int worker, int64_t *n,
                                mw_job *stop, mw_error *err)
{
    mw_rng place = mw_rng_make(key, "schedule", "occlusion");
    stretches all = { { 0 } };
    mw_error own = { 0 };
    mw_status st = find_faces(c, p, clip, worker, n, stop, err);

    if (st == MW_OK) st = mw_schedule_draw(&p->schedule, *n, &place, &all.start, &all.count, err);
    if (st != MW_OK) return st;
    st = add_stage(c, p, &mw_op_visual_occlusion, &p->o->occlusion, &all, key, &own);
    if (st != MW_OK && !strcmp(own.reason, "no_face") && p->o->picture.no_face == MW_NO_FACE_KEEP) {
        c->no_face = 1;
        st = MW_OK;
    }
    if (st != MW_OK && err) *err = own;
    if (st != MW_OK) mw_error_prefix(err, "'%s'", clip->path);
    if (st == MW_OK && !all.start.n) note_too_short(c, p, &mw_op_visual_occlusion);
    stretches_clear(&all);
    return st;
}

mw_status mw_visual_plan(mw_visual_clip *c, const mw_visual_planner *p, const mw_clip_key *key,
                         const mw_clip *clip, int worker, int64_t *n, mw_job *stop, mw_error *err)
{
    mw_rng rng = mw_rng_make(key, "schedule", "mode");
    int mode = p->o->picture.mode;
    mw_status st = MW_OK;

    c->no_face = 0;
    memset(c->too_short, 0, sizeof c->too_short);
    if (mode == MW_MODE_RANDOM) mode = mw_rng_below(&rng, 2) ? MW_MODE_NOISE : MW_MODE_OCCLUSION;
    if (mode != MW_MODE_NOISE) st = plan_occlusion(c, p, key, clip, worker, n, stop, err);
    if (st == MW_OK && mode != MW_MODE_OCCLUSION) st = plan_noise(c, p, key, *n, err);
    return st;
}
