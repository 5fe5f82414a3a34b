/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "corrupt/visual/stretches.h"
#include "run/manifest.h"
#include "run/sidecar.h"
#include "support/ops.h"

static char *dir;

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return mw_mem_live() ? -1 : 0;
}

static const char *in(const char *name)
{
    return path_in(dir, name);
}

/* A sidecar of one stage of sound and two of picture, with names that need care. */
typedef struct sample {
    const mw_op *ops[3];
    void *options[3], *decisions[3], *results[3];
    mw_segments segments[3];
    mw_stage stages[3];
    mw_media source, output;
    mw_asset asset;
    mw_sidecar s;
} sample;

static void fill(sample *p)
{
    static const char *const names[] = { "audio.additive", "video.gaussian_noise",
                                         "video.gaussian_blur" };

    memset(p, 0, sizeof *p);
    for (int i = 0; i < 3; i++) {
        const mw_op *op = p->ops[i] = mw_op_by_name(names[i]);

        p->options[i] = ops_options(op, 0);
        p->decisions[i] = ops_draw(op, p->options[i], 5);
        p->results[i] = calloc(1, op->result_size);
        if (op->audio)
            assert_ok(op->audio->segments(p->options[i], p->decisions[i], p->results[i], OPS_N,
                                          &p->segments[i], NULL));
        else
            assert_ok(op->visual->segments(p->options[i], p->decisions[i], &p->segments[i], NULL));
        p->stages[i] = (mw_stage){ .op = op,
                                   .options = p->options[i],
                                   .decision = p->decisions[i],
                                   .result = i == 2 ? NULL : p->results[i],
                                   .segments = &p->segments[i] };
    }
    p->asset = (mw_asset){ .role = "noise",
                           .category = "speech",
                           .path = "speech/\"a\"\n.wav",
                           .sha256 = "00ff",
                           .offset_samples = 0,
                           .loops = -1 };
    p->stages[0].assets = &p->asset;
    p->stages[0].n_assets = 1;
    p->source = (mw_media){ .path = "a/x y.mp4",
                            .sha256 = "aa",
                            .bytes = 5,
                            .codec = "h264",
                            .width = 64,
                            .height = 48,
                            .fps_num = 30000,
                            .fps_den = 1001,
                            .frames = 10,
                            .rate_hz = OPS_RATE_HZ,
                            .channels = 2,
                            .samples = OPS_N };
    p->output = p->source;
    p->output.path = "a/x y.mkv";
    p->s = (mw_sidecar){ .id = "a/x~20y",
                         .seed = UINT64_MAX,
                         .key = mw_clip_key_make(1, "x"),
                         .config_sha256 = "c0ffee",
                         .command = "corrupt video",
                         .source_video = &p->source,
                         .output_video = &p->output,
                         .end_s = 0.3336,
                         .clock_video = &p->output,
                         .clock_audio = &p->source,
                         .stages = p->stages,
                         .n_stages = 3,
                         .track_path = "a/x y.track.npz",
                         .track_sha256 = "bb" };
}

static void drop(sample *p)
{
    for (int i = 0; i < 3; i++) {
        ops_free(p->ops[i]->info.options, p->options[i]);
        ops_free(p->ops[i]->info.drawn, p->decisions[i]);
        free(p->results[i]);
        mw_free(p->segments[i].v);
    }
}

static json_t *parse(const mw_str *text)
{
    json_t *doc;

    assert_ok(mw_json_parse(&doc, text->data, text->n, "sidecar", NULL));
    return doc;
}

static void a_sidecar_is_json_that_gives_back_every_decision(void **state)
{
    mw_str text = { 0 };
    const json_t *stages;
    json_t *doc;
    sample p;

    (void)state;
    fill(&p);
    mw_sidecar_write(&text, &p.s);
    assert_ok(mw_str_ok(&text, NULL));
    assert_int_equal(text.data[text.n - 1], '\n');
    doc = parse(&text);
    stages = json_object_get(doc, "stages");
    assert_int_equal(json_array_size(stages), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *stage = json_array_get(stages, i);
        void *o = calloc(1, p.ops[i]->options_size), *d = calloc(1, p.ops[i]->decision_size);
        char *a, *b;

        assert_string_equal(json_string_value(json_object_get(stage, "name")), p.ops[i]->info.name);
        assert_ok(mw_json_read_struct(json_object_get(stage, "params"), p.ops[i]->info.options, o,
                                      MW_OPT_RUNTIME, NULL));
        assert_ok(mw_json_read_struct(json_object_get(stage, "drawn"), p.ops[i]->info.drawn, d,
                                      MW_OPT_RUNTIME, NULL));
        a = ops_text(p.ops[i]->info.drawn, d);
        b = ops_text(p.ops[i]->info.drawn, p.decisions[i]);
        assert_string_equal(a, b);
        free(a);
        free(b);
        ops_free(p.ops[i]->info.options, o);
        ops_free(p.ops[i]->info.drawn, d);
    }
    assert_string_equal(json_string_value(json_object_get(json_object_get(doc, "run"), "seed")),
                        "18446744073709551615");
    assert_string_equal(
        json_string_value(json_object_get(
            json_array_get(json_object_get(json_array_get(stages, 0), "assets"), 0), "path")),
        "speech/\"a\"\n.wav");
    json_decref(doc);
    mw_str_clear(&text);
    drop(&p);
}

/* By (modality, i0, stage), times by the clock of the modality. */
static void segments_of_all_stages_are_merged_in_order(void **state)
{
    mw_str text = { 0 };
    const json_t *list;
    json_t *doc;
    int64_t last = -1;
    size_t n_audio = 0;
    sample p;

    (void)state;
    fill(&p);
    mw_sidecar_write(&text, &p.s);
    doc = parse(&text);
    list = json_object_get(doc, "segments");
    assert_int_equal(json_array_size(list), p.segments[0].n + p.segments[1].n + p.segments[2].n);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *s = json_array_get(list, i);
        const int audio = !strcmp(json_string_value(json_object_get(s, "modality")), "audio");
        const int64_t i0 = json_integer_value(json_object_get(s, "i0"));
        const double t0 = json_real_value(json_object_get(s, "t0"));

        if (audio) assert_int_equal(i, n_audio);
        n_audio += (size_t)audio;
        if (audio || i > n_audio) assert_true(i0 >= last);
        last = i0;
        assert_true(t0 == (audio ? (double)i0 / OPS_RATE_HZ : (double)i0 * 1001 / 30000));
    }
    assert_int_equal(n_audio, p.segments[0].n);
    json_decref(doc);
    mw_str_clear(&text);
    drop(&p);
}

static void equal_runs_write_equal_bytes(void **state)
{
    mw_str a = { 0 }, b = { 0 };
    sample p;

    (void)state;
    fill(&p);
    mw_sidecar_write(&a, &p.s);
    drop(&p);
    fill(&p);
    mw_sidecar_write(&b, &p.s);
    drop(&p);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.data, b.data, a.n);
    mw_str_clear(&a);
    mw_str_clear(&b);
}

static void the_fingerprint_moves_with_everything_that_decides(void **state)
{
    const mw_op *op = mw_op_by_name("video.gaussian_blur"),
                *other = mw_op_by_name("audio.additive");
    void *o = ops_options(op, 0), *changed = ops_options(op, 0), *o2 = ops_options(other, 0);
    const void *po = o, *pchanged = changed, *po2 = o2;
    char hex[6][65], again[65];

    (void)state;
    assert_ok(mw_opt_set(mw_opt_find(op->info.options, "blur-sigma"), changed, "2.5", NULL));
    assert_ok(mw_config_sha256(hex[0], "corrupt video", NULL, 0, 1, &op, &po, 1, "", NULL));
    assert_ok(mw_config_sha256(hex[1], "corrupt video", NULL, 0, 2, &op, &po, 1, "", NULL));
    assert_ok(mw_config_sha256(hex[2], "corrupt video", NULL, 0, 1, &op, &pchanged, 1, "", NULL));
    assert_ok(mw_config_sha256(hex[3], "corrupt audio", NULL, 0, 1, &op, &po, 1, "", NULL));
    assert_ok(mw_config_sha256(hex[4], "corrupt video", NULL, 0, 1, &other, &po2, 1, "", NULL));
    assert_ok(mw_config_sha256(hex[5], "corrupt video", NULL, 0, 1, &op, &po, 1, "snr 5", NULL));
    assert_ok(mw_config_sha256(again, "corrupt video", NULL, 0, 1, &op, &po, 1, "", NULL));
    assert_string_equal(hex[0], again);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(hex[i], hex[k]);
    ops_free(op->info.options, o);
    ops_free(op->info.options, changed);
    ops_free(other->info.options, o2);
}

/* ---- up to date or not ---- */

static int agree(void *user, const char *path, const char *sha256)
{
    (void)path;
    (void)sha256;
    return *(int *)user;
}

static int current(const char *config, const char *source)
{
    int yes = 1;

    return mw_sidecar_is_current(in("x.prov.json"), dir, config, source, agree, &yes);
}

static void outputs_are_current_only_when_everything_agrees(void **state)
{
    mw_str text = { 0 };
    int no = 0;
    sample p;

    (void)state;
    fill(&p);
    mw_sidecar_write(&text, &p.s);
    assert_ok(mw_file_store(in("x.prov.json"), text.data, text.n, NULL));
    assert_false(current("c0ffee", "aa")); /* no output yet */
    assert_ok(mw_make_dirs(in("a"), NULL));
    assert_ok(mw_file_store(in("a/x y.mkv"), "12345", 5, NULL));
    assert_false(current("c0ffee", "aa")); /* no track */
    assert_ok(mw_file_store(in("a/x y.track.npz"), "t", 1, NULL));
    assert_true(current("c0ffee", "aa"));
    assert_false(current("c0ffef", "aa"));
    assert_false(current("c0ffee", "ab"));
    assert_false(mw_sidecar_is_current(in("x.prov.json"), dir, "c0ffee", "aa", agree, &no));
    assert_true(mw_sidecar_is_current(in("x.prov.json"), dir, "c0ffee", "aa", NULL, NULL));
    assert_ok(mw_file_store(in("a/x y.mkv"), "1234", 4, NULL)); /* cut */
    assert_false(current("c0ffee", "aa"));
    assert_ok(mw_file_store(in("a/x y.mkv"), "12345", 5, NULL));
    assert_ok(mw_file_store(in("x.prov.json"), text.data, text.n / 2, NULL));
    assert_false(current("c0ffee", "aa"));
    assert_ok(mw_file_store(in("x.prov.json"), "{}", 2, NULL));
    assert_false(current("c0ffee", "aa"));
    unlink(in("x.prov.json"));
    assert_false(current("c0ffee", "aa"));
    mw_str_clear(&text);
    drop(&p);
}

/* ---- lists ---- */

static json_t *json_line(const char *name, size_t which)
{
    char *text, *line;
    json_t *doc;
    size_t n;

    assert_ok(mw_file_load(&text, &n, in(name), 1 << 20, NULL));
    assert_int_equal(text[n - 1], '\n');
    line = text;
    for (size_t i = 0; i < which; i++)
        line = strchr(line, '\n') + 1;
    assert_ok(mw_json_parse(&doc, line, strcspn(line, "\n"), name, NULL));
    mw_free(text);
    return doc;
}

static void lists_hold_one_line_for_each_sidecar_in_order_of_path(void **state)
{
    mw_str text = { 0 };
    mw_noted noted = { 0 };
    mw_sidecar_list list;
    char *with, *without;
    json_t *row, *whole;
    size_t n;
    sample p;

    (void)state;
    fill(&p);
    mw_sidecar_write(&text, &p.s);
    assert_ok(mw_make_dirs(in("b/c"), NULL));
    assert_ok(mw_file_store(in("b/c/z.prov.json"), text.data, text.n, NULL));
    assert_ok(mw_file_store(in("a.prov.json"), text.data, text.n, NULL));
    assert_ok(mw_file_store(in("b.prov.json"), "broken", 6, NULL)); /* left out */
    assert_ok(mw_file_store(in("c.prov.json" MW_PART_SUFFIX), "x", 1, NULL));
    assert_ok(mw_file_store(in(".prov.json"), "x", 1, NULL));
    assert_ok(mw_sidecar_list_make(&list, dir, 0, NULL));
    assert_int_equal(list.n, 3);
    assert_string_equal(list.rel[0], "a.prov.json");
    assert_string_equal(list.rel[1], "b.prov.json");
    assert_string_equal(list.rel[2], "b/c/z.prov.json");
    mw_sidecar_list_clear(&list);

    /* the same with rows noted, one of which is not what the file holds */
    mw_noted_add(&noted, &p.s, dir, "a.prov.json", text.data, text.n);
    mw_noted_add(&noted, &p.s, dir, "b/c/z.prov.json", text.data, text.n - 1);
    assert_non_null(mw_noted_find(&noted, in("a.prov.json"), text.data, text.n));
    assert_null(mw_noted_find(&noted, in("b/c/z.prov.json"), text.data, text.n));
    assert_null(mw_noted_find(&noted, in("b.prov.json"), "broken", 6));
    drop(&p);
    assert_ok(mw_manifest_write(dir, &noted, NULL));
    mw_noted_clear(&noted);
    assert_ok(mw_file_load(&with, &n, in("manifest.jsonl"), 1 << 20, NULL));
    assert_ok(mw_manifest_write(dir, NULL, NULL));
    assert_ok(mw_file_load(&without, &n, in("manifest.jsonl"), 1 << 20, NULL));
    assert_string_equal(with, without);
    mw_free(with);
    mw_free(without);
    row = json_line("manifest.jsonl", 1);
    assert_string_equal(json_string_value(json_object_get(row, "id")), "a/x~20y");
    assert_string_equal(json_string_value(json_object_get(row, "video")), "a/x y.mkv");
    assert_string_equal(json_string_value(json_object_get(row, "video_sha256")), "aa");
    assert_null(json_object_get(row, "audio"));
    assert_string_equal(json_string_value(json_object_get(row, "group")), "b/c");
    assert_string_equal(json_string_value(json_object_get(row, "clip")), "z");
    assert_string_equal(json_string_value(json_object_get(row, "x_sidecar")), "b/c/z.prov.json");
    json_decref(row);
    row = json_line("provenance.jsonl", 0);
    whole = parse(&text);
    assert_true(json_equal(row, whole));
    json_decref(row);
    json_decref(whole);
    mw_str_clear(&text);
}

static void manifests_without_memory_leave_no_part(void **state)
{
    mw_str text = { 0 };
    sample p;

    (void)state;
    fill(&p);
    mw_sidecar_write(&text, &p.s);
    drop(&p);
    assert_ok(mw_file_store(in("a.prov.json"), text.data, text.n, NULL));
    mw_str_clear(&text);
    for (long at = 1;; at++) {
        mw_status st;

        mw_mem_fail_at(at);
        st = mw_manifest_write(dir, NULL, NULL);
        mw_mem_fail_at(0);
        assert_int_equal(mw_mem_live(), 0);
        assert_int_equal(count_files(dir, MW_PART_SUFFIX), 0);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 500);
    }
    assert_int_equal(count_files(dir, ".jsonl"), 2);
}

static void outcomes_are_a_csv_of_ended_clips(void **state)
{
    static const char expected[] = "id,input,outcome,reason,message\n"
                                   "a,a.mp4,ok,,\n"
                                   "b,\"b,\"\"c\"\".mp4\",failed,truncated,\"two\nlines\"\n"
                                   "c,c.mp4,ok,,\n";
    char a[] = "a", b[] = "b", c[] = "c", d[] = "d", ra[] = "a.mp4", rb[] = "b,\"c\".mp4",
         rc[] = "c.mp4", rd[] = "d.mp4";
    mw_clip clips[] = { { .id = a, .rel = ra },
                        { .id = b, .rel = rb },
                        { .id = c, .rel = rc },
                        { .id = d, .rel = rd } };
    const mw_walk walk = { clips, 4, 4, 0 };
    mw_clip_result results[4] = {
        { .outcome = MW_DONE, .ended = 1 },
        { .outcome = MW_FAILED, .ended = 1, .error = { MW_ERR_FORMAT, "truncated", "two\nlines" } },
        { .outcome = MW_SKIPPED, .ended = 1 },
        { .outcome = MW_FAILED, .ended = 0 },
    };
    const mw_job job = { .walk = &walk, .n = 4, .results = results };
    char *text;
    size_t n;

    (void)state;
    assert_ok(mw_outcomes_write(dir, &job, NULL));
    assert_ok(mw_file_load(&text, &n, in("outcomes.csv"), 1 << 20, NULL));
    assert_string_equal(text, expected);
    mw_free(text);
    assert_int_equal(count_files(dir, MW_PART_SUFFIX), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_sidecar_is_json_that_gives_back_every_decision),
        T(segments_of_all_stages_are_merged_in_order),
        T(equal_runs_write_equal_bytes),
        T(the_fingerprint_moves_with_everything_that_decides),
        T(outputs_are_current_only_when_everything_agrees),
        T(lists_hold_one_line_for_each_sidecar_in_order_of_path),
        T(manifests_without_memory_leave_no_part),
        T(outcomes_are_a_csv_of_ended_clips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
