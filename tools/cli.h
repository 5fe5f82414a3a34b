/* SPDX-License-Identifier: Apache-2.0
 *
 * Command-line reading over options tables, help made of them, progress and summaries.
 */
#ifndef MERWILD_TOOLS_CLI_H
#define MERWILD_TOOLS_CLI_H

#include <stdio.h>

#include "merwild/merwild.h"

/* Exit codes. */
enum {
    EXIT_OK = 0,
    EXIT_USAGE = 1,
    EXIT_CANNOT_START = 2,
    EXIT_FAILED_CLIPS = 3,
    EXIT_INTERRUPTED = 130
};

/* What every command understands beside its tables. */
typedef struct cli_common {
    int json;      /* --json: the summary as one JSON object on standard output */
    int quiet;     /* --quiet: no progress, no notes */
    int help;      /* --help, -h */
    int reference; /* --preset reference */
} cli_common;

typedef struct cli_command {
    const char *name;      /* "corrupt audio" */
    const char *arguments; /* "SIDECAR", "" */
    const char *summary;   /* one line */
    const char *details;   /* further paragraphs, may be NULL */
    int max_positional;
    int has_preset;
} cli_command;

/* Read the flags that decide how the rest is read (--preset, --help). 0, or EXIT_USAGE with a
 * message. */
int cli_scan(const cli_command *c, int argc, char **argv, cli_common *common);

/* Set options from argv. positional [max_positional] receives the other arguments. 0, or EXIT_USAGE
 * with a message. */
int cli_parse(const cli_command *c, int argc, char **argv, const mw_opt_group *groups,
              size_t n_groups, cli_common *common, const char **positional);

void cli_help(const cli_command *c, const mw_opt_group *groups, size_t n_groups, FILE *to);

/* Progress over a job: a line on a terminal, JSON lines otherwise. */
typedef struct cli_progress {
    cli_common common;
    const char *command;
    int terminal;
    size_t n_failed;
    double last_s;
} cli_progress;

mw_run_hooks cli_hooks(cli_progress *p, const char *command, const cli_common *common);

/* Print the summary; the exit code that goes with status and counts. */
int cli_finish(cli_progress *p, mw_status st, const mw_summary *s, const mw_error *err);

/* A job over clips, behind types of no name; see CLI_JOB. */
typedef struct cli_job {
    void *(*options_new)(int preset, mw_error *err);
    size_t (*options_groups)(void *o, mw_opt_group *groups);
    mw_status (*run)(const void *o, const mw_run_hooks *hooks, mw_summary *summary, mw_error *err);
    void (*options_free)(void *o);
} cli_job;

/* Define the cli_job job_name from mw_name, mw_name_options and its new, groups and free. */
#define CLI_JOB(name)                                                                              \
    static void *name##_new(int preset, mw_error *err)                                             \
    {                                                                                              \
        return mw_##name##_options_new(preset, err);                                               \
    }                                                                                              \
    static size_t name##_groups(void *o, mw_opt_group *groups)                                     \
    {                                                                                              \
        return mw_##name##_options_groups(o, groups);                                              \
    }                                                                                              \
    static mw_status name##_run(const void *o, const mw_run_hooks *hooks, mw_summary *summary,     \
                                mw_error *err)                                                     \
    {                                                                                              \
        return mw_##name(o, hooks, summary, err);                                                  \
    }                                                                                              \
    static void name##_free(void *o)                                                               \
    {                                                                                              \
        mw_##name##_options *own = o;                                                              \
        mw_##name##_options_free(&own);                                                            \
    }                                                                                              \
    static const cli_job job_##name = { name##_new, name##_groups, name##_run, name##_free }

/* A whole command: options from argv, then help or the job with progress and summary. The exit
 * code. */
int cli_run_job(const cli_command *c, const cli_job *job, int argc, char **argv);

/* Install the handlers behind the hooks' stop. */
void cli_catch_signals(void);

/* A JSON string in quotes; what is not UTF-8 becomes U+FFFD. */
void cli_json_text(FILE *to, const char *text);

#endif
