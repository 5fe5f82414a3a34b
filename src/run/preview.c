/* SPDX-License-Identifier: Apache-2.0
 *
 * preview: checks that the files are those of the sidecar, then lets each part draw itself below
 * the one before.
 */
#include "run/preview.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "media/image_png.h"
#include "run/preview_scores.h"

#define O(field) offsetof(mw_preview_options, field)

/* clang-format off */
const mw_opt mw_preview_options_table[] = {
    { "frames", MW_OPT_INT, O(frames), "12", 1, 48, .help = "largest number of frames shown, each clean and damaged" },
    { "width", MW_OPT_INT, O(width), "1600", 640, 4096, "px", .help = "width of the sheet; text grows with it" },
    { "scores", MW_OPT_TEXT, O(scores), "", .help = "CLIP.a.scores.csv or CLIP.v.scores.csv of merwild score, about the damaged clip; the other beside it is shown too" },
    { 0 },
};
/* clang-format on */

static mw_status check_options(const mw_preview_options *o, const char *out, mw_error *err)
{
    for (const mw_opt *row = mw_preview_options_table; row->name; row++) {
        const void *field = (const char *)o + row->offset;
        const int64_t v = row->type == MW_OPT_INT ? *(const int64_t *)field : 0;

        if (row->type != MW_OPT_INT) continue;
        if ((double)v < row->min || (double)v > row->max)
            return mw_fail(err, MW_ERR_RANGE, "bad_option", "option '%s': %lld is not in [%g, %g]",
                           row->name, (long long)v, row->min, row->max);
    }
    if (!mw_same_nocase(mw_path_suffix(out), ".png"))
        return mw_fail(err, MW_ERR_RANGE, "bad_option",
                       "'%s': the sheet is a PNG, so its name must end in .png", out);
    return MW_OK;
}

static mw_status check_sha256(const char *path, const char *expected, const char *sidecar,
                              mw_error *err)
{
    char found[MW_SHA256_HEX + 1];
    mw_status st = mw_sha256_file(found, NULL, path, err);

    if (st == MW_OK && strcmp(found, expected))
        st = mw_fail(err, MW_ERR_MISMATCH, "different",
                     "'%s' is not the file of '%s': its SHA-256 is %s, recorded is %.64s", path,
                     sidecar, found, expected);
    return st;
}

static mw_status check_files(const mw_preview_doc *d, const char *clip, mw_error *err)
{
    mw_status st = MW_OK;

    for (int m = 0; st == MW_OK && m < 2; m++) {
        const mw_preview_part *p = &d->part[m];

        if (!p->n) continue;
        st = check_sha256(clip, p->source_sha256, d->path, err);
        if (st == MW_OK) st = check_sha256(p->output, p->output_sha256, d->path, err);
    }
    return st;
}

/* Title and what identifies the run. */
static mw_status draw_head(mw_sheet *s, const mw_preview_doc *d, mw_error *err)
{
    const int u = s->unit, scale = u + (u + 1) / 2;
    const mw_preview_part *picture = &d->part[MW_VISUAL], *sound = &d->part[MW_AUDIO];
    mw_str run = { 0 }, files = { 0 };
    mw_status st;

    mw_str_printf(&run, "merwild %s   %s%s   seed %s", d->version, d->command,
                  strcmp(d->mode, "compat") ? "" : " --preset reference", d->seed);
    mw_str_printf(&files, "SHA-256   clean %.16s",
                  picture->n ? picture->source_sha256 : sound->source_sha256);
    if (picture->n) mw_str_printf(&files, "   damaged picture %.16s", picture->output_sha256);
    if (sound->n) mw_str_printf(&files, "   damaged sound %.16s", sound->output_sha256);
    st = mw_str_ok(&run, err);
    if (st == MW_OK) st = mw_str_ok(&files, err);
    if (st == MW_OK) st = mw_sheet_room(s, (MW_TEXT_HEIGHT + 3) * scale, err);
    if (st == MW_OK) {
        mw_draw_text(&s->canvas, s->margin, s->y, scale, mw_ink, s->x1 - s->margin, d->id);
        s->y += (MW_TEXT_HEIGHT + 3) * scale;
        st = mw_sheet_note(s, run.data, err);
    }
    if (st == MW_OK) st = mw_sheet_note(s, files.data, err);
    mw_str_clear(&run);
    mw_str_clear(&files);
    return st;
}

static mw_status store(const mw_sheet *s, const char *out, mw_error *err)
{
    char *part = mw_part_path(out);
    mw_frame sheet = s->canvas;
    mw_status st = part ? mw_make_parents(out, err) : mw_fail_nomem(err);

    sheet.height = s->y + s->margin / 2;
    if (sheet.height > s->canvas.height) sheet.height = s->canvas.height;
    if (st == MW_OK) st = mw_png_write(part, &sheet, err);
    if (st == MW_OK) st = mw_part_commit(part, out, err);
    mw_free(part);
    return st;
}

mw_status mw_preview(const char *clip, const char *sidecar, const char *out_png,
                     const mw_preview_options *options, mw_error *err)
{
    mw_preview_options usual = { 0 };
    const mw_preview_options *o = options ? options : &usual;
    const char *table = NULL; /* of scores */
    mw_preview_doc d = { 0 };
    mw_preview_scores scores = { .curve = { { .path = NULL } } };
    mw_sheet sheet = { 0 };
    mw_status st = mw_opt_defaults(mw_preview_options_table, &usual, 0, err);

    if (st == MW_OK) st = check_options(o, out_png, err);
    if (o->scores && *o->scores) table = o->scores;
    if (st == MW_OK) st = mw_preview_doc_load(&d, sidecar, err);
    if (st == MW_OK && table) st = mw_preview_scores_load(&scores, table, &d, err);
    if (st == MW_OK) st = check_files(&d, clip, err);
    if (st == MW_OK) st = mw_sheet_open(&sheet, (int)o->width, d.end_s, err);
    if (st == MW_OK) st = draw_head(&sheet, &d, err);
    if (st == MW_OK && d.part[MW_VISUAL].n)
        st = mw_preview_picture(&sheet, &d, clip, (int)o->frames, err);
    if (st == MW_OK && d.part[MW_AUDIO].n) st = mw_preview_sound(&sheet, &d, clip, err);
    if (st == MW_OK && table) st = mw_preview_scores_draw(&sheet, &d, &scores, err);
    if (st == MW_OK) st = mw_sheet_room(&sheet, sheet.margin / 2, err);
    if (st == MW_OK) st = store(&sheet, out_png, err);
    mw_sheet_clear(&sheet);
    mw_preview_scores_clear(&scores);
    mw_preview_doc_clear(&d);
    mw_opt_clear(mw_preview_options_table, &usual);
    return st;
}
