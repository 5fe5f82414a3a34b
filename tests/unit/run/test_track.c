/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "run/track.h"
#include "support/npz.h"
#include "support/sounds.h"

#define RATE 16000

static const void *array(const mw_npz *z, const char *name, const char *descr, const char *shape)
{
    size_t n;

    return npz_array(z->bytes.data, z->bytes.n, name, descr, shape, &n);
}

/* Text i of a "<U" array of this width. */
static void assert_text(const mw_npz *z, const char *descr, size_t width, size_t i,
                        const char *text)
{
    const unsigned char *p = array(z, "types", descr, NULL);

    for (size_t k = 0; k < width; k++)
        assert_int_equal(p[4 * (i * width + k)], k < strlen(text) ? text[k] : 0);
}

static void frames_are_counted_by_started_hops(void **state)
{
    (void)state;
    assert_int_equal(mw_track_n_frames(0, RATE), 0);
    assert_int_equal(mw_track_n_frames(1, RATE), 1);
    assert_int_equal(mw_track_n_frames(160, RATE), 1);
    assert_int_equal(mw_track_n_frames(161, RATE), 2);
    assert_int_equal(mw_track_n_frames(16000, RATE), 100);
}

/* 25 ms from the frame's start, cut at the end of the sound, as a plain mean. */
static void frame_powers_equal_plain_means(void **state)
{
    static const size_t lengths[] = { 1, 79, 80, 81, 160, 400, 401, 5000, 16000 };

    (void)state;
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        const size_t n = lengths[k], n_frames = mw_track_n_frames((int64_t)n, RATE);
        float *x = calloc(n, sizeof *x);
        double *power = calloc(n_frames + 1, sizeof *power);

        fill_noise(x, n, 0.5, k);
        power[n_frames] = 77;
        mw_track_power(power, x, (int64_t)n, RATE);
        for (size_t i = 0; i < n_frames; i++) {
            const size_t i1 = 160 * i + 400 < n ? 160 * i + 400 : n;
            double sum = 0;

            for (size_t j = 160 * i; j < i1; j++)
                sum += (double)x[j] * x[j];
            sum /= (double)(i1 - 160 * i);
            assert_true(fabs(power[i] - sum) < 1e-12 * sum);
        }
        assert_true(power[n_frames] == 77);
        free(power);
        free(x);
    }
}

static mw_status sound_track(mw_npz *z, const mw_segments *segments, const double *speech,
                             const double *noise, double speech_gain, double noise_gain, int64_t n)
{
    const mw_track_audio_in in = { segments, speech, noise, speech_gain, noise_gain, n, RATE, 0 };

    return mw_track_make(z, &in, NULL, NULL);
}

/* Five frames of sound: noise in the samples 0 .. 319 and from 640 on, a gap between. */
static void sound_tracks_of_a_case_made_by_hand(void **state)
{
    mw_segment v[] = { { .i0 = 0, .i1 = 320, .type = "noise.music" },
                       { .i0 = 320, .i1 = 640, .type = "noise.gap" },
                       { .i0 = 640, .i1 = 800, .type = "noise.music" } };
    const mw_segments segments = { v, 3, 3 };
    const double speech[] = { 1, 0.01, 0.01, 0, 0.04 }, noise[] = { 0.1, 0.1, 0, 0, 0.01 };
    const double *t;
    const float *x_db, *z_db, *snr, *rel;
    const unsigned char *type;
    mw_npz z = { 0 };

    (void)state;
    assert_ok(sound_track(&z, &segments, speech, noise, 0.5, 0.25, 800));
    t = array(&z, "a_t", "'<f8'", "(5,)");
    type = array(&z, "a_type", "'|u1'", "(5,)");
    x_db = array(&z, "a_speech_db", "'<f4'", "(5,)");
    z_db = array(&z, "a_noise_db", "'<f4'", "(5,)");
    snr = array(&z, "a_snr_db", "'<f4'", "(5,)");
    rel = array(&z, "a_rel", "'<f4'", "(5,)");
    for (int i = 0; i < 5; i++)
        assert_true(t[i] == i / 100.0);
    assert_memory_equal(type, ((const unsigned char[]){ 1, 1, 2, 2, 1 }), 5);
    assert_text(&z, "'<U11'", 11, 0, "clean");
    assert_text(&z, "'<U11'", 11, 1, "noise.music");
    assert_text(&z, "'<U11'", 11, 2, "noise.gap");
    /* 10 log10(speech 0.5^2), 10 log10(noise 0.25^2) */
    assert_true(fabsf(x_db[0] - -6.0206f) < 1e-4f);
    assert_true(fabsf(x_db[1] - -26.0206f) < 1e-4f);
    assert_true(x_db[3] == -INFINITY);
    assert_true(fabsf(z_db[0] - -22.0412f) < 1e-4f);
    assert_true(z_db[2] == -INFINITY);
    assert_true(fabsf(snr[0] - 16.0206f) < 1e-4f);
    assert_true(snr[2] == INFINITY && snr[3] == INFINITY); /* no noise: clean, even in silence */
    /* half at 5 dB, 1 / (1 + e^-((snr - 5) / 5)) */
    assert_true(fabsf(rel[0] - 1 / (1 + expf(-(16.0206f - 5) / 5))) < 1e-5f);
    assert_true(rel[2] == 1 && rel[3] == 1);
    for (int i = 1; i < 5; i++)
        assert_true(rel[i] >= 0 && rel[i] <= 1);
    mw_npz_clear(&z);
}

static void noise_over_silent_speech_is_worthless(void **state)
{
    mw_segment v[] = { { .i0 = 0, .i1 = 160, .type = "noise.white" } };
    const mw_segments segments = { v, 1, 1 };
    const double speech = 0, noise = 0.1;
    mw_npz z = { 0 };

    (void)state;
    assert_ok(sound_track(&z, &segments, &speech, &noise, 1, 1, 160));
    assert_true(*(const float *)array(&z, "a_snr_db", NULL, NULL) == -INFINITY);
    assert_true(*(const float *)array(&z, "a_rel", NULL, NULL) == 0);
    mw_npz_clear(&z);
}

static mw_segment noisy[] = { { .i0 = 1,
                                .i1 = 3,
                                .type = "pixelnoise.gaussian",
                                .n_severities = 1,
                                .severity = { { "noise_var", 0.05 } } } };
static mw_segment blurred[] = { { .i0 = 2,
                                  .i1 = 99,
                                  .type = "blur.gaussian",
                                  .n_severities = 2,
                                  .severity = { { "blur_sigma_px", 2 },
                                                { "blur_kernel_px", 11 } } } };
static const mw_segments list_a = { noisy, 1, 1 }, list_b = { blurred, 1, 1 };
static const mw_segments *const both[] = { &list_a, &list_b };
static const double times[] = { 0, 0.04, 0.08, 0.2 };

/* Four frames of 90 x 300: the second and third noisy, the third and fourth blurred. Without faces
 * a blur is compared with a third of the height. */
static void picture_tracks_of_a_case_made_by_hand(void **state)
{
    const float unknown[] = { NAN, NAN, NAN, NAN }, none[4] = { 0 };
    const mw_track faces = { .n_frames = 0 };
    const mw_track_video_in in = { both, 2, times, unknown, none, 4, &faces, 90, 300 };
    const double blur_share = exp(-2 / 100.0 / 0.02), noise_share = 1 / (1 + 0.05 / 0.01);
    const float *var, *sigma, *rel;
    mw_npz z = { 0 };

    (void)state;
    assert_ok(mw_track_make(&z, NULL, &in, NULL));
    assert_memory_equal(array(&z, "v_t", "'<f8'", "(4,)"), times, sizeof times);
    assert_memory_equal(array(&z, "v_type", "'|u1'", "(4,)"),
                        ((const unsigned char[]){ 0, 1, 2, 2 }), 4);
    var = array(&z, "v_noise_var", "'<f4'", "(4,)");
    sigma = array(&z, "v_blur_sigma", "'<f4'", "(4,)");
    rel = array(&z, "v_rel", "'<f4'", "(4,)");
    assert_true(var[0] == 0 && var[1] == 0.05f && var[2] == 0.05f && var[3] == 0);
    assert_true(sigma[0] == 0 && sigma[1] == 0 && sigma[2] == 2 && sigma[3] == 2);
    assert_true(rel[0] == 1);
    assert_true(fabs((double)rel[1] - noise_share) < 1e-6);
    assert_true(fabs((double)rel[2] - noise_share * blur_share) < 1e-6);
    assert_true(fabs((double)rel[3] - blur_share) < 1e-6);
    assert_memory_equal(array(&z, "v_cov_frame", "'<f4'", "(4,)"), none, sizeof none);
    mw_npz_clear(&z);
}

/* With faces their width counts, frame by frame, and what covers them lowers the reliability. */
static void a_blur_is_compared_with_the_face(void **state)
{
    const float cov_face[] = { 0, 0.25f, 0, 0 }, cov_frame[] = { 0, 0.125f, 0, 0 };
    const mw_face face = { .x = 0.1, .y = 0.2, .w = 0.5, .h = 0.3, .score = 0.75 };
    mw_track faces = { .n_frames = 0 };
    const mw_track_video_in in = { both, 2, times, cov_face, cov_frame, 4, &faces, 90, 300 };
    const float *rel, *box, *score;
    mw_npz z = { 0 };

    (void)state;
    for (int t = 0; t < 4; t++)
        assert_ok(mw_track_add(&faces, times[t], &face, t != 2, NULL));
    assert_ok(mw_track_make(&z, NULL, &in, NULL));
    rel = array(&z, "v_rel", "'<f4'", "(4,)");
    box = array(&z, "v_face", "'<f4'", "(4, 4)");
    score = array(&z, "v_face_score", "'<f4'", "(4,)");
    assert_true(box[0] == 0.1f && box[1] == 0.2f && box[2] == 0.5f && box[3] == 0.3f);
    assert_true(isnan(box[8]) && isnan(score[2]) && score[3] == 0.75f);
    assert_true(fabs((double)rel[1] - 0.75 / (1 + 0.05 / 0.01)) < 1e-6);
    assert_true(fabs((double)rel[2] - exp(-2 / 100.0 / 0.02) / (1 + 0.05 / 0.01)) < 1e-6);
    assert_true(fabs((double)rel[3] - exp(-2 / 45.0 / 0.02)) < 1e-6);
    mw_npz_clear(&z);
    mw_track_clear(&faces);
}

/* Types are numbered once for both; sound that starts later than the picture says so. */
static void sound_and_picture_share_a_track(void **state)
{
    mw_segment v[] = { { .i0 = 160, .i1 = 320, .type = "noise.pink" } };
    const mw_segments segments = { v, 1, 1 };
    const double speech[] = { 1, 1 }, noise[] = { 0, 1 };
    const float none[4] = { 0 };
    const mw_track faces = { .n_frames = 0 };
    const mw_track_audio_in sound = { &segments, speech, noise, 1, 1, 320, RATE, 0.25 };
    const mw_track_video_in picture = { both, 2, times, none, none, 4, &faces, 90, 300 };
    const double *t;
    mw_npz z = { 0 };

    (void)state;
    assert_ok(mw_track_make(&z, &sound, &picture, NULL));
    t = array(&z, "a_t", "'<f8'", "(2,)");
    assert_true(t[0] == 0.25 && t[1] == 0.26);
    assert_memory_equal(array(&z, "a_type", "'|u1'", "(2,)"), ((const unsigned char[]){ 0, 1 }), 2);
    assert_memory_equal(array(&z, "v_type", "'|u1'", "(4,)"),
                        ((const unsigned char[]){ 0, 2, 3, 3 }), 4);
    assert_text(&z, "'<U19'", 19, 1, "noise.pink");
    assert_text(&z, "'<U19'", 19, 2, "pixelnoise.gaussian");
    assert_text(&z, "'<U19'", 19, 3, "blur.gaussian");
    mw_npz_clear(&z);
}

static void memory_running_out_is_told(void **state)
{
    mw_segment v[] = { { .i0 = 0, .i1 = 160, .type = "noise.white" } };
    const mw_segments segments = { v, 1, 1 };
    const double one[4] = { 0.1, 0.2, 0.3, 0.4 };
    const float none[4] = { 0 };
    const mw_track faces = { .n_frames = 0 };
    const mw_track_video_in in = { both, 2, times, none, none, 4, &faces, 90, 300 };

    (void)state;
    for (int video = 0; video < 2; video++)
        for (long at = 1;; at++) {
            mw_npz z = { 0 };
            mw_status st;

            mw_mem_fail_at(at);
            st = video ? mw_track_make(&z, NULL, &in, NULL)
                       : sound_track(&z, &segments, one, one, 1, 1, 200);
            mw_mem_fail_at(0);
            mw_npz_clear(&z);
            assert_int_equal(mw_mem_live(), 0);
            if (st == MW_OK) break;
            assert_int_equal(st, MW_ERR_NOMEM);
            assert_true(at < 300);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_counted_by_started_hops),
        cmocka_unit_test(frame_powers_equal_plain_means),
        cmocka_unit_test(sound_tracks_of_a_case_made_by_hand),
        cmocka_unit_test(noise_over_silent_speech_is_worthless),
        cmocka_unit_test(picture_tracks_of_a_case_made_by_hand),
        cmocka_unit_test(a_blur_is_compared_with_the_face),
        cmocka_unit_test(sound_and_picture_share_a_track),
        cmocka_unit_test(memory_running_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
