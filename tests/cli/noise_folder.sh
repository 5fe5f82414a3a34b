# SPDX-License-Identifier: Apache-2.0
# Noise folders: missing, silent, broken, half usable. Work starts only when noise can be drawn.
. "$(dirname "$0")/lib.sh"

mkdir in
wav in/a.wav && wav in/b.wav n=30000 seed=2

refused() {
    local reason=$1
    shift
    mw 2 corrupt audio -i in -o out --snr 0 --json "$@"
    summary reason "$reason" clips 0
    ls -d out* 2>/dev/null && fail "an output folder was made"
}

refused no_noise
says --noise-dir
# which the option that is given does not help against
refused no_noise --preset reference --weight-white 1
says '--noise-select category'
refused not_found --noise-dir missing
refused not_found --noise-dir in/a.wav/x
mkdir -p empty
refused no_noise --noise-dir empty
mkdir -p silent/noise && wav silent/noise/s.wav kind=silence n=100000 && wav silent/t.wav kind=silence
refused no_noise --noise-dir silent
says silent
mkdir -p broken/speech broken/music
: >broken/speech/empty.wav
echo text >broken/speech/text.wav
wav broken/music/cut.wav cut=10
wav broken/music/zero.wav n=0
wav broken/nan.wav kind=nan format=f32 n=1000
refused no_noise --noise-dir broken
says 'passed over (truncated)'
says music/cut.wav
# usable noise, but of a category that is weighted 0
mkdir -p speech/speech && wav speech/speech/s.wav n=40000
refused no_noise --noise-dir speech --weight-speech 0
refused no_noise --noise-dir speech --weight-speech 0 --weight-music 1
# babble without speech
mkdir -p music/music && wav music/music/m.wav n=40000 seed=3
refused no_noise --noise-dir music --weight-music 0 --weight-babble 1

# half usable: the bad files are passed over and recorded
cp -r broken mixed && cp -r speech/speech music/music mixed/ && cp -r silent/noise mixed/noise
mw 0 corrupt audio -i in -o out --snr 0,5 --json --noise-dir mixed
summary done 2 noise_files 2 noise_rejected 6
[ "$(grep -c 'noise file passed over' .stderr)" = 6 ] || fail "not all unusable files are told"
for word in empty.wav text.wav cut.wav zero.wav nan.wav s.wav; do
    grep 'noise file passed over' .stderr | grep -q "$word" || fail "$word is not told"
done
for f in out_0/a out_0/b out_5/a; do
    case $("$JSONTOOL" get $f.prov.json stages.0.assets.0.path) in
    speech/s.wav | music/m.wav) ;;
    *) fail "$f was made with unusable noise" ;;
    esac
done

# silent here and there: other draws follow until noise sounds
mkdir -p gappy/noise
{
    "$MKINPUT" wav lead.wav n=200000 kind=silence && "$MKINPUT" wav tail.wav n=20000 kind=noise
    head -c 400044 lead.wav && tail -c 40000 tail.wav
} >gappy/noise/g.wav
printf '\xb0\xb7\x06\x00' | dd of=gappy/noise/g.wav bs=1 seek=40 conv=notrunc 2>/dev/null
for i in 1 2 3 4 5 6; do wav in/c$i.wav n=16000 seed=$i; done
mw 0 corrupt audio -i in -o gappy --snr 0 --json --noise-dir gappy --weight-white 0.0001
summary done 8 failed 0

# silent but for its last sample: the place of the last draw is told
mkdir -p click/noise
head -c 400042 gappy/noise/g.wav >click/noise/g.wav && printf '\x00\x40' >>click/noise/g.wav
printf '\x80\x1a\x06\x00' | dd of=click/noise/g.wav bs=1 seek=40 conv=notrunc 2>/dev/null
mw 3 corrupt audio -i in -o click --snr 0 --json --noise-dir click
reasons silent_noise 8
grep -q "'noise/g.wav' from sample [0-9]* on" click_0/outcomes.csv || fail "the noise is not named"

# shorter than the clip: looped; of one sample
mkdir -p loop/noise && wav loop/noise/l.wav n=500 kind=noise
mw 0 corrupt audio -i in -o loop --snr 0 --json --noise-dir loop
summary done 8
mkdir -p one/noise && wav one/noise/l.wav n=1 kind=noise
mw 0 corrupt audio -i in -o one --snr 0 --json --noise-dir one
# other rates and channels
mkdir -p rates/noise && wav rates/noise/r.wav rate=48000 channels=6 n=96000 kind=noise format=f32
mw 0 corrupt audio -i in -o rates --snr 0 --json --noise-dir rates
summary done 8
mw 0 verify rates_0

# the stated ratio holds where noise sounds, at every ratio, to 0.05 dB
make_noise noise
mw 0 corrupt audio -i in -o snr --snr -60,-5,0,15,60 --json --noise-dir noise
for snr in -60 -5 0 15 60; do
    for f in snr_$snr/*.prov.json; do
        got=$("$JSONTOOL" get "$f" stages.0.result.snr_db_noisy)
        awk -v a="$got" -v b=$snr 'BEGIN { exit !(a - b < 0.05 && b - a < 0.05) }' ||
            fail "$f: $got dB where noise sounds, not $snr"
    done
done
