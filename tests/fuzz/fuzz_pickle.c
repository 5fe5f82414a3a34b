/* SPDX-License-Identifier: Apache-2.0
 *
 * Landmark pickles: what is read as a track must come back equal when written and read again; the
 * array reader gets the same bytes.
 */
#include <stdlib.h>

#include "data/pickle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void again(const mw_track *t)
{
    mw_str bytes = { 0 };
    mw_track back;
    mw_error err;

    if (!mw_pickle_from_track(t, &bytes, &err)) {
        if (mw_pickle_to_track(&back, bytes.data, bytes.n, 30, "again", &err)) abort();
        if (back.n_frames != t->n_frames || back.n_faces != t->n_faces) abort();
        for (size_t i = 0; i < t->n_faces; i++)
            if (back.face[i].x != t->face[i].x || back.face[i].h != t->face[i].h) abort();
        mw_track_clear(&back);
    }
    mw_str_clear(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    mw_pickle_array a;
    mw_error err;
    mw_track t;

    if (!mw_pickle_to_track(&t, data, n, 30, "fuzz", &err)) {
        again(&t);
        mw_track_clear(&t);
    }
    if (!mw_pickle_to_array(&a, data, n, "fuzz", &err))
        for (size_t i = 0; i < a.n * a.item; i++) {
            volatile char seen = a.data[i];

            (void)seen;
        }
    return 0;
}
