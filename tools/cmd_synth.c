/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "commands.h"

int cmd_synth(int argc, char **argv)
{
    static const cli_command command = {
        .name = "synth",
        .arguments = "",
        .summary = "Make small labelled clips of a drawn face that speaks: MP4, WAV and label.csv.",
        .details = "Writes OUT/Raw/<video_id>/<clip_id>.mp4, OUT/wav/<video_id>/<clip_id>.wav and "
                   "OUT/label.csv (MMSA's columns).",
    };
    mw_synth_options o = { 0 };
    const mw_opt_group group = { mw_synth_options_table, &o };
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    int code;

    if (mw_opt_defaults(mw_synth_options_table, &o, 0, &err) != MW_OK) {
        fprintf(stderr, "merwild: %s\n", err.message);
        return EXIT_CANNOT_START;
    }
    code = cli_parse(&command, argc, argv, &group, 1, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        code = cli_finish(&progress, mw_synth_run(&o, &hooks, &summary, &err), &summary, &err);
    }
    mw_opt_clear(mw_synth_options_table, &o);
    return code;
}
