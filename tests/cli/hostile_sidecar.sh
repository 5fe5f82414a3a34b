# SPDX-License-Identifier: Apache-2.0
# Sidecars made to harm: each is refused with a message that names the file, nothing is read or
# written outside, nothing crashes.
. "$(dirname "$0")/lib.sh"

mkdir in
wav in/a.wav n=20000
video in/f.mp4 frames=20 audio=aac
make_noise noise
echo secret >secret.wav
cp noise/speech/a.wav outside.wav
mw 0 corrupt audio -i in -o out --snr 0 --noise-dir noise --weight-babble 9 --seed 5
mw 0 corrupt video --mode noise -i in/f.mp4 -o outv --noise-percent 0.4
good_audio=out_0/a.prov.json good_video=outv/f.prov.json

# hostile KIND PATH VALUE: a sidecar with this value is refused by replay (2, or 3 where a hash or
# frame count is compared). It is kept for outside_is_untouched.
n=0
mkdir hostile
hostile() {
    local kind=$1 path=$2 value=$3 code x=hostile/$((++n)).prov.json
    local good=$good_audio
    [ "$kind" = video ] && good=$good_video
    cp $good $x
    if [ "$value" = DELETE ]; then
        "$JSONTOOL" del $x "$path" || exit 1
    else
        "$JSONTOOL" set $x "$path" "$value" || exit 1
    fi
    timeout 20 "$MERWILD" replay -i in --noise-dir noise -o again/deep $x >.stdout 2>.stderr
    code=$?
    [ $code = 2 ] || [ $code = 3 ] || fail "exit code $code with $path = ${value:0:200}"
    [ -s .stdout ] && fail "accepted $path = ${value:0:200}"
    grep -q '^merwild replay: .' .stderr || fail "no message with $path = ${value:0:200}"
}

# Whatever they named, nothing was written but below again/ and its two outputs; verify fails every
# one and crashes on none.
outside_is_untouched() {
    [ "$(list . | grep -vxE '(in|noise|out_0|outv|hostile)/.*|\..*|secret\.wav|outside\.wav|again/deep/(a\.wav|f\.mp4)')" = "" ] ||
        fail "written outside: $(list .)"
    mw 3 verify hostile --json
    summary clips $n done 0 failed $n
}

for kind in audio video; do
    for path in source.$kind.path output.$kind.path; do
        for value in '"../secret.wav"' '"/etc/passwd"' '"sub/../../secret.wav"' '".."' '""' '"a/.."' 3 null '{}' '[]' true DELETE; do
            hostile $kind $path "$value"
        done
    done
    for value in '"x"' 3 null DELETE; do
        hostile $kind source.$kind.sha256 "$value"
    done
    for value in '"no.such"' '"audio.additive2"' '""' 3 null DELETE '["audio.additive"]'; do
        hostile $kind stages.0.name "$value"
    done
    for value in 0 -1 2 9999999999 '"1"' 1.5 null DELETE; do
        hostile $kind stages.0.version "$value"
    done
    for value in 3 null '{}' '[]' '"x"' DELETE; do
        hostile $kind stages.0.params "$value"
        hostile $kind stages.0.drawn "$value"
        hostile $kind run.options "$value"
        hostile $kind run "$value"
        hostile $kind source "$value"
    done
    for value in '"corrupt all"' 3 null '"synth"'; do
        hostile $kind run.command "$value"
    done
    hostile $kind stages.0.drawn.surprise 1
    hostile $kind stages.0.params.surprise 1
done

# numbers beyond their interval, lists that do not fit together
for value in 61 -61 1e300 '"0"' null DELETE; do hostile audio stages.0.drawn.snr_db "$value"; done
for value in '"loud"' 1 null; do hostile audio stages.0.drawn.kind "$value"; done
for value in '[-1]' '[1e300]' '[9007199254740993]' '[9223372036854775807]' '["1"]' '[1,2,3]' '[]' 5 null; do
    hostile audio stages.0.drawn.offset_samples "$value"
    hostile audio stages.0.drawn.gap_start_samples "$value"
done
for value in '[0]' '[-5]' '[9223372036854775807]' '[1]'; do
    hostile audio stages.0.drawn.gap_length_samples "$value"
done
for value in '"18446744073709551616"' '"-1"' 5 null; do hostile audio stages.0.drawn.stream "$value"; done
for value in '["../outside.wav"]' '["/etc/passwd"]' '["speech/a.wav"]' '[]' '[3]' '"speech/a.wav"'; do
    hostile audio stages.0.drawn.files "$value"
done
for value in '"../outside.wav"' '"/etc/passwd"' '"missing.wav"' 3 null DELETE; do
    hostile audio stages.0.assets.0.path "$value"
done
hostile audio stages.0.assets.0.sha256 '"00"'
hostile audio stages.0.assets DELETE
for value in '[5,1]' '[1]' '[1,2,3]' '"1-5"' '[1,1000]' '[1.5,2]'; do hostile audio stages.0.params.gaps "$value"; done
for value in -1 1e9 '"1"' null; do hostile audio stages.0.params.weight_pink "$value"; done
for value in 99 -2 '"0"'; do hostile audio run.options.0.channel "$value"; done

for value in '[-1]' '[9223372036854775807]' '[9007199254740992]' '[1,2,3,4,5,6]' '["0"]' 1; do
    hostile video stages.0.drawn.start_frames "$value"
    hostile video stages.0.drawn.n_frames "$value"
done
for value in -1 0 19 9223372036854775807 '"20"' 1e300 DELETE; do hostile video clock.video.frames "$value"; done
for value in 0 99 '"18"'; do hostile video run.options.0.qp "$value"; done
for value in '"vp9"' 1; do hostile video run.options.0.codec "$value"; done
for value in '[0]' '[1,2]' '[1e9]' 30; do hostile video run.options.0.fps "$value"; done
for i in 1 2 3 4 5 6 7 8 9; do
    stage=$("$JSONTOOL" get $good_video stages.0)
    many="${many:+$many,}$stage"
done
hostile video stages "[$many]"
hostile video stages.0.name '"audio.additive"'
hostile audio stages.0.name '"visual.blur"'
hostile audio stages '[]'
# many files drawn: refused at once
list=$(printf '"speech/a.wav",%.0s' {1..5000})
hostile audio stages.0.drawn.files "[${list%,}]"
# a sound's sidecar given as a picture's, and the reverse
hostile audio run.command '"corrupt video"'
hostile video run.command '"corrupt audio"'

outside_is_untouched

# texts that are no JSON, cut at every place, too deep, too large
for text in '' '{' '[]' 'null' '"x"' '{"run": {"command": "corrupt audio"}}' '{"a": 1, "a": 2}' $'{"run": "\xff"}'; do
    printf '%s' "$text" >x.prov.json
    mw 2 replay -i in -o again x.prov.json
    says x.prov.json
done
size=$(stat -c %s $good_audio)
for ((i = 1; i < size; i += 211)); do
    head -c $i $good_audio >x.prov.json
    mw 2 replay -i in --noise-dir noise -o again x.prov.json
    says x.prov.json
done
head -c 200000 /dev/zero | tr '\0' '[' >x.prov.json
mw 2 replay -i in -o again x.prov.json
truncate -s 70M x.prov.json
mw 2 replay -i in -o again x.prov.json
says 'are read'
mw 2 replay -i in -o again in
mw 2 replay -i in -o again /dev/zero

# the same as leftovers in an output folder: a job goes on, makes the clip again, lists the rest
for text in '{' '[]' '{"output": {"audio": {"path": 3}}}'; do
    printf '%s' "$text" >out_0/a.prov.json
    mw 0 corrupt audio -i in -o out --snr 0 --noise-dir noise --weight-babble 9 --seed 5 --json
    summary done 1 skipped 1
    printf '%s' "$text" >out_0/other.prov.json
    mw 0 corrupt audio -i in -o out --snr 0 --noise-dir noise --weight-babble 9 --seed 5 --json
    summary skipped 2
    "$JSONTOOL" valid out_0/manifest.jsonl || fail "manifest.jsonl is not JSON"
    rm out_0/other.prov.json
done
# a sidecar that is a link, a pipe or a folder
rm out_0/a.prov.json && mkdir out_0/a.prov.json
mw 3 corrupt audio -i in -o out --snr 0 --noise-dir noise --weight-babble 9 --seed 5 --json
rmdir out_0/a.prov.json && mkfifo out_0/a.prov.json
MW_LIMIT=10 mw 0 corrupt audio -i in -o out --snr 0 --noise-dir noise --weight-babble 9 --seed 5 --json
summary done 1
exit 0
