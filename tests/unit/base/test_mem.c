/* SPDX-License-Identifier: Apache-2.0 */
#include "support/support.h"

#include "base/mem.h"

static void calloc_gives_zeros_and_counts(void **state)
{
    const long live = mw_mem_live();
    unsigned char *p = mw_calloc(1000, 3);

    (void)state;
    assert_non_null(p);
    assert_int_equal(mw_mem_live(), live + 1);
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(p[i], 0);
    mw_free(p);
    mw_free(NULL);
    assert_int_equal(mw_mem_live(), live);
}

static void zero_elements_give_a_pointer_to_free(void **state)
{
    void *p[] = { mw_calloc(0, 8), mw_calloc(8, 0), mw_calloc_aligned(0, 4),
                  mw_realloc(NULL, 0, 4) };

    (void)state;
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        assert_non_null(p[i]);
        mw_free(p[i]);
    }
}

static void products_that_overflow_are_refused(void **state)
{
    const long live = mw_mem_live();
    static const size_t n[] = { SIZE_MAX, SIZE_MAX / 2, (size_t)1 << 63, 0xffffffffu };
    static const size_t size[] = { 2, 3, 2, 0xffffffffu };

    (void)state;
    for (size_t i = 0; i < sizeof n / sizeof *n; i++) {
        assert_null(mw_calloc(n[i], size[i]));
        assert_null(mw_calloc_aligned(n[i], size[i]));
        assert_null(mw_realloc(NULL, n[i], size[i]));
    }
    assert_null(mw_strndup("x", SIZE_MAX));
    assert_int_equal(mw_mem_live(), live);
}

static void requests_above_the_cap_are_refused(void **state)
{
    void *p = mw_calloc(1, 1);

    (void)state;
    assert_null(mw_calloc(MW_MEM_CAP + 1, 1));
    assert_null(mw_calloc(MW_MEM_CAP / 8 + 1, 8));
    assert_null(mw_calloc_aligned(MW_MEM_CAP / 4 + 1, 4));
    assert_null(mw_realloc(p, MW_MEM_CAP + 1, 1));
    mw_free(p);
}

static void aligned_blocks_are_aligned_and_padded_with_zeros(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n += 7) {
        unsigned char *p = mw_calloc_aligned(n, 1);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % MW_MEM_ALIGN, 0);
        for (size_t i = 0; i < n + MW_MEM_ALIGN; i++)
            assert_int_equal(p[i], 0);
        mw_free(p);
    }
}

static void a_failed_realloc_keeps_the_block(void **state)
{
    char *p = mw_strdup("still here");

    (void)state;
    assert_null(mw_realloc(p, SIZE_MAX, 2));
    assert_string_equal(p, "still here");
    mw_mem_fail_at(1);
    assert_null(mw_realloc(p, 1000, 1));
    mw_mem_fail_at(0);
    assert_string_equal(p, "still here");
    mw_free(p);
}

static void grow_keeps_contents_and_never_shrinks(void **state)
{
    const long live = mw_mem_live();
    int *v = NULL;
    size_t cap = 0;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(mw_grow(&v, &cap, (size_t)i + 1, sizeof *v), 0);
        assert_true(cap > (size_t)i);
        v[i] = i;
    }
    for (int i = 0; i < 5000; i++)
        assert_int_equal(v[i], i);
    assert_int_equal(mw_grow(&v, &cap, 10, sizeof *v), 0);
    assert_true(cap >= 5000);
    assert_int_equal(mw_mem_live(), live + 1);
    mw_free(v);
}

static void grow_fails_without_touching_anything(void **state)
{
    int *v = NULL, *before;
    size_t cap = 0, cap_before;

    (void)state;
    assert_int_equal(mw_grow(&v, &cap, 20, sizeof *v), 0);
    before = v;
    cap_before = cap;
    assert_int_equal(mw_grow(&v, &cap, SIZE_MAX, sizeof *v), -1);
    assert_int_equal(mw_grow(&v, &cap, SIZE_MAX / 2, sizeof *v), -1);
    mw_mem_fail_at(1);
    assert_int_equal(mw_grow(&v, &cap, cap + 1, sizeof *v), -1);
    mw_mem_fail_at(0);
    assert_ptr_equal(v, before);
    assert_int_equal(cap, cap_before);
    mw_free(v);
}

static void allocations_fail_from_the_one_asked_for_on(void **state)
{
    void *a, *b;

    (void)state;
    mw_mem_fail_at(3);
    a = mw_calloc(1, 1);
    b = mw_strdup("x");
    assert_non_null(a);
    assert_non_null(b);
    assert_null(mw_calloc(1, 1));
    assert_null(mw_calloc_aligned(1, 1));
    assert_null(mw_strdup("x"));
    assert_int_equal(mw_mem_count(), 5);
    mw_mem_fail_at(0);
    assert_int_equal(mw_mem_count(), 0);
    mw_free(a);
    a = mw_calloc(1, 1);
    assert_non_null(a);
    mw_free(a);
    mw_free(b);
}

static void one_allocation_alone_can_fail(void **state)
{
    void *a;

    (void)state;
    mw_mem_fail_at(-2);
    a = mw_calloc(1, 1);
    assert_non_null(a);
    assert_null(mw_calloc(1, 1));
    mw_free(a);
    a = mw_calloc(1, 1);
    assert_non_null(a);
    mw_free(a);
    mw_mem_fail_at(0);
}

static void strndup_cuts_and_terminates(void **state)
{
    char *p = mw_strndup("abcdef", 3), *q = mw_strndup("abc", 0);

    (void)state;
    assert_string_equal(p, "abc");
    assert_string_equal(q, "");
    mw_free(p);
    mw_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calloc_gives_zeros_and_counts),
        cmocka_unit_test(zero_elements_give_a_pointer_to_free),
        cmocka_unit_test(products_that_overflow_are_refused),
        cmocka_unit_test(requests_above_the_cap_are_refused),
        cmocka_unit_test(aligned_blocks_are_aligned_and_padded_with_zeros),
        cmocka_unit_test(a_failed_realloc_keeps_the_block),
        cmocka_unit_test(grow_keeps_contents_and_never_shrinks),
        cmocka_unit_test(grow_fails_without_touching_anything),
        cmocka_unit_test(allocations_fail_from_the_one_asked_for_on),
        cmocka_unit_test(one_allocation_alone_can_fail),
        cmocka_unit_test(strndup_cuts_and_terminates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
