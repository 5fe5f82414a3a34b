# SPDX-License-Identifier: Apache-2.0
# Names that shells, CSV, JSON and command lines stumble over.
. "$(dirname "$0")/lib.sh"

mkdir -p 'in/a folder' $'in/line\nfeed' in/-d
wav 'in/a folder/with  two spaces.wav'
wav $'in/line\nfeed/new\nline.wav' seed=2
wav in/-d/-i.wav seed=3
wav 'in/quote"comma,semi;.wav' seed=4
wav "in/apostrophe's \$HOME \`x\` %s %n.wav" seed=5
wav in/größe-音声-🎤.wav seed=6
wav in/dots.in.name.wav seed=7
wav in/UPPER.WAV seed=8
wav $'in/tab\tand\\back\x01slash.wav' seed=9
wav "in/$(printf 'n%.0s' {1..200}).wav" seed=10
wav in/.hidden.wav seed=11
wav $'in/bad-\xff\xfe.wav' seed=12
wav "in/$(printf 'x%.0s' {1..251}).wav" seed=13 # no room for a longer suffix
wav in/._ghost.wav seed=14                       # what macOS leaves behind

mw 3 corrupt audio -i in -o out --snr 0 --weight-white 1 --json
summary clips 13 done 11 failed 2 other_files 1
reasons bad_name 1 io_error 1
"$JSONTOOL" valid .stderr || fail "the events are not JSON lines"
no_parts out_0
lists out_0
[ "$(list out_0 | grep -c '\.prov\.json')" = 11 ] || fail "not 11 sidecars"
[ "$(list out_0 | grep -c '\.wav')" = 11 ] || fail "not 11 WAV files"
[ "$(list out_0 | grep -c '\.track\.npz')" = 11 ] || fail "not 11 tracks"
for name in 'a folder/with  two spaces' $'line\nfeed/new\nline' -d/-i 'quote"comma,semi;' \
    "apostrophe's \$HOME \`x\` %s %n" größe-音声-🎤 dots.in.name $'tab\tand\\back\x01slash' .hidden; do
    for suffix in wav prov.json track.npz; do
        [ -f "out_0/$name.$suffix" ] || fail "no output $name.$suffix"
    done
    value "out_0/$name.prov.json" output.audio.path "$name.wav"
    value "out_0/$name.prov.json" source.audio.path "$name.wav"
done
[ -f out_0/UPPER.wav ] || fail "no output of UPPER.WAV"

# ids are different from each other, and safe
for f in out_0/*.prov.json out_0/.hidden.prov.json out_0/*/*.prov.json; do
    "$JSONTOOL" get "$f" id
done >ids
sort ids | uniq -d | grep . && fail "two clips of one id"
grep -q '[^][A-Za-z0-9_~/.-]' <(grep -v größe ids) && fail "an id with odd characters"
mw 0 verify out_0 --json
summary done 11

# replay of each
for f in out_0/*.prov.json out_0/.hidden.prov.json out_0/*/*.prov.json; do
    mw 0 replay -i in -o again "$f"
done
(cd out_0 && find . -name '*.wav' -print0) | while IFS= read -r -d '' f; do
    cmp -s "out_0/$f" "again/$f" || fail "replayed $f differs"
done || exit 1

# names that look like options, as input and output
cp -r in -- -i && rm -- -i/*.wav && cd -- -i && mw 0 corrupt audio -i -d -o -o --snr 0 --weight-white 1 --json && cd ..
summary clips 1 done 1
files ./-i/-o_0 < <(triples wav -i)
mw 0 corrupt audio --in=-i/-d --out=-i/--json --snr=0 --weight-white=1 --json
files ./-i/--json_0 < <(triples wav -i)
mw 0 verify -- -i/--json_0
mw 1 verify --nothing

# an input folder and an output folder whose names are not UTF-8: only what lies below is recorded
mkdir $'r\xff' && wav $'r\xff/a.wav'
mw 0 corrupt audio -i $'r\xff' -o $'o\xfe' --snr 0 --weight-white 1 --json
files $'o\xfe_0' < <(triples wav a)
# a single file of such a name
mw 3 corrupt audio -i $'in/bad-\xff\xfe.wav' -o single --snr 0 --weight-white 1 --json
reasons bad_name 1
# and a missing one: the summary is JSON still
mw 2 corrupt audio -i $'in/missing-\xff.wav' -o single2 --snr 0 --weight-white 1 --json
summary clips 0 reason not_found
# noise with such names
mkdir -p noise/noise && wav $'noise/noise/\xff.wav' kind=noise && wav $'noise/noise/a b\n"c".wav' kind=noise
mw 0 corrupt audio -i in/-d -o noisy --snr 0 --noise-dir noise --json
summary done 1 noise_files 1 noise_rejected 1
"$JSONTOOL" valid .stderr || fail "the events are not JSON lines"
value noisy_0/-i.prov.json stages.0.assets.0.path $'noise/a b\n"c".wav'

# the same for pictures
mkdir -p $'film/-x \n'
video $'film/-x \n/größe "1".mp4'
video $'film/\xff.mp4'
mw 3 corrupt video --mode noise -i film -o filmout --json
summary done 1 failed 1
reasons bad_name 1
[ -f $'filmout/-x \n/größe "1".mp4' ] || fail "no film"
no_parts filmout
mw 0 replay -i film -o filmagain $'filmout/-x \n/größe "1".prov.json'
cmp $'filmout/-x \n/größe "1".mp4' $'filmagain/-x \n/größe "1".mp4' || fail "replayed film differs"
