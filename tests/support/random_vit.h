/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of a CLIP image tower out of nothing, the same bytes as scripts/make-random-clip makes
 * (--layout hf-vision): Hugging Face's names, float32, safetensors.
 *
 * Value i of tensor k, counted in the order of the file, is word i of the Philox4x32-10 stream of
 * key seed and counter (block, 0, k, 0): u = ((word >> 8) - 2^23) / 2^23, times the tensor's
 * amplitude; LayerNorm weights are 1 + 0.1 u. Each step is rounded to float32.
 */
#ifndef MW_TESTS_RANDOM_VIT_H
#define MW_TESTS_RANDOM_VIT_H

#include <stdint.h>

typedef struct random_vit_size {
    int side, patch, width, layers, mlp, columns;
} random_vit_size;

/* 2 heads of 64, 17 tokens; and ViT-B/32. */
extern const random_vit_size random_vit_tiny, random_vit_b32;

/* Fails the test when the file cannot be written. */
void random_vit_write(const char *path, const random_vit_size *size, uint64_t seed);

#endif
