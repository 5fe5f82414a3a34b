# SPDX-License-Identifier: Apache-2.0
# evaluate --predictions: tables of other people's models against labels and a bank's conditions, and tables that are none.
. "$(dirname "$0")/lib.sh"

# eight test clips of four speakers; a bank of conditions, of which predictions need no features
{
    echo 'video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode'
    for i in 0 1 2 3 4 5 6 7; do echo "v$((i / 2)),$i,,$((i % 5 - 2)),,,,Neutral,test"; done
    echo 'w,0,,0,,,,Neutral,train'
} >label.csv
condition() { # ID BLOCK TYPE AXIS LEVEL HELDOUT
    printf '%s{"id":"%s","block":"%s","variants":{},"type":"%s","axis":"%s","level":%s,"heldout":%s}' "$comma" "$@"
    comma=,
}
mkdir bank
cp label.csv bank
comma=
{
    printf '{"schema":"merwild.bank/1","modalities":"av","splits":{},"conditions":['
    condition A/speech/10 A noise.speech snr_db 10 false
    condition A/speech/-5 A noise.speech snr_db -5 false
    condition A/music/0 A noise.music snr_db 0 true
    condition mixed-seen mixed-seen mixed '' null false
    condition mixed-heldout mixed-heldout mixed '' null true
    printf ']}\n'
} >bank/bank.json

# predictions METHOD CONDITION ERROR: every clip and two seeds, off by that much
predictions() {
    awk -F, -v m="$1" -v c="$2" -v e="$3" 'NR > 1 && $9 == "test" {
        for (s = 1; s <= 2; s++) print $1 "/" $2 "," c "," s "," $4 + e "," m }' label.csv
}
table() { # HELDOUT_ERROR_OF_SCORE
    echo 'clip_id,condition,seed,p,method'
    for m in score noscore; do
        predictions $m clean 0.25
        predictions $m A/speech/10 0.5
        predictions $m A/speech/-5 1
        predictions $m A/music/0 1.5
        predictions $m mixed-seen 0.5
    done
    predictions score mixed-heldout "$1"
    predictions noscore mixed-heldout 1
}

# better by a quarter under held-out damage, then worse: the first line and the verdict follow
table 0.75 >p.csv
mw 0 evaluate -i bank --predictions p.csv -o report --replicates 50 --json
summary clips 8 done 8 failed 0
files report <<END
curve_snr.svg
report.csv
report.md
results.json
END
sed -n 3p report/report.md | grep -q '^\*\*Scores help\*\*: .* -0.250 \[-0.250, -0.250\] under' || fail "$(sed -n 3p report/report.md)"
grep -q '^| P1 |.*| yes | -0.250 ' report/report.md || fail "P1"
grep -q '^| P4 |.*| yes | 0.000 ' report/report.md || fail "P4"
for p in P2 P3 P5 P6; do
    grep -q "^| $p |.*| not asked |" report/report.md || fail "$p has a verdict without anything to judge"
done
grep -q '^| A/music/0 (h) | 1.500 | 1.500 |' report/report.md || fail "held-out damage is not marked"
grep -q 'no scores came with the predictions' report/report.md || fail "missing scores are not said to be missing"
[ "$(wc -l <report/report.csv)" = 25 ] || fail "rows of report.csv"
grep -q '^score,A/speech/-5,A,noise.speech,-5,0,2,8,1,' report/report.csv || fail "a row of report.csv"
value report/results.json cells.0.mae_by_seed.1 0.25
table 1.25 >p.csv
mw 0 evaluate -i bank --predictions p.csv -o worse --replicates 50 --quiet
sed -n 3p worse/report.md | grep -q '^\*\*Scores are not shown to help' || fail "$(sed -n 3p worse/report.md)"
grep -q '^| P1 |.*| no | 0.250 ' worse/report.md || fail "P1 of a worse method"

# the same again, whatever the order of rows and the number of threads
{ head -n 1 p.csv; tail -n +2 p.csv | grep ,score; tail -n +2 p.csv | grep ,noscore | sort -r; } >shuffled.csv
mw 0 evaluate -i bank --predictions shuffled.csv -o again --replicates 50 --jobs 3 --quiet
same_tree worse again
no_parts report worse again

# labels alone: clean clips; columns in another order; quotes and line ends of other systems
{
    printf '\357\273\277"p","clip_id"\r\n'
    tail -n +2 label.csv | awk -F, '$9 == "test" { printf "\"%s\",%s/%s\r\n", $4 - 0.5, $1, $2 }'
} >alone.csv
mw 0 evaluate --predictions alone.csv --labels label.csv -o alone --quiet
grep -q '^| clean | 0.500 |' alone/report.md || fail "errors of a table without a bank"
grep -q "Whether scores help was not asked" alone/report.md || fail "first line without a control"

# a dry run reads, and writes nothing
mw 0 evaluate -i bank --predictions p.csv -o dry --dry-run --quiet
[ ! -e dry ] || fail "a dry run wrote"

# refused NAME SAYS: bad.csv, with its reason and what is wrong with it; nothing is written
refused() {
    mw 2 evaluate -i bank --predictions bad.csv -o none --json
    value .stdout reason bad_csv
    says "bad.csv"
    says "$2"
    [ ! -e none ] || fail "$1: a refused table left something"
}
sed '1s/,p,/,q,/' p.csv >bad.csv
refused 'no column p' "no column 'p'"
sed '1s/clip_id/clip/' p.csv >bad.csv
refused 'no column clip_id' "no column 'clip_id'"
sed '2s,v0/0,v9/9,' p.csv >bad.csv
refused 'unknown clip' "clip 'v9/9'"
sed '2s,v0/0,w/0,' p.csv >bad.csv
refused 'a training clip' "clip 'w/0'"
sed '2s/,clean,/,unclean,/' p.csv >bad.csv
refused 'unknown condition' "condition 'unclean'"
for x in nan inf -inf 1e999 '' 1,5 0x1p3 '1 2'; do
    awk -F, -v OFS=, -v x="$x" 'NR == 2 { $4 = "\"" x "\"" } 1' p.csv >bad.csv
    refused "p is '$x'" "p '$x' is not a finite number"
done
for x in one 1.5 '' 99999999999999999999; do
    awk -F, -v OFS=, -v x="$x" 'NR == 2 { $3 = x } 1' p.csv >bad.csv
    refused "seed is '$x'" "seed '$x' is not a whole number"
done
{ cat p.csv; sed -n 2p p.csv; } >bad.csv
refused 'a row twice' 'has a prediction already'
sed 2d p.csv >bad.csv
refused 'a row is missing' 'has predictions for 7 of 8 clips'
for x in '' '<b>' 'a b' '../x' 'a|b'; do
    awk -F, -v OFS=, -v x="$x" 'NR == 2 { $5 = x } 1' p.csv >bad.csv
    refused "method is '$x'" 'a method is named with'
done
sed '2s/^/"/' p.csv >bad.csv
refused 'an open quote' line
sed '2s/,score$/,5,score/' p.csv >bad.csv
refused 'a decimal comma' 'line 2: 6 fields, not the 5'
sed '2s/,score$//' p.csv >bad.csv
refused 'a shorter row' 'line 2: 4 fields, not the 5'
sed '1s/method/p/' p.csv >bad.csv
refused 'a column twice' "two columns 'p'"
: >bad.csv
refused 'no bytes' 'is empty'
{ head -n 1 p.csv; for i in $(seq 300); do echo "v0/0,clean,1,0,m$i"; done; } >bad.csv
refused 'too many methods' 'more than 256 methods'
{ head -n 1 p.csv; for i in $(seq 70); do echo "v0/0,clean,$i,0,m"; done; } >bad.csv
refused 'too many seeds' 'more than 64 seeds'
head -c 2000 "$MERWILD" >bad.csv
mw 2 evaluate -i bank --predictions bad.csv -o none --json
[ ! -e none ] || fail "bytes of a program left something"

# what cannot start
mw 2 evaluate -i bank --predictions missing.csv -o none
says missing.csv
mw 2 evaluate -i bank --predictions . -o none
mw 1 evaluate -i bank --predictions p.csv
mw 1 evaluate --predictions p.csv -o none
mw 1 evaluate -i bank -o none
[ ! -e none ] || fail "a job that cannot start left something"
