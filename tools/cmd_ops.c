/* SPDX-License-Identifier: Apache-2.0
 *
 * ops: the reference page, made of the tables.
 */
#include <string.h>

#include "cli.h"
#include "commands.h"

static void print_allowed(const mw_opt *row)
{
    char allowed[256];

    mw_opt_describe(row, allowed, sizeof allowed);
    for (char *p = allowed; *p; p++)
        if (*p == '|') *p = '/'; /* a bar would end the table cell */
    fputs(allowed, stdout);
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

static void print_options(const mw_opt *table)
{
    printf("\nOptions:\n\n| option | value | default | under `--preset reference` | what |\n"
           "| --- | --- | --- | --- | --- |\n");
    for (const mw_opt *row = table; row->name; row++) {
        printf("| `--%s` | ", row->name);
        print_allowed(row);
        printf(" | %s | %s | %s |\n", or_dash(row->value),
               row->reference ? or_dash(row->reference) : "same", row->help);
    }
}

static void print_record(const char *where, const mw_opt *table)
{
    printf("\nIn the sidecar under `%s`:\n\n| name | value | what |\n| --- | --- | --- |\n", where);
    for (const mw_opt *row = table; row->name; row++) {
        char name[64];

        snprintf(name, sizeof name, "%s", row->name);
        for (char *p = name; *p; p++)
            if (*p == '-') *p = '_';
        printf("| `%s` | ", name);
        print_allowed(row);
        printf(" | %s |\n", row->help);
    }
}

static void print_operation(const mw_op_info *op)
{
    printf("\n## %s\n\nVersion %d: %s.\n", op->name, op->version, op->summary);
    print_options(op->options);
    print_record("drawn", op->drawn);
    print_record("result", op->result);
}

/* Tables of a job that belong to no operation: its own options. */
static void print_job(const char *name, const mw_opt_group *groups, size_t n)
{
    printf("\n## %s\n", name);
    for (size_t i = 0; i < n; i++) {
        int of_operation = 0;

        for (size_t k = 0; k < mw_op_count(); k++)
            of_operation |= mw_op_get(k)->options == groups[i].table;
        if (!of_operation) print_options(groups[i].table);
    }
}

int cmd_ops(int argc, char **argv)
{
    static const cli_command command = {
        .name = "ops",
        .arguments = "",
        .summary = "Describe all operations and jobs in Markdown: what can be set, what is drawn, "
                   "what is measured.",
    };
    static const mw_opt none[] = { { 0 } };
    const mw_opt_group group = { none, NULL };
    mw_corrupt_audio_options *audio = NULL;
    mw_corrupt_video_options *video = NULL;
    mw_features_audio_options *features = NULL;
    mw_features_visual_options *visual = NULL;
    mw_corrupt_av_options *av = NULL;
    mw_faces_options *faces = NULL;
    mw_opt_group groups[MW_MAX_GROUPS];
    cli_common common = { 0 };
    int code = cli_parse(&command, argc, argv, &group, 1, &common, NULL);

    if (code) return code;
    if (common.help) {
        cli_help(&command, &group, 1, stdout);
        return EXIT_OK;
    }
    audio = mw_corrupt_audio_options_new(0, NULL);
    video = mw_corrupt_video_options_new(0, NULL);
    features = mw_features_audio_options_new(0, NULL);
    visual = mw_features_visual_options_new(0, NULL);
    av = mw_corrupt_av_options_new(0, NULL);
    faces = mw_faces_options_new(0, NULL);
    if (audio && video && av && features && visual && faces) {
        printf("# Operations and jobs\n\nMade by `merwild ops`.\n");
        for (size_t i = 0; i < mw_op_count(); i++)
            print_operation(mw_op_get(i));
        print_job("corrupt audio", groups, mw_corrupt_audio_options_groups(audio, groups));
        print_job("corrupt video", groups, mw_corrupt_video_options_groups(video, groups));
        print_job("corrupt av", groups, mw_corrupt_av_options_groups(av, groups));
        print_job("features audio", groups, mw_features_audio_options_groups(features, groups));
        print_job("features visual", groups, mw_features_visual_options_groups(visual, groups));
        print_job("faces", groups, mw_faces_options_groups(faces, groups));
    } else {
        fprintf(stderr, "merwild ops: not enough memory\n");
        code = EXIT_CANNOT_START;
    }
    mw_corrupt_audio_options_free(&audio);
    mw_corrupt_video_options_free(&video);
    mw_features_audio_options_free(&features);
    mw_features_visual_options_free(&visual);
    mw_corrupt_av_options_free(&av);
    mw_faces_options_free(&faces);
    return code;
}
