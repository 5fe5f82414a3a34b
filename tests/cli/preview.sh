# SPDX-License-Identifier: Apache-2.0
# preview: a sheet of a damaged clip, with the scores about it, and tables of scores that are none.
. "$(dirname "$0")/lib.sh"

mkdir in
video in/a.mp4 frames=50 audio=aac noise=1
mw 0 corrupt av -i in -o av --snr 0 --weight-white 1 --mode noise --noise-percent 0.4 --json
sheet=(preview in/a.mp4 av_0/a.prov.json --frames 2 --width 640)
table() { # STEP SCORES...
    awk -v step="$1" 'BEGIN {
        print "t_start_s,score,relevance,attention"
        for (i = 2; i < ARGC; i++) print (i - 2) * step "," ARGV[i] ",1,0.25" }' "$@"
}
width() { od -An -j16 -N4 -tu1 "$1" | awk '{ print ($1 * 256 + $2) * 65536 + $3 * 256 + $4 }'; }
height() { od -An -j20 -N4 -tu1 "$1" | awk '{ print ($1 * 256 + $2) * 65536 + $3 * 256 + $4 }'; }

mw 0 "${sheet[@]}" -o without.png
prints without.png
[ "$(width without.png)" = 640 ] || fail "the sheet is $(width without.png) wide"

# one strip for the table that is named, two with the other beside it, whichever is named
mkdir s
table 0.2 0.9 0.2 0.1 0.8 >s/a.v.scores.csv
mw 0 "${sheet[@]}" -o one.png --scores s/a.v.scores.csv
table 0.05 0.9 0.8 0.1 0.8 >s/a.a.scores.csv
mw 0 "${sheet[@]}" -o two.png --scores s/a.v.scores.csv
mw 0 "${sheet[@]}" -o again.png --scores s/a.a.scores.csv
cmp -s two.png again.png || fail "the sheets depend on which of the tables is named"
[ "$(height without.png)" -lt "$(height one.png)" ] || fail "no strip"
[ "$(height one.png)" -lt "$(height two.png)" ] || fail "no second strip"
mw 0 "${sheet[@]}" -o again.png
cmp -s without.png again.png || fail "another sheet without scores"

# refused CODE SAYS: bad.a.scores.csv, and nothing is written
refused() {
    mw "$1" "${sheet[@]}" -o none.png --scores "${3:-bad.a.scores.csv}"
    says "$2"
    [ ! -e none.png ] || fail "a refused table left a sheet"
}
table 0.1 0.5 nan >bad.a.scores.csv
refused 2 "'bad.a.scores.csv', line 3: score 'nan' is not in [0, 1]"
table 0.1 0.5 1.5 >bad.a.scores.csv
refused 2 "line 3: score '1.5'"
table 0 0.5 0.5 >bad.a.scores.csv
refused 2 'line 3: it does not begin after the line before'
table 9 0.5 0.5 >bad.a.scores.csv
refused 2 "line 3: t_start_s '9'"
table 0.1 0.5 '0.5,1' >bad.a.scores.csv
refused 2 'line 3: 5 fields, not the 4'
table 0.1 0.5 | sed 's/score/sense/' >bad.a.scores.csv
refused 2 'line 1: the columns are not'
head -c 5000 "$MERWILD" >bad.a.scores.csv
refused 2 'bad.a.scores.csv'
refused 2 'missing.a.scores.csv' missing.a.scores.csv
refused 1 'as merwild score' in/a.mp4
no_parts .
