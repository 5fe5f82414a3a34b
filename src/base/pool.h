/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads over independent items. Which thread takes which item is not defined, and nothing may
 * depend on it.
 */
#ifndef MW_BASE_POOL_H
#define MW_BASE_POOL_H

#include <stddef.h>

#include "merwild/status.h"

/* Call work(user, worker, item) for items 0 .. n-1, taken in order, on n_threads threads (>= 1; the
 * calling thread is one of them). worker is in [0, n_threads). work returning non-zero stops the
 * taking of new items. Fails (MW_ERR_NOMEM, MW_ERR_IO) only when no thread at all could run; fewer
 * threads than asked for is fine. */
mw_status mw_pool_run(size_t n, int n_threads, int (*work)(void *user, int worker, size_t item),
                      void *user, mw_error *err);

/* Processors this process may run on, >= 1. */
int mw_n_cpus(void);

#endif
