/* SPDX-License-Identifier: Apache-2.0
 *
 * Makes the inputs of the command's tests:
 *
 *   mkinput wav PATH [rate=16000] [channels=1] [format=s16|u8|s24|f32|f64] [n=16000]
 *           [kind=tone|noise|silence|dc|square|nan|inf] [seed=1] [cut=BYTES] [repeat=1]
 *   mkinput video PATH [width=..] [height=..] [frames=..] [fps=..] [codec=..] [audio=..]
 *           [audio_s=..] [rotation=..] [front=0|1] [vfr=0|1] [noise=0|1] [b_frames=..]
 *   mkinput cut SRC DST SHARE
 *   mkinput flip PATH OFFSET     (offset from the end when negative)
 *   mkinput samples SRC DST      (the sound of any file as bare 16-bit samples, mono or mixed down)
 *   mkinput clip PATH [SEED]     (a small CLIP image tower of random weights)
 *
 * WAV files are written byte by byte here, so that libsndfile is not tested by itself. cut removes
 * bytes from the end while the header goes on announcing them; nan and inf put one such sample into
 * the middle of a tone; repeat writes the n samples so many times, for sounds of hours.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

#include "media/sound.h"
#include "support/clips.h"
#include "support/random_vit.h"

static const char *value_of(int argc, char **argv, const char *key, const char *otherwise)
{
    const size_t n = strlen(key);

    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], key, n) && argv[i][n] == '=') return argv[i] + n + 1;
    return otherwise;
}

static int64_t number_of(int argc, char **argv, const char *key, int64_t otherwise)
{
    const char *text = value_of(argc, argv, key, NULL);

    return text ? strtoll(text, NULL, 10) : otherwise;
}

static void die(const char *what, const char *name)
{
    fprintf(stderr, "mkinput: %s '%s'\n", what, name);
    exit(1);
}

/* ---- sound ---- */

typedef struct sound {
    const char *kind;
    int rate_hz;
    int64_t n;
    uint64_t seed;
} sound;

/* Hash of (seed, i) as a number in [-1, 1). */
static double hashed(uint64_t seed, int64_t i)
{
    uint64_t h = seed * 0x9e3779b97f4a7c15u + (uint64_t)i * 0xd1342543de82ef95u;

    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    return (double)(h >> 11) * 0x1p-52 - 1;
}

/* A voice-like tone: its pitch follows the seed, its strength swells three times a second. */
static double sample_at(const sound *s, int64_t i)
{
    const double t = (double)i / s->rate_hz, pitch = 110 + 17 * (double)(s->seed % 16);

    if (!strcmp(s->kind, "silence")) return 0;
    if (!strcmp(s->kind, "dc")) return 0.25;
    if (!strcmp(s->kind, "square")) return i % 80 < 40 ? 1 : -1;
    if (!strcmp(s->kind, "noise")) return 0.3 * hashed(s->seed, i);
    if (i == s->n / 2 && !strcmp(s->kind, "nan")) return NAN;
    if (i == s->n / 2 && !strcmp(s->kind, "inf")) return INFINITY;
    return 0.4 * (0.6 + 0.4 * sin(18.85 * t + 1)) *
           (sin(6.2832 * pitch * t + 0.5) + 0.5 * sin(12.5664 * pitch * t));
}

static void put_le(FILE *f, uint64_t v, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++)
        fputc((int)(v >> 8 * i & 255), f);
}

static void put_sample(FILE *f, const char *format, double x)
{
    if (!strcmp(format, "u8")) {
        put_le(f, (uint64_t)lrint(128 + 127 * x), 1);
    } else if (!strcmp(format, "s16")) {
        put_le(f, (uint64_t)lrint(32767 * x), 2);
    } else if (!strcmp(format, "s24")) {
        put_le(f, (uint64_t)lrint(8388607 * x), 3);
    } else if (!strcmp(format, "f32")) {
        const float y = (float)x;
        uint32_t bits;

        memcpy(&bits, &y, 4);
        put_le(f, bits, 4);
    } else {
        uint64_t bits;

        memcpy(&bits, &x, 8);
        put_le(f, bits, 8);
    }
}

static int bytes_of(const char *format)
{
    static const struct {
        const char *name;
        int bytes;
    } formats[] = { { "u8", 1 }, { "s16", 2 }, { "s24", 3 }, { "f32", 4 }, { "f64", 8 } };

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(format, formats[i].name)) return formats[i].bytes;
    die("unknown format", format);
    return 0;
}

static void cut_file(const char *path, int64_t bytes)
{
    size_t n;
    uint8_t *data = slurp(path, &n);

    spill(path, data, n - (size_t)bytes);
    free(data);
}

static void make_wav(const char *path, int argc, char **argv)
{
    const char *format = value_of(argc, argv, "format", "s16");
    const int channels = (int)number_of(argc, argv, "channels", 1), bytes = bytes_of(format);
    const int64_t cut = number_of(argc, argv, "cut", 0),
                  repeat = number_of(argc, argv, "repeat", 1);
    const sound s = { .kind = value_of(argc, argv, "kind", "tone"),
                      .rate_hz = (int)number_of(argc, argv, "rate", 16000),
                      .n = number_of(argc, argv, "n", 16000),
                      .seed = (uint64_t)number_of(argc, argv, "seed", 1) };
    const uint64_t n_once = (uint64_t)(s.n * channels * bytes), n_bytes = n_once * (uint64_t)repeat;
    FILE *f = fopen(path, "w+b");

    if (!f) die("cannot create", path);
    fputs("RIFF", f);
    put_le(f, 36 + n_bytes, 4);
    fputs("WAVEfmt ", f);
    put_le(f, 16, 4);
    put_le(f, *format == 'f' ? 3 : 1, 2);
    put_le(f, (uint64_t)channels, 2);
    put_le(f, (uint64_t)s.rate_hz, 4);
    put_le(f, (uint64_t)(s.rate_hz * channels * bytes), 4);
    put_le(f, (uint64_t)(channels * bytes), 2);
    put_le(f, (uint64_t)(8 * bytes), 2);
    fputs("data", f);
    put_le(f, n_bytes, 4);
    for (int64_t i = 0; i < s.n; i++)
        for (int c = 0; c < channels; c++)
            put_sample(f, format, sample_at(&s, i) / (c + 1));
    if (repeat > 1) {
        char *once = malloc(n_once);

        if (!once || fseek(f, 44, SEEK_SET) || fread(once, 1, n_once, f) != n_once ||
            fseek(f, 0, SEEK_END))
            die("cannot repeat", path);
        for (int64_t i = 1; i < repeat; i++)
            fwrite(once, 1, n_once, f);
        free(once);
    }
    if (fclose(f)) die("cannot write", path);
    if (cut) cut_file(path, cut);
}

/* ---- picture ---- */

static void make_clip(const char *path, int argc, char **argv)
{
    clip_options o = { .width = (int)number_of(argc, argv, "width", 64),
                       .height = (int)number_of(argc, argv, "height", 48),
                       .n_frames = (int)number_of(argc, argv, "frames", 10),
                       .fps_num = (int)number_of(argc, argv, "fps", 30),
                       .codec = value_of(argc, argv, "codec", NULL),
                       .pix_fmt = value_of(argc, argv, "pix_fmt", NULL),
                       .audio = value_of(argc, argv, "audio", NULL),
                       .audio_s = strtod(value_of(argc, argv, "audio_s", "0"), NULL),
                       .rotation_deg = (int)number_of(argc, argv, "rotation", 0),
                       .front_index = (int)number_of(argc, argv, "front", 0),
                       .b_frames = (int)number_of(argc, argv, "b_frames", 0),
                       .noise = (int)number_of(argc, argv, "noise", 0) };
    int64_t *pts = NULL;

    if (number_of(argc, argv, "vfr", 0)) {
        pts = calloc((size_t)o.n_frames, sizeof *pts);
        if (!pts) die("no memory for", path);
        for (int i = 1; i < o.n_frames; i++)
            pts[i] = pts[i - 1] + 20 + 13 * (i % 5);
        o.pts = pts;
        o.tb_den = 1000;
        o.last_ticks = 40;
    }
    make_video(path, &o);
    free(pts);
}

static void flip(const char *path, int64_t offset)
{
    size_t n;
    uint8_t *data = slurp(path, &n);

    if (offset < 0) offset += (int64_t)n;
    if (offset < 0 || offset >= (int64_t)n) die("no such byte in", path);
    data[offset] ^= 0x10;
    spill(path, data, n);
    free(data);
}

static void extract(const char *src, const char *dst)
{
    const mw_sound_want want = { .rate_hz = 0, .channel = -1, .max_s = 1e5 };
    FILE *f = fopen(dst, "wb");
    mw_audio a;

    if (!f || mw_sound_load(&a, src, &want, NULL) != MW_OK) die("cannot read the sound of", src);
    for (size_t i = 0; i < a.n; i++)
        put_le(f, (uint64_t)lrintf(a.x[i] * 32768.0f), 2);
    mw_audio_clear(&a);
    if (fclose(f)) die("cannot write", dst);
}

int main(int argc, char **argv)
{
    if (argc < 4 && !(argc == 3 && (!strcmp(argv[1], "wav") || !strcmp(argv[1], "video") ||
                                    !strcmp(argv[1], "clip"))))
        die("wrong use", argc > 1 ? argv[1] : "");
    if (!strcmp(argv[1], "wav"))
        make_wav(argv[2], argc - 3, argv + 3);
    else if (!strcmp(argv[1], "video"))
        make_clip(argv[2], argc - 3, argv + 3);
    else if (!strcmp(argv[1], "clip"))
        random_vit_write(argv[2], &random_vit_tiny, argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    else if (!strcmp(argv[1], "cut") && argc == 5)
        copy_cut(argv[3], argv[2], strtod(argv[4], NULL));
    else if (!strcmp(argv[1], "flip"))
        flip(argv[2], strtoll(argv[3], NULL, 10));
    else if (!strcmp(argv[1], "samples"))
        extract(argv[2], argv[3]);
    else
        die("wrong use", argv[1]);
    return 0;
}
