# SPDX-License-Identifier: Apache-2.0
# faces: tracks of drawn faces, formats, policies, resuming, sizes, clips without a face.
. "$(dirname "$0")/lib.sh"
need_models

speakers s --n 2 --duration-s 0.8
video s/Raw/none.mp4 frames=12
speakers tiny --n 1 --duration-s 0.3 --width 64 --height 64
speakers large --n 1 --duration-s 0.2 --width 3840 --height 2160
mkdir in && mv s/Raw/* in/ && mv tiny/Raw/synth0000 in/tiny && mv large/Raw/synth0000 in/large
echo 'no film' >in/broken.mp4

mw 3 faces -i in -o f --json --jobs 2
summary clips 6 done 5 failed 1 outputs 5
outcome f broken.mp4 failed unsupported
files f <<'END'
synth0000/1.csv
synth0000/1.prov.json
synth0001/1.csv
synth0001/1.prov.json
tiny/1.csv
tiny/1.prov.json
large/1.csv
large/1.prov.json
none.csv
none.prov.json
END
lists f
mw 0 verify f --json
summary done 5 failed 0

# found in every frame, in the place where the head is drawn; whatever the size of the picture
for clip in synth0000 synth0001 tiny large; do
    value f/$clip/1.prov.json faces.frames_without_face 0
    awk -F, '/^[0-9]/ { if ($3 != 0 || $4 != "found" || $5 < 0 || $6 < 0 || $5 + $7 > 1 || $6 + $8 > 1 || $9 < 0.6) exit 1; n++ }
        END { exit !(n > 3) }' f/$clip/1.csv || fail "the track of $clip is odd"
done
value f/none.prov.json faces.frames 12
value f/none.prov.json faces.frames_without_face 12
[ "$(grep -c '^[0-9]*,[0-9.]*,,' f/none.csv)" = 12 ] || fail "frames without a face have not kept their rows"
[ "$(grep -c '^[0-9]' f/none.csv)" = 12 ] || fail "not one row per frame"

# any number of threads, another model, another threshold; what is there is kept
mw 3 faces -i in -o f8 --jobs 8
same_tree f f8
mw 3 faces -i in -o f --json
summary done 0 skipped 5 failed 1
mw 3 faces -i in -o f --json --threshold 0.7
summary done 5
mw 0 faces -i in/synth0000 -o fs --model short --json
summary done 1
grep -q 'detector=face_detection_short_range' fs/1.csv || fail "the detector is not noted"
mw 0 faces -i in/synth0000 -o fd --model full-dense
mw 0 faces -i in/synth0000 -o dry --dry-run --json
[ -e dry ] && fail "a dry run wrote"
mw 1 faces -i in -o f --threshold 2
mw 1 faces -o f
mw 1 faces -i in

# the reference's layout, read back by corrupt video to the same places as from the csv
mw 0 faces -i in/synth0000 -o p --format pkl
files p <<'END'
1.pkl
1.prov.json
END
mw 0 faces -i in/synth0000 -o c
for kind in p c; do
    mw 0 corrupt video -i in/synth0000 -o v$kind --mode occlusion --faces $kind --noise-percent 0.5
done
cmp vp/1.mp4 vc/1.mp4 || fail "pkl and csv lead to other pictures"
mw 0 corrupt video -i in/synth0000 -o vd --mode occlusion --noise-percent 0.5
cmp vd/1.mp4 vc/1.mp4 || fail "detected faces and those of the csv lead to other pictures"
:
