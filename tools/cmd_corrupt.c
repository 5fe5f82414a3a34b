/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "commands.h"

int cmd_corrupt_audio(int argc, char **argv)
{
    static const cli_command command = {
        .name = "corrupt audio",
        .arguments = "",
        .summary =
            "Add noise to the sound of every clip below a folder, at set signal-to-noise ratios.",
        .details = "Writes OUT_<snr>/<clip>.wav (16 kHz, mono, 16 bit), and beside each "
                   "<clip>.prov.json (what was drawn and\n"
                   "measured) and <clip>.track.npz (per 10 ms). A run that was interrupted "
                   "resumes; what is up to date is kept.",
        .has_preset = 1,
    };
    mw_corrupt_audio_options *o;
    mw_opt_group groups[MW_MAX_GROUPS];
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    size_t n;
    int code = cli_scan(&command, argc, argv, &common);

    if (code) return code;
    o = mw_corrupt_audio_options_new(common.reference, &err);
    if (!o) {
        fprintf(stderr, "merwild: %s\n", err.message);
        return EXIT_CANNOT_START;
    }
    n = mw_corrupt_audio_options_groups(o, groups);
    code = cli_parse(&command, argc, argv, groups, n, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, groups, n, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        code = cli_finish(&progress, mw_corrupt_audio(o, &hooks, &summary, &err), &summary, &err);
    }
    mw_corrupt_audio_options_free(&o);
    return code;
}

int cmd_corrupt_video(int argc, char **argv)
{
    static const cli_command command = {
        .name = "corrupt video",
        .arguments = "",
        .summary = "Damage the picture of every clip below a folder, on a schedule; keep "
                   "everything else of it.",
        .details = "Writes OUT/<clip>.<mp4|mkv|mov>, and beside each <clip>.prov.json (what was "
                   "drawn and measured) and\n"
                   "<clip>.track.npz (per frame). A run that was interrupted resumes; what is up "
                   "to date is kept.",
        .has_preset = 1,
    };
    mw_corrupt_video_options *o;
    mw_opt_group groups[MW_MAX_GROUPS];
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    size_t n;
    int code = cli_scan(&command, argc, argv, &common);

    if (code) return code;
    o = mw_corrupt_video_options_new(common.reference, &err);
    if (!o) {
        fprintf(stderr, "merwild: %s\n", err.message);
        return EXIT_CANNOT_START;
    }
    n = mw_corrupt_video_options_groups(o, groups);
    code = cli_parse(&command, argc, argv, groups, n, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, groups, n, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        code = cli_finish(&progress, mw_corrupt_video(o, &hooks, &summary, &err), &summary, &err);
    }
    mw_corrupt_video_options_free(&o);
    return code;
}

int cmd_corrupt_av(int argc, char **argv)
{
    static const cli_command command = {
        .name = "corrupt av",
        .arguments = "",
        .summary = "Damage sound and picture of every clip below a folder, in one file on one time "
                   "base.",
        .details = "Writes OUT_<snr>/<clip>.<mp4|mkv|mov>, its picture as corrupt video makes it, "
                   "its sound (16 kHz, mono, lossless) as\n"
                   "corrupt audio does, and beside each <clip>.prov.json and <clip>.track.npz with "
                   "the truth of both. --overlap says when\n"
                   "noise sounds: with the damaged pictures, beside them, or by its own law.",
        .has_preset = 1,
    };
    mw_corrupt_av_options *o;
    mw_opt_group groups[MW_MAX_GROUPS];
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    size_t n;
    int code = cli_scan(&command, argc, argv, &common);

    if (code) return code;
    o = mw_corrupt_av_options_new(common.reference, &err);
    if (!o) {
        fprintf(stderr, "merwild: %s\n", err.message);
        return EXIT_CANNOT_START;
    }
    n = mw_corrupt_av_options_groups(o, groups);
    code = cli_parse(&command, argc, argv, groups, n, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, groups, n, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        code = cli_finish(&progress, mw_corrupt_av(o, &hooks, &summary, &err), &summary, &err);
    }
    mw_corrupt_av_options_free(&o);
    return code;
}
