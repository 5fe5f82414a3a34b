/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "commands.h"

CLI_JOB(corrupt_audio);
CLI_JOB(corrupt_video);
CLI_JOB(corrupt_av);

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

    return cli_run_job(&command, &job_corrupt_audio, argc, argv);
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

    return cli_run_job(&command, &job_corrupt_video, argc, argv);
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

    return cli_run_job(&command, &job_corrupt_av, argc, argv);
}
