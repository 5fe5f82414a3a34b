/* SPDX-License-Identifier: Apache-2.0
 *
 * Track CSV: what is read must come back byte by byte equal after one writing; selection and gap
 * filling take any track.
 */
#include <stdlib.h>
#include <string.h>

#include "face/track_select.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void again(const mw_track *t)
{
    mw_str a = { 0 }, b = { 0 };
    mw_track back;
    mw_error err;

    if (!mw_track_to_csv(t, &a, &err)) {
        if (mw_track_from_csv(&back, a.data, a.n, "again", &err)) abort();
        if (!mw_track_to_csv(&back, &b, &err) && (a.n != b.n || memcmp(a.data, b.data, a.n)))
            abort();
        mw_track_clear(&back);
    }
    mw_str_clear(&a);
    mw_str_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    mw_error err;
    mw_track t;

    if (mw_track_from_csv(&t, (const char *)data, n, "fuzz", &err)) return 0;
    again(&t);
    if (!mw_track_select(&t, (mw_face_policy)(n % MW_FACES_N_POLICIES), 1.5, &err))
        mw_track_fill(&t, (long)(n % 5) - 1, NULL, &err);
    mw_track_clear(&t);
    return 0;
}
