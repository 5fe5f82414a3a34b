# SPDX-License-Identifier: Apache-2.0
# A disk that is full, and a limit of file size: the clip concerned fails with no_space, leaves
# nothing, and the others are done.
. "$(dirname "$0")/lib.sh"

mkdir in
wav in/big.wav n=160000
wav in/small.wav n=1600
wav in/small2.wav n=1700 seed=4
video in/film.mp4 frames=40 noise=1 width=176 height=144
video in/short.mp4 frames=3

# 100 KiB per file: the big clip has 320 kB
(
    ulimit -f 100
    mw 3 corrupt audio -i in -o out --snr 0,5 --weight-white 1 --json
) || exit 1
reasons no_space 1 no_audio 2
summary done 2
for folder in out_0 out_5; do
    files $folder < <(triples wav small small2)
    lists $folder
    no_parts $folder
    outcome $folder big.wav failed no_space
done
(
    ulimit -f 100
    mw 3 corrupt video --mode noise -i in -o outv --json
) || exit 1
reasons no_space 1
files outv < <(triples mp4 short)
no_parts outv
# with room, the rest follows, and is the same as from a run that always had room
mw 3 corrupt audio -i in -o out --snr 0,5 --weight-white 1 --json
summary done 1 skipped 2 failed 2
mw 3 corrupt audio -i in -o room --snr 0,5 --weight-white 1 --json
same_tree out_0 room_0
mw 0 corrupt video --mode noise -i in -o outv --json
mw 0 corrupt video --mode noise -i in -o roomv --json
same_tree outv roomv

# 1 KiB per file: the WAV of one sample fits, its track and sidecar do not; no WAV may stay alone
mkdir one && wav one/one.wav n=1
(
    ulimit -f 1
    mw 3 corrupt audio -i one -o single --snr 0 --weight-white 1 --json
) || exit 1
reasons no_space 1
files single_0 </dev/null
no_parts single_0
# the same when an older output stood there
mw 0 corrupt audio -i one -o single --snr 0 --weight-white 1 --json
(
    ulimit -f 1
    mw 3 corrupt audio -i one -o single --snr 0 --weight-white 1 --json --seed 2
) || exit 1
files single_0 </dev/null

# a file system of 300 KiB of its own; one clip at a time, for two share what room there is
cat >full.sh <<'END'
mount -t tmpfs -o size=300k none disk || exit 99
"$MERWILD" corrupt audio -i in -o disk/out --snr 0,5 --weight-white 1 --json --jobs 1 >.stdout 2>.stderr
echo $? >code
find disk -type f >left
rm -r disk/out*
"$MERWILD" corrupt video --mode noise -i in -o disk/v --json --jobs 1 >.stdout2 2>.stderr
echo $? >code2
find disk -type f >left2
# no block left at all: not even the lists
rm -r disk/v
dd if=/dev/zero of=disk/fill bs=4k >dd.log 2>&1
"$MERWILD" corrupt audio -i in -o disk/none --snr 0 --weight-white 1 --json >.stdout3 2>.stderr
echo $? >code3
find disk -type f >left3
END
mkdir disk
unshare -rm true 2>/dev/null || skip "no user namespaces: no small file system here; the rest passed"
timeout 60 unshare -rm bash full.sh 2>mount.log || skip "no tmpfs can be mounted here ($(tail -n 1 mount.log)); the rest passed"
[ "$(cat code)" = 3 ] || fail "exit code $(cat code) on a full disk"
reasons no_space 1 no_audio 2
summary done 2
grep -q merwild-part left && fail "left on the full disk: $(cat left)"
[ "$(grep -c 'small.*wav$' left)" = 4 ] || fail "the small clips were not done: $(cat left)"
grep -q big left && fail "left of the big clip: $(grep big left)"
[ "$(cat code2)" = 3 ] || fail "exit code $(cat code2) on a full disk"
grep -q merwild-part left2 && fail "left on the full disk: $(cat left2)"
grep -q film left2 && fail "left of the film: $(cat left2)"
grep -q short.mp4 left2 || fail "the short film was not done"
case $(cat code3) in 2 | 3) ;; *) fail "exit code $(cat code3) on a disk without any room" ;; esac
grep -q 'merwild-part\|wav$\|json$' left3 && fail "left on the full disk: $(cat left3)"
exit 0
