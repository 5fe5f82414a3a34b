# SPDX-License-Identifier: Apache-2.0
# corrupt video --mode occlusion: drawn and given occluders, tracks, policies, faces that are not there.
. "$(dirname "$0")/lib.sh"

# Tracks by hand, so that no model is needed. track FILE FRAMES: from lines "FIRST LAST FACE X Y W H".
track() {
    printf '# merwild track 1\nframe,time_s,face,validity,xmin,ymin,width,height,score'
    for k in right_eye left_eye nose_tip mouth right_ear left_ear; do printf ',%s_x,%s_y' $k $k; done
    echo
    awk -v n="$1" '{ for (t = $1; t <= $2; t++) rows[t] = rows[t] t "," t / 30 "," $3 ",found," $4 "," $5 "," $6 "," $7 ",0.9,,,,,,,,,,,,\n" }
        END { for (t = 0; t < n; t++) printf "%s", rows[t] ? rows[t] : t "," t / 30 ",,none,,,,,,,,,,,,,,,,,\n" }'
}
mkdir in t
for f in whole none late gap two outside; do video in/$f.mp4 width=160 height=120 frames=40 audio=aac; done
echo '0 39 0 0.25 0.25 0.5 0.5' | track 40 >t/whole.csv
track 40 </dev/null >t/none.csv
echo '38 39 0 0.25 0.25 0.5 0.5' | track 40 >t/late.csv
printf '0 9 0 0.25 0.25 0.5 0.5\n30 39 0 0.25 0.25 0.5 0.5\n' | track 40 >t/gap.csv
printf '0 39 0 0.1 0.1 0.2 0.2\n0 39 1 0.5 0.4 0.4 0.5\n' | track 40 >t/two.csv
echo '0 39 0 -0.3 0.6 0.6 0.7' | track 40 >t/outside.csv

occlude() { # CODE OUT OPTIONS...
    local code=$1 out=$2
    shift 2
    mw "$code" corrupt video -i in -o "$out" --mode occlusion --faces t --noise-percent 0.5 "$@" --json
}
occlude 3 o --jobs 1
outcome o none.mp4 failed no_face
outcome o late.mp4 failed no_face
for f in whole gap two outside; do outcome o $f.mp4 ok; done
value o/whole.prov.json stages.0.name video.occlusion
value o/whole.prov.json clock.video.frames 40
value o/whole.prov.json stages.0.assets.0.role faces
value o/whole.prov.json faces.path whole.csv
for array in v_cov_face v_cov_frame v_face v_face_score; do
    grep -qa "$array.npy" o/whole.track.npz || fail "the track has no $array"
done
occlude 3 o8 --jobs 8
same_tree o o8
occlude 3 o
summary skipped 4 done 0 failed 2
# a face only at the end: held back to the start without a limit; kept and said where asked for
occlude 3 ol --fill-limit -1
outcome ol late.mp4 ok
occlude 0 ok --if-no-face keep
summary done 6
value ok/none.prov.json not_applied.0.reason no_face
value ok/none.prov.json stages '[]'
value ok/whole.prov.json not_applied '[]'
# a gap of 20 frames is above the limit of 15: no occluder there
grep -q '"size_px"' o/gap.prov.json || fail "no places"
"$JSONTOOL" get o/gap.prov.json stages.0.drawn.size_px | tr -d '[] ' >.sizes
"$JSONTOOL" get o/gap.prov.json stages.0.drawn.start_frames >.start
awk -F, -v s="$(tr -d '[] ' <.start)" '{ for (i = 1; i <= NF; i++) { t = s + i - 1; if (($i > 0) != (t < 10 || t >= 30)) exit 1 } }' .sizes ||
    fail "occluders in the gap, or none beside it: start $(cat .start), sizes $(cat .sizes)"

# two faces: which is meant, by policy
side() { # FOLDER: of the first square
    "$JSONTOOL" get "$1/two.prov.json" stages.0.drawn.x_px.0
}
cp -r t t2 && rm t2/[!t]*.csv
for policy in largest central first; do
    mw 0 corrupt video -i in/two.mp4 -o p-$policy --mode occlusion --faces t --face $policy --follow fixed
    value p-$policy/two.prov.json run.options.1.face $policy
done
[ "$(side p-first)" -lt 48 ] || fail "first: at $(side p-first)"
[ "$(side p-largest)" -ge 80 ] || fail "largest: at $(side p-largest)"
mw 3 corrupt video -i in/two.mp4 -o p-single --mode occlusion --faces t --face single --json
reasons no_face 1

# partly outside: the square lies in the picture
for i in 0 5; do
    x=$("$JSONTOOL" get o/outside.prov.json stages.0.drawn.x_px.$i)
    y=$("$JSONTOOL" get o/outside.prov.json stages.0.drawn.y_px.$i)
    s=$("$JSONTOOL" get o/outside.prov.json stages.0.drawn.size_px.$i)
    [ "$x" -ge 0 ] && [ "$y" -ge 72 ] && [ $((x + s)) -le 48 ] && [ $((y + s)) -le 120 ] || fail "outside: $x $y $s"
done

# follow and fixed; both modes at once; random; the reference's preset
mw 3 corrupt video -i in -o fixed --mode occlusion --faces t --follow fixed --schedule segments:3
value fixed/whole.prov.json stages.0.params.follow fixed
mw 3 corrupt video -i in -o both --mode both --faces t --noise-percent 0.5 --json
grep -q video.gaussian both/whole.prov.json || fail "mode both draws no noise"
grep -q video.occlusion both/whole.prov.json || fail "mode both draws no occluder"
mw 0 corrupt video -i in -o ref --faces t --preset reference --json
summary done 6

# given occluders, then exchanged: made again; missing masks are told of
mw 0 occluders import --drawn --out bank
bank="--occlusion-img bank/image --occlusion-mask bank/mask"
occlude 3 g $bank
grep -q 'occluder_image\|"texture"' g/whole.prov.json || fail "the occluder is not among the assets"
occlude 3 g $bank
summary skipped 4 done 0
for f in $(find bank -name '*.png'); do printf x >>"$f"; done
occlude 3 g $bank
summary done 4
rm bank/mask/drawn-hands_masks/hand-1.png
occlude 3 h $bank
says 'hand-1'
mw 1 corrupt video -i in -o x --mode occlusion --occlusion-img bank/image
mw 2 corrupt video -i in -o x --mode occlusion --occlusion-img nowhere --occlusion-mask nowhere --faces t

# tracks that are missing, of another length, broken
mkdir bad && echo '0 3 0 0.2 0.2 0.5 0.5' | track 4 >bad/whole.csv
echo 'frame,nothing' >bad/gap.csv
printf '\200\004cos\nsystem\n' >bad/two.pkl
mw 3 corrupt video -i in -o b --mode occlusion --faces bad --json
outcome b whole.mp4 failed faces_mismatch
outcome b gap.mp4 failed bad_csv
outcome b late.mp4 failed no_track
outcome b two.mp4 failed refused_opcode
no_parts b o g

# replay needs no faces and no generator
for f in whole gap two outside; do
    rm -rf again
    mw 0 replay -i in -o again o/$f.prov.json
    cmp again/$f.mp4 o/$f.mp4 || fail "replayed $f differs"
done
mw 0 replay -i in -o again --occlusion-img bank/image --occlusion-mask bank/mask h/whole.prov.json
mw 0 replay -i in -o again2 both/whole.prov.json
cmp again2/whole.mp4 both/whole.mp4 || fail "replayed both differs"
mw 0 replay -i in -o again3 ok/none.prov.json
mw 0 verify o --json
summary done 4 failed 0
# with sound, in one file
mw 3 corrupt av -i in -o av --mode occlusion --noise-percent 0.5 --faces t --weight-white 1 --snr 5 --overlap same --json
summary done 4 failed 2
mw 0 replay -i in -o again4 av_5/two.prov.json
cmp again4/two.mp4 av_5/two.mp4 || fail "replayed av differs"
:

# what no clip can succeed with is said before the first one
mw 2 corrupt video -i in -o no --mode occlusion --faces nowhere
grep -q "faces 'nowhere'" .stderr || fail "the missing folder is not named: $(cat .stderr)"
mw 2 corrupt video -i in -o no --mode both --faces t --weight-hand 0 --weight-object 0 --weight-texture 0
grep -q 'no usable occluder' .stderr || fail "no reason: $(cat .stderr)"
[ ! -e no ] || fail "an output folder was made"
