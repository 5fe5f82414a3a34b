# SPDX-License-Identifier: Apache-2.0
# Ten hours of sound in less than 50 MB: all rows to a file, the middle ones, one row of summaries.
. "$(dirname "$0")/lib.sh"

MW_LIMIT=800
mkdir in
# 20 s repeated; 1.2 GB
wav in/ten.wav n=320000 repeat=1800
limit_kib=48828 # 50 MB
rows=3599996
describe() { # FOLDER OPTIONS...
    "$PEAK" peak "$MERWILD" features audio -i in -o "$@" --jobs 1 --json >.stdout 2>.stderr ||
        fail "exit code $?: $*"
    note "$* : $(cat peak) KiB"
    [ "$(cat peak)" -lt $limit_kib ] || fail "$(cat peak) KiB, more than $limit_kib: $*"
}
describe native --native
shape native/ten.npy "$rows 90"
value native/ten.prov.json features.rows $rows
mw 0 verify native
describe middle --sets egemaps
shape middle/ten.npy '375 25'
value middle/ten.prov.json features.length_rule centre_crop
