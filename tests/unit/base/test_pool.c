/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/pool.h"

#define N 5000

typedef struct probe {
    atomic_int seen[N];
    atomic_int bad_worker, n_done, in_use[64];
    int n_threads;
    size_t stop_at;
} probe;

/* No assertions here: they belong on the main thread. */
static int work(void *user, int worker, size_t item)
{
    probe *p = user;

    if (worker < 0 || worker >= p->n_threads || atomic_fetch_add(&p->in_use[worker], 1))
        atomic_store(&p->bad_worker, 1);
    atomic_fetch_add(&p->seen[item], 1);
    atomic_fetch_add(&p->n_done, 1);
    atomic_fetch_sub(&p->in_use[worker], 1);
    return item == p->stop_at;
}

static probe *run(size_t n, int n_threads, size_t stop_at)
{
    static probe p;

    memset(&p, 0, sizeof p);
    p.n_threads = n_threads > 1 ? n_threads : 1;
    p.stop_at = stop_at;
    assert_ok(mw_pool_run(n, n_threads, work, &p, NULL));
    assert_false(p.bad_worker);
    return &p;
}

static void every_item_is_worked_on_once(void **state)
{
    static const int threads[] = { -1, 0, 1, 2, 3, 8, 33 };
    static const size_t sizes[] = { 0, 1, 2, 7, N };

    (void)state;
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            probe *p = run(sizes[k], threads[i], SIZE_MAX);

            for (size_t item = 0; item < N; item++)
                assert_int_equal(p->seen[item], item < sizes[k]);
        }
}

static void a_stop_ends_the_taking_of_items(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 8; threads *= 2) {
        probe *p = run(N, threads, 100);

        /* items are taken in order, so all before the stop were taken */
        for (size_t item = 0; item <= 100; item++)
            assert_int_equal(p->seen[item], 1);
        for (size_t item = 0; item < N; item++)
            assert_in_range(p->seen[item], 0, 1);
        if (threads == 1) assert_int_equal(p->n_done, 101);
    }
}

static void no_memory_is_told(void **state)
{
    static probe p;
    mw_error err;

    (void)state;
    mw_mem_fail_at(1);
    assert_fails(mw_pool_run(3, 2, work, &p, &err), MW_ERR_NOMEM);
    mw_mem_fail_at(0);
    assert_int_equal(p.n_done, 0);
    assert_true(mw_n_cpus() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_worked_on_once),
        cmocka_unit_test(a_stop_ends_the_taking_of_items),
        cmocka_unit_test(no_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
