/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct pool {
    int (*work)(void *user, int worker, size_t item);
    void *user;
    size_t n;
    atomic_size_t next;
    atomic_int stop;
} pool;

typedef struct worker {
    pool *p;
    pthread_t thread;
    int index;
} worker;

static void *run(void *arg)
{
    worker *w = arg;
    pool *p = w->p;

    while (!atomic_load(&p->stop)) {
        const size_t i = atomic_fetch_add(&p->next, 1);

        if (i >= p->n) break;
        if (p->work(p->user, w->index, i)) atomic_store(&p->stop, 1);
    }
    return NULL;
}

mw_status mw_pool_run(size_t n, int n_threads, int (*work)(void *user, int worker, size_t item),
                      void *user, mw_error *err)
{
    pool p = { .work = work, .user = user, .n = n };
    worker *workers;
    int started = 1;

    if (n_threads < 1) n_threads = 1;
    if ((size_t)n_threads > n) n_threads = n ? (int)n : 1;
    workers = mw_calloc((size_t)n_threads, sizeof *workers);
    if (!workers) return mw_fail_nomem(err);
    for (int i = 0; i < n_threads; i++)
        workers[i] = (worker){ .p = &p, .index = i };
    while (started < n_threads &&
           !pthread_create(&workers[started].thread, NULL, run, &workers[started]))
        started++;
    run(&workers[0]);
    for (int i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    mw_free(workers);
    return MW_OK;
}

int mw_n_cpus(void)
{
    cpu_set_t set;
    long n;

    if (!sched_getaffinity(0, sizeof set, &set)) return CPU_COUNT(&set);
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (int)n;
}
