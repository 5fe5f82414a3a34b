/* SPDX-License-Identifier: Apache-2.0
 *
 * Layout: RFC 8794 sections 4 to 6 (EBML), RFC 9559 section 5 (Matroska's elements). Sizes may be
 * unknown (all ones) in live recordings: then the element ends at the first one of a higher level.
 */
#include "media/video_matroska.h"

#include <unistd.h>

#include "base/error.h"

/* Elements looked at before the walk gives up: some ten hours of picture and sound. */
#define MAX_ELEMENTS 4000000
#define MAX_TRACKS   64

enum {
    ID_SEGMENT = 0x18538067,
    ID_CLUSTER = 0x1F43B675,
    ID_TRACKS = 0x1654AE6B,
    ID_TRACK_ENTRY = 0xAE,
    ID_TRACK_NUMBER = 0xD7,
    ID_BLOCK_GROUP = 0xA0,
    ID_BLOCK = 0xA1,
    ID_SIMPLE_BLOCK = 0xA3,
    ID_VOID = 0xEC,
    ID_CRC32 = 0xBF
};

/* what may stand in a segment, a cluster, a block group: the RFC's, and what older files have */
static const uint32_t in_segment[] = { 0x114D9B74, 0x1549A966, ID_TRACKS,  0x1043A770, ID_CLUSTER,
                                       0x1C53BB6B, 0x1941A469, 0x1254C367, 0x1B538667, 0 };
static const uint32_t in_cluster[] = { 0xE7,           0x5854, 0xA7, 0xAB, ID_SIMPLE_BLOCK,
                                       ID_BLOCK_GROUP, 0xAF,   0 };
static const uint32_t in_group[] = { ID_BLOCK, 0xA2, 0x75A1, 0x9B, 0xFA, 0xFB,
                                     0xFD,     0xA4, 0x75A2, 0x8E, 0xC8, 0 };

typedef struct walk {
    int fd;
    int64_t size;
    const char *path;
    mw_error *err;
    int64_t n_elements;
    uint64_t track[MAX_TRACKS];
    int n_tracks;
} walk;

typedef struct element {
    uint32_t id;
    int is_open;       /* of unknown size */
    int64_t data, end; /* offsets in the file; end: of what holds it, when open */
} element;

static mw_status cut(const walk *w, const char *what, int64_t missing)
{
    return mw_fail(w->err, MW_ERR_FORMAT, "truncated",
                   "%s is cut off: %lld bytes of its %s are missing", w->path, (long long)missing,
                   what);
}

static mw_status broken(const walk *w, int64_t at)
{
    return mw_fail(w->err, MW_ERR_FORMAT, "decode_error",
                   "%s: the data near byte %lld are damaged: frames would be missing", w->path,
                   (long long)at);
}

/* Length of a number from its first byte, 0 when invalid. */
static int vint_length(uint8_t first)
{
    for (int n = 1; n <= 8; n++)
        if (first & 0x80 >> (n - 1)) return n;
    return 0;
}

static uint64_t be(const uint8_t *p, int n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | *p++;
    return v;
}

static size_t peek(const walk *w, int64_t at, int64_t end, uint8_t *p, size_t n)
{
    const int64_t left = end - at;
    const ssize_t got = pread(w->fd, p, left < (int64_t)n ? (size_t)left : n, at);

    return got < 0 ? 0 : (size_t)got;
}

static mw_status next_element(walk *w, element *e, int64_t at, int64_t end)
{
    uint8_t head[12] = { 0 };
    const size_t got = peek(w, at, end, head, sizeof head);
    const int n_id = vint_length(head[0]);
    const int n = n_id && n_id <= 4 ? vint_length(head[n_id]) : 0;
    uint64_t size;

    *e = (element){ .data = at, .end = end };
    if (!n || (size_t)(n_id + n) > got) return broken(w, at);
    size = be(head + n_id, n) & (((uint64_t)1 << 7 * n) - 1);
    *e = (element){ .id = (uint32_t)be(head, n_id),
                    .is_open = size == ((uint64_t)1 << 7 * n) - 1,
                    .data = at + n_id + n,
                    .end = end };
    w->n_elements++;
    if (e->is_open) return MW_OK;
    if (size > (uint64_t)(w->size - e->data) && end == w->size)
        return cut(w, "last element", (int64_t)(size - (uint64_t)(w->size - e->data)));
    if (size > (uint64_t)(end - e->data)) return broken(w, at);
    e->end = e->data + (int64_t)size;
    return MW_OK;
}

static int is_one_of(uint32_t id, const uint32_t *list)
{
    while (*list && *list != id)
        list++;
    return *list != 0;
}

static int may_hold(const uint32_t *list, const element *e)
{
    return !e->is_open && (e->id == ID_VOID || e->id == ID_CRC32 || is_one_of(e->id, list));
}

/* The number of each track; more than MAX_TRACKS are not told apart. */
static mw_status read_track(walk *w, const element *track)
{
    element e;
    mw_status st = MW_OK;

    for (int64_t at = track->data; st == MW_OK && at < track->end && w->n_elements < MAX_ELEMENTS;
         at = e.end) {
        uint8_t number[8];

        st = next_element(w, &e, at, track->end);
        if (st != MW_OK || e.id != ID_TRACK_NUMBER || e.end - e.data > 8) continue;
        if (peek(w, e.data, e.end, number, sizeof number) == (size_t)(e.end - e.data) &&
            w->n_tracks < MAX_TRACKS)
            w->track[w->n_tracks++] = be(number, (int)(e.end - e.data));
    }
    return st;
}

static mw_status read_tracks(walk *w, const element *tracks)
{
    element e;
    mw_status st = MW_OK;

    for (int64_t at = tracks->data; st == MW_OK && at < tracks->end && w->n_elements < MAX_ELEMENTS;
         at = e.end) {
        st = next_element(w, &e, at, tracks->end);
        if (st == MW_OK && e.id == ID_TRACK_ENTRY) st = read_track(w, &e);
    }
    return st;
}

/* A block opens with the number of its track, then time (2 bytes) and flags. */
static mw_status check_block(const walk *w, const element *block)
{
    uint8_t head[8] = { 0 };
    const size_t got = peek(w, block->data, block->end, head, sizeof head);
    const int n = vint_length(head[0]);
    uint64_t number;

    if (!n || (size_t)n > got || block->end - block->data < n + 3) return broken(w, block->data);
    number = be(head, n) & (((uint64_t)1 << 7 * n) - 1);
    if (!w->n_tracks || w->n_tracks == MAX_TRACKS) return MW_OK;
    for (int i = 0; i < w->n_tracks; i++)
        if (w->track[i] == number) return MW_OK;
    return broken(w, block->data);
}

static mw_status walk_group(walk *w, const element *group)
{
    element e;
    mw_status st = MW_OK;

    for (int64_t at = group->data; st == MW_OK && at < group->end && w->n_elements < MAX_ELEMENTS;
         at = e.end) {
        st = next_element(w, &e, at, group->end);
        if (st == MW_OK && !may_hold(in_group, &e)) st = broken(w, at);
        if (st == MW_OK && e.id == ID_BLOCK) st = check_block(w, &e);
    }
    return st;
}

/* Sets the end of a cluster of unknown size. */
static mw_status walk_cluster(walk *w, element *cluster)
{
    element e;
    mw_status st = MW_OK;

    for (int64_t at = cluster->data; st == MW_OK && at < cluster->end; at = e.end) {
        if (w->n_elements >= MAX_ELEMENTS) return MW_OK;
        st = next_element(w, &e, at, cluster->end);
        if (st == MW_OK && cluster->is_open && is_one_of(e.id, in_segment)) {
            cluster->end = at;
            return MW_OK;
        }
        if (st == MW_OK && !may_hold(in_cluster, &e)) st = broken(w, at);
        if (st == MW_OK && e.id == ID_SIMPLE_BLOCK) st = check_block(w, &e);
        if (st == MW_OK && e.id == ID_BLOCK_GROUP) st = walk_group(w, &e);
    }
    return st;
}

static mw_status walk_segment(walk *w, int64_t at, int64_t end)
{
    element e;
    mw_status st = MW_OK;

    for (; st == MW_OK && at < end && w->n_elements < MAX_ELEMENTS; at = e.end) {
        st = next_element(w, &e, at, end);
        if (st == MW_OK && e.id == ID_CLUSTER)
            st = walk_cluster(w, &e);
        else if (st == MW_OK && !may_hold(in_segment, &e))
            st = broken(w, at);
        else if (st == MW_OK && e.id == ID_TRACKS)
            st = read_tracks(w, &e);
    }
    return st;
}

/* EBML header, then one segment; what is no element before it is left to libavformat. */
mw_status mw_matroska_check(int fd, int64_t size, const char *path, mw_error *err)
{
    walk w = { .fd = fd, .size = size, .path = path, .err = err };
    int64_t at = 0;

    for (int i = 0; i < 8; i++) {
        uint8_t head[12] = { 0 };
        const size_t got = peek(&w, at, size, head, sizeof head);
        const int n = vint_length(head[4]);
        const uint64_t unknown = ((uint64_t)1 << 7 * n) - 1, length = be(head + 4, n) & unknown;
        const int is_segment = be(head, 4) == ID_SEGMENT;

        if (got < 5 || !n || (size_t)n + 4 > got) break;
        at += 4 + n;
        if (is_segment && length == unknown) return walk_segment(&w, at, size);
        if (length > (uint64_t)(size - at))
            return is_segment ? cut(&w, "segment", (int64_t)(length - (uint64_t)(size - at)))
                              : cut(&w, "header", (int64_t)length);
        if (is_segment) return walk_segment(&w, at, at + (int64_t)length);
        at += (int64_t)length;
    }
    return MW_OK;
}
