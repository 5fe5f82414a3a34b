/* SPDX-License-Identifier: Apache-2.0
 *
 * Small made-up videos for tests, written with FFmpeg's libraries directly, so that our own writer
 * is not tested by itself. Every failure fails the test.
 */
#ifndef MW_TESTS_CLIPS_H
#define MW_TESTS_CLIPS_H

#include <stddef.h>
#include <stdint.h>

/* Zero means the default.
 *
 * width, height   64 x 48
 * n_frames        10
 * fps_num, _den   30 / 1
 * pts, tb_den     [n_frames] time stamps in ticks of 1 / tb_den s, instead of the frame rate
 * last_ticks      with pts: how long the last frame lasts; else MP4 hides it, being of no length
 * codec           "libx264"; any encoder of libavcodec; "none": no picture
 * pix_fmt         "yuv420p"
 * b_frames        number of B frames in a row
 * audio           NULL for none, else an audio encoder: "aac", "pcm_s16le", "libmp3lame" ...
 * audio_s         seconds of audio; the video's length
 * rotation_deg    clockwise turn for display, in the display matrix
 * full_range      Y in 0..255, tagged so
 * resize_at       pictures are half as wide and high from this frame on (codec "mjpeg")
 * title           file metadata
 * language        of the audio stream
 * front_index     MP4/MOV: index before the data
 * tagged          BT.709 colour tags and a pixel aspect of 4:3
 * cover           the video is an attached picture (codec "mjpeg", one frame, MP4)
 * noise           1: deterministic noise instead of the smooth moving picture; 2: in every frame
 * the same */
typedef struct clip_options {
    int width, height, n_frames;
    int fps_num, fps_den;
    const int64_t *pts;
    int tb_den, last_ticks;
    const char *codec, *pix_fmt;
    int b_frames;
    const char *audio;
    double audio_s;
    int rotation_deg, full_range, resize_at;
    const char *title, *language;
    int front_index, tagged, cover, noise;
} clip_options;

/* The suffix of path chooses the container. */
void make_video(const char *path, const clip_options *o);

/* Sample of the picture before encoding: plane 0 Y (16..235), 1 U, 2 V of 4:2:0. */
uint8_t clip_sample(int plane, int x, int y, int t, int noise);

/* dst = the first share (0..1) of src. */
void copy_cut(const char *dst, const char *src, double share);
/* Whole file into memory (free). */
uint8_t *slurp(const char *path, size_t *n);
void spill(const char *path, const void *data, size_t n);

#endif
