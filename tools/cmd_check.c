/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "cli.h"
#include "commands.h"

/* ---- verify ---- */

typedef struct verify_options {
    int64_t jobs;
} verify_options;

static const mw_opt verify_table[] = {
    { "jobs", MW_OPT_INT, offsetof(verify_options, jobs), "0", 0, 1024,
      .help = "worker threads; 0: one per processor" },
    { 0 },
};

int cmd_verify(int argc, char **argv)
{
    static const cli_command command = {
        .name = "verify",
        .arguments = "FOLDER",
        .summary = "Compare every output below a folder with the size and SHA-256 that its sidecar "
                   "recorded.",
        .max_positional = 1,
    };
    verify_options o = { 0 };
    const mw_opt_group group = { verify_table, &o };
    const char *root = NULL;
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    int code = cli_parse(&command, argc, argv, &group, 1, &common, &root);

    if (code) return code;
    if (common.help || !root) {
        cli_help(&command, &group, 1, common.help ? stdout : stderr);
        return common.help ? EXIT_OK : EXIT_USAGE;
    }
    hooks = cli_hooks(&progress, command.name, &common);
    return cli_finish(&progress, mw_verify(root, o.jobs, &hooks, &summary, &err), &summary, &err);
}

/* ---- replay ---- */

typedef struct replay_options {
    char *in, *out, *noise_dir;
} replay_options;

static const mw_opt replay_table[] = {
    { "in", MW_OPT_TEXT, offsetof(replay_options, in), "",
      .help = "the input folder that the sidecar's source is relative to" },
    { "out", MW_OPT_TEXT, offsetof(replay_options, out), "", .help = "folder to write to" },
    { "noise-dir", MW_OPT_TEXT, offsetof(replay_options, noise_dir), "",
      .help = "the noise folder its assets are relative to" },
    { 0 },
};

int cmd_replay(int argc, char **argv)
{
    static const cli_command command = {
        .name = "replay",
        .arguments = "SIDECAR",
        .summary = "Make the output of a sidecar again from its recorded decisions, without "
                   "drawing, and compare the bytes.",
        .max_positional = 1,
    };
    replay_options o = { 0 };
    const mw_opt_group group = { replay_table, &o };
    const char *sidecar = NULL;
    cli_common common = { 0 };
    mw_error err = { 0 };
    char *path = NULL;
    mw_status st = mw_opt_defaults(replay_table, &o, 0, &err);
    int code = st == MW_OK ? cli_parse(&command, argc, argv, &group, 1, &common, &sidecar)
                           : EXIT_CANNOT_START;

    if (!code && (common.help || !sidecar || !*o.in || !*o.out)) {
        cli_help(&command, &group, 1, common.help ? stdout : stderr);
        code = common.help ? EXIT_OK : EXIT_USAGE;
    } else if (!code) {
        st = mw_replay(sidecar, o.in, o.noise_dir, o.out, &path, &err);
        if (st == MW_OK)
            printf("same bytes: %s\n", path);
        else
            fprintf(stderr, "merwild replay: %s\n", err.message);
        code = st == MW_OK             ? EXIT_OK
               : st == MW_ERR_MISMATCH ? EXIT_FAILED_CLIPS
                                       : EXIT_CANNOT_START;
    }
    mw_text_free(path);
    mw_opt_clear(replay_table, &o);
    return code;
}

/* ---- ops ---- */

static void print_table(const char *title, const mw_opt *table)
{
    printf("\n%s\n\n| name | value | default | what |\n| --- | --- | --- | --- |\n", title);
    for (const mw_opt *row = table; row->name; row++) {
        char allowed[256];

        mw_opt_describe(row, allowed, sizeof allowed);
        for (char *p = allowed; *p; p++)
            if (*p == '|') *p = '/';
        printf("| `%s` | %s | %s%s | %s |\n", row->name, allowed,
               row->value && *row->value ? row->value : "-", row->reference ? " *" : "", row->help);
    }
}

int cmd_ops(int argc, char **argv)
{
    static const cli_command command = {
        .name = "ops",
        .arguments = "",
        .summary = "Describe all operations in Markdown: what can be set, what is drawn, what is "
                   "measured.",
    };
    cli_common common = { 0 };
    const mw_opt none[] = { { 0 } };
    const mw_opt_group group = { none, NULL };
    const int code = cli_parse(&command, argc, argv, &group, 1, &common, NULL);

    if (code) return code;
    if (common.help) {
        cli_help(&command, &group, 1, stdout);
        return EXIT_OK;
    }
    printf("# Operations\n\nMade by `merwild ops`. A star marks defaults that `--preset reference` "
           "changes (differences.md).\n");
    for (size_t i = 0; i < mw_op_count(); i++) {
        const mw_op_info *op = mw_op_get(i);

        printf("\n## %s\n\nVersion %d: %s.\n", op->name, op->version, op->summary);
        print_table("Options", op->options);
        print_table("Drawn (sidecar: `drawn`)", op->drawn);
        print_table("Measured (sidecar: `result`)", op->result);
    }
    return EXIT_OK;
}
