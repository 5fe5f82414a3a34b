/* SPDX-License-Identifier: Apache-2.0 */
#include "corrupt/visual/stretches.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"

const mw_opt mw_stretches_table[] = { MW_STRETCHES_ROWS, { 0 } };

static mw_status copy_ints(mw_ints *to, const int64_t *from, size_t n, mw_error *err)
{
    *to = (mw_ints){ .v = mw_calloc(n, sizeof *to->v) };
    if (!to->v) return mw_fail_nomem(err);
    if (n) memcpy(to->v, from, n * sizeof *to->v);
    to->n = n;
    return MW_OK;
}

mw_status mw_stretches_copy(mw_stretches *out, const mw_draw_info *info, mw_error *err)
{
    mw_status st;

    *out = (mw_stretches){ 0 };
    st = copy_ints(&out->start_frames, info->start_frames, info->n_stretches, err);
    if (st == MW_OK) st = copy_ints(&out->n_frames, info->n_frames, info->n_stretches, err);
    if (st != MW_OK) mw_opt_clear(mw_stretches_table, out);
    return st;
}

mw_status mw_stretches_check(const mw_stretches *s, mw_error *err)
{
    if (s->start_frames.n == s->n_frames.n) return MW_OK;
    return mw_fail(err, MW_ERR_FORMAT, "bad_decision", "%zu stretches start and %zu have a length",
                   s->start_frames.n, s->n_frames.n);
}
