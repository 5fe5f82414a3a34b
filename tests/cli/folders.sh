# SPDX-License-Identifier: Apache-2.0
# Folders: unreadable, read-only, nested, linked, inside each other; inputs that meet in one output.
. "$(dirname "$0")/lib.sh"

white="--snr 0 --weight-white 1 --json"
mkdir -p in/sub
wav in/a.wav
wav in/sub/b.wav seed=2

# output inside the input: run twice, and again under another name; never read as input
for turn in 1 2; do
    mw 0 corrupt audio -i in -o in/out $white
    summary clips 2
    files in/out_0 < <(triples wav a sub/b)
done
mw 0 corrupt audio -i in -o in/sub/other $white
summary clips 2 done 2
mw 0 corrupt audio -i in -o elsewhere $white
summary clips 2 done 2
# but what is named is read
mw 0 corrupt audio -i in/out_0 -o chain $white
summary clips 2 done 2
files chain_0 < <(triples wav a sub/b)
# a noise folder with outputs inside: they are no noise
mw 0 corrupt audio -i in -o noisy --snr 0 --noise-dir in --json
summary noise_files 2 noise_rejected 0
rm -r in/out_0 in/sub/other_0

mkdir films && video films/x.mp4 && video films/y.mp4 noise=1
for turn in 1 2 3; do
    mw 0 corrupt video --mode noise -i films -o films/out --json
    summary clips 2
    files films/out < <(triples mp4 x y)
done
rm -r films/out

# the input folder as output folder would replace the clips: refused, nothing is touched
hashes films >before
for pair in "films films" "films films/" "films ./films/../films" "films/x.mp4 films"; do
    mw 1 corrupt video --mode noise -i ${pair% *} -o ${pair#* } --json
    summary reason bad_option clips 0
    hashes films | cmp - before || fail "$pair: inputs changed"
done
ln -s films films-link
mw 1 corrupt video --mode noise -i films-link -o films
mw 1 corrupt video --mode noise -i films -o films-link
hashes films | cmp - before || fail "inputs changed"
# above the input: only clips whose output would land in the input fail
mkdir -p up/films/films && cp films/x.mp4 up/films/x.mp4 && cp films/y.mp4 up/films/films/x.mp4
hashes up/films >before
mw 3 corrupt video --mode noise -i up/films -o up --json
summary done 1 failed 1
reasons output_collision 1
outcome up films/x.mp4 failed output_collision
hashes up/films | cmp - before || fail "an input was replaced"
[ -f up/x.prov.json ] || fail "x was not done"

# two inputs of one output: neither is done
mkdir twins
wav twins/a.wav && video twins/a.mp4 audio=aac && cp twins/a.mp4 twins/a.MKV && wav twins/b.wav
mw 3 corrupt audio -i twins -o two $white
summary done 1 failed 3
reasons output_collision 3
outcome two_0 a.wav failed output_collision
outcome two_0 a.mp4 failed output_collision
files two_0 < <(triples wav b)
mw 3 corrupt video --mode noise -i twins -o two --json
reasons output_collision 2
files two </dev/null

# links: to files they are followed, to folders not, so that loops end; to nothing they fail
mkdir -p links/d
cp in/a.wav links/d/a.wav
ln -s . links/d/loop
ln -s .. links/d/up
ln -s ../links links/d/around
ln -s d links/e
ln -s self links/self.wav
ln -s gone links/gone.wav
ln -s d/a.wav links/f.wav
mkfifo links/pipe.wav
ln -s /dev/zero links/zero.wav
mw 3 corrupt audio -i links -o linked $white
summary clips 4 done 2 failed 2
reasons not_found 2
outcome linked_0 gone.wav failed not_found
outcome linked_0 self.wav failed not_found
files linked_0 < <(triples wav d/a f)
cmp linked_0/d/a.wav linked_0/f.wav >/dev/null && fail "two clips got the same noise"

# nested too deeply
deep=in
for i in {1..70}; do deep=$deep/d; done
mkdir -p $deep && cp in/a.wav $deep/
wav in/d/d/ok.wav
mw 3 corrupt audio -i in -o deep $white
summary done 3 failed 1
reasons unreadable_folder 1
no_parts deep_0
rm -r in/d

# inputs that are no folder
mw 2 corrupt audio -i missing -o o1 $white
summary reason not_found clips 0
mw 2 corrupt audio -i /dev/zero -o o1 $white
summary reason not_a_file
MW_LIMIT=5 mw 2 corrupt audio -i links/pipe.wav -o o1 $white
mkdir empty
mw 2 corrupt audio -i empty -o o1 $white
summary reason no_clips
mw 2 corrupt video --mode noise -i in -o o1 --json
summary reason no_clips other_files 0
mw 2 corrupt video --mode noise -i missing -o o1 --json
[ -e o1 ] || [ -e o1_0 ] && fail "an output folder was made for nothing"
: >zero.wav
mw 3 corrupt audio -i zero.wav -o o2 $white
reasons empty_file 1
: >zero.mp4
mw 3 corrupt video --mode noise -i zero.mp4 -o o2v --json
reasons empty_file 1

# outputs that cannot be made: the output folder is a file, or lies below one
: >file && : >file_0
mw 2 corrupt audio -i in -o file $white
mw 2 corrupt audio -i in -o zero.wav/x $white
mw 2 corrupt video --mode noise -i films -o file --json
# a file in the way of a subfolder, a folder in the way of a file: that clip fails, others are done
mkdir -p way_0/a.wav && : >way_0/sub
mw 3 corrupt audio -i in -o way $white
summary done 0 failed 2
rmdir way_0/a.wav
mw 3 corrupt audio -i in -o way $white
summary done 1 failed 1
files way_0 < <(triples wav a && echo sub)
mkdir -p wayv/x.mp4
mw 3 corrupt video --mode noise -i films -o wayv --json
summary done 1 failed 1
files wayv < <(triples mp4 y)

# a second run into the same folder at the same time
exec 9<in
mkdir lock_0
flock lock_0 -c "'$MERWILD' corrupt audio -i in -o lock $white" >.stdout 2>.stderr
[ $? = 2 ] || fail "wrote into a locked folder"
summary reason busy

# permissions
if [ "$(id -u)" = 0 ]; then
    command -v setpriv >/dev/null || skip "root, and no setpriv: the rest passed"
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
    chmod -R a+rwX "$T"
    $as "$MERWILD" version >/dev/null 2>&1 || skip "the command is out of nobody's reach; the rest passed"
else
    as=
fi
as_nobody() {
    $as "$MERWILD" "${@:2}" >.stdout 2>.stderr
    local got=$?
    [ $got = "$1" ] || fail "exit code $got, not $1, of: $as merwild ${*:2}"
}
chmod a+rwx .
: >.stdout && : >.stderr
mkdir in/closed && cp in/a.wav in/closed/ && cp in/a.wav in/secret.wav
chmod 000 in/closed in/secret.wav
as_nobody 3 corrupt audio -i in -o perm $white
summary done 2 failed 2
reasons unreadable_folder 1 no_permission 1
outcome perm_0 closed failed unreadable_folder
outcome perm_0 secret.wav failed no_permission
chmod 755 in/closed
rm -r in/closed in/secret.wav
mkdir ro && chmod 555 ro
as_nobody 2 corrupt audio -i in -o ro/x $white
summary reason no_permission
as_nobody 2 corrupt video --mode noise -i films -o ro --json
[ -z "$(ls -A ro)" ] || fail "something was written into a read-only folder"
mkdir -p part_0/sub && chmod 777 part_0 && chmod 555 part_0/sub
as_nobody 3 corrupt audio -i in -o part $white
summary done 1 failed 1
reasons no_permission 1
files part_0 < <(triples wav a)
chmod 000 in
as_nobody 2 corrupt audio -i in -o perm2 $white
summary reason no_permission
chmod 755 in
