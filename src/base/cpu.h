/* SPDX-License-Identifier: Apache-2.0
 *
 * Which vector level the kernels may use. MW_CPU=c|avx2|avx512 in the environment lowers it, for
 * tests and bug reports; results are the same at every level.
 */
#ifndef MW_BASE_CPU_H
#define MW_BASE_CPU_H

typedef enum mw_cpu_level { MW_CPU_C = 0, MW_CPU_AVX2 = 1, MW_CPU_AVX512 = 2 } mw_cpu_level;

/* Level of this machine, lowered by MW_CPU; found once. AVX2 implies FMA, F16C, BMI2; AVX512
 * implies F, BW, DQ, VL. */
mw_cpu_level mw_cpu(void);

/* Whether products of bfloat16 may be used: the level is AVX512 and the machine has
 * AVX512_BF16. */
int mw_cpu_bf16(void);

/* Whether products of 8-bit integers may be used: the machine has AVX512_VNNI and the level is
 * AVX512, or it has AVX-VNNI and the level is at least AVX2. Older instructions add pairs of
 * products in 16 bits, where they saturate. */
int mw_cpu_int8(void);

/* Whether the instructions for SHA-256 may be used: the machine has them and the level is at least
 * AVX2. */
int mw_cpu_sha(void);

const char *mw_cpu_name(mw_cpu_level level);

#endif
