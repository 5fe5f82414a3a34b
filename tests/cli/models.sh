# SPDX-License-Identifier: Apache-2.0
# models: where they are looked for, missing and wrong ones; what needs them says so before work starts.
. "$(dirname "$0")/lib.sh"

unset MERWILD_MODELS
export XDG_DATA_HOME=$T/data HOME=$T/home
mkdir in && video in/a.mp4 frames=5

# nowhere: each is listed with its place and sum, and the remedy
mw 2 models
for name in short full full-dense; do
    grep -q "^$name *missing *$T/data/merwild/models/" .stdout || fail "$name is not listed as missing in the data folder"
done
[ "$(grep -c 'sha256 [0-9a-f]\{64\}' .stdout)" = 3 ] || fail "not three sums are listed"
says 'scripts/fetch-models'
unset XDG_DATA_HOME
mw 2 models
grep -q "$T/home/.local/share/merwild/models" .stdout || fail "the home folder is not looked at"
MERWILD_MODELS=$T/m mw 2 models
grep -q "$T/m/" .stdout || fail "MERWILD_MODELS is not looked at"
MERWILD_MODELS=$T/m mw 2 models --models "$T/other"
grep -q "$T/other" .stdout || fail "--models is not looked at first"

# jobs that need one: before any work, without output
for words in 'faces' 'corrupt video --mode occlusion' 'corrupt video --mode random' 'corrupt video --mode both'; do
    mw 2 $words -i in -o out --json
    says 'scripts/fetch-models'
    value .stdout reason no_model
done
mw 2 corrupt av -i in -o out --mode occlusion --weight-white 1
says 'scripts/fetch-models'
ls -d out* 2>/dev/null && fail "an output folder was left"
mw 0 corrupt video -i in -o noisy --mode noise

# a file of another content, and one that is no model at all
mkdir m
for f in face_detection_short_range face_detection_full_range face_detection_full_range_sparse; do
    head -c 100000 /dev/zero >m/$f.tflite
done
mw 2 models --models m
[ "$(grep -c WRONG .stdout)" = 3 ] || fail "wrong models are not told of"
mw 2 faces -i in -o out --models m --json
value .stdout reason wrong_model
mw 1 models extra
mw 1 faces -i in -o out --model medium
says 'short|full|full-dense'

# info: weight files by their contents, detectors by their sum, and what is neither
data=$MW_SOURCE_ROOT/tests/golden/data
mw 0 models info "$data/tiny_state_dict.pt"
grep -q '^kind        torch archive$' .stdout || fail "the kind of a state dict is not told"
grep -q '^tensors     13 (8 F32, 1 F16, 1 BF16, 1 F64, 1 I64, 1 BOOL)$' .stdout || fail "types are not told"
grep -q '^contents    unknown, 13 tensors$' .stdout || fail "no CLIP, and not told so"
grep -q "^sha256      $(sha256sum "$data/tiny_state_dict.pt" | cut -c 1-64)$" .stdout || fail "another sum"
mw 0 models info "$data/tiny_torchscript.pt"
grep -q '^kind        TorchScript archive$' .stdout || fail "the kind of a TorchScript archive is not told"
mw 0 models info "$data/tiny.tflite"
grep -q '^contents    unknown: none of the listed detectors$' .stdout || fail "an unknown network is not told"
"$MKINPUT" clip clip.safetensors
mw 0 models info clip.safetensors
for line in 'contents    CLIP image tower, Hugging Face names' 'side        32' 'patch       8' 'width       128' \
    'layers      2' 'heads       2' 'mlp         256' 'embedding   32' 'tokens      17' 'parameters  296448' \
    'bytes       1190304'; do
    grep -qx "$line" .stdout || fail "not told: $line"
done
head -c 1000000 clip.safetensors >cut.safetensors
mw 2 models info cut.safetensors
says "it ends beyond the end of the file"
says "'cut.safetensors': tensor '"
mw 2 models info m
mw 2 models info nowhere.pt
says nowhere.pt
mw 1 models info
mw 1 models info a b
:
