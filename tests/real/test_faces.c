/* SPDX-License-Identifier: Apache-2.0
 *
 * merwild faces against the boxes that the Python system's own MediaPipe stored for the same clips.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "data/pickle.h"
#include "jobs.h"

static char *run_faces(const char *format)
{
    mw_faces_options *o = mw_faces_options_new(0, NULL);
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_faces_options_groups(o, groups);
    char *out = temp_dir();
    mw_summary summary;
    mw_error err;

    assert_ok(set_option(groups, n, "in", shared_path(CLIPS), NULL));
    assert_ok(set_option(groups, n, "out", out, NULL));
    assert_ok(set_option(groups, n, "format", format, NULL));
    if (mw_faces(o, NULL, &summary, &err) != MW_OK) fail_msg("%s", err.message);
    assert_int_equal(summary.n_failed, 0);
    assert_true(summary.n_done >= 28);
    mw_faces_options_free(&o);
    return out;
}

static double overlap(const mw_face *a, const mw_face *b)
{
    const double w = fmin(a->x + a->w, b->x + b->w) - fmax(a->x, b->x);
    const double h = fmin(a->y + a->h, b->y + b->h) - fmax(a->y, b->y);

    return w > 0 && h > 0 ? w * h / (a->w * a->h + b->w * b->h - w * h) : 0;
}

static double difference(const mw_face *a, const mw_face *b)
{
    return fmax(fmax(fabs(a->x - b->x), fabs(a->y - b->y)),
                fmax(fabs(a->w - b->w), fabs(a->h - b->h)));
}

static void compare(const char *format)
{
    mw_texts stems = clip_stems();
    char *out = run_faces(format), path[1024];
    double worst_iou = 1, worst = 0;
    size_t n_frames = 0;

    for (size_t i = 0; i < stems.n; i++) {
        mw_track ours, stored;

        snprintf(path, sizeof path, "%s/%s.pkl", LANDMARKS, stems.v[i]);
        assert_ok(mw_pickle_read_track(&stored, shared_path(path), 30, NULL));
        snprintf(path, sizeof path, "%s/%s.%s", out, stems.v[i], format);
        if (!strcmp(format, "pkl"))
            assert_ok(mw_pickle_read_track(&ours, path, 30, NULL));
        else
            assert_ok(mw_track_read(&ours, path, NULL));
        assert_int_equal(ours.n_frames, stored.n_frames);
        for (size_t t = 0; t < ours.n_frames; t++) {
            size_t n, m;
            const mw_face *a = mw_track_faces(&ours, t, &n), *b = mw_track_faces(&stored, t, &m);

            if (n != 1 || m != 1)
                fail_msg("%s, frame %zu: %zu faces, stored %zu", stems.v[i], t, n, m);
            worst_iou = fmin(worst_iou, overlap(a, b));
            worst = fmax(worst, difference(a, b));
        }
        n_frames += ours.n_frames;
        mw_track_clear(&ours);
        mw_track_clear(&stored);
    }
    print_message("# %s: %zu clips, %zu frames: worst IoU 1 - %.3g, worst coordinate difference "
                  "%.3g\n",
                  format, stems.n, n_frames, 1 - worst_iou, worst);
    assert_true(worst_iou > 0.9999);
    assert_true(worst < 1e-5);
    texts_free(&stems);
    temp_dir_remove(out);
}

static void tracks_in_csv_equal_the_stored_boxes(void **state)
{
    (void)state;
    REQUIRE_CLIPS_AND_MODEL();
    compare("csv");
}

static void tracks_in_the_references_layout_equal_the_stored_boxes(void **state)
{
    (void)state;
    REQUIRE_CLIPS_AND_MODEL();
    compare("pkl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tracks_in_csv_equal_the_stored_boxes),
        cmocka_unit_test(tracks_in_the_references_layout_equal_the_stored_boxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
