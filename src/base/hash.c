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

enum { BLOCK = 1 << 17 };

/* Hash what is left of fd; each block replaces the one before, or follows it in keep as long as it
 * has room. */
static mw_status hash_blocks(mw_sha256 *h, int fd, mw_kept *keep, int all, int64_t *total,
                             const char *path, mw_error *err)
{
    for (;;) {
        const size_t room = keep->cap - keep->n;
        char *block = keep->data + keep->n;
        const ssize_t n = read(fd, block, room < BLOCK ? room : BLOCK);

        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return mw_fail_errno(err, errno, "cannot read '%s'", path);
        if (!n) break;
        mw_sha256_update(h, block, (size_t)n);
        *total += n;
        if (all) keep->n += (size_t)n;
        if (keep->n == keep->cap) { /* it grew while it was read */
            all = 0;
            keep->n = 0;
        }
    }
    return MW_OK;
}

mw_status mw_sha256_file_keep(char *hex, int64_t *n_bytes, mw_kept *keep, size_t most,
                              const char *path, mw_error *err)
{
    uint8_t digest[MW_SHA256_BYTES];
    mw_status st = MW_OK;
    int64_t total = 0;
    size_t size = 0;
    mw_sha256 h;
    struct stat info;
    /* a pipe would be waited for, and a device read without end */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    keep->n = 0;
    if (fd < 0) return mw_fail_errno(err, errno, "cannot open '%s'", path);
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        st = mw_fail(err, MW_ERR_IO, "not_a_file", "'%s' is not a regular file", path);
        goto done;
    }
    if (info.st_size > 0 && (uint64_t)info.st_size <= most) size = (size_t)info.st_size;
    /* one more byte shows the end */
    if (mw_grow(&keep->data, &keep->cap, size < BLOCK ? BLOCK : size + 1, 1)) {
        st = mw_fail_nomem(err);
        goto done;
    }
    mw_sha256_init(&h);
    st = hash_blocks(&h, fd, keep, size > 0, &total, path, err);
    if (st != MW_OK) goto done;
    mw_sha256_final(&h, digest);
    mw_hex(hex, digest, sizeof digest);
    if (n_bytes) *n_bytes = total;
done:
    close(fd);
    return st;
}

mw_status mw_sha256_file(char *hex, int64_t *n_bytes, const char *path, mw_error *err)
{
    mw_kept block = { 0 };
    const mw_status st = mw_sha256_file_keep(hex, n_bytes, &block, 0, path, err);

    mw_free(block.data);
    return st;
}
