/* SPDX-License-Identifier: Apache-2.0
 *
 * Means of three neighbouring rows (C4.1), and which rows they are near the end (C4.3).
 */
#ifndef MW_FEATURE_LLD_SMOOTH_H
#define MW_FEATURE_LLD_SMOOTH_H

#include <stddef.h>

static inline float lld_mean3(float left, float mid, float right)
{
    return ((mid + left) + right) / 3.0f;
}

/* Over the non-zero values; 0 where the middle is 0. */
static inline float lld_mean3_nonzero(float left, float mid, float right)
{
    float sum = mid, n = 1;

    if (mid == 0) return 0;
    if (left != 0) sum += left, n += 1;
    if (right != 0) sum += right, n += 1;
    return sum / n;
}

#define LLD_NO_ROW ((size_t)-1)

/* Rows whose mean is output row m of a stream of n rows, p of which existed when the end of the
 * signal was first signalled; LLD_NO_ROW stands for a row of zeros. n = p = LLD_NO_ROW while the
 * stream goes on. Output row n is the surplus one. */
static inline void lld_neighbours(size_t m, size_t n, size_t p, size_t at[3])
{
    if (m == n) {
        at[0] = at[1] = at[2] = n - 1;
    } else if (m == 0) {
        at[0] = at[1] = 0;
        at[2] = (p > 0 ? p : n) > 1 ? 1 : LLD_NO_ROW;
    } else if (m == p) {
        at[0] = at[1] = at[2] = p - 1;
    } else {
        at[0] = m - 1;
        at[1] = m;
        at[2] = m + 1 == p || m + 1 == n ? m : m + 1;
    }
}

#endif
