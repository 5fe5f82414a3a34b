/* SPDX-License-Identifier: Apache-2.0 */
#include "run/sidecar.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#include <sndfile.h>
#include <soxr.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"

static char build_text[256];

static void make_build_text(void)
{
    const unsigned c = avcodec_version(), f = avformat_version(), w = swscale_version();

    snprintf(build_text, sizeof build_text,
             "libavcodec %u.%u.%u, libavformat %u.%u.%u, libswscale %u.%u.%u, %s, %s", c >> 16,
             c >> 8 & 255, c & 255, f >> 16, f >> 8 & 255, f & 255, w >> 16, w >> 8 & 255, w & 255,
             sf_version_string(), soxr_version());
}

const char *mw_build_text(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_build_text);
    return build_text;
}

static void media_object(mw_json *j, const mw_media *m)
{
    mw_json_open(j, '{');
    mw_json_put_text(j, "path", m->path);
    mw_json_put_text(j, "sha256", m->sha256);
    mw_json_put_i64(j, "bytes", m->bytes);
    if (*m->codec) mw_json_put_text(j, "codec", m->codec);
    if (m->width) {
        mw_json_put_i64(j, "width", m->width);
        mw_json_put_i64(j, "height", m->height);
        mw_json_key(j, "fps");
        mw_json_open(j, '[');
        mw_json_i64(j, m->fps_num);
        mw_json_i64(j, m->fps_den);
        mw_json_close(j, ']');
        mw_json_put_i64(j, "frames", m->frames);
    }
    if (m->rate_hz) {
        mw_json_put_i64(j, "rate_hz", m->rate_hz);
        mw_json_put_i64(j, "channels", m->channels);
        mw_json_put_i64(j, "samples", m->samples);
    }
    mw_json_close(j, '}');
}

static void put_media(mw_json *j, const char *key, const mw_media *m)
{
    mw_json_key(j, key);
    if (m)
        media_object(j, m);
    else
        mw_json_null(j);
}

static void put_features(mw_json *j, const mw_sidecar *c)
{
    mw_json_key(j, "features");
    mw_json_open(j, '[');
    for (size_t i = 0; i < c->n_features; i++)
        media_object(j, &c->features[i]);
    mw_json_close(j, ']');
}

static void put_clock(mw_json *j, const mw_sidecar *c)
{
    mw_json_key(j, "clock");
    mw_json_open(j, '{');
    mw_json_put_f64(j, "start_s", 0);
    mw_json_put_f64(j, "end_s", c->end_s);
    mw_json_key(j, "video");
    if (c->clock_video) {
        mw_json_open(j, '{');
        mw_json_key(j, "fps");
        mw_json_open(j, '[');
        mw_json_i64(j, c->clock_video->fps_num);
        mw_json_i64(j, c->clock_video->fps_den);
        mw_json_close(j, ']');
        mw_json_put_i64(j, "frames", c->clock_video->frames);
        mw_json_close(j, '}');
    } else {
        mw_json_null(j);
    }
    mw_json_key(j, "audio");
    if (c->clock_audio) {
        mw_json_open(j, '{');
        mw_json_put_i64(j, "rate_hz", c->clock_audio->rate_hz);
        mw_json_put_i64(j, "samples", c->clock_audio->samples);
        if (c->clock_video) mw_json_put_f64(j, "start_s", c->audio_start_s);
        mw_json_close(j, '}');
    } else {
        mw_json_null(j);
    }
    mw_json_close(j, '}');
}

static void put_assets(mw_json *j, const mw_stage *s)
{
    mw_json_key(j, "assets");
    mw_json_open(j, '[');
    for (size_t i = 0; i < s->n_assets; i++) {
        const mw_asset *a = &s->assets[i];

        mw_json_open(j, '{');
        mw_json_put_text(j, "role", a->role);
        mw_json_put_text(j, "category", a->category);
        mw_json_put_text(j, "path", a->path);
        mw_json_put_text(j, "sha256", a->sha256);
        if (a->offset_samples >= 0) mw_json_put_i64(j, "offset_samples", a->offset_samples);
        if (a->loops >= 0) mw_json_put_i64(j, "loops", a->loops);
        mw_json_close(j, '}');
    }
    mw_json_close(j, ']');
}

void mw_put_drawn(mw_json *j, const mw_op *op, const void *decision)
{
    mw_json_put_text(j, "name", op->info.name);
    mw_json_key(j, "drawn");
    mw_json_struct(j, op->info.drawn, decision, 0);
}

static void put_stage(mw_json *j, size_t index, const mw_stage *s)
{
    mw_json_open(j, '{');
    mw_json_put_i64(j, "index", (int64_t)index);
    mw_json_put_text(j, "name", s->op->info.name);
    mw_json_put_i64(j, "version", s->op->info.version);
    mw_json_key(j, "params");
    mw_json_struct(j, s->op->info.options, s->options, MW_OPT_RUNTIME);

    mw_json_key(j, "drawn");
    mw_json_struct(j, s->op->info.drawn, s->decision, MW_OPT_RUNTIME);
    put_assets(j, s);
    mw_json_key(j, "result");
    if (s->result) {
        mw_json_struct(j, s->op->info.result, s->result, 0);
    } else {
        mw_json_open(j, '{');
        mw_json_close(j, '}');
    }
    mw_json_close(j, '}');
}

static double time_of(const mw_sidecar *c, mw_modality modality, int64_t i)
{
    if (modality == MW_AUDIO) return (double)i / c->clock_audio->rate_hz + c->audio_start_s;
    if (c->frame_times_s) return c->frame_times_s[i];
    return (double)i * c->clock_video->fps_den / c->clock_video->fps_num;
}

static void put_segment(mw_json *j, const mw_sidecar *c, size_t stage, const mw_segment *s)
{
    const mw_modality modality = c->stages[stage].op->info.modality;

    mw_json_open(j, '{');
    mw_json_put_i64(j, "stage", (int64_t)stage);
    mw_json_put_text(j, "modality", modality == MW_AUDIO ? "audio" : "video");
    mw_json_put_text(j, "type", s->type);
    mw_json_put_i64(j, "i0", s->i0);
    mw_json_put_i64(j, "i1", s->i1);
    mw_json_put_f64(j, "t0", time_of(c, modality, s->i0));
    mw_json_put_f64(j, "t1", time_of(c, modality, s->i1));
    mw_json_key(j, "severity");
    mw_json_open(j, '{');
    for (size_t i = 0; i < s->n_severities; i++)
        mw_json_put_f64(j, s->severity[i].name, s->severity[i].value);
    mw_json_close(j, '}');
    mw_json_close(j, '}');
}

/* All segments by (modality, i0, stage); each stage's own list is in order, so this is a merge. */
static void put_segments(mw_json *j, const mw_sidecar *c)
{
    mw_json_key(j, "segments");
    mw_json_open(j, '[');
    for (int modality = MW_AUDIO; modality <= MW_VISUAL; modality++) {
        size_t *next = mw_calloc(c->n_stages, sizeof *next);

        if (!next) {
            j->s->failed = 1;
            break;
        }
        for (;;) {
            size_t best = c->n_stages;

            for (size_t k = 0; k < c->n_stages; k++) {
                const mw_stage *s = &c->stages[k];

                if ((int)s->op->info.modality != modality || next[k] >= s->segments->n) continue;
                if (best == c->n_stages ||
                    s->segments->v[next[k]].i0 < c->stages[best].segments->v[next[best]].i0)
                    best = k;
            }
            if (best == c->n_stages) break;
            put_segment(j, c, best, &c->stages[best].segments->v[next[best]++]);
        }
        mw_free(next);
    }
    mw_json_close(j, ']');
}

static void put_run(mw_json *j, const mw_sidecar *c)
{
    char hex[33];

    mw_hex(hex, c->key.byte, sizeof c->key.byte);
    mw_json_key(j, "run");
    mw_json_open(j, '{');
    mw_json_key(j, "seed");
    mw_json_u64_text(j, c->seed);
    mw_json_put_text(j, "rng", "philox4x32-10");
    mw_json_put_text(j, "clip_key", hex);
    mw_json_put_text(j, "config_sha256", c->config_sha256);
    mw_json_put_text(j, "command", c->command);
    mw_json_key(j, "options");
    mw_json_open(j, '[');
    for (size_t i = 0; i < c->n_job_options; i++)
        mw_json_struct(j, c->job_options[i].table, c->job_options[i].values, MW_OPT_RUNTIME);
    mw_json_close(j, ']');
    mw_json_close(j, '}');
}

void mw_sidecar_not_applied(mw_json *j, const mw_op *op, const char *reason)
{
    mw_json_open(j, '{');
    mw_json_put_text(j, "name", op->info.name);
    mw_json_put_text(j, "reason", reason);
    mw_json_close(j, '}');
}

void mw_sidecar_write(mw_str *s, const mw_sidecar *c)
{
    mw_json j = mw_json_begin(s);

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "schema", "merwild.prov/1");
    mw_json_put_text(&j, "id", c->id);
    mw_json_key(&j, "tool");
    mw_json_open(&j, '{');
    mw_json_put_text(&j, "name", "merwild");
    mw_json_put_text(&j, "version", mw_version());
    mw_json_put_text(&j, "build", mw_build_text());
    mw_json_put_text(&j, "mode", c->compat ? "compat" : "native");
    mw_json_close(&j, '}');
    put_run(&j, c);
    mw_json_key(&j, "source");
    mw_json_open(&j, '{');
    put_media(&j, "video", c->source_video);
    put_media(&j, "audio", c->source_audio);
    mw_json_close(&j, '}');
    put_clock(&j, c);
    mw_json_key(&j, "stages");
    mw_json_open(&j, '[');
    for (size_t i = 0; i < c->n_stages; i++)
        put_stage(&j, i, &c->stages[i]);
    mw_json_close(&j, ']');
    put_segments(&j, c);
    mw_json_key(&j, "output");
    mw_json_open(&j, '{');
    put_media(&j, "video", c->output_video);
    put_media(&j, "audio", c->output_audio);
    if (c->n_features) put_features(&j, c);
    mw_json_close(&j, '}');
    if (c->describe) c->describe(&j, c->describe_user);
    mw_json_key(&j, "track");
    if (c->track_path) {
        mw_json_open(&j, '{');
        mw_json_put_text(&j, "path", c->track_path);
        mw_json_put_text(&j, "sha256", c->track_sha256);
        mw_json_close(&j, '}');
    } else {
        mw_json_null(&j);
    }
    mw_json_close(&j, '}');
    mw_str_putc(s, '\n');
}

mw_status mw_config_sha256(char hex[65], const char *command, const mw_opt_group *groups,
                           size_t n_groups, uint64_t seed, const mw_op *const *ops,
                           const void *const *op_options, size_t n_ops, const char *extra,
                           mw_error *err)
{
    mw_str s = { 0 };
    mw_json j = mw_json_begin(&s);
    mw_status st;

    mw_json_open(&j, '{');
    mw_json_put_text(&j, "command", command);
    mw_json_key(&j, "seed");
    mw_json_u64_text(&j, seed);
    for (size_t i = 0; i < n_groups; i++) {
        mw_json_key(&j, "options");
        mw_json_struct(&j, groups[i].table, groups[i].values, MW_OPT_RUNTIME);
    }
    for (size_t i = 0; i < n_ops; i++) {
        mw_json_put_text(&j, "operation", ops[i]->info.name);
        mw_json_put_i64(&j, "version", ops[i]->info.version);
        mw_json_key(&j, "params");
        mw_json_struct(&j, ops[i]->info.options, op_options[i], MW_OPT_RUNTIME);
    }
    mw_json_put_text(&j, "extra", extra);
    mw_json_close(&j, '}');
    st = mw_str_ok(&s, err);
    if (st == MW_OK) mw_sha256_hex(hex, s.data, s.n);
    mw_str_clear(&s);
    return st;
}

static int same_text(const json_t *object, const char *key, const char *text)
{
    const char *have = json_string_value(json_object_get(object, key));

    return have && !strcmp(have, text);
}

/* An output of the sidecar, if there is one, has the recorded size. */
static int output_is_there(const json_t *media, const char *root)
{
    const char *rel = json_string_value(json_object_get(media, "path"));
    const json_t *bytes = json_object_get(media, "bytes");
    char *path;
    int same;

    if (!json_is_object(media)) return 1;
    path = rel ? mw_path_join(root, rel) : NULL;
    same = path && json_is_integer(bytes) && mw_file_size(path) == json_integer_value(bytes);
    mw_free(path);
    return same;
}

static int features_are_there(const json_t *features, const char *root)
{
    for (size_t i = 0; i < json_array_size(features); i++)
        if (!output_is_there(json_array_get(features, i), root)) return 0;
    return 1;
}

static int track_is_there(const json_t *track, const char *root)
{
    const char *rel = json_string_value(json_object_get(track, "path"));
    char *path;
    int there;

    if (!json_is_object(track)) return 1;
    path = rel ? mw_path_join(root, rel) : NULL;
    there = path && mw_file_size(path) > 0;
    mw_free(path);
    return there;
}

static int assets_are_same(const json_t *stages, mw_asset_check check, void *user)
{
    for (size_t i = 0; check && i < json_array_size(stages); i++) {
        const json_t *assets = json_object_get(json_array_get(stages, i), "assets");

        for (size_t k = 0; k < json_array_size(assets); k++) {
            const json_t *asset = json_array_get(assets, k);
            const char *path = json_string_value(json_object_get(asset, "path"));
            const char *sha256 = json_string_value(json_object_get(asset, "sha256"));

            if (!path || !sha256 || !check(user, path, sha256)) return 0;
        }
    }
    return 1;
}

int mw_sidecar_is_current(const char *path, const char *root, const char *config_sha256,
                          const char *source_sha256, mw_asset_check check, void *user)
{
    const json_t *source, *output;
    json_t *doc;
    int current;

    if (mw_json_load(&doc, path, MW_SIDECAR_MAX_BYTES, NULL) != MW_OK) return 0;
    source = json_object_get(doc, "source");
    output = json_object_get(doc, "output");
    current = same_text(json_object_get(doc, "run"), "config_sha256", config_sha256) &&
              (same_text(json_object_get(source, "audio"), "sha256", source_sha256) ||
               same_text(json_object_get(source, "video"), "sha256", source_sha256)) &&
              output_is_there(json_object_get(output, "audio"), root) &&
              output_is_there(json_object_get(output, "video"), root) &&
              features_are_there(json_object_get(output, "features"), root) &&
              track_is_there(json_object_get(doc, "track"), root) &&
              assets_are_same(json_object_get(doc, "stages"), check, user);
    json_decref(doc);
    return current;
}
