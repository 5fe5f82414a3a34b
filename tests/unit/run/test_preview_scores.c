/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of scores, read or refused, and where their curves stand on a sheet of 1600 px, two pixels
 * per unit.
 */
#include "support/support.h"

#include <unistd.h>

#include "base/mem.h"
#include "run/preview_scores.h"
#include "support/clips.h"

enum { WIDTH = 1600, X0 = 2 * (16 + 52), X1 = WIDTH - 2 * 16 };

#define HEAD  "t_start_s,score,relevance,attention\n"
#define END_S 10.0

static const mw_rgb score = { 60, 72, 92 }, relevance = { 150, 30, 90 }, orange = { 230, 159, 0 };

typedef struct fixture {
    char *dir;
    char a[256], v[256];
    mw_preview_segment segments[3];
    mw_preview_doc doc; /* ten seconds of sound, damaged in [2, 4) and [4, 5), a gap in [6, 8) */
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    *state = f;
    f->dir = temp_dir();
    assert_true(snprintf(f->a, sizeof f->a, "%s/x.v.y.a.scores.csv", f->dir) < 256);
    assert_true(snprintf(f->v, sizeof f->v, "%s/x.v.y.v.scores.csv", f->dir) < 256);
    f->segments[0] = (mw_preview_segment){ 32000, 64000, 2, 4, 0, NULL };
    f->segments[1] = (mw_preview_segment){ 64000, 80000, 4, 5, 0, NULL };
    f->segments[2] = (mw_preview_segment){ 96000, 128000, 6, 8, 1, NULL };
    f->doc = (mw_preview_doc){ .end_s = END_S, .n_types = 2 };
    f->doc.types[0] = (mw_preview_type){ .name = "noise.speech", .colour = orange };
    f->doc.types[1] = (mw_preview_type){ .name = MW_PREVIEW_CLEAN };
    f->doc.part[MW_AUDIO] = (mw_preview_part){ .n = 160000, .segments = { f->segments, 3 } };
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    temp_dir_remove(f->dir);
    free(f);
    return 0;
}

static void write_table(const char *path, const char *text)
{
    spill(path, text, strlen(text));
}

/* ---- reading ---- */

static void a_table_is_read_and_the_one_beside_it(void **state)
{
    fixture *f = *state;
    mw_preview_scores s;
    mw_error err;

    write_table(f->a, HEAD "0,0.25,0,0\n0.5,1,1,0.75\r\n\n1.5,0,0.5,0.25");
    unlink(f->v);
    if (mw_preview_scores_load(&s, f->a, &f->doc, &err) != MW_OK) fail_msg("%s", err.message);
    assert_int_equal(s.curve[MW_AUDIO].n, 3);
    assert_int_equal(s.curve[MW_VISUAL].n, 0);
    assert_true(s.curve[MW_AUDIO].v[1].t_s == 0.5 && s.curve[MW_AUDIO].v[1].score == 1);
    assert_true(s.curve[MW_AUDIO].v[2].score == 0 && s.curve[MW_AUDIO].v[2].relevance == 0.5f);
    /* the last lasts as long as the one before, within the clip */
    assert_true(s.curve[MW_AUDIO].end_s == 2.5);
    mw_preview_scores_clear(&s);

    write_table(f->v, "\xef\xbb\xbf" HEAD "4,0.5,1,1\n");
    for (int k = 0; k < 2; k++) {
        assert_ok(mw_preview_scores_load(&s, k ? f->v : f->a, &f->doc, NULL));
        assert_int_equal(s.curve[MW_AUDIO].n, 3);
        assert_int_equal(s.curve[MW_VISUAL].n, 1);
        assert_true(s.curve[MW_VISUAL].v[0].t_s == 4 && s.curve[MW_VISUAL].end_s == END_S);
        mw_preview_scores_clear(&s);
    }
    write_table(f->a, HEAD "0,1,1,0.5\n9,1,1,0.5\n");
    assert_ok(mw_preview_scores_load(&s, f->a, &f->doc, NULL));
    assert_true(s.curve[MW_AUDIO].end_s == END_S);
    mw_preview_scores_clear(&s);
}

static void assert_refused(fixture *f, const char *path, mw_status want, const char *reason,
                           const char *says)
{
    const long live = mw_mem_live();
    mw_preview_scores s;
    mw_error err = { 0 };

    assert_int_equal(mw_preview_scores_load(&s, path, &f->doc, &err), want);
    mw_preview_scores_clear(&s);
    assert_string_equal(err.reason, reason);
    if (!strstr(err.message, says)) fail_msg("'%s' does not say '%s'", err.message, says);
    assert_int_equal(mw_mem_live(), live);
}

static void refuses_tables_that_score_does_not_write(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "the columns are not" },
        { HEAD, "no scores" },
        { "t_start_s,score,relevance\n0,1,1\n", "line 1: the columns are not" },
        { "t_start_s,score,relevance,attention,more\n0,1,1,1,1\n", "the columns are not" },
        { "t_start_s,relevance,score,attention\n0,1,1,1\n", "the columns are not" },
        { "T_start_s,score,relevance,attention\n0,1,1,1\n", "the columns are not" },
        { HEAD "0,1,1\n", "line 2: 3 fields" },
        { HEAD "0,1,1,1\n1,1,1,1,1\n", "line 3: 5 fields" },
        { HEAD "0,0,5,1,1\n", "line 2: 5 fields" },
        { HEAD "0,nan,1,1\n", "line 2: score 'nan'" },
        { HEAD "0,inf,1,1\n", "score 'inf'" },
        { HEAD "0,,1,1\n", "score ''" },
        { HEAD "0,1.0001,1,1\n", "score '1.0001' is not in [0, 1]" },
        { HEAD "0,-0.1,1,1\n", "score '-0.1'" },
        { HEAD "0,1,2,1\n", "relevance '2'" },
        { HEAD "0,1,1,nan\n", "attention 'nan'" },
        { HEAD "0,1,1,-1\n", "attention '-1'" },
        { HEAD "0,1,1,1\n\n-1,1,1,1\n", "line 4: t_start_s '-1'" },
        { HEAD "0,1,1,1\n10.1,1,1,1\n", "line 3: t_start_s '10.1' is not in [0, 10.001]" },
        { HEAD "0,1,1,1\n1e300,1,1,1\n", "t_start_s '1e300'" },
        { HEAD "1,1,1,1\n1,1,1,1\n", "line 3: it does not begin after" },
        { HEAD "1,1,1,1\n2,1,1,1\n1.5,1,1,1\n", "line 4: it does not begin after" },
        { HEAD "\"0,1,1,1\n", "quotes are not closed" },
    };
    fixture *f = *state;

    unlink(f->v);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("# %s\n", cases[i].says);
        write_table(f->a, cases[i].text);
        assert_refused(f, f->a, MW_ERR_FORMAT, "bad_csv", cases[i].says);
        assert_refused(f, f->a, MW_ERR_FORMAT, "bad_csv", f->a);
    }
    /* also where it was only found beside the one that is named */
    write_table(f->a, HEAD "0,1,1,1\n");
    write_table(f->v, HEAD "0,2,1,1\n");
    assert_refused(f, f->a, MW_ERR_FORMAT, "bad_csv", f->v);
}

static void what_the_sidecar_does_not_damage_may_last_longer(void **state)
{
    fixture *f = *state;
    mw_preview_scores s;

    unlink(f->a);
    write_table(f->v, HEAD "9,1,1,1\n11,1,1,1\n");
    assert_ok(mw_preview_scores_load(&s, f->v, &f->doc, NULL));
    assert_int_equal(s.curve[MW_VISUAL].n, 2);
    assert_true(s.curve[MW_VISUAL].end_s == END_S);
    mw_preview_scores_clear(&s);
    write_table(f->v, HEAD "9,1,1,1\n1.1e7,1,1,1\n");
    assert_refused(f, f->v, MW_ERR_FORMAT, "bad_csv", "line 3");
}

static void refuses_names_that_score_does_not_give(void **state)
{
    static const char *const names[] = { "",
                                         "scores.csv",
                                         "a.scores.csv",
                                         "xa.scores.csv",
                                         "x.t.scores.csv",
                                         "x.a.scores.npy",
                                         "x.a.scores.csv.gz" };
    fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        print_message("# %s\n", names[i]);
        assert_refused(f, names[i], MW_ERR_RANGE, "bad_option", "as merwild score");
    }
    assert_refused(f, "missing/x.a.scores.csv", MW_ERR_IO, "not_found", "missing/x.a.scores.csv");
}

/* Flipped bytes: whatever is accepted is within its bounds and in order. */
static void mutated_tables_stay_within_bounds(void **state)
{
    fixture *f = *state;
    char text[1000] = HEAD;
    uint32_t seed = 1;
    size_t n, n_good = 0;

    for (int i = 0; i < 20; i++)
        snprintf(text + strlen(text), 40, "%g,0.9%d,0.%d,0.05\n", i * 0.45, i, i % 10);
    n = strlen(text);
    unlink(f->v);
    for (int round = 0; round < 2000; round++) {
        mw_preview_scores s;
        mw_error err = { 0 };
        const mw_preview_curve *c = &s.curve[MW_AUDIO];
        mw_status st;
        size_t at;
        char old;

        seed = seed * 1664525u + 1013904223u;
        at = (seed >> 8) % n;
        old = text[at];
        text[at] = "0192-.eE\",\n\r,x\x80 "[seed >> 4 & 15];
        spill(f->a, text, n);
        st = mw_preview_scores_load(&s, f->a, &f->doc, &err);
        if (st != MW_OK) assert_string_equal(err.reason, "bad_csv");
        for (size_t i = 0; st == MW_OK && i < c->n; i++) {
            assert_true(c->v[i].score >= 0 && c->v[i].score <= 1);
            assert_true(c->v[i].relevance >= 0 && c->v[i].relevance <= 1);
            assert_true(c->v[i].t_s >= (i ? c->v[i - 1].t_s : 0) && c->v[i].t_s < END_S + 0.01);
        }
        n_good += st == MW_OK;
        mw_preview_scores_clear(&s);
        text[at] = old;
    }
    assert_true(n_good > 200 && n_good < 1800);
}

/* One allocation alone fails: said, not passed over. */
static void every_failed_allocation_is_reported(void **state)
{
    fixture *f = *state;
    const long live = mw_mem_live();
    long at, n;

    write_table(f->a, HEAD "0,0.25,0,0\n0.5,1,1,0.75\n");
    write_table(f->v, HEAD "0,0.25,0,0\n0.5,1,1,0.75\n");
    mw_mem_fail_at(0);
    for (n = 0, at = 0; at <= n; at++) {
        mw_preview_scores s;
        mw_error err = { 0 };
        mw_status st;

        mw_mem_fail_at(-at); /* 0: none, to count them */
        st = mw_preview_scores_load(&s, f->a, &f->doc, &err);
        if (!at) n = mw_mem_count();
        mw_mem_fail_at(0);
        assert_int_equal(st, at ? MW_ERR_NOMEM : MW_OK);
        assert_int_equal(err.code, st);
        mw_preview_scores_clear(&s);
        assert_int_equal(mw_mem_live(), live);
    }
    assert_true(n > 6);
}

/* ---- drawing ---- */

/* A sheet with the scores of the sound alone. */
static mw_sheet draw(fixture *f, const char *table)
{
    mw_preview_scores s;
    mw_sheet sheet;

    write_table(f->a, table);
    unlink(f->v);
    assert_ok(mw_preview_scores_load(&s, f->a, &f->doc, NULL));
    assert_ok(mw_sheet_open(&sheet, WIDTH, END_S, NULL));
    assert_ok(mw_preview_scores_draw(&sheet, &f->doc, &s, NULL));
    mw_preview_scores_clear(&s);
    return sheet;
}

static const uint8_t *pixel(const mw_sheet *s, int x, int y)
{
    return s->canvas.plane[0] + y * s->canvas.stride[0] + 3 * x;
}

static int is(const mw_sheet *s, int x, int y, mw_rgb c)
{
    const uint8_t *p = pixel(s, x, y);

    return p[0] == c.r && p[1] == c.g && p[2] == c.b;
}

/* Rows of column x that have the colour, the first and how many; 0 without any. */
static int find_rows(const mw_sheet *s, double t_s, mw_rgb c, int *first)
{
    const int x = X0 + (int)(t_s / END_S * (X1 - X0));
    int n = 0;

    for (int y = s->y - 2 * (17 + 56); y < s->y; y++) {
        if (!is(s, x, y, c)) continue;
        if (!n++) *first = y;
    }
    return n;
}

/* Rows of the panel: 1 stands 5 units below its upper edge, 0 two above its lower; the axis begins
 * below it. */
static int row_of(const mw_sheet *s, double value)
{
    const int panel = s->y - 2 * (17 + 56);

    return panel + 2 * 5 + (int)((1 - value) * (2 * (56 - 7) - 2) + 0.5);
}

static void score_and_relevance_stand_at_their_values(void **state)
{
    static const struct {
        double t_s, score, relevance;
    } at[] = { { 0.5, 0.5, 0.25 }, { 3, 0.5, 0.25 }, { 5.5, 1, 0 }, { 7.3, 0, 0.75 } };
    mw_sheet s = draw(*state, HEAD "0,0.5,0.25,0.1\n5,1,0,0.1\n7,0,0.75,0.3\n7.5,0,1,0.4\n");
    int y;

    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        assert_int_equal(find_rows(&s, at[i].t_s, score, &y), 2);
        assert_int_equal(y, row_of(&s, at[i].score));
        assert_int_equal(find_rows(&s, at[i].t_s, relevance, &y), 2);
        assert_int_equal(y, row_of(&s, at[i].relevance));
    }
    /* nothing behind the last line's end */
    assert_int_equal(find_rows(&s, 7.9, relevance, &y), 2);
    assert_int_equal(find_rows(&s, 8.1, relevance, &y), 0);
    assert_int_equal(find_rows(&s, 8.1, score, &y), 0);
    mw_sheet_clear(&s);
}

static void nothing_is_drawn_before_the_first_line(void **state)
{
    mw_sheet s = draw(*state, HEAD "2,0.5,0.25,0.1\n5,1,0,0.1\n");
    int y;

    assert_int_equal(find_rows(&s, 1.9, score, &y), 0);
    assert_int_equal(find_rows(&s, 2.1, score, &y), 2);
    mw_sheet_clear(&s);
}

static void damaged_stretches_are_shaded_and_gaps_are_not(void **state)
{
    mw_sheet s = draw(*state, HEAD "0,0,0,0.1\n5,0,0,0.1\n");
    const int edge = s.y - 2 * (17 + 56) + 1, inside = row_of(&s, 0.75);
    const mw_rgb light = { 249, 232, 195 }; /* orange at 60 of 255 over white */

    for (int x = X0 + 2; x < X1 - 2; x++) {
        const double t = END_S * (x - X0 + 0.5) / (X1 - X0);
        const int damaged = t > 2 && t < 5, tick = (x - X0) % ((X1 - X0) / 10) < 3;

        if (tick) continue; /* of the time axis */
        assert_int_equal(is(&s, x, edge, orange), damaged);
        assert_true(is(&s, x, inside, damaged ? light : mw_white));
    }
    mw_sheet_clear(&s);
}

static void the_area_below_the_score_is_darker(void **state)
{
    mw_sheet s = draw(*state, HEAD "0,0.5,0,0.1\n1,0.5,0,0.1\n");
    const int x = X0 + 30;

    assert_true(is(&s, x, row_of(&s, 0.75), mw_white));
    assert_true(pixel(&s, x, row_of(&s, 0.25))[0] < 225);
    assert_true(pixel(&s, x, row_of(&s, 0.25))[0] > 150);
    mw_sheet_clear(&s);
}

/* Ten lines to a column of pixels: all that they span is drawn, not one of them. */
static void lines_that_share_a_column_are_all_seen(void **state)
{
    const int n = 14320;
    char *text = malloc(40 * (size_t)n + 100);

    for (int up = 0; up < 2; up++) {
        char *p = text + sprintf(text, "%s", HEAD);
        mw_sheet s;
        int y;

        for (int i = 0; i < n; i++)
            p += sprintf(p, "%.7f,%s,0,0\n", END_S * i / n, (i % 10 == 5) == up ? "0.75" : "0.25");
        s = draw(*state, text);
        for (double t_s = 0.05; t_s < 9.9; t_s += 0.31) {
            const int rows = row_of(&s, 0.25) - row_of(&s, 0.75) + 2;

            assert_int_equal(find_rows(&s, t_s, score, &y), rows);
            assert_int_equal(y, row_of(&s, 0.75));
        }
        mw_sheet_clear(&s);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_read_and_the_one_beside_it),
        cmocka_unit_test(refuses_tables_that_score_does_not_write),
        cmocka_unit_test(what_the_sidecar_does_not_damage_may_last_longer),
        cmocka_unit_test(refuses_names_that_score_does_not_give),
        cmocka_unit_test(mutated_tables_stay_within_bounds),
        cmocka_unit_test(every_failed_allocation_is_reported),
        cmocka_unit_test(score_and_relevance_stand_at_their_values),
        cmocka_unit_test(nothing_is_drawn_before_the_first_line),
        cmocka_unit_test(damaged_stretches_are_shaded_and_gaps_are_not),
        cmocka_unit_test(the_area_below_the_score_is_darker),
        cmocka_unit_test(lines_that_share_a_column_are_all_seen),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
