/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <math.h>

#include "base/hash.h"
#include "base/normal.h"

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double normal_cdf(double z)
{
    return 0.5 * erfc(-z * sqrt(0.5));
}

/* The bits are a promise: first half of the hash of the little-endian table, recorded with GCC 12
 * on x86-64. */
static void table_has_the_promised_bits(void **state)
{
    static const uint8_t expected[8] = { 0x66, 0x21, 0xa1, 0x8f, 0x62, 0x9e, 0x82, 0x39 };
    uint8_t digest[MW_SHA256_BYTES];
    mw_sha256 h;

    (void)state;
    mw_sha256_init(&h);
    for (int i = 0; i < MW_NORMAL_TABLE_SIZE; i++) {
        uint32_t bits;
        uint8_t le[4];

        memcpy(&bits, &mw_normal_table()[i], 4);
        for (int j = 0; j < 4; j++)
            le[j] = (uint8_t)(bits >> (8 * j));
        mw_sha256_update(&h, le, 4);
    }
    mw_sha256_final(&h, digest);
    assert_memory_equal(digest, expected, sizeof expected);
}

/* Half a unit in the last place of z is 6e-8 z; the density turns it into probability. */
static void table_holds_the_midpoint_quantiles(void **state)
{
    (void)state;
    for (int i = 0; i < MW_NORMAL_TABLE_SIZE; i++) {
        const double z = mw_normal_table()[i], p = 0.5 - (i + 0.5) / 65536;

        assert_true(fabs(normal_cdf(-z) - p) < 6.1e-8 * z * exp(-0.5 * z * z) * 0.3990 + 1e-16);
    }
    assert_true(mw_normal_table()[MW_NORMAL_TABLE_SIZE - 1] < 4.325f);
}

/* The words are Random123's known answer for this counter and key. */
static void deviates_are_the_half_words_of_philox_low_half_first(void **state)
{
    const uint32_t ctr[4] = { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 };
    const uint32_t word[4] = { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 };
    float z[8];

    (void)state;
    mw_normal_fill(z, 8, 0x299f31d0a4093822u, ctr);
    for (unsigned j = 0; j < 8; j++) {
        const unsigned h = word[j / 2] >> (j % 2 * 16) & 0xffff;
        const float magnitude = mw_normal_table()[h & 0x7fff];

        assert_true(z[j] == (h & 0x8000 ? -magnitude : magnitude));
    }
}

static void any_block_can_be_made_alone(void **state)
{
    const uint32_t from_start[4] = { 0xfffffffe, 5, 6, 7 };
    float all[200], part[56];

    (void)state;
    mw_normal_fill(all, 200, 9, from_start);
    for (uint32_t b = 0; b < 18; b++) {
        const uint32_t ctr[4] = { from_start[0] + b, 5, 6, 7 };

        mw_normal_fill(part, 56, 9, ctr);
        assert_memory_equal(part, all + (size_t)8 * b, sizeof part);
    }
}

#define N 1000000

static float *draw(uint64_t stream, uint32_t row, uint32_t frame)
{
    const uint32_t ctr[4] = { 0, row, frame, 0 };
    float *z = malloc(N * sizeof *z);

    assert_non_null(z);
    mw_normal_fill(z, N, stream, ctr);
    return z;
}

static double correlation(const float *a, const float *b, size_t n, size_t stride)
{
    double sum = 0;
    size_t m = 0;

    for (size_t i = 0; i < n; i += stride, m++)
        sum += (double)a[i] * b[i];
    return sum / (double)m;
}

/* Standard errors for n = 1e6: mean 1e-3, variance 1.4e-3, correlation 1e-3 (1.7e-3 by channel);
 * the distance's 99.9 % point is 1.95e-3. */
static void a_million_deviates_are_normal_and_uncorrelated(void **state)
{
    float *z = draw(42, 0, 0), *next_row = draw(42, 1, 0), *next_frame = draw(42, 0, 1);
    float *other = draw(43, 0, 0);
    double mean = 0, square = 0, fourth = 0, distance = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        mean += z[i];
        square += (double)z[i] * z[i];
        fourth += (double)z[i] * z[i] * z[i] * z[i];
    }
    assert_true(fabs(mean / N) < 4e-3);
    assert_true(fabs(square / N - 1) < 6e-3);
    assert_true(fabs(fourth / N - 3) < 4e-2);
    for (size_t lag = 1; lag <= 9; lag++)
        assert_true(fabs(correlation(z, z + lag, N - lag, 1)) < 5e-3);
    for (size_t c = 0; c < 2; c++) /* neighbouring channels: 3 samples a pixel */
        assert_true(fabs(correlation(z + c, z + c + 1, N - 3, 3)) < 5e-3);
    assert_true(fabs(correlation(z, next_row, N, 1)) < 5e-3);
    assert_true(fabs(correlation(z, next_frame, N, 1)) < 5e-3);
    assert_true(fabs(correlation(z, other, N, 1)) < 5e-3);
    qsort(z, N, sizeof *z, by_value);
    for (size_t i = 0; i < N; i++) {
        const double p = normal_cdf(z[i]);

        distance = fmax(distance, fmax(p - (double)i / N, (double)(i + 1) / N - p));
    }
    assert_true(distance < 3e-3);
    free(z);
    free(next_row);
    free(next_frame);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_has_the_promised_bits),
        cmocka_unit_test(table_holds_the_midpoint_quantiles),
        cmocka_unit_test(deviates_are_the_half_words_of_philox_low_half_first),
        cmocka_unit_test(any_block_can_be_made_alone),
        cmocka_unit_test(a_million_deviates_are_normal_and_uncorrelated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
