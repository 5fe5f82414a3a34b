/* SPDX-License-Identifier: Apache-2.0 */
#include "support/toy_bank.h"

#include "support/support.h"

#include <math.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "data/feature_bank.h"
#include "data/labels.h"

static const char *const variant_names[] = { "clean", "mix0", "mix1", "mixed-seen",
                                             "mixed-heldout" };
#define N_VARIANTS 5

static double normal(mw_rng *r)
{
    double sum = 0;

    for (int i = 0; i < 12; i++)
        sum += mw_rng_unit(r);
    return sum - 6;
}

/* The first column carries the cue; a damaged third of the clip is loud noise instead. */
static void fill(mw_bank_variant *v, size_t rows, size_t columns, double cue, const float *clean,
                 mw_rng *r)
{
    const size_t from = (size_t)mw_rng_below(r, 2 * rows / 3), to = from + rows / 3;
    const int damaged = clean != NULL;

    v->x = mw_calloc(rows, columns * sizeof *v->x);
    v->valid = mw_calloc(rows, 1);
    v->rel = mw_calloc(rows, sizeof *v->rel);
    v->level = damaged ? 0 : NAN;
    for (size_t i = 0; i < rows; i++) {
        const int here = damaged && i >= from && i < to;

        for (size_t c = 0; c < columns; c++) {
            const double draw = normal(r);

            v->x[i * columns + c] = here      ? (float)(4 * draw)
                                    : damaged ? clean[i * columns + c]
                                              : (float)((c ? 0 : cue) + 0.3 * draw);
        }
        v->valid[i] = 1;
        v->rel[i] = here ? 0.0f : 1.0f;
    }
}

static void make_modality(mw_bank_modality *m, char letter, size_t rows, size_t columns, double cue,
                          mw_rng *r)
{
    *m = (mw_bank_modality){ .letter = letter, .rows = rows, .columns = columns };
    m->t = mw_calloc(rows, sizeof *m->t);
    for (size_t i = 0; i < rows; i++)
        m->t[i] = (double)i * 1.2 / (double)rows;
    m->variants = mw_calloc(N_VARIANTS, sizeof *m->variants);
    m->n_variants = N_VARIANTS;
    for (int k = 0; k < N_VARIANTS; k++) {
        m->variants[k].name = variant_names[k];
        m->variants[k].type = k ? letter == 'a' ? "noise.white" : "pixelnoise.gaussian" : "clean";
        fill(&m->variants[k], rows, columns, cue, k ? m->variants[0].x : NULL, r);
    }
}

static void clear_modality(mw_bank_modality *m)
{
    for (size_t k = 0; k < m->n_variants; k++) {
        mw_free(m->variants[k].x);
        mw_free(m->variants[k].valid);
        mw_free(m->variants[k].rel);
    }
    mw_free(m->variants);
    mw_free(m->t);
}

static void write_clip(const char *dir, const mw_label *l, uint64_t key)
{
    mw_bank_clip clip = { 0 };
    mw_rng r = mw_rng_from_key(key);
    char *path = mw_format("%s/%s" MW_BANK_SUFFIX, dir, l->clip);

    make_modality(&clip.m[0], 'a', TOY_AUDIO_ROWS, TOY_AUDIO_COLUMNS, l->y_audio, &r);
    make_modality(&clip.m[1], 'v', TOY_VIDEO_ROWS, TOY_VIDEO_COLUMNS, l->y_vision, &r);
    assert_ok(mw_make_parents(path, NULL));
    assert_ok(mw_bank_clip_write(path, &clip, NULL, NULL, NULL));
    clear_modality(&clip.m[0]);
    clear_modality(&clip.m[1]);
    mw_free(path);
}

static void write_index(const char *dir)
{
    static const char *const blocks[] = { "clean", "train", "train", "mixed-seen",
                                          "mixed-heldout" };
    mw_bank_condition conditions[N_VARIANTS] = { 0 };
    mw_bank_index index = { .conditions = conditions,
                            .n_conditions = N_VARIANTS,
                            .modalities = "av" };
    char *path = mw_path_join(dir, "bank.json");

    for (int k = 0; k < N_VARIANTS; k++) {
        mw_bank_condition *c = &conditions[k];

        snprintf(c->id, sizeof c->id, "%s", variant_names[k]);
        snprintf(c->block, sizeof c->block, "%s", blocks[k]);
        snprintf(c->type, sizeof c->type, "%s", k ? "mixed" : "clean");
        snprintf(c->variant[0], sizeof c->variant[0], "%s", variant_names[k]);
        snprintf(c->variant[1], sizeof c->variant[1], "%s", variant_names[k]);
        c->level = NAN;
        c->heldout = k == 4;
    }
    assert_ok(mw_bank_index_write(path, &index, NULL));
    mw_free(path);
}

void toy_bank_write(const char *dir, size_t n_train, size_t n_valid, size_t n_test, uint64_t seed)
{
    const size_t n = n_train + n_valid + n_test;
    mw_rng r = mw_rng_from_key(seed);
    mw_labels labels = { 0 };
    char *path = mw_path_join(dir, "label.csv");

    for (size_t i = 0; i < n; i++) {
        mw_label *l = mw_labels_add(&labels, NULL);

        assert_non_null(l);
        l->video_id = mw_format("s%03zu", i / 3);
        l->clip_id = mw_format("%zu", i);
        l->clip = mw_format("%s/%s", l->video_id, l->clip_id);
        l->group = mw_strdup(l->video_id);
        l->text = mw_strdup("");
        l->y_audio = normal(&r);
        l->y_vision = normal(&r);
        l->y = fmax(-3, fmin(3, l->y_audio + l->y_vision));
        l->split = i < n_train ? MW_TRAIN : i < n_train + n_valid ? MW_VALID : MW_TEST;
        write_clip(dir, l, seed * 1000 + i);
    }
    assert_ok(mw_labels_write(&labels, path, NULL));
    write_index(dir);
    mw_labels_clear(&labels);
    mw_free(path);
}
