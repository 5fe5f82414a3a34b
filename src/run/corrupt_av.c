/* SPDX-License-Identifier: Apache-2.0
 *
 * corrupt av: the picture is damaged once per clip, as in corrupt video; then its frames' true
 * times tell where noise may sound; then each ratio's sound is joined with the picture.
 */
#include "run/corrupt_av.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "dsp/mix.h"
#include "run/overlap.h"
#include "run/setup.h"

#define SHARE_INDEPENDENT (-1.0)

#define O(field) offsetof(mw_av_options, field)

/* clang-format off */
const mw_opt mw_av_options_table[] = {
    { "overlap", MW_OPT_TEXT, O(overlap), "independent",
      .help = "when noise sounds: independent (gaps of its own), same (exactly while the picture is damaged), disjoint (as long, "
              "but at other times), or a share from 0 to 1 of as long a time that falls on the damage" },
    { 0 },
};
/* clang-format on */

/* The options of corrupt video that make no sense here: the sound is replaced, and one time base
 * means the source's. */
static mw_opt picture_table[32];

static void make_picture_table(void)
{
    size_t n = 0;

    for (const mw_opt *row = mw_picture_options_table; row->name; row++)
        if (strcmp(row->name, "drop-audio") && strcmp(row->name, "fps") &&
            n + 1 < sizeof picture_table / sizeof *picture_table)
            picture_table[n++] = *row;
}

size_t mw_corrupt_av_options_groups(mw_corrupt_av_options *o, mw_opt_group groups[MW_MAX_GROUPS])
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_picture_table);
    groups[0] = (mw_opt_group){ mw_run_options_table, &o->video.run };
    groups[1] = (mw_opt_group){ mw_av_options_table, &o->av };
    groups[2] = (mw_opt_group){ mw_sound_options_table, &o->sound };
    groups[3] = (mw_opt_group){ mw_additive_options_table, &o->additive };
    groups[4] = (mw_opt_group){ picture_table, &o->video.picture };
    groups[5] = (mw_opt_group){ mw_face_options_table, &o->video.face };
    groups[6] = (mw_opt_group){ mw_noise_options_table, &o->video.noise };
    groups[7] = (mw_opt_group){ mw_blur_options_table, &o->video.blur };
    groups[8] = (mw_opt_group){ mw_occlusion_options_table, &o->video.occlusion };
    return 9;
}

/* drop_audio: of the picture's file, before the new sound joins it */
MW_JOB_OPTIONS(corrupt_av, (o->video.preset = preset, o->video.picture.drop_audio = 1))

int64_t mw_av_start_samples(double start_s)
{
    const double at = floor(start_s * MW_AUDIO_RATE_HZ + 0.5);

    return at > 0 && at < 0x1p53 ? (int64_t)at : 0;
}

mw_status mw_av_join(const char *path, const char *picture, mw_video_container container,
                     const float *x, size_t n, double start_s, mw_error *err)
{
    int16_t *pcm = mw_calloc_aligned(n, sizeof *pcm);
    const mw_mux_sound sound = { .x = pcm,
                                 .n = (int64_t)n,
                                 .rate_hz = MW_AUDIO_RATE_HZ,
                                 .start_samples = mw_av_start_samples(start_s) };
    mw_status st;

    if (!pcm) return mw_fail_nomem(err);
    mw_pcm16(pcm, x, n);
    st = mw_av_mux(path, picture, container, &sound, err);
    mw_free(pcm);
    return st;
}

/* ---- one job ---- */

typedef struct condition {
    double snr_db;
    char text[MW_F64_TEXT];
    const char *root;
    char config_sha256[65];
} condition;

typedef struct av_job {
    const mw_corrupt_av_options *o;
    mw_visual_planner planner;
    mw_sound_maker maker;
    double share; /* of the noise that falls on damaged pictures; SHARE_INDEPENDENT */
    condition conditions[MW_MAX_ROOTS];
    size_t n_conditions;
} av_job;

/* A clip while it is worked on. */
typedef struct clip_work {
    const av_job *aj;
    mw_job *job;
    const mw_clip *clip;
    int worker;
    mw_clip_key key;
    char source_sha256[65];
    int64_t source_bytes;
    mw_visual_clip c;
    mw_sound_clip s;
    mw_spans damaged; /* in samples of the sound, which lie within it */
    mw_ints gap_start, gap_length;
    double sound_start_s;                  /* after the first frame */
    int64_t damaged_whole;                 /* samples, sound or not */
    char *video_rel, *track_rel, *picture; /* picture: a finished file without sound */
} clip_work;

static void clear_work(clip_work *w)
{
    if (w->picture) unlink(w->picture);
    mw_free(w->video_rel);
    mw_free(w->track_rel);
    mw_free(w->picture);
    mw_free(w->gap_start.v);
    mw_free(w->gap_length.v);
    mw_spans_clear(&w->damaged);
    mw_visual_clip_clear(&w->c);
    mw_sound_clip_clear(&w->s);
}

/* ---- noise by the picture's times ---- */

/* Sample that sounds at t_s after the first frame. */
static int64_t sample_at(const clip_work *w, double t_s)
{
    return (int64_t)floor((t_s - w->sound_start_s) * MW_AUDIO_RATE_HZ + 0.5);
}

/* Times during which any stage damages the picture. */
static mw_status find_damage(clip_work *w, mw_error *err)
{
    size_t n = 0;

    w->sound_start_s =
        (double)mw_av_start_samples(w->s.clean.start_s) / MW_AUDIO_RATE_HZ - w->c.start_s;
    for (size_t i = 0; i < w->c.n_stages; i++)
        n += w->c.stages[i].segments.n;
    w->damaged.v = mw_calloc(n, sizeof *w->damaged.v);
    if (!w->damaged.v) return mw_fail_nomem(err);
    for (size_t i = 0; i < w->c.n_stages; i++)
        for (size_t k = 0; k < w->c.stages[i].segments.n; k++) {
            const mw_segment *s = &w->c.stages[i].segments.v[k];

            w->damaged.v[w->damaged.n++] =
                (mw_span){ sample_at(w, w->c.times_s[s->i0]), sample_at(w, w->c.times_s[s->i1]) };
        }
    /* first whole, also before and after the sound; then what of it can be heard */
    mw_spans_tidy(&w->damaged, INT64_MIN, INT64_MAX);
    w->damaged_whole = mw_spans_length(&w->damaged);
    mw_spans_tidy(&w->damaged, 0, (int64_t)w->s.clean.n);
    return MW_OK;
}

/* The gaps that leave noise in the wanted spans alone. */
static mw_status set_gaps(clip_work *w, const mw_spans *wanted, mw_error *err)
{
    mw_spans gaps = { NULL, 0 };
    mw_status st = mw_spans_complement(&gaps, wanted, (int64_t)w->s.clean.n, err);

    if (st == MW_OK) {
        w->gap_start.v = mw_calloc(gaps.n, sizeof(int64_t));
        w->gap_length.v = mw_calloc(gaps.n, sizeof(int64_t));
        if (!w->gap_start.v || !w->gap_length.v) st = mw_fail_nomem(err);
    }
    if (st == MW_OK) {
        for (size_t i = 0; i < gaps.n; i++) {
            w->gap_start.v[i] = gaps.v[i].i0;
            w->gap_length.v[i] = gaps.v[i].i1 - gaps.v[i].i0;
        }
        w->gap_start.n = w->gap_length.n = gaps.n;
        w->s.gap_start = &w->gap_start;
        w->s.gap_length = &w->gap_length;
    }
    mw_spans_clear(&gaps);
    return st;
}

/* Decide where noise may sound. c->no_span: nowhere, for want of damage to sound with. */
static mw_status place_noise(clip_work *w, mw_error *err)
{
    mw_rng rng = mw_rng_make(&w->key, "av.overlap", "place");
    mw_spans wanted = { NULL, 0 };
    mw_status st = find_damage(w, err);

    if (st != MW_OK || w->aj->share == SHARE_INDEPENDENT) return st;
    st = mw_overlap_place(&wanted, &w->damaged, (int64_t)w->s.clean.n, w->aj->share, &rng, err);
    if (st == MW_OK && !wanted.n) w->c.no_span = 1;
    if (st == MW_OK && wanted.n) st = set_gaps(w, &wanted, err);
    mw_spans_clear(&wanted);
    return st;
}

/* What was achieved, measured on the segments of both. */
static mw_status noisy_spans(const clip_work *w, mw_spans *out, mw_error *err)
{
    *out = (mw_spans){ mw_calloc(w->s.mixed.segments.n, sizeof *out->v), 0 };
    if (!out->v) return mw_fail_nomem(err);
    for (size_t i = 0; i < w->s.mixed.segments.n; i++) {
        const mw_segment *s = &w->s.mixed.segments.v[i];

        if (strcmp(s->type, "noise.gap")) out->v[out->n++] = (mw_span){ s->i0, s->i1 };
    }
    return MW_OK;
}

typedef struct description {
    const clip_work *w;
    int64_t noisy, both; /* samples */
} description;

static void put_seconds(mw_json *j, const char *name, int64_t samples)
{
    mw_json_put_f64(j, name, (double)samples / MW_AUDIO_RATE_HZ);
}

static void describe(mw_json *j, const void *user)
{
    const description *d = user;
    const clip_work *w = d->w;

    mw_visual_describe(j, &w->c);
    mw_json_key(j, "overlap");
    mw_json_open(j, '{');
    mw_json_put_text(j, "asked", w->aj->o->av.overlap);
    put_seconds(j, "noise_s", d->noisy);
    put_seconds(j, "damage_s", w->damaged_whole);
    put_seconds(j, "damage_with_sound_s", mw_spans_length(&w->damaged));
    put_seconds(j, "both_s", d->both);
    mw_json_put_f64(j, "share_of_noise", d->noisy ? (double)d->both / (double)d->noisy : NAN);
    mw_json_put_f64(j, "sound_end_s", w->sound_start_s + (double)w->s.clean.n / MW_AUDIO_RATE_HZ);
    mw_json_put_f64(j, "picture_end_s", w->c.times_s[w->c.n_frames]);
    mw_json_close(j, '}');
}

/* ---- outputs of one ratio ---- */

typedef struct output_names {
    char *video, *part, *track, *sidecar;
} output_names;

static mw_status name_outputs(output_names *o, const clip_work *w, const char *root, mw_error *err)
{
    o->video = mw_path_join(root, w->video_rel);
    o->part = o->video ? mw_part_path(o->video) : NULL;
    o->track = mw_path_join(root, w->track_rel);
    o->sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, root, w->clip->stem);
    return o->part && o->track && o->sidecar ? MW_OK : mw_fail_nomem(err);
}

static void clear_names(output_names *o)
{
    mw_free(o->video);
    mw_free(o->part);
    mw_free(o->track);
    mw_free(o->sidecar);
}

static mw_status write_track(clip_work *w, const output_names *names, char sha256[65],
                             mw_error *err)
{
    const mw_segments *lists[MW_MAX_VISUAL_STAGES];
    const mw_track_video_in video = mw_visual_track(&w->c, lists);
    const mw_track_audio_in audio = mw_sound_clip_track(&w->s, &w->s.mixed, w->sound_start_s);
    mw_npz z = { 0 };
    mw_status st = mw_track_make(&z, &audio, &video, err);

    if (st == MW_OK) {
        mw_sha256_hex(sha256, z.bytes.data, z.bytes.n);
        st = mw_file_store(names->track, z.bytes.data, z.bytes.n, err);
    }
    mw_npz_clear(&z);
    return st;
}

static mw_status write_sidecar(clip_work *w, const condition *c, const output_names *names,
                               const mw_media *file, const char *track_sha256, const description *d,
                               mw_error *err)
{
    mw_corrupt_av_options *o = (mw_corrupt_av_options *)(uintptr_t)w->aj->o;
    const mw_opt_group groups[MW_AV_N_GROUPS] = {
        [MW_AV_GROUP_PICTURE] = { mw_picture_options_table, &o->video.picture },
        [MW_AV_GROUP_FACE] = { mw_face_options_table, &o->video.face },
        [MW_AV_GROUP_SOUND] = { mw_sound_options_table, &o->sound },
        [MW_AV_GROUP_AV] = { mw_av_options_table, &o->av }
    };
    const double sound_end_s = w->sound_start_s + (double)w->s.clean.n / MW_AUDIO_RATE_HZ,
                 picture_end_s = w->c.times_s[w->c.n_frames];
    const size_t n_sound = w->s.state != NULL;
    mw_stage stages[1 + MW_MAX_VISUAL_STAGES];
    mw_media source_video = mw_visual_media(&w->c, w->clip->rel, w->c.info.codec);
    mw_media source_audio = { .path = w->clip->rel,
                              .rate_hz = w->s.clean.source_rate_hz,
                              .channels = w->s.clean.source_channels,
                              .samples = w->s.clean.source_n };
    mw_media video = mw_visual_media(&w->c, file->path, mw_picture_codec(&o->video.picture));
    mw_media audio = { .path = file->path,
                       .rate_hz = MW_AUDIO_RATE_HZ,
                       .channels = 1,
                       .samples = (int64_t)w->s.clean.n };
    mw_sidecar s = { .id = w->clip->id,
                     .compat = o->video.preset,
                     .seed = o->video.run.seed,
                     .key = w->key,
                     .command = MW_AV_COMMAND,
                     .job_options = groups,
                     .n_job_options = MW_AV_N_GROUPS,
                     .describe = describe,
                     .describe_user = d,
                     .source_video = &source_video,
                     .source_audio = &source_audio,
                     .output_video = &video,
                     .output_audio = &audio,
                     .end_s = sound_end_s > picture_end_s ? sound_end_s : picture_end_s,
                     .clock_video = &video,
                     .clock_audio = &audio,
                     .frame_times_s = w->c.times_s,
                     .audio_start_s = w->sound_start_s,
                     .stages = stages,
                     .n_stages = n_sound + w->c.n_stages,
                     .track_path = w->track_rel };
    mw_str text = { 0 };
    mw_status st;

    if (n_sound) stages[0] = mw_sound_clip_stage(&w->s, &w->s.mixed);
    mw_visual_stages(&w->c, stages + n_sound);
    source_video.bytes = source_audio.bytes = w->source_bytes;
    memcpy(source_video.sha256, w->source_sha256, sizeof source_video.sha256);
    memcpy(source_audio.sha256, w->source_sha256, sizeof source_audio.sha256);
    memcpy(source_audio.codec, w->s.clean.codec, sizeof source_audio.codec);
    video.bytes = audio.bytes = file->bytes;
    memcpy(video.sha256, file->sha256, sizeof video.sha256);
    memcpy(audio.sha256, file->sha256, sizeof audio.sha256);
    snprintf(audio.codec, sizeof audio.codec, "%s", mw_av_mux_codec(w->c.container));
    memcpy(s.config_sha256, c->config_sha256, sizeof s.config_sha256);
    memcpy(s.track_sha256, track_sha256, sizeof s.track_sha256);
    mw_sidecar_write(&text, &s);
    st = mw_str_ok(&text, err);
    if (st == MW_OK) st = mw_file_store(names->sidecar, text.data, text.n, err);
    mw_str_clear(&text);
    return st;
}

static mw_status measure_overlap(const clip_work *w, description *d, mw_error *err)
{
    mw_spans noisy;
    mw_status st = noisy_spans(w, &noisy, err);

    if (st != MW_OK) return st;
    *d = (description){ .w = w,
                        .noisy = mw_spans_length(&noisy),
                        .both = mw_spans_common(&noisy, &w->damaged) };
    mw_spans_clear(&noisy);
    return MW_OK;
}

/* The damaged sound at a ratio; clean where noise has nowhere to sound. */
static mw_status mix(clip_work *w, const condition *c, mw_error *err)
{
    const int per_condition = w->aj->o->additive.noise_per == MW_NOISE_PER_CONDITION;
    mw_status st = MW_OK;

    if (w->c.no_span) return mw_sound_clip_leave(&w->s, err);
    if (!w->s.state || per_condition)
        st = mw_sound_clip_draw(&w->s, per_condition ? c->text : "", err);
    return st == MW_OK ? mw_sound_clip_mix(&w->s, c->snr_db, err) : st;
}

static mw_status write_condition(clip_work *w, const condition *c, const output_names *names,
                                 mw_error *err)
{
    char track_sha256[65];
    mw_media file = { .path = w->video_rel };
    description d;
    mw_status st = mix(w, c, err);

    if (st == MW_OK) st = measure_overlap(w, &d, err);
    if (st == MW_OK) st = mw_make_parents(names->video, err);
    if (st == MW_OK)
        st = mw_av_join(names->part, w->picture, w->c.container, w->s.mix, w->s.clean.n,
                        w->s.clean.start_s, err);
    if (st != MW_OK) return st;
    /* an old sidecar must not describe new files, should the run end here */
    unlink(names->sidecar);
    st = mw_sha256_file(file.sha256, &file.bytes, names->part, err);
    if (st != MW_OK)
        unlink(names->part);
    else
        st = mw_part_commit(names->part, names->video, err);
    if (st == MW_OK) st = write_track(w, names, track_sha256, err);
    if (st == MW_OK) st = write_sidecar(w, c, names, &file, track_sha256, &d, err);
    if (st != MW_OK) {
        unlink(names->video);
        unlink(names->track);
    }
    return st;
}

/* ---- one clip ---- */

/* The sound, and the name of the output: both say at once when a clip lacks sound or picture. */
static mw_status look_at_clip(clip_work *w, mw_error *err)
{
    mw_status st = mw_sound_clip_load(&w->s, w->clip->path, err);

    if (st == MW_OK)
        st = mw_visual_probe(&w->c.info, &w->video_rel, w->clip->path, w->clip->stem,
                             &w->aj->o->video.picture, err);
    if (st != MW_OK) return st;
    w->track_rel = mw_format("%s" MW_TRACK_SUFFIX, w->clip->stem);
    return w->track_rel ? MW_OK : mw_fail_nomem(err);
}

/* Damage the picture, into a part file below root; then decide where noise sounds. */
static mw_status make_picture(clip_work *w, const char *root, mw_error *err)
{
    mw_status st = MW_OK;

    w->picture = mw_format("%s/%s.picture" MW_PART_SUFFIX, root, w->video_rel);
    if (!w->picture) return mw_fail_nomem(err);
    st = mw_make_parents(w->picture, err);
    if (st == MW_OK)
        st = mw_visual_make(&w->c, &w->aj->planner, &w->key, w->clip, w->worker, w->picture,
                            &w->aj->o->video.picture, w->job, err);
    return st == MW_OK ? place_noise(w, err) : st;
}

static int needs_work(const clip_work *w, const condition *c, mw_asset_check check)
{
    char *sidecar;
    int needs;

    if (w->aj->o->video.run.overwrite) return 1;
    sidecar = mw_format("%s/%s" MW_SIDECAR_SUFFIX, c->root, w->clip->stem);
    needs = !sidecar || !mw_sidecar_is_current(sidecar, c->root, c->config_sha256, w->source_sha256,
                                               check, (void *)(uintptr_t)w->aj);
    mw_free(sidecar);
    return needs;
}

/* A noise file, occluder or face track that was exchanged makes the outputs that used it stale. */
static int asset_is_same(void *user, const char *path, const char *sha256)
{
    const av_job *aj = user;
    char found[65];

    if (mw_bank_find(aj->maker.bank, path) &&
        mw_bank_sha256(aj->maker.bank, path, found, NULL) == MW_OK && !strcmp(found, sha256))
        return 1;
    return mw_visual_asset_is_same(&aj->o->video.picture, path, sha256);
}

static mw_status make_outputs(clip_work *w, mw_clip_result *r)
{
    mw_status st = MW_OK;

    for (size_t i = 0; st == MW_OK && i < w->aj->n_conditions; i++) {
        const condition *c = &w->aj->conditions[i];
        output_names names = { NULL, NULL, NULL, NULL };

        if (!needs_work(w, c, asset_is_same)) continue;
        if (mw_job_stopping(w->job))
            return mw_fail(&r->error, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        r->outcome = MW_DONE;
        if (!w->picture) {
            st = look_at_clip(w, &r->error);
            if (st == MW_OK) st = make_picture(w, c->root, &r->error);
        }
        if (st == MW_OK) st = name_outputs(&names, w, c->root, &r->error);
        if (st == MW_OK) st = write_condition(w, c, &names, &r->error);
        r->n_outputs += st == MW_OK;
        clear_names(&names);
    }
    if (st == MW_OK && w->c.times_s) r->media_s = w->c.times_s[w->c.n_frames];
    return st;
}

static void put_drawn(mw_json *j, const mw_op *op, const void *decision)
{
    mw_json_open(j, '{');
    mw_put_drawn(j, op, decision);
    mw_json_close(j, '}');
}

static mw_status tell_drawn(clip_work *w, const condition *c, mw_error *err)
{
    mw_str json = { 0 };
    mw_json j = mw_json_begin(&json);
    mw_status st = mix(w, c, err);

    if (st != MW_OK) return st;
    mw_json_open(&j, '{');
    mw_json_put_text(&j, "id", w->clip->id);
    mw_json_put_i64(&j, "frames", (int64_t)w->c.n_frames);
    mw_json_key(&j, "stages");
    mw_json_open(&j, '[');
    if (w->s.state) put_drawn(&j, &mw_op_audio_additive, &w->s.decision);
    for (size_t i = 0; i < w->c.n_stages; i++)
        put_drawn(&j, w->c.stages[i].op, w->c.stages[i].decision);
    mw_json_close(&j, ']');
    mw_json_close(&j, '}');
    return mw_job_tell_drawn(w->job, w->clip->id, &json, err);
}

static mw_status tell_all(clip_work *w, mw_error *err)
{
    int64_t n;
    mw_status st = look_at_clip(w, err);

    if (st == MW_OK) st = mw_visual_times(&w->c, w->clip->path, w->job, err);
    n = (int64_t)w->c.n_frames;
    if (st == MW_OK)
        st = mw_visual_plan(&w->c, &w->aj->planner, &w->key, w->clip, w->worker, &n, w->job, err);
    if (st == MW_OK) st = place_noise(w, err);
    for (size_t i = 0; st == MW_OK && i < w->aj->n_conditions; i++)
        st = tell_drawn(w, &w->aj->conditions[i], err);
    return st;
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *r)
{
    const av_job *aj = user;
    clip_work w = { .aj = aj,
                    .job = job,
                    .clip = clip,
                    .worker = worker,
                    .key = mw_clip_key_make(aj->o->video.run.seed, clip->id),
                    .s = { .maker = &aj->maker } };
    mw_status st = mw_sha256_file(w.source_sha256, &w.source_bytes, clip->path, &r->error);

    w.s.key = w.key;
    r->outcome = MW_SKIPPED;
    if (st == MW_OK && aj->o->video.run.dry_run) {
        r->outcome = MW_DONE;
        st = tell_all(&w, &r->error);
    } else if (st == MW_OK) {
        st = make_outputs(&w, r);
    }
    if (st != MW_OK) r->outcome = MW_FAILED;
    clear_work(&w);
}

/* ---- setting up ---- */

static mw_status parse_overlap(double *share, const char *text, mw_error *err)
{
    static const struct {
        const char *name;
        double share;
    } names[] = { { "independent", SHARE_INDEPENDENT }, { "same", 1 }, { "disjoint", 0 } };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i].name)) {
            *share = names[i].share;
            return MW_OK;
        }
    if (!mw_f64_parse(text, share) && *share >= 0 && *share <= 1) return MW_OK;
    return mw_fail(err, MW_ERR_RANGE, "bad_option",
                   "option 'overlap' is '%s'; allowed are independent, same, disjoint, or a share "
                   "in [0, 1]",
                   text);
}

static mw_status set_conditions(av_job *aj, mw_roots *roots, mw_error *err)
{
    mw_corrupt_av_options *o = (mw_corrupt_av_options *)(uintptr_t)aj->o;
    const mw_opt_group groups[] = { { mw_picture_options_table, &o->video.picture },
                                    { mw_face_options_table, &o->video.face },
                                    { mw_sound_options_table, &o->sound },
                                    { mw_av_options_table, &o->av } };
    const mw_op *const ops[] = { &mw_op_audio_additive, &mw_op_visual_noise, &mw_op_visual_blur,
                                 &mw_op_visual_occlusion };
    const void *const op_options[] = { &o->additive, &o->video.noise, &o->video.blur,
                                       &o->video.occlusion };

    for (size_t i = 0; i < o->sound.snr.n; i++) {
        condition *c = &aj->conditions[i];
        char *extra;
        mw_status st =
            mw_roots_add(roots, mw_snr_folder(o->video.run.out, o->sound.snr.v[i], c->text), err);

        if (st != MW_OK) return st;
        c->snr_db = o->sound.snr.v[i];
        c->root = roots->path[i];
        extra = mw_format("snr %s, noise %s, occluders %s", c->text, aj->maker.bank->listing_sha256,
                          aj->planner.occluders ? aj->planner.occluders->listing_sha256 : "");
        if (!extra) return mw_fail_nomem(err);
        st = mw_config_sha256(c->config_sha256, MW_AV_COMMAND, groups, 4, o->video.run.seed, ops,
                              op_options, 4, extra, err);
        mw_free(extra);
        if (st != MW_OK) return st;
        aj->n_conditions++;
    }
    return MW_OK;
}

static mw_status check_options(const mw_corrupt_av_options *o, mw_error *err)
{
    if (!*o->video.run.in)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'in': an input file or folder is needed");
    if (!*o->video.run.out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    if (!o->sound.snr.n)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "option 'snr': at least one ratio is needed");
    return MW_OK;
}

static mw_status set_up(av_job *aj, mw_roots *roots, mw_error *err)
{
    const mw_corrupt_av_options *o = aj->o;
    const int n_threads = mw_run_threads(&o->video.run);
    mw_status st = check_options(o, err);

    if (st == MW_OK) st = parse_overlap(&aj->share, o->av.overlap, err);
    if (st == MW_OK)
        st = mw_bank_open(&aj->maker.bank, o->sound.noise_dir, MW_AUDIO_RATE_HZ, n_threads, err);
    if (st == MW_OK) st = mw_sound_maker_check(&aj->maker, err);
    if (st == MW_OK) st = mw_visual_planner_open(&aj->planner, &o->video, n_threads, err);
    return st == MW_OK ? set_conditions(aj, roots, err) : st;
}

static void tell_rejects(mw_job *job, const av_job *aj)
{
    const mw_occluder_bank *occluders = aj->planner.occluders;

    mw_sound_maker_tell(&aj->maker, job);
    for (size_t i = 0; occluders && i < occluders->n_rejects; i++)
        mw_job_tell(job, MW_EVENT_NOTE, NULL, occluders->rejects[i].error.message);
}

mw_status mw_corrupt_av(const mw_corrupt_av_options *o, const mw_run_hooks *hooks,
                        mw_summary *summary, mw_error *err)
{
    av_job aj = { .o = o, .maker = { .sound = &o->sound, .additive = &o->additive } };
    mw_job job = { .work = work_on_clip, .user = &aj };
    mw_roots roots = { 0 };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    st = set_up(&aj, &roots, err);
    if (st == MW_OK)
        st = mw_job_setup(&job, &walk, &o->video.run, MW_WALK_VIDEO, &roots, hooks, summary, err);
    if (st == MW_OK && !o->video.run.dry_run) st = mw_roots_open(&roots, err);
    if (st == MW_OK) {
        summary->n_noise_files = aj.maker.bank->n;
        summary->n_noise_rejected = aj.maker.bank->n_rejects;
        tell_rejects(&job, &aj);
        st = mw_job_run(&job, err);
    }
    if (st == MW_OK && !o->video.run.dry_run) st = mw_job_finish(&job, &o->video.run, &roots, err);
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_roots_close(&roots);
    mw_visual_planner_close(&aj.planner);
    mw_bank_close(&aj.maker.bank);
    return st;
}
