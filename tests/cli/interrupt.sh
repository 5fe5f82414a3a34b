# SPDX-License-Identifier: Apache-2.0
# Ctrl-C and kill -9: what is there is whole, and the next run ends in the same tree.
. "$(dirname "$0")/lib.sh"

mkdir in films
wav first.wav n=240000
for i in {10..69}; do cp first.wav in/c$i.wav; done
video film.mp4 frames=50 width=160 height=120 audio=aac
for i in {10..24}; do cp film.mp4 films/f$i.mp4; done
make_noise noise

audio="corrupt audio -i in --snr -5,0,5 --noise-dir noise --json --jobs 2"
film="corrupt video --mode noise -i films --noise-percent 0.5 --json --jobs 2"
mw 0 $audio -o whole
mw 0 $film -o wholev
size=$(find wholev -name '*.mp4' | wc -l)
[ "$size" = 15 ] || fail "not 15 films"

# start ARGS: run in the background, wait for the first sidecar below the folders of pattern $1
start() {
    local pattern=$1
    shift
    "$MERWILD" "$@" >.stdout 2>.stderr &
    pid=$!
    for _ in {1..2000}; do
        compgen -G "$pattern" >/dev/null && return
        kill -0 $pid 2>/dev/null || break
        sleep 0.005
    done
    compgen -G "$pattern" >/dev/null || fail "no first output came: merwild $*"
}

for signal in INT TERM; do
    start "int_-5/*.prov.json" $audio -o int
    kill -$signal $pid
    wait $pid
    [ $? = 130 ] || fail "exit code $? after SIG$signal (ran to its end?)"
    no_parts int_*
    summary status INTERRUPTED reason interrupted
    [ -f int_0/c69.wav ] && fail "it was not interrupted"
    # what is there is whole
    for snr in -5 0 5; do
        for f in $(find int_$snr -name "*.wav"); do
            cmp -s "$f" "whole_$snr/${f#int_*/}" || fail "$f differs"
            [ -f "${f%.wav}.prov.json" ] && [ -f "${f%.wav}.track.npz" ] || fail "$f stands alone"
        done
    done
    mw 0 $audio -o int
    for snr in -5 0 5; do same_tree whole_$snr int_$snr; done
    rm -r int_*

    start "intv/*.prov.json" $film -o intv
    kill -$signal $pid
    wait $pid
    [ $? = 130 ] || fail "exit code $? after SIG$signal (ran to its end?)"
    no_parts intv
    [ "$(list intv | grep -c mp4)" = "$(list intv | grep -c prov)" ] || fail "a film without sidecar"
    mw 0 $film -o intv
    same_tree wholev intv
    rm -r intv
done

# killed: parts may be left; the next run takes them away
for i in 1 2; do
    start "kill_-5/*.prov.json" $audio -o kill
    kill -9 $pid
    wait $pid 2>/dev/null
    mw 0 $audio -o kill
    no_parts kill_*
    for snr in -5 0 5; do same_tree whole_$snr kill_$snr; done
    rm -r kill_*
    start "killv/*.merwild-part" $film -o killv
    kill -9 $pid
    wait $pid 2>/dev/null
    mw 0 $film -o killv
    no_parts killv
    same_tree wholev killv
    rm -r killv
done
# parts of clips that are gone by then, too
mkdir -p killv/sub && echo x >killv/sub/gone.mp4.merwild-part && echo x >killv/sub/ok.mp4.merwild-partial
mw 0 corrupt video --mode noise -i films -o killv --limit 1
[ -e killv/sub/gone.mp4.merwild-part ] && fail "an old part is left"
[ -e killv/sub/ok.mp4.merwild-partial ] || fail "a file that is no part is gone"
exit 0
