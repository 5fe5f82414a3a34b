/* SPDX-License-Identifier: Apache-2.0
 *
 * What all jobs over a tree of clips share: options, progress, summary. A job is one blocking call;
 * it starts its own worker threads, calls the hooks from them one at a time, and joins them before
 * it returns.
 */
#ifndef MERWILD_RUN_H
#define MERWILD_RUN_H

#include "merwild/options.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MW_SYNC_NONE, MW_SYNC_END };

/* Table: mw_run_options_table. */
typedef struct mw_run_options {
    char *in;      /* file or folder */
    char *out;     /* output folder (corrupt audio: its name up to "_<snr>") */
    uint64_t seed; /* root of every random draw */
    int64_t jobs;  /* worker threads; 0: one per processor */
    int64_t limit; /* only the first clips in order of path; 0: all */
    int overwrite; /* make outputs again even when they are up to date */
    int fail_fast; /* stop at the first failed clip */
    int dry_run;   /* draw and report, write nothing */
    int sync;      /* MW_SYNC_*: flush the file system before the manifest appears */
} mw_run_options;

MW_API extern const mw_opt mw_run_options_table[];

typedef enum mw_outcome { MW_DONE, MW_SKIPPED, MW_FAILED } mw_outcome;

typedef enum mw_event_kind {
    MW_EVENT_START, /* total is known */
    MW_EVENT_CLIP,  /* one clip ended */
    MW_EVENT_NOTE,  /* something the user should hear: message */
    MW_EVENT_DRAWN  /* --dry-run: message is the decision as one line of JSON */
} mw_event_kind;

/* Texts are valid during the call of the hook. */
typedef struct mw_event {
    mw_event_kind kind;
    const char *items; /* what is counted where it is not clips ("epochs"); NULL: clips */
    size_t n_ended, n_total;
    const char *id; /* clip id; NULL where none */
    mw_outcome outcome;
    const char *reason;  /* of a failure; "" otherwise */
    const char *message; /* "" where none */
    double media_s;      /* seconds of media of all clips ended so far */
    double elapsed_s;    /* since the job started */
} mw_event;

typedef struct mw_run_hooks {
    void *user;
    void (*event)(void *user, const mw_event *event); /* may be NULL */
    int (*stop)(void *user); /* may be NULL; non-zero: end soon, leaving no partial file */
} mw_run_hooks;

/* Failures of one reason. */
typedef struct mw_reason_count {
    char reason[32];
    size_t n;
} mw_reason_count;

#define MW_MAX_REASONS 32

/* items: what is counted, where it is not clips ("models"); NULL: clips. Static text. */
typedef struct mw_summary {
    const char *items;
    size_t n_clips, n_done, n_skipped, n_failed;
    size_t n_outputs;     /* media files written */
    size_t n_other_files; /* files passed over because of their suffix */
    size_t n_noise_files, n_noise_rejected;
    mw_reason_count reasons[MW_MAX_REASONS]; /* in order of first appearance by path */
    size_t n_reasons;
    double media_s, elapsed_s;
} mw_summary;

#ifdef __cplusplus
}
#endif
#endif
