/* SPDX-License-Identifier: Apache-2.0
 *
 * video.gaussian_blur: the damaged frames go through a Gaussian low-pass of fixed width; the kernel
 * is torchvision's (img/blur.h), the size that of MER-in-the-Wild.
 */
#include "corrupt/visual/blur.h"

#include "base/error.h"
#include "base/mem.h"
#include "corrupt/visual/stretches.h"
#include "img/blur.h"

#define O(field) offsetof(mw_blur_options, field)

/* clang-format off */
const mw_opt mw_blur_options_table[] = {
    { "blur-kernel-px", MW_OPT_INT, O(kernel_px), "11", MW_BLUR_KERNEL_MIN, MW_BLUR_KERNEL_MAX, "px", .aliases = "blur-kernel",
      .help = "width of the blur kernel, odd" },
    { "blur-sigma-px", MW_OPT_DOUBLE, O(sigma_px), "2", 0.01, 100, "px", .aliases = "blur-sigma", .help = "standard deviation of the blur kernel" },
    { 0 },
};
/* clang-format on */

static mw_status draw(const void *options, const mw_draw_info *info, const mw_clip_key *key,
                      const char *condition, unsigned attempt, void *out, mw_error *err)
{
    const mw_blur_options *o = options;

    (void)key;
    (void)condition;
    (void)attempt;
    if (o->kernel_px % 2 == 0)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'blur-kernel-px': %lld is even",
                       (long long)o->kernel_px);
    return mw_stretches_copy(out, info, err);
}

typedef struct state {
    mw_blur *blur;
} state;

static void close_state(void *p)
{
    state *s = p;

    if (!s) return;
    mw_blur_close(&s->blur);
    mw_free(s);
}

static mw_status open_state(void **out, const void *options, const void *decision,
                            const mw_visual_input *in, mw_error *err)
{
    const mw_blur_options *o = options;
    mw_status st = mw_stretches_check(decision, err);
    state *s = NULL;

    *out = NULL;
    if (st != MW_OK) return st;
    s = mw_calloc(1, sizeof *s);
    if (!s) return mw_fail_nomem(err);
    st = mw_blur_open(&s->blur, in->width, (int)o->kernel_px, o->sigma_px, err);
    if (st != MW_OK) {
        close_state(s);
        return st;
    }
    *out = s;
    return MW_OK;
}

static void apply(void *p, size_t k, int64_t t, const mw_frame *src, mw_frame *dst)
{
    (void)k;
    (void)t;
    mw_blur_apply(((state *)p)->blur, src, dst);
}

static mw_status segments(const void *options, const void *decision, mw_segments *out,
                          mw_error *err)
{
    const mw_blur_options *o = options;
    const mw_stretches *d = decision;

    for (size_t i = 0; i < d->start_frames.n; i++) {
        const mw_segment s = { .i0 = d->start_frames.v[i],
                               .i1 = d->start_frames.v[i] + d->n_frames.v[i],
                               .type = "blur.gaussian",
                               .n_severities = 2,
                               .severity = { { "blur_sigma_px", o->sigma_px },
                                             { "blur_kernel_px", (double)o->kernel_px } } };

        if (mw_segments_add(out, s)) return mw_fail_nomem(err);
    }
    return MW_OK;
}

static const mw_visual_op visual = {
    .open = open_state, .apply = apply, .close = close_state, .segments = segments
};

const mw_op mw_op_visual_blur = {
    .info = { .name = "video.gaussian_blur",
              .summary = "Gaussian blur of fixed width",
              .modality = MW_VISUAL,
              .version = 1,
              .options = mw_blur_options_table,
              .drawn = mw_stretches_table,
              .result = mw_visual_result_table },
    .options_size = sizeof(mw_blur_options),
    .decision_size = sizeof(mw_stretches),
    .result_size = sizeof(mw_visual_result),
    .draw = draw,
    .visual = &visual,
};
