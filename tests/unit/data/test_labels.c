/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of labels: the spellings in circulation, our own again, and texts that are none.
 */
#include "support/support.h"

#include <math.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "data/csv.h"
#include "data/labels.h"

static mw_labels parse(const char *text)
{
    mw_labels l;
    mw_error err;

    if (mw_labels_parse(&l, text, strlen(text), "f", &err) != MW_OK) fail_msg("%s", err.message);
    return l;
}

static void both_orders_of_columns_give_the_same_rows(void **state)
{
    static const char *const texts[] = {
        "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n"
        "vid,0012,\"a, \"\"b\"\"\nc\",-2.4,-0.8,,-1,Negative,train\n"
        "-d_x,1,,0.0,,,,Neutral,test\n",
        "\xef\xbb\xbfvideo_id,clip_id,text,label,annotation,mode,label_T,label_A,label_V\r\n"
        "vid,0012,\"a, \"\"b\"\"\nc\",-2.4,Negative,train,-0.8,,-1\r\n"
        "-d_x,1,,0.0,Neutral,test,,,\r\n"
    };

    (void)state;
    for (int i = 0; i < 2; i++) {
        mw_labels l = parse(texts[i]);
        const mw_label *row = mw_labels_find(&l, "vid/0012");

        assert_int_equal(l.n, 2);
        assert_string_equal(l.v[0].clip, "-d_x/1");
        assert_ptr_equal(row, &l.v[1]);
        assert_string_equal(row->video_id, "vid");
        assert_string_equal(row->clip_id, "0012");
        assert_string_equal(row->group, "vid");
        assert_string_equal(row->text, "a, \"b\"\nc");
        assert_true(row->y == -2.4 && row->y_text == -0.8 && row->y_vision == -1);
        assert_true(isnan(row->y_audio) && isnan(row->emotion[0]));
        assert_int_equal(row->label_class, 0);
        assert_int_equal(row->split, MW_TRAIN);
        assert_int_equal(l.v[0].split, MW_TEST);
        assert_null(mw_labels_find(&l, "vid/12"));
        assert_null(mw_labels_find(&l, ""));
        mw_labels_clear(&l);
        assert_int_equal(mw_mem_live(), 0);
    }
}

static void a_manifest_names_the_same_in_its_own_words(void **state)
{
    mw_labels l = parse("id,group,clip,split,speaker,label,label_happy,emotion,x_note\n"
                        "a_1,a,1,dev,F,3,0.5,hap,left half\n"
                        "deep/b_2,,,other,,,,,\n"
                        "plain,,,,,nan,,,\n");

    (void)state;
    assert_int_equal(l.n, 3);
    assert_string_equal(l.v[0].clip, "a/1");
    assert_string_equal(l.v[0].group, "F");
    assert_int_equal(l.v[0].split, MW_VALID);
    assert_true(l.v[0].y == 3 && l.v[0].emotion[0] == 0.5 && isnan(l.v[0].emotion[1]));
    assert_int_equal(l.v[0].label_class, -1);
    assert_string_equal(l.v[1].clip, "deep/b_2");
    assert_string_equal(l.v[1].video_id, "deep");
    assert_string_equal(l.v[1].group, "deep");
    assert_int_equal(l.v[1].split, MW_NO_SPLIT);
    assert_string_equal(l.v[2].clip, "plain");
    assert_string_equal(l.v[2].group, "plain");
    assert_true(isnan(l.v[2].y));
    mw_labels_clear(&l);
}

static void lines_of_json_are_read_as_well(void **state)
{
    mw_labels l = parse("\n{\"id\": \"v/1\", \"group\": \"v\", \"clip\": \"1\", \"label\": -0.5, "
                        "\"split\": \"test\", \"crop\": [0, 1], \"text\": null}\n\n"
                        "{\"id\": \"v/0\", \"label\": 2}");

    (void)state;
    assert_int_equal(l.n, 2);
    assert_string_equal(l.v[0].clip, "v/0");
    assert_true(l.v[0].y == 2 && l.v[1].y == -0.5);
    assert_int_equal(l.v[1].split, MW_TEST);
    mw_labels_clear(&l);
}

static void what_is_written_reads_back_equal(void **state)
{
    char *dir = temp_dir(), *path = mw_path_join(dir, "label.csv");
    mw_labels l = parse("clip_id,video_id,y,split,speaker_id,happy,sad,anger,surprise,disgust,fear,"
                        "text,label_class\n"
                        "2,a,0.1,train,s1,1,0,0,0,0,0.3333333333333333,\"q\"\"\r\n,\",3\n"
                        "1,b,-3,valid,,,,,,,,x,-1\n"),
              again;

    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_ok(mw_labels_write(&l, path, NULL));
        assert_ok(mw_labels_read(&again, path, NULL));
        assert_int_equal(again.n, 2);
        for (size_t i = 0; i < 2; i++) {
            const mw_label *x = &l.v[i], *y = &again.v[i];

            assert_string_equal(x->clip, y->clip);
            assert_string_equal(x->group, y->group);
            assert_string_equal(x->text, y->text);
            assert_true(x->y == y->y && x->split == y->split && x->label_class == y->label_class);
            for (int e = 0; e < MW_N_EMOTIONS; e++)
                assert_true(x->emotion[e] == y->emotion[e] ||
                            (isnan(x->emotion[e]) && isnan(y->emotion[e])));
        }
        mw_labels_clear(&l);
        l = again;
    }
    mw_labels_clear(&l);
    mw_free(path);
    temp_dir_remove(dir);
}

static void broken_tables_are_refused_with_line_and_column(void **state)
{
    static const struct {
        const char *text, *reason, *message;
    } cases[] = {
        { "", "bad_csv", "'f' has no header" },
        { "\xef\xbb\xbf", "bad_csv", "'f' has no header" },
        { "a,b\n1,2\n", "bad_csv", "'f' has no header" },
        { "video_id,clip_id,label\nv,1,2\nv,2,2,9\n", "bad_csv", "line 3 has 4 columns" },
        { "video_id,clip_id,label\nv,1\n", "bad_csv", "line 2 has 2 columns" },
        { "video_id,clip_id,label\nv,1,two\n", "bad_csv", "line 2, column 'label': 'two'" },
        { "video_id,clip_id,label\nv,1,1e999\n", "bad_csv", "line 2, column 'label'" },
        { "video_id,clip_id,label\nv,1,-inf\n", "bad_csv", "line 2, column 'label'" },
        { "video_id,clip_id,mode\nv,1,tain\n", "bad_csv", "line 2, column 'mode': 'tain'" },
        { "video_id,clip_id,label_class\nv,1,1.5\n", "bad_csv", "column 'label_class': '1.5'" },
        { "video_id,clip_id,label,y\nv,1,1,1\n", "bad_csv", "line 1, column 4: 'y'" },
        { "video_id,clip_id\nv,\"1\n", "bad_csv", "line 2, column 2: the quotes are not closed" },
        { "video_id,clip_id\nv,\"1\"2\n", "bad_csv", "line 2, column 2: text behind" },
        { "video_id,clip_id\nv,1\"2\n", "bad_csv", "line 2, column 2: quotes inside" },
        { "video_id,clip_id\nv\r,1\n", "bad_csv", "line 2, column 2: a carriage return" },
        { "video_id,clip_id\n..,1\n", "bad_csv", "line 2, column 'video_id, clip_id': '../1'" },
        { "video_id,clip_id\n/etc,1\n", "bad_csv", "'/etc/1' cannot be the path of a clip" },
        { "video_id,clip_id\n\"a\nb\",1\n", "bad_csv", "cannot be the path of a clip" },
        { "video_id,clip_id\n,\n", "bad_csv", "cannot be the path of a clip" },
        { "video_id,clip_id\nv\xff,1\n", "bad_csv", "column 'video_id': '...' is not UTF-8" },
        { "video_id,clip_id\nv,1\nw,1\nv,1\n", "duplicate_clip", "'f' holds clip 'v/1' twice" },
        { "{\"id\": \"a\"}\n{\"id\": 1\n", "bad_json", "line 2: 'f'" },
        { "{\"id\": \"a\"}\n[1]\n", "bad_json", "line 2 is not a JSON object" },
        { "{\"label\": 3}\n", "bad_csv", "line 1, column 'video_id, clip_id'" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_labels l;
        mw_error err = { 0 };

        assert_fails(mw_labels_parse(&l, cases[i].text, strlen(cases[i].text), "f", &err),
                     MW_ERR_FORMAT);
        assert_string_equal(err.reason, cases[i].reason);
        if (!strstr(err.message, cases[i].message))
            fail_msg("case %zu: '%s' instead of '%s'", i, err.message, cases[i].message);
        assert_null(l.v);
        assert_int_equal(mw_mem_live(), 0);
    }
}

static void a_byte_0_and_long_things_are_refused(void **state)
{
    const size_t n = MW_CSV_MAX_FIELD + 64;
    char *text = mw_calloc(n, 1);
    mw_labels l;
    mw_error err;

    (void)state;
    assert_fails(mw_labels_parse(&l, "video_id,clip_id\nv\0w,1\n", 23, "f", &err), MW_ERR_FORMAT);
    assert_non_null(strstr(err.message, "line 2, column 1: a byte 0"));
    memset(text, 'x', n);
    memcpy(text, "video_id,clip_id,text\nv,1,", 26);
    assert_fails(mw_labels_parse(&l, text, n, "f", &err), MW_ERR_FORMAT);
    assert_non_null(strstr(err.message, "line 2, column 3: a text above 1 MiB"));
    memset(text, ',', n);
    assert_fails(mw_labels_parse(&l, text, n, "f", &err), MW_ERR_FORMAT);
    assert_non_null(strstr(err.message, "too many columns"));
    mw_free(text);
}

static void splits_have_the_names_in_circulation(void **state)
{
    (void)state;
    assert_int_equal(mw_split_by_name("Val"), MW_VALID);
    assert_int_equal(mw_split_by_name("validation"), MW_VALID);
    assert_int_equal(mw_split_by_name("dev"), MW_VALID);
    assert_int_equal(mw_split_by_name("trains"), MW_NO_SPLIT);
    for (mw_split s = MW_TRAIN; s <= MW_NO_SPLIT; s++)
        assert_int_equal(mw_split_by_name(mw_split_name(s)), s);
}

/* The tables of the shared samples, whose rows are told beside them. */
static void tables_in_circulation_are_read(void **state)
{
    static const struct {
        const char *path, *clip;
        size_t n;
        double y;
    } cases[] = {
        { "samples/formats/mmsa_like/MOSI/label.csv", "synthDDDD04/10", 5, -1 },
        { "samples/formats/mmsa_like/MOSEI/label.csv", "123456/3", 3, 1 },
        { "samples/formats/mmsa_like/SIMS/label.csv", "video_0001/0002", 3, 0.6 },
        { "samples/formats/manifest/manifest.csv", "_synth-B_02/1", 4, 3 },
        { "samples/formats/manifest/manifest.jsonl", "_synth-B_02/1", 4, 3 },
    };

    (void)state;
    REQUIRE_SHARED("samples/formats");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const mw_label *row;
        mw_labels l;
        mw_error err;

        if (mw_labels_read(&l, shared_path(cases[i].path), &err) != MW_OK)
            fail_msg("%s", err.message);
        assert_int_equal(l.n, cases[i].n);
        row = mw_labels_find(&l, cases[i].clip);
        assert_non_null(row);
        assert_true(row->y == cases[i].y);
        mw_labels_clear(&l);
    }
}

static void memory_running_out_is_told(void **state)
{
    static const char text[] = "video_id,clip_id,speaker_id,text\nv,1,s,\"a\"\"b\"\nw/x,2,,\n";

    (void)state;
    for (long at = 1;; at++) {
        mw_labels l;
        mw_status st;

        mw_mem_fail_at(at);
        st = mw_labels_parse(&l, text, sizeof text - 1, "f", NULL);
        mw_mem_fail_at(0);
        mw_labels_clear(&l);
        assert_int_equal(mw_mem_live(), 0);
        if (st == MW_OK) break;
        assert_int_equal(st, MW_ERR_NOMEM);
        assert_true(at < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_orders_of_columns_give_the_same_rows),
        cmocka_unit_test(a_manifest_names_the_same_in_its_own_words),
        cmocka_unit_test(lines_of_json_are_read_as_well),
        cmocka_unit_test(what_is_written_reads_back_equal),
        cmocka_unit_test(broken_tables_are_refused_with_line_and_column),
        cmocka_unit_test(a_byte_0_and_long_things_are_refused),
        cmocka_unit_test(splits_have_the_names_in_circulation),
        cmocka_unit_test(tables_in_circulation_are_read),
        cmocka_unit_test(memory_running_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
