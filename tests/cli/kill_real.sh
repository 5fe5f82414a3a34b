# SPDX-License-Identifier: Apache-2.0
# kill -9 at 30 moments of a run over all real clips, sound and picture, and at 10 of one over both
# together; resumed until done, the tree equals that of an undisturbed run. The delays follow a
# seeded sequence.
. "$(dirname "$0")/lib.sh"

mosi=$MW_SHARED/samples/mosi
[ -d "$mosi/video" ] || skip "optional data $mosi/video is absent"
MW_LIMIT=300

# undisturbed, with the milliseconds it takes
now() { date +%s%3N; }
audio="corrupt audio -i $mosi/video --noise-dir $mosi/noise --json --jobs 2"
video="corrupt video --mode noise -i $mosi/video --noise-percent 0.3 --json --jobs 2"
both="corrupt av --mode noise -i $mosi/video --noise-dir $mosi/noise --snr 0,10 --json --jobs 2"
t0=$(now)
mw 0 $audio -o whole
t1=$(now)
mw 0 $video -o wholev
t2=$(now)
mw 0 $both -o wholeb
t3=$(now)

RANDOM=20250607
# killed NAME KILLS MILLISECONDS TREES COMMAND...: so many kills that hit, each after a drawn share
# of a run's time; a tree that got ready is compared and begun anew.
killed() {
    local name=$1 kills=$2 whole_ms=$3 trees=$4 hits=0 rounds=0 pid code delay_ms
    shift 4
    while [ $hits -lt $kills ]; do
        [ $((++rounds)) -le 300 ] || fail "only $hits of 300 kills hit $name"
        # a share of at most half, so that most trees take several kills
        delay_ms=$((whole_ms * (RANDOM % 1000) / 2000 + 1))
        "$MERWILD" "$@" >.stdout 2>.stderr &
        pid=$!
        sleep "$(printf '%d.%03d' $((delay_ms / 1000)) $((delay_ms % 1000)))"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
        code=$?
        if [ $code = 137 ]; then
            hits=$((hits + 1))
            # whatever has a sidecar is whole
            for tree in $trees; do
                compgen -G "$tree/*/*.prov.json" >/dev/null || continue
                mw 0 verify "$tree" --quiet
            done
        else
            [ $code = 0 ] || fail "exit code $code of an undisturbed rest of $name"
            compare $trees
            rm -r $trees
        fi
    done
    mw 0 "$@"
    compare $trees
    note "$name: $hits kills in $rounds starts"
}
compare() {
    for tree in "$@"; do
        no_parts "$tree"
        same_tree "whole${tree#kill}" "$tree"
    done
}
killed sound 30 $((t1 - t0)) "kill_-5 kill_0 kill_5 kill_10 kill_15" $audio -o kill
killed picture 30 $((t2 - t1)) killv $video -o killv
killed both 10 $((t3 - t2)) "killb_0 killb_10" $both -o killb
