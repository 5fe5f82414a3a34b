/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks over batches: slices go to threads, each in a graph of its shape; losses and gradients
 * are summed over slices in order, so that the number of threads changes no bit.
 */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "score/net_int.h"

/* Graphs kept beyond those that a call needs. */
enum { SPARE_GRAPHS = 6 };

/* w NULL: values drawn from seed. */
static mw_status make(mw_net **out, const mw_net_config *c, uint64_t seed, const mw_weights *w,
                      mw_error *err)
{
    mw_net *net = NULL;
    mw_status st = mw_net_check_config(c, err);

    *out = NULL;
    if (st != MW_OK) return st;
    net = mw_calloc(1, sizeof *net);
    if (!net) return mw_fail_nomem(err);
    net->c = *c;
    net->seed = seed;
    if (c->positive_weights) {
        const size_t n = (size_t)c->n_out;

        net->positive_weights = mw_calloc(n, sizeof *net->positive_weights);
        net->c.positive_weights = net->positive_weights;
        if (!net->positive_weights) {
            st = mw_fail_nomem(err);
            goto done;
        }
        memcpy(net->positive_weights, c->positive_weights, n * sizeof *net->positive_weights);
    }
    st = mw_net_make_params(net, w, err);
    if (st != MW_OK) goto done;
    *out = net;
    net = NULL;
done:
    mw_net_destroy(&net);
    return st;
}

mw_status mw_net_create(mw_net **out, const mw_net_config *c, uint64_t seed, mw_error *err)
{
    return make(out, c, seed, NULL, err);
}

mw_status mw_net_open(mw_net **out, const mw_net_config *c, const mw_weights *w, mw_error *err)
{
    return make(out, c, 0, w, err);
}

void mw_net_rest(mw_net *net)
{
    while (net->graphs) {
        mw_net_graph *g = net->graphs;

        net->graphs = g->next;
        mw_net_graph_destroy(&g);
    }
    mw_free(net->round);
    net->round = NULL;
    net->n_round = 0;
}

void mw_net_destroy(mw_net **pp)
{
    mw_net *net = *pp;

    if (!net) return;
    mw_net_rest(net);
    mw_free(net->positive_weights);
    mw_free(net->params);
    mw_free(net->statistic);
    mw_free(net->v);
    mw_free(net->g);
    mw_free(net->first);
    mw_free(net->second);
    mw_free(net);
    *pp = NULL;
}

const mw_net_config *mw_net_config_of(const mw_net *net)
{
    return &net->c;
}

size_t mw_net_n_params(const mw_net *net)
{
    return net->n_params;
}

mw_net_param *mw_net_param_at(mw_net *net, size_t i)
{
    return &net->params[i];
}

uint64_t mw_net_steps(const mw_net *net)
{
    return net->n_steps;
}

void mw_net_copy(mw_net *to, const mw_net *from)
{
    memcpy(to->v, from->v, to->n_values * sizeof *to->v);
}

/* ---- graphs at hand ---- */

static int same_shape(const mw_net *net, const mw_net_graph *g, int n, const int *n_tokens)
{
    if (g->n != n) return 0;
    for (int m = 0; m < net->c.n_modalities; m++)
        if (g->n_tokens[m] != n_tokens[m]) return 0;
    return 1;
}

/* See that there are at least this many graphs of the shape. */
static mw_status have_graphs(mw_net *net, int n, const int *n_tokens, size_t need, mw_error *err)
{
    size_t have = 0;

    for (mw_net_graph *g = net->graphs; g; g = g->next) {
        if (!same_shape(net, g, n, n_tokens)) continue;
        g->used = net->clock;
        have++;
    }
    for (; have < need; have++) {
        mw_net_graph *g;
        const mw_status st = mw_net_graph_build(&g, net, n, n_tokens, err);

        if (st != MW_OK) return st;
        g->used = net->clock;
        g->next = net->graphs;
        net->graphs = g;
    }
    return MW_OK;
}

/* Throw out those longest unused, but none of this call. */
static void drop_graphs(mw_net *net)
{
    for (;;) {
        mw_net_graph **oldest = NULL, *g;
        size_t spare = 0;

        for (mw_net_graph **at = &net->graphs; *at; at = &(*at)->next) {
            if ((*at)->used == net->clock) continue;
            spare++;
            if (!oldest || (*at)->used < (*oldest)->used) oldest = at;
        }
        if (spare <= SPARE_GRAPHS) return;
        g = *oldest;
        *oldest = g->next;
        mw_net_graph_destroy(&g);
    }
}

/* ---- one call ---- */

typedef struct run {
    mw_net *net;
    const mw_net_batch *batch;
    mw_net_output *out; /* may be NULL */
    uint64_t step;
    int training;
    double label_share, rel_share[MW_NET_MAX_MODALITIES];
    size_t first_slice; /* of the round */
    mw_net_loss loss[MW_NET_ROUND];
    pthread_mutex_t lock;
} run;

static mw_net_graph *take_graph(run *r, int n)
{
    mw_net_graph *g;

    pthread_mutex_lock(&r->lock);
    for (g = r->net->graphs; g; g = g->next)
        if (!g->busy && same_shape(r->net, g, n, r->batch->n_tokens)) break;
    if (g) g->busy = 1;
    pthread_mutex_unlock(&r->lock);
    return g;
}

static void give_graph(run *r, mw_net_graph *g)
{
    pthread_mutex_lock(&r->lock);
    g->busy = 0;
    pthread_mutex_unlock(&r->lock);
}

static void backward(run *r, mw_net_graph *g, mw_real *gradient)
{
    mw_net *net = r->net;

    mw_tape_backward(&g->tape);
    for (size_t i = 0; i < net->n_params; i++)
        if (!g->params[i]->seen && !net->statistic[i])
            memset(g->params[i]->g, 0, net->params[i].n * sizeof *gradient);
}

static int run_slice(void *user, int worker, size_t item)
{
    run *r = user;
    mw_net *net = r->net;
    const size_t first = (r->first_slice + item) * MW_NET_SLICE;
    const size_t left = r->batch->n - first;
    mw_slice s = { .batch = r->batch,
                   .first = first,
                   .training = r->training,
                   .seed = net->seed,
                   .step = r->step,
                   .label_share = r->label_share,
                   .n = left < MW_NET_SLICE ? (int)left : MW_NET_SLICE };
    mw_real *gradient = r->training ? net->round + item * net->n_values : NULL;
    mw_net_graph *g = take_graph(r, s.n);

    (void)worker;
    if (!g) return 1;
    memcpy(s.rel_share, r->rel_share, sizeof s.rel_share);
    for (size_t i = 0; i < net->n_params && r->training; i++)
        g->params[i]->g = gradient + (net->params[i].v - net->v);
    mw_tape_forward(&g->tape, &s);
    if (r->out) mw_net_graph_output(net, g, &s, r->out);
    if (r->training) backward(r, g, gradient);
    r->loss[item] = s.loss;
    give_graph(r, g);
    return 0;
}

/* Sums of weights that losses are divided by. */
static void count_weights(run *r)
{
    const mw_net_batch *b = r->batch;
    double labels = 0;

    for (size_t i = 0; b->y && i < b->n; i++)
        labels += b->y_weight ? b->y_weight[i] : 1;
    r->label_share = labels > 0 ? 1 / labels : 0;
    for (int m = 0; m < r->net->c.n_modalities; m++) {
        const size_t n = b->n * (size_t)b->n_tokens[m];
        double targets = 0;

        for (size_t i = 0; b->rel[m] && i < n; i++)
            if (b->mask[m][i]) targets += b->rel_weight[m] ? b->rel_weight[m][i] : 1;
        r->rel_share[m] = targets > 0 ? 1 / targets : 0;
    }
}

static mw_status check_batch(const mw_net *net, const mw_net_batch *b, mw_error *err)
{
    const mw_net_config *c = &net->c;

    for (int m = 0; m < c->n_modalities; m++) {
        if (b->n_tokens[m] < 1 || !b->x[m] || !b->mask[m] || !b->tau[m])
            return mw_fail(err, MW_ERR_ARG, "bad_argument",
                           "a batch without tokens, mask or times of modality %c", c->modality[m]);
        if (c->kind == MW_NET_GIVEN && !b->score[m])
            return mw_fail(err, MW_ERR_ARG, "bad_argument",
                           "a batch without scores of modality %c for a network of kind given",
                           c->modality[m]);
    }
    for (size_t i = 0; b->y && c->task == MW_TASK_MULTICLASS && i < b->n; i++)
        if (!(b->y[i] >= 0 && b->y[i] < (float)c->n_out) && (!b->y_weight || b->y_weight[i] > 0))
            return mw_fail(err, MW_ERR_RANGE, "bad_option",
                           "class %g of clip %zu is outside [0, %d)", (double)b->y[i], i, c->n_out);
    return MW_OK;
}

/* Everything that a call needs in memory. */
static mw_status prepare(run *r, size_t n_slices, int n_threads, mw_error *err)
{
    mw_net *net = r->net;
    const size_t rest = r->batch->n % MW_NET_SLICE, whole = n_slices - (rest > 0);
    const size_t at_once = (size_t)n_threads < whole ? (size_t)n_threads : whole;
    const size_t round = n_slices < MW_NET_ROUND ? n_slices : MW_NET_ROUND;
    mw_status st = MW_OK;

    net->clock++;
    if (whole) st = have_graphs(net, MW_NET_SLICE, r->batch->n_tokens, at_once, err);
    if (st == MW_OK && rest) st = have_graphs(net, (int)rest, r->batch->n_tokens, 1, err);
    drop_graphs(net);
    if (st != MW_OK || !r->training || net->n_round >= round) return st;
    mw_free(net->round);
    net->n_round = 0;
    net->round = mw_calloc_aligned(round * net->n_values, sizeof *net->round);
    if (!net->round) return mw_fail_nomem(err);
    net->n_round = round;
    return MW_OK;
}

/* Add a round's gradients in order; statistics move a tenth of the way to each slice's. */
static void sum_round(mw_net *net, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const mw_real *gradient = net->round + k * net->n_values;

        for (size_t i = 0; i < net->n_params; i++) {
            mw_net_param *p = &net->params[i];
            const mw_real *g = gradient + (p->v - net->v);

            if (!net->statistic[i]) {
                mw_rows()->axpy(p->g, 1, g, p->n);
                continue;
            }
            for (size_t j = 0; j < p->n; j++)
                p->v[j] += (mw_real)0.1 * (g[j] - p->v[j]);
        }
    }
}

static mw_status run_batch(run *r, int n_threads, mw_net_loss *loss, mw_error *err)
{
    const size_t n_slices = (r->batch->n + MW_NET_SLICE - 1) / MW_NET_SLICE;
    mw_net_loss sum = { 0 };
    mw_status st = check_batch(r->net, r->batch, err);

    if (n_threads < 1) n_threads = 1;
    count_weights(r);
    if (st == MW_OK) st = prepare(r, n_slices, n_threads, err);
    for (r->first_slice = 0; st == MW_OK && r->first_slice < n_slices;
         r->first_slice += MW_NET_ROUND) {
        const size_t left = n_slices - r->first_slice;
        const size_t n = left < MW_NET_ROUND ? left : MW_NET_ROUND;

        st = mw_pool_run(n, n_threads, run_slice, r, err);
        if (st != MW_OK) break;
        if (r->training) sum_round(r->net, n);
        for (size_t k = 0; k < n; k++) {
            sum.task += r->loss[k].task;
            sum.rel += r->loss[k].rel;
            sum.uni += r->loss[k].uni;
        }
    }
    sum.total = r->net->c.kind == MW_NET_RELIABILITY
                    ? sum.rel
                    : sum.task + r->net->c.lambda_rel * sum.rel + r->net->c.lambda_uni * sum.uni;
    if (st == MW_OK && loss) *loss = sum;
    return st;
}

mw_status mw_net_predict(mw_net *net, const mw_net_batch *b, int n_threads, mw_net_output *out,
                         mw_net_loss *loss, mw_error *err)
{
    run r = { .net = net, .batch = b, .out = out, .lock = PTHREAD_MUTEX_INITIALIZER };

    return run_batch(&r, n_threads, loss, err);
}

mw_status mw_net_gradient(mw_net *net, const mw_net_batch *b, uint64_t step, int n_threads,
                          mw_net_loss *loss, mw_error *err)
{
    run r = {
        .net = net, .batch = b, .step = step, .training = 1, .lock = PTHREAD_MUTEX_INITIALIZER
    };

    memset(net->g, 0, net->n_values * sizeof *net->g);
    return run_batch(&r, n_threads, loss, err);
}
