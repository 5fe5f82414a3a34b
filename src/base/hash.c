/* SPDX-License-Identifier: Apache-2.0
 *
 * The low-level SHA256_* calls are marked deprecated since OpenSSL 3.0 in favour of EVP, whose
 * contexts live on the heap and whose look-up costs more than hashing a short key; they stay
 * available in 3.x. So does the layout of SHA256_CTX, which the pair of texts goes on from.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"

_Static_assert(sizeof(SHA256_CTX) <= sizeof(mw_sha256), "mw_sha256.state is too small");

void mw_sha256_init(mw_sha256 *h)
{
    SHA256_Init((SHA256_CTX *)(void *)h->state);
}

void mw_sha256_update(mw_sha256 *h, const void *data, size_t n)
{
    SHA256_Update((SHA256_CTX *)(void *)h->state, data, n);
}

void mw_sha256_final(mw_sha256 *h, uint8_t digest[MW_SHA256_BYTES])
{
    SHA256_Final(digest, (SHA256_CTX *)(void *)h->state);
}

void mw_hex(char *hex, const uint8_t *bytes, size_t n)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = digit[bytes[i] >> 4];
        hex[2 * i + 1] = digit[bytes[i] & 15];
    }
    hex[2 * n] = 0;
}

void mw_sha256_hex(char *hex, const void *data, size_t n)
{
    uint8_t digest[MW_SHA256_BYTES];
    mw_sha256 h;

    mw_sha256_init(&h);
    mw_sha256_update(&h, data, n);
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
}

#if defined(__x86_64__)
/* The blocks that both have, side by side; returns their bytes. */
static size_t hash_side_by_side(mw_sha256 *ha, const void *a, size_t n_a, mw_sha256 *hb,
                                const void *b, size_t n_b)
{
    SHA256_CTX *ca = (SHA256_CTX *)(void *)ha->state, *cb = (SHA256_CTX *)(void *)hb->state;
    const size_t n_blocks = (n_a < n_b ? n_a : n_b) / SHA256_CBLOCK;
    const uint64_t n_bits = (uint64_t)n_blocks * SHA256_CBLOCK * 8;

    if (!mw_cpu_sha()) return 0;
    mw_sha256_pair_sha(ca->h, a, cb->h, b, n_blocks);
    ca->Nl = cb->Nl = (SHA_LONG)n_bits;
    ca->Nh = cb->Nh = (SHA_LONG)(n_bits >> 32);
    return n_blocks * SHA256_CBLOCK;
}
#else
static size_t hash_side_by_side(mw_sha256 *ha, const void *a, size_t n_a, mw_sha256 *hb,
                                const void *b, size_t n_b)
{
    (void)ha, (void)a, (void)n_a, (void)hb, (void)b, (void)n_b;
    return 0;
}
#endif

void mw_sha256_hex_pair(char *hex_a, const void *a, size_t n_a, char *hex_b, const void *b,
                        size_t n_b)
{
    uint8_t digest[MW_SHA256_BYTES];
    mw_sha256 ha, hb;
    size_t done;

    mw_sha256_init(&ha);
    mw_sha256_init(&hb);
    done = hash_side_by_side(&ha, a, n_a, &hb, b, n_b);
    mw_sha256_update(&ha, (const char *)a + done, n_a - done);
    mw_sha256_final(&ha, digest);
    mw_hex(hex_a, digest, sizeof digest);
    mw_sha256_update(&hb, (const char *)b + done, n_b - done);
    mw_sha256_final(&hb, digest);
    mw_hex(hex_b, digest, sizeof digest);
}

#define BLOCK ((size_t)1 << 17)

mw_status mw_sha256_file(char *hex, int64_t *n_bytes, const char *path, mw_error *err)
{
    uint8_t digest[MW_SHA256_BYTES];
    char *block = mw_calloc(BLOCK, 1);
    int64_t total = 0;
    int fd = -1;
    mw_status st = block ? mw_file_open(&fd, NULL, path, err) : mw_fail_nomem(err);
    mw_sha256 h;

    mw_sha256_init(&h);
    while (st == MW_OK) {
        const ssize_t n = read(fd, block, BLOCK);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) st = mw_fail_errno(err, errno, "cannot read '%s'", path);
        if (n <= 0) break;
        mw_sha256_update(&h, block, (size_t)n);
        total += n;
    }
    mw_sha256_final(&h, digest);
    if (st == MW_OK) mw_hex(hex, digest, sizeof digest);
    if (n_bytes) *n_bytes = total;
    mw_free(block);
    if (fd >= 0) close(fd);
    return st;
}
