/* SPDX-License-Identifier: Apache-2.0 */
#include "feature/hog.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fmath.h"
#include "base/mem.h"
#include "feature/encoder_class.h"

#define CUT   0.2 /* of a normalised value; Dalal and Triggs, section 6.4 */
#define FLOOR 1.0 /* mean gradient, levels: blocks below it are flat, not full of noise */

/* Key points that lie oddly (a side view, a wrong detection) would turn, enlarge or shrink the
 * patch beyond sense: scales are held against that of the box. */
#define LARGEST_SCALE 3.0

enum { CELLS = MW_HOG_CELLS, BINS = MW_HOG_BINS, CELL_PIXELS = MW_HOG_CELL * MW_HOG_CELL };

typedef double histogram[CELLS][CELLS][BINS];

/* ---- alignment ---- */

static mw_similarity place_of_box(const mw_face *f, int width, int height)
{
    const double w = f->w * width, h = f->h * height, scale = sqrt(w) * sqrt(h) / MW_HOG_SIDE;

    return (mw_similarity){ .a = scale,
                            .tx = f->x * width + w / 2 - scale * MW_HOG_SIDE / 2,
                            .ty = f->y * height + h / 2 - scale * MW_HOG_SIDE / 2 };
}

/* Whether the patch stays in coordinates that pixels can be counted in. */
static int is_placed(const mw_similarity *s)
{
    const double far = 1 << 28;

    return mw_similarity_scale(s) < far / 100 && fabs(s->tx) < far && fabs(s->ty) < far;
}

mw_similarity mw_hog_place(const mw_face *face, int width, int height)
{
    static const double at[3][2] = { { 24, 24 }, { 56, 24 }, { 40, 56 } };
    static const int key[3] = { 0, 1, 3 }; /* right eye, left eye, mouth */
    mw_similarity box = place_of_box(face, width, height), s;
    double to[3][2], scale;

    if (!is_placed(&box)) box = (mw_similarity){ .a = 1 };
    if (!face->has_keys) return box;
    for (int i = 0; i < 3; i++) {
        to[i][0] = face->key[key[i]][0] * width;
        to[i][1] = face->key[key[i]][1] * height;
    }
    s = mw_similarity_fit(at[0], to[0], 3);
    scale = mw_similarity_scale(&s) / mw_similarity_scale(&box);
    return is_placed(&s) && scale > 1 / LARGEST_SCALE && scale < LARGEST_SCALE ? s : box;
}

/* ---- histograms ---- */

/* Two neighbouring bins and the share of the second. */
typedef struct vote {
    int i[2];
    double share;
} vote;

/* Orientations close to a circle. */
static vote vote_for_angle(double gy, double gx)
{
    const double angle = gy < 0 ? mw_angle_upper(-gy, -gx) : mw_angle_upper(gy, gx);
    const double at = angle * (BINS / MW_PI) - 0.5, below = floor(at);
    const int i = ((int)below + BINS) % BINS;

    return (vote){ { i, (i + 1) % BINS }, at - below };
}

/* Cells end at the patch's edges. */
static vote vote_for_place(int pixel)
{
    const double at = (pixel + 0.5) / MW_HOG_CELL - 0.5, below = floor(at);
    const int i = (int)below;

    if (i < 0) return (vote){ { 0, 0 }, 0 };
    if (i >= CELLS - 1) return (vote){ { CELLS - 1, CELLS - 1 }, 0 };
    return (vote){ { i, i + 1 }, at - below };
}

static void add_votes(histogram h, const vote *y, const vote *x, const vote *o, double weight)
{
    for (int k = 0; k < 8; k++) {
        const int b = k >> 2, c = k >> 1 & 1, d = k & 1;
        const double share = (b ? y->share : 1 - y->share) * (c ? x->share : 1 - x->share) *
                             (d ? o->share : 1 - o->share);

        h[y->i[b]][x->i[c]][o->i[d]] += weight * share;
    }
}

/* Mean gradient of each cell by orientation, in levels per two pixels. */
static void count(histogram h, const float *patch)
{
    memset(h, 0, sizeof(histogram));
    for (int y = 0; y < MW_HOG_SIDE; y++) {
        const vote row = vote_for_place(y);

        for (int x = 0; x < MW_HOG_SIDE; x++) {
            const float *p = patch + (y + 1) * MW_HOG_MARGIN + x + 1;
            const double gx = (double)p[1] - p[-1];
            const double gy = (double)p[MW_HOG_MARGIN] - p[-MW_HOG_MARGIN];
            const vote column = vote_for_place(x), angle = vote_for_angle(gy, gx);

            add_votes(h, &row, &column, &angle, sqrt(gx * gx + gy * gy) / CELL_PIXELS);
        }
    }
}

/* ---- blocks ---- */

/* Value k of a block of 2 x 2 cells. */
static double *in_block(histogram h, int r, int c, int k)
{
    return &h[r + k / (2 * BINS)][c + k / BINS % 2][k % BINS];
}

/* Add the normalised block at (r, c) to its cells of sum. */
static void add_block(histogram sum, histogram h, int r, int c)
{
    double v[4 * BINS], before = 0, after = 0, back;

    for (int k = 0; k < 4 * BINS; k++) {
        v[k] = *in_block(h, r, c, k);
        before += v[k] * v[k];
    }
    before += FLOOR * FLOOR;
    for (int k = 0; k < 4 * BINS; k++)
        v[k] /= sqrt(before);
    before = 0;
    for (int k = 0; k < 4 * BINS; k++) {
        const double cut = v[k] > CUT ? CUT : v[k];

        before += v[k] * v[k];
        after += cut * cut;
        v[k] = cut;
    }
    back = after > 0 ? sqrt(before / after) : 0;
    for (int k = 0; k < 4 * BINS; k++)
        *in_block(sum, r, c, k) += v[k] * back;
}

/* Blocks along one side that hold cell i. */
static int blocks_of(int i)
{
    return i == 0 || i == CELLS - 1 ? 1 : 2;
}

static void put_cells(float *row, histogram h)
{
    histogram sum = { { { 0 } } };

    for (int r = 0; r < CELLS - 1; r++)
        for (int c = 0; c < CELLS - 1; c++)
            add_block(sum, h, r, c);
    for (int r = 0; r < CELLS; r++)
        for (int c = 0; c < CELLS; c++)
            for (int o = 0; o < BINS; o++)
                *row++ = (float)(sum[r][c][o] / (blocks_of(r) * blocks_of(c)));
}

/* ---- light ---- */

static double laplacian(const float *p)
{
    return (double)p[-1] + p[1] + p[-MW_HOG_MARGIN] + p[MW_HOG_MARGIN] - 4.0 * p[0];
}

static void put_light(float *row, const float *patch)
{
    const double n = MW_HOG_SIDE * MW_HOG_SIDE;
    double mean[2] = { 0 }, square[2] = { 0 };

    /* two passes: deviations of a bright flat patch would drown in the sum of squares */
    for (int pass = 0; pass < 2; pass++)
        for (int y = 1; y <= MW_HOG_SIDE; y++)
            for (int x = 1; x <= MW_HOG_SIDE; x++) {
                const float *p = patch + y * MW_HOG_MARGIN + x;
                const double v[2] = { p[0], laplacian(p) };

                for (int i = 0; i < 2; i++) {
                    if (!pass)
                        mean[i] += v[i] / n;
                    else
                        square[i] += (v[i] - mean[i]) * (v[i] - mean[i]) / n;
                }
            }
    row[MW_HOG_BRIGHTNESS] = (float)(mean[0] / 255);
    row[MW_HOG_CONTRAST] = (float)(sqrt(square[0]) / 255);
    row[MW_HOG_SHARPNESS] = (float)mw_log(1 + square[1]);
}

void mw_hog(float row[MW_HOG_COLUMNS], const float patch[MW_HOG_MARGIN * MW_HOG_MARGIN])
{
    histogram h;

    count(h, patch);
    put_cells(row, h);
    put_light(row, patch);
}

/* ---- the encoder ---- */

static mw_status open_hog(mw_encoder *e, mw_error *err)
{
    enum { NAME_BYTES = 12 };
    static const char *const light[] = { "brightness", "contrast", "sharpness" };
    const size_t n = MW_HOG_COLUMNS;
    char *memory = mw_calloc(n, sizeof(char *) + NAME_BYTES);
    char **names = (char **)(void *)memory;

    if (!memory) return mw_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const size_t cell = i / BINS;

        names[i] = memory + n * sizeof(char *) + i * NAME_BYTES;
        if (i < MW_HOG_BRIGHTNESS)
            snprintf(names[i], NAME_BYTES, "r%zuc%zu_o%zu", cell / CELLS % 10, cell % CELLS,
                     i % BINS);
        else
            snprintf(names[i], NAME_BYTES, "%s", light[i - MW_HOG_BRIGHTNESS]);
    }
    e->name_memory = memory;
    e->names = (const char *const *)names;
    e->n_columns = n;
    return MW_OK;
}

static mw_status create_hog(void **state, const mw_encoder *e, mw_error *err)
{
    (void)e;
    *state = mw_calloc(MW_HOG_MARGIN * MW_HOG_MARGIN, sizeof(float));
    return *state ? MW_OK : mw_fail_nomem(err);
}

static mw_status push_hog(void *state, const mw_frame *rgb, const mw_face *face,
                          const mw_crop *crop, float *row, mw_error *err)
{
    const mw_similarity s = mw_hog_place(face, rgb->width, rgb->height);
    float *patch = state;

    (void)crop, (void)err;
    mw_similarity_grey(patch, MW_HOG_MARGIN, -1, rgb, &s);
    mw_hog(row, patch);
    return MW_OK;
}

const mw_encoder_class mw_encoder_hog = {
    .name = "hog", .open = open_hog, .create = create_hog, .destroy = mw_free, .push = push_hog
};
