/* SPDX-License-Identifier: Apache-2.0
 *
 * The planar kernels over vectors of LANES floats. The including file defines
 *   V, LANES, LOAD, STORE, SET1, ADD, MUL, MAX, ZERO, FMA(a, b, c) = a b + c,
 *   STORE_SOME(p, v, n) for the first n lanes,
 *   M, LANES_FROM_TO(a, b), LOAD_MASK(p, m): lanes outside read 0 and are not touched,
 *   SPLIT(a, b, even, odd): the even and odd samples of 2 LANES in order, MERGE its inverse,
 *   DENSE_VECTORS, STEM_VECTORS: vectors of pixels per register block.
 */

/* ---- 1x1, sparse weights: BLOCK vectors of pixels at a time ---- */

static inline V finish_(V v, const float *residual, int relu)
{
    if (residual) v = ADD(v, LOAD(residual));
    return relu ? MAX(v, ZERO) : v;
}

/* Where a 1x1 convolution runs. residual is y or anything valid when there is none. */
typedef struct run_ {
    const float *x, *residual;
    float *y;
    size_t x_pitch, pitch;
    int n_residual;
} run_;

/* n vectors of pixels from p; n a constant after inlining. */
static inline __attribute__((always_inline)) void sparse_block(const mw_pointwise *w, const run_ *r,
                                                               size_t p, int n)
{
    for (int o = 0; o < w->oc; o++) {
        const size_t at = (size_t)o * r->pitch + p;
        const float *residual = o < r->n_residual ? r->residual + at : NULL;
        V sum[8];

        for (int b = 0; b < n; b++)
            sum[b] = SET1(w->bias[o]);
        for (uint32_t k = w->start[o]; k < w->start[o + 1]; k++) {
            const V v = SET1(w->value[k]);
            const float *from = r->x + w->channel[k] * r->x_pitch + p;

            for (int b = 0; b < n; b++)
                sum[b] = FMA(v, LOAD(from + b * LANES), sum[b]);
        }
        for (int b = 0; b < n; b++)
            STORE(r->y + at + b * LANES,
                  finish_(sum[b], residual ? residual + b * LANES : NULL, w->relu));
    }
}

/* Blocks of at most eight vectors, as equal as they come: short ones leave the adders idle. */
static void sparse_lanes(const mw_pointwise *w, const float *x, size_t x_pitch,
                         const float *residual, int n_residual, float *y, size_t pitch, size_t n)
{
    const run_ r = { x, n_residual ? residual : y, y, x_pitch, pitch, n_residual };
    size_t left = n / LANES, p = 0;

    while (left) {
        const size_t blocks = (left + 7) / 8, size = (left + blocks - 1) / blocks;

        switch (size) {
        case 8:
            sparse_block(w, &r, p, 8);
            break;
        case 7:
            sparse_block(w, &r, p, 7);
            break;
        case 6:
            sparse_block(w, &r, p, 6);
            break;
        case 5:
            sparse_block(w, &r, p, 5);
            break;
        case 4:
            sparse_block(w, &r, p, 4);
            break;
        case 3:
            sparse_block(w, &r, p, 3);
            break;
        case 2:
            sparse_block(w, &r, p, 2);
            break;
        default:
            sparse_block(w, &r, p, 1);
            break;
        }
        left -= size;
        p += size * LANES;
    }
}

/* ---- 1x1, dense weights: 4 outputs by n vectors of pixels ---- */

static inline __attribute__((always_inline)) void dense_block(const mw_pointwise *w, const run_ *r,
                                                              size_t p, int n)
{
    for (int o = 0; o < w->oc; o += 4) {
        const float *f = w->dense + (size_t)o * (size_t)w->ic;
        const int m = w->oc - o < 4 ? w->oc - o : 4;
        V sum[4][4];

        for (int i = 0; i < 4; i++)
            for (int b = 0; b < n; b++)
                sum[i][b] = SET1(w->bias[o + i]);
        for (int c = 0; c < w->ic; c++, f += 4) {
            const float *from = r->x + (size_t)c * r->x_pitch + p;
            V v[4];

            for (int b = 0; b < n; b++)
                v[b] = LOAD(from + b * LANES);
            for (int i = 0; i < 4; i++)
                for (int b = 0; b < n; b++)
                    sum[i][b] = FMA(SET1(f[i]), v[b], sum[i][b]);
        }
        for (int i = 0; i < m; i++) {
            const size_t at = (size_t)(o + i) * r->pitch + p;
            const float *residual = o + i < r->n_residual ? r->residual + at : NULL;

            for (int b = 0; b < n; b++)
                STORE(r->y + at + b * LANES,
                      finish_(sum[i][b], residual ? residual + b * LANES : NULL, w->relu));
        }
    }
}

static void dense_lanes(const mw_pointwise *w, const float *x, size_t x_pitch,
                        const float *residual, int n_residual, float *y, size_t pitch, size_t n)
{
    const run_ r = { x, n_residual ? residual : y, y, x_pitch, pitch, n_residual };
    size_t left = n / LANES, p = 0;

    while (left) {
        const size_t blocks = (left + DENSE_VECTORS - 1) / DENSE_VECTORS;
        const size_t size = (left + blocks - 1) / blocks;

        switch (size) {
        case 1:
            dense_block(w, &r, p, 1);
            break;
        case 2:
            dense_block(w, &r, p, 2);
            break;
        case 3:
            dense_block(w, &r, p, DENSE_VECTORS < 3 ? 1 : 3);
            break;
        default:
            dense_block(w, &r, p, DENSE_VECTORS < 4 ? 1 : 4);
            break;
        }
        left -= size;
        p += size * LANES;
    }
}

/* ---- windows ---- */

static inline void store_row(float *y, V v, int left)
{
    if (left >= LANES)
        STORE(y, v);
    else
        STORE_SOME(y, v, left);
}

/* Lanes whose column from + lane * 1 lies in the map. */
static inline M columns_(int from, int n)
{
    return LANES_FROM_TO(from < 0 ? -from : 0, n - from < 0       ? 0
                                               : n - from > LANES ? LANES
                                                                  : n - from);
}

/* The three shifted vectors of an input row, zeros outside the map. */
#define TAPS_OF_ROW(row, a, b, c)                                                                  \
    V a = ZERO, b = ZERO, c = ZERO;                                                                \
    if ((row) >= 0 && (row) < w->ih) {                                                             \
        const float *p_ = x + (ptrdiff_t)(row)*w->iw + c0;                                         \
                                                                                                   \
        a = LOAD_MASK(p_, m0);                                                                     \
        b = LOAD_MASK(p_ + 1, m1);                                                                 \
        c = LOAD_MASK(p_ + 2, m2);                                                                 \
    }

#define THREE(k, a, b, c, sum) FMA(f[(k) + 2], c, FMA(f[(k) + 1], b, FMA(f[k], a, sum)))

/* Stride 1, a strip of LANES columns from ox: rows oy .. oy + n - 1 in pairs, which share half of
 * their input. y points at row oy. */
static inline void strip_1(const mw_window *w, const V *f, V bias, const float *x, float *y, int ox,
                           int oy, int n)
{
    const int c0 = ox - w->pad_left, left = w->ow - ox;
    const M m0 = columns_(c0, w->iw), m1 = columns_(c0 + 1, w->iw), m2 = columns_(c0 + 2, w->iw);

    for (int r = 0; r < n; r += 2, y += 2 * w->ow) {
        const int iy = oy + r - w->pad_top;
        TAPS_OF_ROW(iy, a0, b0, d0)
        TAPS_OF_ROW(iy + 1, a1, b1, d1)
        TAPS_OF_ROW(iy + 2, a2, b2, d2)
        V sum = THREE(6, a2, b2, d2, THREE(3, a1, b1, d1, THREE(0, a0, b0, d0, bias)));

        store_row(y + ox, finish_(sum, NULL, w->relu), left);
        if (r + 1 < n) {
            TAPS_OF_ROW(iy + 3, a3, b3, d3)

            sum = THREE(6, a3, b3, d3, THREE(3, a2, b2, d2, THREE(0, a1, b1, d1, bias)));
            store_row(y + w->ow + ox, finish_(sum, NULL, w->relu), left);
        }
    }
}

/* Stride 2: the columns of taps 0 and 1 are the even and odd samples from c0, those of tap 2 the
 * even ones from c0 + 2. */
static inline void strip_2(const mw_window *w, const V *f, V bias, const float *x, float *y, int ox,
                           int oy, int n)
{
    const int c0 = 2 * ox - w->pad_left;
    const M m0 = columns_(c0, w->iw), m1 = columns_(c0 + LANES, w->iw);
    const M n0 = columns_(c0 + 2, w->iw), n1 = columns_(c0 + 2 + LANES, w->iw);

    for (int r = 0; r < n; r++, y += w->ow) {
        V sum = bias;

        for (int k = 0; k < 3; k++) {
            const int iy = 2 * (oy + r) + k - w->pad_top;
            const float *p = x + (ptrdiff_t)iy * w->iw + c0;
            V even, odd, next, unused;

            if (iy < 0 || iy >= w->ih) continue;
            SPLIT(LOAD_MASK(p, m0), LOAD_MASK(p + LANES, m1), even, odd);
            SPLIT(LOAD_MASK(p + 2, n0), LOAD_MASK(p + 2 + LANES, n1), next, unused);
            (void)unused;
            sum = THREE(3 * k, even, odd, next, sum);
        }
        store_row(y + ox, finish_(sum, NULL, w->relu), w->ow - ox);
    }
}

static void depthwise_lanes(const mw_window *w, const float *x, float *y, size_t pitch, int oy,
                            int n_rows)
{
    const size_t in = mw_planar_pitch(w->ih, w->iw);

    for (int c = 0; c < w->oc; c++) {
        const float *from = x + (size_t)c * in;
        float *to = y + (size_t)c * pitch;
        V f[9];

        for (int k = 0; k < 9; k++)
            f[k] = SET1(w->weights[9 * c + k]);
        for (int ox = 0; ox < w->ow; ox += LANES) {
            if (w->stride == 1)
                strip_1(w, f, SET1(w->bias[c]), from, to, ox, oy, n_rows);
            else
                strip_2(w, f, SET1(w->bias[c]), from, to, ox, oy, n_rows);
        }
    }
}

/* Eight outputs by n vectors of pixels from ox in row oy. */
static inline __attribute__((always_inline)) void
stem_block(const mw_window *w, const float *scratch, float *y, int oy, int ox, int n)
{
    const size_t out = mw_planar_pitch(w->oh, w->ow), row = mw_stem_row(w),
                 plane = mw_stem_plane(w);
    const size_t n_taps = (size_t)w->k * (size_t)w->k * (size_t)w->ic;

    for (int o = 0; o < w->oc; o += 8) {
        const float *f = w->weights + (size_t)o * n_taps;
        const int m = w->oc - o < 8 ? w->oc - o : 8;
        V sum[8][2];

        for (int i = 0; i < 8; i++)
            for (int b = 0; b < n; b++)
                sum[i][b] = SET1(w->bias[o + i]);
        for (int ky = 0; ky < w->k; ky++)
            for (int c = 0; c < w->ic; c++) {
                const float *from = scratch + (size_t)c * plane +
                                    (size_t)(2 * oy + ky + w->k - w->pad_top) * row + ox;

                for (int kx = 0; kx < w->k; kx++, f += 8) {
                    const float *p = from + mw_stem_column(kx - w->pad_left, row);
                    V v[2];

                    for (int b = 0; b < n; b++)
                        v[b] = LOAD(p + b * LANES);
                    for (int i = 0; i < 8; i++)
                        for (int b = 0; b < n; b++)
                            sum[i][b] = FMA(SET1(f[i]), v[b], sum[i][b]);
                }
            }
        for (int i = 0; i < m; i++)
            for (int b = 0; b < n; b++) {
                const int at = ox + b * LANES;

                if (at < w->ow)
                    store_row(y + (size_t)(o + i) * out + (size_t)oy * (size_t)w->ow + (size_t)at,
                              finish_(sum[i][b], NULL, w->relu), w->ow - at);
            }
    }
}

static void stem_lanes(const mw_window *w, const float *x, float *y)
{
    for (int oy = 0; oy < w->oh; oy++)
        for (int ox = 0; ox < w->ow; ox += STEM_VECTORS * LANES)
            stem_block(w, x, y, oy, ox, STEM_VECTORS);
}

/* Channel c of 16 pixels of three bytes (a, b, c: 48 bytes), even pixels in the lower half. */
static inline __m128i channel_of_16(__m128i a, __m128i b, __m128i c, int channel)
{
    static const int8_t from[3][3][16] = {
        { { 0, 6, 12, -1, -1, -1, -1, -1, 3, 9, 15, -1, -1, -1, -1, -1 },
          { -1, -1, -1, 2, 8, 14, -1, -1, -1, -1, -1, 5, 11, -1, -1, -1 },
          { -1, -1, -1, -1, -1, -1, 4, 10, -1, -1, -1, -1, -1, 1, 7, 13 } },
        { { 1, 7, 13, -1, -1, -1, -1, -1, 4, 10, -1, -1, -1, -1, -1, -1 },
          { -1, -1, -1, 3, 9, 15, -1, -1, -1, -1, 0, 6, 12, -1, -1, -1 },
          { -1, -1, -1, -1, -1, -1, 5, 11, -1, -1, -1, -1, -1, 2, 8, 14 } },
        { { 2, 8, 14, -1, -1, -1, -1, -1, 5, 11, -1, -1, -1, -1, -1, -1 },
          { -1, -1, -1, 4, 10, -1, -1, -1, -1, -1, 1, 7, 13, -1, -1, -1 },
          { -1, -1, -1, -1, -1, 0, 6, 12, -1, -1, -1, -1, -1, 3, 9, 15 } }
    };
    const __m128i *m = (const __m128i *)(const void *)from[channel];

    return _mm_or_si128(_mm_or_si128(_mm_shuffle_epi8(a, _mm_loadu_si128(m)),
                                     _mm_shuffle_epi8(b, _mm_loadu_si128(m + 1))),
                        _mm_shuffle_epi8(c, _mm_loadu_si128(m + 2)));
}

static inline void store_8(float *to, __m128i bytes, __m256 scale, __m256 offset)
{
    const __m256 v = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));

    _mm256_storeu_ps(to, _mm256_add_ps(_mm256_mul_ps(v, scale), offset));
}

static void stem_input_lanes(const mw_window *w, const uint8_t *bytes, float scale, float offset,
                             float *split)
{
    const size_t row = mw_stem_row(w), plane = mw_stem_plane(w);
    const __m256 s = _mm256_set1_ps(scale), t = _mm256_set1_ps(offset);

    if (w->ic != 3 || w->iw % 16) {
        mw_planar_c.input(w, bytes, scale, offset, split);
        return;
    }
    for (int y = 0; y < w->ih; y++)
        for (int x = 0; x < w->iw; x += 16, bytes += 48) {
            const __m128i *p = (const __m128i *)(const void *)bytes;
            const __m128i a = _mm_loadu_si128(p), b = _mm_loadu_si128(p + 1),
                          c = _mm_loadu_si128(p + 2);
            float *to = split + (size_t)(y + w->k) * row + MW_PLANAR_MARGIN + x / 2;

            for (int k = 0; k < 3; k++) {
                const __m128i v = channel_of_16(a, b, c, k);

                store_8(to + (size_t)k * plane, v, s, t);
                store_8(to + (size_t)k * plane + row / 2, _mm_unpackhi_epi64(v, v), s, t);
            }
        }
}

static void max_pool_lanes(const mw_window *w, const float *x, float *y)
{
    const size_t in = mw_planar_pitch(w->ih, w->iw), out = mw_planar_pitch(w->oh, w->ow);

    for (int c = 0; c < w->oc; c++)
        for (int oy = 0; oy < w->oh; oy++) {
            const float *p = x + (size_t)c * in + (size_t)(2 * oy) * (size_t)w->iw, *q = p + w->iw;
            float *to = y + (size_t)c * out + (size_t)oy * (size_t)w->ow;
            int ox = 0;

            for (; ox + LANES <= w->ow; ox += LANES) {
                V e, o;

                SPLIT(MAX(LOAD(p + 2 * ox), LOAD(q + 2 * ox)),
                      MAX(LOAD(p + 2 * ox + LANES), LOAD(q + 2 * ox + LANES)), e, o);
                STORE(to + ox, MAX(e, o));
            }
            for (; ox < w->ow; ox++) {
                const float a = p[2 * ox] > q[2 * ox] ? p[2 * ox] : q[2 * ox];
                const float b = p[2 * ox + 1] > q[2 * ox + 1] ? p[2 * ox + 1] : q[2 * ox + 1];

                to[ox] = a > b ? a : b;
            }
        }
}

/* ---- doubling ---- */

/* Vertical mix of two rows into mixed [w] (its neighbours repeat the ends), then the horizontal
 * one. mixed - 1 and up to 2 LANES beyond w may be written. */
static void resize_row(const float *near, const float *other, int w, float *mixed, float *y,
                       const float *residual, int relu)
{
    const V most = SET1(0.75f), rest = SET1(0.25f);
    int i = 0;

    for (; i + LANES <= w; i += LANES)
        STORE(mixed + i, FMA(LOAD(near + i), most, MUL(LOAD(other + i), rest)));
    if (i < w) {
        const M m = LANES_FROM_TO(0, w - i);

        STORE(mixed + i, FMA(LOAD_MASK(near + i, m), most, MUL(LOAD_MASK(other + i, m), rest)));
    }
    mixed[-1] = mixed[0];
    mixed[w] = mixed[w - 1];
    for (i = 0; i < w; i += LANES) {
        const V c = MUL(LOAD(mixed + i), most);
        const V even = FMA(LOAD(mixed + i - 1), rest, c), odd = FMA(LOAD(mixed + i + 1), rest, c);
        const int left = 2 * (w - i);
        V v[2];

        MERGE(even, odd, v[0], v[1]);
        for (int b = 0; b < 2; b++) {
            const int n = left - b * LANES;
            const ptrdiff_t at = 2 * i + b * LANES;

            if (n <= 0) break;
            if (residual)
                v[b] = ADD(v[b], LOAD_MASK(residual + at, LANES_FROM_TO(0, n > LANES ? LANES : n)));
            if (relu) v[b] = MAX(v[b], ZERO);
            store_row(y + at, v[b], n);
        }
    }
}

static void resize_lanes(const mw_window *w, const float *x, const float *residual, float *y,
                         float *scratch)
{
    const size_t in = mw_planar_pitch(w->ih, w->iw), out = mw_planar_pitch(2 * w->ih, 2 * w->iw);

    for (int c = 0; c < w->oc; c++)
        for (int oy = 0; oy < 2 * w->ih; oy++) {
            const size_t at = (size_t)c * out + (size_t)oy * 2 * (size_t)w->iw;
            const float *near = x + (size_t)c * in + (size_t)(oy / 2) * (size_t)w->iw;

            resize_row(near, near + (ptrdiff_t)mw_planar_other(oy, w->ih) * w->iw, w->iw,
                       scratch + MW_PLANAR_MARGIN, y + at, residual ? residual + at : NULL,
                       w->relu);
        }
}

static void add_lanes(const float *a, const float *b, float *y, size_t n, int relu)
{
    for (size_t i = 0; i < n; i += LANES) {
        const V v = ADD(LOAD(a + i), LOAD(b + i));

        STORE(y + i, relu ? MAX(v, ZERO) : v);
    }
}
