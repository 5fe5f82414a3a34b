/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "cli.h"
#include "commands.h"

typedef struct occluder_options {
    char *in, *out;
    int drawn;
} occluder_options;

/* clang-format off */
static const mw_opt import_table[] = {
    { "in", MW_OPT_TEXT, offsetof(occluder_options, in), "",
      .help = "folder of a bank: image/ and mask/, or folders of pictures and masks side by side" },
    { "out", MW_OPT_TEXT, offsetof(occluder_options, out), "", .help = "folder to write to" },
    { "drawn", MW_OPT_BOOL, offsetof(occluder_options, drawn), "no", .help = "write the shapes drawn by merwild, without --in" },
    { 0 },
};
static const mw_opt list_table[] = {
    { "in", MW_OPT_TEXT, offsetof(occluder_options, in), "", .help = "folder of a bank; empty: the shapes drawn by merwild" },
    { 0 },
};
/* clang-format on */

typedef struct talk {
    int list, quiet;
} talk;

static void on_note(void *user, const mw_occluder_note *n)
{
    const talk *t = user;

    if (n->error && !t->quiet)
        fprintf(stderr, "left out (%s): %s\n", n->error->reason, n->error->message);
    else if (!n->error && t->list)
        printf("%-8s %s%s%s\n", n->kind, n->image, n->mask ? "  " : "", n->mask ? n->mask : "");
}

static int finish(const cli_command *c, const cli_common *common, mw_status st,
                  const mw_occluder_counts *n, const mw_error *err)
{
    if (common->json)
        printf("{\"command\": \"%s\", \"status\": \"%s\", \"hands\": %zu, \"objects\": %zu, "
               "\"textures\": %zu, \"left_out\": %zu}\n",
               c->name, mw_status_name(st), n->n_hands, n->n_objects, n->n_textures, n->n_rejected);
    else if (st == MW_OK && !common->quiet)
        printf("%zu hands, %zu objects, %zu textures; %zu left out\n", n->n_hands, n->n_objects,
               n->n_textures, n->n_rejected);
    if (st != MW_OK) fprintf(stderr, "merwild %s: %s\n", c->name, err->message);
    if (st != MW_OK) return st == MW_ERR_RANGE ? EXIT_USAGE : EXIT_CANNOT_START;
    return n->n_rejected ? EXIT_FAILED_CLIPS : EXIT_OK;
}

int cmd_occluders_import(int argc, char **argv)
{
    static const cli_command command = {
        .name = "occluders import",
        .arguments = "",
        .summary = "Check a bank of occluders and write what is usable of it in one clean layout.",
        .details =
            "Writes OUT/image, OUT/mask, occluders.csv, rejected.csv and README.txt. What is "
            "left out makes the exit code 3.",
    };
    occluder_options o = { 0 };
    const mw_opt_group group = { import_table, &o };
    cli_common common = { 0 };
    mw_occluder_counts counts = { 0 };
    mw_error err = { 0 };
    int code;

    if (mw_opt_defaults(import_table, &o, 0, &err) != MW_OK) return EXIT_CANNOT_START;
    code = cli_parse(&command, argc, argv, &group, 1, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code && !*o.in == !o.drawn) {
        fprintf(stderr, "merwild %s: give --in FOLDER or --drawn\n", command.name);
        code = EXIT_USAGE;
    } else if (!code) {
        talk t = { 0, common.quiet };

        code = finish(&command, &common,
                      mw_occluders_import(o.in, o.out, on_note, &t, &counts, &err), &counts, &err);
    }
    mw_opt_clear(import_table, &o);
    return code;
}

int cmd_occluders_list(int argc, char **argv)
{
    static const cli_command command = {
        .name = "occluders list",
        .arguments = "",
        .summary = "List the occluders of a bank with their masks, and what is unusable in it.",
    };
    occluder_options o = { 0 };
    const mw_opt_group group = { list_table, &o };
    cli_common common = { 0 };
    mw_occluder_counts counts = { 0 };
    mw_error err = { 0 };
    int code;

    if (mw_opt_defaults(list_table, &o, 0, &err) != MW_OK) return EXIT_CANNOT_START;
    code = cli_parse(&command, argc, argv, &group, 1, &common, NULL);
    if (!code && common.help) {
        cli_help(&command, &group, 1, stdout);
    } else if (!code) {
        talk t = { !common.json, common.quiet };

        code = finish(&command, &common, mw_occluders_list(o.in, on_note, &t, &counts, &err),
                      &counts, &err);
    }
    mw_opt_clear(list_table, &o);
    return code;
}
