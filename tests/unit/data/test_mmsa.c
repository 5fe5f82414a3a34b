/* SPDX-License-Identifier: Apache-2.0
 *
 * Data sets of MMSA and MulT as scripts/make-tiny-mmsa.py pickles them, in every protocol, and
 * damaged ones.
 */
#include "support/support.h"

#include <math.h>

#include "base/fs.h"
#include "base/mem.h"
#include "data/mmsa.h"

static char *load(const char *name, size_t *n)
{
    char path[128], *bytes;

    snprintf(path, sizeof path, "tests/fuzz/corpus/mmsa/%s", name);
    assert_ok(mw_file_load(&bytes, n, source_path(path), 1 << 20, NULL));
    return bytes;
}

static void check_rows(const mw_mmsa *m, mw_split split, size_t i, int modality, size_t clip,
                       size_t rows, size_t n_replaced)
{
    size_t got;
    mw_matrix x;

    assert_ok(mw_mmsa_matrix(&x, m, split, i, modality, &got, NULL));
    assert_int_equal(x.rows, rows);
    assert_int_equal(got, n_replaced);
    for (size_t t = 0; t < rows; t++) {
        assert_true(x.t[t] == (double)t);
        for (size_t c = 0; c < x.columns; c++) {
            const double want = 100 * modality + 10 * (double)clip + (double)t + (double)c / 8;

            if (modality == 0 && i == 0 && t == 1 && c == 2)
                assert_true(x.x[t * x.columns + c] == 0);
            else
                assert_true(x.x[t * x.columns + c] == (float)want);
        }
    }
    mw_matrix_clear(&x);
}

static void every_protocol_gives_the_same_data(void **state)
{
    static const char *const names[] = { "mmsa_2_0.pkl", "mmsa_2_1.pkl", "mmsa_3_0.pkl",
                                         "mmsa_3_1.pkl", "mmsa_4_0.pkl", "mmsa_4_1.pkl",
                                         "mmsa_5_0.pkl", "mmsa_5_1.pkl" };

    (void)state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const int lists = names[k][7] == '1';
        mw_labels l = { 0 };
        mw_label *row;
        mw_matrix x;
        mw_mmsa m;
        mw_error err;
        size_t n, n_replaced;
        char *bytes = load(names[k], &n);
        int no_text;

        if (mw_mmsa_open(&m, bytes, n, names[k], &err) != MW_OK) fail_msg("%s", err.message);
        assert_int_equal(m.split[0].n, 2);
        assert_int_equal(m.split[1].n, 1);
        assert_int_equal(m.split[2].n, 1);
        check_rows(&m, MW_TRAIN, 0, 0, 0, 3, 1);
        check_rows(&m, MW_TRAIN, 1, 0, 1, 3, 0);
        check_rows(&m, MW_TEST, 0, 2, 3, 2, 0);
        if (!lists) check_rows(&m, MW_VALID, 0, 1, 2, 2, 0);
        assert_ok(mw_mmsa_matrix(&x, &m, MW_VALID, 0, lists ? 1 : 2, &n_replaced, NULL));
        if (lists) /* length 0: one row that does not count */
            assert_true(x.rows == 1 && !x.valid[0] && x.x[0] == 0);
        else /* the mask of text_bert */
            assert_true(x.rows == 2 && x.valid[0] == 1 && x.valid[1] == 0);
        mw_matrix_clear(&x);

        row = mw_labels_add(&l, NULL);
        assert_ok(mw_mmsa_label(&m, MW_TRAIN, 1, row, &no_text, NULL));
        assert_string_equal(row->clip, "va/2");
        assert_string_equal(row->text, "caf\xc3\xa9 1");
        assert_true(row->y == 2.25 && row->y_text == 0.5 && isnan(row->y_audio) && !no_text);
        assert_true(row->label_class == 2 && row->split == MW_TRAIN);
        row = mw_labels_add(&l, NULL);
        assert_ok(mw_mmsa_label(&m, MW_VALID, 0, row, &no_text, NULL));
        assert_string_equal(row->video_id, "-b_c");
        assert_string_equal(row->clip_id, "0003");
        row = mw_labels_add(&l, NULL);
        assert_ok(mw_mmsa_label(&m, MW_TEST, 0, row, &no_text, NULL));
        assert_string_equal(row->clip, "vd/4");
        mw_labels_clear(&l);
        mw_mmsa_close(&m);
        mw_free(bytes);
        assert_int_equal(mw_mem_live(), 0);
    }
}

static void mult_and_aligned_files_are_read(void **state)
{
    mw_labels l = { 0 };
    mw_label *row = mw_labels_add(&l, NULL);
    size_t n;
    char *bytes = load("mult_2.pkl", &n);
    mw_mmsa m;
    int no_text;

    (void)state;
    assert_ok(mw_mmsa_open(&m, bytes, n, "f", NULL));
    assert_true(m.is_mult);
    assert_ok(mw_mmsa_label(&m, MW_TRAIN, 1, row, &no_text, NULL));
    assert_string_equal(row->clip, "v1/0.5-2.0");
    assert_true(row->y == 0.75);
    check_rows(&m, MW_TEST, 0, 1, 3, 3, 0);
    mw_mmsa_close(&m);
    mw_free(bytes);
    bytes = load("aligned.pkl", &n);
    assert_ok(mw_mmsa_open(&m, bytes, n, "f", NULL));
    assert_false(m.is_mult);
    check_rows(&m, MW_TRAIN, 1, 0, 1, 4, 0);
    mw_mmsa_close(&m);
    mw_free(bytes);
    mw_labels_clear(&l);
    assert_int_equal(mw_mem_live(), 0);
}

static void use(const mw_mmsa *m)
{
    for (int s = 0; s < 3; s++)
        for (size_t i = 0; i < m->split[s].n && i < 4; i++) {
            mw_labels l = { 0 };
            size_t n_replaced;
            int no_text;

            mw_mmsa_label(m, (mw_split)s, i, mw_labels_add(&l, NULL), &no_text, NULL);
            mw_labels_clear(&l);
            for (int k = 0; k < MW_MMSA_MODALITIES; k++) {
                mw_matrix x;

                if (!m->split[s].feature[k].kind) continue;
                if (mw_mmsa_matrix(&x, m, (mw_split)s, i, k, &n_replaced, NULL) == MW_OK)
                    mw_matrix_clear(&x);
            }
        }
}

/* Every cut, and every byte changed, at the exact size: refused with a reason, or read inside. */
static void damaged_files_are_refused_or_read_inside(void **state)
{
    static const unsigned char other[] = { 0, 0xff, '}', 'N', 0x94 };
    size_t n, n_read = 0, n_refused = 0;
    char *bytes = load("mmsa_4_0.pkl", &n);

    (void)state;
    for (size_t i = 0; i < 2 * n; i++) {
        const size_t len = i < n ? i : n;
        char *copy = malloc(len ? len : 1);
        mw_error err = { 0 };
        mw_mmsa m;

        memcpy(copy, bytes, len);
        if (i >= n) copy[i - n] = (char)other[i % sizeof other];
        if (mw_mmsa_open(&m, copy, len, "f", &err) == MW_OK) {
            n_read++;
            use(&m);
        } else {
            n_refused++;
            assert_int_equal(err.code, MW_ERR_FORMAT);
            assert_true(*err.reason && strstr(err.message, "'f'"));
        }
        mw_mmsa_close(&m);
        free(copy);
    }
    assert_true(n_refused > n && n_read > 100);
    mw_free(bytes);
    assert_int_equal(mw_mem_live(), 0);
}

static void refused(const char *bytes, size_t n, const char *reason, const char *message)
{
    mw_error err = { 0 };
    mw_mmsa m;

    assert_fails(mw_mmsa_open(&m, bytes, n, "f", &err), MW_ERR_FORMAT);
    assert_string_equal(err.reason, reason);
    if (!strstr(err.message, message)) fail_msg("'%s' instead of '%s'", err.message, message);
}

#define REFUSED(literal, reason, message) refused(literal, sizeof(literal) - 1, reason, message)

static void other_programs_are_refused(void **state)
{
    (void)state;
    REFUSED("\x80\x02]q\x00.", "bad_pickle", "one of the keys train, valid, test");
    REFUSED("\x80\x02}(U\x05trainK\x01u.", "bad_pickle", "'id' of 'train'");
    REFUSED("\x80\x02}(U\x05train}u.", "bad_pickle", "'id' of 'train'");
    REFUSED("\x80\x02}(U\x05train}(U\x02idK\x03uu.", "bad_pickle", "'id' is no list");
    REFUSED("\x80\x02}(U\x05train}(U\x02id]uu.", "bad_pickle", "holds no clip");
    REFUSED("\x80\x02}(U\x05train}(U\x02id](U\x01"
            "ae"
            "U\x05"
            "audio](K\x01K\x02"
            "euu.",
            "bad_pickle", "'audio' of 'train': not as many elements as clips");
    REFUSED("\x80\x02}(U\x05train}(U\x02id](U\x01"
            "ae"
            "U\x05"
            "audio](K\x01"
            "euu.",
            "bad_pickle", "'audio' of 'train': not an array of numbers of three dimensions");
    REFUSED("\x80\x02}(U\x05train", "truncated", "");
    REFUSED("\x80\x02}(U\x05trainu.", "bad_pickle", "");
    /* a call that would run something is described, and is no column */
    REFUSED("\x80\x02}(U\x05train}(U\x02idcos\nsystem\nU\x04true\x85Ruu.", "bad_pickle",
            "'id' is no list");
}

/* A shape that says more, or less, than the data hold. */
static void shapes_must_fit_their_data(void **state)
{
    static const char shape[] = "K\x02K\x04K\x03\x87"; /* audio of train */
    char *bytes, *at = NULL;
    mw_error err;
    mw_mmsa m;
    size_t n;

    (void)state;
    bytes = load("mmsa_3_0.pkl", &n);
    for (size_t i = 0; i + sizeof shape - 1 <= n && !at; i++)
        if (!memcmp(bytes + i, shape, sizeof shape - 1)) at = bytes + i;
    assert_non_null(at);
    for (int columns = 1; columns < 9; columns++) {
        at[5] = (char)columns;
        if (columns == 3) continue;
        assert_fails(mw_mmsa_open(&m, bytes, n, "f", &err), MW_ERR_FORMAT);
        assert_non_null(strstr(err.message, "'audio' is no list"));
    }
    at[5] = 3;
    assert_ok(mw_mmsa_open(&m, bytes, n, "f", NULL));
    mw_mmsa_close(&m);
    mw_free(bytes);
}

static void memory_running_out_is_told(void **state)
{
    size_t n;
    char *bytes = load("mmsa_2_0.pkl", &n);

    (void)state;
    for (long at = 1;; at++) {
        mw_labels l = { 0 };
        mw_matrix x = { 0 };
        size_t n_replaced;
        int no_text;
        mw_status st;
        mw_mmsa m;

        mw_mem_fail_at(at);
        st = mw_mmsa_open(&m, bytes, n, "f", NULL);
        if (st == MW_OK && !mw_labels_add(&l, NULL)) st = MW_ERR_NOMEM;
        if (st == MW_OK) st = mw_mmsa_label(&m, MW_TRAIN, 0, l.v, &no_text, NULL);
        if (st == MW_OK) st = mw_mmsa_matrix(&x, &m, MW_VALID, 0, 2, &n_replaced, NULL);
        mw_mem_fail_at(0);
        mw_matrix_clear(&x);
        mw_labels_clear(&l);
        mw_mmsa_close(&m);
        assert_int_equal(mw_mem_live(), 1);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 2000);
    }
    mw_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_protocol_gives_the_same_data),
        cmocka_unit_test(mult_and_aligned_files_are_read),
        cmocka_unit_test(damaged_files_are_refused_or_read_inside),
        cmocka_unit_test(other_programs_are_refused),
        cmocka_unit_test(shapes_must_fit_their_data),
        cmocka_unit_test(memory_running_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
