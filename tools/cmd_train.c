/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "commands.h"

CLI_JOB(train);

int cmd_train(int argc, char **argv)
{
    static const cli_command command = {
        .name = "train",
        .arguments = "",
        .summary = "Train scoring models on a feature bank, one for each seed.",
        .details =
            "Reads the bank's label.csv and <clip>.bank.npz; writes "
            "OUT/seed_<N>/model.safetensors, config.json and log.jsonl.\n"
            "A run that was stopped goes on from its last epoch and ends in the same weights.\n"
            "--net reliability --task reliability trains a detector of damage and needs no labels.",
    };

    return cli_run_job(&command, &job_train, argc, argv);
}

CLI_JOB(score);

int cmd_score(int argc, char **argv)
{
    static const cli_command command = {
        .name = "score",
        .arguments = "",
        .summary = "Score every window of the clips of a feature bank with a trained model.",
        .details = "Writes OUT/<clip>.<a|v|t>.scores.npy, a line per window: t_start_s, score, "
                   "relevance, pooling attention; and predictions.csv.",
    };

    return cli_run_job(&command, &job_score, argc, argv);
}

CLI_JOB(evaluate);

int cmd_evaluate(int argc, char **argv)
{
    static const cli_command command = {
        .name = "evaluate",
        .arguments = "",
        .summary = "Run trained methods over the test clips of a feature bank under every "
                   "condition, or take predictions from a table, and write a report.",
        .details = "Writes OUT/report.md, report.csv, results.json and curves. docs/evaluation.md "
                   "defines every number.",
    };

    return cli_run_job(&command, &job_evaluate, argc, argv);
}
