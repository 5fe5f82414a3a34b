/* SPDX-License-Identifier: Apache-2.0
 *
 * Stretches of frames as part of a decision: the first member of every visual operation's decision
 * struct.
 */
#ifndef MW_CORRUPT_VISUAL_STRETCHES_H
#define MW_CORRUPT_VISUAL_STRETCHES_H

#include "corrupt/op.h"

typedef struct mw_stretches {
    mw_ints start_frames, n_frames;
} mw_stretches;

/* Rows for a table whose struct begins with mw_stretches. */
#define MW_STRETCHES_ROWS                                                                          \
    { "start-frames",                                                                              \
      MW_OPT_INTS,                                                                                 \
      offsetof(mw_stretches, start_frames),                                                        \
      "",                                                                                          \
      0,                                                                                           \
      0x1p53,                                                                                      \
      .help = "first frame of each stretch" },                                                     \
    {                                                                                              \
        "n-frames", MW_OPT_INTS, offsetof(mw_stretches, n_frames), "", 1, 0x1p53,                  \
            .help = "its length"                                                                   \
    }

extern const mw_opt mw_stretches_table[];

/* Take over the frames that the schedule gave. On failure out may be cleared with its table. */
mw_status mw_stretches_copy(mw_stretches *out, const mw_draw_info *info, mw_error *err);

/* MW_ERR_FORMAT (bad_decision) unless there are as many starts as lengths (a sidecar may say
 * anything). */
mw_status mw_stretches_check(const mw_stretches *s, mw_error *err);

#endif
