/* SPDX-License-Identifier: Apache-2.0
 *
 * Sidecars of any bytes: replayed against a little clip of sound or picture, compared, listed. The
 * hashes of source and assets are filled in with the true ones first, so that what comes behind
 * them is reached.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/hash.h"
#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "merwild/corrupt.h"
#include "run/manifest.h"
#include "run/sidecar.h"
#include "support/clips.h"
#include "support/sounds.h"

static char wav_sha256[65], mp4_sha256[65], noise_sha256[65];

static void set_up(void)
{
    if (*wav_sha256) return;
    FUZZ_CHECK(!mkdir(fuzz_path("in"), 0777) && !mkdir(fuzz_path("noise"), 0777));
    FUZZ_CHECK(!mkdir(fuzz_path("out"), 0777) && !mkdir(fuzz_path("list"), 0777));
    make_speech_wav(fuzz_path("in/x.wav"), 3000, 16000, 1);
    make_video(fuzz_path("in/v.mp4"), &(clip_options){ .width = 16, .height = 16, .n_frames = 4 });
    make_noise_wav(fuzz_path("noise/n.wav"), 2000, 16000, 0.3, 2);
    FUZZ_CHECK(mw_sha256_file(wav_sha256, NULL, fuzz_path("in/x.wav"), NULL) == MW_OK);
    FUZZ_CHECK(mw_sha256_file(mp4_sha256, NULL, fuzz_path("in/v.mp4"), NULL) == MW_OK);
    FUZZ_CHECK(mw_sha256_file(noise_sha256, NULL, fuzz_path("noise/n.wav"), NULL) == MW_OK);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (json_is_object(object)) json_object_set_new(object, key, json_string(text));
}

/* The input with true hashes, or NULL when it is no JSON; free. */
static char *with_hashes(const uint8_t *data, size_t size)
{
    json_t *doc = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *stages = json_object_get(doc, "stages");
    char *text;

    set_text(json_object_get(json_object_get(doc, "source"), "audio"), "sha256", wav_sha256);
    set_text(json_object_get(json_object_get(doc, "source"), "video"), "sha256", mp4_sha256);
    for (size_t i = 0; i < json_array_size(stages); i++) {
        const json_t *assets = json_object_get(json_array_get(stages, i), "assets");

        for (size_t k = 0; k < json_array_size(assets); k++)
            set_text(json_array_get(assets, k), "sha256", noise_sha256);
    }
    text = doc ? json_dumps(doc, JSON_COMPACT) : NULL;
    json_decref(doc);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const long live = mw_mem_live();
    const mw_replay_folders from = { .in = fuzz_path("in"), .noise_dir = fuzz_path("noise") };
    char *text, *path, out[512];
    const char *sidecar;
    mw_error err = { MW_OK, "", "" };
    mw_summary summary;
    mw_status st;

    if (size > 1 << 16) return 0;
    set_up();
    text = with_hashes(data, size);
    sidecar =
        fuzz_file("list/x.prov.json", text ? text : (const char *)data, text ? strlen(text) : size);
    free(text);
    strcpy(out, fuzz_path("out"));
    st = mw_replay(sidecar, &from, out, &path, &err);
    FUZZ_CHECK((st == MW_OK) == (path != NULL));
    FUZZ_CHECK(st == MW_OK || (err.code == st && *err.reason && *err.message));
    FUZZ_CHECK(st != MW_ERR_NOMEM && st != MW_ERR_ARG);
    if (path) FUZZ_CHECK(!strncmp(path, out, strlen(out)));
    mw_text_free(path);
    mw_sidecar_is_current(sidecar, out, wav_sha256, wav_sha256, NULL, NULL);
    FUZZ_CHECK(mw_manifest_write(fuzz_path("list"), NULL, NULL) == MW_OK);
    FUZZ_CHECK(mw_verify(fuzz_path("list"), 1, NULL, &summary, NULL) == MW_OK);
    FUZZ_CHECK(summary.n_clips == 1);
    FUZZ_CHECK(mw_mem_live() == live);
    return 0;
}
