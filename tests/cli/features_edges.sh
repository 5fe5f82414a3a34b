# SPDX-License-Identifier: Apache-2.0
# features audio at the edges: number of rows as openSMILE 3.0.2 gives them (counted with the Python
# package opensmile 2.6.0: no row below 60 ms, else one more than frames of 60 ms), or a reason.
. "$(dirname "$0")/lib.sh"

mkdir in
rows() { # RATE SAMPLES ROWS
    wav "in/r$1n$2.wav" rate=$1 n=$2
    echo "r$1n$2 $3" >>want
}
for pair in 960:2 962:2 1119:2 1120:3 1264:3 1280:4 1600:6 16000:96; do
    rows 16000 ${pair%:*} ${pair#*:}
done
rows 8000 480 2 && rows 8000 640 4 && rows 8000 8000 96
rows 11025 662 2 && rows 11025 882 4 && rows 11025 11025 96
rows 22050 1323 2 && rows 22050 1764 3 && rows 22050 22050 95
rows 44100 2646 2 && rows 44100 3528 4 && rows 44100 44100 96
rows 48000 2880 2 && rows 48000 3840 4 && rows 48000 48000 96
for kind in silence dc square noise; do
    wav in/$kind.wav kind=$kind
    echo "$kind 96" >>want
done
mw 0 features audio -i in -o out --native --rate-hz 0 --json
while read -r name n; do
    shape out/$name.npy "$n 90"
done <want
mw 0 features audio -i in -o csv --native --rate-hz 0 --format csv --json
grep -liE 'nan|inf' csv/*.csv && fail "a value that is not finite"
# silence has no pitch: F0semitoneFrom27.5Hz_sma3nz and F0final_sma
column() { head -n 1 "$1" | tr ';' '\n' | grep -nx "$2" | cut -d: -f1; }
for name in F0semitoneFrom27.5Hz_sma3nz F0final_sma; do
    for kind in silence dc; do
        cut -d';' -f"$(column csv/$kind.csv $name)" csv/$kind.csv | tail -n +2 | sort -u >values
        [ "$(cat values)" = 0 ] || fail "$kind has a pitch: $(tr '\n' ' ' <values)"
    done
    cut -d';' -f"$(column csv/square.csv $name)" csv/square.csv | sed -n 50p >values
    [ "$(cat values)" = 0 ] && fail "a square wave has none"
done

# too short: no frame at all
mkdir short
for n in 1 2 320 959; do wav short/n$n.wav n=$n; done
mw 3 features audio -i short -o so --native --json
summary clips 4 failed 4 outputs 0
reasons too_short 4
files so </dev/null
no_parts so
mw 0 features audio -i short -o zn --native --too-short zeros --json
mw 0 features audio -i short -o zf --too-short zeros --json
mw 0 features audio -i short -o zu --too-short zeros --level functionals --json
for n in 1 2 320 959; do
    shape zn/n$n.npy '1 90'
    shape zf/n$n.npy '375 90'
    shape zu/n$n.npy '1 88'
    value zn/n$n.prov.json features.rows_native 0
    [ "$(tail -c +129 zf/n$n.npy | tr -d '\0' | wc -c)" = 0 ] || fail "n$n: not zeros"
done
# longer at a higher rate, shorter after conversion: the clock of the rows counts
wav short/k48.wav rate=48000 n=2877
mw 3 features audio -i short/k48.wav -o k --native --json
mw 0 features audio -i in/r48000n2880.wav -o k --native --json
shape k/r48000n2880.npy '2 90'

# what has no samples, or samples that are none
mkdir bad
: >bad/empty.wav
wav bad/zero.wav n=0
wav bad/nan.wav kind=nan format=f32
wav bad/inf.wav kind=inf format=f64
wav bad/cut.wav cut=500
wav bad/k96.wav rate=96000 n=96000
wav bad/k4.wav rate=4000 n=4000
video bad/mute.mp4
video film.mp4 audio=aac frames=60 && "$MKINPUT" cut film.mp4 bad/film.mp4 0.9
for o in '--native' '--native --format csv' '--length 100' '--too-short zeros'; do
    rm -rf bo
    mw 3 features audio -i bad -o bo --rate-hz 0 $o --json
    summary clips 9 done 0 failed 9 outputs 0
    outcome bo empty.wav failed empty_file
    outcome bo zero.wav failed empty_audio
    outcome bo nan.wav failed not_finite
    outcome bo inf.wav failed not_finite
    outcome bo cut.wav failed truncated
    outcome bo k96.wav failed unsupported
    outcome bo k4.wav failed unsupported
    outcome bo mute.mp4 failed no_audio
    outcome bo film.mp4 failed truncated
    files bo </dev/null
    no_parts bo
done
# conversion brings any rate into reach
mw 0 features audio -i bad/k96.wav -o conv --native --json
shape conv/k96.npy '96 90'
mw 0 features audio -i bad/k4.wav -o conv --native --json
shape conv/k4.npy '96 90'

# a track beside the input that is no npz: described without the truth
cp in/square.wav lone.wav && echo 'no npz' >lone.track.npz
mw 0 features audio -i lone.wav -o lone --format npz --json
mw 0 features audio -i in/dc.wav -o limit --native --max-seconds 1 --json
wav long.wav n=16001
mw 3 features audio -i long.wav -o limit --native --max-seconds 1 --json
reasons too_long 1
