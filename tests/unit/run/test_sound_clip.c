/* SPDX-License-Identifier: Apache-2.0
 *
 * The sound of a clip between the jobs that use it: mixtures of one drawing, what the track says of
 * them, and of a clip that is left clean.
 */
#include "support/support.h"

#include <sndfile.h>

#include "base/mem.h"
#include "run/sound_clip.h"
#include "support/sounds.h"

#define N 16000

static char *dir;
static mw_sound_options sound;
static mw_additive_options noise;
static mw_sound_maker maker = { .sound = &sound, .additive = &noise };

static int set_up(void **state)
{
    (void)state;
    dir = temp_dir();
    if (mw_opt_defaults(mw_sound_options_table, &sound, 0, NULL) ||
        mw_opt_defaults(mw_op_audio_additive.info.options, &noise, 0, NULL))
        return -1;
    memset(noise.weight, 0, sizeof noise.weight);
    noise.weight[MW_NOISE_WHITE] = 1;
    return mw_bank_open(&maker.bank, "", MW_AUDIO_RATE_HZ, 1, NULL) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    mw_bank_close(&maker.bank);
    mw_opt_clear(mw_sound_options_table, &sound);
    mw_opt_clear(mw_op_audio_additive.info.options, &noise);
    temp_dir_remove(dir);
    return mw_mem_live() ? -1 : 0;
}

/* A clip of noise whose second half is silent, loaded and with noise drawn. */
static void prepare(mw_sound_clip *s, const char *id)
{
    static float x[N];
    const char *path = path_in(dir, "x.wav");

    fill_noise(x, N / 2, 0.3, 1);
    make_sound(path, x, N, MW_AUDIO_RATE_HZ, 1, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
    mw_sound_clip_reset(s, &maker, mw_clip_key_make(0, id));
    assert_ok(mw_sound_clip_load(s, path, NULL));
    assert_ok(mw_sound_clip_draw(s, "", NULL));
}

/* Two ratios, of which the first is described after the second was mixed. */
static void a_mixture_is_described_by_its_own_result(void **state)
{
    mw_sound_clip s = { 0 };
    mw_sound_mixed early = { 0 }, late = { 0 };
    static int16_t q[N];
    mw_stage stage;

    (void)state;
    prepare(&s, "a");
    assert_ok(mw_sound_clip_mix16(&s, 20, q, &early, NULL));
    assert_ok(mw_sound_clip_mix16(&s, -5, q, &late, NULL));
    assert_true(late.result.noise_gain > 10 * early.result.noise_gain);
    stage = mw_sound_clip_stage(&s, &early);
    assert_true(((const mw_additive_decision *)stage.decision)->snr_db == 20);
    assert_ptr_equal(stage.result, &early.result);
    assert_ptr_equal(stage.segments, &early.segments);
    assert_true(mw_sound_clip_track(&s, &early, 0).noise_gain <
                mw_sound_clip_track(&s, &late, 0).noise_gain);
    mw_sound_mixed_clear(&early);
    mw_sound_mixed_clear(&late);
    mw_sound_clip_clear(&s);
}

/* A worker's clip keeps its arrays: what the clip before left in them must not be told of one that
 * stays clean. */
static void a_clip_that_is_left_clean_has_no_noise(void **state)
{
    mw_sound_clip s = { 0 };
    mw_track_audio_in in;

    (void)state;
    prepare(&s, "a");
    assert_ok(mw_sound_clip_mix(&s, 0, NULL));
    assert_true(mw_sound_clip_track(&s, &s.mixed, 0).noise_gain > 0);
    assert_ok(mw_sound_clip_leave(&s, NULL));
    assert_memory_equal(s.mix, s.clean.x, N * sizeof *s.mix);
    in = mw_sound_clip_track(&s, &s.mixed, 0);
    assert_int_equal(in.segments->n, 0);
    for (size_t i = 0; i < mw_track_n_frames(N, MW_AUDIO_RATE_HZ); i++)
        assert_true(in.noise[i] == 0);
    mw_sound_clip_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mixture_is_described_by_its_own_result, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_clip_that_is_left_clean_has_no_noise, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
