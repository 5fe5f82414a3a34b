/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs.h"

#include "support/support.h"

#include "run/walk.h"

mw_texts clip_stems(void)
{
    mw_walk walk = { 0 };
    mw_texts t;

    assert_ok(mw_walk_run(&walk, shared_path(CLIPS), MW_WALK_VIDEO, NULL, NULL));
    t = (mw_texts){ calloc(walk.n, sizeof *t.v), walk.n };
    for (size_t i = 0; i < walk.n; i++)
        t.v[i] = strdup(walk.clips[i].stem);
    mw_walk_clear(&walk);
    return t;
}

void texts_free(mw_texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->v[i]);
    free(t->v);
}
