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
        .details = "FOLDER is what a job wrote, or a folder of several such.",
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
    char *in, *out, *noise_dir, *occlusion_img, *occlusion_mask;
} replay_options;

static const mw_opt replay_table[] = {
    { "in", MW_OPT_TEXT, offsetof(replay_options, in), "",
      .help = "the input folder that the sidecar's source is relative to" },
    { "out", MW_OPT_TEXT, offsetof(replay_options, out), "", .help = "folder to write to" },
    { "noise-dir", MW_OPT_TEXT, offsetof(replay_options, noise_dir), "",
      .help = "the noise folder its assets are relative to" },
    { "occlusion-img", MW_OPT_TEXT, offsetof(replay_options, occlusion_img), "",
      .help = "the folder of occluder pictures" },
    { "occlusion-mask", MW_OPT_TEXT, offsetof(replay_options, occlusion_mask), "",
      .help = "the folder of their masks" },
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
        if (!common.help)
            fprintf(stderr, "\nmerwild replay: SIDECAR, --in and --out are all needed\n");
        code = common.help ? EXIT_OK : EXIT_USAGE;
    } else if (!code) {
        const mw_replay_folders from = { o.in, o.noise_dir, o.occlusion_img, o.occlusion_mask };

        st = mw_replay(sidecar, &from, o.out, &path, &err);
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
