/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "commands.h"

int cmd_features_audio(int argc, char **argv)
{
    static const cli_command command = {
        .name = "features audio",
        .arguments = "",
        .summary = "Describe the sound of every clip below a folder: eGeMAPSv02 and ComParE_2016, "
                   "a row every 10 ms.",
        .details = "Writes OUT/<clip>.<npy|pkl|npz|csv>, 375 rows unless told otherwise, and "
                   "beside each <clip>.prov.json with column\n"
                   "names, row step and source. A track beside the input (<clip>.track.npz) goes "
                   "into the npz, row for row.",
        .has_preset = 1,
    };
    mw_features_audio_options *o;
    mw_opt_group groups[MW_MAX_GROUPS];
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    size_t n;
    int code = cli_scan(&command, argc, argv, &common);

    if (code) return code;
    o = mw_features_audio_options_new(common.reference, &err);
    if (!o) {
        fprintf(stderr, "merwild: %s\n", err.message);
        return EXIT_CANNOT_START;
    }
    n = mw_features_audio_options_groups(o, groups);
    code = cli_parse(&command, argc, argv, groups, n, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, groups, n, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        code = cli_finish(&progress, mw_features_audio(o, &hooks, &summary, &err), &summary, &err);
    }
    mw_features_audio_options_free(&o);
    return code;
}
