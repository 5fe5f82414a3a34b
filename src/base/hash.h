/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 through OpenSSL's libcrypto, which uses the processor's SHA instructions where there are
 * any; two texts at a time through a kernel of our own, since libcrypto has no call for that.
 */
#ifndef MW_BASE_HASH_H
#define MW_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "merwild/status.h"

#define MW_SHA256_BYTES 32
#define MW_SHA256_HEX   64

typedef struct mw_sha256 {
    uint64_t state[16]; /* holds a SHA256_CTX; hash.c asserts that it fits */
} mw_sha256;

void mw_sha256_init(mw_sha256 *h);
void mw_sha256_update(mw_sha256 *h, const void *data, size_t n);
void mw_sha256_final(mw_sha256 *h, uint8_t digest[MW_SHA256_BYTES]);

/* n bytes as lower-case hex and NUL; hex holds 2 n + 1 characters. */
void mw_hex(char *hex, const uint8_t *bytes, size_t n);

/* SHA-256 of n bytes as hex; hex holds MW_SHA256_HEX + 1 characters. */
void mw_sha256_hex(char *hex, const void *data, size_t n);

/* SHA-256 of two runs of bytes, as mw_sha256_hex of each. As far as both reach they are hashed by
 * turns, which with SHA instructions takes three quarters of the time of one after the other. */
void mw_sha256_hex_pair(char *hex_a, const void *a, size_t n_a, char *hex_b, const void *b,
                        size_t n_b);

/* Its kernel: the hash words of two streams go on by n_blocks blocks of 64 bytes. Where mw_cpu_sha
 * says so. */
void mw_sha256_pair_sha(uint32_t state_a[8], const void *a, uint32_t state_b[8], const void *b,
                        size_t n_blocks);

/* SHA-256 and size of a whole file, read in blocks. n_bytes may be NULL. */
mw_status mw_sha256_file(char *hex, int64_t *n_bytes, const char *path, mw_error *err);

#endif
