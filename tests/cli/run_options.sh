# SPDX-License-Identifier: Apache-2.0
# --dry-run, --limit, --fail-fast, --overwrite, --seed, --json, --quiet, and what makes an output
# up to date.
. "$(dirname "$0")/lib.sh"

mkdir in films
for i in 1 2 3 4 5; do
    wav in/c$i.wav n=$((8000 + 100 * i)) seed=$i
    video films/f$i.mp4 frames=$((10 + i))
done
make_noise noise
audio="corrupt audio -i in --snr 0,5 --noise-dir noise --json"

# --dry-run writes nothing, and says what would be drawn
mw 0 $audio -o dry --dry-run
summary clips 5 done 5 outputs 0
[ "$(grep -c '"name":"audio.additive"\|"name": "audio.additive"' .stdout)" = 10 ] || fail "not ten drawn lines"
mw 0 corrupt video --mode noise -i films -o dry --dry-run --json
summary clips 5 done 5 outputs 0
ls -d dry* 2>/dev/null && fail "--dry-run wrote something"
# and it is what is drawn then
mw 0 $audio -o real
mw 0 $audio -o dry --dry-run
grep '"id"' .stdout | grep c3 | head -n 1 >drawn.json
"$JSONTOOL" valid drawn.json || fail "a drawn line is not JSON"
[ "$("$JSONTOOL" get drawn.json drawn.files)" = "$("$JSONTOOL" get real_0/c3.prov.json stages.0.drawn.files)" ] ||
    fail "--dry-run tells another file than is used"

# --limit takes the first by name
mw 0 $audio -o limit --limit 2
summary clips 2 done 2 outputs 4
files limit_0 < <(triples wav c1 c2)
mw 0 $audio -o limit --limit 4
summary clips 4 done 2 skipped 2
mw 0 $audio -o limit
summary clips 5 done 1 skipped 4
same_tree limit_0 real_0

# --fail-fast stops; without it the rest is done
cp -r in bad && echo text >bad/c0.wav
mw 3 corrupt audio -i bad -o fast --snr 0 --noise-dir noise --json --fail-fast --jobs 1
summary clips 6 done 0 failed 1
files fast_0 </dev/null
mw 3 corrupt audio -i bad -o fast --snr 0 --noise-dir noise --json --jobs 1
summary clips 6 done 5 failed 1

# summaries and events
mw 0 $audio -o real
summary clips 5 skipped 5 done 0 status OK command 'corrupt audio'
"$JSONTOOL" valid .stderr || fail "the events are not JSON lines"
mw 0 corrupt audio -i in --snr 0,5 --noise-dir noise -o real --quiet
[ -s .stdout ] || [ -s .stderr ] && fail "--quiet talks"
mw 0 corrupt audio -i in --snr 0,5 --noise-dir noise -o real
prints '5 clips: 0 done, 5 up to date, 0 failed; 0 files written'
mw 2 corrupt audio -i 'no "such" \ folder' --snr 0 --noise-dir noise -o o --json
summary status IO reason not_found

# what is not up to date is made again: other options, source, noise, a missing or cut output
again() {
    local n=$1
    shift
    mw 0 "$@"
    summary done "$n" skipped $((5 - n))
}
again 5 $audio -o real --overwrite
again 0 $audio -o real
again 5 $audio -o real --seed 2
again 5 $audio -o real
again 5 $audio -o real --no-gaps
again 5 $audio -o real
same_tree limit_0 real_0
rm real_0/c1.wav
again 1 $audio -o real
rm real_5/c2.track.npz
again 1 $audio -o real
truncate -s 100 real_5/c3.wav
again 1 $audio -o real
echo '{' >real_0/c4.prov.json
again 1 $audio -o real
rm real_0/c5.prov.json
again 1 $audio -o real
touch in/*.wav
again 0 $audio -o real
same_tree limit_0 real_0
same_tree limit_5 real_5
"$MKINPUT" flip in/c2.wav -1
again 1 $audio -o real
"$MKINPUT" flip in/c2.wav -1
again 1 $audio -o real
same_tree limit_0 real_0
# runtime options are no part of it
again 0 $audio -o real --jobs 3 --sync end
# another ratio beside
mw 0 corrupt audio -i in --snr 0,5,10 --noise-dir noise -o real --json
summary done 5 outputs 5

mw 0 corrupt video --mode noise -i films -o v --json
mw 0 corrupt video --mode noise -i films -o v --json
summary done 0 skipped 5
mw 0 corrupt video --mode noise -i films -o v --json --noise-percent 0.5
summary done 5 skipped 0
mw 0 corrupt video --mode noise -i films -o v --json
summary done 5
cp v/f2.mp4 keep && truncate -s 50 v/f2.mp4
mw 0 corrupt video --mode noise -i films -o v --json
summary done 1 skipped 4
cmp keep v/f2.mp4 || fail "made again, it differs"
