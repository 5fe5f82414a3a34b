# SPDX-License-Identifier: Apache-2.0
# synth --size: what a size stands for, which options win, and its splits.
. "$(dirname "$0")/lib.sh"

# a size is what its options say, clip for clip; options that are given win
mw 0 synth -o named --recipe benchmark --size standard --n 12 --noise --quiet
mw 0 synth -o spelled --recipe benchmark --n 12 --clips-per-speaker 6 --duration-s 3 --width 192 --height 144 --noise --quiet
same_tree named spelled
[ "$(list named | grep -c 'synth0000/.*\.mp4')" = 6 ] || fail "not 6 clips of a speaker"
mw 1 synth -o none --size huge
says 'free|tiny|standard'
mw 1 synth -o none --size tiny --width 62
says 'below 64'
mw 1 synth -o none --size tiny --duration-s 0.1
says 'below 0.2 s'
[ ! -e none ] || fail "a refused job left something"

# splits: clips of each, no speaker in two
mw 0 synth -o sized --recipe benchmark --size tiny --duration-s 0.2 --width 64 --height 64 --quiet
for want in train:84 valid:12 test:24; do
    [ "$(grep -c ",${want%:*}\$" sized/label.csv)" = "${want#*:}" ] || fail "not ${want#*:} clips of ${want%:*}"
done
[ "$(grep ',valid$' sized/label.csv | cut -d, -f1 | sort -u | tr '\n' ' ')" = 'synth0007 synth0017 ' ] || fail 'other speakers validate'
tail -n +2 sized/label.csv | cut -d, -f1,9 | sort | uniq -c | awk '{ print $1, $2 }' | sort -u >speakers
[ "$(wc -l <speakers)" = 20 ] && [ "$(cut -d' ' -f1 speakers | sort -u)" = 6 ] || fail "not 20 speakers of 6 clips in one split each"
[ "$(wc -l <sized/synth.csv)" = 121 ] || fail "rows of synth.csv"
