# SPDX-License-Identifier: Apache-2.0
# corrupt av: sound and picture damaged in one file: samples, times, overlap, truth, resuming, replay.
. "$(dirname "$0")/lib.sh"

mkdir -p in/deep
make_noise noise
video in/a.mp4 frames=60 audio=aac noise=1
video in/deep/vfr.mp4 vfr=1 frames=40 audio=aac
video in/m.mkv frames=50 audio=aac
video in/ntsc.mov frames=60 fps=30 audio=pcm_s16le
video in/turned.mp4 rotation=90 frames=30 audio=aac
video in/short.mp4 frames=60 audio=aac audio_s=0.8
video in/long.mp4 frames=20 audio=aac audio_s=3
mkdir bad
video bad/silent.mp4 frames=20
video bad/soundonly.mp4 codec=none audio=aac
: >bad/empty.mp4

av() { # OUT OPTIONS...
    mw 0 corrupt av -i in -o "$1" --noise-dir noise --mode noise --noise-percent 0.4 "${@:2}" --json
}
stems="a deep/vfr m ntsc turned short long"
names() {
    for s in $stems; do
        case $s in m) e=mkv ;; ntsc) e=mov ;; *) e=mp4 ;; esac
        printf '%s\n' "$s.$e" "$s.prov.json" "$s.track.npz"
    done
}

# one folder per ratio, also when there is one
av one --snr 5
summary clips 7 done 7 outputs 7 failed 0
files one_5 < <(names)
lists one_5
av two --snr -5,10 --overlap same --jobs 1
summary done 7 outputs 14
files two_-5 < <(names)
no_parts one_5 two_-5 two_10
mw 0 verify two_-5 --json
summary done 7 failed 0

# any number of threads; each ratio alone; again: nothing to do; gone: made again
av eight --snr -5,10 --overlap same --jobs 8
same_tree two_-5 eight_-5
same_tree two_10 eight_10
av alone --snr 10 --overlap same
same_tree two_10 alone_10
av two --snr -5,10 --overlap same
summary done 0 skipped 7 outputs 0
rm two_10/a.mp4
av two --snr -5,10 --overlap same
summary done 1 skipped 6 outputs 1
same_tree two_10 eight_10
av two --snr -5,10 --overlap disjoint
summary done 7 outputs 14

# both truths in one sidecar and one track, on one clock
value one_5/a.prov.json stages.0.name audio.additive
value one_5/a.prov.json output.video.path a.mp4
value one_5/a.prov.json output.audio.path a.mp4
value one_5/a.prov.json output.audio.codec alac
value one_5/m.prov.json output.audio.codec pcm_s16le
value one_5/a.prov.json output.audio.rate_hz 16000
value one_5/a.prov.json clock.video.frames 60
value one_5/a.prov.json segments.0.modality audio
grep -q '"modality": "video"' one_5/a.prov.json || fail "no segment of picture"
for array in a_t a_snr_db v_t v_noise_var types; do
    grep -qa "$array.npy" one_5/a.track.npz || fail "the track has no $array"
done

# the sound is the very samples of corrupt audio, decision by decision; the picture those of corrupt video
mw 0 corrupt audio -i in -o sound --noise-dir noise --snr 5
mw 0 corrupt video -i in -o film --mode noise --noise-percent 0.4
for s in a deep/vfr turned m; do
    [ "$("$JSONTOOL" get one_5/$s.prov.json stages.0)" = "$("$JSONTOOL" get sound_5/$s.prov.json stages.0)" ] ||
        fail "$s: another decision than corrupt audio's"
    [ "$("$JSONTOOL" get one_5/$s.prov.json stages.1.drawn)" = "$("$JSONTOOL" get film/$s.prov.json stages.0.drawn)" ] ||
        fail "$s: another decision than corrupt video's"
done
for s in $stems; do
    case $s in m) e=mkv ;; ntsc) e=mov ;; *) e=mp4 ;; esac
    "$MKINPUT" samples one_5/$s.$e x.raw && "$MKINPUT" samples sound_5/$s.wav y.raw || fail "no samples of $s"
    cmp x.raw y.raw || fail "$s: other samples than corrupt audio's"
    [ "$(($(wc -c <x.raw) / 2))" = "$("$JSONTOOL" get one_5/$s.prov.json output.audio.samples)" ] ||
        fail "$s: another number of samples than the sidecar says"
done

# overlap: asked and measured
share() { # FILE LOW HIGH
    "$JSONTOOL" get "$1" overlap.share_of_noise >.share
    awk -v lo="$2" -v hi="$3" '{ exit !($1 >= lo && $1 <= hi) }' .share || fail "$1: share $(cat .share)"
}
for s in $stems; do
    share eight_10/$s.prov.json 1 1
    share two_10/$s.prov.json 0 0
done
av part --snr 0 --overlap 0.25 --schedule segments:3
for s in a deep/vfr turned ntsc m; do
    share part_0/$s.prov.json 0.2499 0.2501
    [ "$("$JSONTOOL" get part_0/$s.prov.json overlap.noise_s)" = "$("$JSONTOOL" get part_0/$s.prov.json overlap.damage_s)" ] ||
        fail "$s: noise and damage last for different times"
done
# noise exactly with the frames: both modalities' first damaged moment (0.05 ms: half a sample)
for s in a deep/vfr ntsc m long; do
    "$JSONTOOL" get eight_10/$s.prov.json segments >.segments
    tr '{' '\n' <.segments | sed -n 's/.*"modality": *"\([a-z]*\)", *"type": *"\([a-z.]*\)".*"t0": *\([0-9.e-]*\), *"t1": *\([0-9.e-]*\).*/\1 \2 \3 \4/p' >.rows
    awk '$1 == "audio" && $2 != "noise.gap" { a0 = $3; a1 = $4 } $1 == "video" { v0 = $3; v1 = $4 }
        function far(p, q) { return p - q > 5e-5 || q - p > 5e-5 }
        END { exit far(a0, v0) || far(a1, v1) || !(a1 > a0) }' .rows || fail "$s: noise and damage differ: $(cat .rows)"
done

# nothing damaged: nothing to sound with; said, and the clip is kept clean
mw 0 corrupt av -i in/a.mp4 -o none --snr 0 --weight-white 1 --mode noise --noise-percent 0 --overlap same
value none_0/a.prov.json not_applied.0.reason no_span
value none_0/a.prov.json stages '[]'
mw 0 replay -i in -o again-none none_0/a.prov.json
# the same bytes from the sidecar
for f in one_5 eight_-5 part_0; do
    for s in $stems; do
        rm -rf again
        mw 0 replay -i in --noise-dir noise -o again $f/$s.prov.json
        [ "$(list again | wc -l)" = 1 ] || fail "replay wrote more than one file: $(list again)"
        cmp "again/$(list again)" "$f/$(list again)" || fail "replayed $s differs"
    done
done

# clips without one of the two; options that make no sense
mw 3 corrupt av -i bad -o worse --noise-dir noise --mode noise --snr 0 --json
summary clips 3 done 0 failed 3
outcome worse_0 silent.mp4 failed no_audio
outcome worse_0 soundonly.mp4 failed no_video
outcome worse_0 empty.mp4 failed empty_file
no_parts worse_0
for value in never 1.1 -0.1 nan ''; do
    mw 1 corrupt av -i in -o w --weight-white 1 --mode noise --overlap "$value"
    says "option 'overlap'"
done
mw 1 corrupt av -i in -o w --drop-audio
says 'unknown option'
mw 1 corrupt av -i in -o w --fps 30
says 'unknown option'
mw 2 corrupt av -i in -o w --mode noise
says 'noise-dir'
ls -d w_* 2>/dev/null && fail "a run that could not start left a folder"

# a dry run draws the same and writes nothing
mw 0 corrupt av -i in/a.mp4 -o dry --noise-dir noise --mode noise --noise-percent 0.4 --snr -5 --overlap same --dry-run --quiet
[ -e dry_-5 ] && fail "a dry run wrote"
head -n 1 .stdout >.dry
[ "$("$JSONTOOL" get .dry stages.0.drawn)" = "$("$JSONTOOL" get eight_-5/a.prov.json stages.0.drawn)" ] ||
    fail "a dry run drew other things"
:
