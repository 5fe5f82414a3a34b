/* SPDX-License-Identifier: Apache-2.0
 *
 * The low-level SHA256_* calls are marked deprecated since OpenSSL 3.0 in favour of EVP, whose
 * contexts live on the heap and whose look-up costs more than hashing a short key; they stay
 * available in 3.x.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "base/error.h"
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

mw_status mw_sha256_file(char *hex, int64_t *n_bytes, const char *path, mw_error *err)
{
    enum { BLOCK = 1 << 17 };
    uint8_t digest[MW_SHA256_BYTES];
    mw_status st = MW_OK;
    uint8_t *block = NULL;
    int64_t total = 0;
    mw_sha256 h;
    struct stat info;
    /* a pipe would be waited for, and a device read without end */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        st = mw_fail(err, MW_ERR_IO, "not_a_file", "'%s' is not a regular file", path);
        goto done;
    }
    block = mw_calloc(BLOCK, 1);
    if (!block) {
        st = mw_fail_nomem(err);
        goto done;
    }
    mw_sha256_init(&h);
    for (;;) {
        const ssize_t n = read(fd, block, BLOCK);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            st = mw_fail_errno(err, errno, "cannot read '%s'", path);
            goto done;
        }
        if (!n) break;
        mw_sha256_update(&h, block, (size_t)n);
        total += n;
    }
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
    if (n_bytes) *n_bytes = total;
done:
    mw_free(block);
    close(fd);
    return st;
}
