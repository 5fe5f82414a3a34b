/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of predictions of any bytes against the labels of four clips, as predictions of each task:
 * read, or refused with a reason that lists know; a table that is read says the same of every clip.
 */
#include <string.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "merwild/evaluate.h"

static const char labels[] =
    "video_id,clip_id,label,label_class,happy,sad,anger,surprise,disgust,fear,mode\n"
    "v,1,-2,0,0,1,0,0,1,0,test\nv,2,0,1,0,0,0,0,0,0,test\n"
    "w,3,0.5,2,1,0,0,1,0,0,test\nw,4,3,2,2,0,0,0,0,1,test\n"
    "x,5,1,2,1,0,0,0,0,0,train\n";

static void set(mw_evaluate_options *o, const char *name, const char *value)
{
    mw_opt_group groups[MW_MAX_GROUPS];
    const size_t n = mw_evaluate_options_groups(o, groups);

    for (size_t g = 0; g < n; g++) {
        const mw_opt *row = mw_opt_find(groups[g].table, name);

        if (!row) continue;
        FUZZ_CHECK(mw_opt_set(row, groups[g].values, value, NULL) == MW_OK);
        return;
    }
    FUZZ_CHECK(!"an option of that name");
}

static void read_as(const char *task, const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    mw_evaluate_options *o;
    mw_summary summary;
    mw_error err = { MW_OK, "", "" };
    mw_status st;

    o = mw_evaluate_options_new(0, NULL);
    FUZZ_CHECK(o != NULL);
    set(o, "labels", fuzz_file("l.csv", labels, sizeof labels - 1));
    set(o, "predictions", fuzz_file("p.csv", data, size));
    set(o, "out", fuzz_path("out"));
    set(o, "dry-run", "yes");
    set(o, "task", task);
    st = mw_evaluate(o, NULL, &summary, &err);
    FUZZ_CHECK(st == MW_OK || (st == MW_ERR_FORMAT && err.code == st && *err.message));
    FUZZ_CHECK(st == MW_OK ? summary.n_done == 4 : !strcmp(err.reason, "bad_csv"));
    mw_evaluate_options_free(&o);
    FUZZ_CHECK(mw_mem_live() == live);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 14) return 0;
    read_as("regression", data, size);
    read_as("multiclass", data, size);
    read_as("regression+multilabel", data, size);
    return 0;
}
