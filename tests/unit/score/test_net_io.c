/* SPDX-License-Identifier: Apache-2.0
 *
 * Saving, loading, resuming; files that do not fit.
 */
#include "support/support.h"

#include <math.h>

#include "base/mem.h"
#include "nn/weights.h"
#include "support/score_batch.h"

static char *dir;

static const char *in_dir(const char *name)
{
    static char text[2][512];
    static int turn;

    turn ^= 1;
    snprintf(text[turn], sizeof text[turn], "%s/%s", dir, name);
    return text[turn];
}

static const int tokens[] = { 7, 5, 4 };

static void train(mw_net *net, const mw_net_batch *b, uint64_t from, uint64_t to)
{
    for (uint64_t step = from; step < to; step++) {
        assert_ok(mw_net_gradient(net, b, step, 1, NULL, NULL));
        mw_net_adamw(net, 1e-3, 0.01, 10, 1);
    }
}

static void assert_same_values(mw_net *a, mw_net *b)
{
    for (size_t i = 0; i < mw_net_n_params(a); i++) {
        const mw_net_param *p = mw_net_param_at(a, i), *q = mw_net_param_at(b, i);

        assert_string_equal(p->name, q->name);
        assert_memory_equal(p->v, q->v, p->n * sizeof *p->v);
    }
}

static void a_resumed_training_is_the_same_to_the_bit(void **state)
{
    (void)state;
    for (int k = 0; k < MW_N_NET_KINDS; k++) {
        mw_net_config c = score_config_small((mw_net_kind)k, "av");
        score_batch s;
        mw_net *whole, *first, *second;

        c.dropout = 0.2;
        s = score_batch_make(&c, 9, tokens, 4, k == MW_NET_GIVEN);
        assert_ok(mw_net_create(&whole, &c, 2, NULL));
        assert_ok(mw_net_create(&first, &c, 2, NULL));
        assert_ok(mw_net_create(&second, &c, 2, NULL));
        train(second, &s.b, 0, 2); /* something to be overwritten */
        train(whole, &s.b, 0, 6);
        train(first, &s.b, 0, 3);
        assert_ok(mw_net_save(first, in_dir("m.safetensors"), NULL, 0, NULL, 0, NULL));
        assert_ok(mw_net_save_optim(first, in_dir("o.safetensors"), NULL));
        assert_ok(mw_net_load(second, in_dir("m.safetensors"), NULL));
        assert_ok(mw_net_load_optim(second, in_dir("o.safetensors"), NULL));
        assert_same_values(first, second);
        train(second, &s.b, 3, 6);
        assert_same_values(whole, second);
        mw_net_destroy(&whole);
        mw_net_destroy(&first);
        mw_net_destroy(&second);
        score_batch_free(&s);
    }
}

static void convolutions_are_saved_as_pytorch_keeps_them(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    const char *const notes[][2] = { { "format", "merwild-scoring" } };
    mw_weights *w = NULL;
    const mw_tensor *t;
    float values[8 * 8 * 3];
    mw_net *net;
    const mw_net_param *p = NULL;

    (void)state;
    assert_ok(mw_net_create(&net, &c, 2, NULL));
    assert_ok(mw_net_save(net, in_dir("m.safetensors"), NULL, 0, notes, 1, NULL));
    assert_ok(mw_weights_open(&w, in_dir("m.safetensors"), NULL));
    assert_string_equal(mw_weights_note(w, "format"), "merwild-scoring");
    t = mw_weights_find(w, "trunk.a.conv1.weight");
    assert_true(t && t->n_dims == 3 && t->shape[0] == 8 && t->shape[1] == 8 && t->shape[2] == 3);
    assert_ok(mw_tensor_read_f32(t, values, NULL));
    for (size_t i = 0; i < mw_net_n_params(net); i++)
        if (!strcmp(mw_net_param_at(net, i)->name, t->name)) p = mw_net_param_at(net, i);
    assert_non_null(p);
    for (size_t out = 0; out < 8; out++)
        for (size_t in = 0; in < 8; in++)
            for (size_t tap = 0; tap < 3; tap++)
                assert_true(values[(out * 8 + in) * 3 + tap] == p->v[(tap * 8 + in) * 8 + out]);
    mw_weights_close(&w);
    mw_net_destroy(&net);
}

/* ---- files that do not fit ---- */

typedef struct tensors {
    mw_tensor_out t[256];
    float *data[256];
    size_t n;
} tensors;

static tensors all_of(mw_net *net)
{
    tensors all = { .n = mw_net_n_params(net) };

    for (size_t i = 0; i < all.n; i++) {
        const mw_net_param *p = mw_net_param_at(net, i);

        all.data[i] = calloc(p->n + 16, sizeof(float));
        assert_non_null(all.data[i]);
        all.t[i] = (mw_tensor_out){ .name = p->name, .data = all.data[i], .n_dims = p->n_dims };
        for (int k = 0; k < p->n_dims; k++)
            all.t[i].shape[k] = p->shape[k];
    }
    return all;
}

static void free_all(tensors *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->data[i]);
}

/* The file is refused, and the network left as it was. */
static void assert_refused(mw_net *net, const tensors *all, const char *reason)
{
    mw_net *before;
    mw_error err;

    assert_ok(mw_net_create(&before, mw_net_config_of(net), 99, NULL));
    mw_net_copy(before, net);
    assert_ok(mw_safetensors_write(in_dir("bad.safetensors"), all->t, all->n, NULL, 0, NULL));
    assert_fails(mw_net_load(net, in_dir("bad.safetensors"), &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, reason);
    assert_non_null(strstr(err.message, "bad.safetensors"));
    assert_same_values(before, net);
    mw_net_destroy(&before);
}

static void files_that_do_not_fit_are_refused(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_SCORE, "av");
    mw_net *net;
    mw_error err;
    tensors all;
    size_t last;

    (void)state;
    assert_ok(mw_net_create(&net, &c, 2, NULL));
    all = all_of(net);
    last = all.n - 1;

    all.n--; /* the last tensor is missing */
    assert_refused(net, &all, "no_tensor");
    all.n++;
    all.t[last].shape[0]++; /* another shape */
    assert_refused(net, &all, "bad_shape");
    all.t[last].shape[0]--;
    all.t[last].shape[1] = 1;
    all.t[last].n_dims++; /* another rank */
    assert_refused(net, &all, "bad_shape");
    all.t[last].n_dims--;
    all.t[last].name = "of.another.kind";
    assert_refused(net, &all, "bad_model");
    all.t[last].name = mw_net_param_at(net, last)->name;
    all.data[last][0] = NAN;
    assert_refused(net, &all, "not_finite");
    all.data[last][0] = 0;
    /* whole it is taken; the caller's own tensors may stand in it */
    assert_ok(mw_safetensors_write(in_dir("good.safetensors"), all.t, all.n, NULL, 0, NULL));
    assert_ok(mw_net_load(net, in_dir("good.safetensors"), NULL));
    assert_fails(mw_net_load(net, in_dir("nothing"), &err), MW_ERR_IO);
    /* a model is no optimiser's state */
    assert_fails(mw_net_load_optim(net, in_dir("good.safetensors"), NULL), MW_ERR_FORMAT);
    free_all(&all);
    mw_net_destroy(&net);
}

static void tensors_of_the_caller_are_kept_beside(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_NOSCORE, "v");
    const float mean[] = { 1, 2, 3 };
    const mw_tensor_out extra = {
        .name = "prep.v.mean", .data = mean, .shape = { 3 }, .n_dims = 1
    };
    mw_weights *w = NULL;
    mw_net *net;

    (void)state;
    assert_ok(mw_net_create(&net, &c, 2, NULL));
    assert_ok(mw_net_save(net, in_dir("m.safetensors"), &extra, 1, NULL, 0, NULL));
    assert_ok(mw_net_load(net, in_dir("m.safetensors"), NULL));
    assert_ok(mw_weights_open(&w, in_dir("m.safetensors"), NULL));
    assert_non_null(mw_weights_find(w, "prep.v.mean"));
    mw_weights_close(&w);
    mw_net_destroy(&net);
}

static void runs_out_of_memory_cleanly(void **state)
{
    const mw_net_config c = score_config_small(MW_NET_NOSCORE, "v");
    mw_net *net;
    long before, n;

    (void)state;
    assert_ok(mw_net_create(&net, &c, 2, NULL));
    before = mw_mem_live();
    for (n = 1;; n++) {
        mw_status st;

        mw_mem_fail_at(n);
        st = mw_net_save(net, in_dir("m.safetensors"), NULL, 0, NULL, 0, NULL);
        if (st == MW_OK) st = mw_net_save_optim(net, in_dir("o.safetensors"), NULL);
        if (st == MW_OK) st = mw_net_load(net, in_dir("m.safetensors"), NULL);
        if (st == MW_OK) st = mw_net_load_optim(net, in_dir("o.safetensors"), NULL);
        mw_mem_fail_at(0);
        assert_true(st == MW_OK || st == MW_ERR_NOMEM);
        assert_int_equal(mw_mem_live(), before);
        if (st == MW_OK) break;
    }
    assert_true(n > 8);
    mw_net_destroy(&net);
}

static int enter(void **state)
{
    (void)state;
    dir = temp_dir();
    return dir ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    temp_dir_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_training_is_the_same_to_the_bit),
        cmocka_unit_test(convolutions_are_saved_as_pytorch_keeps_them),
        cmocka_unit_test(files_that_do_not_fit_are_refused),
        cmocka_unit_test(tensors_of_the_caller_are_kept_beside),
        cmocka_unit_test(runs_out_of_memory_cleanly),
    };

    return cmocka_run_group_tests(tests, enter, leave);
}
