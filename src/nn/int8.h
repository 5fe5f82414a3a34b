/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of a matrix product as 8-bit integers, symmetric per output: w[j][k] ~ scale[j] q[j][k]
 * with scale[j] = max_k |w[j][k]| / 127.
 *
 * A product of a row x ~ lo + step u, u in 0 .. 255, is then
 *     sum_k x[k] w[j][k] ~ step scale[j] sum_k u[k] q[j][k] + lo sum[j],
 * whose inner sum is exact in 32 bits for up to MW_INT8_MAX_K terms. Numbers: exact.
 */
#ifndef MW_NN_INT8_H
#define MW_NN_INT8_H

#include <stddef.h>
#include <stdint.h>

/* 65536 * 255 * 127 < 2^31 */
enum { MW_INT8_MAX_K = 65536 };

/* weights [n][k] -> q [n][k]: round half to even of w (1 / scale), scale [n], and sum [n]: of
 * scale q over k, in double precision, rounded once. An output whose weights are all below 2^-100
 * has scale, q and sum 0; one that holds NaN or infinity has scale and sum NaN, so that it stays
 * visible, and q 0. k <= MW_INT8_MAX_K. */
void mw_int8_weights(int8_t *q, float *scale, float *sum, const float *weights, size_t n, size_t k);

#endif
