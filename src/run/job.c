/* SPDX-License-Identifier: Apache-2.0 */
#include "run/job.h"

#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"

double mw_clock_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int mw_job_stopping(mw_job *job)
{
    return job->hooks && job->hooks->stop && job->hooks->stop(job->hooks->user);
}

/* With the lock held. */
static void emit(mw_job *job, mw_event *e)
{
    if (!job->hooks || !job->hooks->event) return;
    if (!e->reason) e->reason = "";
    if (!e->message) e->message = "";
    e->n_ended = job->n_ended;
    e->n_total = job->n;
    e->media_s = job->media_s;
    e->elapsed_s = mw_clock_s() - job->start_s;
    job->hooks->event(job->hooks->user, e);
}

void mw_job_tell(mw_job *job, mw_event_kind kind, const char *id, const char *message)
{
    pthread_mutex_lock(&job->lock);
    emit(job, &(mw_event){ .kind = kind, .id = id, .message = message });
    pthread_mutex_unlock(&job->lock);
}

mw_status mw_job_tell_drawn(mw_job *job, const char *id, mw_str *json, mw_error *err)
{
    mw_str line = { 0 };
    mw_status st;

    mw_json_compact(&line, json->data ? json->data : "", json->n);
    line.failed |= json->failed;
    st = mw_str_ok(&line, err);
    if (st == MW_OK) mw_job_tell(job, MW_EVENT_DRAWN, id, line.data);
    mw_str_clear(json);
    mw_str_clear(&line);
    return st;
}

void mw_job_note(mw_job *job, const mw_sidecar *c, const char *root, const char *rel,
                 const char *text, size_t n)
{
    pthread_mutex_lock(&job->lock);
    mw_noted_add(&job->noted, c, root, rel, text, n);
    pthread_mutex_unlock(&job->lock);
}

static int run_one(void *user, int worker, size_t i)
{
    mw_job *job = user;
    const mw_clip *clip = &job->walk->clips[i];
    mw_clip_result *r = &job->results[i];
    int stop;

    if (mw_job_stopping(job)) return 1;
    if (clip->error) {
        r->outcome = MW_FAILED;
        r->error = *clip->error;
    } else {
        job->work(job->user, job, worker, clip, r);
    }
    /* a clip cut short by a stop counts as not reached, so that nothing is reported that did not
     * happen */
    if (r->outcome == MW_FAILED && r->error.code == MW_ERR_INTERRUPTED) return 1;
    pthread_mutex_lock(&job->lock);
    r->ended = 1;
    job->n_ended++;
    job->media_s += r->media_s;
    emit(job, &(mw_event){ .kind = MW_EVENT_CLIP,
                           .id = clip->id,
                           .outcome = r->outcome,
                           .reason = r->outcome == MW_FAILED ? r->error.reason : "",
                           .message = r->outcome == MW_FAILED ? r->error.message : "" });
    stop = job->fail_fast && r->outcome == MW_FAILED;
    pthread_mutex_unlock(&job->lock);
    return stop;
}

void mw_summary_count(mw_summary *s, const char *reason)
{
    size_t i = 0;

    while (i < s->n_reasons && strcmp(s->reasons[i].reason, reason))
        i++;
    if (i == MW_MAX_REASONS) return;
    if (i == s->n_reasons) {
        memcpy(s->reasons[i].reason, reason, sizeof s->reasons[i].reason);
        s->n_reasons++;
    }
    s->reasons[i].n++;
}

static void summarise(mw_job *job)
{
    mw_summary *s = job->summary;

    for (size_t i = 0; i < job->n; i++) {
        const mw_clip_result *r = &job->results[i];

        s->n_outputs += r->n_outputs;
        if (!r->ended) continue;
        s->n_done += r->outcome == MW_DONE;
        s->n_skipped += r->outcome == MW_SKIPPED;
        s->n_failed += r->outcome == MW_FAILED;
        if (r->outcome == MW_FAILED) mw_summary_count(s, r->error.reason);
    }
    s->n_clips = job->n;
    s->media_s = job->media_s;
    s->elapsed_s = mw_clock_s() - job->start_s;
}

mw_status mw_job_run(mw_job *job, mw_error *err)
{
    mw_status st;

    job->results = mw_calloc(job->n, sizeof *job->results);
    if (!job->results) return mw_fail_nomem(err);
    mw_job_tell(job, MW_EVENT_START, NULL, "");
    st = mw_pool_run(job->n, job->n_threads, run_one, job, err);
    if (st != MW_OK) return st;
    summarise(job);
    if (mw_job_stopping(job))
        return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped after %zu of %zu clips",
                       job->n_ended, job->n);
    return MW_OK;
}

void mw_job_clear(mw_job *job)
{
    mw_free(job->results);
    job->results = NULL;
    mw_noted_clear(&job->noted);
}
