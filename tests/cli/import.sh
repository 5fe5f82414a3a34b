# SPDX-License-Identifier: Apache-2.0
# import mmsa, csd, labels: small files of every layout, the shared samples where they are, and files that are none.
. "$(dirname "$0")/lib.sh"

made=$MW_SOURCE_ROOT/tests/fuzz/corpus
samples=$MW_SHARED/samples/formats

# a pickle becomes a bank; the same from any number of threads
mw 0 import mmsa "$made/mmsa/mmsa_4_0.pkl" -o bank --json
summary clips 4 done 4 failed 0 outputs 4
files bank <<END
-b_c/0003.bank.npz
bank.json
label.csv
va/1.bank.npz
va/2.bank.npz
vd/4.bank.npz
END
head -n 2 bank/label.csv | tail -n 1 | grep -qx 'va,1,café 0,-1.5,0.5,,,Negative,train' || fail "another first row: $(cat bank/label.csv)"
says 'train 2, valid 1, test 1 clips'
says 'audio 3, vision 0, text 0'
outcome bank -b_c/0003 ok
[ "$("$JSONTOOL" get bank/bank.json modalities)" = avt ] || fail "modalities of bank.json"
mw 0 import mmsa -i "$made/mmsa/mmsa_4_0.pkl" -o again --jobs 1
[ "$(hashes bank)" = "$(hashes again)" ] || fail "two runs differ"
no_parts bank again

# a dry run reads and writes nothing; limits and MulT's layout
mw 0 import mmsa "$made/mmsa/mult_2.pkl" -o dry --dry-run --json
summary clips 4 done 4 outputs 0
[ ! -e dry ] || fail "a dry run wrote"
mw 0 import mmsa "$made/mmsa/mult_2.pkl" -o mult --limit 1
[ "$(list mult | grep -c 'bank\.npz')" = 1 ] || fail "--limit 1"
[ "$(wc -l <mult/label.csv)" = 2 ] || fail "label.csv of one clip"

# what is no data set: before anything is written
printf 'cos\nsystem\n(S"touch pwned"\ntR.' >evil.pkl
mw 2 import mmsa evil.pkl -o none --json
value .stdout reason refused_opcode
mw 2 import mmsa "$made/labels/mosei.csv" -o none
mw 2 import mmsa missing.pkl -o none
says "missing.pkl"
: >empty.pkl
mw 2 import mmsa empty.pkl -o none
says 'has no bytes'
mw 1 import mmsa "$made/mmsa/mult_2.pkl"
says "option 'out'"
mw 1 import mmsa -o none
mw 1 import mmsa a b -o none
[ ! -e none ] && [ ! -e pwned ] || fail "a refused file left something"
head -c 1500 "$made/mmsa/mmsa_4_0.pkl" >cut.pkl
mw 2 import mmsa cut.pkl -o none --json
value .stdout reason truncated

# tables
mw 0 import labels "$made/labels/mosei.csv" --json
summary rows 2 written 0 train 1
mw 0 import labels "$made/labels/manifest.jsonl" -o table.csv --json
summary rows 2 written 2 test 1
grep -qx 'v,1,xé,-0.5,,,,Negative,test,,,,,,' table.csv || fail "another row: $(cat table.csv)"
mw 0 import labels table.csv
printf 'video_id,clip_id,label\nv,1,2\nv,1,x\n' >bad.csv
mw 2 import labels bad.csv
says "'bad.csv' line 3, column 'label': 'x' is not a finite number"
mw 1 import labels

# label sequences
mw 2 import csd bad.csv -o l.csv --json
[ ! -e l.csv ] || fail "a refused file left something"
if [ "$("$JSONTOOL" get .stdout reason)" = unsupported ]; then
    note 'built without HDF5'
else
    value .stdout reason bad_csd
    mw 0 import csd "$made/csd/mosei_like.csd" -o l.csv --json
    summary rows 3 written 3 rejected 0 videos 1 videos_in_no_fold 1
    says 'in order of time'
    [ "$(sed -n 2p l.csv)" = '123456,0,,-3,,,,Negative,other,0,1,3,0,0.3333333432674408,0' ] || fail "row 1: $(cat l.csv)"
    mkdir tr
    printf '123456___4___7.5___9.0___b___c\n123456___0___0.5___3.26___a\nnoise\n' >tr/123456.txt
    printf 'video_id,split\n123456,val\nother,test\n' >folds.csv
    mw 3 import csd "$made/csd/mosei_like.csd" --transcripts tr --folds folds.csv -o l.csv --json
    summary rows 3 written 2 rejected 1 videos_in_no_fold 0 videos_of_folds_without_rows 1 valid 2
    grep -q '^123456,4,,1,' l.csv || fail "a segment was not found by its times"
    grep -qx '123456,2,3.25,7.5,no segment of the transcript has these times' l.csv.rejects.csv || fail 'rejects'
    mw 2 import csd "$made/csd/mosei_like.csd" --folds missing.csv -o l2.csv
    mw 1 import csd "$made/csd/mosei_like.csd"
fi

# folders of matrices, of anybody; ours with what they carry
mkdir -p in/v
wav in/v/1.wav n=16000
wav in/v/2.wav n=17000 seed=2
mw 0 features audio -i in -o clean --format npz --length 20
mw 0 features audio -i in -o other --format npy --length 20
mw 0 features audio -i in -o short --format pkl --length 10
printf 'video_id,clip_id,label,mode\nv,1,1,train\nv,2,-1,test\nv,3,0,test\n' >table.csv
mw 3 import features --audio clean --labels table.csv --condition noise@-5=other, -o fb --json
summary clips 3 done 2 failed 1 outputs 2
reasons no_features 1
files fb <<END
bank.json
label.csv
v/1.bank.npz
v/2.bank.npz
END
[ "$(wc -l <fb/label.csv)" = 3 ] || fail "label.csv names others than were written"
[ "$("$JSONTOOL" get fb/bank.json conditions.1.id)" = noise@-5 ] || fail "the condition is not in bank.json"
[ "$("$JSONTOOL" get fb/bank.json conditions.1.variants.a)" = noise@-5 ] || fail "the variant is not in bank.json"
mw 3 import features --audio clean --visual short --labels table.csv --condition x=short,other --condition=y=,short -o fb2 --json
reasons bad_features 2 no_features 1
head -n 2 table.csv >one.csv
mw 0 import features --visual short --labels one.csv -o fb3 --json
summary clips 1 done 1
for bad in x x=a x=a,b,c =a, x@y=a, clean=a, x=,; do
    mw 1 import features --audio clean --labels table.csv -o none --condition "$bad"
done
mw 1 import features --audio clean --labels table.csv -o none --condition x=a, --condition x=b,
mw 1 import features --labels table.csv -o none
mw 1 import features --audio clean -o none
mw 2 import features --audio clean --labels missing.csv -o none
[ ! -e none ] || fail "a refused job left something"

# the samples
[ -d "$samples" ] || { note "no samples in $samples"; exit 0; }
mw 0 import mmsa "$samples/mmsa_like/MOSI/Processed/unaligned_tiny.pkl" -o tiny --json
summary clips 5 done 5 outputs 5
mw 3 import mmsa "$samples/mult_like/mosi_data_noalign_tiny.pkl" -o tiny2 --json
reasons duplicate_clip 1
for t in mmsa_like/MOSI/label.csv mmsa_like/MOSEI/label.csv mmsa_like/SIMS/label.csv manifest/manifest.csv; do
    mw 0 import labels "$samples/$t"
done
[ "$("$JSONTOOL" get bank/bank.json schema)" = merwild.bank/1 ] || fail schema
