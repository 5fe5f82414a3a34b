# SPDX-License-Identifier: Apache-2.0
# features bank, train, evaluate, score: the whole chain on a few drawn clips.
. "$(dirname "$0")/lib.sh"

need_models

mw 0 synth -o set --recipe benchmark --n 30 --clips-per-speaker 3 --duration-s 1 --width 160 --height 120 --noise --quiet
[ "$(wc -l <set/synth.csv)" = 31 ] || fail "rows of synth.csv"
[ "$(ls set/noise)" = "environment
music
speech" ] || fail "kinds of noise: $(ls set/noise)"

# the same bytes from one worker and from three, and nothing to do the second time
bank=(--noise-dir set/noise --grid small --mixes 2 --limit 26 --quiet)
mw 0 features bank -i set/Raw -o one "${bank[@]}" --jobs 1
mw 0 features bank -i set/Raw -o three "${bank[@]}" --jobs 3
[ "$(hashes one)" = "$(hashes three)" ] || fail "--jobs 1 and 3 differ"
no_parts one
mw 0 features bank -i set/Raw -o one --noise-dir set/noise --grid small --mixes 2 --limit 26 --json
summary clips 26 done 0 skipped 26
mw 0 verify one --quiet

# what is missing is said before work starts
mw 2 features bank -i set/Raw -o none --json
value .stdout reason no_noise
cp -r set/Raw bare
mw 2 features bank -i bare -o none --noise-dir set/noise --json
value .stdout reason no_labels
mw 1 features bank -i set/Raw -o none --noise-dir set/noise --heldout shouting
says "'shouting'"
[ ! -e none ] || fail "a refused job left something"

# train, test, score
mw 0 train -i one -o models/score --seeds 1 --epochs 1 --batch 8 --width 16 --quiet
mw 0 train -i one -o models/noscore --net noscore --seeds 1 --epochs 1 --batch 8 --width 16 --quiet
mw 0 train -i one -o models/noscore --net noscore --seeds 1 --epochs 1 --batch 8 --width 16 --json
summary clips 1 skipped 1
mw 2 train -i missing -o models/x
mw 0 evaluate -i one --models models -o report --draws 3 --replicates 20 --quiet
grep -q '^| P1 |' report/report.md || fail "no endpoints in the report"
grep -q 'A/music/0 (h)' report/report.md || fail "held-out damage is not marked"
head -c 5 report/curve_snr.svg | grep -q '<svg' || fail "no curve"
mw 0 score -i one --model models/score/seed_1 -o scores --split test --condition mixed-heldout --format csv --quiet
[ "$(list scores | grep -c '\.a\.scores\.csv')" -gt 0 ] || fail "no scores"
mw 2 score -i one --model models -o scores
says 'config.json'

# clips damaged elsewhere, described as they are: their scores under the sheet of what was done to them
clip=$(cd set/Raw && ls -d ./*/* | LC_ALL=C sort | head -n 1)
clip=${clip#./}
mkdir -p "bad/$(dirname "$clip")" && cp "set/Raw/$clip" "bad/$clip"
mw 0 corrupt av -i bad -o av --noise-dir set/noise --snr -5 --mode noise --noise-percent 0.3 --quiet
mw 0 features bank -i av_-5 -o damaged --plan clean --quiet
mw 0 score -i damaged --model models/score/seed_1 -o about --format csv --quiet
stem=${clip%.*}
sheet=(preview "bad/$clip" "av_-5/$stem.prov.json" --frames 2 --width 640)
mw 0 "${sheet[@]}" -o without.png
mw 0 "${sheet[@]}" -o sheet.png --scores "about/$stem.a.scores.csv"
[ "$(stat -c %s sheet.png)" -gt "$(stat -c %s without.png)" ] || fail "the sheet has no scores"
mw 0 score -i damaged --model models/score/seed_1 -o rows --rows --format csv --quiet
mw 0 "${sheet[@]}" -o rows.png --scores "rows/$stem.v.scores.csv"
