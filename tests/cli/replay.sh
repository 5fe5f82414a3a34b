# SPDX-License-Identifier: Apache-2.0
# replay: the same bytes from the sidecar alone; refused when a source or noise file changed.
. "$(dirname "$0")/lib.sh"

mkdir in films
wav in/a.wav n=20000
wav in/k44.wav rate=44100 channels=2 n=70000 seed=2
wav in/one.wav n=1 seed=3
video in/film.mp4 audio=aac frames=40
make_noise noise

same() { # IN SIDECAR FILE
    rm -rf again
    mw 0 replay -i "$1" -o again --noise-dir noise "$2"
    prints 'same bytes: again/'
    cmp "$3" "again/${3#*/}" || fail "replayed $3 differs"
    [ "$(list again | wc -l)" = 1 ] || fail "replay wrote more than one file"
}
all_sounds() { # OPTIONS
    mw 0 corrupt audio -i in -o out --snr -5,15 "$@" --overwrite --json
    summary done 4
    for f in a k44 one film; do
        for snr in -5 15; do same in out_$snr/$f.prov.json out_$snr/$f.wav; done
    done
}
only="--weight-speech 0 --weight-music 0 --weight-noise 0"
all_sounds --noise-dir noise
all_sounds --noise-dir noise --preset reference
all_sounds --noise-dir noise $only --weight-babble 1
all_sounds --noise-dir noise --snr-over active --no-gaps --peak clip
for colour in white pink brown; do
    all_sounds --weight-$colour 1
done
all_sounds --noise-dir noise --channel 0

video films/a.mp4 frames=30 audio=aac
video films/odd.mp4 width=63 height=47 pix_fmt=yuv444p frames=12
video films/vfr.mp4 vfr=1 frames=20
video films/turned.mp4 rotation=90 frames=12
all_films() {
    rm -rf outv
    mw 0 corrupt video --mode noise -i films -o outv --noise-percent 0.4 "$@" --json
    for f in a odd vfr turned; do
        [ -f outv/$f.mp4 ] && same films outv/$f.prov.json outv/$f.mp4
    done
}
for schedule in segment segments:3 interval; do
    all_films --schedule $schedule --weight-gaussian 1 --weight-blur 0
    all_films --schedule $schedule --weight-gaussian 0 --weight-blur 1
    all_films --schedule $schedule
done
all_films --codec mp4v
all_films --preset reference
rm films/turned.mp4
mw 0 corrupt video --mode noise -i films -o outx --codec ffv1
same films outx/vfr.prov.json outx/vfr.mov

# refused: another source, another noise file, none at all; nothing is written
mw 0 corrupt audio -i in -o out --snr 0 --noise-dir noise --overwrite
refused() {
    local code=$1
    shift
    rm -rf again
    mw "$code" replay -o again "$@"
    [ -s .stdout ] && fail "it says that bytes are the same"
    [ -z "$(find again -type f 2>/dev/null)" ] || fail "it wrote $(find again -type f)"
}
noise=$("$JSONTOOL" get out_0/a.prov.json stages.0.assets.0.path)
"$MKINPUT" flip in/a.wav -1
refused 3 -i in --noise-dir noise out_0/a.prov.json
says 'is not the file that was used'
"$MKINPUT" flip in/a.wav -1
"$MKINPUT" flip "noise/$noise" -1
refused 3 -i in --noise-dir noise out_0/a.prov.json
says "$noise"
"$MKINPUT" flip "noise/$noise" -1
refused 2 -i in out_0/a.prov.json
refused 2 -i in --noise-dir in out_0/a.prov.json
refused 2 -i noise --noise-dir noise out_0/a.prov.json
refused 2 -i missing --noise-dir noise out_0/a.prov.json
refused 2 -i in --noise-dir noise missing.prov.json
"$MKINPUT" flip films/a.mp4 -1
refused 3 -i films outv/a.prov.json
"$MKINPUT" flip films/a.mp4 -1
refused 1 -i films outv/a.prov.json extra
refused 1 -i films
refused 1 outv/a.prov.json
# over the source, or over the output beside the sidecar
hashes outv >before && hashes films >>before
mw 2 replay -i films -o films outv/a.prov.json
says "option 'out'"
mw 2 replay -i films -o outv outv/a.prov.json
says "option 'out'"
{ hashes outv && hashes films; } | cmp - before || fail "a file was replaced"
# another hash recorded than is made: told, and the file is kept to be looked at
cp outv/a.prov.json wrong.prov.json
"$JSONTOOL" set wrong.prov.json output.video.sha256 '"00"'
mw 3 replay -i films -o again wrong.prov.json
says 'records 00'
[ -f again/a.mp4 ] || fail "the file made is not kept"
mw 0 replay -i in --noise-dir noise -o again out_0/a.prov.json
