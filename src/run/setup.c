/* SPDX-License-Identifier: Apache-2.0 */
#include "run/setup.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "run/manifest.h"

#define MAX_SWEEP_DEPTH 80 /* inputs lie at most 64 folders deep */

static const char *const sync_names[] = { "none", "end", NULL };

#define O(field) offsetof(mw_run_options, field)

/* clang-format off */
const mw_opt mw_run_options_table[] = {
    { "in", MW_OPT_TEXT, O(in), "", .help = "input file or folder", .aliases = "main-dir MOSI-main-dir", .flags = MW_OPT_RUNTIME },
    { "out", MW_OPT_TEXT, O(out), "", .help = "output folder", .aliases = "save-loc MOSI-save-loc", .flags = MW_OPT_RUNTIME },
    { "seed", MW_OPT_UINT, O(seed), "1", .help = "root of every random draw", .flags = MW_OPT_RUNTIME },
    { "jobs", MW_OPT_INT, O(jobs), "0", 0, 1024, .help = "worker threads; 0: one per processor", .flags = MW_OPT_RUNTIME },
    { "limit", MW_OPT_INT, O(limit), "0", 0, 1e15, .help = "only the first N clips in order of path; 0: all",
      .flags = MW_OPT_RUNTIME },
    { "overwrite", MW_OPT_BOOL, O(overwrite), "no", .help = "make outputs again even when they are up to date",
      .flags = MW_OPT_RUNTIME },
    { "fail-fast", MW_OPT_BOOL, O(fail_fast), "no", .help = "stop at the first failed clip", .flags = MW_OPT_RUNTIME },
    { "dry-run", MW_OPT_BOOL, O(dry_run), "no", .help = "draw and report on standard output, write nothing",
      .flags = MW_OPT_RUNTIME },
    { "sync", MW_OPT_ENUM, O(sync), "end", .choices = sync_names,
      .help = "end: flush the output's file system to its device before the manifest appears", .flags = MW_OPT_RUNTIME },
    { 0 },
};
/* clang-format on */

mw_status mw_groups_defaults(const mw_opt_group *groups, size_t n_groups, int preset, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < n_groups; i++)
        st = mw_opt_defaults(groups[i].table, groups[i].values, preset, err);
    return st;
}

void mw_groups_clear(const mw_opt_group *groups, size_t n_groups)
{
    for (size_t i = 0; i < n_groups; i++)
        mw_opt_clear(groups[i].table, groups[i].values);
}

int mw_run_threads(const mw_run_options *o)
{
    return o->jobs ? (int)o->jobs : mw_n_cpus();
}

mw_status mw_roots_add(mw_roots *r, char *path, mw_error *err)
{
    mw_status st = MW_OK;

    if (!path) return mw_fail_nomem(err);
    for (size_t i = 0; i < r->n; i++)
        if (!strcmp(r->path[i], path))
            st = mw_fail(err, MW_ERR_RANGE, "bad_option", "'%s' is written to twice", path);
    if (st == MW_OK && r->n == MW_MAX_ROOTS)
        st = mw_fail(err, MW_ERR_RANGE, "bad_option", "more than %d output folders", MW_MAX_ROOTS);
    if (st != MW_OK) {
        mw_free(path);
        return st;
    }
    r->lock[r->n] = -1;
    r->path[r->n++] = path;
    return MW_OK;
}

static int is_part(const char *name)
{
    const size_t n = strlen(name), k = strlen(MW_PART_SUFFIX);

    return n > k && !strcmp(name + n - k, MW_PART_SUFFIX);
}

/* Remove what runs that were killed left half-written. Folders with a marker of their own may
 * belong to a job that is running. What cannot be read or removed stays. */
static void sweep_parts(const char *path, int depth)
{
    DIR *dir = depth < MAX_SWEEP_DEPTH ? opendir(path) : NULL;
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char *child = mw_path_join(path, entry->d_name), *marker = NULL;
        struct stat info;

        if (child && strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") &&
            !lstat(child, &info)) {
            if (S_ISREG(info.st_mode) && is_part(entry->d_name)) unlink(child);
            if (S_ISDIR(info.st_mode)) marker = mw_path_join(child, MW_MARKER_NAME);
            if (marker && access(marker, F_OK)) sweep_parts(child, depth + 1);
        }
        mw_free(marker);
        mw_free(child);
    }
    if (dir) closedir(dir);
}

static mw_status open_root(const char *path, int *lock, mw_error *err)
{
    static const char text[] = "This folder was written by merwild; provenance.jsonl tells how.\n";
    mw_status st = mw_make_dirs(path, err);
    char *marker;

    if (st == MW_OK) st = mw_dir_lock(lock, path, err);
    if (st != MW_OK) return st;
    sweep_parts(path, 0);
    marker = mw_path_join(path, MW_MARKER_NAME);
    if (!marker) return mw_fail_nomem(err);
    st = mw_file_store(marker, text, sizeof text - 1, err);
    mw_free(marker);
    return st;
}

mw_status mw_roots_open(mw_roots *r, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < r->n; i++)
        st = open_root(r->path[i], &r->lock[i], err);
    return st;
}

void mw_roots_close(mw_roots *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->lock[i] >= 0) close(r->lock[i]);
        mw_free(r->path[i]);
    }
    *r = (mw_roots){ 0 };
}

void mw_job_init(mw_job *job, const mw_walk *walk, const mw_run_options *o,
                 const mw_run_hooks *hooks, mw_summary *summary)
{
    job->hooks = hooks;
    job->summary = summary;
    job->walk = walk;
    job->n = o->limit && (size_t)o->limit < walk->n ? (size_t)o->limit : walk->n;
    job->n_threads = mw_run_threads(o);
    job->fail_fast = o->fail_fast;
    job->start_s = mw_clock_s();
    pthread_mutex_init(&job->lock, NULL);
    summary->n_other_files = walk->n_other;
}

/* *rest: the part of path below the folder that info tells of ("" when it is that folder), or NULL
 * when the folder does not lie above path. path is absolute and without links. */
static mw_status below(const char **rest, const char *path, const struct stat *info, mw_error *err)
{
    char *folder = mw_strdup(path);

    *rest = NULL;
    if (!folder) return mw_fail_nomem(err);
    for (size_t n = strlen(folder); n && !*rest; n--) {
        struct stat have;

        if (path[n] && path[n] != '/') continue;
        folder[n] = 0;
        if (!stat(folder, &have) && have.st_dev == info->st_dev && have.st_ino == info->st_ino)
            *rest = path + n + (path[n] == '/');
    }
    mw_free(folder);
    return MW_OK;
}

/* Outputs may lie inside the input, but must not replace what is read. */
static mw_status protect_inputs(mw_walk *walk, const char *folder, const char *root, mw_error *err)
{
    struct stat info;
    const char *rest;
    mw_status st;
    size_t n;

    if (stat(root, &info)) return MW_OK;
    st = below(&rest, folder, &info, err);
    if (st != MW_OK || !rest) return st;
    n = strlen(rest);
    if (!n)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'out': '%s' is the folder of the input", root);
    for (size_t i = 0; i < walk->n; i++) {
        mw_clip *c = &walk->clips[i];

        if (c->error || strncmp(c->rel, rest, n) || c->rel[n] != '/') continue;
        c->error = mw_calloc(1, sizeof *c->error);
        if (!c->error) return mw_fail_nomem(err);
        mw_fail(c->error, MW_ERR_FORMAT, "output_collision",
                "the output of '%s' would be written into the input folder", c->rel);
    }
    return MW_OK;
}

static mw_status protect_from_roots(mw_walk *walk, const char *in, const mw_roots *roots,
                                    mw_error *err)
{
    char *folder = realpath(in, NULL);
    mw_status st = MW_OK;
    struct stat info;

    if (!folder) return mw_fail_errno(err, errno, "cannot read input '%s'", in);
    if (!stat(folder, &info) && !S_ISDIR(info.st_mode)) *strrchr(folder, '/') = 0;
    for (size_t i = 0; st == MW_OK && i < roots->n; i++)
        st = protect_inputs(walk, *folder ? folder : "/", roots->path[i], err);
    free(folder);
    return st;
}

mw_status mw_job_setup(mw_job *job, mw_walk *walk, const mw_run_options *o, int kinds,
                       const mw_roots *roots, const mw_run_hooks *hooks, mw_summary *summary,
                       mw_error *err)
{
    mw_status st =
        mw_walk_run(walk, o->in, kinds, roots ? (const char *const *)roots->path : NULL, err);

    if (st != MW_OK) return st;
    if (!walk->n)
        return mw_fail(err, MW_ERR_IO, "no_clips",
                       "no clip below '%s' (%zu files of other suffixes)", o->in, walk->n_other);
    if (roots) st = protect_from_roots(walk, o->in, roots, err);
    if (st != MW_OK) return st;
    mw_job_init(job, walk, o, hooks, summary);
    return MW_OK;
}

mw_status mw_job_finish(mw_job *job, const mw_run_options *o, const mw_roots *roots, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && o->sync == MW_SYNC_END && i < roots->n; i++)
        st = mw_sync_tree(roots->path[i], err);
    for (size_t i = 0; st == MW_OK && i < roots->n; i++) {
        st = mw_manifest_write(roots->path[i], &job->noted, err);
        if (st == MW_OK) st = mw_outcomes_write(roots->path[i], job, err);
    }
    return st;
}
