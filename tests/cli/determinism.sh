# SPDX-License-Identifier: Apache-2.0
# The same bytes for any number of threads, any order of folder entries, any subset, any vector
# level, any place: outputs, sidecars, tracks and lists.
. "$(dirname "$0")/lib.sh"

names="k8 zeta alpha sub/beta sub/deep/gamma long short m1 m2 m3"
make_inputs() {
    for name in $1; do
        mkdir -p "$2/$(dirname "$name")"
        case $name in
        k8) wav "$2/$name.wav" rate=8000 n=9000 seed=2 ;;
        long) wav "$2/$name.wav" rate=44100 channels=2 n=200000 seed=3 ;;
        short) wav "$2/$name.wav" n=100 seed=4 ;;
        m*) video "$2/$name.mp4" audio=aac frames=$((20 + ${name#m})) width=80 height=60 ;;
        *) wav "$2/$name.wav" n=20000 seed=${#name} ;;
        esac
    done
}
make_inputs "$names" in
make_noise noise
# as other folders list their entries: made in another order, with other files made and removed between
shuffled="m3 sub/deep/gamma short alpha m1 k8 long sub/beta m2 zeta"
make_shuffled() {
    for name in $shuffled; do
        for i in {1..20}; do : >"$1/filler-$i-${name//\//-}"; done
        f=$(cd in && ls "$name".*)
        mkdir -p "$1/$(dirname "$f")"
        cp "in/$f" "$1/$f"
        rm "$1"/filler-*
    done
}
mkdir other && make_shuffled other
# noise in another order, too
mkdir -p noise2/noise noise2/speech noise2/music
for f in noise/n.wav speech/c.wav music/m.wav speech/a.wav speech/b.wav; do cp noise/$f noise2/$f; done

kinds="--weight-white 1 --weight-pink 1 --weight-brown 1 --weight-babble 2"
audio() { # INPUT OUTPUT OPTIONS...
    mw 0 corrupt audio -i "$1" -o "$2" --snr -5,10 $kinds "${@:3}" --json
}
audio in a1 --noise-dir noise --jobs 1
audio in a8 --noise-dir noise --jobs 8
audio other ax --noise-dir noise2 --jobs 3
audio "$T/in/" "$T/abs" --noise-dir "$T/noise/" --jobs 2
for snr in -5 10; do
    for x in a8 ax abs; do same_tree a1_$snr ${x}_$snr; done
done
MW_CPU=c audio in ac --noise-dir noise
same_tree a1_-5 ac_-5
TZ=Asia/Tokyo LC_ALL=C.UTF-8 audio in al --noise-dir noise
same_tree a1_10 al_10

# paths of this machine are in none of the files
grep -rlF "$T" a1_-5 abs_-5 abs_10 && fail "the folder's own path is in an output"
grep -rlF "$(hostname)" --include=*.json --include=*.jsonl abs_10 && fail "the host's name is in an output"

# each clip alone, and another list of ratios
for name in $names; do
    f=$(cd in && ls $name.*)
    mkdir -p alone/"$(dirname "$f")" && cp "in/$f" "alone/$f"
    rm -rf one_10
    mw 0 corrupt audio -i alone -o one --snr 10 $kinds --noise-dir noise --json
    for suffix in wav prov.json track.npz; do
        cmp "a1_10/$name.$suffix" "one_10/$name.$suffix" || fail "$name alone differs"
    done
    rm -r alone
done
# other seeds differ
audio in as --noise-dir noise --seed 2
cmp -s a1_10/alpha.wav as_10/alpha.wav && fail "another seed, the same bytes"

# picture
mkdir films && cp in/m?.mp4 films/ && video films/vfr.mp4 vfr=1 frames=25 && video films/n.mkv noise=1 frames=15
mkdir films2 && for f in vfr.mp4 m2.mp4 n.mkv m3.mp4 m1.mp4; do cp films/$f films2/; done
for codec in h264 ffv1 mp4v; do
    for schedule in segment segments:2 interval; do
        options="--codec $codec --schedule $schedule --noise-percent 0.4"
        mw 0 corrupt video --mode noise -i films -o v1 $options --jobs 1
        mw 0 corrupt video --mode noise -i films2 -o v8 $options --jobs 8
        same_tree v1 v8
        grep -rlF "$T" v1 && fail "the folder's own path is in an output"
        rm -r v8
        [ $codec = h264 ] && mv v1 keep-$schedule || rm -r v1
    done
done
MW_CPU=c mw 0 corrupt video --mode noise -i films -o vc --schedule segment --noise-percent 0.4
same_tree keep-segment vc
mkdir alone && cp films/m2.mp4 alone/
mw 0 corrupt video --mode noise -i alone -o v1 --noise-percent 0.4
mw 0 corrupt video --mode noise -i alone/m2.mp4 -o v2 --noise-percent 0.4
for suffix in mp4 prov.json track.npz; do
    cmp keep-segment/m2.$suffix v1/m2.$suffix || fail "m2 alone differs"
    cmp keep-segment/m2.$suffix v2/m2.$suffix || fail "m2 as the input differs"
done
# the reference's preset, too
audio in r1 --preset reference --noise-dir noise --jobs 1
audio other r8 --preset reference --noise-dir noise2 --jobs 8
same_tree r1_-5 r8_-5
mw 0 corrupt video --mode noise -i films -o p1 --preset reference --jobs 1
mw 0 corrupt video --mode noise -i films2 -o p8 --preset reference --jobs 8
same_tree p1 p8
