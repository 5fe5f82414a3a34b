# SPDX-License-Identifier: Apache-2.0
# All real clips, sound and picture: the same bytes for --jobs 1 and 8, another order of folder
# entries, and subsets.
. "$(dirname "$0")/lib.sh"

mosi=$MW_SHARED/samples/mosi
[ -d "$mosi/video" ] || skip "optional data $mosi/video is absent"
MW_LIMIT=300
n=$(find "$mosi/video" -name '*.mp4' | wc -l)
[ "$n" -ge 28 ] || fail "only $n clips below $mosi/video"
# the same clips, their entries made from the last to the first
(cd "$mosi/video" && find . -name '*.mp4' | sort -r) | while read -r f; do
    mkdir -p "other/$(dirname "$f")"
    cp "$mosi/video/$f" "other/$f"
done

audio="--noise-dir $mosi/noise --snr -5,0,5,10,15 --json"
mw 0 corrupt audio -i "$mosi/video" -o a1 $audio --jobs 1
summary clips "$n" done "$n" outputs $((5 * n))
mw 0 corrupt audio -i other -o a8 $audio --jobs 8
for snr in -5 0 5 10 15; do
    same_tree a1_$snr a8_$snr
    for f in $(find a1_$snr -name '*.prov.json'); do
        got=$("$JSONTOOL" get "$f" stages.0.result.snr_db_noisy)
        awk -v a="$got" -v b=$snr 'BEGIN { exit !(a - b < 0.05 && b - a < 0.05) }' ||
            fail "$f: $got dB where noise sounds, not $snr"
    done
done
video="--noise-percent 0.3 --json"
mw 0 corrupt video --mode noise -i "$mosi/video" -o v1 $video --jobs 1
summary clips "$n" done "$n" outputs "$n"
mw 0 corrupt video --mode noise -i other -o v8 $video --jobs 8
same_tree v1 v8
for tree in a1_-5 a1_15 v1; do
    mw 0 verify $tree --json
    summary done "$n" failed 0
    grep -rlF -e "$T" -e "$mosi" $tree && fail "an absolute path is in an output"
done

# every third clip by itself
i=0
for f in $(cd other && find . -name '*.mp4' | sort); do
    [ $((i++ % 3)) = 0 ] || continue
    mkdir -p "subset/$(dirname "$f")"
    cp "other/$f" "subset/$f"
done
mw 0 corrupt audio -i subset -o as $audio
mw 0 corrupt video --mode noise -i subset -o vs $video
for pair in "as_-5 a1_-5" "as_15 a1_15" "vs v1"; do
    for f in $(cd "${pair% *}" && find . -mindepth 2 -type f); do
        cmp "${pair% *}/$f" "${pair#* }/$f" || fail "$f differs in a subset"
    done
done
