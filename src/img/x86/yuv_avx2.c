/* SPDX-License-Identifier: Apache-2.0
 *
 * 32 pixels at a time. Unpacking widens within 128-bit lanes, so 16-bit halves "lo" hold pixels
 * 0-7 and 16-23, "hi" 8-15 and 24-31; packing undoes it. Rows of at least one step end with a step
 * that overlaps the one before at an even pixel; what is left (one column of odd rows, all of short
 * rows) takes the C version.
 */
#include "img/kernels.h"

#include <immintrin.h>

#define STEP 32

static inline __m128i load16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline void store16(uint8_t *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

static inline void store32(uint8_t *p, __m256i v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}

static inline __m256i both_lanes(int8_t a, int8_t b, int8_t c, int8_t d, int8_t e, int8_t f,
                                 int8_t g, int8_t h, int8_t i, int8_t j, int8_t k, int8_t l,
                                 int8_t m, int8_t n, int8_t o, int8_t p)
{
    return _mm256_broadcastsi128_si256(
        _mm_setr_epi8(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p));
}

static inline __m256i pick3(__m256i a, __m256i ma, __m256i b, __m256i mb, __m256i c, __m256i mc)
{
    return _mm256_or_si256(_mm256_or_si256(_mm256_shuffle_epi8(a, ma), _mm256_shuffle_epi8(b, mb)),
                           _mm256_shuffle_epi8(c, mc));
}

/* Three planes of 32 samples to 96 interleaved bytes. Mask n of a plane puts its samples where the
 * n-th 16 of the lane's 48 bytes want them; -1 leaves a zero. */
static inline void store_rgb(uint8_t *rgb, __m256i r, __m256i g, __m256i b)
{
    const __m256i m0 = both_lanes(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5);
    const __m256i m1 = both_lanes(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1);
    const __m256i m2 = both_lanes(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1);
    const __m256i g0 = both_lanes(-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1);
    const __m256i g1 = both_lanes(5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10);
    const __m256i g2 = both_lanes(-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1);
    const __m256i b0 = both_lanes(-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1);
    const __m256i b1 = both_lanes(-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1);
    const __m256i b2 = both_lanes(10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15);
    const __m256i o0 = pick3(r, m0, g, g0, b, b0);
    const __m256i o1 = pick3(r, m1, g, g1, b, b1);
    const __m256i o2 = pick3(r, m2, g, g2, b, b2);

    store32(rgb, _mm256_permute2x128_si256(o0, o1, 0x20));
    store32(rgb + 32, _mm256_blend_epi32(o2, o0, 0xF0));
    store32(rgb + 64, _mm256_permute2x128_si256(o1, o2, 0x31));
}

/* The reverse of store_rgb: mask n of a plane picks from the n-th 16 bytes. */
static inline void load_rgb(const uint8_t *rgb, __m256i *r, __m256i *g, __m256i *b)
{
    const __m256i r0 = both_lanes(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i r1 = both_lanes(-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1);
    const __m256i r2 = both_lanes(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13);
    const __m256i g0 = both_lanes(1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i g1 = both_lanes(-1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1);
    const __m256i g2 = both_lanes(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14);
    const __m256i b0 = both_lanes(2, 5, 8, 11, 14, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i b1 = both_lanes(-1, -1, -1, -1, -1, 1, 4, 7, 10, 13, -1, -1, -1, -1, -1, -1);
    const __m256i b2 = both_lanes(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 3, 6, 9, 12, 15);
    const __m256i i0 = _mm256_setr_m128i(load16(rgb), load16(rgb + 48));
    const __m256i i1 = _mm256_setr_m128i(load16(rgb + 16), load16(rgb + 64));
    const __m256i i2 = _mm256_setr_m128i(load16(rgb + 32), load16(rgb + 80));

    *r = pick3(i0, r0, i1, r1, i2, r2);
    *g = pick3(i0, g0, i1, g1, i2, g2);
    *b = pick3(i0, b0, i1, b1, i2, b2);
}

/* What chroma adds to r, g and b: 16 values of 16 bits each. */
typedef struct chroma_terms {
    __m256i r, g, b;
} chroma_terms;

/* cb8, cr8 [16]: eight times U - 128 and V - 128. */
static inline chroma_terms decode_chroma(__m256i cb8, __m256i cr8, const mw_yuv_to_rgb *c)
{
    const chroma_terms t = { _mm256_mulhi_epi16(cr8, _mm256_set1_epi16(c->crv)),
                             _mm256_add_epi16(_mm256_mulhi_epi16(cb8, _mm256_set1_epi16(c->cgu)),
                                              _mm256_mulhi_epi16(cr8, _mm256_set1_epi16(c->cgv))),
                             _mm256_mulhi_epi16(cb8, _mm256_set1_epi16(c->cbu)) };

    return t;
}

/* 8 (v - offset) in 16 bits. */
static inline __m256i eight_times(__m256i v, int16_t offset)
{
    return _mm256_slli_epi16(_mm256_sub_epi16(v, _mm256_set1_epi16(offset)), 3);
}

/* Luma plus a chroma term repeated for two pixels, clipped. */
static inline __m256i add_chroma(__m256i y_lo, __m256i y_hi, __m256i term)
{
    return _mm256_packus_epi16(_mm256_add_epi16(y_lo, _mm256_unpacklo_epi16(term, term)),
                               _mm256_add_epi16(y_hi, _mm256_unpackhi_epi16(term, term)));
}

static inline void to_rgb_step(uint8_t *rgb, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                               const mw_yuv_to_rgb *c)
{
    const __m256i zero = _mm256_setzero_si256(), cy = _mm256_set1_epi16(c->cy);
    const __m256i luma = _mm256_loadu_si256((const __m256i *)(const void *)y);
    const __m256i lo =
        _mm256_mulhi_epi16(eight_times(_mm256_unpacklo_epi8(luma, zero), c->y_off), cy);
    const __m256i hi =
        _mm256_mulhi_epi16(eight_times(_mm256_unpackhi_epi8(luma, zero), c->y_off), cy);
    const chroma_terms t = decode_chroma(eight_times(_mm256_cvtepu8_epi16(load16(u)), 128),
                                         eight_times(_mm256_cvtepu8_epi16(load16(v)), 128), c);

    store_rgb(rgb, add_chroma(lo, hi, t.r), add_chroma(lo, hi, t.g), add_chroma(lo, hi, t.b));
}

void mw_yuv_to_rgb_avx2(uint8_t *rgb, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                        size_t w, const mw_yuv_to_rgb *c)
{
    const size_t even = w / 2 * 2;
    size_t x = 0;

    if (even >= STEP) {
        for (; x + STEP <= even; x += STEP)
            to_rgb_step(rgb + 3 * x, y + x, u + x / 2, v + x / 2, c);
        x = even - STEP;
        to_rgb_step(rgb + 3 * x, y + x, u + x / 2, v + x / 2, c);
        x = even;
    }
    mw_yuv_to_rgb_c(rgb + 3 * x, y + x, u + x / 2, v + x / 2, w - x, c);
}

static inline __m256i pair(int16_t a, int16_t b)
{
    return _mm256_set1_epi32((int32_t)((uint32_t)(uint16_t)b << 16 | (uint16_t)a));
}

/* (a r + b g + c b + add) >> shift of 8 values, r, g interleaved in rg and b, 0 in b0. */
static inline __m256i weigh(__m256i rg, __m256i b0, __m256i c_rg, __m256i c_b, __m256i add)
{
    return _mm256_add_epi32(
        _mm256_add_epi32(_mm256_madd_epi16(rg, c_rg), _mm256_madd_epi16(b0, c_b)), add);
}

/* Sums of pairs of neighbours in both rows: 16 values of 16 bits, in order. */
static inline __m256i sum4(__m256i row0, __m256i row1)
{
    const __m256i one = _mm256_set1_epi8(1);

    return _mm256_add_epi16(_mm256_maddubs_epi16(row0, one), _mm256_maddubs_epi16(row1, one));
}

/* 16 chroma values less 128, of 16 bits, from the sums. */
static inline __m256i encode_chroma(__m256i r, __m256i g, __m256i b, __m256i c_rg, __m256i c_b,
                                    __m256i add)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i lo =
        weigh(_mm256_unpacklo_epi16(r, g), _mm256_unpacklo_epi16(b, zero), c_rg, c_b, add);
    const __m256i hi =
        weigh(_mm256_unpackhi_epi16(r, g), _mm256_unpackhi_epi16(b, zero), c_rg, c_b, add);

    return _mm256_packs_epi32(_mm256_srai_epi32(lo, 17), _mm256_srai_epi32(hi, 17));
}

static inline void store_chroma(uint8_t *p, __m256i v)
{
    const __m256i v8 = _mm256_add_epi16(v, _mm256_set1_epi16(128));

    store16(p, _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi16(v8, v8), 0x08)));
}

/* 16 pixels, halves of 8 in 16 bits, to luma in 16 bits. add: [8] of 32 bits, one per chroma. */
static inline __m256i encode_luma16(__m256i r, __m256i g, __m256i b, __m256i add,
                                    const mw_rgb_to_yuv *c)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i c_rg = pair(c->yr, c->yg), c_b = pair(c->yb, 0);
    const __m256i lo = weigh(_mm256_unpacklo_epi16(r, g), _mm256_unpacklo_epi16(b, zero), c_rg, c_b,
                             _mm256_unpacklo_epi32(add, add));
    const __m256i hi = weigh(_mm256_unpackhi_epi16(r, g), _mm256_unpackhi_epi16(b, zero), c_rg, c_b,
                             _mm256_unpackhi_epi32(add, add));

    return _mm256_packs_epi32(_mm256_srai_epi32(lo, 15), _mm256_srai_epi32(hi, 15));
}

static inline __m256i encode_luma(const __m256i p[3], __m256i add_lo, __m256i add_hi,
                                  const mw_rgb_to_yuv *c)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i lo =
        encode_luma16(_mm256_unpacklo_epi8(p[0], zero), _mm256_unpacklo_epi8(p[1], zero),
                      _mm256_unpacklo_epi8(p[2], zero), add_lo, c);
    const __m256i hi =
        encode_luma16(_mm256_unpackhi_epi8(p[0], zero), _mm256_unpackhi_epi8(p[1], zero),
                      _mm256_unpackhi_epi8(p[2], zero), add_hi, c);

    return _mm256_packus_epi16(lo, hi);
}

static inline void to_yuv_step(uint8_t *y0, uint8_t *y1, uint8_t *u, uint8_t *v,
                               const uint8_t *rgb0, const uint8_t *rgb1, const mw_rgb_to_yuv *c)
{
    const __m256i zero = _mm256_setzero_si256(), y_add = _mm256_set1_epi32(c->y_add);
    const __m256i c_rg = pair((int16_t)-c->yr, (int16_t)-c->yg), c_b = pair((int16_t)-c->yb, 0);
    __m256i p0[3], p1[3], r, g, b, cb, cr, add_lo, add_hi;
    chroma_terms t;

    load_rgb(rgb0, &p0[0], &p0[1], &p0[2]);
    load_rgb(rgb1, &p1[0], &p1[1], &p1[2]);
    r = sum4(p0[0], p1[0]);
    g = sum4(p0[1], p1[1]);
    b = sum4(p0[2], p1[2]);
    cb = encode_chroma(r, g, b, pair(c->ur, c->ug), pair(c->ub, 0), _mm256_set1_epi32(c->u_add));
    cr = encode_chroma(r, g, b, pair(c->vr, c->vg), pair(c->vb, 0), _mm256_set1_epi32(c->v_add));
    store_chroma(u, cb);
    store_chroma(v, cr);
    t = decode_chroma(_mm256_slli_epi16(cb, 3), _mm256_slli_epi16(cr, 3), &c->back);
    add_lo =
        weigh(_mm256_unpacklo_epi16(t.r, t.g), _mm256_unpacklo_epi16(t.b, zero), c_rg, c_b, y_add);
    add_hi =
        weigh(_mm256_unpackhi_epi16(t.r, t.g), _mm256_unpackhi_epi16(t.b, zero), c_rg, c_b, y_add);
    store32(y0, encode_luma(p0, add_lo, add_hi, c));
    store32(y1, encode_luma(p1, add_lo, add_hi, c));
}

void mw_rgb_to_yuv_avx2(uint8_t *y0, uint8_t *y1, uint8_t *u, uint8_t *v, const uint8_t *rgb0,
                        const uint8_t *rgb1, size_t w, const mw_rgb_to_yuv *c)
{
    const size_t even = w / 2 * 2;
    size_t x = 0;

    if (even >= STEP) {
        for (; x + STEP <= even; x += STEP)
            to_yuv_step(y0 + x, y1 + x, u + x / 2, v + x / 2, rgb0 + 3 * x, rgb1 + 3 * x, c);
        x = even - STEP;
        to_yuv_step(y0 + x, y1 + x, u + x / 2, v + x / 2, rgb0 + 3 * x, rgb1 + 3 * x, c);
        x = even;
    }
    mw_rgb_to_yuv_c(y0 + x, y1 + x, u + x / 2, v + x / 2, rgb0 + 3 * x, rgb1 + 3 * x, w - x, c);
}
