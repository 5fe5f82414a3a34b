/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters and the optimiser's state as safetensors, in PyTorch's names and layout.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "score/net_int.h"

static int is_conv(const mw_net_param *p)
{
    return p->n_dims == 3 && strstr(p->name, ".conv") != NULL;
}

/* Place within our [taps][in][out] of element i of PyTorch's [out][in][taps]. */
static size_t place(const mw_net_param *p, size_t i)
{
    const size_t in = p->shape[1], taps = p->shape[2], out = p->shape[0];

    if (!is_conv(p)) return i;
    return ((i % taps) * in + i / taps % in) * out + i / (taps * in);
}

static void to_file(float *to, const mw_net_param *p, const mw_real *from)
{
    for (size_t i = 0; i < p->n; i++)
        to[i] = (float)from[place(p, i)];
}

static void from_file(mw_real *to, const mw_net_param *p, const float *from)
{
    for (size_t i = 0; i < p->n; i++)
        to[place(p, i)] = (mw_real)from[i];
}

static mw_tensor_out tensor_of(const char *name, const mw_net_param *p, const float *data)
{
    mw_tensor_out t = { .name = name, .data = data, .n_dims = p->n_dims };

    for (int k = 0; k < p->n_dims; k++)
        t.shape[k] = p->shape[k];
    return t;
}

mw_status mw_net_save(const mw_net *net, const char *path, const mw_tensor_out *extra,
                      size_t n_extra, const char *const (*notes)[2], size_t n_notes, mw_error *err)
{
    mw_tensor_out *t = mw_calloc(net->n_params + n_extra, sizeof *t);
    float *data = mw_calloc(net->n_values, sizeof *data), *at = data;
    mw_status st = t && data ? MW_OK : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < net->n_params; i++) {
        const mw_net_param *p = &net->params[i];

        to_file(at, p, p->v);
        t[i] = tensor_of(p->name, p, at);
        at += p->n;
    }
    for (size_t i = 0; st == MW_OK && i < n_extra; i++)
        t[net->n_params + i] = extra[i];
    if (st == MW_OK)
        st = mw_safetensors_write(path, t, net->n_params + n_extra, notes, n_notes, err);
    mw_free(data);
    mw_free(t);
    return st;
}

/* The tensor of p that is called name, into scratch [p->n] in the file's order. */
static mw_status read_tensor(const mw_net_param *p, const mw_weights *w, const char *name,
                             float *scratch, mw_error *err)
{
    mw_status st = mw_weights_read(w, name, p->shape, p->n_dims, scratch, err);

    for (size_t i = 0; st == MW_OK && i < p->n; i++)
        if (!isfinite(scratch[i]))
            return mw_fail(err, MW_ERR_FORMAT, "not_finite",
                           "'%s': tensor '%s' holds a value that is no number", mw_weights_path(w),
                           name);
    return st;
}

/* Tensors that the network does not have are refused: the file is another network's. */
mw_status mw_net_check_tensors(const mw_net *net, const mw_weights *w, mw_error *err)
{
    mw_status st = MW_OK;

    for (size_t i = 0; i < mw_weights_count(w); i++) {
        const char *name = mw_weights_at(w, i)->name;

        if (strncmp(name, "prep.", 5) && mw_net_find(net, name) == net->n_params)
            return mw_fail(err, MW_ERR_FORMAT, "bad_model",
                           "'%s': tensor '%s' does not belong to a network of kind %s",
                           mw_weights_path(w), name, mw_net_kind_name(net->c.kind));
    }
    for (size_t i = 0; st == MW_OK && i < net->n_params; i++) {
        const mw_net_param *p = &net->params[i];
        const mw_tensor *t;

        st = mw_weights_expect(&t, w, p->name, p->shape, p->n_dims, err);
    }
    return st;
}

mw_status mw_net_read(mw_net *net, const mw_weights *w, mw_error *err)
{
    float *scratch = mw_calloc(net->n_values, sizeof *scratch);
    mw_status st = scratch ? MW_OK : mw_fail_nomem(err);

    for (size_t i = 0; st == MW_OK && i < net->n_params; i++) {
        const mw_net_param *p = &net->params[i];

        st = read_tensor(p, w, p->name, scratch + (p->v - net->v), err);
    }
    for (size_t i = 0; st == MW_OK && i < net->n_params; i++)
        from_file(net->params[i].v, &net->params[i], scratch + (net->params[i].v - net->v));
    mw_free(scratch);
    return st;
}

mw_status mw_net_load(mw_net *net, const char *path, mw_error *err)
{
    mw_weights *w = NULL;
    mw_status st = mw_weights_open(&w, path, err);

    if (st == MW_OK) st = mw_net_check_tensors(net, w, err);
    if (st == MW_OK) st = mw_net_read(net, w, err);
    mw_weights_close(&w);
    return st;
}

/* ---- the optimiser ---- */

#define N_MOMENTS 2

static const char *const moment_names[N_MOMENTS] = { "first.", "second." };

/* A mean of squares is not below 0: the step divides by its root. */
static mw_status check_second(const float *x, size_t n, const char *path, mw_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] < 0)
            return mw_fail(err, MW_ERR_FORMAT, "bad_checkpoint",
                           "'%s' holds a second moment below 0", path);
    return MW_OK;
}

static void moment_name(char name[80], const mw_net_param *p, int k)
{
    snprintf(name, 80, "%s%s", moment_names[k], p->name);
}

mw_status mw_net_save_optim(const mw_net *net, const char *path, mw_error *err)
{
    const size_t n = N_MOMENTS * net->n_params;
    mw_tensor_out *t = mw_calloc(n, sizeof *t);
    char(*names)[80] = mw_calloc(n, sizeof *names);
    float *data = mw_calloc(N_MOMENTS * net->n_values, sizeof *data), *at = data;
    char step[24];
    const char *notes[1][2] = { { "step", step } };
    mw_status st = t && names && data ? MW_OK : mw_fail_nomem(err);

    snprintf(step, sizeof step, "%llu", (unsigned long long)net->n_steps);
    for (size_t i = 0; st == MW_OK && i < n; i++) {
        const mw_net_param *p = &net->params[i / N_MOMENTS];
        const mw_real *moments = i % N_MOMENTS ? net->second : net->first;

        moment_name(names[i], p, (int)(i % N_MOMENTS));
        to_file(at, p, moments + (p->v - net->v));
        t[i] = tensor_of(names[i], p, at);
        at += p->n;
    }
    if (st == MW_OK) st = mw_safetensors_write(path, t, n, (const char *const(*)[2])notes, 1, err);
    mw_free(data);
    mw_free(names);
    mw_free(t);
    return st;
}

mw_status mw_net_load_optim(mw_net *net, const char *path, mw_error *err)
{
    float *scratch = mw_calloc(N_MOMENTS * net->n_values, sizeof *scratch);
    mw_weights *w = NULL;
    const char *step = NULL;
    uint64_t n_steps = 0;
    mw_status st = scratch ? mw_weights_open(&w, path, err) : mw_fail_nomem(err);

    if (st == MW_OK) step = mw_weights_note(w, "step");
    if (st == MW_OK && (!step || mw_u64_parse(step, &n_steps)))
        st = mw_fail(err, MW_ERR_FORMAT, "bad_checkpoint", "'%s' holds no step", path);
    for (size_t i = 0; st == MW_OK && i < N_MOMENTS * net->n_params; i++) {
        const mw_net_param *p = &net->params[i / N_MOMENTS];
        char name[80];

        moment_name(name, p, (int)(i % N_MOMENTS));
        st = read_tensor(p, w, name, scratch + (i % N_MOMENTS) * net->n_values + (p->v - net->v),
                         err);
    }
    if (st == MW_OK) st = check_second(scratch + net->n_values, net->n_values, path, err);
    for (size_t i = 0; st == MW_OK && i < net->n_params; i++) {
        const mw_net_param *p = &net->params[i];
        const size_t at = (size_t)(p->v - net->v);

        from_file(net->first + at, p, scratch + at);
        from_file(net->second + at, p, scratch + net->n_values + at);
    }
    if (st == MW_OK) net->n_steps = n_steps;
    mw_weights_close(&w);
    mw_free(scratch);
    return st;
}
