/* SPDX-License-Identifier: Apache-2.0 */
#include "run/bank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/str.h"
#include "corrupt/audio/additive.h"
#include "dsp/level.h"
#include "dsp/resample.h"
#include "media/sound.h"
#include "run/walk.h"

static int category_of(const char *rel)
{
    static const struct {
        const char *word;
        int category;
    } words[] = { { "speech", MW_NOISE_SPEECH }, { "music", MW_NOISE_MUSIC } };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t n = strlen(words[i].word);

        if (!strncmp(rel, words[i].word, n) && rel[n] == '/') return words[i].category;
    }
    return MW_NOISE_NOISE;
}

/* What looking at one file gave. */
typedef struct look {
    int64_t n;
    mw_error error;
} look;

typedef struct look_job {
    const mw_walk *walk;
    look *looks;
    int rate_hz;
} look_job;

/* Some sound must lie in the file; most show it in the first second. */
static mw_status find_sound(const char *path, const mw_audio *info, mw_error *err)
{
    const int64_t block = 1 << 16;
    float *x = mw_calloc((size_t)block, sizeof *x);
    mw_status st = MW_OK;
    int found = 0;

    if (!x) return mw_fail_nomem(err);
    for (int64_t at = 0; st == MW_OK && !found && at < info->source_n; at += block) {
        st = mw_sound_window(x, block, path, at, info->source_rate_hz, err);
        found = sqrt(mw_energy(x, (size_t)block) / (double)block) > MW_SILENT_RMS;
    }
    mw_free(x);
    if (st == MW_OK && !found)
        st = mw_fail(err, MW_ERR_SILENT, "silent_noise", "'%s' is silent throughout", path);
    return st;
}

static int look_at(void *user, int worker, size_t i)
{
    look_job *job = user;
    const mw_clip *clip = &job->walk->clips[i];
    look *l = &job->looks[i];
    mw_audio info;

    (void)worker;
    if (clip->error && strcmp(clip->error->reason, "output_collision")) {
        l->error = *clip->error;
        return 0;
    }
    if (mw_sound_probe(&info, clip->path, &l->error) != MW_OK) return 0;
    if (find_sound(clip->path, &info, &l->error) != MW_OK) return 0;
    l->n = (int64_t)mw_resample_length((size_t)info.source_n, info.source_rate_hz, job->rate_hz);
    return 0;
}

static mw_status collect(mw_bank *b, const mw_walk *walk, const look *looks, mw_error *err)
{
    mw_str listing = { 0 };

    /* a file is not unusable because memory was short: the draws would silently change */
    for (size_t i = 0; i < walk->n; i++)
        if (looks[i].error.code == MW_ERR_NOMEM) return mw_fail_nomem(err);
    b->files = mw_calloc(walk->n, sizeof *b->files);
    b->rejects = mw_calloc(walk->n, sizeof *b->rejects);
    b->sha256 = mw_calloc(walk->n, sizeof *b->sha256);
    if (!b->files || !b->rejects || !b->sha256) return mw_fail_nomem(err);
    for (size_t i = 0; i < walk->n; i++) {
        char *rel = mw_strdup(walk->clips[i].rel);

        if (!rel) {
            mw_str_clear(&listing);
            return mw_fail_nomem(err);
        }
        if (looks[i].n > 0) {
            b->files[b->n++] =
                (mw_noise_file){ .path = rel, .category = category_of(rel), .n = looks[i].n };
            mw_str_printf(&listing, "%s%c%lld\n", rel, 0, (long long)looks[i].n);
        } else {
            b->rejects[b->n_rejects].rel = rel;
            b->rejects[b->n_rejects++].error = looks[i].error;
        }
    }
    if (mw_str_ok(&listing, err) != MW_OK) return MW_ERR_NOMEM;
    mw_sha256_hex(b->listing_sha256, listing.data ? listing.data : "", listing.n);
    mw_str_clear(&listing);
    return MW_OK;
}

/* A bank of the clips of walk, which is emptied. */
static mw_status open_walked(mw_bank **out, const char *root, mw_walk *walk, int rate_hz,
                             int n_threads, mw_error *err)
{
    mw_bank *b = mw_calloc(1, sizeof *b);
    look *looks = mw_calloc(walk->n, sizeof *looks);
    mw_status st = MW_OK;

    *out = NULL;
    if (b) {
        pthread_mutex_init(&b->lock, NULL);
        b->rate_hz = rate_hz;
        b->root = mw_strdup(root);
    }
    if (!b || !looks || !b->root) st = mw_fail_nomem(err);
    if (st == MW_OK)
        st = mw_pool_run(walk->n, n_threads, look_at, &(look_job){ walk, looks, rate_hz }, err);
    if (st == MW_OK) st = collect(b, walk, looks, err);
    if (st == MW_OK) {
        *out = b;
        b = NULL;
    }
    mw_free(looks);
    mw_walk_clear(walk);
    mw_bank_close(&b);
    return st;
}

mw_status mw_bank_open(mw_bank **out, const char *root, int rate_hz, int n_threads, mw_error *err)
{
    mw_walk walk = { 0 };
    mw_status st = MW_OK;

    *out = NULL;
    if (*root) st = mw_walk_run(&walk, root, MW_WALK_SOUND, NULL, err);
    return st == MW_OK ? open_walked(out, root, &walk, rate_hz, n_threads, err) : st;
}

mw_status mw_bank_open_listed(mw_bank **out, const char *root, const mw_texts *rel, int rate_hz,
                              mw_error *err)
{
    mw_walk walk = { 0 };
    mw_status st = mw_walk_list(&walk, root, rel, err);

    *out = NULL;
    if (st == MW_OK) st = open_walked(out, root, &walk, rate_hz, 1, err);
    if (st != MW_OK || !(*out)->n_rejects) return st;
    if (err) *err = (*out)->rejects[0].error;
    st = (*out)->rejects[0].error.code;
    mw_bank_close(out);
    return st;
}

void mw_bank_close(mw_bank **bank)
{
    mw_bank *b = *bank;

    if (!b) return;
    for (size_t i = 0; b->files && i < b->n; i++)
        mw_free((void *)(uintptr_t)b->files[i].path);
    for (size_t i = 0; b->rejects && i < b->n_rejects; i++)
        mw_free(b->rejects[i].rel);
    mw_free(b->files);
    mw_free(b->rejects);
    mw_free(b->sha256);
    mw_free(b->root);
    pthread_mutex_destroy(&b->lock);
    mw_free(b);
    *bank = NULL;
}

static int by_path(const void *key, const void *file)
{
    return strcmp(key, ((const mw_noise_file *)file)->path);
}

const mw_noise_file *mw_bank_find(const mw_bank *b, const char *rel)
{
    return b->n ? bsearch(rel, b->files, b->n, sizeof *b->files, by_path) : NULL;
}

/* z [n]: recording of period samples after its seam is faded over fade samples, from offset on,
 * again and again. all [period + fade]. */
static void loop(float *z, int64_t n, const float *all, int64_t period, int64_t fade,
                 int64_t offset)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = offset + i, q = at % period;

        if (q < fade && at >= period) {
            const float w = (float)(q + 1) / (float)(fade + 1);

            z[i] = all[q] * w + all[period + q] * (1 - w);
        } else {
            z[i] = all[q];
        }
    }
}

/* Samples of a recording's end that are faded into its beginning. */
static int64_t fade_of(const mw_bank *b, const mw_noise_file *f, double crossfade_s)
{
    const int64_t fade = (int64_t)(crossfade_s * b->rate_hz + 0.5);

    return fade < f->n ? fade : 0;
}

static mw_status read_looped(const mw_noise_file *f, const char *path, int64_t offset, int64_t fade,
                             int rate_hz, float *z, int64_t n, mw_error *err)
{
    float *all = mw_calloc((size_t)f->n, sizeof *all);
    mw_status st;

    if (!all) return mw_fail_nomem(err);
    st = mw_sound_window(all, f->n, path, 0, rate_hz, err);
    if (st == MW_OK) loop(z, n, all, f->n - fade, fade, offset);
    mw_free(all);
    return st;
}

mw_status mw_bank_read(void *user, const char *rel, int64_t offset, double crossfade_s, float *z,
                       int64_t n, mw_error *err)
{
    const mw_bank *b = user;
    const mw_noise_file *f = mw_bank_find(b, rel);
    mw_status st;
    char *path;

    if (!f)
        return mw_fail(err, MW_ERR_FORMAT, "no_noise", "the noise folder '%s' holds no usable '%s'",
                       b->root, rel);
    path = mw_path_join(b->root, rel);
    if (!path) return mw_fail_nomem(err);
    if (f->n >= n)
        st = mw_sound_window(z, n, path, offset, b->rate_hz, err);
    else
        st = read_looped(f, path, offset, fade_of(b, f, crossfade_s), b->rate_hz, z, n, err);
    mw_free(path);
    return st;
}

int64_t mw_bank_loops(const mw_bank *b, const mw_noise_file *f, int64_t offset, double crossfade_s,
                      int64_t n)
{
    return f->n >= n ? 1 : (offset + n - 1) / (f->n - fade_of(b, f, crossfade_s)) + 1;
}

mw_status mw_bank_sha256(mw_bank *b, const char *rel, char *hex, mw_error *err)
{
    const mw_noise_file *f = mw_bank_find(b, rel);
    mw_status st = MW_OK;
    size_t i;

    if (!f)
        return mw_fail(err, MW_ERR_FORMAT, "no_noise", "the noise folder holds no usable '%s'",
                       rel);
    i = (size_t)(f - b->files);
    pthread_mutex_lock(&b->lock);
    if (!*b->sha256[i]) {
        char *path = mw_path_join(b->root, rel);

        st = path ? mw_sha256_file(b->sha256[i], NULL, path, err) : mw_fail_nomem(err);
        mw_free(path);
        if (st != MW_OK) *b->sha256[i] = 0;
    }
    memcpy(hex, b->sha256[i], 65);
    pthread_mutex_unlock(&b->lock);
    return st;
}
