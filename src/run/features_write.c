/* SPDX-License-Identifier: Apache-2.0
 *
 * What features audio writes of a clip: the matrix and the sidecar.
 */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "run/features_clip.h"
#include "run/features_out.h"
#include "run/track.h"

/* The sidecar's own part of features: shape, columns, clock, how the length was fixed. */
static void describe_features(mw_json *j, const void *user)
{
    const mw_features_clip *w = user;

    mw_json_key(j, "features");
    mw_json_open(j, '{');
    mw_json_put_i64(j, "version", MW_DESCRIPTOR_VERSION);
    mw_json_put_i64(j, "rows", (int64_t)(w->file ? w->n_rows : w->m.rows));
    mw_json_put_i64(j, "rows_native", (int64_t)w->n_rows);
    mw_json_put_text(j, "length_rule", mw_align_rule_name[w->rule]);
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

    memcpy(source.sha256, w->source_sha256, sizeof source.sha256);
    memcpy(source.codec, w->about.codec, sizeof source.codec);
    memcpy(s.config_sha256, w->config_sha256, sizeof s.config_sha256);
    return mw_features_store_sidecar(w->sidecar, &s, err);
}

/* The rows lie in w->file already. As in mw_features_store, an old sidecar goes first. */
static mw_status finish_file(mw_features_clip *w, mw_media *output, mw_error *err)
{
    mw_status st = mw_row_file_finish(w->file, output->sha256, &output->bytes, err);

    if (st != MW_OK) return st;
    unlink(w->sidecar);
    return mw_row_file_commit(w->file, err);
}

/* Its rows at the times of the track's. */
static mw_status store_matrix(mw_features_clip *w, mw_media *output, mw_error *err)
{
    static const char *const truth[] = { "a_type", "a_snr_db", "a_rel", NULL };
    double *at = mw_calloc(w->m.rows, sizeof *at);
    const mw_features_out out = { .format = w->o->format,
                                  .m = &w->m,
                                  .source = w->source_rows,
                                  .source_key = "a_src",
                                  .clip_path = w->clip->path,
                                  .truth = truth,
                                  .truth_at = at };
    mw_status st;

    if (!at) return mw_fail_nomem(err);
    for (size_t i = 0; i < w->m.rows; i++)
        at[i] = w->m.t[i] / MW_TRACK_HOP_S;
    st = mw_features_store(&out, w->path, w->sidecar, output, err);
    mw_free(at);
    return st;
}

mw_status mw_features_write(mw_features_clip *w, mw_error *err)
{
    mw_media output = { .path = w->rel };
    mw_status st = w->file ? finish_file(w, &output, err) : store_matrix(w, &output, err);

    return st == MW_OK ? write_sidecar(w, &output, err) : st;
}
