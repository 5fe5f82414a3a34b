# SPDX-License-Identifier: Apache-2.0
# features audio: formats, lengths, channels, folders of earlier jobs, resuming, any number of
# threads, verify.
. "$(dirname "$0")/lib.sh"

mkdir -p in/sub
wav in/a.wav n=16000               # 96 rows
wav in/sub/b.wav n=160000 seed=2   # 996 rows
wav in/st.wav n=48000 rate=48000 channels=2 seed=3
video in/v.mp4 audio=aac frames=30 # 1 s
video in/v2.mkv audio=pcm_s16le frames=45
echo text >in/readme.txt
describe="features audio -i in --json"

# the default: 375 rows, npy
mw 0 $describe -o npy --jobs 1
summary command 'features audio' clips 5 done 5 outputs 5 other_files 1
files npy < <(pairs npy a sub/b st v v2)
lists npy
no_parts npy
shape npy/a.npy '375 90'
shape npy/sub/b.npy '375 90'
value npy/a.prov.json features.length_rule resample_poly
value npy/a.prov.json features.rows 375
value npy/a.prov.json features.rows_native 96
value npy/sub/b.prov.json features.length_rule centre_crop
value npy/sub/b.prov.json features.rows_native 996
value npy/st.prov.json features.channel -1
value npy/st.prov.json features.rate_hz 16000
value npy/st.prov.json source.audio.rate_hz 48000
value npy/a.prov.json features.step_s 0.01
value npy/a.prov.json features.columns.0 Loudness_sma3
value npy/a.prov.json features.columns.25 F0final_sma
mw 0 verify npy --json
summary done 5

# its own number of rows
mw 0 $describe -o native --native
shape native/a.npy '96 90'
shape native/sub/b.npy '996 90'
value native/a.prov.json features.length_rule copy
# the middle rows are those of the whole
tail -c +129 native/sub/b.npy | tail -c +$((310 * 360 + 1)) | head -c $((375 * 360)) >middle
tail -c +129 npy/sub/b.npy | cmp - middle || fail "the middle rows are others"
for rule in egemaps compare both; do
    mw 0 $describe -o set-$rule --native --sets $rule
done
shape set-egemaps/a.npy '96 25'
shape set-compare/a.npy '96 65'
cmp native/a.npy set-both/a.npy || fail "both is not the default"

# formats say the same
mw 0 $describe -o csv --native --format csv
[ "$(wc -l <csv/a.csv)" = 97 ] || fail "a.csv has not 97 lines"
[ "$(head -n 1 csv/a.csv | tr ';' '\n' | wc -l)" = 91 ] || fail "a.csv has not 91 columns"
[ "$(sed -n '2p;97p' csv/a.csv | cut -d';' -f1 | tr '\n' ' ')" = '0 0.95 ' ] || fail "times of a.csv"
mw 0 $describe -o npz --native --format npz
mw 0 $describe -o pkl --native --format pkl
for folder in csv npz pkl; do
    mw 0 verify $folder --json
    summary done 5
done
# the rows inside npz and pkl are those of npy, wherever they lie
tail -c +129 native/a.npy >rows
n=$(stat -c %s rows)
tail -c +164 npz/a.npz | head -c "$n" | cmp - rows || fail "the rows in the npz are others"
for end in {0..20}; do
    tail -c $((n + end)) pkl/a.pkl | head -c "$n" | cmp -s - rows && break
done
[ "$end" -lt 20 ] || fail "the rows in the pkl are others"
mw 0 $describe -o fun --level functionals --format csv
[ "$(wc -l <fun/a.csv)" = 2 ] || fail "functionals are not one row"
[ "$(head -n 1 fun/a.csv | tr ';' '\n' | wc -l)" = 89 ] || fail "not 88 functionals"

# channels and rates
mw 0 $describe -i in/st.wav -o c0 --native --channel 0
mw 0 $describe -i in/st.wav -o c1 --native --channel 1
mw 0 $describe -i in/st.wav -o cm --native
cmp -s c0/st.npy c1/st.npy && fail "both channels are alike"
cmp -s c0/st.npy cm/st.npy && fail "the mean is the first channel"
value c1/st.prov.json features.channel 1
mw 3 $describe -i in/st.wav -o c2 --channel 2
reasons no_channel 1
files c2 </dev/null
mw 0 $describe -i in/st.wav -o r0 --native --rate-hz 0
value r0/st.prov.json features.rate_hz 48000
mw 0 $describe -o ref --preset reference
files ref < <(pairs pkl a sub/b st v v2)
value ref/st.prov.json features.rate_hz 48000
value ref/st.prov.json features.channel 0

# options that cannot be
mw 1 $describe -o o --rate-hz 4000
mw 1 $describe -o o --length 800
mw 1 $describe -o o --sets all
mw 1 features audio -i in
[ -e o ] && fail "a usage error left an output folder"

# folders of earlier jobs are read, whichever way they are named; the own output is not
mw 0 corrupt audio -i in -o damaged/snr --snr 0,10 --weight-white 1 --json
summary done 5
mw 0 features audio -i damaged -o damaged/feats --native --json
summary clips 10 done 10
files damaged/feats < <(for snr in 0 10; do pairs npy snr_$snr/{a,sub/b,st,v,v2}; done)
mw 0 features audio -i damaged -o damaged/feats --native --json
summary clips 10 skipped 10
mw 0 features audio -i damaged/snr_0 -o one --native --json
cmp one/a.npy damaged/feats/snr_0/a.npy || fail "the same clip, other bytes"
cmp -s one/a.npy native/a.npy && fail "noise changes nothing"
# corrupt jobs go on passing them by
mw 2 corrupt audio -i damaged -o again --snr 0 --weight-white 1 --json
summary reason no_clips
# the truth lies alongside
mw 0 features audio -i damaged/snr_0 -o truth --format npz --json
grep -qa a_snr_db.npy truth/a.npz || fail "no truth in the npz"
grep -qa a_snr_db.npy npz/a.npz && fail "truth of a clean clip"

# the same bytes for any number of threads, other order, alone
mw 0 $describe -o npy8 --jobs 8
same_tree npy npy8
mw 0 $describe -o npz8 --native --format npz --jobs 3
same_tree npz npz8
mw 0 $describe -i in/sub/b.wav -o alone
cmp npy/sub/b.npy alone/b.npy || fail "b alone differs"
MW_CPU=c mw 0 $describe -o npyc
same_tree npy npyc

# resuming: what is current is left, what is not is made again
mw 0 $describe -o npy
summary skipped 5 done 0
rm npy/a.npy && truncate -s 100 npy/v.npy && rm npy/st.prov.json && wav in/sub/b.wav n=150000 seed=2
mw 3 verify npy --json
mw 0 $describe -o npy
summary skipped 1 done 4
value npy/sub/b.prov.json features.rows_native 933
mw 0 $describe -o npy --length 100
summary skipped 0 done 5
shape npy/a.npy '100 90'
mw 0 $describe -o npy --length 100 --overwrite
summary done 5
mw 0 $describe -o dry --dry-run
summary done 5 outputs 0
mw 0 $describe -o dry --dry-run --native
summary done 5 outputs 0
[ -e dry ] && fail "--dry-run wrote something"

# changed contents are found
printf x | dd of=npy/a.npy bs=1 seek=1000 conv=notrunc status=none
mw 3 verify npy --json
reasons different 1

# a file written row by row is not left half-written when the disk is full
(
    ulimit -f 200
    mw 3 $describe -i in/sub/b.wav -o full --native
) || exit 1
no_parts full
files full </dev/null
