/* SPDX-License-Identifier: Apache-2.0
 *
 * The input of an import may stand as an argument: "import mmsa FILE -o BANK".
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "commands.h"

/* Take an argument as the value of "in". 0, or the exit code. */
static int take_input(const cli_command *c, const mw_opt_group *group, const char *argument)
{
    mw_error err;

    if (!argument ||
        mw_opt_set(mw_opt_find(group->table, "in"), group->values, argument, &err) == MW_OK)
        return 0;
    fprintf(stderr, "merwild %s: %s\n", c->name, err.message);
    return EXIT_USAGE;
}

/* One import: its only table, and what to do once the options are read. The exit code. */
typedef struct import {
    cli_command command;
    const mw_opt *table;
    int (*run)(const cli_command *c, const cli_common *common, void *options);
} import;

/* lines: the value of option "condition", which argv does not hold any more; NULL: none. */
static int run_import(const import *m, void *options, int argc, char **argv, const char *lines)
{
    const mw_opt_group group = { m->table, options };
    cli_common common = { 0 };
    const char *in = NULL;
    mw_error err = { 0 };
    int code = EXIT_CANNOT_START;

    if (mw_opt_defaults(m->table, options, 0, &err) != MW_OK ||
        (lines && mw_opt_set(mw_opt_find(m->table, "condition"), options, lines, &err) != MW_OK))
        fprintf(stderr, "merwild %s: %s\n", m->command.name, err.message);
    else
        code = cli_parse(&m->command, argc, argv, &group, 1, &common, &in);
    if (!code) code = take_input(&m->command, &group, in);
    if (!code && common.help)
        cli_help(&m->command, &group, 1, stdout);
    else if (!code)
        code = m->run(&m->command, &common, options);
    mw_opt_clear(m->table, options);
    return code;
}

static int run_mmsa(const cli_command *c, const cli_common *common, void *options)
{
    mw_summary summary = { 0 };
    cli_progress progress;
    const mw_run_hooks hooks = cli_hooks(&progress, c->name, common);
    mw_error err = { 0 };

    return cli_finish(&progress, mw_import_mmsa(options, &hooks, &summary, &err), &summary, &err);
}

int cmd_import_mmsa(int argc, char **argv)
{
    static const import mmsa = {
        { .name = "import mmsa",
          .arguments = "FILE.pkl",
          .summary = "Make a feature bank of a pickle of MMSA (aligned_50, unaligned_50) or MulT.",
          .details = "Writes OUT/<video>/<clip>.bank.npz, OUT/label.csv, OUT/bank.json and "
                     "OUT/outcomes.csv. Nothing in the pickle\n"
                     "is executed.",
          .max_positional = 1 },
        mw_run_options_table,
        run_mmsa,
    };
    mw_run_options o = { 0 };

    return run_import(&mmsa, &o, argc, argv, NULL);
}

/* ---- tables of labels ---- */

static int finish_report(const cli_command *c, const cli_common *common, mw_status st,
                         const mw_import_report *r, const mw_error *err)
{
    if (common->json) {
        printf("{\"command\": \"%s\", \"status\": \"%s\", \"rows\": %zu, \"written\": %zu, "
               "\"rejected\": %zu, \"videos\": %zu, \"videos_in_no_fold\": %zu, "
               "\"videos_of_folds_without_rows\": %zu, \"train\": %zu, \"valid\": %zu, \"test\": "
               "%zu",
               c->name, mw_status_name(st), r->n_rows, r->n_written, r->n_rejected, r->n_videos,
               r->n_no_fold, r->n_fold_only, r->n_split[0], r->n_split[1], r->n_split[2]);
        if (st != MW_OK) {
            printf(", \"reason\": \"%s\", \"message\": ", err->reason);
            cli_json_text(stdout, err->message);
        }
        printf("}\n");
    } else if (st == MW_OK && !common->quiet) {
        printf("%zu rows: %zu written, %zu rejected; train %zu, valid %zu, test %zu\n", r->n_rows,
               r->n_written, r->n_rejected, r->n_split[0], r->n_split[1], r->n_split[2]);
    }
    if (st != MW_OK) fprintf(stderr, "merwild %s: %s\n", c->name, err->message);
    if (st == MW_ERR_RANGE) return EXIT_USAGE;
    if (st != MW_OK) return EXIT_CANNOT_START;
    return r->n_rejected ? EXIT_FAILED_CLIPS : EXIT_OK;
}

static int run_csd(const cli_command *c, const cli_common *common, void *options)
{
    mw_import_report report = { 0 };
    cli_progress progress;
    const mw_run_hooks hooks = cli_hooks(&progress, c->name, common);
    mw_error err = { 0 };
    const mw_status st = mw_import_csd(options, &hooks, &report, &err);

    return finish_report(c, common, st, &report, &err);
}

int cmd_import_csd(int argc, char **argv)
{
    static const import csd = {
        { .name = "import csd",
          .arguments = "LABELS.csd",
          .summary = "Make a table of labels (MMSA's columns) of a CMU-MultimodalSDK label file.",
          .details =
              "Writes OUT, and OUT.rejects.csv with what was left out and why; such rows make "
              "the exit code 3.",
          .max_positional = 1 },
        mw_import_csd_table,
        run_csd,
    };
    mw_import_csd_options o = { 0 };

    return run_import(&csd, &o, argc, argv, NULL);
}

typedef struct labels_options {
    char *in, *out;
} labels_options;

static const mw_opt labels_table[] = {
    { "in", MW_OPT_TEXT, offsetof(labels_options, in), "",
      .help = "label.csv of MMSA, or a manifest (CSV or JSON lines)" },
    { "out", MW_OPT_TEXT, offsetof(labels_options, out), "",
      .help = "table to write in MMSA's columns; empty: only check" },
    { 0 },
};

static int run_labels(const cli_command *c, const cli_common *common, void *options)
{
    const labels_options *o = options;
    mw_import_report report = { 0 };
    mw_error err = { 0 };
    mw_status st;

    if (!*o->in) {
        fprintf(stderr, "merwild %s: option 'in': a table is needed\n", c->name);
        return EXIT_USAGE;
    }
    st = mw_import_labels(o->in, o->out, &report, &err);
    return finish_report(c, common, st, &report, &err);
}

int cmd_import_labels(int argc, char **argv)
{
    static const import labels = {
        { .name = "import labels",
          .arguments = "TABLE",
          .summary = "Check a table of labels and count its rows.",
          .max_positional = 1 },
        labels_table,
        run_labels,
    };
    labels_options o = { 0 };

    return run_import(&labels, &o, argc, argv, NULL);
}

/* ---- matrices ---- */

static int is_condition(const char *arg)
{
    return !strcmp(arg, "--condition") || !strncmp(arg, "--condition=", 12);
}

/* All --condition of argv as lines, and argv without them. NULL: no memory, or a value is missing.
 */
static char *gather_conditions(int *argc, char **argv)
{
    size_t size = 1;
    char *lines;
    int n = 0;

    for (int i = 0; i < *argc; i++)
        size += strlen(argv[i]) + 1;
    lines = calloc(size, 1);
    for (int i = 0; lines && i < *argc; i++) {
        const char *value = argv[i] + 12;

        if (!is_condition(argv[i])) {
            argv[n++] = argv[i];
            continue;
        }
        if (argv[i][11] != '=') value = i + 1 < *argc ? argv[++i] : "";
        strcat(lines, value);
        strcat(lines, "\n");
    }
    *argc = n;
    return lines;
}

static int run_features(const cli_command *c, const cli_common *common, void *options)
{
    mw_summary summary = { 0 };
    cli_progress progress;
    const mw_run_hooks hooks = cli_hooks(&progress, c->name, common);
    mw_error err = { 0 };

    return cli_finish(&progress, mw_import_features(options, &hooks, &summary, &err), &summary,
                      &err);
}

int cmd_import_features(int argc, char **argv)
{
    static const import features = {
        { .name = "import features",
          .arguments = "",
          .summary = "Make a feature bank of folders of matrices, by anybody (.npz, .npy, .pkl).",
          .details = "Looks for <folder>/<video>/<clip>.npz, .npy or .pkl of every clip of the "
                     "table. Matrices of damaged clips have\n"
                     "the rows of the clean ones." },
        mw_import_features_table,
        run_features,
    };
    mw_import_features_options o = { 0 };
    char *conditions = gather_conditions(&argc, argv);
    int code;

    if (!conditions) {
        fprintf(stderr, "merwild %s: no memory\n", features.command.name);
        return EXIT_CANNOT_START;
    }
    code = run_import(&features, &o, argc, argv, conditions);
    free(conditions);
    return code;
}
