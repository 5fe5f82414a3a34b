/* SPDX-License-Identifier: Apache-2.0
 *
 * A trained model as a folder: config.json (network, standardisation, what it was trained on) and
 * model.safetensors (parameters and prep.* statistics, in PyTorch's names); scorer/ holds the
 * frozen scorer of a model whose scores come from one.
 */
#ifndef MW_SCORE_MODEL_H
#define MW_SCORE_MODEL_H

#include "base/json.h"
#include "score/samples.h"

/* The network's part of config.json, and of "merwild train"'s options. */
typedef struct mw_net_options {
    int kind, task;
    char *modalities; /* "av" */
    mw_ints columns, windows;
    int64_t outputs, width, heads, layers, hidden;
    double dropout;
    int use_emphasis, use_bias, use_pool, use_replace;
    double coefficient;
    int coefficient_fixed, cross;
    double lambda_rel, lambda_uni, huber_delta;
    mw_doubles positive_weights; /* of multi-label outputs; empty: 1 */
} mw_net_options;

extern const mw_opt mw_net_options_table[];

/* Names of mw_net_task, NULL-terminated. */
extern const char *const mw_net_task_names[];

/* The configuration that the options describe; borrows positive_weights. MW_ERR_RANGE
 * "bad_option". */
mw_status mw_net_config_from(mw_net_config *c, const mw_net_options *o, mw_error *err);

/* A copy with lists and texts of its own; to is overwritten. */
mw_status mw_net_options_copy(mw_net_options *to, const mw_net_options *from, mw_error *err);

typedef struct mw_model {
    mw_net_options options;
    mw_net *net;
    mw_prep prep;
    struct mw_model *scorer; /* NULL: the network scores by itself, or not at all */
    json_t *about;           /* config.json, whole; NULL for a model under construction */
} mw_model;

/* A network with fresh parameters; options and prep are taken over (also on failure), scorer is
 * taken over or NULL. *out is the caller's (mw_model_destroy). */
mw_status mw_model_create(mw_model **out, mw_net_options *options, mw_prep *prep, mw_model *scorer,
                          uint64_t seed, mw_error *err);
void mw_model_destroy(mw_model **m);

/* Write the folder: model.safetensors, then config.json, which makes it a model. about writes
 * further keys of config.json; may be NULL. */
mw_status mw_model_save(const mw_model *m, const char *dir,
                        void (*about)(mw_json *j, const void *user), const void *user,
                        mw_error *err);
/* The folder is hostile: what config.json asks for is compared with the shapes in model.safetensors
 * before memory of that size is taken. MW_ERR_IO "no_model"; MW_ERR_FORMAT "bad_model", or what is
 * wrong with the weights ("bad_weights", "no_tensor", "bad_shape", "bad_dtype", "not_finite"), or
 * "no_scorer": its network needs scores, and it was trained on the truth. */
mw_status mw_model_load(mw_model **out, const char *dir, mw_error *err);

/* One clip under one condition: variant [bank modality], NULL where it is missing. */
typedef struct mw_model_input {
    const mw_bank_clip *clip;
    const mw_bank_variant *variant[MW_MAX_MODALITIES];
} mw_model_input;

/* Tokens of an input for prep's modalities; missing ones stay empty (n 0). */
mw_status mw_model_tokens(mw_tokens out[MW_NET_MAX_MODALITIES], const mw_prep *p,
                          const mw_model_input *in, mw_error *err);

/* What a run over some inputs of one clip gives; arrays are owned (mw_model_result_clear).
 * n_tokens [m]; y [n][n_out], uni [m] [n][n_out], score, rel, pool [m] [n][n_tokens[m]]; tokens
 * [n * modalities] of the inputs. */
typedef struct mw_model_result {
    size_t n;
    int n_modalities, n_out, n_tokens[MW_NET_MAX_MODALITIES];
    float *y, *uni[MW_NET_MAX_MODALITIES];
    float *score[MW_NET_MAX_MODALITIES], *rel[MW_NET_MAX_MODALITIES], *pool[MW_NET_MAX_MODALITIES];
    mw_tokens *tokens;
    mw_batch batch; /* what the network saw */
} mw_model_result;

/* Run the model, and its scorer before it, over n inputs. Modalities of the model that the clip
 * does not have count as missing. */
mw_status mw_model_run(mw_model *m, const mw_model_input *in, size_t n, int n_threads,
                       mw_model_result *out, mw_error *err);
/* mw_net_rest of the network and its scorer's, for those who hold many models. */
void mw_model_rest(mw_model *m);

/* Run the network, which takes scores, once more with every score 1. Fills r->y alone. */
mw_status mw_model_trust(mw_model *m, mw_model_result *r, int n_threads, mw_error *err);
void mw_model_result_clear(mw_model_result *r);

/* Scores of a scorer for samples made with another prep: score [modalities] arrays of their own
 * (mw_free) for one input. */
mw_status mw_model_scores(mw_model *scorer, const mw_model_input *in, size_t n, int n_threads,
                          float **scores, mw_error *err);

#endif
