/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs of the benchmarks.
 *
 *   bench_inputs sounds OUT N SECONDS FILE...   N WAV files of that length, 16 kHz mono, cut from
 * the sound of the files end to end, each at another place bench_inputs noise OUT two made-up noise
 * recordings, for want of others bench_inputs repeat IN OUT SECONDS          IN's picture and
 * sound, packets copied, again and again until OUT is that long
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/normal.h"
#include "base/str.h"
#include "media/sound.h"
#include "media/video_demux.h"

#define RATE_HZ 16000

static void check(mw_status st, const mw_error *err)
{
    if (st == MW_OK) return;
    fprintf(stderr, "bench_inputs: %s\n", err->message);
    exit(1);
}

static void check_av(int code, const char *what)
{
    if (code >= 0) return;
    fprintf(stderr, "bench_inputs: %s: %s\n", what, av_err2str(code));
    exit(1);
}

static void store(const char *dir, const char *name, const float *x, size_t n)
{
    int16_t *q = mw_calloc(n, sizeof *q);
    char *path = mw_path_join(dir, name);
    mw_str bytes = { 0 };
    mw_error err;

    if (!q || !path) exit(1);
    check(mw_make_parents(path, &err), &err);
    check(mw_wav_put(&bytes, x, n, RATE_HZ, q, &err), &err);
    check(mw_file_store(path, bytes.data, bytes.n, &err), &err);
    mw_str_clear(&bytes);
    mw_free(path);
    mw_free(q);
}

/* The sounds of all files that have one, end to end. */
static float *join_sounds(char **file, int n_files, size_t *n)
{
    const mw_sound_want want = { .rate_hz = RATE_HZ, .channel = -1, .max_s = 3600 };
    size_t cap = 0;
    float *all = NULL;

    *n = 0;
    for (int i = 0; i < n_files; i++) {
        mw_audio a;
        mw_error err;
        mw_status st = mw_sound_load(&a, file[i], &want, &err);

        if (st == MW_ERR_FORMAT) continue;
        check(st, &err);
        if (mw_grow(&all, &cap, *n + a.n, sizeof *all)) exit(1);
        memcpy(all + *n, a.x, a.n * sizeof *all);
        *n += a.n;
        mw_audio_clear(&a);
    }
    return all;
}

static int sounds(const char *out, int n_out, double seconds, char **file, int n_files)
{
    const size_t n = (size_t)(seconds * RATE_HZ);
    size_t n_all;
    float *all = join_sounds(file, n_files, &n_all), *x = mw_calloc(n, sizeof *x);

    if (!all || !x || !n) return 1;
    for (int i = 0; i < n_out; i++) {
        char name[32];

        for (size_t k = 0; k < n; k++)
            x[k] = all[((size_t)i * 148493 + k) % n_all];
        snprintf(name, sizeof name, "%04d.wav", i);
        store(out, name, x, n);
    }
    mw_free(all);
    mw_free(x);
    return 0;
}

static int noise(const char *out)
{
    const size_t n = 60 * RATE_HZ;
    float *x = mw_calloc(n, sizeof *x), low = 0;

    if (!x) return 1;
    mw_normal_fill(x, n, 1, (const uint32_t[4]){ 0 });
    for (size_t i = 0; i < n; i++)
        x[i] *= 0.1f;
    store(out, "noise/hiss.wav", x, n);
    for (size_t i = 0; i < n; i++)
        x[i] = low += 0.05f * (x[i] - low);
    store(out, "noise/rumble.wav", x, n);
    mw_free(x);
    return 0;
}

/* ---- repeat ---- */

#define MAX_STREAMS 8

typedef struct copy {
    AVFormatContext *in, *out;
    int to[MAX_STREAMS];
    int64_t last_dts[MAX_STREAMS];
} copy;

static void copy_open(copy *c, const char *in, const char *out)
{
    mw_error err;

    check(mw_demux_open(&c->in, in, 1, &err), &err);
    check_av(avformat_alloc_output_context2(&c->out, NULL, NULL, out), out);
    for (unsigned i = 0; i < c->in->nb_streams && i < MAX_STREAMS; i++) {
        const AVStream *from = c->in->streams[i];
        AVStream *to;

        c->to[i] = -1;
        if (from->codecpar->codec_type != AVMEDIA_TYPE_VIDEO &&
            from->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
            continue;
        to = avformat_new_stream(c->out, NULL);
        if (!to) exit(1);
        check_av(avcodec_parameters_copy(to->codecpar, from->codecpar), out);
        to->codecpar->codec_tag = 0;
        to->time_base = from->time_base;
        to->avg_frame_rate = from->avg_frame_rate;
        c->last_dts[i] = INT64_MIN;
        c->to[i] = to->index;
    }
    check_av(avio_open(&c->out->pb, out, AVIO_FLAG_WRITE), out);
    check_av(avformat_write_header(c->out, NULL), out);
}

/* One pass over the input, shifted by shift_us. */
static void copy_once(copy *c, int64_t shift_us)
{
    AVPacket *p = av_packet_alloc();

    if (!p) exit(1);
    check_av(avformat_seek_file(c->in, -1, INT64_MIN, 0, 0, 0), "seek");
    while (av_read_frame(c->in, p) >= 0) {
        const int i = p->stream_index;
        const AVStream *from = c->in->streams[i];
        const int64_t shift = av_rescale_q(shift_us, AV_TIME_BASE_Q, from->time_base);

        if (i < MAX_STREAMS && c->to[i] >= 0 && p->dts + shift > c->last_dts[i]) {
            p->dts += shift;
            p->pts += shift;
            c->last_dts[i] = p->dts;
            av_packet_rescale_ts(p, from->time_base, c->out->streams[c->to[i]]->time_base);
            p->stream_index = c->to[i];
            p->pos = -1;
            check_av(av_interleaved_write_frame(c->out, p), "write");
        }
        av_packet_unref(p);
    }
    av_packet_free(&p);
}

static int repeat(const char *in, const char *out, double seconds)
{
    copy c = { 0 };
    int video;
    mw_error err;
    double length_s;

    copy_open(&c, in, out);
    check(mw_demux_video_stream(c.in, &video, &err), &err);
    length_s = (double)c.in->streams[video]->duration * av_q2d(c.in->streams[video]->time_base);
    if (!(length_s > 0)) return 1;
    for (double at = 0; at < seconds; at += length_s)
        copy_once(&c, (int64_t)(at * AV_TIME_BASE));
    check_av(av_write_trailer(c.out), out);
    avio_closep(&c.out->pb);
    avformat_free_context(c.out);
    avformat_close_input(&c.in);
    return 0;
}

int main(int argc, char **argv)
{
    mw_av_quiet();
    if (argc >= 6 && !strcmp(argv[1], "sounds"))
        return sounds(argv[2], atoi(argv[3]), atof(argv[4]), argv + 5, argc - 5);
    if (argc == 3 && !strcmp(argv[1], "noise")) return noise(argv[2]);
    if (argc == 5 && !strcmp(argv[1], "repeat")) return repeat(argv[2], argv[3], atof(argv[4]));
    fprintf(stderr, "usage: bench_inputs sounds OUT N SECONDS FILE... | noise OUT | "
                    "repeat IN OUT SECONDS\n");
    return 1;
}
