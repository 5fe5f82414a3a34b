/* SPDX-License-Identifier: Apache-2.0 */
#include "face/track_select.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

const char *const mw_face_policy_name[MW_FACES_N_POLICIES] = { "largest",       "central",
                                                               "longest-track", "first",
                                                               "all",           "single" };

/* Boxes of neighbouring frames are the same person above this intersection over union; a person may
 * be missing for this many frames. */
#define LINK_OVERLAP 0.3
enum { LINK_GAP = 15 };

int mw_face_policy_by_name(const char *name)
{
    for (int i = 0; i < MW_FACES_N_POLICIES; i++)
        if (!strcmp(name, mw_face_policy_name[i])) return i;
    return -1;
}

/* ---- one face per frame ---- */

static double area(const mw_face *f)
{
    return f->w * f->h;
}

static double distance(const mw_face *f, double aspect)
{
    const double dx = (f->x + f->w / 2 - 0.5) * aspect, dy = f->y + f->h / 2 - 0.5;

    return dx * dx + dy * dy;
}

size_t mw_face_choose(const mw_face *f, size_t n, mw_face_policy policy, double aspect)
{
    size_t best = 0;

    if (policy == MW_FACES_SINGLE && n > 1) return n;
    for (size_t i = 1; i < n; i++) {
        if (policy == MW_FACES_LARGEST && area(&f[i]) > area(&f[best])) best = i;
        if (policy == MW_FACES_CENTRAL && distance(&f[i], aspect) < distance(&f[best], aspect))
            best = i;
    }
    return best;
}

/* ---- persons over time ---- */

/* One person: the box last seen, and in how many frames. */
typedef struct person {
    mw_face last;
    size_t last_frame, n_seen;
} person;

typedef struct linker {
    person *person;
    size_t n, cap;
    size_t *of_face; /* [n_faces] person of each face */
} linker;

static double overlap(const mw_face *a, const mw_face *b)
{
    const double w = fmin(a->x + a->w, b->x + b->w) - fmax(a->x, b->x);
    const double h = fmin(a->y + a->h, b->y + b->h) - fmax(a->y, b->y);

    return w > 0 && h > 0 ? w * h / (area(a) + area(b) - w * h) : 0;
}

/* The person that overlaps most among those seen lately and not taken in this frame. */
static size_t match(const linker *l, const mw_face *f, size_t frame)
{
    double most = LINK_OVERLAP;
    size_t best = l->n;

    for (size_t i = 0; i < l->n; i++) {
        const person *p = &l->person[i];
        const double o = overlap(&p->last, f);

        if (p->last_frame == frame || frame - p->last_frame > LINK_GAP + 1 || o <= most) continue;
        most = o;
        best = i;
    }
    return best;
}

static int link_faces(linker *l, const mw_track *t)
{
    for (size_t i = 0; i < t->n_frames; i++)
        for (size_t k = 0; k < t->frame[i].n; k++) {
            const size_t face = t->frame[i].first + k;
            size_t who = match(l, &t->face[face], i);

            if (who == l->n) {
                if (mw_grow(&l->person, &l->cap, l->n + 1, sizeof *l->person)) return -1;
                l->person[l->n++] = (person){ 0 };
            }
            l->person[who].last = t->face[face];
            l->person[who].last_frame = i;
            l->person[who].n_seen++;
            l->of_face[face] = who;
        }
    return 0;
}

/* keep[i]: face of frame i to keep, counted within the frame; its n for none. */
static mw_status keep_longest(const mw_track *t, size_t *keep, mw_error *err)
{
    linker l = { 0 };
    mw_status st = MW_OK;
    size_t best = 0;

    l.of_face = mw_calloc(t->n_faces, sizeof *l.of_face);
    if (!l.of_face || link_faces(&l, t)) {
        st = mw_fail_nomem(err);
        goto done;
    }
    for (size_t i = 1; i < l.n; i++)
        if (l.person[i].n_seen > l.person[best].n_seen) best = i;
    for (size_t i = 0; i < t->n_frames; i++) {
        const mw_track_frame *f = &t->frame[i];

        for (keep[i] = 0; keep[i] < f->n && l.of_face[f->first + keep[i]] != best;)
            keep[i]++;
    }
done:
    mw_free(l.person);
    mw_free(l.of_face);
    return st;
}

static void drop_others(mw_track *t, const size_t *keep)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_frames; i++) {
        mw_track_frame *f = &t->frame[i];
        const int has = keep[i] < f->n;

        if (has) t->face[n] = t->face[f->first + keep[i]];
        f->first = n;
        f->n = (size_t)has;
        n += (size_t)has;
    }
    t->n_faces = n;
}

mw_status mw_track_select(mw_track *t, mw_face_policy policy, double aspect, mw_error *err)
{
    mw_status st = MW_OK;
    size_t *keep;

    mw_track_note(t, "faces", mw_face_policy_name[policy]);
    if (policy == MW_FACES_ALL) return mw_str_ok(&t->meta, err);
    keep = mw_calloc(t->n_frames, sizeof *keep);
    if (!keep) return mw_fail_nomem(err);
    if (policy == MW_FACES_LONGEST_TRACK) {
        st = keep_longest(t, keep, err);
    } else {
        for (size_t i = 0; i < t->n_frames; i++) {
            const mw_track_frame *f = &t->frame[i];

            /* none: nothing to choose from, and the list of faces may be empty */
            if (!f->n) continue;
            keep[i] = mw_face_choose(t->face + f->first, f->n, policy, aspect);
        }
    }
    if (st == MW_OK) drop_others(t, keep);
    mw_free(keep);
    return st == MW_OK ? mw_str_ok(&t->meta, err) : st;
}

/* ---- gaps ---- */

/* a + i/n (b - a), in the reference's order of operations. */
static mw_face between(const mw_face *a, const mw_face *b, size_t i, size_t n)
{
    const double s = (double)i / (double)n;
    mw_face f = *a;

    f.x = a->x + s * (b->x - a->x);
    f.y = a->y + s * (b->y - a->y);
    f.w = a->w + s * (b->w - a->w);
    f.h = a->h + s * (b->h - a->h);
    f.score = NAN;
    f.has_keys = a->has_keys && b->has_keys;
    for (int k = 0; k < MW_FACE_KEYS; k++)
        for (int d = 0; d < 2; d++)
            f.key[k][d] = a->key[k][d] + s * (b->key[k][d] - a->key[k][d]);
    f.state = MW_FACE_INTERPOLATED;
    return f;
}

static mw_face held(const mw_face *a)
{
    mw_face f = *a;

    f.score = NAN;
    f.state = MW_FACE_HELD;
    return f;
}

/* The face put into frame i of the gap [from, to); before and after are the ones around it. */
static mw_face filling(const mw_face *before, const mw_face *after, size_t i, size_t from,
                       size_t to)
{
    if (before && after) return between(before, after, i - from + 1, to - from + 1);
    return held(before ? before : after);
}

size_t mw_track_next_face(const mw_track *t, size_t from)
{
    while (from < t->n_frames && !t->frame[from].n)
        from++;
    return from;
}

/* face [n_frames] receives the new list; the number of faces in it. */
static size_t fill_gaps(mw_track *t, mw_face *face, long limit, size_t *n_filled)
{
    const mw_face *before = NULL;
    size_t n = 0, i = 0;

    while (i < t->n_frames) {
        const size_t to = mw_track_next_face(t, i);
        const mw_face *after = to < t->n_frames ? t->face + t->frame[to].first : NULL;
        const int fill = (before || after) && (limit < 0 || to - i <= (size_t)limit);

        for (size_t k = i; k < to; k++) {
            t->frame[k].first = n;
            if (!fill) continue;
            face[n++] = filling(before, after, k, i, to);
            t->frame[k].n = 1;
            ++*n_filled;
        }
        if (after) {
            face[n] = *after;
            t->frame[to].first = n++;
        }
        before = after;
        i = to + 1;
    }
    return n;
}

mw_status mw_track_fill(mw_track *t, long limit, size_t *n_filled, mw_error *err)
{
    size_t filled = 0;
    mw_face *face;
    char text[32];

    for (size_t i = 0; i < t->n_frames; i++)
        if (t->frame[i].n > 1)
            return mw_fail(err, MW_ERR_ARG, "many_faces",
                           "gaps are filled in tracks of one face; frame %zu has %zu", i,
                           t->frame[i].n);
    face = mw_calloc(t->n_frames, sizeof *face);
    if (!face) return mw_fail_nomem(err);
    t->n_faces = fill_gaps(t, face, limit, &filled);
    mw_free(t->face);
    t->face = face;
    t->face_cap = t->n_frames;
    snprintf(text, sizeof text, "%ld", limit);
    mw_track_note(t, "gap_limit", text);
    if (n_filled) *n_filled = filled;
    return mw_str_ok(&t->meta, err);
}
