# SPDX-License-Identifier: Apache-2.0
# corrupt audio over every kind of good and bad input: each ends as done or failed with its reason,
# and failed ones leave nothing.
. "$(dirname "$0")/lib.sh"

make_noise noise
mkdir -p in/good in/bad

# what must work
wav in/good/k8.wav rate=8000 n=8000
wav in/good/k44.wav rate=44100 n=44100 channels=2
wav in/good/k48.wav rate=48000 n=48000 format=s24
wav in/good/surround.wav rate=48000 n=24000 channels=6 format=f32
wav in/good/k16.wav n=16001
wav in/good/u8.wav format=u8
wav in/good/f64.wav format=f64
wav in/good/one.wav n=1
wav in/good/two.wav n=2
wav in/good/short.wav n=700 # below the shortest gap of 800 samples
wav in/good/k8one.wav rate=8000 n=1
video in/good/clip.mp4 audio=aac frames=30
video in/good/mkv.mkv audio=pcm_s16le frames=30
video in/good/mp3.mp4 audio=libmp3lame frames=30

# what must fail, with its reason
: >in/bad/empty.wav
: >in/bad/emptyfilm.mp4
head -c 3 in/good/k16.wav >in/bad/three.wav
head -c 30 in/good/k16.wav >in/bad/header.wav
wav in/bad/cut.wav cut=1000
wav in/bad/cut1.wav cut=1
wav in/bad/zero.wav n=0
wav in/bad/silent.wav kind=silence
wav in/bad/nan.wav kind=nan format=f32
wav in/bad/inf.wav kind=inf format=f64
wav in/bad/minus.wav kind=inf format=f32 rate=44100 channels=2
video in/bad/mute.mp4
echo 'not a film at all, whatever the name says' >in/bad/textfilm.mp4
echo 'not a sound at all, whatever the name says' >in/bad/text.wav
video tail.mp4 audio=aac frames=60
video front.mp4 audio=aac frames=60 front=1
for share in 0.1 0.5 0.9 0.99; do
    "$MKINPUT" cut tail.mp4 "in/bad/tail$share.mp4" $share
    "$MKINPUT" cut front.mp4 "in/bad/front$share.mp4" $share
done
echo 'nothing to do with it' >in/readme.txt

mw 3 corrupt audio -i in -o out --noise-dir noise --snr 0,10 --json --jobs 2
summary clips 36 done 14 failed 22 skipped 0 outputs 28 other_files 1 noise_files 5 noise_rejected 0
for folder in out_0 out_10; do
    files $folder < <(cd in && triples wav good/{k8,k44,k48,surround,k16,u8,f64,one,two,short,k8one,clip,mkv,mp3})
    lists $folder
    no_parts $folder
    [ "$(wc -l <$folder/outcomes.csv)" = 37 ] || fail "outcomes.csv accounts for not all clips"
    for f in in/good/*; do
        outcome $folder "${f#in/}" ok
    done
    outcome $folder bad/empty.wav failed empty_file
    outcome $folder bad/emptyfilm.mp4 failed empty_file
    outcome $folder bad/three.wav failed unsupported
    outcome $folder bad/header.wav failed truncated
    outcome $folder bad/cut.wav failed truncated
    outcome $folder bad/cut1.wav failed truncated
    outcome $folder bad/zero.wav failed empty_audio
    outcome $folder bad/silent.wav failed silent_input
    outcome $folder bad/nan.wav failed not_finite
    outcome $folder bad/inf.wav failed not_finite
    outcome $folder bad/minus.wav failed not_finite
    outcome $folder bad/mute.mp4 failed no_audio
    outcome $folder bad/textfilm.mp4 failed unsupported
    outcome $folder bad/text.wav failed unsupported
    for share in 0.1 0.5 0.9 0.99; do
        outcome $folder "bad/tail$share.mp4" failed truncated
        outcome $folder "bad/front$share.mp4" failed truncated
    done
done

# lengths: what 16 kHz makes of them, as announced by the header (two bytes a sample)
for pair in k8:16000 k44:16000 k48:16000 surround:8000 k16:16001 u8:16000 f64:16000 one:1 two:2 short:700; do
    name=${pair%:*} n=${pair#*:}
    value "out_0/good/$name.prov.json" output.audio.samples "$n"
    value "out_0/good/$name.prov.json" output.audio.rate_hz 16000
    [ "$(stat -c %s "out_0/good/$name.wav")" = $((44 + 2 * n)) ] || fail "size of $name.wav"
done
value out_0/good/surround.prov.json source.audio.channels 6
value out_0/good/surround.prov.json source.audio.rate_hz 48000
value out_0/good/k44.prov.json source.audio.rate_hz 44100
value out_0/good/k8.prov.json source.audio.samples 8000

# what is good stays good
for folder in out_0 out_10; do
    mw 0 verify $folder --json
    summary clips 14 done 14 failed 0
done

# the same again: done clips are up to date, failed ones are tried again, nothing changes
cp -r out_0 before
mw 3 corrupt audio -i in -o out --noise-dir noise --snr 0,10 --json
summary clips 36 done 0 failed 22 skipped 14 outputs 0
same_tree before out_0

# another kind of sound file by its name alone, one clip as input
wav 'plain' n=4000
mw 0 corrupt audio -i plain -o single --noise-dir noise --snr 5 --json
summary clips 1 done 1
files single_5 < <(triples wav plain)
