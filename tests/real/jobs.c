/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs.h"

#include "support/support.h"

#include "run/walk.h"

void set_option(const mw_opt_group *groups, size_t n, const char *name, const char *value)
{
    mw_error err;

    for (size_t i = 0; i < n; i++) {
        const mw_opt *row = mw_opt_find(groups[i].table, name);

        if (!row) continue;
        if (mw_opt_set(row, groups[i].values, value, &err) != MW_OK) fail_msg("%s", err.message);
        return;
    }
    fail_msg("no option %s", name);
}

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
