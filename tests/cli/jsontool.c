/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON for the command's tests:
 *
 *   jsontool valid FILE              every line, or the whole file, is JSON; exit 1 otherwise
 *   jsontool get FILE PATH           print the value at a.b.0.c: texts bare, objects and arrays as
 *                                    JSON, nothing and exit 1 when it is not there
 *   jsontool set FILE PATH JSON      change or add a value, write the file again
 *   jsontool del FILE PATH           remove a value
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static void die(const char *what, const char *name)
{
    fprintf(stderr, "jsontool: %s '%s'\n", what, name);
    exit(1);
}

static json_t *load(const char *path)
{
    json_error_t e;
    json_t *doc = json_load_file(path, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);

    if (!doc) {
        fprintf(stderr, "jsontool: %s:%d:%d: %s\n", path, e.line, e.column, e.text);
        exit(1);
    }
    return doc;
}

/* Each line by itself; the number of lines, or -1. */
static int valid_lines(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int count = 0;

    if (!f) die("cannot open", path);
    while (count >= 0 && (n = getline(&line, &cap, f)) > 0) {
        json_error_t e;
        json_t *doc = json_loadb(line, (size_t)n, JSON_REJECT_DUPLICATES, &e);

        count = doc ? count + 1 : -1;
        json_decref(doc);
    }
    free(line);
    fclose(f);
    return count;
}

static json_t *step(json_t *at, const char *part)
{
    return json_is_array(at) ? json_array_get(at, strtoul(part, NULL, 10))
                             : json_object_get(at, part);
}

/* The parent of the last part of path; *last points into path, which is cut up. */
static json_t *parent_of(json_t *doc, char *path, char **last)
{
    char *dot;

    for (*last = path; (dot = strchr(*last, '.')); *last = dot + 1) {
        *dot = 0;
        doc = step(doc, *last);
    }
    return doc;
}

static void print(const json_t *v)
{
    if (json_is_string(v)) {
        puts(json_string_value(v));
    } else {
        json_dumpf(v, stdout, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(12));
        putchar('\n');
    }
}

static void change(json_t *parent, const char *last, json_t *v)
{
    int failed;

    if (json_is_array(parent)) {
        const size_t i = strtoul(last, NULL, 10);

        if (!v)
            failed = json_array_remove(parent, i);
        else if (i == json_array_size(parent))
            failed = json_array_append_new(parent, v);
        else
            failed = json_array_set_new(parent, i, v);
    } else {
        failed = v ? json_object_set_new(parent, last, v) : json_object_del(parent, last);
    }
    if (failed) die("cannot change", last);
}

int main(int argc, char **argv)
{
    json_t *doc, *parent;
    char *last;

    if (argc == 3 && !strcmp(argv[1], "valid")) {
        if (valid_lines(argv[2]) < 1) json_decref(load(argv[2]));
        return 0;
    }
    if (argc < 4) die("wrong use", argc > 1 ? argv[1] : "");
    doc = load(argv[2]);
    parent = parent_of(doc, argv[3], &last);
    if (!strcmp(argv[1], "get")) {
        const json_t *v = *last ? step(parent, last) : doc;

        if (!v) return 1;
        print(v);
    } else {
        json_t *v = NULL;

        if (!strcmp(argv[1], "set") && argc == 5) {
            json_error_t e;

            v = json_loads(argv[4], JSON_DECODE_ANY, &e);
            if (!v) die("no JSON", argv[4]);
        } else if (strcmp(argv[1], "del")) {
            die("wrong use", argv[1]);
        }
        change(parent, last, v);
        if (json_dump_file(doc, argv[2], JSON_INDENT(1) | JSON_REAL_PRECISION(17)))
            die("cannot write", argv[2]);
    }
    json_decref(doc);
    return 0;
}
