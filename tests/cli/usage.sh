# SPDX-License-Identifier: Apache-2.0
# Command lines: help, unknown options, values out of range, names by alias.
. "$(dirname "$0")/lib.sh"

mkdir in && wav in/a.wav && video in/v.mp4
mkdir only && cp in/a.wav only/

# nothing, unknown commands, help
mw 1
says 'merwild COMMAND'
mw 0 --help
prints 'corrupt audio'
cp .stdout help
mw 0 -h
cmp -s help .stdout || fail "-h differs from --help"
mw 0 version
prints 'merwild 0.'
mw 1 nothing
mw 1 corrupt
mw 1 corrupt smell
says 'corrupt smell'

# every command that is listed has a help that is whole and says nothing on standard error
sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p' help | grep -v '^version' >commands
[ "$(wc -l <commands)" -ge 5 ] || fail "only these commands are listed: $(cat commands)"
while IFS= read -r command; do
    mw 0 $command --help
    [ -s .stderr ] && fail "$command --help talks on standard error"
    head -n 1 .stdout | grep -q "^merwild $command" || fail "$command --help: another heading"
    tail -n 1 .stdout | grep -q '^Exit codes' || fail "$command --help is cut"
    cp .stdout "help-$command"
    mw 1 $command --no-such-option
done <commands

# every row of every table is in it, with what it accepts
options_of() {
    sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' "help-$1" | sort
}
has_options() {
    comm -23 <(tr ' ' '\n' <<<"$2" | sed '/^$/d' | sort) <(options_of "$1") >missing
    [ -s missing ] && fail "not in the help of '$1': $(cat missing)"
}
common="in out seed jobs limit overwrite fail-fast dry-run sync json quiet help"
has_options 'corrupt audio' "$common noise-dir snr channel max-seconds snr-over gaps gap-min-s gap-order
peak noise-select noise-per weight-speech weight-music weight-noise weight-white weight-pink
weight-brown weight-babble talkers crossfade-s preset"
has_options 'corrupt video' "$common mode schedule noise-percent reference-step weight-gaussian
weight-blur codec effort qp drop-audio fps noise-var-min noise-var-max noise-rounding blur-kernel-px
blur-sigma-px preset"
has_options 'features audio' "$common sets level native length resample-threshold format channel
rate-hz too-short max-seconds preset"
has_options verify 'jobs json quiet help'
has_options replay 'in out noise-dir json quiet help'
# switches that are on, and the letters of the options that there are
grep -q -- '--augment, --no-augment   (default yes)' 'help-corrupt video' || fail "no way to switch off"
grep -q -- '-i VALUE' 'help-corrupt video' || fail "-i is not in the help"
grep -q -- '-[io] VALUE' help-verify && fail "the help of verify has -i or -o"
# and what the page of operations lists for a job
mw 0 ops
cmp -s "$MW_SOURCE_ROOT/docs/operations.md" .stdout ||
    fail "docs/operations.md is another text: merwild ops >docs/operations.md"
for job in 'corrupt audio' 'corrupt video' 'features audio' faces; do
    listed=$(sed -n "/^## $job\$/,/^## /s/^| \`--\([a-z0-9-]*\)\`.*/\1/p" .stdout)
    [ "$(wc -w <<<"$listed")" -ge 10 ] || fail "the page of operations lists too little for $job"
    has_options "$job" "$listed"
done
for word in audio.additive video.gaussian_noise video.gaussian_blur gap_start_samples snr_db_noisy; do
    prints "$word"
done

# not known, incomplete, too many
bad() {
    local words=$1
    shift
    mw 1 "$@"
    [ -s .stdout ] && fail "usage errors go to standard error"
    says "$words"
}
bad "unknown option '--noize'" corrupt audio -i in -o o --noize 3
bad "unknown option '-x'" corrupt audio -x
bad "unknown option '--no-snr'" corrupt audio -i in --no-snr
bad "unexpected argument 'in'" corrupt audio in
bad "a value is missing after '--snr'" corrupt audio -i in -o o --snr
bad "a value is missing after '-i'" corrupt audio -i
bad "a value is missing after '--preset'" corrupt audio --preset
bad "option 'in'" corrupt audio -o o --weight-white 1
bad "option 'out'" corrupt audio -i in --weight-white 1
bad "option 'in'" corrupt video -o o
bad "FOLDER" verify
bad "SIDECAR" replay
bad 'SIDECAR, --in and --out are all needed' replay x.prov.json -i in
bad 'CLIP, SIDECAR and --out are all needed' preview in/v.mp4 x.prov.json
bad "unexpected argument 'b'" verify a b

# values: option, value and allowed interval are named
value_error() {
    local option=$1 got=$2 allowed=$3 command=${4:-corrupt audio}
    bad "option '$option': '$got' is not" $command -i in -o o "--$option=$got"
    says "$allowed"
    bad "option '$option': '$got' is not" $command -i in -o o "--$option" "$got"
}
value_error snr 61 '[-60, 60]'
value_error snr 0,5,x '[-60, 60]'
value_error snr nan '[-60, 60]'
value_error snr 1e999 '[-60, 60]'
value_error snr '5;6' '[-60, 60]'
value_error seed -1 '>= 0'
value_error seed 18446744073709551616 '>= 0'
value_error jobs -1 '[0, 1024]'
value_error jobs 1.5 '[0, 1024]'
value_error jobs '' '[0, 1024]'
value_error limit many '[0, 1'
value_error gaps 5-1 '[0, 100]'
value_error gaps 1-101 '[0, 100]'
value_error gap-min-s 0 '[0.001, 10]'
value_error weight-pink -1 '[0, 1000000]'
value_error peak loud 'scale|clip'
value_error snr-over all 'clip|active'
value_error talkers 1-3 '[2, 64]'
value_error noise-percent 1.1 '[0, 1]' 'corrupt video'
value_error noise-percent inf '[0, 1]' 'corrupt video'
value_error qp 0 '[1, 40]' 'corrupt video'
value_error codec h265 'h264|ffv1|mp4v' 'corrupt video'
value_error fps 0 '[1, 1000]' 'corrupt video'
value_error mode fog 'noise' 'corrupt video'
bad "option 'schedule'" corrupt video -i in -o o --schedule segments:1
bad "option 'schedule'" corrupt video -i in -o o --schedule segments:
bad "option 'schedule'" corrupt video -i in -o o --schedule often
bad "option 'blur-kernel-px': 10 is even" corrupt video -i in -o o --blur-kernel-px 10
bad "option 'noise-var-max' (0.2) is below" corrupt video -i in -o o --noise-var-min 0.3
bad "option 'preset'" corrupt audio -i in -o o --preset other
bad "option 'snr'" corrupt audio -i only -o o --snr '' --weight-white 1 --quiet
bad 'written to twice' corrupt audio -i only -o o --snr 5,5.0 --weight-white 1 --quiet
bad 'written to twice' corrupt audio -i only -o o --snr 0,-0 --weight-white 1 --quiet
ls -d o* 2>/dev/null | grep -v '^only$' && fail "a usage error left an output folder"

# negative numbers, both spellings, the reference's names
make_noise noise
mw 0 corrupt audio -i only -o a --snr -5,-2.5,0 --noise-dir noise
[ -d a_-5 ] && [ -d a_-2.5 ] && [ -d a_0 ] || fail "folders of negative ratios are missing"
mw 0 corrupt audio --in only --out b --snr=-5,-2.5,0 --noise_dir noise
mw 0 corrupt audio --main_dir only --save_loc c --snr -5,-2.5,0 --noise_dir=noise
mw 0 corrupt audio --main-dir=only --save-loc=d --snr -5,-2.5,0 --noise-dir=noise
for x in b c d; do
    for snr in -5 -2.5 0; do same_tree a_$snr ${x}_$snr; done
done
mw 0 corrupt video --mode noise -i in -o va --noise-percent 0.4 --json
mw 1 corrupt video --mode noise -i in/v.mp4 -o va --noise-percent
mw 0 corrupt video --MOSI_main_dir in/v.mp4 --MOSI_save_loc vb --noise_percent 0.4 --mode noise
mw 0 corrupt video --MOSI-main-dir in/v.mp4 --MOSI-save-loc vc --fraction 0.4 --mode noise
same_tree vb vc
# gaps: none in three spellings
for gaps in --no-gaps --no_gaps '--gaps 0' '--gaps 0-0'; do
    rm -rf g_0
    mw 0 corrupt audio -i only -o g --snr 0 --weight-white 1 $gaps
    value g_0/a.prov.json stages.0.drawn.gap_start_samples '[]'
done
mw 0 corrupt audio -i only -o g --snr 0 --weight-white 1 --no-gaps --no-overwrite --keep-going --resume --json
summary skipped 1
# a preset, and an option beside it wins, in either order
mw 0 corrupt audio -i only -o p --snr 0 --noise-dir noise --preset reference
value p_0/a.prov.json stages.0.params.gap_order scale-first
value p_0/a.prov.json tool.mode compat
mw 0 corrupt audio -i only -o q --snr 0 --noise-dir noise --gap-order gaps-first --preset=reference
value q_0/a.prov.json stages.0.params.gap_order gaps-first
value q_0/a.prov.json stages.0.params.noise_per condition
