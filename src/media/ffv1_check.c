/* SPDX-License-Identifier: Apache-2.0 */
#include "media/ffv1_check.h"

#include <libavutil/crc.h>

/* Slices are found from the end: each closes with its size (24 bits, big endian) and, with error
 * checking, a status byte and a CRC-32 that makes the remainder over the whole slice zero. The
 * footer's length is not written anywhere in the packet; only the right one leads back to byte 0.
 */
static int walk(const uint8_t *packet, size_t n, size_t footer, int *crc_ok)
{
    const AVCRC *table = av_crc_get_table(AV_CRC_32_IEEE);

    *crc_ok = 1;
    while (n >= footer) {
        const uint8_t *f = packet + n - footer;
        const size_t size = ((size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2]) + footer;

        if (size > n) return 0;
        n -= size;
        if (footer == 8 && av_crc(table, 0, packet + n, size)) *crc_ok = 0;
    }
    return n == 0;
}

int mw_ffv1_is_intact(const uint8_t *packet, size_t n)
{
    int crc_ok;

    if (!n) return 1; /* a repeated frame */
    if (walk(packet, n, 8, &crc_ok)) return crc_ok;
    return walk(packet, n, 3, &crc_ok);
}
