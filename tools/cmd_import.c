/* SPDX-License-Identifier: Apache-2.0
 *
 * The input of an import may stand as an argument: "import mmsa FILE -o BANK".
 */
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
