/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli.h"
#include "commands.h"

CLI_JOB(faces);

int cmd_faces(int argc, char **argv)
{
    static const cli_command command = {
        .name = "faces",
        .arguments = "",
        .summary = "Find the face in every frame of every video below a folder, as MediaPipe does.",
        .details = "Writes OUT/<clip>.csv (or .pkl in the layout of MER-in-the-Wild), and a "
                   "<clip>.prov.json beside each.",
        .has_preset = 1,
    };

    return cli_run_job(&command, &job_faces, argc, argv);
}

/* ---- models ---- */

typedef struct models_options {
    char *models;
} models_options;

static const mw_opt models_table[] = {
    { "models", MW_OPT_TEXT, offsetof(models_options, models), "",
      .help = "folder of the model files; otherwise $MERWILD_MODELS or the user's data folder" },
    { 0 },
};

int cmd_models(int argc, char **argv)
{
    static const cli_command command = {
        .name = "models",
        .arguments = "",
        .summary =
            "List the model files, where they are looked for, and whether they are the right ones.",
    };
    models_options o = { 0 };
    const mw_opt_group group = { models_table, &o };
    cli_common common = { 0 };
    mw_error err = { 0 };
    int code, n_bad = 0;

    if (mw_opt_defaults(models_table, &o, 0, &err) != MW_OK) return EXIT_CANNOT_START;
    code = cli_parse(&command, argc, argv, &group, 1, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code) {
        for (size_t i = 0; i < mw_model_count(); i++) {
            const mw_model m = mw_model_get(i);
            const mw_status st = mw_model_verify(i, o.models, &err);
            char *path = mw_model_path(i, o.models);

            printf("%-11s %-10s %s\n            %s\n            sha256 %s\n", m.name,
                   st == MW_OK             ? "ok"
                   : st == MW_ERR_MISMATCH ? "WRONG"
                                           : "missing",
                   path ? path : "?", m.what, m.sha256);
            mw_text_free(path);
            n_bad += st != MW_OK;
        }
        if (n_bad) {
            fprintf(stderr, "merwild models: %s\n", err.message);
            code = EXIT_CANNOT_START;
        }
    }
    mw_opt_clear(models_table, &o);
    return code;
}

int cmd_models_info(int argc, char **argv)
{
    static const cli_command command = {
        .name = "models info",
        .arguments = "FILE",
        .summary = "Tell what a model file is: safetensors, PyTorch archive or TFLite; its "
                   "tensors, its SHA-256, and the model that is recognised in it.",
        .max_positional = 1,
    };
    const char *path = NULL;
    cli_common common = { 0 };
    mw_error err = { 0 };
    char *text = NULL;
    int code = cli_parse(&command, argc, argv, NULL, 0, &common, &path);

    if (!code && (common.help || !path)) {
        cli_help(&command, NULL, 0, common.help ? stdout : stderr);
        code = common.help ? EXIT_OK : EXIT_USAGE;
    } else if (!code && mw_model_describe(&text, path, &err) != MW_OK) {
        fprintf(stderr, "merwild models info: %s\n", err.message);
        code = EXIT_CANNOT_START;
    } else if (!code) {
        fputs(text, stdout);
    }
    mw_text_free(text);
    return code;
}
