# SPDX-License-Identifier: Apache-2.0
# features audio of 28 real films, clean and damaged: any number of threads, any level, resumed.
. "$(dirname "$0")/lib.sh"

clips=$MW_SHARED/samples/mosi/video
[ -d "$clips" ] || skip "the shared clips are absent"
mw 0 features audio -i "$clips" -o one --jobs 1 --json
summary clips 28 done 28
mw 0 features audio -i "$clips" -o many --jobs 8 --json
same_tree one many
MW_CPU=c mw 0 features audio -i "$clips" -o plain --json
same_tree one plain
find one -name '*.npy' | while read -r f; do shape "$f" '375 90'; done || exit 1
mw 0 verify one --json
summary done 28
mw 0 features audio -i "$clips" -o one --json
summary skipped 28

mw 0 corrupt audio -i "$clips" -o damaged/snr --snr -5,5 --weight-pink 1 --json
mw 0 features audio -i damaged -o feats --format npz --json
summary clips 56 done 56
# an interrupted run, taken up again, ends in the same tree
"$MERWILD" features audio -i damaged -o killed --format npz --jobs 2 >/dev/null 2>&1 &
pid=$!
for _ in {1..2000}; do
    compgen -G 'killed/snr_5/*/*.prov.json' >/dev/null && break
    sleep 0.005
done
kill -9 $pid
wait $pid 2>/dev/null
[ "$(list killed | grep -c npz)" -lt 56 ] || fail "it was not interrupted"
mw 0 features audio -i damaged -o killed --format npz --json
summary clips 56
same_tree feats killed
