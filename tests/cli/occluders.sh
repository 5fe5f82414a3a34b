# SPDX-License-Identifier: Apache-2.0
# occluders import and list: every layout, what is wrong in a bank, the drawn shapes.
. "$(dirname "$0")/lib.sh"

# the drawn shapes, listed and written; what was written is a bank
mw 0 occluders list
[ "$(grep -c '^hand ' .stdout)" = 4 ] || fail "not four drawn hands"
mw 0 occluders import --drawn --out drawn --json
value .stdout hands 4
value .stdout left_out 0
mw 0 occluders list --in drawn
grep -q '^hand *drawn-hands_img/hand-0.png  drawn-hands_masks/hand-0.png$' .stdout || fail "hand-0 is not listed with its mask"
[ "$(wc -l <drawn/occluders.csv)" = 13 ] || fail "occluders.csv has not 12 rows"
grep -q 'drawn by' drawn/README.txt || fail "no note on licences"

# all published layouts, made of the drawn shapes, come out alike
pic() { cp "drawn/image/drawn-$1" "$2"; }
msk() { cp "drawn/mask/drawn-$1" "$2"; }
mkdir -p a/image/{11k-hands_img,coco-object_img,dtd/banded} a/mask/{11k-hands_masks,coco-object_masks} \
    b/image/{hand_img,object_img,dtd/banded} b/mask/{hand_masks,object_masks} \
    c/{11k-hands_img,11k-hands_mask,object_image_sr,object_mask_x4,DTD/images/banded} \
    d/{object_image_sr,object_image_x4}
for x in a/image/11k-hands_img b/image/hand_img c/11k-hands_img; do pic hands_img/hand-0.png $x/Hand_1.png; done
for x in a/mask/11k-hands_masks b/mask/hand_masks c/11k-hands_mask; do msk hands_masks/hand-0.png $x/Hand_1.png; done
for x in a/image/coco-object_img b/image/object_img c/object_image_sr d/object_image_sr; do pic object_img/object-apple.png $x/apple_7_0.png; done
for x in a/mask/coco-object_masks b/mask/object_masks c/object_mask_x4 d/object_image_x4; do msk object_masks/object-apple.png $x/apple_7_0.png; done
for x in a/image/dtd b/image/dtd c/DTD/images; do pic texture/texture-dots.png $x/banded/banded_0001.png; done
for x in a b c; do
    mw 0 occluders import --in $x --out out-$x --json
    value .stdout hands 1
    value .stdout objects 1
    value .stdout textures 1
    files out-$x <<'END'
README.txt
image/11k-hands_img/Hand_1.png
image/coco-object_img/apple_7_0.png
image/dtd/banded/banded_0001.png
mask/11k-hands_masks/Hand_1.png
mask/coco-object_masks/apple_7_0.png
occluders.csv
rejected.csv
END
    same_tree out-a/image out-$x/image
    same_tree out-a/mask out-$x/mask
done
cmp out-a/image/11k-hands_img/Hand_1.png a/image/11k-hands_img/Hand_1.png || fail "bytes were changed"
mw 0 occluders import --in d --out out-d
# a clean bank stays as it is
mw 0 occluders import --in out-a --out out-aa
same_tree out-a/image out-aa/image
same_tree out-a/mask out-aa/mask

# what is wrong is told of, one by one, and the rest is written
cp -r a w
pic hands_img/hand-1.png w/image/11k-hands_img/lonely.png
pic hands_img/hand-1.png w/image/11k-hands_img/wide.png
pic texture/texture-dots.png w/mask/11k-hands_masks/wide.png
head -c 300 drawn/image/drawn-hands_img/hand-2.png >w/image/11k-hands_img/cut.png
msk hands_masks/hand-2.png w/mask/11k-hands_masks/cut.png
echo 'text' >w/image/coco-object_img/notes.txt
echo 'no picture' >w/image/dtd/bad.jpg
mkdir w/image/cars && pic object_img/object-apple.png w/image/cars/car.png
mkdir -p w/image/hand2_img w/mask/hand2_masks
pic hands_img/hand-0.png w/image/hand2_img/Hand_1.png
msk hands_masks/hand-0.png w/mask/hand2_masks/Hand_1.png
mw 3 occluders import --in w --out ow
for reason in no_mask mask_mismatch truncated unknown_kind output_collision unsupported; do
    grep -q ",$reason," ow/rejected.csv || fail "rejected.csv does not say $reason: $(cat ow/rejected.csv)"
    says "left out ($reason)"
done
[ -f ow/image/11k-hands_img/Hand_1.png ] && [ ! -e ow/image/11k-hands_img/cut.png ] || fail "the wrong ones were written"
mw 3 occluders list --in w
mw 3 occluders import --in w --out ow --quiet
[ -s .stderr ] && fail "it talks with --quiet"

# folders that are none, too many words
mw 2 occluders import --in nowhere --out x
mw 2 occluders list --in nowhere
mkdir -p nothing/image nothing/mask
mw 2 occluders import --in nothing --out x
says 'no usable occluder'
mw 1 occluders import --in a --drawn --out x
mw 1 occluders import --out x
mw 1 occluders import --in a
mw 1 occluders import --in a --out a
says "option 'out'"
mw 1 occluders
:
