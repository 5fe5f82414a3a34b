/* SPDX-License-Identifier: Apache-2.0
 *
 * What every job does before and after its clips: output folders with their lock and marker, the
 * list of clips, manifest, provenance and outcomes.
 */
#ifndef MW_RUN_SETUP_H
#define MW_RUN_SETUP_H

#include "base/error.h"
#include "base/mem.h"
#include "merwild/corrupt.h" /* MW_MAX_GROUPS */
#include "run/job.h"

#define MW_MAX_ROOTS 64

/* All groups of a job's zeroed options: their defaults; free what they own. On failure the groups
 * can be cleared. */
mw_status mw_groups_defaults(const mw_opt_group *groups, size_t n_groups, int preset,
                             mw_error *err);
void mw_groups_clear(const mw_opt_group *groups, size_t n_groups);

/* Define mw_NAME_options_new and mw_NAME_options_free of a job from struct mw_NAME_options and its
 * mw_NAME_options_groups. init: an expression that sets what no table does; o and preset are at
 * hand. */
#define MW_JOB_OPTIONS(name, init)                                                                 \
    void mw_##name##_options_free(mw_##name##_options **o)                                         \
    {                                                                                              \
        mw_opt_group groups[MW_MAX_GROUPS];                                                        \
                                                                                                   \
        if (!*o) return;                                                                           \
        mw_groups_clear(groups, mw_##name##_options_groups(*o, groups));                           \
        mw_free(*o);                                                                               \
        *o = NULL;                                                                                 \
    }                                                                                              \
                                                                                                   \
    mw_##name##_options *mw_##name##_options_new(int preset, mw_error *err)                        \
    {                                                                                              \
        mw_##name##_options *o = mw_calloc(1, sizeof *o);                                          \
        mw_opt_group groups[MW_MAX_GROUPS];                                                        \
        mw_status st;                                                                              \
                                                                                                   \
        if (!o) {                                                                                  \
            mw_fail_nomem(err);                                                                    \
            return NULL;                                                                           \
        }                                                                                          \
        st = mw_groups_defaults(groups, mw_##name##_options_groups(o, groups), preset, err);       \
        init;                                                                                      \
        if (st != MW_OK) mw_##name##_options_free(&o);                                             \
        return o;                                                                                  \
    }

/* Worker threads asked for, >= 1. */
int mw_run_threads(const mw_run_options *o);

/* The output folders of a job. */
typedef struct mw_roots {
    char *path[MW_MAX_ROOTS + 1]; /* NULL-terminated */
    int lock[MW_MAX_ROOTS];
    size_t n;
} mw_roots;

/* Take over path (mw_free'd by mw_roots_close); NULL: no memory. MW_ERR_RANGE when there are too
 * many or one twice. */
mw_status mw_roots_add(mw_roots *r, char *path, mw_error *err);
/* Create, lock and mark all of them, and remove what killed runs left half-written. */
mw_status mw_roots_open(mw_roots *r, mw_error *err);
void mw_roots_close(mw_roots *r);

/* Fill job for all clips of walk, which must outlive it: threads, hooks, lock, clock. */
void mw_job_init(mw_job *job, const mw_walk *walk, const mw_run_options *o,
                 const mw_run_hooks *hooks, mw_summary *summary);

/* Walk and fill job from the options: threads, limit, clips below o->in (kinds: MW_WALK_*) outside
 * the roots. walk must outlive the job. MW_ERR_IO (no_clips) when there is none; MW_ERR_RANGE when
 * a root is the input folder itself. Clips whose outputs could replace inputs, where a root lies
 * above the input folder, carry an error. */
mw_status mw_job_setup(mw_job *job, mw_walk *walk, const mw_run_options *o, int kinds,
                       const mw_roots *roots, const mw_run_hooks *hooks, mw_summary *summary,
                       mw_error *err);

/* Write manifest.jsonl and provenance.jsonl from all sidecars below each root, and outcomes.csv of
 * this run's clips; first flush the file system when sync says so. */
mw_status mw_job_finish(mw_job *job, const mw_run_options *o, const mw_roots *roots, mw_error *err);

#endif
