/* SPDX-License-Identifier: Apache-2.0
 *
 * The merwild command: finds the command and hands over. Uses the public headers alone.
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "commands.h"

static const struct {
    const char *first, *second; /* "corrupt", "audio"; second NULL: one word */
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    { "corrupt", "audio", cmd_corrupt_audio, "add noise to the sound of clips" },
    { "corrupt", "video", cmd_corrupt_video, "damage the picture of clips" },
    { "corrupt", "av", cmd_corrupt_av, "damage sound and picture of clips together" },
    { "faces", NULL, cmd_faces, "face tracks of videos" },
    { "features", "audio", cmd_features_audio, "acoustic descriptors of clips" },
    { "features", "visual", cmd_features_visual, "embeddings or geometry of the faces in clips" },
    { "features", "bank", cmd_features_bank,
      "features of clips, clean and damaged, with the truth" },
    { "bank", "check", cmd_bank_check, "whether the cues of synthetic clips can be learnt" },
    { "import", "mmsa", cmd_import_mmsa, "feature bank of a pickle of MMSA or MulT" },
    { "import", "csd", cmd_import_csd, "table of labels of a CMU-MultimodalSDK file" },
    { "import", "features", cmd_import_features, "feature bank of folders of matrices" },
    { "import", "labels", cmd_import_labels, "check a table of labels, or a manifest" },
    { "train", NULL, cmd_train, "train scoring models on a feature bank" },
    { "score", NULL, cmd_score, "reliability and relevance of every window of clips" },
    { "evaluate", NULL, cmd_evaluate, "robustness report of trained models, or of predictions" },
    { "verify", NULL, cmd_verify, "compare outputs with their recorded hashes" },
    { "replay", NULL, cmd_replay, "make one output again from its sidecar" },
    { "preview", NULL, cmd_preview, "draw what was done to one clip" },
    { "synth", NULL, cmd_synth, "make small labelled clips out of nothing" },
    { "occluders", "import", cmd_occluders_import, "check and tidy a bank of occluders" },
    { "occluders", "list", cmd_occluders_list, "list a bank of occluders" },
    { "models", "info", cmd_models_info, "tell what a model file holds" },
    { "models", NULL, cmd_models, "list, locate and verify model files" },
    { "ops", NULL, cmd_ops, "describe all operations" },
};

static void usage(FILE *to)
{
    fprintf(
        to,
        "merwild %s: controlled, reproducible corruption of emotion-recognition video and audio\n\n"
        "merwild COMMAND [OPTIONS]; merwild COMMAND --help tells its options\n\n",
        mw_version());
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  %s %-*s %s\n", commands[i].first, (int)(16 - strlen(commands[i].first)),
                commands[i].second ? commands[i].second : "", commands[i].summary);
    fprintf(to, "  %-17s %s\n", "version", "print the version");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        usage(stdout);
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "version") || !strcmp(argv[1], "--version")) {
        printf("merwild %s\n", mw_version());
        return EXIT_OK;
    }
    cli_catch_signals();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const int words = commands[i].second ? 2 : 1;

        if (strcmp(argv[1], commands[i].first)) continue;
        if (words == 2 && (argc < 3 || strcmp(argv[2], commands[i].second))) continue;
        return commands[i].run(argc - 1 - words, argv + 1 + words);
    }
    fprintf(stderr, "merwild: unknown command '%s%s%s'\n\n", argv[1],
            argc > 2 && argv[2][0] != '-' ? " " : "", argc > 2 && argv[2][0] != '-' ? argv[2] : "");
    usage(stderr);
    return EXIT_USAGE;
}
