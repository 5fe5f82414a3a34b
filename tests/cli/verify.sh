# SPDX-License-Identifier: Apache-2.0
# verify: one byte anywhere in an output or a track is found; nothing else is reported.
. "$(dirname "$0")/lib.sh"

mkdir -p in/sub
wav in/a.wav && wav in/sub/b.wav seed=2
video in/f.mp4 audio=aac && video in/sub/g.mp4 frames=20
mw 3 corrupt audio -i in -o a --snr 0 --weight-white 1
mw 0 corrupt video --mode noise -i in -o v
mw 0 verify a_0 --json
summary clips 3 done 3 failed 0
mw 0 verify v --jobs 4 --json
summary clips 2 done 2 outputs 4
mw 0 verify v
prints '2 clips: 2 done, 0 up to date, 0 failed; 4 files as recorded'
# several output folders at once, each with paths of its own
mkdir all && cp -r a_0 v all
mw 0 verify all --json
summary clips 5 done 5 failed 0
mw 0 verify all/ --json
summary clips 5 done 5 failed 0
mw 0 verify . --json
summary clips 10 done 10 failed 0
"$MKINPUT" flip all/v/sub/g.mp4 1000
mw 3 verify all --json
reasons different 1
rm -r all
# gone altogether: the lists know; the next run forgets
mkdir gone && cp -r v gone && rm gone/v/sub/g.*
mw 3 verify gone --json
summary clips 2 done 1 failed 1
reasons not_found 1
grep -q 'sub/g.prov.json' .stderr || fail "the missing sidecar is not named: $(cat .stderr)"
printf 'no row\n{"x_sidecar": "../v/sub/g.prov.json"}\n{"x_sidecar": 5}\n{' >gone/v/manifest.jsonl
mw 0 verify gone --json
summary clips 1 done 1 failed 0
rm -r gone

flipped() { # FOLDER FILE OFFSET
    "$MKINPUT" flip "$1/$2" "$3"
    mw 3 verify "$1" --json
    summary failed 1
    reasons different 1
    says "$2"
    "$MKINPUT" flip "$1/$2" "$3"
    mw 0 verify "$1"
}
for offset in 0 44 1000 -1; do
    flipped a_0 sub/b.wav $offset
    flipped a_0 a.track.npz $offset
    flipped v sub/g.mp4 $offset
    flipped v f.track.npz $offset
done

# lost, cut, longer, exchanged
mv a_0/a.wav keep
mw 3 verify a_0 --json
reasons not_found 1
head -c 100 keep >a_0/a.wav
mw 3 verify a_0 --json
reasons different 1
(cat keep && echo) >a_0/a.wav
mw 3 verify a_0 --json
reasons different 1
cp a_0/f.wav a_0/a.wav
mw 3 verify a_0 --json
reasons different 1
mv keep a_0/a.wav
rm a_0/a.track.npz
mw 3 verify a_0 --json
reasons not_found 1
mkdir a_0/a.track.npz
mw 3 verify a_0 --json
summary failed 1
rmdir a_0/a.track.npz

# outputs of several jobs below one folder: each is looked for below its own job's, and listed there
mw 3 corrupt audio -i in -o all/a --snr 0,5 --weight-white 1
mw 0 corrupt video --mode noise -i in -o all
mw 0 verify all --json
summary clips 8 done 8 outputs 16
for pair in all:2 all/a_0:3 all/a_5:3; do
    for list in manifest provenance; do
        [ "$(wc -l <"${pair%:*}/$list.jsonl")" = "${pair#*:}" ] || fail "rows of ${pair%:*}/$list.jsonl"
    done
done
flipped all a_5/sub/b.wav 1000
flipped all f.mp4 1000

# broken sidecars fail by themselves
for text in '' '{' '[]' '{}' 'null' '{"output": 3}' '{"output": {"audio": 3}}' '{"output": {"audio": {"path": "../a.wav", "sha256": "0"}}}'; do
    printf '%s' "$text" >v/f.prov.json
    mw 3 verify v --json
    summary done 1 failed 1
    reasons bad_json 1
done

mw 2 verify missing --json
mw 2 verify in --json
summary reason no_clips
mw 2 verify in/a.wav
