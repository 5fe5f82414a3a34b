/* SPDX-License-Identifier: Apache-2.0
 *
 * video.occlusion: a hand, an object or a texture in front of the face. Kinds, sizes (a share of
 * the face box's area), augmentation and placement follow MER-in-the-Wild; by default the occluder
 * moves and scales with the face, where the reference lays it at one place. The decision holds the
 * place in every damaged frame, so that replay needs no face detector.
 */
#include "corrupt/visual/occlusion.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "corrupt/visual/stretches.h"
#include "img/augment.h"
#include "img/blend.h"
#include "img/noise.h"

/* places: per damaged frame (follow track) or per stretch (fixed): corner and side in pixels, side
 * 0: no face there. */
typedef struct decision {
    mw_stretches at;
    int kind;
    char *image, *mask; /* mask "": the whole picture */
    double face_fraction, u, v;
    int64_t blur_size, jpeg_quality;
    mw_doubles blur;   /* sigma x, sigma y, angle, beta, then the factors; empty: none */
    mw_doubles affine; /* shear x, shear y, scale x, scale y, rotation; empty: none */
    mw_doubles tone;   /* contrast, brightness; empty: none */
    mw_ints x_px, y_px, size_px;
} decision;

static const char *const kind_names[] = { "hand", "object", "texture", NULL };
static const char *const follow_names[] = { "fixed", "track", NULL };
static const char *const rounding_names[] = { "nearest", "truncate", NULL };

#define O(field) offsetof(mw_occlusion_options, field)
#define D(field) offsetof(decision, field)

/* clang-format off */
const mw_opt mw_occlusion_options_table[] = {
    { "weight-hand", MW_OPT_DOUBLE, O(weight[MW_OCCLUDER_HAND]), "1", 0, 1e6, .help = "weight of hands" },
    { "weight-object", MW_OPT_DOUBLE, O(weight[MW_OCCLUDER_OBJECT]), "1", 0, 1e6, .help = "weight of objects" },
    { "weight-texture", MW_OPT_DOUBLE, O(weight[MW_OCCLUDER_TEXTURE]), "1", 0, 1e6, .help = "weight of textures" },
    { "face-fractions", MW_OPT_DOUBLES, O(fractions), "0.1,0.2,0.3,0.4,0.5", 0.001, 4,
      .help = "areas of the occluder as shares of the face box's area, one is drawn per clip" },
    { "follow", MW_OPT_ENUM, O(follow), "track", .choices = follow_names, .reference = "fixed",
      .help = "track: moves and scales with the face; fixed: stays where the face was first" },
    { "place-by-clip", MW_OPT_BOOL, O(from_clip), "no", .reference = "yes",
      .help = "fixed: place by the clip's first face, not by the first one of the stretch" },
    { "augment", MW_OPT_BOOL, O(augment), "yes", .help = "blur, JPEG, affine map, brightness and contrast, as the reference draws them" },
    { "blend-rounding", MW_OPT_ENUM, O(rounding), "nearest", .choices = rounding_names, .reference = "truncate",
      .help = "how blended values become 8 bits again" },
    { 0 },
};

static const mw_opt decision_table[] = {
    MW_STRETCHES_ROWS,
    { "kind", MW_OPT_ENUM, D(kind), "hand", .choices = kind_names, .help = "occluder kind" },
    { "image", MW_OPT_TEXT, D(image), "", .help = "picture, relative to the image folder" },
    { "mask", MW_OPT_TEXT, D(mask), "", .help = "mask, relative to the mask folder; empty: whole picture" },
    { "face-fraction", MW_OPT_DOUBLE, D(face_fraction), "0.1", 0, 4, .help = "area over the face box's area" },
    { "u", MW_OPT_DOUBLE, D(u), "0", 0, 1, .help = "place across the box" },
    { "v", MW_OPT_DOUBLE, D(v), "0", 0, 1, .help = "place down the box" },
    { "blur-size", MW_OPT_INT, D(blur_size), "0", 0, MW_BLUR_MAX, .unit = "px", .help = "side of the blur kernel; 0: none" },
    { "blur", MW_OPT_DOUBLES, D(blur), "", .help = "standard deviations, angle, falloff, and the factors of the kernel" },
    { "jpeg-quality", MW_OPT_INT, D(jpeg_quality), "0", 0, 100, .help = "0: no JPEG step" },
    { "affine", MW_OPT_DOUBLES, D(affine), "", .help = "shear x and y, scale x and y, rotation, degrees" },
    { "tone", MW_OPT_DOUBLES, D(tone), "", .help = "contrast factor and brightness" },
    { "x-px", MW_OPT_INTS, D(x_px), "", -1e6, 1e6, .help = "left edge per damaged frame, or per stretch when fixed" },
    { "y-px", MW_OPT_INTS, D(y_px), "", -1e6, 1e6, .help = "upper edge" },
    { "size-px", MW_OPT_INTS, D(size_px), "", 0, MW_FRAME_MAX_SIDE, .help = "side of the square; 0: no face, no occluder" },
    { 0 },
};
/* clang-format on */

/* ---- drawing ---- */

static mw_status set_doubles(mw_doubles *to, const double *from, size_t n, mw_error *err)
{
    to->v = mw_calloc(n, sizeof *to->v);
    if (!to->v) return mw_fail_nomem(err);
    memcpy(to->v, from, n * sizeof *to->v);
    to->n = n;
    return MW_OK;
}

/* The drawn augmentation as plain lists, and back. */
static mw_status record_augment(decision *d, const mw_augment *a, mw_error *err)
{
    const double affine[] = { a->affine.shear_x, a->affine.shear_y, a->affine.scale_x,
                              a->affine.scale_y, a->affine.rotate };
    const double tone[] = { a->tone.contrast, a->tone.brightness };
    double blur[4 + MW_BLUR_MAX * MW_BLUR_MAX] = { a->blur.sigma_x, a->blur.sigma_y, a->blur.angle,
                                                   a->blur.beta };
    const size_t n_noise = (size_t)a->blur.size * (size_t)a->blur.size;
    mw_status st = MW_OK;

    memcpy(blur + 4, a->blur.noise, n_noise * sizeof *blur);
    d->blur_size = a->blur.size;
    d->jpeg_quality = a->jpeg_quality;
    if (a->blur.size) st = set_doubles(&d->blur, blur, 4 + n_noise, err);
    if (st == MW_OK && a->affine.on) st = set_doubles(&d->affine, affine, 5, err);
    if (st == MW_OK && a->tone.on) st = set_doubles(&d->tone, tone, 2, err);
    return st;
}

static mw_status recall_augment(mw_augment *a, const decision *d, mw_error *err)
{
    const size_t n_noise = (size_t)d->blur_size * (size_t)d->blur_size;

    *a = (mw_augment){ .jpeg_quality = (int)d->jpeg_quality };
    if ((d->blur_size && (d->blur_size % 2 == 0 || d->blur_size < 3 || d->blur.n != 4 + n_noise)) ||
        (d->affine.n && d->affine.n != 5) || (d->tone.n && d->tone.n != 2))
        return mw_fail(err, MW_ERR_FORMAT, "bad_decision",
                       "augmentation of the wrong number of values");
    if (d->blur_size) {
        a->blur = (mw_aug_blur){ .size = (int)d->blur_size,
                                 .sigma_x = d->blur.v[0],
                                 .sigma_y = d->blur.v[1],
                                 .angle = d->blur.v[2],
                                 .beta = d->blur.v[3] };
        memcpy(a->blur.noise, d->blur.v + 4, n_noise * sizeof *d->blur.v);
    }
    if (d->affine.n)
        a->affine = (mw_aug_affine){
            1, d->affine.v[0], d->affine.v[1], d->affine.v[2], d->affine.v[3], d->affine.v[4]
        };
    if (d->tone.n) a->tone = (mw_aug_tone){ 1, d->tone.v[0], d->tone.v[1] };
    return MW_OK;
}

static mw_status pick_occluder(decision *d, const mw_occlusion_options *o, const mw_draw_info *info,
                               mw_rng *rng, mw_error *err)
{
    size_t count[MW_N_OCCLUDER_KINDS] = { 0 };
    double weight[MW_N_OCCLUDER_KINDS], sum = 0;
    uint64_t k;

    for (size_t i = 0; i < info->n_occluders; i++)
        count[info->occluders[i].kind]++;
    for (int i = 0; i < MW_N_OCCLUDER_KINDS; i++) {
        weight[i] = count[i] ? o->weight[i] : 0;
        sum += weight[i];
    }
    if (!(sum > 0))
        return mw_fail(err, MW_ERR_FORMAT, "no_occluder",
                       "no usable occluder of a kind whose weight is above 0");
    d->kind = (int)mw_rng_pick(rng, weight, MW_N_OCCLUDER_KINDS);
    k = mw_rng_below(rng, count[d->kind]);
    for (size_t i = 0; i < info->n_occluders; i++) {
        if (info->occluders[i].kind != d->kind || k--) continue;
        d->image = mw_strdup(info->occluders[i].image);
        d->mask = mw_strdup(info->occluders[i].mask ? info->occluders[i].mask : "");
        break;
    }
    return d->image && d->mask ? MW_OK : mw_fail_nomem(err);
}

static void put_place(decision *d, int64_t x, int64_t y, int64_t size)
{
    d->x_px.v[d->x_px.n++] = x;
    d->y_px.v[d->y_px.n++] = y;
    d->size_px.v[d->size_px.n++] = size;
}

/* Corner of a square of size in [lo, lo + room], at share u of the places; in the middle when there
 * is no room. */
static int64_t place(double lo, double extent, int64_t size, double u)
{
    const int64_t first = (int64_t)lo, last = (int64_t)(lo + extent) - size;

    if (last < first) return (first + last) / 2;
    return first + (int64_t)(u * (double)(last - first + 1));
}

/* By the face of frame t: the box is first cut to the frame, so that the occluder lies on what can
 * be seen. */
static void place_on_face(decision *d, const mw_draw_info *info, size_t t)
{
    size_t n = 0;
    const mw_face *f = t < info->faces->n_frames ? mw_track_faces(info->faces, t, &n) : NULL;
    double x0, y0, x1, y1;
    int64_t size;

    if (!n) {
        put_place(d, 0, 0, 0);
        return;
    }
    x0 = fmax(0, f->x * info->width);
    y0 = fmax(0, f->y * info->height);
    x1 = fmin(info->width, (f->x + f->w) * info->width);
    y1 = fmin(info->height, (f->y + f->h) * info->height);
    size = x1 > x0 && y1 > y0 ? (int64_t)sqrt((x1 - x0) * (y1 - y0) * d->face_fraction) : 0;
    if (size > MW_FRAME_MAX_SIDE) size = MW_FRAME_MAX_SIDE;
    if (size < 1)
        put_place(d, 0, 0, 0);
    else
        put_place(d, place(x0, x1 - x0, size, d->u), place(y0, y1 - y0, size, d->v), size);
}

/* First frame at or after t with a face, else the last one before it; n_frames when there is none.
 */
static size_t face_near(const mw_track *faces, size_t t)
{
    size_t n;

    for (size_t i = t; i < faces->n_frames; i++)
        if (mw_track_faces(faces, i, &n), n) return i;
    for (size_t i = t < faces->n_frames ? t : faces->n_frames; i-- > 0;)
        if (mw_track_faces(faces, i, &n), n) return i;
    return faces->n_frames;
}

static mw_status place_all(decision *d, const mw_occlusion_options *o, const mw_draw_info *info,
                           mw_error *err)
{
    size_t most = info->n_stretches, n_placed = 0;

    if (!info->faces || face_near(info->faces, 0) == info->faces->n_frames)
        return mw_fail(err, MW_ERR_FORMAT, "no_face", "no face was found in any frame");
    for (size_t k = 0; o->follow == MW_FOLLOW_TRACK && k < info->n_stretches; k++)
        most += (size_t)info->n_frames[k];
    d->x_px.v = mw_calloc(most, sizeof(int64_t));
    d->y_px.v = mw_calloc(most, sizeof(int64_t));
    d->size_px.v = mw_calloc(most, sizeof(int64_t));
    if (!d->x_px.v || !d->y_px.v || !d->size_px.v) return mw_fail_nomem(err);
    for (size_t k = 0; k < info->n_stretches; k++) {
        const size_t start = (size_t)info->start_frames[k];

        if (o->follow == MW_FOLLOW_FIXED) {
            place_on_face(d, info, face_near(info->faces, o->from_clip ? 0 : start));
        } else {
            for (size_t t = start; t < start + (size_t)info->n_frames[k]; t++)
                place_on_face(d, info, t);
        }
    }
    for (size_t i = 0; i < d->size_px.n; i++)
        n_placed += d->size_px.v[i] > 0;
    if (!n_placed && info->n_stretches)
        return mw_fail(err, MW_ERR_FORMAT, "no_face",
                       "no face was found in the frames to be damaged");
    return MW_OK;
}

static mw_status draw(const void *options, const mw_draw_info *info, const mw_clip_key *key,
                      const char *condition, unsigned attempt, void *out, mw_error *err)
{
    const mw_occlusion_options *o = options;
    mw_rng rng = mw_rng_make(key, "video.occlusion", condition);
    mw_augment augment = { .jpeg_quality = 0 };
    decision *d = out;
    mw_status st;

    (void)attempt;
    *d = (decision){ .kind = 0 };
    if (!o->fractions.n)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'face-fractions': at least one share is needed");
    st = mw_stretches_copy(&d->at, info, err);
    if (st == MW_OK) {
        d->face_fraction = o->fractions.v[mw_rng_below(&rng, o->fractions.n)];
        st = pick_occluder(d, o, info, &rng, err);
    }
    if (st == MW_OK) {
        if (o->augment) augment = mw_augment_draw(&rng);
        d->u = mw_rng_unit(&rng);
        d->v = mw_rng_unit(&rng);
        st = record_augment(d, &augment, err);
    }
    if (st == MW_OK) st = place_all(d, o, info, err);
    if (st != MW_OK) mw_opt_clear(decision_table, d);
    return st;
}

/* ---- applying ---- */

typedef struct state {
    const mw_occlusion_options *o;
    const decision *d;
    int width, height;
    size_t *first;   /* [stretches] index of a stretch's first place */
    mw_patch full;   /* augmented */
    mw_patch fitted; /* resized; of the side in use */
} state;

static void close_state(void *p)
{
    state *s = p;

    if (!s) return;
    mw_patch_clear(&s->full);
    mw_patch_clear(&s->fitted);
    mw_free(s->first);
    mw_free(s);
}

/* There is a place for every damaged frame, or for every stretch. */
static mw_status index_places(state *s, mw_error *err)
{
    const decision *d = s->d;
    size_t n = 0;

    s->first = mw_calloc(d->at.start_frames.n, sizeof *s->first);
    if (!s->first) return mw_fail_nomem(err);
    for (size_t k = 0; k < d->at.start_frames.n; k++) {
        s->first[k] = n;
        n += s->o->follow == MW_FOLLOW_TRACK ? (size_t)d->at.n_frames.v[k] : 1;
    }
    if (d->x_px.n == n && d->y_px.n == n && d->size_px.n == n) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_decision", "%zu places of an occluder; %zu are needed",
                   d->x_px.n, n);
}

static mw_status copy_patch(mw_patch *to, const mw_patch *from, mw_error *err)
{
    mw_status st = mw_patch_alloc(to, from->width, from->height, err);

    if (st != MW_OK) return st;
    memcpy(to->rgb, from->rgb, (size_t)from->width * (size_t)from->height * 3);
    memcpy(to->mask, from->mask, (size_t)from->width * (size_t)from->height);
    return MW_OK;
}

/* Every side that will be needed is tried here, so that applying cannot run out of memory for a
 * larger one. */
static mw_status reserve(state *s, mw_error *err)
{
    int64_t largest = 1;

    for (size_t i = 0; i < s->d->size_px.n; i++)
        if (s->d->size_px.v[i] > largest) largest = s->d->size_px.v[i];
    return mw_patch_resize(&s->fitted, &s->full, (int)largest, (int)largest, err);
}

static mw_status open_state(void **out, const void *options, const void *d,
                            const mw_visual_input *in, mw_error *err)
{
    mw_augment augment;
    mw_status st = mw_stretches_check(&((const decision *)d)->at, err);
    state *s = NULL;

    *out = NULL;
    if (st != MW_OK) return st;
    if (!in->patch)
        return mw_fail(err, MW_ERR_ARG, "bad_argument", "video.occlusion needs an occluder");
    s = mw_calloc(1, sizeof *s);
    if (!s) return mw_fail_nomem(err);
    *s = (state){ .o = options, .d = d, .width = in->width, .height = in->height };
    st = index_places(s, err);
    if (st == MW_OK) st = recall_augment(&augment, d, err);
    if (st == MW_OK) st = copy_patch(&s->full, in->patch, err);
    if (st == MW_OK) st = mw_augment_apply(&s->full, &augment, err);
    if (st == MW_OK) st = reserve(s, err);
    if (st == MW_OK) {
        *out = s;
        s = NULL;
    }
    close_state(s);
    return st;
}

static size_t place_of(const state *s, size_t k, int64_t t)
{
    return s->first[k] +
           (s->o->follow == MW_FOLLOW_TRACK ? (size_t)(t - s->d->at.start_frames.v[k]) : 0);
}

/* The patch at the side that place i asks for; NULL where there is no face (or, against
 * expectation, no memory). */
static const mw_patch *patch_for(state *s, size_t i)
{
    const int side = (int)s->d->size_px.v[i];
    mw_patch other;

    if (!side) return NULL;
    if (s->fitted.width != side) {
        if (mw_patch_resize(&other, &s->full, side, side, NULL) != MW_OK) return NULL;
        mw_patch_clear(&s->fitted);
        s->fitted = other;
    }
    return &s->fitted;
}

static void apply(void *p, size_t k, int64_t t, const mw_frame *src, mw_frame *dst)
{
    state *s = p;
    const size_t i = place_of(s, k, t);
    const mw_patch *patch = patch_for(s, i);

    for (int y = 0; y < src->height; y++)
        memcpy(dst->plane[0] + y * dst->stride[0], src->plane[0] + y * src->stride[0],
               (size_t)src->width * 3);
    if (patch)
        mw_blend_patch(dst, patch, (int)s->d->x_px.v[i], (int)s->d->y_px.v[i],
                       s->o->rounding == MW_NOISE_NEAREST);
}

static void cover(void *p, size_t k, int64_t t, const mw_box *face, double out[2])
{
    state *s = p;
    const size_t i = place_of(s, k, t);
    const mw_patch *patch = patch_for(s, i);
    const mw_box frame = { 0, 0, s->width, s->height };
    const int x = (int)s->d->x_px.v[i], y = (int)s->d->y_px.v[i];

    out[0] = !face ? NAN : patch ? mw_blend_covered(patch, x, y, *face, s->width, s->height) : 0;
    out[1] = patch ? mw_blend_covered(patch, x, y, frame, s->width, s->height) : 0;
}

static mw_status segments(const void *options, const void *p, mw_segments *out, mw_error *err)
{
    static const char *const types[] = { "occlusion.hand", "occlusion.object",
                                         "occlusion.texture" };
    const decision *d = p;

    (void)options;
    for (size_t i = 0; i < d->at.start_frames.n; i++) {
        const mw_segment s = { .i0 = d->at.start_frames.v[i],
                               .i1 = d->at.start_frames.v[i] + d->at.n_frames.v[i],
                               .type = types[d->kind],
                               .n_severities = 1,
                               .severity = { { "face_fraction_nominal", d->face_fraction } } };

        if (mw_segments_add(out, s)) return mw_fail_nomem(err);
    }
    return MW_OK;
}

static void occluder(const void *p, mw_occluder *out)
{
    const decision *d = p;

    *out = (mw_occluder){ .image = d->image, .mask = *d->mask ? d->mask : NULL, .kind = d->kind };
}

static const mw_visual_op visual = { .open = open_state,
                                     .apply = apply,
                                     .cover = cover,
                                     .close = close_state,
                                     .segments = segments,
                                     .occluder = occluder };

const mw_op mw_op_visual_occlusion = {
    .info = { .name = "video.occlusion",
              .summary = "a hand, an object or a texture in front of the face",
              .modality = MW_VISUAL,
              .version = 1,
              .options = mw_occlusion_options_table,
              .drawn = decision_table,
              .result = mw_visual_result_table },
    .options_size = sizeof(mw_occlusion_options),
    .decision_size = sizeof(decision),
    .result_size = sizeof(mw_visual_result),
    .draw = draw,
    .visual = &visual,
};
