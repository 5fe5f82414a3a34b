/* SPDX-License-Identifier: Apache-2.0 */
#include "merwild/bank.h"

#include "cli.h"
#include "commands.h"

static void print_json(const mw_bank_check_result *r)
{
    printf("{\"n_train\": %zu, \"n_valid\": %zu, \"n_test\": %zu, ", r->n_train, r->n_valid,
           r->n_test);
    printf("\"corr_voice\": %.6f, \"corr_face\": %.6f, ", r->voice.corr, r->face.corr);
    printf("\"penalty_voice\": %.6g, \"penalty_face\": %.6g, ", r->voice.penalty, r->face.penalty);
    printf("\"mae_constant\": %.6f, ", r->constant.mae);
    printf("\"mae_cue_voice\": %.6f, \"corr_cue_voice\": %.6f, ", r->from_voice.mae,
           r->from_voice.corr);
    printf("\"mae_cue_face\": %.6f, \"corr_cue_face\": %.6f, ", r->from_face.mae,
           r->from_face.corr);
    printf("\"mae_cue_both\": %.6f, \"corr_cue_both\": %.6f, ", r->from_both.mae,
           r->from_both.corr);
    printf("\"passes\": %s}\n", r->passes ? "true" : "false");
}

static void print_text(const mw_bank_check_result *r, double min_corr)
{
    printf("clips: %zu train, %zu valid, %zu test\n\n", r->n_train, r->n_valid, r->n_test);
    printf("can the cues be read off the clean features? (ridge probe, test clips)\n");
    printf("  voice  Corr %.3f  %s\n", r->voice.corr, r->voice.passes ? "yes" : "no");
    printf("  face   Corr %.3f  %s\n\n", r->face.corr, r->face.passes ? "yes" : "no");
    printf("predicting the label of the test clips\n");
    printf("  the training median        MAE %.3f\n", r->constant.mae);
    printf("  from the voice's true cue  MAE %.3f  Corr %.3f\n", r->from_voice.mae,
           r->from_voice.corr);
    printf("  from the face's true cue   MAE %.3f  Corr %.3f\n", r->from_face.mae,
           r->from_face.corr);
    printf("  from both                  MAE %.3f  Corr %.3f\n\n", r->from_both.mae,
           r->from_both.corr);
    printf(r->passes ? "the set passes: both reach %g\n" : "the set fails: not both reach %g\n",
           min_corr);
}

static int finish(const mw_bank_check_result *r, const cli_common *common, double min_corr)
{
    if (common->json)
        print_json(r);
    else
        print_text(r, min_corr);
    if (fflush(stdout)) return EXIT_CANNOT_START;
    return r->passes ? EXIT_OK : EXIT_FAILED_CLIPS;
}

static int failed(mw_status st, const mw_error *err)
{
    fprintf(stderr, "merwild bank check: %s\n", err->message);
    return st == MW_ERR_INTERRUPTED ? EXIT_INTERRUPTED
           : st == MW_ERR_RANGE     ? EXIT_USAGE
                                    : EXIT_CANNOT_START;
}

int cmd_bank_check(int argc, char **argv)
{
    static const cli_command command = {
        .name = "bank check",
        .arguments = "BANK",
        .summary = "Tell whether the cues of synthetic clips can be read off their features: "
                   "otherwise models cannot be compared on them.",
        .details = "Exit code 3 when they cannot. --json prints the numbers as one object.\n"
                   "docs/benchmark.md explains them.",
        .max_positional = 1,
    };
    mw_bank_check_options o = { 0 };
    const mw_opt_group group = { mw_bank_check_options_table, &o };
    mw_bank_check_result result;
    const char *bank = NULL;
    cli_common common = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    mw_status st = mw_opt_defaults(mw_bank_check_options_table, &o, 0, &err);
    int code = st == MW_OK ? cli_parse(&command, argc, argv, &group, 1, &common, &bank)
                           : EXIT_CANNOT_START;

    if (!code && (common.help || !bank)) {
        cli_help(&command, &group, 1, common.help ? stdout : stderr);
        code = common.help ? EXIT_OK : EXIT_USAGE;
    } else if (!code) {
        hooks = cli_hooks(&progress, command.name, &common);
        st = mw_bank_check(bank, &o, &hooks, &result, &err);
        code = st == MW_OK ? finish(&result, &common, o.min_corr) : failed(st, &err);
    }
    mw_opt_clear(mw_bank_check_options_table, &o);
    return code;
}
