# SPDX-License-Identifier: Apache-2.0
# features visual: encoders, length rules, formats, given faces, truth, resuming, any number of threads; what it says
# without weights. Faces are given, so that no model is needed, up to the last part.
. "$(dirname "$0")/lib.sh"

# track PATH FRAMES [MISSING]: a face that moves; frames whose number is divisible by MISSING have none
track() {
    mkdir -p "$(dirname "$1")"
    awk -v n="$2" -v missing="${3:-0}" 'BEGIN {
        printf "# merwild track 1\nframe,time_s,face,validity,xmin,ymin,width,height,score"
        split("right_eye left_eye nose_tip mouth right_ear left_ear", key, " ")
        split("0.42 0.4 0.58 0.4 0.5 0.5 0.5 0.6 0.34 0.45 0.66 0.45", at, " ")
        for (k = 1; k <= 6; k++) printf ",%s_x,%s_y", key[k], key[k]
        printf "\n"
        for (i = 0; i < n; i++) {
            x = 0.001 * (i % 50)
            if (missing && i % missing == 0) { printf "%d,%g,,none", i, i / 30; for (k = 0; k < 17; k++) printf ","; printf "\n"; continue }
            printf "%d,%g,0,found,%g,0.25,0.4,0.5,0.9", i, i / 30, 0.3 + x
            for (k = 1; k <= 12; k += 2) printf ",%g,%g", at[k] + x, at[k + 1]
            printf "\n"
        }
    }' >"$1"
}

mkdir -p in/sub
video in/v.mp4 frames=40 noise=1
video in/sub/w.mkv frames=12
video in/gaps.mp4 frames=60
video in/none.mp4 frames=10
wav in/sound.wav n=8000
track t/v.csv 40
track t/sub/w.csv 12
track t/gaps.csv 60 3
track t/none.csv 10 1
hog="features visual -i in --faces t --encoder hog --json"
landmarks="features visual -i in --faces t --encoder landmarks --json"

# the default: 500 rows, npy; which rule made them
mw 0 $hog -o hog --jobs 1
summary command 'features visual' clips 4 done 4 outputs 4
files hog < <(pairs npy v sub/w gaps none)
lists hog
no_parts hog
for clip in v sub/w gaps none; do shape hog/$clip.npy '500 228'; done
value hog/v.prov.json features.length_rule resample_poly
value hog/sub/w.prov.json features.length_rule zero_pad
value hog/gaps.prov.json features.length_rule resample_poly
value hog/none.prov.json features.length_rule zeros
value hog/gaps.prov.json features.frames 60
value hog/gaps.prov.json features.frames_with_face 40
value hog/none.prov.json features.frames_with_face 0
value hog/v.prov.json features.encoder hog
value hog/v.prov.json features.faces v.csv
value hog/v.prov.json features.faces_sha256 "$(sha256sum <t/v.csv | cut -d' ' -f1)"
value hog/v.prov.json source.video.frames 40
mw 0 verify hog --json
summary done 4
mw 0 $landmarks -o lm
shape lm/v.npy '500 29'
value lm/v.prov.json features.columns.0 place_x
value lm/v.prov.json features.columns.28 box_mouth_y

# a row for every frame; what the rules make of them
mw 0 $hog -o native --native
shape native/v.npy '40 228'
shape native/gaps.npy '60 228'
rows() { tail -c +129 "$1"; } # FILE.npy
row=$((4 * 228))
cmp <(rows hog/sub/w.npy | head -c $((12 * row))) <(rows native/sub/w.npy) || fail "zero_pad changes the rows"
cmp <(rows hog/sub/w.npy | tail -c $((488 * row))) <(head -c $((488 * row)) /dev/zero) || fail "zero_pad is not zeros"
cmp <(rows hog/none.npy) <(head -c $((500 * row)) /dev/zero) || fail "no face, and not zeros"
cmp <(rows native/gaps.npy | head -c $row) <(head -c $row /dev/zero) || fail "a frame without a face is not a row of zeros"
for ((i = 0; i < 60; i++)); do
    [ $((i % 3)) = 0 ] || rows native/gaps.npy | tail -c +$((i * row + 1)) | head -c $row
done >kept
mw 0 $hog -o copy --length 40
cmp <(rows copy/gaps.npy) kept || fail "as many faces as rows, and they are not copied"
cmp <(rows copy/v.npy) <(rows native/v.npy) || fail "v is not copied"
value copy/gaps.prov.json features.length_rule copy
mw 0 $hog -o always --pad-below 0
value always/sub/w.prov.json features.length_rule resample_poly
value always/none.prov.json features.length_rule zeros
mw 0 $hog -o filled --fill-limit 1
value filled/gaps.prov.json features.frames_with_face 60
value filled/none.prov.json features.frames_with_face 0

# formats say the same
for format in npz pkl csv; do
    mw 0 $hog -o $format --native --format $format
    mw 0 verify $format --json
    summary done 4
done
rows native/v.npy >want
n=$(stat -c %s want)
tail -c +164 npz/v.npz | head -c "$n" | cmp - want || fail "the rows in the npz are others"
for name in t valid v_src names; do grep -qa "$name.npy" npz/v.npz || fail "no $name in the npz"; done
for end in {0..20}; do
    tail -c $((n + end)) pkl/v.pkl | head -c "$n" | cmp -s - want && break
done
[ "$end" -lt 20 ] || fail "the rows in the pkl are others"
[ "$(wc -l <csv/v.csv)" = 41 ] || fail "v.csv has not 41 lines"
[ "$(head -n 1 csv/v.csv | tr ';' '\n' | tail -n 1)" = sharpness ] || fail "the last column is not sharpness"

# the truth of a damaged film lies alongside
mw 0 corrupt video -i in -o damaged --mode noise --noise-percent 0.3 --json
mw 0 features visual -i damaged -o truth --faces t --encoder hog --format npz --json
summary done 4
for name in v_type v_cov_face v_noise_var v_blur_sigma v_rel types; do
    grep -qa "$name.npy" truth/v.npz || fail "no $name in the npz"
done
grep -qa v_rel.npy npz/v.npz && fail "truth of a clean clip"
mw 0 features visual -i damaged -o damaged/feats --faces t --encoder hog --native --json
cmp -s damaged/feats/v.npy native/v.npy && fail "damage changes nothing"

# the same bytes for any number of threads, any level, alone
mw 0 $hog -o hog4 --jobs 4
same_tree hog hog4
MW_CPU=c mw 0 $hog -o hogc
same_tree hog hogc
mw 0 $landmarks -o lm4 --jobs 4 --batch 16
same_tree lm lm4
mw 0 $hog -i in/v.mp4 -o alone
cmp alone/v.npy hog/v.npy || fail "v alone differs"

# resuming: what is current is left; another track, option or film is not
mw 0 $hog -o hog
summary skipped 4 done 0
track t/v.csv 40 7
rm hog/none.npy && video in/sub/w.mkv frames=13 && track t/sub/w.csv 13
mw 0 $hog -o hog
summary skipped 1 done 3
value hog/v.prov.json features.frames_with_face 34
mw 0 $hog -o hog --pad-below 10
summary done 4
mw 0 $hog -o hog --pad-below 10 --overwrite
summary done 4
mw 0 $hog -o dry --dry-run
summary done 4 outputs 0
[ -e dry ] && fail "--dry-run wrote something"
mw 0 $hog -o few --limit 1
summary clips 1 done 1

# tracks that are not there, of another film, broken
rm t/none.csv && track t/gaps.csv 59 && echo x >t/sub/w.csv
mw 3 $hog -o bad
reasons bad_csv 1 faces_mismatch 1 no_track 1
summary done 1

# options that cannot be, without a trace
mw 1 $hog -o o --embed frames
mw 1 $hog -o o --precision bf16
mw 1 $hog -o o --weights w.safetensors
mw 1 $hog -o o --length 20
mw 1 $hog -o o --encoder resnet
mw 1 $hog -o o --face all
mw 1 features visual -i in --encoder hog
mw 1 features visual -o o --encoder hog
# without weights: which, where from, where to, and what needs none
for words in '' "--models $T/nowhere" "--weights $T/in" "--weights $T/none.pt"; do
    XDG_DATA_HOME=$T/data MERWILD_MODELS='' mw 2 features visual -i in -o o --json $words
    value .stdout reason no_weights
    for text in openai/clip-vit-base-patch32 clip-vit-base-patch32.safetensors ViT-B-32.pt \
        40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af --encoder hog; do
        says "$text"
    done
done
# weights that are none
printf 'PK\003\004 not a model' >w.pt
head -c 4000 /dev/zero >w.safetensors
for weights in w.pt w.safetensors in/v.mp4; do
    mw 2 features visual -i in -o o --json --weights $weights
    grep -q '"done": 0' .stdout || fail "weights that are none were used"
done
[ -e o ] && fail "a job that cannot start left an output folder"

# ---- with the detector ----
need_models
speakers s --n 2 --duration-s 1.4
video s/Raw/none.mp4 frames=5
see="features visual -i s/Raw --encoder landmarks --json"
mw 0 $see -o seen --native --jobs 2
summary done 3
for clip in synth0000/1 synth0001/1; do
    value seen/$clip.prov.json features.frames 35
    value seen/$clip.prov.json features.frames_with_face 35
    shape seen/$clip.npy '35 29'
done
value seen/none.prov.json features.frames_with_face 0
value seen/none.prov.json features.faces null
# the same faces through a file, and found beforehand
mw 0 faces -i s/Raw -o ft --model short --fill-limit 0
mw 0 $see -o through --native --faces ft
cmp seen/synth0000/1.npy through/synth0000/1.npy || fail "faces of a file and of the detector lead to other rows"
for face in longest-track central first single; do
    mw 0 $see -o by-$face --native --face $face
    cmp seen/synth0000/1.npy by-$face/synth0000/1.npy || fail "--face $face: another face, of one"
done
mw 0 $see -o ref --preset reference
files ref < <(pairs pkl synth0000/1 synth0001/1 none)
value ref/synth0000/1.prov.json features.detector_sha256 3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633
value ref/synth0000/1.prov.json features.length_rule resample_poly
mw 0 $see -o full --model full --native
cmp -s full/synth0000/1.npy seen/synth0000/1.npy && fail "the model changes nothing"
mw 2 $see -o o --models "$T/nowhere"
value .stdout reason no_model
:
