/* SPDX-License-Identifier: Apache-2.0 */
#include "corrupt/op.h"

#include <string.h>

#include "base/mem.h"

static const mw_op *const ops[] = {
#define MW_OP(area, name) &mw_op_##area##_##name,
#include "corrupt/ops.def"
#undef MW_OP
};

const mw_opt mw_visual_result_table[] = {
    { "n-frames", MW_OPT_INT, offsetof(mw_visual_result, n_frames), "0", .help = "damaged frames" },
    { "psnr-db", MW_OPT_DOUBLE, offsetof(mw_visual_result, psnr_db), "0", .unit = "dB",
      .help = "peak signal-to-noise ratio of the damaged frames" },
    { 0 },
};

size_t mw_op_count(void)
{
    return sizeof ops / sizeof *ops;
}

const mw_op *mw_op_at(size_t i)
{
    return i < mw_op_count() ? ops[i] : NULL;
}

const mw_op *mw_op_by_name(const char *name)
{
    for (size_t i = 0; i < mw_op_count(); i++)
        if (!strcmp(ops[i]->info.name, name)) return ops[i];
    return NULL;
}

const mw_op_info *mw_op_get(size_t i)
{
    return i < mw_op_count() ? &ops[i]->info : NULL;
}

const mw_op_info *mw_op_find(const char *name)
{
    const mw_op *op = mw_op_by_name(name);

    return op ? &op->info : NULL;
}

int mw_segments_add(mw_segments *list, mw_segment segment)
{
    if (mw_grow(&list->v, &list->cap, list->n + 1, sizeof *list->v)) return -1;
    list->v[list->n++] = segment;
    return 0;
}
