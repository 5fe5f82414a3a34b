/* SPDX-License-Identifier: Apache-2.0
 *
 * The noise bank: the recordings below a noise folder, read by seeking.
 */
#ifndef MW_RUN_BANK_H
#define MW_RUN_BANK_H

#include <pthread.h>

#include "corrupt/op.h"

typedef struct mw_bank_reject {
    char *rel;
    mw_error error;
} mw_bank_reject;

typedef struct mw_bank {
    char *root;
    int rate_hz;
    mw_noise_file *files; /* usable ones, sorted by path */
    size_t n;
    mw_bank_reject *rejects;
    size_t n_rejects;
    char listing_sha256[65]; /* of the paths and lengths: what a draw depends on */
    char (*sha256)[65];      /* per file, "" until asked for */
    pthread_mutex_t lock;
} mw_bank;

/* Look at every sound file below root on n_threads threads; root "" gives an empty bank. A file is
 * of the category that the first part of its path names ("speech", "music", anything else is
 * noise). Files that cannot be read, are empty or silent throughout are set aside with the reason.
 * MW_ERR_IO when root cannot be read. */
mw_status mw_bank_open(mw_bank **out, const char *root, int rate_hz, int n_threads, mw_error *err);

/* A bank of just these files of the folder; the first that is unusable is an error. */
mw_status mw_bank_open_listed(mw_bank **out, const char *root, const mw_texts *rel, int rate_hz,
                              mw_error *err);
void mw_bank_close(mw_bank **bank);

/* An mw_noise_reader over the bank (user is the bank). MW_ERR_FORMAT (no_noise) for a path that it
 * does not hold. */
mw_status mw_bank_read(void *user, const char *rel, int64_t offset, double crossfade_s, float *z,
                       int64_t n, mw_error *err);

/* How many passes of the recording, the first and the last of them in part, such a read is made of;
 * with a cross-fade the next pass begins before the last one has ended. */
int64_t mw_bank_loops(const mw_bank *b, const mw_noise_file *f, int64_t offset, double crossfade_s,
                      int64_t n);

/* The file with this relative path, or NULL. */
const mw_noise_file *mw_bank_find(const mw_bank *b, const char *rel);

/* SHA-256 of a file of the bank, computed once. hex holds 65 characters. */
mw_status mw_bank_sha256(mw_bank *b, const char *rel, char *hex, mw_error *err);

#endif
