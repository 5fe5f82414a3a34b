/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "commands.h"

CLI_JOB(features_audio);
CLI_JOB(features_visual);

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

    return cli_run_job(&command, &job_features_audio, argc, argv);
}

int cmd_features_visual(int argc, char **argv)
{
    static const cli_command command = {
        .name = "features visual",
        .arguments = "",
        .summary = "Describe the face in every frame of every video below a folder: CLIP, "
                   "histograms of gradients, or landmarks.",
        .details = "Writes OUT/<clip>.<npy|pkl|npz|csv>, 500 rows unless told otherwise, and "
                   "beside each <clip>.prov.json with\n"
                   "encoder, hashes of weights and detector, and how many frames show a face. A "
                   "track beside the input\n"
                   "(<clip>.track.npz) goes into the npz, row for row.",
        .has_preset = 1,
    };

    return cli_run_job(&command, &job_features_visual, argc, argv);
}

CLI_JOB(features_bank);

int cmd_features_bank(int argc, char **argv)
{
    static const cli_command command = {
        .name = "features bank",
        .arguments = "",
        .summary = "Features of every video, clean and damaged in known ways, with the reliability "
                   "of every row: what models are trained and tested on.",
        .details =
            "Reads label.csv beside the clips (MMSA's columns; mode: train, valid, test) and "
            "writes OUT/<clip>.bank.npz,\n"
            "bank.json and label.csv. The damage is done in memory.",
    };

    return cli_run_job(&command, &job_features_bank, argc, argv);
}
