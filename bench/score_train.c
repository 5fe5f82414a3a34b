/* SPDX-License-Identifier: Apache-2.0
 *
 * Training of the default scoring network: clips per second of forward, backward and AdamW on a
 * made-up batch of 32 clips (75 tokens of 90 columns, 100 of 512). Prints one JSON line.
 *
 *     bench_score_train THREADS STEPS [FOLDER]
 *
 * FOLDER: model and batch are written there first, and the losses of four steps without dropout are
 * printed too, so that another implementation can run on the same (bench/score_train.py).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn/weights.h"
#include "score/net.h"
#include "support/score_batch.h"

enum { CLIPS = 32, CHECKED = 4 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *what, const mw_error *err)
{
    fprintf(stderr, "score_train: %s: %s\n", what, err->message);
    exit(1);
}

/* All tokens valid and all labels counted, as in training at full length. */
static score_batch full_batch(const mw_net_config *c)
{
    const int tokens[] = { 75, 100 };
    score_batch s = score_batch_make(c, CLIPS, tokens, 1, 0);

    for (int m = 0; m < 2; m++)
        memset(s.mask[m], 1, (size_t)CLIPS * (size_t)tokens[m]);
    for (int i = 0; i < CLIPS; i++)
        s.y_weight[i] = 1;
    return s;
}

static double step(mw_net *net, const mw_net_batch *b, uint64_t k, int threads)
{
    mw_net_loss loss;
    mw_error err;

    if (mw_net_gradient(net, b, k, threads, &loss, &err) != MW_OK) die("gradient", &err);
    mw_net_adamw(net, 1e-3, 0.01, 10, 1);
    return loss.total;
}

static void write_batch(const score_batch *s, const mw_net_config *c, const char *path)
{
    mw_tensor_out t[16];
    char names[16][16];
    size_t n = 0;
    mw_error err;

    for (int m = 0; m < 2; m++) {
        const size_t tokens = (size_t)s->b.n_tokens[m];
        const struct {
            const char *name;
            const float *data;
            size_t values;
        } part[] = { { "x", s->x[m], (size_t)mw_net_token_values(c, m) },
                     { "tau", s->tau[m], 1 },
                     { "rel", s->rel[m], 1 },
                     { "rel_weight", s->rel_weight[m], 1 } };

        for (size_t k = 0; k < sizeof part / sizeof *part; k++, n++) {
            snprintf(names[n], sizeof names[n], "%s.%c", part[k].name, c->modality[m]);
            t[n] = (mw_tensor_out){ .name = names[n],
                                    .data = part[k].data,
                                    .shape = { CLIPS, tokens, part[k].values },
                                    .n_dims = 3 };
        }
    }
    t[n++] = (mw_tensor_out){ .name = "y", .data = s->y, .shape = { CLIPS, 1 }, .n_dims = 2 };
    if (mw_safetensors_write(path, t, n, NULL, 0, &err) != MW_OK) die(path, &err);
}

/* The same start without dropout: its losses, before each step. */
static void print_checked(const score_batch *s, const char *folder)
{
    char path[1024];
    mw_net_config c;
    mw_net *net;
    mw_error err;

    mw_net_config_default(&c);
    c.dropout = 0;
    if (mw_net_create(&net, &c, 1, &err) != MW_OK) die("network", &err);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    if (mw_net_save(net, path, NULL, 0, NULL, 0, &err) != MW_OK) die(path, &err);
    snprintf(path, sizeof path, "%s/batch.safetensors", folder);
    write_batch(s, &c, path);
    printf("\"losses\": [");
    for (uint64_t k = 0; k < CHECKED; k++)
        printf("%s%.7f", k ? ", " : "", step(net, &s->b, k, 1));
    printf("], ");
    mw_net_destroy(&net);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1, steps = argc > 2 ? atoi(argv[2]) : 20;
    double *seconds = calloc((size_t)(steps > 0 ? steps : 1), sizeof *seconds);
    mw_net_config c;
    score_batch s;
    mw_net *net;
    mw_error err;

    if (steps < 1 || !seconds) return 2;
    mw_net_config_default(&c);
    s = full_batch(&c);
    printf("{");
    if (argc > 3) print_checked(&s, argv[3]);
    if (mw_net_create(&net, &c, 1, &err) != MW_OK) die("network", &err);
    step(net, &s.b, 0, threads);
    for (int k = 0; k < steps; k++) {
        const double t = now();

        step(net, &s.b, (uint64_t)k + 1, threads);
        seconds[k] = now() - t;
    }
    qsort(seconds, (size_t)steps, sizeof *seconds, by_value);
    printf("\"threads\": %d, \"steps\": %d, \"clips_per_s_median\": %.1f, \"clips_per_s_best\": "
           "%.1f}\n",
           threads, steps, CLIPS / seconds[steps / 2], CLIPS / seconds[0]);
    mw_net_destroy(&net);
    score_batch_free(&s);
    free(seconds);
    return 0;
}
