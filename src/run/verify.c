/* SPDX-License-Identifier: Apache-2.0
 *
 * verify: every file that a sidecar names has the recorded size and SHA-256. Paths in a sidecar are
 * relative to the folder that its job wrote, which may lie below the one that is verified.
 */
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "merwild/corrupt.h"
#include "run/manifest.h"
#include "run/setup.h"
#include "run/sidecar.h"

/* media: an object with path and sha256 (and bytes), or null. */
static mw_status check_file(const char *root, const json_t *media, mw_clip_result *r)
{
    const char *rel = json_string_value(json_object_get(media, "path"));
    const char *expected = json_string_value(json_object_get(media, "sha256"));
    char found[65];
    mw_status st;
    char *path;

    if (!media || json_is_null(media)) return MW_OK;
    if (!rel || !expected || !mw_path_is_inside(rel))
        return mw_fail(&r->error, MW_ERR_FORMAT, "bad_json",
                       "an output without usable path and hash");
    path = mw_path_join(root, rel);
    if (!path) return mw_fail_nomem(&r->error);
    st = mw_sha256_file(found, NULL, path, &r->error);
    if (st == MW_OK && strcmp(found, expected))
        st = mw_fail(&r->error, MW_ERR_MISMATCH, "different",
                     "'%s' has other contents than its sidecar recorded", path);
    r->n_outputs += st == MW_OK;
    mw_free(path);
    return st;
}

/* The innermost folder around a sidecar that a job wrote; root when none below it is. */
static char *output_root(const char *root, const mw_clip *clip)
{
    const size_t n_root = strlen(clip->path) - strlen(clip->rel);
    char *folder = mw_strdup(clip->path), *slash;

    while (folder && (slash = strrchr(folder, '/')) && (size_t)(slash - folder) >= n_root) {
        *slash = 0;
        if (mw_is_output(folder)) return folder;
    }
    mw_free(folder);
    return mw_strdup(root);
}

static void verify_one(void *user, mw_job *job, int worker, const mw_clip *clip, mw_clip_result *r)
{
    char *root = output_root(user, clip);
    const json_t *output, *features;
    json_t *doc;
    mw_status st = root ? mw_json_load(&doc, clip->path, MW_SIDECAR_MAX_BYTES, &r->error)
                        : mw_fail_nomem(&r->error);

    (void)job;
    (void)worker;
    if (st == MW_OK) {
        output = json_object_get(doc, "output");
        features = json_object_get(output, "features");
        if (!json_is_object(output))
            st = mw_fail(&r->error, MW_ERR_FORMAT, "bad_json", "'%s' names no output", clip->path);
        if (st == MW_OK) st = check_file(root, json_object_get(output, "video"), r);
        if (st == MW_OK) st = check_file(root, json_object_get(output, "audio"), r);
        for (size_t i = 0; st == MW_OK && i < json_array_size(features); i++)
            st = check_file(root, json_array_get(features, i), r);
        if (st == MW_OK) st = check_file(root, json_object_get(doc, "track"), r);
        json_decref(doc);
    }
    mw_free(root);
    r->outcome = st == MW_OK ? MW_DONE : MW_FAILED;
}

mw_status mw_verify(const char *root, int64_t jobs, const mw_run_hooks *hooks, mw_summary *summary,
                    mw_error *err)
{
    const mw_run_options o = { .jobs = jobs };
    mw_sidecar_list list = { 0 };
    mw_walk walk = { 0 };
    mw_job job = { .work = verify_one, .user = (void *)(uintptr_t)root };
    mw_texts rel;
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = mw_sidecar_list_make(&list, root, 1, err);
    rel = (mw_texts){ list.rel, list.n };
    if (st == MW_OK) st = mw_walk_list(&walk, root, &rel, err);
    if (st == MW_OK && !walk.n)
        st = mw_fail(err, MW_ERR_IO, "no_clips", "no sidecar (*" MW_SIDECAR_SUFFIX ") below '%s'",
                     root);
    if (st == MW_OK) {
        mw_job_init(&job, &walk, &o, hooks, summary);
        st = mw_job_run(&job, err);
    }
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_sidecar_list_clear(&list);
    return st;
}
