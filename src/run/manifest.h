/* SPDX-License-Identifier: Apache-2.0
 *
 * The lists beside the outputs: provenance.jsonl (every sidecar, one a line), manifest.jsonl (one
 * row per clip, what later commands read), outcomes.csv (what became of each input).
 */
#ifndef MW_RUN_MANIFEST_H
#define MW_RUN_MANIFEST_H

#include "run/job.h"
#include "run/noted.h"

/* Paths of all sidecars below root, relative to it, sorted bytewise; free with
 * mw_sidecar_list_clear. all: also of folders within it that other jobs wrote, and those that a
 * manifest names, whether they are there or not. */
typedef struct mw_sidecar_list {
    char **rel;
    size_t n, cap;
} mw_sidecar_list;

mw_status mw_sidecar_list_make(mw_sidecar_list *list, const char *root, int all, mw_error *err);
void mw_sidecar_list_clear(mw_sidecar_list *list);

/* Write manifest.jsonl and provenance.jsonl of root. They depend on the sidecars alone; noted
 * (NULL: nothing) saves parsing some. */
mw_status mw_manifest_write(const char *root, mw_noted *noted, mw_error *err);

/* Write outcomes.csv: id, input, outcome (ok or failed), reason, message, one row per clip that
 * ended. Clips made now and clips found up to date are both "ok", so that an interrupted and
 * resumed run ends in the same file. */
mw_status mw_outcomes_write(const char *root, const mw_job *job, mw_error *err);

#endif
