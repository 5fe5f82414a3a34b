/* SPDX-License-Identifier: Apache-2.0
 *
 * CLIP's image tower on made-up pictures, driven line by line by bench/clip.py so that both sides
 * take turns.
 *
 *   bench_clip WEIGHTS f32|bf16|int8       reads commands, answers each with a line:
 *     info                                 sizes, operations per picture, kernel
 *     run BATCH THREADS                    seconds of one pass
 *     bare BATCH THREADS                   seconds of its matrix products alone: the same shapes
 *                                          and weights, no activation, no addition
 *     embed N IN OUT                       floats in, embeddings out
 *   bench_clip WEIGHTS f32|bf16|int8 memory WORKERS BATCH
 *                                          peak memory with so many workers on one set of weights
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/pool.h"
#include "feature/vit/net.h"

enum { MAX_THREADS = 64, MAX_BATCH = 256 };

static void check(mw_status st, const mw_error *err)
{
    if (st == MW_OK) return;
    fprintf(stderr, "bench_clip: %s\n", err->message);
    exit(1);
}

static void *need(void *p)
{
    if (p) return p;
    fprintf(stderr, "bench_clip: no memory\n");
    exit(1);
}

typedef struct span {
    double wall, processor;
} span;

static double read_clock(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static span now(void)
{
    return (span){ read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_PROCESS_CPUTIME_ID) };
}

static span since(span start)
{
    const span end = now();

    return (span){ end.wall - start.wall, end.processor - start.processor };
}

static size_t picture_floats(const mw_vit_net *net)
{
    const size_t side = (size_t)mw_vit_net_info(net).side;

    return 3 * side * side;
}

/* Values as after normalisation, about [-2, 2]. */
static float *pictures(const mw_vit_net *net, size_t n)
{
    const size_t total = n * picture_floats(net);
    float *x = need(mw_calloc_aligned(total, sizeof *x));
    uint32_t s = 1;

    for (size_t i = 0; i < total; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (float)(int32_t)s * 0x1p-30f;
    }
    return x;
}

/* ---- operations ---- */

/* Multiplications and additions of the products with weights, per picture: as computed, and with
 * the last layer computed for all tokens as usual. */
static void operations(const mw_vit_info *i, double *computed, double *usual)
{
    const double d = i->width, mlp = i->mlp, t = i->tokens, p = 3.0 * i->patch * i->patch;
    const double layer = 4 * d * d + 2 * d * mlp, ends = (t - 1) * p * d + d * i->columns;

    *usual = 2 * (ends + i->layers * t * layer);
    *computed = 2 * (ends + (i->layers - 1) * t * layer + t * 2 * d * d + layer - 2 * d * d);
}

/* ---- the tower ---- */

typedef struct tower {
    mw_vit *v;
    size_t batch;
    int threads;
} tower;

static span run(tower *w, const mw_vit_net *net, const float *x, float *out, size_t batch,
                int threads)
{
    mw_error err;
    span start;

    if (!w->v || w->batch != batch || w->threads != threads) {
        mw_vit_destroy(&w->v);
        check(mw_vit_create(&w->v, net, batch, threads, &err), &err);
        w->batch = batch;
        w->threads = threads;
    }
    start = now();
    check(mw_vit_run(w->v, x, batch, out, &err), &err);
    return since(start);
}

/* ---- its products alone ---- */

enum { PATCH, IN, OUT, FC1, FC2, LAST_IN, QUERY, ONE_OUT, ONE_FC1, ONE_FC2, PROJECT, N_OPS };

/* Products of a chunk of one size; buffers of one thread. */
typedef struct bare {
    const mw_vit_net *net;
    mw_matmul *op[N_OPS];
    float *x[MAX_THREADS], *y[MAX_THREADS];
    void *scratch[MAX_THREADS];
    int chunk, threads;
    size_t chunks;
} bare;

static void bare_open(bare *b, const mw_vit_net *net, int chunk, int threads)
{
    const mw_vit_info i = mw_vit_net_info(net);
    const mw_vit_layer *last = net->layer + i.layers - 1;
    const int rows = chunk * i.tokens;
    const mw_packed *like[N_OPS] = { net->patch, net->layer->in, last->out,   last->fc1,
                                     last->fc2,  last->in,       last->query, last->out,
                                     last->fc1,  last->fc2,      net->proj };
    const size_t widest = (size_t)rows * (size_t)(3 * i.width > i.mlp ? 3 * i.width : i.mlp) +
                          (size_t)chunk * picture_floats(net);
    size_t scratch = 1;
    mw_error err;

    b->net = net;
    b->chunk = chunk;
    b->threads = threads;
    for (int k = 0; k < N_OPS; k++) {
        const mw_matmul_spec spec = { .m = !k ? rows - chunk : k <= LAST_IN ? rows : chunk };

        if (!like[k]) continue;
        check(mw_matmul_create(&b->op[k], like[k], &spec, &err), &err);
        if (mw_matmul_scratch(b->op[k]) > scratch) scratch = mw_matmul_scratch(b->op[k]);
    }
    for (int t = 0; t < threads; t++) {
        b->x[t] = need(mw_calloc_aligned(widest, sizeof **b->x));
        b->y[t] = need(mw_calloc_aligned(widest, sizeof **b->y));
        b->scratch[t] = need(mw_calloc_aligned(scratch, 1));
    }
}

static void bare_close(bare *b)
{
    for (int k = 0; k < N_OPS; k++)
        mw_matmul_destroy(&b->op[k]);
    for (int t = 0; t < b->threads; t++) {
        mw_free(b->x[t]);
        mw_free(b->y[t]);
        mw_free(b->scratch[t]);
    }
    *b = (bare){ 0 };
}

static void product(const bare *b, int t, int op, const mw_packed *w)
{
    mw_error err;

    check(mw_matmul_run(b->op[op], w, b->x[t], b->y[t], b->scratch[t], &err), &err);
}

static int bare_chunks(void *user, int worker, size_t share)
{
    const bare *b = user;
    const mw_vit_net *net = b->net;
    const int layers = net->info.layers, t = worker;
    const size_t n = (size_t)b->threads;

    for (size_t c = share * b->chunks / n; c < (share + 1) * b->chunks / n; c++) {
        const mw_vit_layer *l = net->layer;

        product(b, t, PATCH, net->patch);
        for (int i = 0; i < layers - 1; i++, l++) {
            product(b, t, IN, l->in);
            product(b, t, OUT, l->out);
            product(b, t, FC1, l->fc1);
            product(b, t, FC2, l->fc2);
        }
        product(b, t, LAST_IN, l->in);
        product(b, t, QUERY, l->query);
        product(b, t, ONE_OUT, l->out);
        product(b, t, ONE_FC1, l->fc1);
        product(b, t, ONE_FC2, l->fc2);
        if (net->proj) product(b, t, PROJECT, net->proj);
    }
    return 0;
}

static span run_bare(bare *b, const mw_vit_net *net, size_t batch, int threads)
{
    size_t share = batch / (size_t)threads, chunk = MW_VIT_CHUNK;
    mw_error err;
    span start;

    if (!share) {
        share = 1;
        threads = (int)batch;
    }
    while (chunk > share)
        chunk /= 2;
    if (b->chunk != (int)chunk || b->threads != threads) {
        bare_close(b);
        bare_open(b, net, (int)chunk, threads);
    }
    b->chunks = batch / chunk;
    start = now();
    if (threads == 1)
        bare_chunks(b, 0, 0);
    else
        check(mw_pool_run((size_t)threads, threads, bare_chunks, b, &err), &err);
    return since(start);
}

/* ---- commands ---- */

static void embed(const mw_vit_net *net, size_t n, const char *in, const char *to)
{
    const size_t columns = (size_t)mw_vit_net_info(net).columns;
    float *x = need(mw_calloc_aligned(n * picture_floats(net), sizeof *x));
    float *y = need(mw_calloc(n * columns, sizeof *y));
    FILE *f = fopen(in, "rb");
    mw_vit *v;
    mw_error err;

    if (!f || fread(x, sizeof *x * picture_floats(net), n, f) != n) exit(1);
    fclose(f);
    check(mw_vit_create(&v, net, n, 1, &err), &err);
    check(mw_vit_run(v, x, n, y, &err), &err);
    f = fopen(to, "wb");
    if (!f || fwrite(y, sizeof *y * columns, n, f) != n || fclose(f)) exit(1);
    mw_vit_destroy(&v);
    mw_free(x);
    mw_free(y);
}

/* The fastest of several. */
static span prepare(const mw_vit_net *net, int w, int h)
{
    float *x = need(mw_calloc(picture_floats(net), sizeof *x));
    span best = { 1e9, 1e9 };
    mw_frame f;
    mw_error err;

    check(mw_frame_alloc(&f, MW_PIX_RGB24, w, h, &err), &err);
    for (ptrdiff_t i = 0; i < f.stride[0] * h; i++)
        f.plane[0][i] = (uint8_t)(i * i % 251);
    for (int i = 0; i < 20; i++) {
        const span start = now();
        span s;

        check(mw_vit_pixels(x, mw_vit_net_info(net).side, &f, 0, 0, w, h, &err), &err);
        s = since(start);
        if (s.processor < best.processor) best = s;
    }
    mw_frame_clear(&f);
    mw_free(x);
    return best;
}

static void info(const mw_vit_net *net)
{
    const mw_vit_info i = mw_vit_net_info(net);
    const mw_matmul_spec spec = { .m = MW_VIT_CHUNK * i.tokens,
                                  .gelu = net->type != MW_MATMUL_INT8,
                                  .y_bf16 = net->type == MW_MATMUL_BF16 };
    double computed, usual;
    mw_matmul *m;
    mw_error err;

    check(mw_matmul_create(&m, net->layer->fc1, &spec, &err), &err);
    operations(&i, &computed, &usual);
    printf("{\"side\": %d, \"columns\": %d, \"parameters\": %zu, \"operations\": %.0f, "
           "\"usual_operations\": %.0f, \"kernel\": \"%s\"}\n",
           i.side, i.columns, i.n_parameters, computed, usual, mw_matmul_kernel(m));
    mw_matmul_destroy(&m);
}

static void print_span(span s)
{
    printf("%.6f %.6f\n", s.wall, s.processor);
}

static void serve(const mw_vit_net *net)
{
    float *x = pictures(net, MAX_BATCH);
    float *out = need(mw_calloc(MAX_BATCH, (size_t)mw_vit_net_info(net).columns * sizeof *out));
    char line[4096], in[1024], to[1024];
    bare b = { 0 };
    tower w = { 0 };

    while (fgets(line, sizeof line, stdin)) {
        int threads, w_px, h_px;
        size_t n;

        if (!strcmp(line, "info\n")) {
            info(net);
        } else if (sscanf(line, "run %zu %d", &n, &threads) == 2 && n <= MAX_BATCH) {
            print_span(run(&w, net, x, out, n, threads));
        } else if (sscanf(line, "bare %zu %d", &n, &threads) == 2 && threads <= MAX_THREADS) {
            print_span(run_bare(&b, net, n, threads));
        } else if (sscanf(line, "pixels %d %d", &w_px, &h_px) == 2) {
            print_span(prepare(net, w_px, h_px));
        } else if (sscanf(line, "embed %zu %1023s %1023s", &n, in, to) == 3) {
            embed(net, n, in, to);
            printf("done\n");
        } else {
            exit(1);
        }
        fflush(stdout);
    }
    mw_vit_destroy(&w.v);
    bare_close(&b);
    mw_free(x);
    mw_free(out);
}

static long status_kib(const char *field)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    long kib = -1;

    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, field, strlen(field))) kib = atol(line + strlen(field) + 1);
    if (f) fclose(f);
    return kib;
}

/* rss_anon: what is held after loading, without the file's pages. */
static void memory(const mw_vit_net *net, int workers, size_t batch)
{
    float *x = pictures(net, batch);
    float *out = need(mw_calloc(batch, (size_t)mw_vit_net_info(net).columns * sizeof *out));
    const long peak = status_kib("VmHWM"), weights = status_kib("RssAnon");
    mw_error err;

    for (int i = 0; i < workers; i++) { /* kept until the process ends */
        tower *w = need(mw_calloc(1, sizeof *w));

        check(mw_vit_create(&w->v, net, batch, 1, &err), &err);
        check(mw_vit_run(w->v, x, batch, out, &err), &err);
    }
    printf("{\"workers\": %d, \"batch\": %zu, \"loading_peak_kib\": %ld, \"weights_kib\": %ld, "
           "\"kib\": %ld, \"peak_kib\": %ld}\n",
           workers, batch, peak, weights, status_kib("RssAnon"), status_kib("VmHWM"));
}

static const char *const precisions[] = { "f32", "bf16", "int8" }; /* order of mw_vit_precision */

int main(int argc, char **argv)
{
    mw_vit_net *net;
    mw_error err;
    int precision = 0;

    while (argc > 2 && precision < 3 && strcmp(argv[2], precisions[precision]))
        precision++;
    if (precision == 3 || (argc != 3 && !(argc == 6 && !strcmp(argv[3], "memory")))) {
        fprintf(stderr, "usage: bench_clip WEIGHTS f32|bf16|int8 [memory WORKERS BATCH]\n");
        return 2;
    }
    check(mw_vit_net_load(&net, argv[1], (mw_vit_precision)precision, &err), &err);
    if (argc == 3)
        serve(net);
    else
        memory(net, atoi(argv[4]), (size_t)atol(argv[5]));
    mw_vit_net_destroy(&net);
    return 0;
}
