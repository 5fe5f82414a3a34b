/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "support/support.h"

#include <ftw.h>
#include <locale.h>
#include <unistd.h>

#include "base/error.h"

static const char *below(const char *variable, const char *relative)
{
    static char text[4][4096];
    static int turn;
    const char *root = getenv(variable);

    turn = (turn + 1) % 4;
    snprintf(text[turn], sizeof text[turn], "%s/%s", root ? root : ".", relative);
    return text[turn];
}

const char *source_path(const char *relative)
{
    return below("MW_SOURCE_ROOT", relative);
}

const char *shared_path(const char *relative)
{
    return below("MW_SHARED", relative);
}

int have_shared(const char *relative)
{
    return !access(shared_path(relative), R_OK);
}

npy npy_load(const char *path)
{
    npy a = { .n = 1 };
    unsigned char head[12];
    char *text, *p;
    size_t n_head;
    FILE *f = fopen(path, "rb");

    if (!f) fail_msg("cannot open %s", path);
    assert_int_equal(fread(head, 1, 10, f), 10);
    assert_memory_equal(head, "\x93NUMPY", 6);
    n_head = head[8] | (size_t)head[9] << 8;
    if (head[6] > 1) {
        assert_int_equal(fread(head + 10, 1, 2, f), 2);
        n_head |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
    }
    text = calloc(n_head + 1, 1);
    assert_int_equal(fread(text, 1, n_head, f), n_head);
    p = strstr(text, "'descr': '");
    assert_non_null(p);
    p += strlen("'descr': '");
    assert_true(*p == '<' || *p == '|');
    a.kind = p[1];
    a.item_bytes = (size_t)strtoul(p + 2, NULL, 10);
    assert_non_null(strstr(text, "'fortran_order': False"));
    p = strstr(text, "'shape': (");
    assert_non_null(p);
    for (p += strlen("'shape': ("); *p && *p != ')';) {
        if (*p >= '0' && *p <= '9') {
            assert_true(a.n_dims < 8);
            a.shape[a.n_dims] = strtoul(p, &p, 10);
            a.n *= a.shape[a.n_dims++];
        } else {
            p++;
        }
    }
    free(text);
    a.data = calloc(a.n + 1, a.item_bytes);
    assert_int_equal(fread(a.data, a.item_bytes, a.n, f), a.n);
    fclose(f);
    return a;
}

void npy_free(npy *a)
{
    free(a->data);
    *a = (npy){ 0 };
}

char *temp_dir(void)
{
    char text[] = "/tmp/merwild-test-XXXXXX";

    assert_non_null(mkdtemp(text));
    return strdup(text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void temp_dir_remove(char *path)
{
    if (!path) return;
    nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
    free(path);
}

static int has_comma(void)
{
    return *localeconv()->decimal_point == ',';
}

int use_comma_locale(const char *dir)
{
    static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "de_DE" };
    char path[512], command[2048];
    FILE *f;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (setlocale(LC_NUMERIC, names[i]) && has_comma()) return 1;
    snprintf(path, sizeof path, "%s/numeric", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n",
          f);
    fclose(f);
    /* fails for the categories that are missing, and writes what is there */
    snprintf(command, sizeof command, "localedef -c -i '%s' '%s/xx_XX' >/dev/null 2>&1", path, dir);
    if (system(command) != -1) {
        setenv("LOCPATH", dir, 1);
        if (setlocale(LC_NUMERIC, "xx_XX") && has_comma()) return 1;
    }
    setlocale(LC_ALL, "C");
    return 0;
}

static const char *wanted_suffix;
static int n_wanted;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const size_t n = strlen(path), k = strlen(wanted_suffix);

    (void)st;
    (void)ftw;
    n_wanted += type != FTW_D && type != FTW_DP && n >= k && !strcmp(path + n - k, wanted_suffix);
    return 0;
}

int count_files(const char *path, const char *suffix)
{
    wanted_suffix = suffix;
    n_wanted = 0;
    nftw(path, count_one, 32, FTW_PHYS);
    return n_wanted;
}

const char *path_in(const char *dir, const char *name)
{
    static char text[64][1024];
    static int turn;

    turn = (turn + 1) % 64;
    if (snprintf(text[turn], sizeof text[turn], "%s/%s", dir, name) >= (int)sizeof text[turn])
        fail_msg("'%s/%s' is too long", dir, name);
    return text[turn];
}

mw_status set_option(const mw_opt_group *groups, size_t n, const char *name, const char *value,
                     mw_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const mw_opt *row = mw_opt_find(groups[i].table, name);

        if (row) return mw_opt_set(row, groups[i].values, value, err);
    }
    return mw_fail(err, MW_ERR_RANGE, "bad_option", "no option '%s'", name);
}
