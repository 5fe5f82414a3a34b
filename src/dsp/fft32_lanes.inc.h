/* SPDX-License-Identifier: Apache-2.0
 *
 * The transform of fft32.h, compiled once per CPU level with its MW_VL. Split-radix decimation in
 * frequency: "straight" blocks carry plain data, "twisted" blocks data that still has to be turned
 * by a quarter step; both split into quarters a, b, c, d and recurse in place. r and i point at a
 * block of n complex points, rows of MW_LANES floats, already moved to this group of lanes.
 */

typedef struct cv {
    mw_vf r, i;
} cv;

static inline cv get(const float *r, const float *i, size_t row)
{
    return (cv){ vf_load(r + row * MW_LANES), vf_load(i + row * MW_LANES) };
}

static inline void put(float *r, float *i, size_t row, cv z)
{
    vf_store(r + row * MW_LANES, z.r);
    vf_store(i + row * MW_LANES, z.i);
}

static inline cv add(cv a, cv b)
{
    return (cv){ a.r + b.r, a.i + b.i };
}

static inline cv sub(cv a, cv b)
{
    return (cv){ a.r - b.r, a.i - b.i };
}

/* a + i b, a - i b */
static inline cv add_i(cv a, cv b)
{
    return (cv){ a.r - b.i, a.i + b.r };
}

static inline cv sub_i(cv a, cv b)
{
    return (cv){ a.r + b.i, a.i - b.r };
}

static inline cv turn(float c, float s, cv z)
{
    return (cv){ c * z.r - s * z.i, c * z.i + s * z.r };
}

/* (-s z_r + c z_i, -s z_i - c z_r) */
static inline cv turn_back(float c, float s, cv z)
{
    return (cv){ c * z.i - s * z.r, -(s * z.i) - c * z.r };
}

static void twisted(const mw_fft32 *f, float *r, float *i, size_t n, int log2_n);

static inline void straight_split(float *r, float *i, size_t m, size_t p, cv *plus, cv *minus)
{
    const cv a = get(r, i, p), b = get(r, i, m + p), c = get(r, i, 2 * m + p),
             d = get(r, i, 3 * m + p);
    const cv u = add(a, c), v = sub(a, c), w = add(b, d), t = sub(b, d);

    put(r, i, p, add(u, w));
    put(r, i, m + p, sub(u, w));
    *plus = add_i(v, t);
    *minus = sub_i(v, t);
}

static void straight(const mw_fft32 *f, float *r, float *i, size_t n, int log2_n)
{
    const size_t m = n / 4, e = n / 8;
    const mw_fft32_row *row = f->stage[log2_n].straight;
    cv x, y;

    if (n == 1) return;
    if (n == 2) {
        x = get(r, i, 0), y = get(r, i, 1);
        put(r, i, 0, add(x, y));
        put(r, i, 1, sub(x, y));
        return;
    }
    straight_split(r, i, m, 0, &x, &y);
    put(r, i, 2 * m, x);
    put(r, i, 3 * m, y);
    for (size_t p = 1; p < e; p++) {
        const mw_fft32_row t = row[p];

        straight_split(r, i, m, p, &x, &y);
        put(r, i, 2 * m + p, turn(t.c1, t.s1, x));
        put(r, i, 3 * m + p, turn(t.c3, t.s3, y));
        straight_split(r, i, m, m - p, &x, &y);
        put(r, i, 3 * m - p, turn(t.s1, t.c1, x));
        put(r, i, 4 * m - p, turn_back(t.c3, t.s3, y));
    }
    if (e) {
        straight_split(r, i, m, e, &x, &y);
        put(r, i, 2 * m + e, (cv){ f->r45 * (x.r - x.i), f->r45 * (x.i + x.r) });
        put(r, i, 3 * m + e, (cv){ -f->r45 * (y.r + y.i), -f->r45 * (y.i - y.r) });
    }
    straight(f, r, i, m, log2_n - 2);
    twisted(f, r + m * MW_LANES, i + m * MW_LANES, m, log2_n - 2);
    straight(f, r + 2 * m * MW_LANES, i + 2 * m * MW_LANES, m, log2_n - 2);
    straight(f, r + 3 * m * MW_LANES, i + 3 * m * MW_LANES, m, log2_n - 2);
}

static inline void twisted_split(const float *r, const float *i, size_t m, size_t p, cv x[4])
{
    const cv a = get(r, i, p), b = get(r, i, m + p), c = get(r, i, 2 * m + p),
             d = get(r, i, 3 * m + p);

    x[0] = add_i(a, c), x[1] = sub_i(a, c);
    x[2] = add_i(b, d), x[3] = sub_i(b, d);
}

static inline void twisted_join(float *r, float *i, size_t m, size_t p, cv y0, cv y2, cv y4, cv y6)
{
    put(r, i, p, add(y0, y2));
    put(r, i, m + p, sub(y0, y2));
    put(r, i, 2 * m + p, add(y4, y6));
    put(r, i, 3 * m + p, sub(y4, y6));
}

static void twisted_rows(const mw_fft32_row *row, float *r, float *i, size_t m, size_t p0,
                         size_t p1)
{
    for (size_t p = p0; p < p1; p++) {
        const mw_fft32_row t = row[p];
        cv x[4];

        twisted_split(r, i, m, p, x);
        twisted_join(r, i, m, p, turn(t.c1, t.s1, x[0]), turn(t.d1s, t.d1c, x[2]),
                     turn(t.c3, t.s3, x[1]), turn_back(t.d3c, t.d3s, x[3]));
    }
}

static void twisted(const mw_fft32 *f, float *r, float *i, size_t n, int log2_n)
{
    const size_t m = n / 4, e = n / 8;
    const mw_fft32_row *row = f->stage[log2_n].twisted;
    cv x[4], y;

    if (n == 1) return;
    if (n == 2) {
        x[0] = get(r, i, 0), x[1] = get(r, i, 1);
        put(r, i, 0, add_i(x[0], x[1]));
        put(r, i, 1, sub_i(x[0], x[1]));
        return;
    }
    twisted_split(r, i, m, 0, x);
    y = (cv){ f->r45 * (x[3].r - x[3].i), f->r45 * (x[3].i + x[3].r) };
    twisted_join(r, i, m, 0, x[0], (cv){ f->r45 * (x[2].r - x[2].i), f->r45 * (x[2].i + x[2].r) },
                 x[1], (cv){ -y.i, y.r });
    if (e) {
        const float c = row[e].c1, s = row[e].s1;

        twisted_rows(row, r, i, m, 1, e);
        twisted_split(r, i, m, e, x);
        y = turn(c, s, x[3]);
        twisted_join(r, i, m, e, turn(c, s, x[0]), turn(s, c, x[2]), turn(s, c, x[1]),
                     (cv){ -y.r, -y.i });
        twisted_rows(row, r, i, m, e + 1, m);
    }
    straight(f, r, i, m, log2_n - 2);
    twisted(f, r + m * MW_LANES, i + m * MW_LANES, m, log2_n - 2);
    straight(f, r + 2 * m * MW_LANES, i + 2 * m * MW_LANES, m, log2_n - 2);
    twisted(f, r + 3 * m * MW_LANES, i + 3 * m * MW_LANES, m, log2_n - 2);
}

/* From the half-length complex transform (bit-reversed in r, i) to the real one. */
static void real_post(const mw_fft32 *f, const float *r, const float *i, float *out_r, float *out_i)
{
    const size_t half = f->n / 2, quarter = f->n / 4;
    const unsigned short *rev = f->reversed;
    const cv z0 = get(r, i, 0), zero = { { 0 }, { 0 } };

    put(out_r, out_i, 0, (cv){ z0.r + z0.i, zero.r });
    put(out_r, out_i, half, (cv){ z0.r - z0.i, zero.r });
    put(out_r, out_i, quarter, get(r, i, rev[quarter]));
    for (size_t k = 1; k < quarter; k++) {
        const cv a = get(r, i, rev[k]), b = get(r, i, rev[half - k]);
        const cv y = turn(f->post_a[k], f->post_b[k], (cv){ a.r - b.r, a.i + b.i });

        put(out_r, out_i, k, sub(a, y));
        put(out_r, out_i, half - k, (cv){ b.r + y.r, b.i - y.i });
    }
}

static void transform(const mw_fft32 *f, float *re, float *im, float *out_re, float *out_im)
{
    int log2_n = 0;

    while ((size_t)1 << log2_n < f->n / 2)
        log2_n++;
    for (size_t g = 0; g < MW_LANES; g += MW_VL) {
        straight(f, re + g, im + g, f->n / 2, log2_n);
        real_post(f, re + g, im + g, out_re + g, out_im + g);
    }
}

/* The package's backward transform of a spectrum without imaginary parts: undo the real step, then
 * conjugate, forward, conjugate. */
static void inverse_pre(const mw_fft32 *f, const float *p, float *r, float *i)
{
    const size_t half = f->n / 2, quarter = f->n / 4;
    const mw_vf p0 = vf_load(p), top = vf_load(p + half * MW_LANES), d0 = 0.5f * (p0 - top);

    put(r, i, 0, (cv){ p0 - d0, -d0 });
    put(r, i, quarter, (cv){ vf_load(p + quarter * MW_LANES), vf_set(0) });
    for (size_t k = 1; k < quarter; k++) {
        const mw_vf a = vf_load(p + k * MW_LANES), b = vf_load(p + (half - k) * MW_LANES);
        const mw_vf d = a - b, yr = f->post_a[k] * d, yi = -(f->post_b[k] * d);

        put(r, i, k, (cv){ a - yr, yi });
        put(r, i, half - k, (cv){ b + yr, yi });
    }
}

static void inverse_even(const mw_fft32 *f, const float *p, float *re, float *im, float *out)
{
    int log2_n = 0;

    while ((size_t)1 << log2_n < f->n / 2)
        log2_n++;
    for (size_t g = 0; g < MW_LANES; g += MW_VL) {
        inverse_pre(f, p + g, re + g, im + g);
        straight(f, re + g, im + g, f->n / 2, log2_n);
        for (size_t k = 0; k <= f->n / 2; k++) {
            const cv z = get(re + g, im + g, f->reversed[k / 2]);

            vf_store(out + k * MW_LANES + g, k & 1 ? -z.i : z.r);
        }
    }
}
