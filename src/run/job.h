/* SPDX-License-Identifier: Apache-2.0
 *
 * Running one function over many clips: threads, counting, events, interruption.
 */
#ifndef MW_RUN_JOB_H
#define MW_RUN_JOB_H

#include <pthread.h>

#include "merwild/run.h"
#include "run/noted.h"
#include "run/walk.h"

/* What became of one clip. */
typedef struct mw_clip_result {
    mw_outcome outcome;
    int ended; /* 0 while not reached (stopped before) */
    size_t n_outputs;
    double media_s;
    mw_error error; /* when failed */
} mw_clip_result;

typedef struct mw_job mw_job;

/* Work on one clip; fill r. worker is in [0, n_threads). */
typedef void (*mw_clip_work)(void *user, mw_job *job, int worker, const mw_clip *clip,
                             mw_clip_result *r);

struct mw_job {
    const mw_run_hooks *hooks; /* may be NULL */
    mw_summary *summary;
    const mw_walk *walk;
    size_t n; /* clips of the walk to be worked on: the first n */
    int n_threads, fail_fast;
    mw_clip_work work;
    void *user;
    mw_clip_result *results; /* [n], owned by the job */
    pthread_mutex_t lock;
    mw_noted noted; /* sidecars written; mw_job_note */
    size_t n_ended;
    double start_s, media_s;
};

/* Whether the user asked to stop; work functions poll it between frames or conditions. */
int mw_job_stopping(mw_job *job);

/* Call the event hook with a note. */
void mw_job_tell(mw_job *job, mw_event_kind kind, const char *id, const char *message);

/* Call it with what a dry run drew for a clip: a JSON object, which goes out as one line and is
 * cleared. */
mw_status mw_job_tell_drawn(mw_job *job, const char *id, mw_str *json, mw_error *err);

/* mw_noted_add, from a worker. */
void mw_job_note(mw_job *job, const mw_sidecar *c, const char *root, const char *rel,
                 const char *text, size_t n);

/* Run work over the first n clips; clips that carry an error fail with it. Fills the summary.
 * MW_ERR_INTERRUPTED after a stop. The results stay until mw_job_clear. */
mw_status mw_job_run(mw_job *job, mw_error *err);
void mw_job_clear(mw_job *job);

/* One more failure of this reason. */
void mw_summary_count(mw_summary *s, const char *reason);

/* Monotonic seconds. */
double mw_clock_s(void);

#endif
