/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks against python/merwild_scoring.py, run by PyTorch in double precision and rounded to
 * float32 (scripts/golden_score.py; PyTorch 2.15). Built in float and in double.
 *
 * Tolerances: results 1e-5 (double 2e-6, the rounding of the file); gradients, relative L2 per
 * tensor, 1e-4 (2e-6); parameters after ten AdamW steps 1e-4. The optimiser divides each gradient
 * by its own size, so a tensor whose gradient is 0 but for rounding (biases in front of a softmax,
 * say) moves at random in float and is passed by there; in double nothing is.
 */
#include "support/support.h"

#include <math.h>

#include "nn/weights.h"
#include "score/net.h"

#ifdef MW_REAL_DOUBLE
static const double of_result = 2e-6, of_gradient = 2e-6;
#else
static const double of_result = 1e-5, of_gradient = 1e-4;
#endif

typedef struct known {
    const char *name, *modalities;
    mw_net_kind kind;
    double coefficient;
    unsigned use;
    int cross;
} known;

enum { ALL = MW_USE_EMPHASIS | MW_USE_BIAS | MW_USE_POOL };

static const known cases[] = {
    { "score", "avt", MW_NET_SCORE, 0.5, ALL, 1 },
    { "score_replace", "av", MW_NET_SCORE, -0.3, MW_USE_REPLACE | MW_USE_BIAS, 0 },
    { "given", "av", MW_NET_GIVEN, 0.5, ALL, 1 },
    { "product", "av", MW_NET_PRODUCT, 0.5, MW_USE_BIAS | MW_USE_POOL, 1 },
    { "noscore", "v", MW_NET_NOSCORE, 0, ALL, 1 },
    { "noscore_multi", "av", MW_NET_NOSCORE_MULTI, 0, ALL, 1 },
    { "noscore_plain", "av", MW_NET_NOSCORE_PLAIN, 0, ALL, 1 },
    { "reliability", "av", MW_NET_RELIABILITY, 0, ALL, 1 },
    { "avrel", "av", MW_NET_AVREL, 0, ALL, 1 },
};

typedef struct fixture {
    mw_net *net;
    mw_weights *w;
    mw_net_batch b;
    float *owned[32];
    uint8_t *masks[MW_NET_MAX_MODALITIES];
    size_t n_owned;
} fixture;

static const char *path_of(const char *name, const char *part)
{
    static char text[2][128];
    static int turn;

    turn ^= 1;
    snprintf(text[turn], sizeof text[turn], "tests/golden/data/score/%s.%s.safetensors", name,
             part);
    return source_path(text[turn]);
}

static float *values(fixture *f, size_t *n, const char *fmt, ...) MW_PRINTF(3, 4);

/* A tensor of the file, the caller's; NULL when there is none. */
static float *values(fixture *f, size_t *n, const char *fmt, ...)
{
    char name[96];
    const mw_tensor *t;
    float *v;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    t = mw_weights_find(f->w, name);
    if (!t) return NULL;
    v = calloc(t->n + 1, sizeof *v);
    assert_non_null(v);
    assert_ok(mw_tensor_read_f32(t, v, NULL));
    if (n) *n = t->n;
    return v;
}

static float *keep(fixture *f, float *v)
{
    assert_non_null(v);
    f->owned[f->n_owned++] = v;
    return v;
}

static mw_net_config config_of(const known *k)
{
    static const int columns[] = { 3, 4, 5 };
    mw_net_config c;

    mw_net_config_default(&c);
    c.kind = k->kind;
    c.n_modalities = (int)strlen(k->modalities);
    for (int m = 0; m < c.n_modalities; m++) {
        c.modality[m] = k->modalities[m];
        c.columns[m] = columns[strchr("avt", k->modalities[m]) - "avt"];
        c.window[m] = c.modality[m] == 't' ? 1 : 5;
    }
    c.task = k->kind == MW_NET_RELIABILITY ? MW_TASK_RELIABILITY : MW_TASK_REGRESSION;
    c.width = 8;
    c.heads = 2;
    c.hidden = 12;
    c.kernel = 3;
    c.dropout = 0;
    c.use = k->use;
    c.cross = k->cross;
    c.coefficient = k->coefficient;
    return c;
}

static void load(fixture *f, const known *k)
{
    const mw_net_config c = config_of(k);

    memset(f, 0, sizeof *f);
    assert_ok(mw_net_create(&f->net, &c, 1, NULL));
    assert_ok(mw_net_load(f->net, path_of(k->name, "model"), NULL));
    assert_ok(mw_weights_open(&f->w, path_of(k->name, "case"), NULL));
    for (int m = 0; m < c.n_modalities; m++) {
        const char l = c.modality[m];
        size_t n;
        const float *mask = keep(f, values(f, &n, "mask.%c", l));

        f->masks[m] = calloc(n, 1);
        assert_non_null(f->masks[m]);
        for (size_t i = 0; i < n; i++)
            f->masks[m][i] = mask[i] > 0;
        f->b.mask[m] = f->masks[m];
        f->b.x[m] = keep(f, values(f, NULL, "x.%c", l));
        f->b.tau[m] = keep(f, values(f, NULL, "tau.%c", l));
        f->b.rel[m] = keep(f, values(f, NULL, "rel.%c", l));
        f->b.rel_weight[m] = keep(f, values(f, NULL, "rel_weight.%c", l));
        if (k->kind == MW_NET_GIVEN) f->b.score[m] = keep(f, values(f, NULL, "given.%c", l));
        f->b.y = keep(f, values(f, &f->b.n, "y"));
        f->b.n_tokens[m] = (int)(n / f->b.n);
    }
    f->b.y_weight = keep(f, values(f, NULL, "y_weight"));
}

static void unload(fixture *f)
{
    for (size_t i = 0; i < f->n_owned; i++)
        free(f->owned[i]);
    for (int m = 0; m < MW_NET_MAX_MODALITIES; m++)
        free(f->masks[m]);
    mw_weights_close(&f->w);
    mw_net_destroy(&f->net);
}

static int compare(fixture *f, const known *k, const float *got, size_t n, const char *what,
                   char letter)
{
    size_t n_known = 0;
    float *want = letter ? values(f, &n_known, "out.%s.%c", what, letter)
                         : values(f, &n_known, "out.%s", what);
    double most = 0;

    if (!want) return 0;
    assert_int_equal(n, n_known);
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)got[i] - (double)want[i]));
    free(want);
    if (!(most <= of_result)) fail_msg("%s: %s %c differs by %g", k->name, what, letter, most);
    return 1;
}

static void results_are_those_of_pytorch(void **state)
{
    int compared = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const known *k = &cases[i];
        float y[16], uni[3][16], score[3][64], rel[3][64], pool[3][64], total;
        mw_net_output out = { .y = y };
        mw_net_loss loss;
        fixture f;

        load(&f, k);
        for (int m = 0; m < 3; m++) {
            out.uni[m] = uni[m];
            out.score[m] = score[m];
            out.rel[m] = rel[m];
            out.pool[m] = pool[m];
        }
        assert_ok(mw_net_predict(f.net, &f.b, 1, &out, &loss, NULL));
        total = (float)loss.total;
        compared += compare(&f, k, &total, 1, "loss", 0);
        compared += compare(&f, k, y, f.b.n, "y", 0);
        for (int m = 0; k->modalities[m]; m++) {
            const size_t n = f.b.n * (size_t)f.b.n_tokens[m];

            compared += compare(&f, k, uni[m], f.b.n, "uni", k->modalities[m]);
            if (k->kind != MW_NET_NOSCORE_MULTI)
                compared += compare(&f, k, score[m], n, "score", k->modalities[m]);
            compared += compare(&f, k, rel[m], n, "rel", k->modalities[m]);
            compared += compare(&f, k, pool[m], n, "pool", k->modalities[m]);
        }
        unload(&f);
    }
    assert_int_equal(compared, 73);
}

/* Element i of PyTorch's order. */
static size_t place(const mw_net_param *p, size_t i)
{
    const size_t in = p->shape[1], taps = p->shape[2];

    return p->n_dims < 3 ? i : ((i % taps) * in + i / taps % in) * p->shape[0] + i / (taps * in);
}

/* Squared distance and size of a tensor. */
static void distance(fixture *f, const mw_net_param *p, const mw_real *got, const char *prefix,
                     double *d, double *size)
{
    size_t n = 0;
    float *want = values(f, &n, "%s.%s", prefix, p->name);

    if (!want) fail_msg("no %s.%s", prefix, p->name);
    assert_int_equal(n, p->n);
    *d = *size = 0;
    for (size_t i = 0; i < n; i++) {
        const double e = (double)got[place(p, i)] - (double)want[i];

        *d += e * e;
        *size += (double)want[i] * (double)want[i];
    }
    free(want);
}

static void gradients_are_those_of_pytorch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double all_d = 0, all_size = 0;
        fixture f;

        load(&f, &cases[i]);
        assert_ok(mw_net_gradient(f.net, &f.b, 0, 1, NULL, NULL));
        for (size_t j = 0; j < mw_net_n_params(f.net); j++) {
            const mw_net_param *p = mw_net_param_at(f.net, j);
            double d, size;

            if (!p->trained && !p->coefficient) continue;
            distance(&f, p, p->g, "g", &d, &size);
            all_d += d;
            all_size += size;
            if (!(sqrt(d) <= of_gradient * sqrt(size) + 1e-7))
                fail_msg("%s: gradient of %s: distance %g of %g", cases[i].name, p->name, sqrt(d),
                         sqrt(size));
        }
        assert_true(all_size > 0 && sqrt(all_d) <= of_gradient * sqrt(all_size));
        unload(&f);
    }
}

/* In float: 1 where the recorded gradient is 0 but for rounding, and for running means, which
 * follow such a bias. */
static int moves_at_random(fixture *f, const mw_net_param *p)
{
    size_t n = 0;
    double most = 0;
    float *g = values(f, &n, "g.%s", p->name);

    for (size_t i = 0; g && i < n; i++)
        most = fmax(most, fabs((double)g[i]));
    if (!g) return sizeof(mw_real) == 4 && strstr(p->name, "running_mean");
    free(g);
    return sizeof(mw_real) == 4 && most < 1e-6;
}

static void ten_steps_of_adamw_are_those_of_pytorch(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t passed_by = 0;
        fixture f;

        load(&f, &cases[i]);
        for (uint64_t step = 0; step < 10; step++) {
            assert_ok(mw_net_gradient(f.net, &f.b, step, 1, NULL, NULL));
            mw_net_adamw(f.net, 1e-3, 0.01, 10, 1);
        }
        for (size_t j = 0; j < mw_net_n_params(f.net); j++) {
            const mw_net_param *p = mw_net_param_at(f.net, j);
            double d, size;

            if (moves_at_random(&f, p)) {
                passed_by++;
                continue;
            }
            distance(&f, p, p->v, "p10", &d, &size);
            if (!(sqrt(d) <= 1e-4 * sqrt(size) + 1e-7))
                fail_msg("%s: %s after ten steps: distance %g of %g", cases[i].name, p->name,
                         sqrt(d), sqrt(size));
        }
        assert_true(passed_by <= mw_net_n_params(f.net) / 5);
        unload(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_those_of_pytorch),
        cmocka_unit_test(gradients_are_those_of_pytorch),
        cmocka_unit_test(ten_steps_of_adamw_are_those_of_pytorch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
