/* SPDX-License-Identifier: Apache-2.0
 *
 * The checkpoint of a training, one file of which is any bytes; the first byte chooses which. It is
 * refused for a reason that lists know, or training goes on from it to its end.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "score/train.h"

enum { TOKENS = 3, WIDTH = 4, COLUMNS = 1, VALUES = 3, N_CLIPS = 3, N_FILES = 4 };

static const char *const names[N_FILES] = { "c/epoch-1/state.json", "c/epoch-1/model.safetensors",
                                            "c/epoch-1/best.safetensors",
                                            "c/epoch-1/optim.safetensors" };

static const char *const reasons[] = { "bad_checkpoint", "bad_json",       "other_run",
                                       "bad_model",      "bad_weights",    "no_tensor",
                                       "bad_shape",      "bad_dtype",      "not_finite",
                                       "bad_pickle",     "refused_opcode", "truncated" };

static char *sound[N_FILES];
static size_t n_sound[N_FILES];

/* ---- a training of three clips ---- */

static float x[N_CLIPS][TOKENS * VALUES], tau[TOKENS], rel[TOKENS], rel_weight[TOKENS];
static float y[N_CLIPS] = { 1, -1, 0.5f };
static uint8_t mask[TOKENS] = { 1, 1, 1 };
static mw_tokens tokens[N_CLIPS];
static const mw_tokens *shown[N_CLIPS];
static mw_sample samples[N_CLIPS];
static const mw_sample_set set = { samples, N_CLIPS, 1, { TOKENS } };

static void make_set(void)
{
    for (int i = 0; i < N_CLIPS; i++) {
        for (int k = 0; k < TOKENS * VALUES; k++)
            x[i][k] = (float)((7 * i + 3 * k) % 5) - 2;
        tokens[i] = (mw_tokens){ TOKENS, VALUES, x[i], mask, tau, rel, rel_weight };
        shown[i] = &tokens[i];
        samples[i] = (mw_sample){ &shown[i], NULL, &y[i], 1 };
    }
}

typedef struct training {
    mw_net *net;
    mw_trainer *t;
} training;

static void begin(training *r)
{
    const mw_trainer_options o = { .epochs = 2, .batch = 2, .patience = 2, .rate = 0.01 };
    mw_net_config c;

    mw_net_config_default(&c);
    c.n_modalities = 1;
    c.columns[0] = COLUMNS;
    c.width = c.hidden = WIDTH;
    c.heads = c.layers = 1;
    FUZZ_CHECK(mw_net_create(&r->net, &c, 1, NULL) == MW_OK);
    FUZZ_CHECK(mw_trainer_create(&r->t, r->net, &set, &set, &o, 0, 1, NULL) == MW_OK);
}

static void end(training *r)
{
    mw_trainer_destroy(&r->t);
    mw_net_destroy(&r->net);
}

static void clear(void)
{
    for (int i = 0; i < N_FILES; i++)
        free(sound[i]);
}

static void set_up(void)
{
    training r;
    mw_train_epoch report;

    if (sound[0]) return;
    make_set();
    begin(&r);
    FUZZ_CHECK(mw_trainer_epoch(r.t, &report, NULL, NULL, NULL) == MW_OK);
    FUZZ_CHECK(mw_make_dirs(fuzz_path("c"), NULL) == MW_OK);
    FUZZ_CHECK(mw_trainer_save(r.t, fuzz_path("c"), "tag", NULL) == MW_OK);
    end(&r);
    for (int i = 0; i < N_FILES; i++)
        sound[i] = fuzz_load(&n_sound[i], fuzz_path(names[i]));
    atexit(clear);
}

static int is_known(const char *reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (!strcmp(reason, reasons[i])) return 1;
    return 0;
}

/* Weights may be so large that the loss is not finite. */
static void go_on(training *r)
{
    FUZZ_CHECK(mw_trainer_epochs(r->t) == 1 && mw_trainer_best_epoch(r->t) <= 1);
    while (!mw_trainer_done(r->t)) {
        mw_train_epoch report;
        mw_error err = { MW_OK, "", "" };

        if (mw_trainer_epoch(r->t, &report, NULL, NULL, &err) != MW_OK) {
            FUZZ_CHECK(!strcmp(err.reason, "diverged"));
            return;
        }
    }
    mw_trainer_take_best(r->t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    mw_error err = { MW_OK, "", "" };
    training r;
    int which, found;
    mw_status st;

    if (!size || size > 1 << 16) return 0;
    set_up();
    which = data[0] % N_FILES;
    fuzz_file(names[which], data + 1, size - 1);
    begin(&r);
    st = mw_trainer_restore(r.t, fuzz_path("c"), "tag", &found, &err);
    FUZZ_CHECK(found == (st == MW_OK));
    FUZZ_CHECK(st == MW_OK || (err.code == st && *err.message && is_known(err.reason)));
    FUZZ_CHECK(st == MW_OK || st == MW_ERR_FORMAT || st == MW_ERR_MISMATCH);
    if (found) go_on(&r);
    end(&r);
    fuzz_file(names[which], sound[which], n_sound[which]);
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
