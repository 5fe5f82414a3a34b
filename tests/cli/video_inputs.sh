# SPDX-License-Identifier: Apache-2.0
# corrupt video over every kind of good and bad input.
. "$(dirname "$0")/lib.sh"

mkdir -p in/good in/bad
video in/good/odd.mp4 width=63 height=47 pix_fmt=yuv444p codec=libx264
video in/good/tiny.mp4 width=2 height=2
video in/good/single.mp4 frames=1
video in/good/vfr.mp4 vfr=1 frames=20
video in/good/phone.mp4 rotation=90 audio=aac frames=20
video in/good/sound.mp4 audio=aac frames=30
video in/good/b.mp4 b_frames=2 frames=25
video in/good/mkv.mkv audio=pcm_s16le frames=20
video in/good/film.avi codec=mpeg4 frames=20

: >in/bad/empty.mp4
echo 'not a film at all, whatever the name says' >in/bad/text.mp4
video in/bad/soundonly.mp4 codec=none audio=aac
wav in/bad/wave.mp4
mkdir none && video none/x.mp4 audio=aac frames=40
video tail.mp4 audio=aac frames=60 noise=1
video front.mp4 audio=aac frames=60 noise=1 front=1
for share in 0.02 0.1 0.5 0.9 0.99; do
    "$MKINPUT" cut tail.mp4 "in/bad/tail$share.mp4" $share
    "$MKINPUT" cut front.mp4 "in/bad/front$share.mp4" $share
done
head -c 100 tail.mp4 >in/bad/head.mp4
wav in/ignored.wav

mw 3 corrupt video --mode noise -i in -o out --json --jobs 2 --noise-percent 0.3
summary clips 24 done 9 failed 15 skipped 0 outputs 9 other_files 1
files out < <(triples mp4 good/{odd,tiny,single,vfr,phone,sound,b} && triples mkv good/mkv && triples "$(cd out/good && ls film.* | sed -n 's/^film\.\(mp4\|mkv\|avi\|mov\)$/\1/p')" good/film)
lists out
no_parts out
# 0.3 of a frame is none
value out/good/single.prov.json not_applied.0.name video.gaussian_noise
value out/good/single.prov.json not_applied.0.reason no_stretch
value out/good/sound.prov.json not_applied '[]'
mw 0 corrupt video -i in/good/sound.mp4 -o parts --schedule segments:10 --noise-percent 0.3 --weight-gaussian 0
value parts/sound.prov.json segments '[]'
value parts/sound.prov.json not_applied.0.name video.gaussian_blur
mw 0 corrupt video -i in/good/sound.mp4 -o parts --schedule segments:10 --noise-percent 0
value parts/sound.prov.json segments '[]'
value parts/sound.prov.json not_applied '[]'
[ "$(wc -l <out/outcomes.csv)" = 25 ] || fail "outcomes.csv accounts for not all clips"
outcome out bad/empty.mp4 failed empty_file
outcome out bad/text.mp4 failed unsupported
outcome out bad/soundonly.mp4 failed no_video
outcome out bad/wave.mp4 failed unsupported
outcome out bad/head.mp4 failed truncated
for share in 0.02 0.1 0.5 0.9 0.99; do
    outcome out "bad/tail$share.mp4" failed truncated
    outcome out "bad/front$share.mp4" failed truncated
done

# shape and time survive
value out/good/odd.prov.json output.video.width 63
value out/good/odd.prov.json output.video.height 47
value out/good/single.prov.json output.video.frames 1
value out/good/vfr.prov.json output.video.frames 20
value out/good/sound.prov.json clock.video.frames 30
mw 0 verify out --json
summary done 9 failed 0

# what was written can be read: damage it again, and take the sound of it
mw 0 corrupt video --mode noise -i out -o again --json --quiet
summary clips 9 done 9
value again/good/odd.prov.json source.video.width 63
value again/good/vfr.prov.json output.video.frames 20
for t in 0 5 19; do
    a=$("$JSONTOOL" get out/good/vfr.prov.json segments.0.t0)
    [ -n "$a" ] || fail "no time in the sidecar"
done
mw 3 corrupt audio -i out -o sound --snr 5 --weight-white 1 --json
summary clips 9 done 3 failed 6
reasons no_audio 6
files sound_5 < <(triples wav good/{phone,sound,mkv})

# lossless, and every schedule, on the difficult ones; a picture that is turned keeps its turn
for schedule in segment segments:3 interval; do
    mw 0 corrupt video --mode noise -i in/good -o "lossless-$schedule" --codec ffv1 --schedule $schedule --noise-percent 0.5 --json
    summary clips 9 done 9
    mw 0 verify "lossless-$schedule"
    no_parts "lossless-$schedule"
done
mw 0 corrupt video --mode noise -i in/good -o reference --preset reference --json
summary clips 9 done 9
