/* SPDX-License-Identifier: Apache-2.0
 *
 * Python's random module (MT19937), as golden vectors need it to repeat the reference's draws.
 */
#ifndef MW_TESTS_PY_RANDOM_H
#define MW_TESTS_PY_RANDOM_H

#include <stdint.h>

typedef struct py_random {
    uint32_t state[624];
    int at;
} py_random;

/* random.seed(seed), numpy.random.RandomState(seed) */
py_random py_random_seed(uint32_t seed);
py_random py_random_state(uint32_t seed);

double py_random_unit(py_random *r);
double py_random_uniform(py_random *r, double lo, double hi);
uint64_t py_random_below(py_random *r, uint64_t n);
int64_t py_random_int(py_random *r, int64_t lo, int64_t hi);

#endif
