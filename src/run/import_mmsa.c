/* SPDX-License-Identifier: Apache-2.0
 *
 * import mmsa: a pickled data set becomes a bank of clean features.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "data/mmsa.h"
#include "merwild/import.h"
#include "run/import_bank.h"

static const char letters[] = "avt";

/* The files that MMSA's README lists, by their SHA-256. */
static const struct {
    const char *sha256, *name;
} known_files[] = {
    { "78e0f8b5ef8ff71558e7307848fc1fa929ecb078203f565ab22b9daab2e02524", "CMU-MOSI unaligned" },
    { "d3994fd25681f9c7ad6e9c6596a6fe9b4beb85ff7d478ba978b124139002e5f9", "CMU-MOSI aligned" },
    { "ad8b23d50557045e7d47959ce6c5b955d8d983f2979c7d9b7b9226f6dd6fec1f", "CMU-MOSEI unaligned" },
    { "45eccfb748a87c80ecab9bfac29582e7b1466bf6605ff29d3b338a75120bf791", "CMU-MOSEI aligned" },
    { "c9e20c13ec0454d98bb9c1e520e490c75146bfa2dfeeea78d84de047dbdd442f", "CH-SIMS unaligned" },
};

typedef struct mmsa_job {
    const mw_run_options *o;
    mw_map map;
    mw_mmsa file;
    mw_import_bank bank;
    char sha256[65];
    const char *recognised; /* NULL: not one of the known files */
    size_t n_no_text;
    atomic_size_t n_replaced[MW_MMSA_MODALITIES];
} mmsa_job;

/* ---- reading ---- */

static mw_status open_file(mmsa_job *j, mw_error *err)
{
    uint8_t digest[MW_SHA256_BYTES];
    mw_sha256 h;
    mw_status st;

    if (!*j->o->in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'in': a pickle file is needed");
    st = mw_map_open(&j->map, j->o->in, err);
    if (st == MW_OK) st = mw_mmsa_open(&j->file, j->map.bytes, j->map.n, j->o->in, err);
    if (st != MW_OK) return st;
    mw_sha256_init(&h);
    mw_sha256_update(&h, j->map.bytes, j->map.n);
    mw_sha256_final(&h, digest);
    mw_hex(j->sha256, digest, sizeof digest);
    for (size_t i = 0; i < sizeof known_files / sizeof *known_files; i++)
        if (!strcmp(j->sha256, known_files[i].sha256)) j->recognised = known_files[i].name;
    return MW_OK;
}

/* Clips in the order of the file: all of train, of valid, of test. */
static mw_status list_clips(mmsa_job *j, mw_error *err)
{
    mw_status st = MW_OK;

    for (int s = MW_TRAIN; s <= MW_TEST; s++)
        for (size_t i = 0; st == MW_OK && i < j->file.split[s].n; i++) {
            mw_label *row = mw_labels_add(&j->bank.labels, err);
            mw_error problem;
            int no_text = 0, bad = 0;

            if (!row) return MW_ERR_NOMEM;
            st = mw_mmsa_label(&j->file, (mw_split)s, i, row, &no_text, &problem);
            if (st == MW_ERR_FORMAT) {
                bad = 1;
                mw_free(row->clip); /* named by its place instead */
                row->clip = mw_format("%s %zu", mw_split_name((mw_split)s), i);
                st = row->clip ? MW_OK : mw_fail_nomem(err);
            } else if (st != MW_OK && err) {
                *err = problem;
            }
            j->n_no_text += (size_t)no_text;
            if (st == MW_OK) st = mw_import_add(&j->bank, bad ? &problem : NULL, err);
        }
    return st == MW_OK ? mw_import_mark_twins(&j->bank, err) : st;
}

/* ---- one clip ---- */

/* Where clip k of all is. */
static size_t find_clip(const mw_mmsa *m, size_t k, mw_split *split)
{
    for (*split = MW_TRAIN; k >= m->split[*split].n; ++*split)
        k -= m->split[*split].n;
    return k;
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    mmsa_job *j = user;
    mw_split split;
    const size_t i = find_clip(&j->file, (size_t)(clip - job->walk->clips), &split);
    mw_matrix m[MW_MMSA_MODALITIES] = { 0 };
    mw_bank_variant v[MW_MMSA_MODALITIES];
    mw_bank_clip arrays = { .memory = NULL };
    mw_status st = MW_OK;

    (void)worker;
    for (int k = 0; k < MW_MMSA_MODALITIES && st == MW_OK; k++) {
        size_t n_replaced = 0;

        v[k] = (mw_bank_variant){ .rel = NULL };
        if (!j->file.split[split].feature[k].kind) continue;
        st = mw_mmsa_matrix(&m[k], &j->file, split, i, k, &n_replaced, &r->error);
        if (st != MW_OK) break;
        j->n_replaced[k] += n_replaced;
        v[k] = (mw_bank_variant){ "clean", "clean", NAN, m[k].x, m[k].valid, mw_import_rel(&m[k]) };
        if (!v[k].rel) st = mw_fail_nomem(&r->error);
        arrays.m[k] =
            (mw_bank_modality){ letters[k], m[k].rows, m[k].columns, m[k].t, NULL, &v[k], 1 };
    }
    r->outcome = st == MW_OK ? MW_DONE : MW_FAILED;
    if (st == MW_OK && !j->o->dry_run) mw_import_write(&j->bank, clip, &arrays, r);
    for (int k = 0; k < MW_MMSA_MODALITIES; k++) {
        if (arrays.m[k].letter) mw_free(v[k].rel);
        mw_matrix_clear(&m[k]);
    }
}

/* ---- what was found ---- */

/* Shape of a modality, from the first split that has it. */
static const mw_pickle_view *shape_of(const mw_mmsa *m, int modality)
{
    for (int s = 0; s < 3; s++)
        if (m->split[s].feature[modality].kind) return &m->split[s].feature[modality];
    return NULL;
}

/* One object of the file, its clips and its modalities: bank.json keeps it. */
static char *describe(const mmsa_job *j)
{
    mw_str s = { 0 };
    mw_json js = mw_json_begin(&s);

    mw_json_open(&js, '{');
    mw_json_put_text(&js, "importer", j->file.is_mult ? "mult" : "mmsa");
    mw_json_put_text(&js, "file", mw_path_base(j->o->in));
    mw_json_put_text(&js, "sha256", j->sha256);
    mw_json_put_i64(&js, "bytes", (int64_t)j->map.n);
    mw_json_put_text(&js, "recognised", j->recognised);
    mw_json_put_text(&js, "time_unit", "rows");
    for (int s_ = MW_TRAIN; s_ <= MW_TEST; s_++)
        mw_json_put_i64(&js, mw_split_name((mw_split)s_), (int64_t)j->file.split[s_].n);
    mw_json_put_i64(&js, "texts_left_out", (int64_t)j->n_no_text);
    mw_json_key(&js, "modalities");
    mw_json_open(&js, '{');
    for (int k = 0; k < MW_MMSA_MODALITIES; k++) {
        const mw_pickle_view *v = shape_of(&j->file, k);
        const char letter[2] = { letters[k], 0 };

        if (!v) continue;
        mw_json_key(&js, letter);
        mw_json_open(&js, '{');
        mw_json_put_i64(&js, "rows", (int64_t)v->shape[1]);
        mw_json_put_i64(&js, "columns", (int64_t)v->shape[2]);
        mw_json_put_i64(&js, "not_finite", (int64_t)j->n_replaced[k]);
        mw_json_close(&js, '}');
    }
    mw_json_close(&js, '}');
    mw_json_close(&js, '}');
    return mw_str_take(&s);
}

static void tell(mmsa_job *j)
{
    const mw_mmsa *m = &j->file;
    char *text =
        mw_format("%s: train %zu, valid %zu, test %zu clips; numbers that are not finite, "
                  "set to 0: audio %zu, vision %zu, text %zu; texts left out: %zu",
                  j->recognised ? j->recognised
                  : m->is_mult  ? "a file of MulT's layout"
                                : "a file of MMSA's layout that is not one of the published",
                  m->split[0].n, m->split[1].n, m->split[2].n, (size_t)j->n_replaced[0],
                  (size_t)j->n_replaced[1], (size_t)j->n_replaced[2], j->n_no_text);

    if (text) mw_job_tell(&j->bank.job, MW_EVENT_NOTE, NULL, text);
    mw_free(text);
}

static mw_status finish(mmsa_job *j, mw_error *err)
{
    mw_bank_condition clean = { .id = "clean", .block = "clean", .type = "clean", .level = NAN };
    mw_bank_index index = { .conditions = &clean, .n_conditions = 1, .about = describe(j) };
    mw_status st = index.about ? MW_OK : mw_fail_nomem(err);
    size_t n = 0;

    for (int k = 0; k < MW_MMSA_MODALITIES; k++)
        if (shape_of(&j->file, k)) index.modalities[n++] = letters[k];
    tell(j);
    if (st == MW_OK && !j->o->dry_run) st = mw_import_finish(&j->bank, &index, err);
    mw_free(index.about);
    return st;
}

mw_status mw_import_mmsa(const mw_run_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                         mw_error *err)
{
    mmsa_job j = { .o = o };
    mw_status st;

    *summary = (mw_summary){ 0 };
    j.bank.out = o->out;
    j.bank.job = (mw_job){ .work = work_on_clip, .user = &j };
    st = open_file(&j, err);
    if (st == MW_OK && !o->dry_run) st = mw_import_open(&j.bank, o->out, err);
    if (st == MW_OK) st = list_clips(&j, err);
    if (st == MW_OK) {
        mw_job_init(&j.bank.job, &j.bank.walk, o, hooks, summary);
        st = mw_job_run(&j.bank.job, err);
    }
    if (st == MW_OK) st = finish(&j, err);
    mw_import_close(&j.bank);
    mw_mmsa_close(&j.file);
    mw_map_close(&j.map);
    return st;
}
