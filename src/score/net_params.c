/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tensors a network has, and what they start from.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fmath.h"
#include "base/mem.h"
#include "base/rng.h"
#include "score/net_int.h"

/* SHARED: uniform with a = sqrt(6 / (fan_in + fan_out)); RELU: sqrt(3 / fan_in), in front of ReLU
 * or GELU; SMALL: normal with deviation 0.02; else the constant value. */
typedef enum init { INIT_VALUE, INIT_SHARED, INIT_RELU, INIT_SMALL } init;

typedef struct maker {
    mw_net *net;
    mw_error *err;
    mw_status st;
    char prefix[24];
    init *kinds;
    double *values;
    size_t cap_kinds, cap_values, cap_statistic;
} maker;

static void add(maker *k, const char *name, init how, double value, const size_t shape[3])
{
    mw_net *net = k->net;
    const size_t i = net->n_params;
    mw_net_param *p;
    size_t n = 1, length;

    if (k->st != MW_OK) return;
    if (mw_grow(&net->params, &net->cap_params, i + 1, sizeof *net->params) ||
        mw_grow(&net->statistic, &k->cap_statistic, i + 1, sizeof *net->statistic) ||
        mw_grow(&k->kinds, &k->cap_kinds, i + 1, sizeof *k->kinds) ||
        mw_grow(&k->values, &k->cap_values, i + 1, sizeof *k->values)) {
        k->st = mw_fail_nomem(k->err);
        return;
    }
    p = &net->params[i];
    *p = (mw_net_param){ .trained = 1 };
    snprintf(p->name, sizeof p->name, "%.23s%.40s", k->prefix, name);
    for (int j = 0; j < 3 && shape[j]; j++) {
        p->shape[p->n_dims++] = shape[j];
        n *= shape[j];
    }
    p->n = n;
    length = strlen(p->name);
    p->decay = p->n_dims > 1 && length > 6 && !strcmp(p->name + length - 6, "weight");
    net->statistic[i] = 0;
    k->kinds[i] = how;
    k->values[i] = value;
    net->n_params++;
    net->n_values += n;
}

static void prefix(maker *k, const char *a, char modality)
{
    if (modality)
        snprintf(k->prefix, sizeof k->prefix, "%s.%c.", a, modality);
    else
        snprintf(k->prefix, sizeof k->prefix, "%s", a);
}

static void vector(maker *k, const char *name, double value, int n)
{
    add(k, name, INIT_VALUE, value, (const size_t[3]){ (size_t)n });
}

static void linear(maker *k, const char *name, init how, int out, int in)
{
    char text[48];

    snprintf(text, sizeof text, "%.32s.weight", name);
    add(k, text, how, 0, (const size_t[3]){ (size_t)out, (size_t)in });
    snprintf(text, sizeof text, "%.32s.bias", name);
    vector(k, text, 0, out);
}

static void norm(maker *k, const char *name, int n)
{
    char text[48];

    snprintf(text, sizeof text, "%.32s.weight", name);
    vector(k, text, 1, n);
    snprintf(text, sizeof text, "%.32s.bias", name);
    vector(k, text, 0, n);
}

static void conv(maker *k, const char *name, init how, int out, int in)
{
    char text[48];

    snprintf(text, sizeof text, "%.32s.weight", name);
    add(k, text, how, 0, (const size_t[3]){ (size_t)out, (size_t)in, (size_t)k->net->c.kernel });
    snprintf(text, sizeof text, "%.32s.bias", name);
    vector(k, text, 0, out);
}

static void branch(maker *k, int d)
{
    conv(k, "conv1", INIT_RELU, d, d);
    norm(k, "norm1", d);
    conv(k, "conv2", INIT_RELU, d, d);
    norm(k, "norm2", d);
}

static void layer(maker *k, int l)
{
    const mw_net_config *c = &k->net->c;
    static const char *const projection[] = { "attn.q", "attn.k", "attn.v", "attn.o" };
    char base[24], text[48];

    memcpy(base, k->prefix, sizeof base);
    snprintf(text, sizeof text, "%d.", l);
    if (strlen(base) + strlen(text) < sizeof base) strcat(k->prefix, text);
    norm(k, "norm1", c->width);
    for (int i = 0; i < 4; i++)
        linear(k, projection[i], INIT_SHARED, c->width, c->width);
    norm(k, "norm2", c->width);
    linear(k, "ff1", INIT_RELU, c->hidden, c->width);
    linear(k, "ff2", INIT_SHARED, c->width, c->hidden);
    memcpy(k->prefix, base, sizeof base);
}

static void encoder(maker *k)
{
    for (int l = 0; l < k->net->c.layers; l++)
        layer(k, l);
    norm(k, "norm", k->net->c.width);
}

static void small_linear(maker *k, const char *name, int out, int in)
{
    linear(k, name, INIT_SMALL, out, in);
}

static void head(maker *k, int n_in)
{
    linear(k, "head.fc1", INIT_RELU, k->net->c.width, n_in * k->net->c.width);
    small_linear(k, "head.fc2", k->net->c.n_out, k->net->c.width);
}

static void scorer(maker *k, int m)
{
    const mw_net_config *c = &k->net->c;
    const int d = c->width, crosses = mw_net_crosses(c);

    prefix(k, "scorer", c->modality[m]);
    branch(k, d);
    if (crosses) {
        linear(k, "cross.q", INIT_SHARED, d, d);
        linear(k, "cross.k", INIT_SHARED, d, d);
        linear(k, "cross.v", INIT_SHARED, d, d);
        linear(k, "cross.o", INIT_SHARED, d, d);
    }
    linear(k, "hidden", INIT_RELU, d / 2, crosses ? 2 * d : d);
    /* every score starts at the constant sigmoid(1) = 0.73: no token is preferred */
    add(k, "reliability.weight", INIT_VALUE, 0, (const size_t[3]){ 1, (size_t)d / 2 });
    vector(k, "reliability.bias", 1, 1);
    if (c->kind == MW_NET_PRODUCT) {
        add(k, "relevance.weight", INIT_VALUE, 0, (const size_t[3]){ 1, (size_t)d / 2 });
        vector(k, "relevance.bias", 1, 1);
    }
}

static void avrel_scorer(maker *k, int m)
{
    const mw_net_config *c = &k->net->c;
    const int widths[] = { c->width, 2 * c->width, 2 * c->width, c->width };

    prefix(k, "scorer", c->modality[m]);
    for (int i = 0; i < 3; i++) {
        const int n = widths[i + 1];
        char text[48];

        snprintf(text, sizeof text, "conv%d", i + 1);
        conv(k, text, i < 2 ? INIT_RELU : INIT_SHARED, n, widths[i]);
        snprintf(text, sizeof text, "norm%d", i + 1);
        norm(k, text, n);
        for (int s = 0; s < 2; s++) {
            snprintf(text, sizeof text, "norm%d.running_%s", i + 1, s ? "var" : "mean");
            vector(k, text, s, n);
            if (k->st != MW_OK) return;
            k->net->statistic[k->net->n_params - 1] = 1;
            k->net->params[k->net->n_params - 1].trained = 0;
        }
    }
}

static void coefficient(maker *k, const char *name, int n, unsigned use)
{
    const mw_net_config *c = &k->net->c;
    mw_net_param *p;

    vector(k, name, c->coefficient, n);
    if (k->st != MW_OK) return;
    p = &k->net->params[k->net->n_params - 1];
    p->coefficient = 1;
    p->trained = (c->use & use) && !c->coefficient_fixed;
}

static void uses(maker *k)
{
    const mw_net_config *c = &k->net->c;
    const size_t shape[3] = { (size_t)c->n_modalities, (size_t)c->width };

    prefix(k, "", 0);
    coefficient(k, "use.gamma", 1, MW_USE_EMPHASIS);
    coefficient(k, "use.eta", 1, MW_USE_POOL);
    coefficient(k, "fusion.beta", c->layers, MW_USE_BIAS);
    if (c->use & MW_USE_REPLACE) add(k, "use.missing", INIT_SMALL, 0, shape);
}

static void joint(maker *k)
{
    const mw_net_config *c = &k->net->c;

    if (mw_kind_uses(c->kind)) uses(k);
    prefix(k, "fusion.", 0);
    encoder(k);
    for (int m = 0; m < c->n_modalities; m++) {
        prefix(k, "", 0);
        snprintf(k->prefix, sizeof k->prefix, "pool.%c", c->modality[m]);
        add(k, ".weight", INIT_SMALL, 0, (const size_t[3]){ 1, (size_t)c->width });
        vector(k, ".bias", 0, 1);
    }
    prefix(k, "", 0);
    head(k, c->n_modalities);
    for (int m = 0; m < c->n_modalities; m++) {
        const char name[] = { 'u', 'n', 'i', '.', c->modality[m], 0 };

        small_linear(k, name, c->n_out, c->width);
    }
}

static void late(maker *k)
{
    const mw_net_config *c = &k->net->c;

    for (int m = 0; m < c->n_modalities; m++) {
        snprintf(k->prefix, sizeof k->prefix, "late.%c.fusion.", c->modality[m]);
        encoder(k);
        prefix(k, "late", c->modality[m]);
        add(k, "pool.weight", INIT_SMALL, 0, (const size_t[3]){ 1, (size_t)c->width });
        vector(k, "pool.bias", 0, 1);
        head(k, 1);
    }
    prefix(k, "", 0);
    vector(k, "late.share", 0, c->n_modalities);
}

static void mult(maker *k)
{
    const mw_net_config *c = &k->net->c;

    for (int m = 0; m < c->n_modalities; m++) {
        for (int o = 0; o < c->n_modalities; o++) {
            if (o == m) continue;
            snprintf(k->prefix, sizeof k->prefix, "mult.%c%c.", c->modality[m], c->modality[o]);
            layer(k, 0);
        }
        prefix(k, "mult", c->modality[m]);
        layer(k, 0);
        norm(k, "norm", c->width);
    }
    prefix(k, "", 0);
    head(k, c->n_modalities);
}

static void lmf(maker *k)
{
    const mw_net_config *c = &k->net->c;
    const size_t shape[3] = { MW_LMF_RANK, (size_t)c->width + 1, (size_t)c->n_out };

    for (int m = 0; m < c->n_modalities; m++) {
        prefix(k, "lmf", c->modality[m]);
        add(k, "weight", INIT_SHARED, 0, shape);
    }
    prefix(k, "", 0);
    add(k, "lmf.weight", INIT_SHARED, 0, (const size_t[3]){ 1, MW_LMF_RANK });
    vector(k, "lmf.bias", 0, c->n_out);
}

static void declare(maker *k)
{
    const mw_net_config *c = &k->net->c;
    const size_t embed[3] = { (size_t)c->n_modalities, (size_t)c->width };

    for (int m = 0; m < c->n_modalities; m++) {
        prefix(k, "stem", c->modality[m]);
        linear(k, "proj", INIT_SHARED, c->width, mw_net_token_values(c, m));
        norm(k, "norm", c->width);
        if (mw_kind_trunk(c->kind)) {
            prefix(k, "trunk", c->modality[m]);
            branch(k, c->width);
        }
        if (mw_kind_scores(c->kind)) scorer(k, m);
        if (c->kind == MW_NET_AVREL) avrel_scorer(k, m);
    }
    prefix(k, "", 0);
    if (c->kind != MW_NET_RELIABILITY && c->kind != MW_NET_LMF && c->kind != MW_NET_EARLY)
        add(k, "mod_embed", INIT_SMALL, 0, embed);
    if (mw_kind_joint(c->kind)) joint(k);
    if (c->kind == MW_NET_LATE) late(k);
    if (c->kind == MW_NET_MULT) mult(k);
    if (c->kind == MW_NET_LMF) lmf(k);
    if (c->kind == MW_NET_EARLY) {
        linear(k, "early", INIT_SHARED, c->width, c->n_modalities * c->width);
        prefix(k, "fusion.", 0);
        encoder(k);
        prefix(k, "", 0);
        head(k, 1);
    }
}

/* ---- values ---- */

static uint32_t name_hash(const char *name) /* FNV-1a, 32 bits */
{
    uint32_t h = 2166136261u;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

/* Two uniform numbers in [0, 1) of element i of a tensor. */
static void draw(const mw_net *net, uint32_t tensor, size_t i, double u[2])
{
    const uint32_t key[2] = { (uint32_t)net->seed, (uint32_t)(net->seed >> 32) };
    const uint32_t ctr[4] = { (uint32_t)i, (uint32_t)((uint64_t)i >> 32), tensor, 0x6d776e74 };
    uint32_t out[4];

    mw_philox4x32(out, ctr, key);
    for (int j = 0; j < 2; j++)
        u[j] = (double)(((uint64_t)out[2 * j + 1] << 32 | out[2 * j]) >> 11) * 0x1p-53;
}

/* The tensor's name takes part, not its place: networks of different kinds start from the same
 * values in what they have in common. */
static void fill(mw_net *net, const mw_net_param *p, init how, double value)
{
    const uint32_t tensor = name_hash(p->name);
    const size_t taps = p->n_dims == 3 ? p->shape[2] : 1;
    const double in = (double)(p->n_dims > 1 ? p->shape[1] * taps : 1);
    const double out = (double)(p->shape[0] * taps);
    const double a = sqrt(how == INIT_RELU ? 3 / in : 6 / (in + out));

    for (size_t i = 0; i < p->n; i++) {
        double u[2];

        if (how != INIT_VALUE) draw(net, tensor, i, u);
        if (how == INIT_SMALL)
            p->v[i] = (mw_real)(0.02 * sqrt(-2 * mw_log(1 - u[0])) * mw_cos(2 * MW_PI * u[1]));
        else
            p->v[i] = (mw_real)(how == INIT_VALUE ? value : a * (2 * u[0] - 1));
    }
}

mw_status mw_net_make_params(mw_net *net, const mw_weights *w, mw_error *err)
{
    maker k = { .net = net, .err = err };
    size_t at = 0;

    declare(&k);
    if (k.st == MW_OK && w) k.st = mw_net_check_tensors(net, w, err);
    if (k.st != MW_OK) goto done;
    net->v = mw_calloc_aligned(net->n_values, sizeof *net->v);
    net->g = mw_calloc_aligned(net->n_values, sizeof *net->g);
    net->first = mw_calloc_aligned(net->n_values, sizeof *net->first);
    net->second = mw_calloc_aligned(net->n_values, sizeof *net->second);
    if (!net->v || !net->g || !net->first || !net->second) {
        k.st = mw_fail_nomem(err);
        goto done;
    }
    for (size_t i = 0; i < net->n_params; i++) {
        mw_net_param *p = &net->params[i];

        p->v = net->v + at;
        p->g = net->g + at;
        at += p->n;
        if (!w) fill(net, p, k.kinds[i], k.values[i]);
    }
    if (w) k.st = mw_net_read(net, w, err);
done:
    mw_free(k.kinds);
    mw_free(k.values);
    return k.st;
}

size_t mw_net_find(const mw_net *net, const char *name)
{
    for (size_t i = 0; i < net->n_params; i++)
        if (!strcmp(net->params[i].name, name)) return i;
    return net->n_params;
}
