# SPDX-License-Identifier: Apache-2.0
# bank check: the gate on a bank of drawn clips, open and shut, and what it cannot start with.
. "$(dirname "$0")/lib.sh"

need_models

mw 0 synth -o set --recipe benchmark --size tiny --clips-per-speaker 3 --n 30 --duration-s 1 --width 160 --height 120 --quiet
mw 0 features bank -i set/Raw -o bank --plan clean --quiet
mw 0 bank check bank --cues set/synth.csv --min-corr 0
prints 'clips: 21 train, 3 valid, 6 test'
prints 'the set passes'
mw 3 bank check bank --cues set/synth.csv --min-corr 1
prints 'the set fails'
mw 3 bank check bank --cues set/synth.csv --min-corr 1 --json
"$JSONTOOL" valid "$T/.stdout" || fail "not JSON"
value "$T/.stdout" passes false
value "$T/.stdout" n_test 6

# perfect perception beats none
both=$("$JSONTOOL" get "$T/.stdout" mae_cue_both)
none=$("$JSONTOOL" get "$T/.stdout" mae_constant)
awk -v b="$both" -v n="$none" 'BEGIN { exit !(b > 0 && b < n) }' || fail "bounds: $both of both cues, $none of none"

# what is missing is named
mw 0 bank check --help
prints '--min-corr'
mw 1 bank check
mw 1 bank check bank
says "option 'cues'"
mw 2 bank check bank --cues nowhere.csv
says nowhere.csv
mw 2 bank check nowhere --cues set/synth.csv
says nowhere/bank.json
head -n 20 set/synth.csv >short.csv
mw 2 bank check bank --cues short.csv
says "no line for clip 'synth0006/2'"
cp -r bank few && sed -i '/,valid/d' few/label.csv
mw 2 bank check few --cues set/synth.csv
says "0 clips with a label in split 'valid'"
cp bank/label.csv few && rm few/synth0000/1.bank.npz
mw 2 bank check few --cues set/synth.csv
says 1.bank.npz
