/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of an evaluation.
 */
#ifndef MW_SCORE_EVAL_INT_H
#define MW_SCORE_EVAL_INT_H

#include "base/str.h"
#include "score/eval.h"

#define MW_EVAL_N_BLOCKS 10

/* Blocks of the head table. seen: 1 seen kinds only, 0 held-out ones only, -1 both. */
typedef struct mw_eval_block {
    const char *title, *block;
    int heldout;
} mw_eval_block;

extern const mw_eval_block mw_eval_blocks[MW_EVAL_N_BLOCKS];
enum {
    MW_BLOCK_CLEAN,
    MW_BLOCK_A_SEEN,
    MW_BLOCK_A_HELDOUT,
    MW_BLOCK_V_SEEN,
    MW_BLOCK_V_HELDOUT,
    MW_BLOCK_AV_SEEN,
    MW_BLOCK_AV_HELDOUT,
    MW_BLOCK_MIXED_SEEN,
    MW_BLOCK_MIXED_HELDOUT,
    MW_BLOCK_MISSING
};

/* Scores of one modality over one condition, of a method and seed. */
typedef struct mw_eval_quality {
    double *auroc, *mean; /* [n_clips] within the clip; mean said; NaN where there is none */
    double *level;        /* [n_clips] mean truth */
    uint16_t *type;       /* [n_clips] of the evaluation's types */
    mw_calibration calibration;
    /* all windows of a mixed condition */
    double *said;
    uint8_t *intact;
    size_t n_windows, said_cap, intact_cap;
} mw_eval_quality;

typedef struct mw_eval_swaps {
    double natural; /* NaN: not asked */
    double best_head;
    double *error[MW_N_SWAPS];
    double moved[MW_N_SWAPS], flips[MW_N_SWAPS]; /* sums over draws */
    size_t n[MW_N_SWAPS], cap[MW_N_SWAPS];
} mw_eval_swaps;

typedef struct mw_eval_coef {
    size_t method, seed;
    char name[64];
    double value;
} mw_eval_coef;

struct mw_eval {
    mw_eval_setup s;
    size_t n_values;
    double *p; /* [methods][seeds][conditions][clips][n_values] */
    /* of a miss, by emotion and true answer; 0 for those of n_labels that lack an answer */
    double label_weight[MW_N_EMOTIONS][2];
    size_t n_labels;
    mw_eval_quality *quality; /* [methods][seeds][conditions][2]; auroc NULL: none */
    mw_eval_swaps *swaps;     /* [methods][seeds][conditions] */
    double **deleted;         /* [methods]: NULL, or [MW_N_DELETE_BY][MW_N_DELETES][seeds][clips] */
    char **types;             /* kinds of damage that windows came with */
    size_t n_types, types_cap;
    mw_eval_coef *coefs;
    size_t n_coefs, coefs_cap;
    mw_str notes; /* lines of the report */
    /* made on writing */
    mw_bootstrap boot;
    double *scratch;
    double *error; /* [methods + 1][blocks][seeds][clips]: the last method is the constant */
};

/* What the error is called in files, headings and sentences, and what it is. */
typedef struct mw_eval_headline {
    const char *key, *title, *words, *what;
} mw_eval_headline;
const mw_eval_headline *mw_eval_headline_of(const mw_eval *e);

/* Figures of a cell, by task: of the number or class, then MW_EVAL_LABEL_FIGURES as means over the
 * labels and for each of them. */
#define MW_EVAL_LABEL_FIGURES 3
#define MW_EVAL_MAX_FIGURES   (9 + MW_EVAL_LABEL_FIGURES * (1 + MW_N_EMOTIONS))
#define MW_EVAL_FIGURE_NAME   40
size_t mw_eval_n_figures(const mw_eval *e);
/* Where those of labels begin. */
size_t mw_eval_first_label_figure(const mw_eval *e);
void mw_eval_figure_name(char name[MW_EVAL_FIGURE_NAME], const mw_eval *e, size_t f);
/* v of a method (n_methods: the constant) and seed in one condition, over the *n clips that have a
 * prediction. MW_ERR_NOMEM. */
mw_status mw_eval_figures(double v[MW_EVAL_MAX_FIGURES], size_t *n, const mw_eval *e, size_t method,
                          size_t seed, size_t condition);
/* Fill label_weight and n_labels. */
void mw_eval_weigh_labels(mw_eval *e);

/* Index of a method's name; n_methods when there is none. */
size_t mw_eval_method(const mw_eval *e, const char *name);
static inline size_t mw_eval_at(const mw_eval *e, size_t method, size_t seed, size_t condition)
{
    return (method * e->s.n_seeds + seed) * e->s.n_conditions + condition;
}
/* A prediction [n_values]; method n_methods: the constant. */
static inline const double *mw_eval_said(const mw_eval *e, size_t method, size_t seed,
                                         size_t condition, size_t clip)
{
    return method == e->s.n_methods
               ? e->s.constant
               : e->p +
                     (mw_eval_at(e, method, seed, condition) * e->s.n_clips + clip) * e->n_values;
}
/* Error of a clip; NaN when nothing was said. */
static inline double mw_eval_clip_error(const mw_eval *e, size_t method, size_t seed,
                                        size_t condition, size_t clip)
{
    return mw_eval_error(e, mw_eval_said(e, method, seed, condition, clip),
                         e->s.y + clip * e->n_values);
}
static inline const double *mw_eval_errors(const mw_eval *e, size_t method, size_t block)
{
    return e->error + (method * MW_EVAL_N_BLOCKS + block) * e->s.n_seeds * e->s.n_clips;
}

/* Whether a condition belongs to a block. */
int mw_eval_in_block(const mw_bank_condition *c, const mw_eval_block *b);
/* A condition's level as damage: it grows with it. */
double mw_eval_severity(const mw_bank_condition *c);
/* Conditions of the type and axis of condition c, in rising severity: order [most]. Their number.
 */
size_t mw_eval_along(size_t *order, size_t most, const mw_eval *e, size_t c);
/* Whether no condition before c has its type and axis. */
int mw_eval_is_first(const mw_eval *e, size_t c);
/* Errors of a method in one condition: out [seeds][clips], NaN where nothing was said. */
void mw_eval_cell_errors(double *out, const mw_eval *e, size_t method, size_t condition);
/* Mean error (mw_eval_error) of a method in one condition over seeds and clips. */
double mw_eval_mean_error(const mw_eval *e, size_t method, size_t condition);
/* Mean reliability over seeds and clips; NaN when none was given. */
double mw_eval_mean_said(const mw_eval *e, size_t method, size_t condition, int modality);
double mw_eval_error_of_constant(const mw_eval *e);
/* Localisation: mean within-clip AUROC over the conditions of a block, of clips with one kind of
 * damage (type < n_types) or of all (MW_EVAL_ALL_TYPES), with its interval; *n_clips (may be NULL):
 * how many have one. s fails when memory runs out: a report must not say that nothing was asked. */
#define MW_EVAL_ALL_TYPES SIZE_MAX
mw_interval mw_eval_auroc(mw_str *s, const mw_eval *e, size_t method, size_t block, int modality,
                          size_t type, size_t *n_clips);

/* A number with so many digits behind the point, whatever the locale; "-" when it is not finite. */
void mw_eval_put_fixed(mw_str *s, double x, int digits);
/* "value [lo, hi]" */
void mw_eval_put_interval(mw_str *s, const mw_interval *v, int digits);

/* The first condition of a block; n_conditions when there is none. */
size_t mw_eval_condition_of(const mw_eval *e, const char *block);

mw_status mw_eval_analyse(mw_eval *e, mw_error *err);
void mw_eval_put_report(mw_str *s, const mw_eval *e);
/* The task's figures on clean clips, and where they are not those of regression, in each condition
 * and of each label. */
void mw_eval_put_figures(mw_str *s, const mw_eval *e);
void mw_eval_put_quality(mw_str *s, const mw_eval *e);
/* Do decisions use the scores: replaced ones, and windows taken away by them. */
void mw_eval_put_use(mw_str *s, const mw_eval *e);
/* Whether replacing a method's scores by other clips' hurts under held-out mixed damage in every
 * seed: 1, 0, or -1 not asked; the mean gap and the largest p. */
int mw_eval_permutation_gap(const mw_eval *e, size_t method, double *mean, double *worst_p);
void mw_eval_put_robustness(mw_str *s, const mw_eval *e);
/* One line per method, condition and seed that has predictions. */
void mw_eval_put_csv(mw_str *s, const mw_eval *e);
void mw_eval_put_json(mw_str *s, const mw_eval *e);
/* axis: "snr_db" or "coverage". Nothing when no condition lies on it. */
void mw_eval_put_curve(mw_str *s, const mw_eval *e, const char *axis);

#endif
