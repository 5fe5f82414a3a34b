/* SPDX-License-Identifier: Apache-2.0
 *
 * synth: render the clips of src/synth and write them as a small MMSA-like data set.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "img/yuv.h"
#include "media/av_create.h"
#include "media/sound.h"
#include "merwild/synth.h"
#include "run/setup.h"
#include "synth/noise.h"
#include "synth/synth.h"

static const char *const recipe_names[] = { "demo", "benchmark", NULL };
static const char *const size_names[] = { "free", "tiny", "standard", NULL };

#define O(field) offsetof(mw_synth_options, field)

/* clang-format off */
const mw_opt mw_synth_options_table[] = {
    { "out", MW_OPT_TEXT, O(out), "", .help = "output folder" },
    { "seed", MW_OPT_UINT, O(seed), "1", .help = "root of every random draw" },
    { "jobs", MW_OPT_INT, O(jobs), "0", 0, 1024, .help = "worker threads; 0: one per processor" },
    { "size", MW_OPT_ENUM, O(size), "free", .choices = size_names,
      .help = "number, length and picture of the clips; tiny (120 clips) and standard (900) are those of the built-in benchmark" },
    { "n", MW_OPT_INT, O(n), "0", 0, 1e6, .help = "number of clips; 0: the size's (free: 2)" },
    { "clips-per-speaker", MW_OPT_INT, O(clips_per_speaker), "0", 0, 1e6, .help = "clips in a row of one speaker; 0: the size's (free: 1, otherwise 6)" },
    { "recipe", MW_OPT_ENUM, O(recipe), "demo", .choices = recipe_names,
      .help = "demo: face and voice both follow the label; benchmark: each carries a part of it" },
    { "duration-s", MW_OPT_DOUBLE, O(duration_s), "0", 0, MW_SYNTH_MAX_S, "s", .help = "length of a clip, at least 0.2; 0: the size's (free: 4.5, otherwise 3)" },
    { "width", MW_OPT_INT, O(width), "0", 0, MW_SYNTH_MAX_SIDE, "px", .help = "of the picture, even, at least 64; 0: the size's (free: 480, otherwise 192)" },
    { "height", MW_OPT_INT, O(height), "0", 0, MW_SYNTH_MAX_SIDE, "px", .help = "of the picture, even, at least 64; 0: the size's (free: 360, otherwise 144)" },
    { "fps", MW_OPT_INT, O(fps), "25", 1, 240, "frames/s", .help = "frame rate" },
    { "rate-hz", MW_OPT_INT, O(rate_hz), "16000", MW_SYNTH_MIN_RATE, MW_SYNTH_MAX_RATE, "Hz", .help = "sample rate" },
    { "noise", MW_OPT_BOOL, O(noise), "no", .help = "also make OUT/noise: other voices, music and the noise of places, to disturb the clips with" },
    { 0 },
};
/* clang-format on */

typedef struct synth_clip {
    mw_synth_params params;
    mw_synth_latents latents;
    char video_id[32], clip_id[32];
} synth_clip;

typedef struct synth_job {
    const mw_synth_options *o; /* with the size's values filled in */
    synth_clip *clips;
} synth_job;

/* ---- planning ---- */

/* What a size stands for, in the order of size_names. */
static const struct size {
    int64_t n, clips_per_speaker, width, height;
    double duration_s;
} sizes[] = { { 2, 1, 480, 360, 4.5 }, { 120, 6, 192, 144, 3 }, { 900, 6, 192, 144, 3 } };

/* Fill in what the options leave to the size. */
static mw_status fill_in(mw_synth_options *o, mw_error *err)
{
    const struct size *s;

    if (o->size < 0 || (size_t)o->size >= sizeof sizes / sizeof *sizes)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'size': %d is none", o->size);
    s = &sizes[o->size];
    if (!o->n) o->n = s->n;
    if (!o->clips_per_speaker) o->clips_per_speaker = s->clips_per_speaker;
    if (o->duration_s == 0) o->duration_s = s->duration_s;
    if (!o->width) o->width = s->width;
    if (!o->height) o->height = s->height;
    if (o->width % 2 || o->height % 2 || o->width < MW_SYNTH_MIN_SIDE ||
        o->height < MW_SYNTH_MIN_SIDE)
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "options 'width', 'height': %lld x %lld is not even, or below %d",
                       (long long)o->width, (long long)o->height, MW_SYNTH_MIN_SIDE);
    if (!(o->duration_s >= MW_SYNTH_MIN_S))
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'duration-s': %g is below %g s",
                       o->duration_s, MW_SYNTH_MIN_S);
    return MW_OK;
}

/* Labels of the demo walk through the scale from both ends, so that two clips already differ. */
static double demo_label(int64_t i)
{
    static const double labels[] = { 2.4, -2.4, 0.8, -0.8, 1.6, -1.6, 0, 3, -3 };

    return labels[i % (int64_t)(sizeof labels / sizeof *labels)];
}

static mw_status plan(const synth_job *j, int64_t i, synth_clip *c, mw_error *err)
{
    const mw_synth_options *o = j->o;
    mw_synth_recipe recipe;
    mw_status st = MW_OK;

    mw_synth_params_default(&c->params, o->seed, i, i / o->clips_per_speaker, demo_label(i));
    c->params.duration_s = o->duration_s;
    c->params.width = (int)o->width;
    c->params.height = (int)o->height;
    c->params.fps = (double)o->fps;
    c->params.rate_hz = (int)o->rate_hz;
    if (o->recipe) {
        mw_synth_recipe_default(&recipe);
        recipe.clips_per_speaker = (int)o->clips_per_speaker;
        st = mw_synth_draw(&c->params, &c->latents, o->seed, i, &recipe, err);
    } else {
        c->params.voice.off_s = c->params.face.off_s = o->duration_s;
    }
    snprintf(c->video_id, sizeof c->video_id, "synth%04lld", (long long)c->params.speaker);
    snprintf(c->clip_id, sizeof c->clip_id, "%lld", (long long)(i % o->clips_per_speaker) + 1);
    return st;
}

/* Seven speakers of ten train, one validates, two test; fewer than ten speakers all train. */
static const char *split_of(const synth_job *j, const synth_clip *c)
{
    const int64_t n_speakers = (j->o->n + j->o->clips_per_speaker - 1) / j->o->clips_per_speaker;
    const int64_t k = c->params.speaker % 10;

    if (n_speakers < 10 || k < 7) return "train";
    return k == 7 ? "valid" : "test";
}

static mw_status write_labels(const synth_job *j, mw_error *err)
{
    char *path = mw_path_join(j->o->out, "label.csv");
    mw_str s = { 0 };
    mw_status st;

    mw_str_put(&s, "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n");
    for (int64_t i = 0; i < j->o->n; i++) {
        const synth_clip *c = &j->clips[i];
        const double label = c->params.label;
        char text[MW_F64_TEXT];

        mw_f64_text(text, label);
        mw_str_printf(&s, "%s,%s,,%s,,,,%s,%s\n", c->video_id, c->clip_id, text,
                      label > 0   ? "Positive"
                      : label < 0 ? "Negative"
                                  : "Neutral",
                      split_of(j, c));
    }
    st = path ? mw_str_ok(&s, err) : mw_fail_nomem(err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    mw_str_clear(&s);
    mw_free(path);
    return st;
}

/* What the labels of the benchmark were made from. */
static mw_status write_latents(const synth_job *j, mw_error *err)
{
    char *path = mw_path_join(j->o->out, "synth.csv");
    mw_str s = { 0 };
    mw_status st;

    mw_str_put(&s,
               "video_id,clip_id,label,truth,cue_voice,cue_face,z0,za,zv,voice_on_s,voice_off_s,"
               "face_on_s,face_off_s\n");
    for (int64_t i = 0; i < j->o->n; i++) {
        const synth_clip *c = &j->clips[i];
        const mw_synth_latents *l = &c->latents;
        const double x[] = { c->params.label,
                             c->params.truth,
                             l->cue_voice,
                             l->cue_face,
                             l->z0,
                             l->za,
                             l->zv,
                             c->params.voice.on_s,
                             c->params.voice.off_s,
                             c->params.face.on_s,
                             c->params.face.off_s };

        mw_str_printf(&s, "%s,%s", c->video_id, c->clip_id);
        for (size_t k = 0; k < sizeof x / sizeof *x; k++) {
            char text[MW_F64_TEXT];

            mw_f64_text(text, x[k]);
            mw_str_printf(&s, ",%s", text);
        }
        mw_str_putc(&s, '\n');
    }
    st = path ? mw_str_ok(&s, err) : mw_fail_nomem(err);
    if (st == MW_OK) st = mw_file_store(path, s.data, s.n, err);
    mw_str_clear(&s);
    mw_free(path);
    return st;
}

/* ---- one clip ---- */

/* Buffers of one clip. */
typedef struct render {
    mw_synth *s;
    mw_frame rgb, yuv;
    float *voice;
    int16_t *pcm;
    size_t n;
    mw_av_create *file;
} render;

static mw_status prepare(render *r, const mw_synth_params *p, mw_error *err)
{
    mw_status st = mw_synth_create(&r->s, p, err);

    if (st != MW_OK) return st;
    r->n = mw_synth_n_samples(r->s);
    r->voice = mw_calloc_aligned(r->n, sizeof *r->voice);
    r->pcm = mw_calloc_aligned(r->n, sizeof *r->pcm);
    st = r->voice && r->pcm ? mw_synth_voice(r->s, r->voice, r->n, err) : mw_fail_nomem(err);
    if (st == MW_OK) st = mw_frame_alloc(&r->rgb, MW_PIX_RGB24, p->width, p->height, err);
    if (st == MW_OK) st = mw_frame_alloc(&r->yuv, MW_PIX_YUV420P, p->width, p->height, err);
    return st;
}

static void clear(render *r)
{
    mw_av_create_abort(&r->file);
    mw_synth_destroy(&r->s);
    mw_frame_clear(&r->rgb);
    mw_frame_clear(&r->yuv);
    mw_free(r->voice);
    mw_free(r->pcm);
}

/* Pictures, and beside each the sound up to its end. */
static mw_status render_frames(render *r, const mw_synth_params *p, mw_job *job, mw_error *err)
{
    const int64_t n_frames = mw_synth_n_frames(r->s);
    size_t done = 0;
    mw_status st = MW_OK;

    for (int64_t t = 0; st == MW_OK && t < n_frames; t++) {
        size_t until = t + 1 == n_frames ? r->n : (size_t)((double)(t + 1) / p->fps * p->rate_hz);

        if (mw_job_stopping(job)) return mw_fail(err, MW_ERR_INTERRUPTED, "interrupted", "stopped");
        if (until > r->n) until = r->n;
        st = mw_synth_face_frame(r->s, t, &r->rgb, err);
        if (st == MW_OK) st = mw_img_rgb_to_yuv420(&r->rgb, &r->yuv);
        if (st == MW_OK) st = mw_av_create_picture(r->file, &r->yuv, err);
        if (st == MW_OK) st = mw_av_create_sound(r->file, r->voice + done, until - done, err);
        done = until;
    }
    return st;
}

static mw_status write_wav(render *r, int rate_hz, const char *path, mw_error *err)
{
    mw_str bytes = { 0 };
    mw_status st = mw_make_parents(path, err);

    if (st == MW_OK) st = mw_wav_put(&bytes, r->voice, r->n, rate_hz, r->pcm, err);
    if (st == MW_OK) st = mw_file_store(path, bytes.data, bytes.n, err);
    mw_str_clear(&bytes);
    return st;
}

static mw_status write_mp4(render *r, const mw_synth_params *p, const char *path, mw_job *job,
                           mw_error *err)
{
    const mw_av_form form = { .width = p->width,
                              .height = p->height,
                              .fps_num = (int)p->fps,
                              .fps_den = 1,
                              .rate_hz = p->rate_hz };
    char *part = mw_part_path(path);
    mw_status st = part ? mw_make_parents(path, err) : mw_fail_nomem(err);

    if (st == MW_OK) st = mw_av_create_open(&r->file, part, &form, err);
    if (st == MW_OK) st = render_frames(r, p, job, err);
    if (st == MW_OK) st = mw_av_create_close(&r->file, err);
    if (st == MW_OK) st = mw_part_commit(part, path, err);
    mw_free(part);
    return st;
}

static void work_on_clip(void *user, mw_job *job, int worker, const mw_clip *clip,
                         mw_clip_result *result)
{
    const synth_job *j = user;
    const synth_clip *c = &j->clips[clip - job->walk->clips];
    char *wav = mw_format("%s/wav/%s/%s.wav", j->o->out, c->video_id, c->clip_id);
    render r = { .s = NULL };
    mw_status st = wav ? prepare(&r, &c->params, &result->error) : mw_fail_nomem(&result->error);

    (void)worker;
    if (st == MW_OK) st = write_wav(&r, c->params.rate_hz, wav, &result->error);
    if (st == MW_OK) st = write_mp4(&r, &c->params, clip->path, job, &result->error);
    clear(&r);
    mw_free(wav);
    result->outcome = st == MW_OK ? MW_DONE : MW_FAILED;
    result->n_outputs = st == MW_OK ? 2 : 0;
    if (st == MW_OK) result->media_s = c->params.duration_s;
}

/* ---- noise ---- */

#define NOISE_S        8.0
#define N_NOISE_VOICES 8
#define N_NOISE_SOUNDS 4
#define NOISE_SPEAKER  ((int64_t)1 << 30) /* first of the speakers that no clip has */

static mw_status write_sound(float *x, size_t n, int rate_hz, const char *out, const char *kind,
                             int i, mw_error *err)
{
    char *path = mw_format("%s/noise/%s/%d.wav", out, kind, i + 1);
    render r = { .voice = x, .n = n };
    mw_status st;

    r.pcm = mw_calloc_aligned(n, sizeof *r.pcm);
    st = path && r.pcm ? write_wav(&r, rate_hz, path, err) : mw_fail_nomem(err);
    mw_free(r.pcm);
    mw_free(path);
    return st;
}

static mw_status make_voice(float *x, size_t n, const mw_synth_options *o, int i, mw_error *err)
{
    mw_synth_params p;
    mw_synth *s;
    mw_status st;

    mw_synth_params_default(&p, o->seed, i, NOISE_SPEAKER + i, 0);
    p.duration_s = NOISE_S;
    p.rate_hz = (int)o->rate_hz;
    p.voice.off_s = p.face.off_s = NOISE_S;
    st = mw_synth_create(&s, &p, err);
    if (st == MW_OK) st = mw_synth_voice(s, x, n, err);
    mw_synth_destroy(&s);
    return st;
}

static mw_status write_noise(const mw_synth_options *o, mw_error *err)
{
    const int rate_hz = (int)o->rate_hz;
    const size_t n = (size_t)(NOISE_S * rate_hz);
    float *x = mw_calloc_aligned(n, sizeof *x);
    mw_status st = x ? MW_OK : mw_fail_nomem(err);

    for (int i = 0; st == MW_OK && i < N_NOISE_VOICES; i++) {
        st = make_voice(x, n, o, i, err);
        if (st == MW_OK) st = write_sound(x, n, rate_hz, o->out, "speech", i, err);
    }
    for (int i = 0; st == MW_OK && i < 2 * N_NOISE_SOUNDS; i++) {
        const int music = i < N_NOISE_SOUNDS;
        const mw_clip_key key = mw_clip_key_make(o->seed, music ? "music" : "environment");
        mw_rng r = mw_rng_make(&key, "synth", "noise");
        uint64_t stream = 0;

        for (int k = 0; k <= i; k++)
            stream = mw_rng_u64(&r);
        if (music)
            mw_synth_music(x, n, rate_hz, stream);
        else
            mw_synth_environment(x, n, rate_hz, stream);
        st = write_sound(x, n, rate_hz, o->out, music ? "music" : "environment", i % N_NOISE_SOUNDS,
                         err);
    }
    mw_free(x);
    return st;
}

/* ---- the job ---- */

/* The clips as a walk, in order of number; a walk sorts by path, so ids are looked up by place
 * here. */
static mw_status plan_all(synth_job *j, mw_walk *walk, mw_error *err)
{
    mw_status st = MW_OK;

    j->clips = mw_calloc((size_t)j->o->n, sizeof *j->clips);
    if (!j->clips) return mw_fail_nomem(err);
    for (int64_t i = 0; st == MW_OK && i < j->o->n; i++) {
        synth_clip *c = &j->clips[i];
        char *rel;

        st = plan(j, i, c, err);
        if (st != MW_OK) break;
        rel = mw_format("Raw/%s/%s.mp4", c->video_id, c->clip_id);
        st = rel ? mw_walk_add(walk, j->o->out, rel, err) : mw_fail_nomem(err);
        mw_free(rel);
    }
    return st;
}

mw_status mw_synth_run(const mw_synth_options *o, const mw_run_hooks *hooks, mw_summary *summary,
                       mw_error *err)
{
    const mw_run_options run = { .jobs = o->jobs };
    mw_synth_options full = *o; /* borrows its texts */
    synth_job j = { .o = &full };
    mw_job job = { .work = work_on_clip, .user = &j };
    mw_walk walk = { 0 };
    mw_status st;

    *summary = (mw_summary){ 0 };
    if (!*o->out)
        return mw_fail(err, MW_ERR_RANGE, "bad_option", "option 'out': an output folder is needed");
    st = fill_in(&full, err);
    if (st == MW_OK) st = mw_make_dirs(o->out, err);
    if (st == MW_OK) st = plan_all(&j, &walk, err);
    if (st == MW_OK) {
        mw_job_init(&job, &walk, &run, hooks, summary);
        st = mw_job_run(&job, err);
    }
    if (st == MW_OK) st = write_labels(&j, err);
    if (st == MW_OK && o->recipe) st = write_latents(&j, err);
    if (st == MW_OK && o->noise) st = write_noise(&full, err);
    mw_job_clear(&job);
    mw_walk_clear(&walk);
    mw_free(j.clips);
    return st;
}
