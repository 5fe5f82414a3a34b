/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif

static const char *const names[] = { "c", "avx2", "avx512" };

static int machine_level(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return MW_CPU_C;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return MW_CPU_AVX512;
    return MW_CPU_AVX2;
#else
    return MW_CPU_C;
#endif
}

mw_cpu_level mw_cpu(void)
{
    static atomic_int cached = -1;
    int level = atomic_load_explicit(&cached, memory_order_relaxed);

    if (level < 0) {
        const char *wanted = getenv("MW_CPU");

        level = machine_level();
        for (int i = 0; wanted && i < level; i++)
            if (!strcmp(wanted, names[i])) level = i;
        atomic_store_explicit(&cached, level, memory_order_relaxed);
    }
    return (mw_cpu_level)level;
}

int mw_cpu_bf16(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    return mw_cpu() >= MW_CPU_AVX512 && __builtin_cpu_supports("avx512bf16");
#else
    return 0;
#endif
}

/* Bits that Clang 14 has no name for: EBX of part 0 or EAX of part 1 of leaf 7. Slow on a virtual
 * machine, whose host answers. */
static int leaf7_bit(unsigned part, int bit)
{
#if defined(__x86_64__) && defined(__GNUC__)
    unsigned a, b, c, d;

    return __get_cpuid_count(7, part, &a, &b, &c, &d) && (part ? a : b) >> bit & 1;
#else
    (void)part, (void)bit;
    return 0;
#endif
}

int mw_cpu_int8(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    if (mw_cpu() >= MW_CPU_AVX512 && __builtin_cpu_supports("avx512vnni")) return 1;
#endif
    return mw_cpu() >= MW_CPU_AVX2 && leaf7_bit(1, 4); /* AVX-VNNI */
}

int mw_cpu_sha(void)
{
    static atomic_int cached = -1;
    int has = atomic_load_explicit(&cached, memory_order_relaxed);

    if (has < 0) {
        has = mw_cpu() >= MW_CPU_AVX2 && leaf7_bit(0, 29);
        atomic_store_explicit(&cached, has, memory_order_relaxed);
    }
    return has;
}

const char *mw_cpu_name(mw_cpu_level level)
{
    return names[level];
}
