/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory running out at every allocation of the public calls: the n-th and all later ones, or the
 * n-th alone. Never a crash, a leak, another code than NOMEM, a partial file, or an output that
 * differs from that of an undisturbed run. What the libraries below allocate themselves is not
 * reached.
 */
#include "support/support.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "data/csd.h"
#include "data/npz.h"
#include "data/track.h"
#include "media/image_png.h"
#include "media/sound.h"
#include "media/video_reader.h"
#include "merwild/merwild.h"
#include "nn/weights.h"
#include "support/clips.h"
#include "support/random_vit.h"
#include "support/sounds.h"
#include "support/toy_bank.h"

static char *dir;

static const char *in(const char *name)
{
    return path_in(dir, name);
}

/* One public call. Everything it needs is made anew in each; outputs go below "out". */
typedef mw_status call(mw_error *err, mw_summary *summary);

/* SHA-256 over the outputs that a call makes. */
static const char *const outputs[] = { "out_0/x.wav",
                                       "out_0/x.prov.json",
                                       "out_0/x.track.npz",
                                       "out_0/manifest.jsonl",
                                       "out_0/v.mp4",
                                       "out_0/v.prov.json",
                                       "out_0/v.track.npz",
                                       "out/occluders.csv",
                                       "out/v.mp4",
                                       "out/v.prov.json",
                                       "out/v.track.npz",
                                       "out/manifest.jsonl",
                                       "again/x.wav",
                                       "again/v.mp4",
                                       "out/f.npz",
                                       "out/f.prov.json",
                                       "out/w.safetensors",
                                       "out/w.txt",
                                       "out/bank.json",
                                       "out/label.csv",
                                       "out/va/1.bank.npz",
                                       "out/v/1.bank.npz",
                                       "out/l.csv",
                                       "out/l.csv.rejects.csv",
                                       "out/report.md",
                                       "out/report.csv",
                                       "out/results.json",
                                       "out/seed_1/model.safetensors",
                                       "out/seed_1/config.json",
                                       "out/s001/3.a.scores.npy",
                                       "out/s001/3.v.scores.npy",
                                       "out/predictions.csv" };

static void hash_outputs(char hex[65])
{
    char all[sizeof outputs / sizeof *outputs * 65] = "";

    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        char one[65];

        if (mw_sha256_file(one, NULL, in(outputs[i]), NULL) == MW_OK) strcat(all, one);
    }
    mw_sha256_hex(hex, all, strlen(all));
}

static void remove_below(const char *name)
{
    char command[600];

    snprintf(command, sizeof command, "%s", in(name));
    temp_dir_remove(strdup(command));
}

static void clear_outputs(void)
{
    remove_below("out");
    remove_below("out_0");
    remove_below("again");
}

/* st and summary of a call during which an allocation failed (or none was reached: *whole). */
static void check_ending(const char *what, long at, mw_status st, const mw_error *err,
                         const mw_summary *s)
{
    if (st != MW_OK && (st != MW_ERR_NOMEM || err->code != st))
        fail_msg("%s, allocation %ld: %s (%s)", what, at, mw_status_name(st), err->message);
    for (size_t i = 0; st == MW_OK && i < s->n_reasons; i++)
        if (strcmp(s->reasons[i].reason, "out_of_memory"))
            fail_msg("%s, allocation %ld: a clip failed for %s", what, at, s->reasons[i].reason);
    if (count_files(dir, MW_PART_SUFFIX)) fail_msg("%s, allocation %ld: a partial file", what, at);
}

/* Fail allocation 1, 2, 3 ... (alone: only that one) until the call no longer reaches the failure.
 */
static void sweep_one(const char *what, call *run, int alone, const char *expected)
{
    const long live = mw_mem_live();
    long at = 1;

    for (;; at++) {
        mw_summary summary = { 0 };
        mw_error err = { 0 };
        char found[65];
        mw_status st;
        long made;

        clear_outputs();
        mw_mem_fail_at(alone ? -at : at);
        st = run(&err, &summary);
        made = mw_mem_count();
        mw_mem_fail_at(0);
        if (mw_mem_live() != live)
            fail_msg("%s, allocation %ld: %ld blocks left", what, at, mw_mem_live() - live);
        check_ending(what, at, st, &err, &summary);
        hash_outputs(found);
        if (st == MW_OK && !summary.n_failed && strcmp(found, expected))
            fail_msg("%s, allocation %ld: all well, and other outputs", what, at);
        if (made < at) {
            assert_int_equal(st, MW_OK);
            assert_int_equal(summary.n_failed, 0);
            break;
        }
        assert_true(at < 3000);
    }
    print_message("# %s: %ld allocations%s\n", what, at - 1, alone ? ", one at a time" : "");
}

static void sweep(const char *what, call *run)
{
    mw_summary summary = { 0 };
    char expected[65];

    clear_outputs();
    assert_ok(run(NULL, &summary));
    assert_int_equal(summary.n_failed, 0);
    hash_outputs(expected);
    sweep_one(what, run, 0, expected);
    sweep_one(what, run, 1, expected);
    clear_outputs();
}

/* ---- options ---- */

static mw_status set(const mw_opt_group *groups, size_t n, const char *name, const char *value,
                     mw_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const mw_opt *row = mw_opt_find(groups[i].table, name);

        if (row) return mw_opt_set(row, groups[i].values, value, err);
    }
    return mw_fail(err, MW_ERR_ARG, "bad_option", "no option %s", name);
}

typedef struct setting {
    const char *name, *value;
} setting;

static mw_status set_all(const mw_opt_group *groups, size_t n, const setting *s, mw_error *err)
{
    mw_status st = MW_OK;

    for (; st == MW_OK && s->name; s++)
        st = set(groups, n, s->name, s->value, err);
    return st;
}

/* The rest of a call with "settings": options are made, set, used and freed. */
#define RUN_JOB(job)                                                                               \
    mw_##job##_options *o = mw_##job##_options_new(0, err);                                        \
    mw_opt_group groups[MW_MAX_GROUPS];                                                            \
    mw_status st;                                                                                  \
                                                                                                   \
    if (!o) return err ? err->code : MW_ERR_NOMEM;                                                 \
    st = set_all(groups, mw_##job##_options_groups(o, groups), settings, err);                     \
    if (st == MW_OK) st = mw_##job(o, NULL, summary, err);                                         \
    mw_##job##_options_free(&o);                                                                   \
    return st

static mw_status set_options(mw_error *err, mw_summary *summary)
{
    static const setting settings[] = { { "in", "a folder" }, { "snr", "1,2,3,4,5,6,7,8,9" },
                                        { "gaps", "2-3" },    { "weight-pink", "0.5" },
                                        { "seed", "77" },     { NULL, NULL } };
    mw_corrupt_audio_options *o = mw_corrupt_audio_options_new(1, err);
    mw_opt_group groups[MW_MAX_GROUPS];
    mw_status st;
    size_t n;

    (void)summary;
    if (!o) return err ? err->code : MW_ERR_NOMEM;
    n = mw_corrupt_audio_options_groups(o, groups);
    st = set_all(groups, n, settings, err);
    for (size_t i = 0; st == MW_OK && i < n; i++)
        for (const mw_opt *row = groups[i].table; st == MW_OK && row->name; row++) {
            char *text = mw_opt_get(row, groups[i].values);

            if (!text) st = mw_fail(err, MW_ERR_NOMEM, "out_of_memory", "mw_opt_get");
            mw_text_free(text);
        }
    mw_corrupt_audio_options_free(&o);
    return st;
}

static void options(void **state)
{
    (void)state;
    sweep("options", set_options);
}

/* ---- jobs ---- */

static mw_status corrupt_audio(mw_error *err, mw_summary *summary)
{
    const setting settings[] = { { "in", in("in/x.wav") },
                                 { "out", in("out") },
                                 { "noise-dir", in("noise") },
                                 { "snr", "0" },
                                 { "jobs", "1" },
                                 { "sync", "none" },
                                 { NULL, NULL } };

    RUN_JOB(corrupt_audio);
}

static mw_status corrupt_video(mw_error *err, mw_summary *summary)
{
    const setting settings[] = { { "in", in("in/v.mp4") },
                                 { "out", in("out") },
                                 { "mode", "noise" },
                                 { "schedule", "segments:2" },
                                 { "noise-percent", "0.9" },
                                 { "seed", "3" },
                                 { "jobs", "1" },
                                 { "sync", "none" },
                                 { NULL, NULL } };

    RUN_JOB(corrupt_video);
}

static mw_status corrupt_av(mw_error *err, mw_summary *summary)
{
    const setting settings[] = { { "in", in("in/v.mp4") },     { "out", in("out") },
                                 { "noise-dir", in("noise") }, { "snr", "0" },
                                 { "overlap", "0.5" },         { "mode", "noise" },
                                 { "noise-percent", "0.4" },   { "jobs", "1" },
                                 { "sync", "none" },           { NULL, NULL } };

    RUN_JOB(corrupt_av);
}

/* With faces and truth beside the film. */
static mw_status features_visual(mw_error *err, mw_summary *summary)
{
    const setting settings[] = {
        { "in", in("film/f.mp4") }, { "out", in("out") }, { "faces", in("tracks") },
        { "encoder", "hog" },       { "length", "20" },   { "pad-below", "3" },
        { "fill-limit", "1" },      { "format", "npz" },  { "jobs", "1" },
        { "sync", "none" },         { NULL, NULL }
    };

    RUN_JOB(features_visual);
}

static mw_status import_occluders(mw_error *err, mw_summary *summary)
{
    mw_occluder_counts counts;

    (void)summary;
    return mw_occluders_import(in("bank"), in("out"), NULL, NULL, &counts, err);
}

/* What --dry-run tells must be whole JSON. */
static void heard(void *user, const mw_event *e)
{
    if (e->kind == MW_EVENT_DRAWN) *(int *)user |= e->message[strlen(e->message) - 1] != '}';
}

static mw_status dry_run(mw_error *err, mw_summary *summary)
{
    const setting settings[] = { { "in", in("in/v.mp4") }, { "out", in("out") }, { "jobs", "1" },
                                 { "mode", "occlusion" },  { "dry-run", "yes" }, { NULL, NULL } };
    mw_corrupt_video_options *v = mw_corrupt_video_options_new(0, err);
    int broken = 0;
    const mw_run_hooks hooks = { &broken, heard, NULL };
    mw_opt_group groups[MW_MAX_GROUPS];
    mw_status st;

    if (!v) return err ? err->code : MW_ERR_NOMEM;
    st = set_all(groups, mw_corrupt_video_options_groups(v, groups), settings, err);
    if (st == MW_OK) st = mw_corrupt_video(v, &hooks, summary, err);
    mw_corrupt_video_options_free(&v);
    return broken ? MW_ERR_FORMAT : st;
}

static void plan_alone(void **state)
{
    (void)state;
    sweep("dry run", dry_run);
}

static void audio_job(void **state)
{
    (void)state;
    sweep("corrupt audio", corrupt_audio);
}

static void video_job(void **state)
{
    (void)state;
    sweep("corrupt video", corrupt_video);
}

static void av_job(void **state)
{
    (void)state;
    sweep("corrupt av", corrupt_av);
}

static void visual_features(void **state)
{
    (void)state;
    sweep("features visual", features_visual);
}

static void occluder_import(void **state)
{
    (void)state;
    sweep("occluders import", import_occluders);
}

/* A path for an options struct, which does not write to it. */
static char *field(const char *name)
{
    return (char *)(uintptr_t)in(name);
}

static mw_status import_mmsa(mw_error *err, mw_summary *summary)
{
    mw_run_options o = { .in = field("in/d.pkl"), .out = field("out"), .jobs = 1 };

    return mw_import_mmsa(&o, NULL, summary, err);
}

static mw_status import_features(mw_error *err, mw_summary *summary)
{
    mw_import_features_options o = { .audio = field("in/feats"),
                                     .visual = field("in/feats"),
                                     .text = field("in/none"),
                                     .labels = field("in/l.csv"),
                                     .out = field("out"),
                                     .jobs = 1 };
    char conditions[600];

    snprintf(conditions, sizeof conditions, "n@-5=%s,\n", in("in/feats"));
    o.conditions = conditions;
    return mw_import_features(&o, NULL, summary, err);
}

static mw_status import_csd(mw_error *err, mw_summary *summary)
{
    mw_import_csd_options o = { .in = field("in/l.csd"),
                                .out = field("out/l.csv"),
                                .folds = field("in/l.csv"),
                                .transcripts = field("in") };
    mw_import_report report;

    (void)summary;
    return mw_import_csd(&o, NULL, &report, err);
}

static void copy_corpus(const char *from, const char *to)
{
    char path[256], *bytes;
    size_t n;

    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", from);
    assert_ok(mw_file_load(&bytes, &n, source_path(path), 1 << 20, NULL));
    assert_ok(mw_file_store(in(to), bytes, n, NULL));
    mw_free(bytes);
}

static void imports(void **state)
{
    static const char table[] = "video_id,clip_id,label\nv,1,2\n",
                      segment[] = "x___3___0.5___3.25___a\n";
    const float x[] = { 1, 2, 3, 4 };
    const size_t shape[2] = { 2, 2 };
    mw_npz z = { 0 };

    (void)state;
    copy_corpus("mmsa/mmsa_2_1.pkl", "in/d.pkl");
    sweep("import mmsa", import_mmsa);
    assert_ok(mw_make_dirs(in("in/feats/v"), NULL));
    mw_npz_put(&z, "x", "<f4", shape, 2, x, sizeof x);
    mw_npz_put_texts(&z, "names", (const char *const[]){ "a", "b" }, 2);
    assert_ok(mw_npz_finish(&z, NULL));
    assert_ok(mw_file_store(in("in/feats/v/1.npz"), z.bytes.data, z.bytes.n, NULL));
    mw_npz_clear(&z);
    assert_ok(mw_file_store(in("in/l.csv"), table, sizeof table - 1, NULL));
    sweep("import features", import_features);
    if (!mw_csd_known()) return;
    copy_corpus("csd/mosei_like.csd", "in/l.csd");
    assert_ok(mw_file_store(in("in/123456.txt"), segment, sizeof segment - 1, NULL));
    sweep("import csd", import_csd);
}

static const char *task; /* of evaluate */

static mw_status evaluate(mw_error *err, mw_summary *summary)
{
    const setting settings[] = {
        { "labels", in("in/e.csv") }, { "task", task }, { "predictions", in("in/p.csv") },
        { "out", in("out") },         { "full", "x" },  { "control", "y" },
        { "replicates", "10" },       { "jobs", "1" },  { NULL, NULL }
    };

    RUN_JOB(evaluate);
}

static void evaluation(void **state)
{
    static const char labels[] = "video_id,clip_id,label,label_class,happy,sad,anger,surprise,"
                                 "disgust,fear,mode\n"
                                 "v,1,2,1,1,0,0,0,0,0,test\nw,2,-1,0,0,1,0,0,0,0,test\n"
                                 "w,3,-1,0,0,1,0,0,0,0,train\n",
                      predictions[] = "clip_id,p,method,p0,p1,p2,p3,p4,p5\nv/1,1,x,1,0,0,0,0,0\n"
                                      "w/2,0,x,1,0,0,0,0,0\nv/1,0,y,0,0,0,0,0,0\n"
                                      "w/2,0,y,1,1,1,1,1,1\n";

    (void)state;
    assert_ok(mw_file_store(in("in/e.csv"), labels, sizeof labels - 1, NULL));
    assert_ok(mw_file_store(in("in/p.csv"), predictions, sizeof predictions - 1, NULL));
    task = "auto";
    sweep("evaluating predictions", evaluate);
    task = "multiclass";
    sweep("evaluating classes", evaluate);
    task = "regression+multilabel";
    sweep("evaluating labels", evaluate);
}

/* ---- scoring: a bank of a few clips, and models trained on it ---- */

static mw_status train_until(int (*stop)(void *user), mw_error *err, mw_summary *summary)
{
    const mw_run_hooks hooks = { .stop = stop };
    const setting settings[] = { { "in", in("toy") }, { "out", in("out") }, { "seeds", "1" },
                                 { "epochs", "2" },   { "width", "4" },     { "hidden", "4" },
                                 { "heads", "1" },    { "layers", "1" },    { "jobs", "1" },
                                 { NULL, NULL } };
    mw_train_options *o = mw_train_options_new(0, err);
    mw_opt_group groups[MW_MAX_GROUPS];
    mw_status st;

    if (!o) return err ? err->code : MW_ERR_NOMEM;
    st = set_all(groups, mw_train_options_groups(o, groups), settings, err);
    if (st == MW_OK) st = mw_train(o, &hooks, summary, err);
    mw_train_options_free(&o);
    return st;
}

static mw_status train(mw_error *err, mw_summary *summary)
{
    return train_until(NULL, err, summary);
}

static const char *const cut_files[] = { "log.jsonl", "checkpoint/epoch-1/state.json",
                                         "checkpoint/epoch-1/model.safetensors",
                                         "checkpoint/epoch-1/best.safetensors",
                                         "checkpoint/epoch-1/optim.safetensors" };

static int behind_one_epoch(void *user)
{
    (void)user;
    return access(in("out/seed_1/checkpoint/epoch-1/state.json"), F_OK) == 0;
}

/* The second epoch, from what a run that was stopped behind the first left in "cut". */
static mw_status resume(mw_error *err, mw_summary *summary)
{
    const char *const folders[] = { "out", "out/seed_1", "out/seed_1/checkpoint",
                                    "out/seed_1/checkpoint/epoch-1" };

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(mkdir(in(folders[i]), 0777), 0);
    for (size_t i = 0; i < sizeof cut_files / sizeof *cut_files; i++) {
        char from[128], to[128];
        size_t n;
        uint8_t *data;

        snprintf(from, sizeof from, "cut/seed_1/%s", cut_files[i]);
        snprintf(to, sizeof to, "out/seed_1/%s", cut_files[i]);
        data = slurp(in(from), &n);
        spill(in(to), data, n);
        free(data);
    }
    return train_until(NULL, err, summary);
}

static mw_status score(mw_error *err, mw_summary *summary)
{
    const setting settings[] = {
        { "in", in("toy") },  { "out", in("out") }, { "model", in("models/score/seed_1") },
        { "split", "valid" }, { "jobs", "1" },      { NULL, NULL }
    };

    RUN_JOB(score);
}

static mw_status evaluate_models(mw_error *err, mw_summary *summary)
{
    const setting settings[] = { { "in", in("toy") },    { "models", in("models") },
                                 { "out", in("out") },   { "draws", "2" },
                                 { "replicates", "10" }, { "jobs", "1" },
                                 { NULL, NULL } };

    RUN_JOB(evaluate);
}

static void keep(const char *from, const char *to);

static void scoring(void **state)
{
    mw_summary s;
    json_t *results;

    (void)state;
    toy_bank_write(in("toy"), 3, 3, 3, 5);
    sweep("training", train);
    clear_outputs();
    assert_int_equal(train_until(behind_one_epoch, NULL, &s), MW_ERR_INTERRUPTED);
    keep("out", "cut");
    sweep("training from a checkpoint", resume);
    assert_ok(train(NULL, &s));
    assert_ok(mw_make_dirs(in("models"), NULL));
    keep("out", "models/score");
    assert_ok(score(NULL, &s));
    assert_true(mw_file_size(in("out/s001/3.v.scores.npy")) > 0);
    sweep("scoring", score);
    assert_ok(evaluate_models(NULL, &s));
    assert_ok(mw_json_load(&results, in("out/results.json"), 1 << 24, NULL));
    assert_true(json_array_size(json_object_get(results, "replaced_scores")) > 0);
    json_decref(results);
    sweep("evaluating models", evaluate_models);
}

/* The rest works on outputs made once, kept beside. */
static void keep(const char *from, const char *to)
{
    remove_below(to);
    assert_int_equal(rename(in(from), in(to)), 0);
}

static mw_status verify(mw_error *err, mw_summary *summary)
{
    return mw_verify(in("kept"), 1, NULL, summary, err);
}

static mw_status replay_audio(mw_error *err, mw_summary *summary)
{
    char *path = NULL;
    const mw_replay_folders from = { .in = in("in"), .noise_dir = in("noise") };
    mw_status st = mw_replay(in("kept/x.prov.json"), &from, in("again"), &path, err);

    (void)summary;
    if ((st == MW_OK) != (path != NULL)) st = MW_ERR_ARG;
    mw_text_free(path);
    return st;
}

static mw_status replay_video(mw_error *err, mw_summary *summary)
{
    char *path = NULL;
    const mw_replay_folders from = { .in = in("in") };
    mw_status st = mw_replay(in("kept/v.prov.json"), &from, in("again"), &path, err);

    (void)summary;
    if ((st == MW_OK) != (path != NULL)) st = MW_ERR_ARG;
    mw_text_free(path);
    return st;
}

static void verification_and_replay(void **state)
{
    mw_summary summary;

    (void)state;
    clear_outputs();
    assert_ok(corrupt_audio(NULL, &summary));
    keep("out_0", "kept");
    sweep("verify", verify);
    sweep("replay of sound", replay_audio);
    assert_ok(corrupt_video(NULL, &summary));
    keep("out", "kept");
    sweep("replay of a video", replay_video);
}

/* ---- readers ---- */

static mw_status read_sound(mw_error *err, mw_summary *summary)
{
    const mw_sound_want want = { .rate_hz = 16000, .channel = -1, .max_s = 100 };
    static const char *const names[] = { "in/x.wav", "in/v.mp4", "noise/speech/n.wav" };
    mw_status st = MW_OK;

    (void)summary;
    for (size_t i = 0; st == MW_OK && i < 3; i++) {
        mw_audio a;

        st = mw_sound_load(&a, in(names[i]), &want, err);
        mw_audio_clear(&a);
    }
    return st;
}

static mw_status read_video(mw_error *err, mw_summary *summary)
{
    mw_video_reader *r = NULL;
    mw_status st = mw_video_reader_open(&r, in("in/v.mp4"), err);
    int got = 1;

    (void)summary;
    while (st == MW_OK && got) {
        mw_frame f;

        st = mw_video_reader_next(r, &f, &got, err);
    }
    mw_video_reader_close(&r);
    return st;
}

static void readers(void **state)
{
    (void)state;
    sweep("reading sound", read_sound);
    sweep("reading a video", read_video);
}

/* ---- weight files ---- */

static mw_status write_weights(mw_error *err, mw_summary *summary)
{
    static const float x[6] = { 1, 2, 3, 4, 5, 6 };
    static const mw_tensor_out tensors[] = { { "a", x, { 2, 3 }, 2 }, { "b.c", x, { 6 }, 1 } };
    static const char *const notes[][2] = { { "format", "pt" } };

    (void)summary;
    if (mw_make_dirs(in("out"), err) != MW_OK) return err ? err->code : MW_ERR_NOMEM;
    return mw_safetensors_write(in("out/w.safetensors"), tensors, 2, notes, 1, err);
}

/* Describe a file, and keep the description as an output. */
static mw_status describe(const char *path, mw_error *err)
{
    char *text = NULL;
    mw_status st = mw_make_dirs(in("out"), err);

    if (st == MW_OK) st = mw_model_describe(&text, path, err);
    if (st == MW_OK) st = mw_file_store(in("out/w.txt"), text, strlen(text), err);
    mw_text_free(text);
    return st;
}

static mw_status describe_safetensors(mw_error *err, mw_summary *summary)
{
    (void)summary;
    return describe(in("clip.safetensors"), err);
}

static mw_status describe_archive(mw_error *err, mw_summary *summary)
{
    (void)summary;
    return describe(source_path("tests/golden/data/tiny_state_dict.pt"), err);
}

static void weight_files(void **state)
{
    static const random_vit_size size = { 8, 4, 8, 1, 8, 4 };

    (void)state;
    random_vit_write(in("clip.safetensors"), &size, 1);
    sweep("writing weights", write_weights);
    sweep("describing safetensors", describe_safetensors);
    sweep("describing a PyTorch archive", describe_archive);
}

/* One hand of 8 x 8 pixels and its mask. */
static void make_bank(void)
{
    mw_frame f = { .memory = NULL };

    assert_ok(mw_make_dirs(in("bank/image/hand_img"), NULL));
    assert_ok(mw_make_dirs(in("bank/mask/hand_masks"), NULL));
    assert_ok(mw_frame_alloc(&f, MW_PIX_RGB24, 8, 8, NULL));
    for (int y = 0; y < 8; y++)
        memset(f.plane[0] + y * f.stride[0], 200, 24);
    assert_ok(mw_png_write(in("bank/image/hand_img/a.png"), &f, NULL));
    assert_ok(mw_png_write(in("bank/mask/hand_masks/a.png"), &f, NULL));
    mw_frame_clear(&f);
}

/* A film of six frames, its faces (one frame has none) and what was done to it. */
static void make_film(void)
{
    const mw_face face = { .x = 0.2, .y = 0.2, .w = 0.5, .h = 0.5, .score = 0.9 };
    const float noise[6] = { 0, 0, 0.1f, 0.1f, 0, 0 };
    const size_t n = 6;
    mw_track t = { 0 };
    mw_npz z = { 0 };

    assert_ok(mw_make_dirs(in("film"), NULL));
    assert_ok(mw_make_dirs(in("tracks"), NULL));
    make_video(in("film/f.mp4"), &(clip_options){ .width = 32, .height = 32, .n_frames = 6 });
    for (int i = 0; i < 6; i++)
        assert_ok(mw_track_add(&t, i / 30.0, &face, i != 3, NULL));
    assert_ok(mw_track_write(&t, in("tracks/f.csv"), NULL));
    mw_track_clear(&t);
    mw_npz_put(&z, "v_noise_var", "<f4", &n, 1, noise, sizeof noise);
    assert_ok(mw_npz_finish(&z, NULL));
    spill(in("film/f.track.npz"), z.bytes.data, z.bytes.n);
    mw_npz_clear(&z);
}

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    assert_ok(mw_make_dirs(in("in"), NULL));
    assert_ok(mw_make_dirs(in("noise/speech"), NULL));
    make_speech_wav(in("in/x.wav"), 8000, 16000, 1);
    make_video(in("in/v.mp4"),
               &(clip_options){
                   .width = 32, .height = 32, .n_frames = 6, .audio = "aac", .audio_s = 0.2 });
    make_noise_wav(in("noise/speech/n.wav"), 9000, 44100, 0.3, 2);
    make_bank();
    make_film();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options),         cmocka_unit_test(plan_alone),
        cmocka_unit_test(audio_job),       cmocka_unit_test(video_job),
        cmocka_unit_test(av_job),          cmocka_unit_test(visual_features),
        cmocka_unit_test(occluder_import), cmocka_unit_test(verification_and_replay),
        cmocka_unit_test(readers),         cmocka_unit_test(weight_files),
        cmocka_unit_test(imports),         cmocka_unit_test(evaluation),
        cmocka_unit_test(scoring),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
