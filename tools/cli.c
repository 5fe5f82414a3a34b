/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ---- */

static int usage_error(const cli_command *c, const char *what, const char *arg)
{
    fprintf(stderr, "merwild %s: %s '%s'; see 'merwild %s --help'\n", c->name, what, arg, c->name);
    return EXIT_USAGE;
}

/* "--name" with hyphens or underscores. */
static int is_flag(const char *arg, const char *name)
{
    if (strncmp(arg, "--", 2)) return 0;
    for (arg += 2; *arg && *name; arg++, name++)
        if ((*arg == '_' ? '-' : *arg) != *name) return 0;
    return !*arg && !*name;
}

static int common_flag(const char *arg, cli_common *common)
{
    if (is_flag(arg, "help") || !strcmp(arg, "-h"))
        common->help = 1;
    else if (is_flag(arg, "json"))
        common->json = 1;
    else if (is_flag(arg, "quiet"))
        common->quiet = 1;
    else if (is_flag(arg, "resume") || is_flag(arg, "keep-going"))
        return 1; /* the defaults, by name */
    else
        return 0;
    return 1;
}

static int set_preset(const cli_command *c, const char *value, cli_common *common)
{
    if (!strcmp(value, "reference"))
        common->reference = 1;
    else if (!strcmp(value, "default"))
        common->reference = 0;
    else
        return usage_error(c, "option 'preset' is default or reference, not", value);
    return 0;
}

int cli_scan(const cli_command *c, int argc, char **argv, cli_common *common)
{
    for (int i = 0; i < argc; i++) {
        int code = 0;

        if (is_flag(argv[i], "preset") && i + 1 < argc)
            code = set_preset(c, argv[i + 1], common);
        else if (!strncmp(argv[i], "--preset=", 9))
            code = set_preset(c, argv[i] + 9, common);
        else if (is_flag(argv[i], "help") || !strcmp(argv[i], "-h"))
            common->help = 1;
        if (code) return code;
    }
    return 0;
}

static const char *short_name(const char *arg)
{
    static const struct {
        const char *letter, *name;
    } names[] = { { "-i", "in" }, { "-m", "in" }, { "-o", "out" }, { "-j", "jobs" } };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(arg, names[i].letter)) return names[i].name;
    return NULL;
}

typedef struct target {
    const mw_opt *row;
    void *values;
} target;

static target find(const mw_opt_group *groups, size_t n_groups, const char *name)
{
    for (size_t i = 0; i < n_groups; i++) {
        const mw_opt *row = mw_opt_find(groups[i].table, name);

        if (row) return (target){ row, groups[i].values };
    }
    return (target){ NULL, NULL };
}

/* "--no-gaps", "--no-overwrite": none or no. */
static target find_negated(const mw_opt_group *groups, size_t n_groups, const char *name)
{
    target t = { NULL, NULL };

    if (!strncmp(name, "no-", 3) || !strncmp(name, "no_", 3)) t = find(groups, n_groups, name + 3);
    if (t.row && t.row->type != MW_OPT_BOOL && t.row->type != MW_OPT_RANGE) t.row = NULL;
    return t;
}

static int set_option(const target t, const char *value, const cli_command *c)
{
    mw_error err;

    if (mw_opt_set(t.row, t.values, value, &err) == MW_OK) return 0;
    fprintf(stderr, "merwild %s: %s\n", c->name, err.message);
    return EXIT_USAGE;
}

/* One option at argv[*i]; moves *i over its value. */
static int parse_option(const cli_command *c, int argc, char **argv, int *i,
                        const mw_opt_group *groups, size_t n_groups)
{
    const char *arg = argv[*i], *equals = strchr(arg, '='), *value = NULL;
    const char *by_letter = short_name(arg);
    char name[64];
    target t;

    if (by_letter) {
        snprintf(name, sizeof name, "%s", by_letter);
    } else {
        const size_t n = equals ? (size_t)(equals - arg) : strlen(arg);

        if (strncmp(arg, "--", 2) || n - 2 >= sizeof name)
            return usage_error(c, "unknown option", arg);
        memcpy(name, arg + 2, n - 2);
        name[n - 2] = 0;
        if (equals) value = equals + 1;
    }
    t = find(groups, n_groups, name);
    if (!t.row) {
        t = find_negated(groups, n_groups, name);
        if (!t.row) return usage_error(c, "unknown option", arg);
        return set_option(t, t.row->type == MW_OPT_BOOL ? "no" : "0-0", c);
    }
    if (!value && t.row->type == MW_OPT_BOOL) value = "yes";
    if (!value) {
        if (*i + 1 >= argc) return usage_error(c, "a value is missing after", arg);
        value = argv[++*i];
    }
    return set_option(t, value, c);
}

int cli_parse(const cli_command *c, int argc, char **argv, const mw_opt_group *groups,
              size_t n_groups, cli_common *common, const char **positional)
{
    int n_positional = 0, only_positional = 0;

    for (int i = 0; i < argc; i++) {
        int code = 0;

        if (!only_positional && !strcmp(argv[i], "--")) {
            only_positional = 1;
        } else if (only_positional || argv[i][0] != '-' || !argv[i][1]) {
            if (n_positional == c->max_positional)
                return usage_error(c, "unexpected argument", argv[i]);
            positional[n_positional++] = argv[i];
        } else if (c->has_preset && is_flag(argv[i], "preset")) {
            if (++i >= argc) return usage_error(c, "a value is missing after", "--preset");
        } else if (c->has_preset && !strncmp(argv[i], "--preset=", 9)) {
            continue;
        } else if (!common_flag(argv[i], common)) {
            code = parse_option(c, argc, argv, &i, groups, n_groups);
        }
        if (code) return code;
    }
    return 0;
}

/* ---- help ---- */

static void help_row(const mw_opt *row, FILE *to)
{
    char allowed[256];

    mw_opt_describe(row, allowed, sizeof allowed);
    if (row->type == MW_OPT_BOOL && !strcmp(row->value, "yes"))
        fprintf(to, "  --%s, --no-%s   (default yes)\n", row->name, row->name);
    else if (row->type == MW_OPT_BOOL)
        fprintf(to, "  --%s\n", row->name);
    else
        fprintf(to, "  --%s VALUE   (%s; default %s)\n", row->name, allowed,
                *row->value ? row->value : "none");
    fprintf(to, "      %s", row->help);
    if (row->reference && strcmp(row->reference, row->value))
        fprintf(to, "\n      with --preset reference: %s",
                *row->reference ? row->reference : "none");
    fputc('\n', to);
}

static void help_letters(const mw_opt_group *groups, size_t n_groups, FILE *to)
{
    static const char *const names[] = { "in", "out", "jobs" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (find(groups, n_groups, names[i]).row)
            fprintf(to, "  -%c VALUE\n      short for --%s\n", names[i][0], names[i]);
}

void cli_help(const cli_command *c, const mw_opt_group *groups, size_t n_groups, FILE *to)
{
    fprintf(to, "merwild %s%s%s [OPTIONS]\n\n%s\n", c->name, *c->arguments ? " " : "", c->arguments,
            c->summary);
    if (c->details) fprintf(to, "\n%s\n", c->details);
    fprintf(to,
            "\nOptions (hyphens and underscores are alike; --NAME=VALUE works too, and --no-NAME "
            "where there is no VALUE)\n");
    for (size_t i = 0; i < n_groups; i++)
        for (const mw_opt *row = groups[i].table; row->name; row++)
            if (!(row->flags & MW_OPT_HIDDEN)) help_row(row, to);
    if (c->has_preset)
        fprintf(to, "  --preset default|reference\n      reference: the behaviour of "
                    "MER-in-the-Wild (docs/differences.md);"
                    " options given beside it win\n");
    help_letters(groups, n_groups, to);
    fprintf(to, "  --json\n      the summary as one JSON object on standard output\n"
                "  --quiet\n      no progress and no notes\n"
                "  --help\n      this text\n\n"
                "Exit codes: 0 all done, 1 usage, 2 cannot start, 3 finished with failed clips, "
                "130 interrupted.\n");
}

/* ---- progress ---- */

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
    stop_wanted = 1;
    signal(number, SIG_DFL); /* a second one ends at once */
}

void cli_catch_signals(void)
{
    const struct sigaction act = { .sa_handler = on_signal };

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    /* a file size limit shows as a failed write, and is reported as such */
    signal(SIGXFSZ, SIG_IGN);
}

static int stop(void *user)
{
    (void)user;
    return stop_wanted;
}

/* Bytes of the well-formed UTF-8 character at p, 0 when there is none: file names may hold
 * anything, and long messages are cut anywhere. */
static int utf8_length(const unsigned char *p)
{
    const int n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

    if (p[0] > 0xf4 || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    for (int i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    return n;
}

void cli_json_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        const unsigned char ch = *p;
        const int n = utf8_length(p);

        if (!n)
            fputs("\\ufffd", to);
        else if (ch == '"' || ch == '\\')
            fprintf(to, "\\%c", ch);
        else if (ch < 0x20 || ch == 0x7f)
            fprintf(to, "\\u%04x", ch);
        else
            fwrite(p, 1, (size_t)n, to);
        p += n ? n : 1;
    }
    fputc('"', to);
}

static const char *outcome_name(mw_outcome outcome)
{
    return outcome == MW_DONE ? "done" : outcome == MW_SKIPPED ? "skipped" : "failed";
}

static void clear_line(const cli_progress *p)
{
    if (p->terminal) fputs("\r\033[K", stderr);
}

static void show_line(cli_progress *p, const mw_event *e)
{
    const double left =
        e->n_ended ? e->elapsed_s / (double)e->n_ended * (double)(e->n_total - e->n_ended) : 0;

    if (e->elapsed_s - p->last_s < 0.1 && e->n_ended < e->n_total) return;
    p->last_s = e->elapsed_s;
    clear_line(p);
    fprintf(stderr, "%zu/%zu %s, ", e->n_ended, e->n_total, e->items ? e->items : "clips");
    if (e->items)
        fprintf(stderr, "%s%s%s, ", e->id ? e->id : "", *e->message ? " " : "", e->message);
    else
        fprintf(stderr, "%zu failed, %.1f clips/s, %.0fx real time, ", p->n_failed,
                e->elapsed_s > 0 ? (double)e->n_ended / e->elapsed_s : 0,
                e->elapsed_s > 0 ? e->media_s / e->elapsed_s : 0);
    fprintf(stderr, "%.0f:%02d left", left / 60, (int)left % 60);
    fflush(stderr);
}

static void json_event(const cli_progress *p, const mw_event *e)
{
    static const char *const kinds[] = { "start", "clip", "note", "drawn" };

    fprintf(stderr, "{\"event\": \"%s\", \"command\": \"%s\", \"ended\": %zu, \"total\": %zu",
            kinds[e->kind], p->command, e->n_ended, e->n_total);
    if (e->id) {
        fputs(", \"id\": ", stderr);
        cli_json_text(stderr, e->id);
    }
    if (e->kind == MW_EVENT_CLIP)
        fprintf(stderr, ", \"outcome\": \"%s\"", outcome_name(e->outcome));
    if (*e->reason) {
        fputs(", \"reason\": ", stderr);
        cli_json_text(stderr, e->reason);
    }
    if (*e->message) {
        fputs(", \"message\": ", stderr);
        cli_json_text(stderr, e->message);
    }
    fputs("}\n", stderr);
}

static void on_event(void *user, const mw_event *e)
{
    cli_progress *p = user;

    p->n_failed += e->kind == MW_EVENT_CLIP && e->outcome == MW_FAILED;
    if (e->kind == MW_EVENT_DRAWN) {
        clear_line(p);
        puts(e->message);
        return;
    }
    if (p->common.quiet) return;
    if (!p->terminal) {
        json_event(p, e);
        return;
    }
    if (e->kind == MW_EVENT_NOTE) {
        clear_line(p);
        fprintf(stderr, "note: %s\n", e->message);
    } else if (e->kind == MW_EVENT_CLIP && e->outcome == MW_FAILED) {
        clear_line(p);
        fprintf(stderr, "failed: %s (%s): %s\n", e->id, e->reason, e->message);
    }
    show_line(p, e);
}

mw_run_hooks cli_hooks(cli_progress *p, const char *command, const cli_common *common)
{
    *p = (cli_progress){ .common = *common, .command = command, .terminal = isatty(STDERR_FILENO) };
    return (mw_run_hooks){ .user = p, .event = on_event, .stop = stop };
}

static void json_summary(const cli_progress *p, mw_status st, const mw_summary *s,
                         const mw_error *err)
{
    printf("{\"command\": \"%s\", \"status\": \"%s\", \"clips\": %zu, \"done\": %zu, \"skipped\": "
           "%zu, \"failed\": %zu, "
           "\"outputs\": %zu, \"other_files\": %zu, \"noise_files\": %zu, \"noise_rejected\": %zu, "
           "\"media_s\": %.3f, "
           "\"elapsed_s\": %.3f, \"reasons\": {",
           p->command, mw_status_name(st), s->n_clips, s->n_done, s->n_skipped, s->n_failed,
           s->n_outputs, s->n_other_files, s->n_noise_files, s->n_noise_rejected, s->media_s,
           s->elapsed_s);
    for (size_t i = 0; i < s->n_reasons; i++)
        printf("%s\"%s\": %zu", i ? ", " : "", s->reasons[i].reason, s->reasons[i].n);
    printf("}");
    if (st != MW_OK) {
        printf(", \"reason\": \"%s\", \"message\": ", err->reason);
        cli_json_text(stdout, err->message);
    }
    printf("}\n");
}

static void text_summary(const cli_progress *p, const mw_summary *s)
{
    printf("%zu %s: %zu done, %zu up to date, %zu failed; %zu files %s", s->n_clips,
           s->items ? s->items : "clips", s->n_done, s->n_skipped, s->n_failed, s->n_outputs,
           strcmp(p->command, "verify") ? "written" : "as recorded");
    if (s->elapsed_s > 0) printf("; %.1f s", s->elapsed_s);
    if (s->elapsed_s > 0 && s->media_s > 0) printf(", %.0fx real time", s->media_s / s->elapsed_s);
    printf("\n");
    for (size_t i = 0; i < s->n_reasons; i++)
        printf("  failed: %-20s %zu\n", s->reasons[i].reason, s->reasons[i].n);
    if (s->n_other_files) printf("  passed over: %zu files of other suffixes\n", s->n_other_files);
    if (s->n_noise_rejected)
        printf("  noise: %zu files usable, %zu not\n", s->n_noise_files, s->n_noise_rejected);
}

int cli_finish(cli_progress *p, mw_status st, const mw_summary *s, const mw_error *err)
{
    clear_line(p);
    if (st != MW_OK) fprintf(stderr, "merwild %s: %s\n", p->command, err->message);
    if (p->common.json)
        json_summary(p, st, s, err);
    else if ((st == MW_OK || s->n_clips) && !p->common.quiet)
        text_summary(p, s);
    if (fflush(stdout)) return EXIT_CANNOT_START;
    if (st == MW_ERR_INTERRUPTED) return EXIT_INTERRUPTED;
    if (st == MW_ERR_RANGE) return EXIT_USAGE;
    /* after the clips: the lists beside the outputs could not be written */
    if (st != MW_OK) return s->n_clips ? EXIT_FAILED_CLIPS : EXIT_CANNOT_START;
    return s->n_failed ? EXIT_FAILED_CLIPS : EXIT_OK;
}

int cli_run_job(const cli_command *c, const cli_job *job, int argc, char **argv)
{
    void *o;
    mw_opt_group groups[MW_MAX_GROUPS];
    cli_common common = { 0 };
    mw_summary summary = { 0 };
    cli_progress progress;
    mw_run_hooks hooks;
    mw_error err = { 0 };
    size_t n;
    int code = cli_scan(c, argc, argv, &common);

    if (code) return code;
    o = job->options_new(common.reference, &err);
    if (!o) {
        fprintf(stderr, "merwild: %s\n", err.message);
        return EXIT_CANNOT_START;
    }
    n = job->options_groups(o, groups);
    code = cli_parse(c, argc, argv, groups, n, &common, NULL);
    if (!code && common.help) {
        cli_help(c, groups, n, stdout);
    } else if (!code) {
        hooks = cli_hooks(&progress, c->name, &common);
        code = cli_finish(&progress, job->run(o, &hooks, &summary, &err), &summary, &err);
    }
    job->options_free(o);
    return code;
}
