/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs run over the shared clips.
 */
#ifndef MW_TESTS_REAL_JOBS_H
#define MW_TESTS_REAL_JOBS_H

#include "merwild/merwild.h"

#define CLIPS     "samples/mosi/video"
#define LANDMARKS "samples/mosi/mediapipe_landmark"

/* skip() unless clips and the full-range model are there. */
#define REQUIRE_CLIPS_AND_MODEL()                                                                  \
    do {                                                                                           \
        REQUIRE_SHARED(LANDMARKS);                                                                 \
        if (mw_model_verify(1, NULL, NULL) != MW_OK) {                                             \
            print_message("# skipped: model files are missing; run scripts/fetch-models\n");       \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

/* Relative paths without suffix of the clips below the shared folder, sorted (texts_free). */
mw_texts clip_stems(void);
void texts_free(mw_texts *t);

#endif
