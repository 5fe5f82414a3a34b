/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a described clip: npy, pkl, npz with the truth alongside, csv; and the sidecar.
 */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "data/npz.h"
#include "data/npz_read.h"
#include "data/pickle.h"
#include "run/features_clip.h"
#include "run/sidecar.h"
#include "run/track.h"

static const char *const rule_names[] = { "copy", "resample_poly", "centre_crop" };

/* The arrays of "<clip>.track.npz" beside the input, read at the times of the output rows. */
static void put_truth(mw_npz *z, const mw_features_clip *w)
{
    static const char *const keys[] = { "a_type", "a_snr_db", "a_rel" };
    const size_t n = w->m.rows;
    char *path = mw_format("%.*s" MW_TRACK_SUFFIX,
                           (int)(strlen(w->clip->path) - strlen(mw_path_suffix(w->clip->path))),
                           w->clip->path);
    float *value = mw_calloc(n, sizeof *value);
    char *bytes = NULL;
    size_t n_bytes;

    if (!path || !value) {
        z->bytes.failed = 1;
    } else if (mw_file_load(&bytes, &n_bytes, path, (size_t)1 << 30, NULL) == MW_OK) {
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            mw_npz_array a;

            if (mw_npz_find(&a, bytes, n_bytes, keys[k], path, NULL) != MW_OK || !a.n) continue;
            for (size_t i = 0; i < n; i++) {
                const size_t at = (size_t)(w->m.t[i] / MW_TRACK_HOP_S + 0.5);

                value[i] = (float)mw_npz_number(&a, at < a.n ? at : a.n - 1);
            }
            mw_npz_put(z, keys[k], "<f4", &n, 1, value, n * sizeof *value);
        }
    }
    mw_free(bytes);
    mw_free(value);
    mw_free(path);
}

static mw_status put_npz(mw_str *out, const mw_features_clip *w, mw_error *err)
{
    const mw_matrix *m = &w->m;
    const size_t shape[2] = { m->rows, m->columns };
    mw_npz z = { 0 };
    mw_status st;

    mw_npz_put(&z, "x", "<f4", shape, 2, m->x, m->rows * m->columns * sizeof *m->x);
    mw_npz_put(&z, "t", "<f8", &m->rows, 1, m->t, m->rows * sizeof *m->t);
    mw_npz_put(&z, "valid", "|u1", &m->rows, 1, m->valid, m->rows);
    mw_npz_put(&z, "a_src", "<f8", &m->rows, 1, w->source_rows, m->rows * sizeof *w->source_rows);
    mw_npz_put_texts(&z, "names", m->names, m->columns);
    put_truth(&z, w);
    st = mw_npz_finish(&z, err);
    if (st == MW_OK) mw_str_putn(out, z.bytes.data, z.bytes.n);
    mw_npz_clear(&z);
    return st;
}

static mw_status encode(mw_str *out, const mw_features_clip *w, mw_error *err)
{
    const mw_matrix *m = &w->m;
    const size_t shape[2] = { m->rows, m->columns };
    mw_status st = MW_OK;

    switch (w->o->format) {
    case MW_FEATURES_NPY:
        mw_npy_put(out, "<f4", shape, 2, m->x, m->rows * m->columns * sizeof *m->x);
        break;
    case MW_FEATURES_PKL:
        st = mw_pickle_from_array(m->x, sizeof *m->x, shape, 2, out, err);
        break;
    case MW_FEATURES_NPZ:
        st = put_npz(out, w, err);
        break;
    case MW_FEATURES_CSV:
        mw_matrix_put_csv(out, m);
        break;
    }
    return st == MW_OK ? mw_str_ok(out, err) : st;
}

/* The sidecar's own part of features: shape, columns, clock, how the length was fixed. */
static void describe_features(mw_json *j, const void *user)
{
    const mw_features_clip *w = user;

    mw_json_key(j, "features");
    mw_json_open(j, '{');
    mw_json_put_i64(j, "version", MW_DESCRIPTOR_VERSION);
    mw_json_put_i64(j, "rows", (int64_t)(w->file ? w->n_rows : w->m.rows));
    mw_json_put_i64(j, "rows_native", (int64_t)w->n_rows);
    mw_json_put_text(j, "length_rule", rule_names[w->rule]);
    mw_json_put_f64(j, "step_s", w->step_s);
    mw_json_put_i64(j, "rate_hz", w->about.rate_hz);
    mw_json_put_i64(j, "channel", w->o->channel);
    mw_json_key(j, "columns");
    mw_json_open(j, '[');
    for (size_t c = 0; c < w->columns; c++)
        mw_json_text(j, w->names[c]);
    mw_json_close(j, ']');
    mw_json_close(j, '}');
}

static mw_status write_sidecar(mw_features_clip *w, const mw_media *output, mw_error *err)
{
    /* a group only reads its values here */
    const mw_opt_group group = { mw_descriptor_table, (void *)(uintptr_t)w->o };
    mw_media source = { .path = w->clip->rel,
                        .bytes = w->source_bytes,
                        .rate_hz = w->about.source_rate_hz,
                        .channels = w->about.source_channels,
                        .samples = w->about.source_n };
    const mw_media clock = { .rate_hz = w->about.rate_hz, .samples = (int64_t)w->about.n };
    mw_sidecar s = { .id = w->clip->id,
                     .compat = w->preset,
                     .seed = w->run->seed,
                     .key = mw_clip_key_make(w->run->seed, w->clip->id),
                     .command = MW_FEATURES_AUDIO,
                     .job_options = &group,
                     .n_job_options = 1,
                     .source_audio = &source,
                     .end_s = (double)w->about.n / w->about.rate_hz,
                     .clock_audio = &clock,
                     .features = output,
                     .n_features = 1,
                     .describe = describe_features,
                     .describe_user = w };
    mw_str text = { 0 };
    mw_status st;

    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
    memcpy(source.codec, w->about.codec, sizeof source.codec);
    memcpy(s.config_sha256, w->config_sha256, sizeof s.config_sha256);
    mw_sidecar_write(&text, &s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(w->sidecar, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

/* The rows lie in w->file already. */
static mw_status finish_file(mw_features_clip *w, mw_media *output, mw_error *err)
{
    mw_status st = mw_row_file_finish(w->file, output->sha256, &output->bytes, err);

    if (st != MW_OK) return st;
    unlink(w->sidecar);
    return mw_row_file_commit(w->file, err);
}

static mw_status store_matrix(mw_features_clip *w, mw_media *output, mw_error *err)
{
    mw_str bytes = { 0 };
    mw_status st = mw_make_parents(w->path, err);

    if (st == MW_OK) st = encode(&bytes, w, err);
    if (st == MW_OK) {
        output->bytes = (int64_t)bytes.n;
        mw_sha256_hex(output->sha256, bytes.data, bytes.n);
        unlink(w->sidecar);
        st = mw_file_store(w->path, bytes.data, bytes.n, err);
    }
    mw_str_clear(&bytes);
    return st;
}

/* An old sidecar goes before the new file appears: it must not describe it, should the run end in
 * between. */
mw_status mw_features_write(mw_features_clip *w, mw_error *err)
{
    mw_media output = { .path = w->rel };
    mw_status st = w->file ? finish_file(w, &output, err) : store_matrix(w, &output, err);

    return st == MW_OK ? write_sidecar(w, &output, err) : st;
}
