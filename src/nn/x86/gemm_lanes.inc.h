/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix product over vectors of LANES floats. A tile of rows times vectors of c stays in registers
 * while a stretch of k passes; the stretch is short enough for its piece of b to stay in the first
 * cache under all tiles. The including file defines
 *   V, LANES, LOAD, STORE, SET1, ZERO, FMA(a, b, c) = a b + c,
 *   M, FIRST(n): the first n lanes, LOAD_MASK(p, m), STORE_MASK(p, m, v),
 *   WIDE: vectors of c in a tile, WIDE_ROWS: its rows; narrow tiles have NARROW_ROWS.
 */

enum { STRETCH = 128 };

typedef struct tile_ {
    const float *a, *b;
    float *c;
    size_t a_row, a_col, ldb, ldc, k;
    int add;
    M mask; /* of the last vector, when it is not whole */
} tile_;

static inline __attribute__((always_inline)) void tile_run(const tile_ *t, const int rows,
                                                           const int vectors, const int whole)
{
    const float *a = t->a, *b = t->b;
    V sum[NARROW_ROWS][WIDE];

    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            const float *c = t->c + (size_t)r * t->ldc + v * LANES;

            sum[r][v] = !t->add ? ZERO : whole ? LOAD(c) : LOAD_MASK(c, t->mask);
        }
    }
    for (size_t k = 0; k < t->k; k++, a += t->a_col, b += t->ldb) {
        V right[WIDE];

        for (int v = 0; v < vectors; v++)
            right[v] = whole ? LOAD(b + v * LANES) : LOAD_MASK(b, t->mask);
        for (int r = 0; r < rows; r++) {
            const V left = SET1(a[(size_t)r * t->a_row]);

            for (int v = 0; v < vectors; v++)
                sum[r][v] = FMA(left, right[v], sum[r][v]);
        }
    }
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) {
            float *c = t->c + (size_t)r * t->ldc + v * LANES;

            if (whole)
                STORE(c, sum[r][v]);
            else
                STORE_MASK(c, t->mask, sum[r][v]);
        }
    }
}

#define TILE(n, vectors, whole)                                                                    \
    case n:                                                                                        \
        tile_run(t, n, vectors, whole);                                                            \
        break;

static void wide_tile(const tile_ *t, size_t rows)
{
    switch (rows) {
        TILE(1, WIDE, 1)
        TILE(2, WIDE, 1)
        TILE(3, WIDE, 1)
        TILE(4, WIDE, 1)
        TILE(5, WIDE, 1)
        TILE(6, WIDE, 1)
    }
}

#define NARROW(name, vectors, whole)                                                               \
    static void name(const tile_ *t, size_t rows)                                                  \
    {                                                                                              \
        switch (rows) {                                                                            \
            TILE(1, vectors, whole)                                                                \
            TILE(2, vectors, whole)                                                                \
            TILE(3, vectors, whole)                                                                \
            TILE(4, vectors, whole)                                                                \
            TILE(5, vectors, whole)                                                                \
            TILE(6, vectors, whole)                                                                \
            TILE(7, vectors, whole)                                                                \
            TILE(8, vectors, whole)                                                                \
            TILE(9, vectors, whole)                                                                \
            TILE(10, vectors, whole)                                                               \
            TILE(11, vectors, whole)                                                               \
            TILE(12, vectors, whole)                                                               \
        }                                                                                          \
    }

NARROW(narrow_tile, 1, 1)
NARROW(edge_tile, 1, 0)

/* All rows of one column of tiles, in tiles as equal as they come. */
static void column(tile_ t, size_t m, size_t max_rows, void (*run)(const tile_ *, size_t))
{
    size_t tiles = (m + max_rows - 1) / max_rows;

    for (size_t left = m; left; tiles--) {
        const size_t rows = (left + tiles - 1) / tiles;

        run(&t, rows);
        t.a += rows * t.a_row;
        t.c += rows * t.ldc;
        left -= rows;
    }
}

static void gemm_lanes(const mw_gemm_shape *s, const float *a, const float *b, float *c)
{
    size_t k = 0;

    do {
        const size_t n_k = s->k - k < STRETCH ? s->k - k : STRETCH;
        tile_ t = { .a = a + k * s->a_col,
                    .a_row = s->a_row,
                    .a_col = s->a_col,
                    .ldb = s->ldb,
                    .ldc = s->ldc,
                    .k = n_k,
                    .add = s->add || k };
        size_t j = 0;

        for (; j < s->n; j += (size_t)LANES) {
            const size_t left = s->n - j;

            t.b = b + k * s->ldb + j;
            t.c = c + j;
            if (left >= (size_t)WIDE * LANES) {
                column(t, s->m, WIDE_ROWS, wide_tile);
                j += (size_t)(WIDE - 1) * LANES;
            } else if (left >= LANES) {
                column(t, s->m, NARROW_ROWS, narrow_tile);
            } else {
                t.mask = FIRST((int)left);
                column(t, s->m, NARROW_ROWS, edge_tile);
            }
        }
        k += n_k;
    } while (k < s->k);
}
