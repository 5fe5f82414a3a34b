/* SPDX-License-Identifier: Apache-2.0
 *
 * A feature bank out of nothing: small clips whose label stands half in the sound and half in the
 * picture, with damaged variants whose truth is known.
 */
#ifndef MW_TESTS_TOY_BANK_H
#define MW_TESTS_TOY_BANK_H

#include <stddef.h>
#include <stdint.h>

enum { TOY_AUDIO_ROWS = 60, TOY_VIDEO_ROWS = 30, TOY_AUDIO_COLUMNS = 6, TOY_VIDEO_COLUMNS = 5 };

/* Write DIR/{bank.json,label.csv,<clip>.bank.npz}: n_train, n_valid and n_test clips of three per
 * speaker, two damaged variants (mix0, mix1) and mixed-seen and mixed-heldout. */
void toy_bank_write(const char *dir, size_t n_train, size_t n_valid, size_t n_test, uint64_t seed);

#endif
