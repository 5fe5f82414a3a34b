/* SPDX-License-Identifier: Apache-2.0
 *
 * After MediaPipe's ssd_anchors, tensors_to_detections and non_max_suppression calculators.
 */
#include "face/decode.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/fmath.h"
#include "base/mem.h"

static void grid(mw_anchors *a, int cells, int per_cell)
{
    for (int y = 0; y < cells; y++)
        for (int x = 0; x < cells; x++)
            for (int k = 0; k < per_cell; k++) {
                a->centre[a->n][0] = ((float)x + 0.5f) / (float)cells;
                a->centre[a->n++][1] = ((float)y + 0.5f) / (float)cells;
            }
}

mw_status mw_anchors_make(mw_anchors *a, int side, mw_error *err)
{
    *a = (mw_anchors){ .side = side };
    a->centre = mw_calloc(MW_FACE_MAX_ANCHORS, sizeof *a->centre);
    if (!a->centre) return mw_fail_nomem(err);
    if (side == 128) {
        grid(a, 16, 2);
        grid(a, 8, 6);
    } else {
        grid(a, 48, 1);
    }
    return MW_OK;
}

void mw_anchors_clear(mw_anchors *a)
{
    mw_free(a->centre);
    *a = (mw_anchors){ 0 };
}

/* Box and key points of one anchor; 0 when the box is inside out. */
static int decode_one(const mw_anchors *a, int i, const float *r, mw_detection *d)
{
    const float side = (float)a->side, cx = a->centre[i][0], cy = a->centre[i][1];
    const float x = r[0] / side + cx, y = r[1] / side + cy, w = r[2] / side, h = r[3] / side;
    const float x0 = x - w / 2.0f, x1 = x + w / 2.0f, y0 = y - h / 2.0f, y1 = y + h / 2.0f;

    d->x = x0;
    d->y = y0;
    d->w = x1 - x0;
    d->h = y1 - y0;
    d->anchor = i;
    d->n_merged = 0;
    for (int k = 0; k < 6; k++) {
        d->key[k][0] = r[4 + 2 * k] / side + cx;
        d->key[k][1] = r[5 + 2 * k] / side + cy;
    }
    return d->w >= 0 && d->h >= 0;
}

size_t mw_decode_faces(const mw_anchors *a, const float *regressors, const float *logits,
                       float threshold, mw_detection *out)
{
    /* Far enough below the threshold that rounding cannot matter: most anchors end here. */
    const float p = threshold, floor = p < 1 ? logf(p / (1 - p)) - 0.01f : 16.0f;
    size_t n = 0;

    for (int i = 0; i < a->n; i++) {
        const float v = logits[i];
        const float clipped = v < -100 ? -100 : v > 100 ? 100 : v;
        float score;

        if (!(v >= floor)) continue;
        score = 1.0f / (1.0f + (float)mw_exp((double)-clipped));
        if (!(score >= threshold)) continue;
        out[n].score = score;
        n += decode_one(a, i, regressors + (size_t)i * MW_FACE_VALUES, &out[n]) ? 1 : 0;
    }
    return n;
}

static float lesser(float a, float b)
{
    return a < b ? a : b;
}

static float greater(float a, float b)
{
    return a > b ? a : b;
}

static float overlap(const mw_detection *a, const mw_detection *b)
{
    const float ax = a->x + a->w, ay = a->y + a->h, bx = b->x + b->w, by = b->y + b->h;
    float both, either;

    if (bx < a->x || ax < b->x || by < a->y || ay < b->y) return 0;
    both = (lesser(ax, bx) - greater(a->x, b->x)) * (lesser(ay, by) - greater(a->y, b->y));
    either = (ax - a->x) * (ay - a->y) + (bx - b->x) * (by - b->y) - both;
    return either > 0 ? both / either : 0;
}

/* By score, descending; anchor order among equals. */
static void sort_by_score(mw_detection *d, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const mw_detection v = d[i];
        size_t j = i;

        for (; j && d[j - 1].score < v.score; j--)
            d[j] = d[j - 1];
        d[j] = v;
    }
}

/* Score-weighted sums of corners and key points. */
typedef struct sums {
    float score, x0, y0, x1, y1, key[6][2];
} sums;

static void add(sums *s, const mw_detection *d)
{
    s->score += d->score;
    s->x0 += d->x * d->score;
    s->y0 += d->y * d->score;
    s->x1 += (d->x + d->w) * d->score;
    s->y1 += (d->y + d->h) * d->score;
    for (int k = 0; k < 6; k++) {
        s->key[k][0] += d->key[k][0] * d->score;
        s->key[k][1] += d->key[k][1] * d->score;
    }
}

static void take_mean(mw_detection *d, const sums *s, int n_merged)
{
    d->n_merged = n_merged;
    if (!n_merged) return;
    d->x = s->x0 / s->score;
    d->y = s->y0 / s->score;
    d->w = s->x1 / s->score - d->x;
    d->h = s->y1 / s->score - d->y;
    for (int k = 0; k < 6; k++) {
        d->key[k][0] = s->key[k][0] / s->score;
        d->key[k][1] = s->key[k][1] / s->score;
    }
}

size_t mw_merge_faces(mw_detection *in, size_t n, mw_detection *out, unsigned char *used)
{
    size_t n_out = 0;

    sort_by_score(in, n);
    memset(used, 0, n);
    for (size_t best = 0; best < n; best++) {
        sums s = { 0 };
        int merged = 0;

        if (used[best]) continue;
        for (size_t i = best; i < n; i++) {
            if (used[i] || !(overlap(&in[i], &in[best]) > 0.3f)) continue;
            add(&s, &in[i]);
            used[i] = 1;
            merged++;
        }
        out[n_out] = in[best];
        take_mean(&out[n_out++], &s, merged);
        /* A box without area overlaps nothing, not even itself: MediaPipe stops there. */
        if (!merged) break;
    }
    return n_out;
}
