/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernels of tower_kernels.h over vectors of MW_VL floats (dsp/lanes.h); the including file
 * defines
 *   vf_fma(a, b, c)     a b + c with one rounding
 *   vf_max(a, b)        a > b ? a : b
 *   vf_min(a, b)        a < b ? a : b
 *   vf_low_bytes(p, v)  p[l] = lowest byte of the bits of lane l
 */

typedef uint32_t vu_ __attribute__((vector_size(MW_VL * 4)));
typedef uint16_t vs_ __attribute__((vector_size(MW_VL * 2)));
typedef float v4_ __attribute__((vector_size(16)));

/* PARTS vectors make a group of 16 lanes; VECS vectors are the width of a block of a product. */
enum { PARTS = MW_VIT_LANES / MW_VL, VECS = MW_VL == 16 ? 4 : 2, ROWS = 4 };

#define INLINE static inline __attribute__((always_inline))

/* ---- pieces ---- */

/* Lanes of group g summed by halves: 0..7 with 8..15 first. */
static inline float sum_(const mw_vf *g)
{
    float p[MW_VIT_LANES];

    for (int i = 0; i < PARTS; i++)
        vf_store(p + i * MW_VL, g[i]);
    for (int half = MW_VIT_LANES / 2; half; half /= 2)
        for (int l = 0; l < half; l++)
            p[l] += p[l + half];
    return p[0];
}

static inline float largest_(const mw_vf *g)
{
    float p[MW_VIT_LANES], m;

    for (int i = 0; i < PARTS; i++)
        vf_store(p + i * MW_VL, g[i]);
    m = p[0];
    for (int l = 1; l < MW_VIT_LANES; l++)
        m = p[l] > m ? p[l] : m;
    return m;
}

/* e^x for x <= 0; below -87 as at -87. */
static inline mw_vf exp_(mw_vf x)
{
    const mw_vf big = vf_set(0x1.8p23f);
    const mw_vf a = vf_max(x, vf_set(-87.0f));
    const mw_vf t = vf_fma(a, vf_set(0x1.715476p+0f), big), k = t - big;
    const mw_vf r = vf_fma(k, vf_set(-0x1.7f7d1cp-20f), vf_fma(k, vf_set(-0x1.62e4p-1f), a));
    const mw_vf scale = (mw_vf)(((mw_vfi)t - (mw_vfi)big + 127) << 23);
    mw_vf p = vf_set(1.0f / 720);

    p = vf_fma(p, r, vf_set(1.0f / 120));
    p = vf_fma(p, r, vf_set(1.0f / 24));
    p = vf_fma(p, r, vf_set(1.0f / 6));
    p = vf_fma(p, r, vf_set(0.5f));
    p = vf_fma(p, r, vf_set(1.0f));
    p = vf_fma(p, r, vf_set(1.0f));
    return p * scale;
}

static inline void store_bf16_(uint16_t *y, mw_vf v)
{
    const vu_ bits = (vu_)v, rounded = bits + 0x7fff + (bits >> 16 & 1);
    const vs_ s = __builtin_convertvector(rounded >> 16, vs_);

    memcpy(y, &s, sizeof s);
}

static inline void store_(void *y, size_t at, mw_vf v, int bf16)
{
    if (bf16)
        store_bf16_((uint16_t *)y + at, v);
    else
        vf_store((float *)y + at, v);
}

/* ---- rows ---- */

static void norm_lanes(const float *x, const float *weight, const float *bias, size_t width,
                       void *y, int bf16)
{
    mw_vf s[PARTS], q[PARTS], mean, scale;

    for (int p = 0; p < PARTS; p++)
        s[p] = q[p] = vf_set(0);
    for (size_t i = 0; i < width; i += MW_VIT_LANES)
        for (int p = 0; p < PARTS; p++)
            s[p] += vf_load(x + i + p * MW_VL);
    mean = vf_set(sum_(s) / (float)width);
    for (size_t i = 0; i < width; i += MW_VIT_LANES)
        for (int p = 0; p < PARTS; p++) {
            const mw_vf d = vf_load(x + i + p * MW_VL) - mean;

            q[p] = vf_fma(d, d, q[p]);
        }
    scale = vf_set(1.0f / sqrtf(sum_(q) / (float)width + 1e-5f));
    for (size_t i = 0; i < width; i += MW_VL)
        store_(y, i,
               vf_fma((vf_load(x + i) - mean) * scale, vf_load(weight + i), vf_load(bias + i)),
               bf16);
}

static void narrow_lanes(const float *x, size_t n, uint16_t *y)
{
    for (size_t i = 0; i < n; i += MW_VL)
        store_bf16_(y + i, vf_load(x + i));
}

/* ---- attention ---- */

/* c [rows][.] = a [rows][n] b [n][.] for vecs vectors of columns; rows, vecs constants after
 * inlining. */
INLINE void block_(const int rows, const int vecs, const float *a, size_t lda, const float *b,
                   size_t ldb, float *c, size_t ldc, int n)
{
    mw_vf sum[ROWS][VECS];

    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vecs; j++)
            sum[i][j] = vf_set(0);
    for (int k = 0; k < n; k++, b += ldb) {
        mw_vf row[VECS];

        for (int j = 0; j < vecs; j++)
            row[j] = vf_load(b + j * MW_VL);
        for (int i = 0; i < rows; i++) {
            const mw_vf v = vf_set(a[(size_t)i * lda + (size_t)k]);

            for (int j = 0; j < vecs; j++)
                sum[i][j] = vf_fma(v, row[j], sum[i][j]);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vecs; j++)
            vf_store(c + (size_t)i * ldc + j * MW_VL, sum[i][j]);
}

/* rows rows of all columns, a multiple of MW_VIT_LANES. */
INLINE void strip_(const int rows, const float *a, size_t lda, const float *b, size_t ldb, float *c,
                   size_t ldc, int n, size_t columns)
{
    size_t j = 0;

    for (; j + VECS * MW_VL <= columns; j += VECS * MW_VL)
        block_(rows, VECS, a, lda, b + j, ldb, c + j, ldc, n);
    for (; j < columns; j += MW_VL)
        block_(rows, 1, a, lda, b + j, ldb, c + j, ldc, n);
}

static void product_(const float *a, size_t lda, int n_rows, const float *b, size_t ldb, float *c,
                     size_t ldc, int n, size_t columns)
{
    int i = 0;

    for (; i + ROWS <= n_rows; i += ROWS)
        strip_(ROWS, a + (size_t)i * lda, lda, b, ldb, c + (size_t)i * ldc, ldc, n, columns);
    for (; i < n_rows; i++)
        strip_(1, a + (size_t)i * lda, lda, b, ldb, c + (size_t)i * ldc, ldc, n, columns);
}

/* Four keys' values d .. d + 3 as columns j .. j + 3 of to [size][keys]. */
static inline void turn_4_(const float *k, size_t stride, float *to, size_t keys)
{
    v4_ r[4], a, b, c, d;

    for (int i = 0; i < 4; i++)
        memcpy(&r[i], k + (size_t)i * stride, sizeof r[i]);
    a = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    b = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    c = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    d = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
    for (int i = 0; i < 4; i++)
        memcpy(to + (size_t)i * keys, &r[i], sizeof r[i]);
}

/* k [n_keys][size] -> [size][keys], columns beyond n_keys zero. */
static void turn_(const mw_vit_head *h, float *to, size_t keys)
{
    const size_t n = (size_t)h->n_keys, size = (size_t)h->size;
    size_t j = 0;

    for (; j + 4 <= n; j += 4)
        for (size_t d = 0; d < size; d += 4)
            turn_4_(h->k + j * h->kv_stride + d, h->kv_stride, to + d * keys + j, keys);
    for (; j < keys; j++)
        for (size_t d = 0; d < size; d++)
            to[d * keys + j] = j < n ? h->k[j * h->kv_stride + d] : 0;
}

/* s [keys] -> e^(s - max), 0 beyond n; returns 1 / their sum. */
static float softvf_max(float *s, size_t keys, int n)
{
    mw_vf sum[PARTS], most[PARTS], m;
    mw_vfi lane;

    for (int l = 0; l < MW_VL; l++)
        lane[l] = l;
    for (int p = 0; p < PARTS; p++) {
        sum[p] = vf_set(0);
        most[p] = vf_set(-INFINITY);
    }
    for (size_t j = 0; j < keys; j += MW_VIT_LANES)
        for (int p = 0; p < PARTS; p++) {
            const int at = (int)j + p * MW_VL;

            most[p] = vf_max(vf_pick(lane < n - at, vf_load(s + at), most[p]), most[p]);
        }
    m = vf_set(largest_(most));
    for (size_t j = 0; j < keys; j += MW_VIT_LANES)
        for (int p = 0; p < PARTS; p++) {
            const int at = (int)j + p * MW_VL;
            const mw_vf e = vf_pick(lane < n - at, exp_(vf_load(s + at) - m), vf_set(0));

            vf_store(s + at, e);
            sum[p] += e;
        }
    return 1.0f / sum_(sum);
}

static void attend_lanes(const mw_vit_head *h)
{
    const size_t keys = mw_vit_keys(h->n_keys), size = (size_t)h->size;
    float *turned = h->scratch, *score = turned + size * keys;
    float *mixed = score + MW_VIT_QUERIES * keys, *share = mixed + MW_VIT_QUERIES * size;

    turn_(h, turned, keys);
    for (int from = 0; from < h->n_q; from += MW_VIT_QUERIES) {
        const int left = h->n_q - from, n = left < MW_VIT_QUERIES ? left : MW_VIT_QUERIES;

        product_(h->q + (size_t)from * h->q_stride, h->q_stride, n, turned, keys, score, keys,
                 h->size, keys);
        for (int i = 0; i < n; i++)
            share[i] = softvf_max(score + (size_t)i * keys, keys, h->n_keys);
        product_(score, keys, n, h->v, h->kv_stride, mixed, size, h->n_keys, size);
        for (int i = 0; i < n; i++)
            for (size_t d = 0; d < size; d += MW_VL)
                store_(h->out, (size_t)(from + i) * h->out_stride + d,
                       vf_load(mixed + (size_t)i * size + d) * share[i], h->bf16);
    }
}

/* ---- 8 bits ---- */

/* Least and largest of x [n]; NaN both when one is not finite. Four at a time, which do not wait
 * for each other. */
static mw_vit_range ends_(const float *x, size_t n)
{
    mw_vf lo[4], hi[4], bad[4];
    float least[MW_VL], most[MW_VL], sum[MW_VL];
    size_t i = 0;

    for (int p = 0; p < 4; p++) {
        lo[p] = hi[p] = vf_set(x[0]);
        bad[p] = vf_set(0);
    }
    for (; i + 4 * MW_VL <= n; i += 4 * MW_VL)
        for (int p = 0; p < 4; p++) {
            const mw_vf v = vf_load(x + i + p * MW_VL);

            lo[p] = vf_min(v, lo[p]);
            hi[p] = vf_max(v, hi[p]);
            bad[p] = vf_fma(v, vf_set(0), bad[p]);
        }
    vf_store(least, vf_min(vf_min(lo[0], lo[1]), vf_min(lo[2], lo[3])));
    vf_store(most, vf_max(vf_max(hi[0], hi[1]), vf_max(hi[2], hi[3])));
    vf_store(sum, bad[0] + bad[1] + (bad[2] + bad[3]));
    for (; i < n; i++) {
        least[0] = x[i] < least[0] ? x[i] : least[0];
        most[0] = x[i] > most[0] ? x[i] : most[0];
        sum[0] += x[i] * 0.0f;
    }
    for (int l = 1; l < MW_VL; l++) {
        least[0] = least[l] < least[0] ? least[l] : least[0];
        most[0] = most[l] > most[0] ? most[l] : most[0];
        sum[0] += sum[l];
    }
    if (sum[0] != 0) return (mw_vit_range){ NAN, NAN };
    return (mw_vit_range){ least[0] + 0.0f, most[0] }; /* one zero, not two */
}

/* Adding 1.5 2^23 leaves the integer, rounded half to even, in the low bits. */
static inline void steps_(uint8_t *q, mw_vf x, mw_vf lo, mw_vf scale)
{
    vf_low_bytes(q, vf_fma(x - lo, scale, vf_set(0x1.8p23f)));
}

static mw_vit_range quantise_lanes(const float *x, size_t n, uint8_t *q)
{
    const mw_vit_range ends = ends_(x, n);
    const float range = ends.step - ends.lo;
    const mw_vf lo = vf_set(ends.lo), scale = vf_set(255.0f / range);
    float tail[MW_VL] = { 0 };
    uint8_t last[MW_VL];
    size_t i = 0;

    if (!(range >= 0x1p-100f && range < INFINITY)) {
        const int constant = range < 0x1p-100f;

        memset(q, 0, n);
        return (mw_vit_range){ constant ? ends.lo : NAN, constant ? 0 : NAN };
    }
    for (; i + MW_VL <= n; i += MW_VL)
        steps_(q + i, vf_load(x + i), lo, scale);
    memcpy(tail, x + i, (n - i) * sizeof *x);
    steps_(last, vf_load(tail), lo, scale);
    memcpy(q + i, last, n - i);
    return (mw_vit_range){ ends.lo, range / 255.0f };
}

/* 1 / d for d in [1, 2]: with s = 3 - 2 d, 1 - d p(d) = T3(s) / 99 (Chebyshev) is at most 1 / 99;
 * two of Newton's steps square that twice. Faster than a division. */
static inline mw_vf inverse_(mw_vf d)
{
    mw_vf r = vf_fma(vf_fma(vf_set(32.0f / 99), d, vf_set(-144.0f / 99)), d, vf_set(210.0f / 99));

    r = vf_fma(r, vf_fma(-d, r, vf_set(1)), r);
    return vf_fma(r, vf_fma(-d, r, vf_set(1)), r);
}

/* v / (1 + e^(-1.702 v)), by e^-|1.702 v| on either side. */
static inline mw_vf gelu_(mw_vf v)
{
    const mw_vf a = v * vf_set(-1.702f);
    const mw_vf e = exp_((mw_vf)((mw_vfi)a | INT32_MIN));
    const mw_vf share = inverse_(e + 1.0f);

    return v * vf_pick(a > 0, e * share, share);
}

INLINE mw_vf number_(const mw_vit_sums *s, size_t j, mw_vf lo, mw_vf step, const mw_vit_after after,
                     const float *y)
{
    mw_vfi sum;
    mw_vf v;

    memcpy(&sum, s->sum + j, sizeof sum);
    v = vf_fma(step * vf_load(s->scale + j), __builtin_convertvector(sum, mw_vf),
               vf_fma(lo, vf_load(s->wsum + j), vf_load(s->bias + j)));
    if (after == MW_VIT_ADD) return v + vf_load(y + j);
    return after == MW_VIT_GELU ? gelu_(v) : v;
}

INLINE void finish_(const mw_vit_sums *sums, const mw_vit_after after, float *y)
{
    const mw_vit_sums s = *sums; /* what stores to y cannot change */
    const mw_vf lo = vf_set(s.range.lo), step = vf_set(s.range.step);
    size_t j = 0;

    for (; j + MW_VL <= s.n; j += MW_VL)
        vf_store(y + j, number_(&s, j, lo, step, after, y));
    if (j < s.n) {
        const mw_vf v = number_(&s, j, lo, step, after, y);

        memcpy(y + j, &v, (s.n - j) * sizeof *y);
    }
}

static void finish_lanes(const mw_vit_sums *s, mw_vit_after after, float *y)
{
    if (after == MW_VIT_ADD)
        finish_(s, MW_VIT_ADD, y);
    else if (after == MW_VIT_GELU)
        finish_(s, MW_VIT_GELU, y);
    else
        finish_(s, MW_VIT_WRITE, y);
}

#undef INLINE
