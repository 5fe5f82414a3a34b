/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "cli.h"
#include "commands.h"

typedef struct out_options {
    char *out;
} out_options;

static const mw_opt out_table[] = {
    { "out", MW_OPT_TEXT, offsetof(out_options, out), "", .help = "the PNG file to write" },
    { 0 },
};

static int show(const char *const *path, const char *out, const mw_preview_options *o, int quiet)
{
    mw_error err = { 0 };
    const mw_status st = mw_preview(path[0], path[1], out, o, &err);

    if (st == MW_OK) {
        if (!quiet) printf("%s\n", out);
        return EXIT_OK;
    }
    fprintf(stderr, "merwild preview: %s\n", err.message);
    return st == MW_ERR_MISMATCH ? EXIT_FAILED_CLIPS
           : st == MW_ERR_RANGE  ? EXIT_USAGE
                                 : EXIT_CANNOT_START;
}

int cmd_preview(int argc, char **argv)
{
    static const cli_command command = {
        .name = "preview",
        .arguments = "CLIP SIDECAR",
        .summary = "Draw a contact sheet of one damaged clip: frames, waveforms and spectrograms "
                   "before and after.",
        .details = "CLIP is the clean input; the damaged file is looked for beside SIDECAR. Both "
                   "must be the files that the\n"
                   "sidecar recorded.",
        .max_positional = 2,
    };
    out_options out = { 0 };
    mw_preview_options o = { 0 };
    const mw_opt_group groups[] = { { out_table, &out }, { mw_preview_options_table, &o } };
    const char *path[2] = { NULL, NULL };
    cli_common common = { 0 };
    mw_error err = { 0 };
    int code = EXIT_CANNOT_START;

    if (mw_opt_defaults(out_table, &out, 0, &err) != MW_OK ||
        mw_opt_defaults(mw_preview_options_table, &o, 0, &err) != MW_OK)
        fprintf(stderr, "merwild preview: %s\n", err.message);
    else
        code = cli_parse(&command, argc, argv, groups, 2, &common, path);
    if (!code && (common.help || !path[1] || !*out.out)) {
        cli_help(&command, groups, 2, common.help ? stdout : stderr);
        if (!common.help)
            fprintf(stderr, "\nmerwild preview: CLIP, SIDECAR and --out are all needed\n");
        code = common.help ? EXIT_OK : EXIT_USAGE;
    } else if (!code) {
        code = show(path, out.out, &o, common.quiet);
    }
    mw_opt_clear(out_table, &out);
    mw_opt_clear(mw_preview_options_table, &o);
    return code;
}
