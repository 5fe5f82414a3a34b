/* SPDX-License-Identifier: Apache-2.0
 *
 * The folder of a trained model, one file of which is any bytes. The first byte chooses which:
 * config.json beside sound weights or model.safetensors beside a sound config.json, of the model or
 * of the frozen scorer inside. What loads is the same when it is loaded again, and runs over a clip
 * or says why not; what is refused names a reason that lists know.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "score/model.h"

enum { ROWS = 7, WIDTH = 4, COLUMNS = 2, N_FILES = 4 };

static const char *const names[N_FILES] = { "m/config.json", "m/model.safetensors",
                                            "m/scorer/config.json", "m/scorer/model.safetensors" };

static const char *const reasons[] = { "bad_model",      "no_scorer", "bad_weights", "no_tensor",
                                       "bad_shape",      "bad_dtype", "not_finite",  "bad_pickle",
                                       "refused_opcode", "truncated" };

/* The sound files, kept beside what mw_mem_live counts. */
static char *sound[N_FILES];
static size_t n_sound[N_FILES];

/* A model that reads two columns of sound and of picture, with its scorer. */
static mw_model *make(int scorer)
{
    mw_net_options o = { 0 };
    mw_prep p = { .n_modalities = 2 };
    mw_model *m;

    FUZZ_CHECK(mw_opt_defaults(mw_net_options_table, &o, 0, NULL) == MW_OK);
    o.kind = scorer ? MW_NET_RELIABILITY : MW_NET_GIVEN;
    o.task = scorer ? MW_TASK_RELIABILITY : MW_TASK_REGRESSION;
    o.width = o.hidden = WIDTH;
    o.heads = o.layers = 1;
    mw_free(o.columns.v);
    o.columns = (mw_ints){ mw_calloc(2, sizeof(int64_t)), 2 };
    for (int i = 0; i < 2; i++) {
        o.columns.v[i] = COLUMNS;
        p.m[i] = (mw_prep_modality){ .letter = "av"[i], .columns = COLUMNS, .window = 5 };
        p.m[i].mean = mw_calloc(COLUMNS, sizeof(float));
        p.m[i].std = mw_calloc(COLUMNS, sizeof(float));
        for (int k = 0; k < COLUMNS; k++)
            p.m[i].std[k] = 1;
    }
    FUZZ_CHECK(mw_model_create(&m, &o, &p, scorer ? NULL : make(1), 7, NULL) == MW_OK);
    return m;
}

static void clear(void)
{
    for (int i = 0; i < N_FILES; i++)
        free(sound[i]);
}

static void set_up(void)
{
    mw_model *m;

    if (sound[0]) return;
    m = make(0);
    FUZZ_CHECK(mw_model_save(m, fuzz_path("m"), NULL, NULL, NULL) == MW_OK);
    mw_model_destroy(&m);
    for (int i = 0; i < N_FILES; i++)
        sound[i] = fuzz_load(&n_sound[i], fuzz_path(names[i]));
    atexit(clear);
}

static void check_same(mw_model *a, mw_model *b)
{
    FUZZ_CHECK(mw_net_n_params(a->net) == mw_net_n_params(b->net));
    for (size_t i = 0; i < mw_net_n_params(a->net); i++) {
        const mw_net_param *p = mw_net_param_at(a->net, i), *q = mw_net_param_at(b->net, i);

        FUZZ_CHECK(p->n == q->n && !memcmp(p->v, q->v, p->n * sizeof *p->v));
    }
    FUZZ_CHECK(!a->scorer == !b->scorer);
    if (a->scorer) check_same(a->scorer, b->scorer);
}

/* Two inputs of one clip: with sound and picture, and with sound alone. */
static void run(mw_model *m)
{
    static float x[ROWS * COLUMNS] = { 1, -1, 0.5f, 2, 0, 3, -2, 1 }, rel[ROWS];
    static uint8_t valid[ROWS] = { 1, 1, 0, 1, 1, 1, 1 };
    static double t[ROWS] = { 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6 };
    mw_bank_variant v = { .name = "clean", .type = "clean", .x = x, .valid = valid, .rel = rel };
    mw_bank_clip clip = { .memory = NULL };
    mw_model_input in[2] = { { .clip = &clip }, { .clip = &clip } };
    mw_model_result r;
    mw_error err = { MW_OK, "", "" };
    mw_status st;

    for (int k = 0; k < 2; k++) {
        clip.m[k] =
            (mw_bank_modality){ .letter = "av"[k], .rows = ROWS, .columns = COLUMNS, .t = t };
        clip.m[k].variants = &v;
        clip.m[k].n_variants = 1;
        in[0].variant[k] = &v;
    }
    in[1].variant[0] = &v;
    st = mw_model_run(m, in, 2, 1, &r, &err);
    FUZZ_CHECK(st == MW_OK || !strcmp(err.reason, "columns_differ") ||
               (m->options.kind == MW_NET_GIVEN && !m->scorer)); /* the truth was its scorer */
    if (st != MW_OK) return;
    FUZZ_CHECK(r.n == 2 && r.n_out == m->options.outputs);
    mw_model_result_clear(&r);
}

static int is_known(const char *reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (!strcmp(reason, reasons[i])) return 1;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    mw_error err = { MW_OK, "", "" };
    mw_model *m, *again;
    int which;
    mw_status st;

    if (!size || size > 1 << 16) return 0;
    set_up();
    which = data[0] % N_FILES;
    fuzz_file(names[which], data + 1, size - 1);
    st = mw_model_load(&m, fuzz_path("m"), &err);
    FUZZ_CHECK((st == MW_OK) == (m != NULL));
    FUZZ_CHECK(st == MW_OK || (st == MW_ERR_FORMAT && err.code == st && *err.message));
    FUZZ_CHECK(st == MW_OK || is_known(err.reason));
    if (m) {
        FUZZ_CHECK(mw_model_load(&again, fuzz_path("m"), NULL) == MW_OK);
        check_same(m, again);
        mw_model_destroy(&again);
        run(m);
    }
    mw_model_destroy(&m);
    fuzz_file(names[which], sound[which], n_sound[which]);
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
