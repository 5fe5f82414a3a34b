# SPDX-License-Identifier: Apache-2.0
# features visual of 28 real films: any number of threads, any level, resumed; every frame has its face.
. "$(dirname "$0")/lib.sh"

clips=$MW_SHARED/samples/mosi/video
[ -d "$clips" ] || skip "the shared clips are absent"
need_models
for encoder in hog landmarks; do
    mw 0 features visual -i "$clips" -o $encoder --encoder $encoder --jobs 1 --json
    summary clips 28 done 28
    mw 0 features visual -i "$clips" -o $encoder-many --encoder $encoder --jobs 8 --json
    same_tree $encoder $encoder-many
    # the detector without vector instructions takes its time
    MW_CPU=c mw 0 features visual -i "$clips" -o $encoder-plain --encoder $encoder --limit 1 --json
    mw 0 features visual -i "$clips" -o $encoder-few --encoder $encoder --limit 1 --json
    same_tree $encoder-few $encoder-plain
    mw 0 verify $encoder --json
    summary done 28
    mw 0 features visual -i "$clips" -o $encoder --encoder $encoder --json
    summary skipped 28
done
find landmarks -name '*.npy' | while read -r f; do shape "$f" '500 29'; done || exit 1
find landmarks -name '*.prov.json' | while read -r f; do
    value "$f" features.frames_with_face "$("$JSONTOOL" get "$f" features.frames)"
done || exit 1
# an interrupted run, taken up again, ends in the same tree
"$MERWILD" features visual -i "$clips" -o killed --encoder hog --jobs 2 >/dev/null 2>&1 &
pid=$!
for _ in {1..2000}; do
    compgen -G 'killed/*/*.prov.json' >/dev/null && break
    sleep 0.005
done
kill -9 $pid
wait $pid 2>/dev/null
[ "$(list killed | grep -c npy)" -lt 28 ] || fail "it was not interrupted"
mw 0 features visual -i "$clips" -o killed --encoder hog --json
summary clips 28
same_tree hog killed
