/* SPDX-License-Identifier: Apache-2.0
 *
 * video.gaussian_noise: independent Gaussian noise on every sample of the damaged frames, its
 * variance drawn per stretch. The arithmetic is scikit-image's (img/noise.h), the range of
 * variances that of MER-in-the-Wild.
 */
#include "corrupt/visual/noise.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "corrupt/visual/stretches.h"
#include "img/noise.h"

typedef struct decision {
    mw_stretches at;
    mw_doubles noise_var;
    uint64_t stream;
} decision;

static const char *const rounding_names[] = { "nearest", "truncate", NULL };

#define O(field) offsetof(mw_noise_options, field)
#define D(field) offsetof(decision, field)

/* clang-format off */
const mw_opt mw_noise_options_table[] = {
    { "noise-var-min", MW_OPT_DOUBLE, O(var_min), "0", 0, 1, .help = "smallest variance of the noise, full scale = 1" },
    { "noise-var-max", MW_OPT_DOUBLE, O(var_max), "0.2", 0, 1, .help = "largest variance of the noise" },
    { "noise-rounding", MW_OPT_ENUM, O(rounding), "nearest", .choices = rounding_names, .reference = "truncate",
      .help = "how noisy values become 8 bits again; truncate darkens by half a level" },
    { 0 },
};

static const mw_opt decision_table[] = {
    MW_STRETCHES_ROWS,
    { "noise-var", MW_OPT_DOUBLES, D(noise_var), "", 0, 1, .help = "its variance" },
    { "stream", MW_OPT_UINT, D(stream), "0", .help = "key of the noise" },
    { 0 },
};
/* clang-format on */

static mw_status draw(const void *options, const mw_draw_info *info, const mw_clip_key *key,
                      const char *condition, unsigned attempt, void *out, mw_error *err)
{
    const mw_noise_options *o = options;
    mw_rng rng = mw_rng_make(key, "video.gaussian_noise", condition);
    decision *d = out;
    mw_status st;

    (void)attempt;
    *d = (decision){ 0 };
    if (o->var_max < o->var_min)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'noise-var-max' (%g) is below 'noise-var-min' (%g)", o->var_max,
                       o->var_min);
    d->stream = mw_rng_u64(&rng);
    st = mw_stretches_copy(&d->at, info, err);
    if (st == MW_OK) {
        d->noise_var.v = mw_calloc(info->n_stretches, sizeof *d->noise_var.v);
        if (!d->noise_var.v) st = mw_fail_nomem(err);
    }
    for (size_t i = 0; st == MW_OK && i < info->n_stretches; i++)
        d->noise_var.v[d->noise_var.n++] = mw_rng_uniform(&rng, o->var_min, o->var_max);
    if (st != MW_OK) mw_opt_clear(decision_table, d);
    return st;
}

typedef struct state {
    const mw_noise_options *o;
    const decision *d;
} state;

static mw_status open_state(void **out, const void *options, const void *d,
                            const mw_visual_input *in, mw_error *err)
{
    const decision *checked = d;
    mw_status st = mw_stretches_check(&checked->at, err);
    state *s;

    (void)in;
    *out = NULL;
    if (st != MW_OK) return st;
    if (checked->noise_var.n != checked->at.n_frames.n)
        return mw_fail(err, MW_ERR_FORMAT, "bad_decision", "stretches and variances do not match");
    s = mw_calloc(1, sizeof *s);
    if (!s) return mw_fail_nomem(err);
    *s = (state){ options, d };
    *out = s;
    return MW_OK;
}

static void apply(void *p, size_t k, int64_t t, const mw_frame *src, mw_frame *dst)
{
    const state *s = p;

    for (int y = 0; y < src->height; y++)
        memcpy(dst->plane[0] + y * dst->stride[0], src->plane[0] + y * src->stride[0],
               (size_t)src->width * 3);
    mw_img_noise_rgb(dst, t, s->d->stream, sqrt(s->d->noise_var.v[k]),
                     (mw_noise_rounding)s->o->rounding);
}

static mw_status segments(const void *options, const void *p, mw_segments *out, mw_error *err)
{
    const decision *d = p;

    (void)options;
    for (size_t i = 0; i < d->at.start_frames.n; i++) {
        const mw_segment s = { .i0 = d->at.start_frames.v[i],
                               .i1 = d->at.start_frames.v[i] + d->at.n_frames.v[i],
                               .type = "pixelnoise.gaussian",
                               .n_severities = 1,
                               .severity = { { "noise_var", d->noise_var.v[i] } } };

        if (mw_segments_add(out, s)) return mw_fail_nomem(err);
    }
    return MW_OK;
}

static const mw_visual_op visual = {
    .open = open_state, .apply = apply, .close = mw_free, .segments = segments
};

const mw_op mw_op_visual_noise = {
    .info = { .name = "video.gaussian_noise",
              .summary = "independent Gaussian noise on every sample of the picture",
              .modality = MW_VISUAL,
              .version = 1,
              .options = mw_noise_options_table,
              .drawn = decision_table,
              .result = mw_visual_result_table },
    .options_size = sizeof(mw_noise_options),
    .decision_size = sizeof(decision),
    .result_size = sizeof(mw_visual_result),
    .draw = draw,
    .visual = &visual,
};
