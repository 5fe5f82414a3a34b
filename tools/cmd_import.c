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

int cmd_import_mmsa(int argc, char **argv)
{
    static const cli_command command = {
        .name = "import mmsa",
        .arguments = "FILE.pkl",
        .summary = "Make a feature bank of a pickle of MMSA (aligned_50, unaligned_50) or MulT.",
        .details = "Writes OUT/<video>/<clip>.bank.npz, OUT/label.csv, OUT/bank.json and "
                   "OUT/outcomes.csv. Nothing in the pickle\n"
                   "is executed.",
        .max_positional = 1,
    };
    mw_run_options o = { 0 };
    const mw_opt_group group = { mw_run_options_table, &o };
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    const char *in = NULL;
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    int code = EXIT_CANNOT_START;

    if (mw_opt_defaults(mw_run_options_table, &o, 0, &err) != MW_OK)
        fprintf(stderr, "merwild: %s\n", err.message);
    else
        code = cli_parse(&command, argc, argv, &group, 1, &common, &in);
    if (!code) code = take_input(&command, &group, in);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        code = cli_finish(&progress, mw_import_mmsa(&o, &hooks, &summary, &err), &summary, &err);
    }
    mw_opt_clear(mw_run_options_table, &o);
    return code;
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

int cmd_import_csd(int argc, char **argv)
{
    static const cli_command command = {
        .name = "import csd",
        .arguments = "LABELS.csd",
        .summary = "Make a table of labels (MMSA's columns) of a CMU-MultimodalSDK label file.",
        .details = "Writes OUT, and OUT.rejects.csv with what was left out and why; such rows make "
                   "the exit code 3.",
        .max_positional = 1,
    };
    mw_import_csd_options o = { 0 };
    const mw_opt_group group = { mw_import_csd_table, &o };
    cli_common common = { 0 };
    mw_import_report report = { 0 };
    const char *in = NULL;
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    int code = EXIT_CANNOT_START;

    if (mw_opt_defaults(mw_import_csd_table, &o, 0, &err) != MW_OK)
        fprintf(stderr, "merwild: %s\n", err.message);
    else
        code = cli_parse(&command, argc, argv, &group, 1, &common, &in);
    if (!code) code = take_input(&command, &group, in);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code) {
        mw_status st;

        hooks = cli_hooks(&progress, command.name, &common);
        st = mw_import_csd(&o, &hooks, &report, &err);
        code = finish_report(&command, &common, st, &report, &err);
    }
    mw_opt_clear(mw_import_csd_table, &o);
    return code;
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

int cmd_import_labels(int argc, char **argv)
{
    static const cli_command command = {
        .name = "import labels",
        .arguments = "TABLE",
        .summary = "Check a table of labels and count its rows.",
        .max_positional = 1,
    };
    labels_options o = { 0 };
    const mw_opt_group group = { labels_table, &o };
    cli_common common = { 0 };
    mw_import_report report = { 0 };
    const char *in = NULL;
    mw_error err = { 0 };
    int code = EXIT_CANNOT_START;

    if (mw_opt_defaults(labels_table, &o, 0, &err) != MW_OK)
        fprintf(stderr, "merwild: %s\n", err.message);
    else
        code = cli_parse(&command, argc, argv, &group, 1, &common, &in);
    if (!code) code = take_input(&command, &group, in);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code && !*o.in) {
        fprintf(stderr, "merwild %s: option 'in': a table is needed\n", command.name);
        code = EXIT_USAGE;
    } else if (!code) {
        code = finish_report(&command, &common, mw_import_labels(o.in, o.out, &report, &err),
                             &report, &err);
    }
    mw_opt_clear(labels_table, &o);
    return code;
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

int cmd_import_features(int argc, char **argv)
{
    static const cli_command command = {
        .name = "import features",
        .arguments = "",
        .summary = "Make a feature bank of folders of matrices, by anybody (.npz, .npy, .pkl).",
        .details = "Looks for <folder>/<video>/<clip>.npz, .npy or .pkl of every clip of the "
                   "table. Matrices of damaged clips have\n"
                   "the rows of the clean ones.",
    };
    mw_import_features_options o = { 0 };
    const mw_opt_group group = { mw_import_features_table, &o };
    char *conditions = gather_conditions(&argc, argv);
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    int code = EXIT_CANNOT_START;

    if (!conditions || mw_opt_defaults(mw_import_features_table, &o, 0, &err) != MW_OK ||
        mw_opt_set(mw_opt_find(mw_import_features_table, "condition"), &o, conditions, &err) !=
            MW_OK)
        fprintf(stderr, "merwild %s: %s\n", command.name, conditions ? err.message : "no memory");
    else
        code = cli_parse(&command, argc, argv, &group, 1, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        code =
            cli_finish(&progress, mw_import_features(&o, &hooks, &summary, &err), &summary, &err);
    }
    mw_opt_clear(mw_import_features_table, &o);
    free(conditions);
    return code;
}
