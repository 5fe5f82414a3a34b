/* SPDX-License-Identifier: Apache-2.0
 *
 * What is drawn follows the laws of the reference: many clips, each law by chi-square or
 * Kolmogorov-Smirnov at level 0.001 (tests/support/stats.h).
 */
#include "support/support.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "corrupt/audio/additive.h"
#include "merwild/corrupt.h"
#include "support/clips.h"
#include "support/ops.h"
#include "support/stats.h"

#define N_CLIPS 20000

static void draw(mw_additive_decision *d, const mw_additive_options *o, int64_t n, size_t clip)
{
    const mw_draw_info info = {
        .n = n, .rate_hz = OPS_RATE_HZ, .files = ops_files, .n_files = ops_n_files
    };
    char id[32];
    mw_clip_key key;

    snprintf(id, sizeof id, "clip_%zu", clip);
    key = mw_clip_key_make(1, id);
    assert_ok(mw_op_audio_additive.draw(o, &info, &key, "", 0, d, NULL));
}

/* A uniform integer in [lo, hi] as a uniform real number: its place within its cell is spread by
 * another, unrelated uniform. */
static double spread(int64_t x, int64_t lo, int64_t hi, size_t i)
{
    const double u = ((double)(i * 2654435761u % 4294967296u) + 0.5) / 4294967296.0;

    return ((double)(x - lo) + u) / (double)(hi - lo + 1);
}

/* reference-behaviour 2.1 step 6: repeat = randint(1, 5), starts = sample(range(n - hi + 1)),
 * lengths = randint(800, hi), hi = max(801, int(n / repeat / 2)). */
static void number_place_and_length_of_gaps(void **state)
{
    const int64_t n = 60000;
    mw_additive_options *o = ops_options(&mw_op_audio_additive, 0);
    double *first = calloc(N_CLIPS, sizeof *first), *last = calloc(N_CLIPS, sizeof *last),
           *length = calloc(5 * N_CLIPS, sizeof *length);
    size_t counts[5] = { 0 }, n_lengths = 0;

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++) {
        mw_additive_decision d;
        int64_t hi;
        size_t k;

        draw(&d, o, n, i);
        k = d.gap_start_samples.n;
        assert_in_range(k, 1, 5);
        counts[k - 1]++;
        hi = n / (int64_t)k / 2;
        first[i] = spread(d.gap_start_samples.v[0], 0, n - hi, i);
        last[i] = spread(d.gap_start_samples.v[k - 1], 0, n - hi, i);
        for (size_t j = 0; j < k; j++)
            length[n_lengths++] = spread(d.gap_length_samples.v[j], 800, hi, i + j);
        mw_opt_clear(mw_op_audio_additive.info.drawn, &d);
    }
    assert_uniform_counts("number of gaps", counts, 5);
    assert_uniform("start of the first gap", first, N_CLIPS);
    assert_uniform("start of the last gap", last, N_CLIPS);
    assert_uniform("length of gaps", length, n_lengths);
    free(first);
    free(last);
    free(length);
    ops_free(mw_op_audio_additive.info.options, o);
}

static void file_and_offset_under_the_reference_preset(void **state)
{
    mw_additive_options *o = ops_options(&mw_op_audio_additive, 1);
    size_t counts[16] = { 0 }, n_offsets = 0;
    double *offset = calloc(N_CLIPS, sizeof *offset);
    const int64_t n = 2000; /* shorter than every recording */

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++) {
        mw_additive_decision d;
        size_t k = 0;

        draw(&d, o, n, i);
        while (strcmp(ops_files[k].path, d.files.v[0]))
            k++;
        counts[k]++;
        offset[n_offsets++] = spread(d.offset_samples.v[0], 0, ops_files[k].n - n, i);
        mw_opt_clear(mw_op_audio_additive.info.drawn, &d);
    }
    assert_uniform_counts("noise file", counts, ops_n_files);
    assert_uniform("offset", offset, n_offsets);
    free(offset);
    ops_free(mw_op_audio_additive.info.options, o);
}

static void category_by_weight_then_file_by_default(void **state)
{
    mw_additive_options *o = ops_options(&mw_op_audio_additive, 0);
    size_t category[3] = { 0 }, speech[4] = { 0 };

    (void)state;
    for (size_t i = 0; i < N_CLIPS; i++) {
        mw_additive_decision d;

        draw(&d, o, 2000, i);
        category[d.kind]++;
        if (d.kind == MW_NOISE_SPEECH) speech[d.files.v[0][strlen("speech/")] - 'a']++;
        mw_opt_clear(mw_op_audio_additive.info.drawn, &d);
    }
    assert_uniform_counts("category", category, 3);
    assert_uniform_counts("speech file", speech, 4);
    ops_free(mw_op_audio_additive.info.options, o);
}

static void number_of_talkers(void **state)
{
    mw_additive_options *o = ops_options(&mw_op_audio_additive, 0);
    size_t counts[5] = { 0 };

    (void)state;
    memset(o->weight, 0, sizeof o->weight);
    o->weight[MW_NOISE_BABBLE] = 1;
    for (size_t i = 0; i < N_CLIPS / 4; i++) {
        mw_additive_decision d;

        draw(&d, o, 2000, i);
        counts[d.files.n - 3]++;
        mw_opt_clear(mw_op_audio_additive.info.drawn, &d);
    }
    assert_uniform_counts("talkers", counts, 5);
    ops_free(mw_op_audio_additive.info.options, o);
}

/* ---- picture: through the job itself ---- */

typedef struct drawn {
    double *start, *var;
    size_t n_clips, n_var, kinds[2];
} drawn;

#define N_FRAMES 60
#define N_LENGTH 6

/* --dry-run tells each clip's decision as one line of JSON. */
static void take(void *user, const mw_event *e)
{
    drawn *all = user;
    const json_t *stage, *at;
    json_t *doc;
    int blur;

    if (e->kind != MW_EVENT_DRAWN) return;
    doc = json_loads(e->message, 0, NULL);
    stage = json_array_get(json_object_get(doc, "stages"), 0);
    at = json_object_get(stage, "drawn");
    blur = !strcmp(json_string_value(json_object_get(stage, "name")), "video.gaussian_blur");
    all->kinds[blur]++;
    all->start[all->n_clips] =
        spread(json_integer_value(json_array_get(json_object_get(at, "start_frames"), 0)), 0,
               N_FRAMES - N_LENGTH, all->n_clips);
    all->n_clips++;
    if (!blur)
        all->var[all->n_var++] =
            json_number_value(json_array_get(json_object_get(at, "noise_var"), 0)) / 0.2;
    json_decref(doc);
}

/* reference-behaviour 3.4: start = randint(0, T - n); u < 0.5: noise of variance random() * 0.2,
 * else blur. One clip under many names. */
static void place_kind_and_variance_of_picture_noise(void **state)
{
    enum { N = 1500 };
    char *dir = temp_dir(), path[512], name[1024];
    mw_corrupt_video_options *o = mw_corrupt_video_options_new(0, NULL);
    drawn all = { calloc(N, sizeof(double)), calloc(N, sizeof(double)), 0, 0, { 0 } };
    mw_run_hooks hooks = { &all, take, NULL };
    mw_opt_group groups[MW_MAX_GROUPS];
    mw_summary summary;

    (void)state;
    snprintf(path, sizeof path, "%s/in", dir);
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(path, sizeof path, "%s/in/0.mp4", dir);
    make_video(path, &(clip_options){ .width = 16, .height = 16, .n_frames = N_FRAMES });
    for (int i = 1; i < N; i++) {
        snprintf(name, sizeof name, "%s/in/%d.mp4", dir, i);
        assert_int_equal(link(path, name), 0);
    }
    mw_corrupt_video_options_groups(o, groups);
    snprintf(path, sizeof path, "%s/in", dir);
    assert_ok(mw_opt_set(mw_opt_find(groups[0].table, "in"), groups[0].values, path, NULL));
    assert_ok(mw_opt_set(mw_opt_find(groups[0].table, "out"), groups[0].values, "unused", NULL));
    assert_ok(mw_opt_set(mw_opt_find(groups[0].table, "dry-run"), groups[0].values, "yes", NULL));
    assert_ok(mw_opt_set(mw_opt_find(groups[0].table, "jobs"), groups[0].values, "1", NULL));
    assert_ok(mw_opt_set(mw_opt_find(groups[1].table, "mode"), groups[1].values, "noise", NULL));
    assert_ok(mw_corrupt_video(o, &hooks, &summary, NULL));
    assert_int_equal(summary.n_done, N);
    assert_int_equal(all.n_clips, N);
    assert_uniform_counts("noise or blur", all.kinds, 2);
    assert_uniform("start of the segment", all.start, N);
    assert_uniform("variance of the noise", all.var, all.n_var);
    mw_corrupt_video_options_free(&o);
    free(all.start);
    free(all.var);
    temp_dir_remove(dir);
    assert_int_equal(mw_mem_live(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_place_and_length_of_gaps),
        cmocka_unit_test(file_and_offset_under_the_reference_preset),
        cmocka_unit_test(category_by_weight_then_file_by_default),
        cmocka_unit_test(number_of_talkers),
        cmocka_unit_test(place_kind_and_variance_of_picture_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
