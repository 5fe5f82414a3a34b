# SPDX-License-Identifier: Apache-2.0
#
# What the tests of the command share; each test sources it first. Meson sets MERWILD, MKINPUT,
# JSONTOOL, PEAK, MW_SOURCE_ROOT and MW_SHARED. A test works in $T, a new folder that is removed at its end (kept when
# MW_KEEP is set), and ends at the first check that fails.

set -u
export LC_ALL=C
unset CDPATH
umask 022
T=$(mktemp -d "${TMPDIR:-/tmp}/merwild-cli.XXXXXX") || exit 99
cd "$T" || exit 99

clean_up() {
    cd /
    if [ -z "${MW_KEEP:-}" ]; then
        chmod -R u+rwX "$T" 2>/dev/null
        rm -rf "$T"
    else
        echo "kept: $T"
    fi
}
trap clean_up EXIT

fail() {
    echo "FAILED in $(basename "$0"), line ${BASH_LINENO[${#BASH_LINENO[@]} - 2]}: $*"
    for f in stdout stderr; do
        [ -s "$T/.$f" ] && { echo "--- last $f"; tail -n 4 "$T/.$f"; }
    done
    exit 1
}

skip() {
    echo "skipped: $*"
    exit 77
}

note() { echo "  $*"; }

# mw CODE ARGS...: run merwild, keep its output in .stdout and .stderr, compare the exit code.
mw() {
    local want=$1 got
    shift
    # hundreds of runs would each wait for the disk; one test flushes (run_options.sh)
    case "$want ${1:-} ${2:-} $*" in
        *--help) ;;
        [03]' corrupt '[av]* | [03]' features '* | [03]' faces '*) case " $* " in *' --sync '*) ;; *) set -- "$@" --sync none ;; esac ;;
    esac
    timeout "${MW_LIMIT:-60}" "$MERWILD" "$@" >"$T/.stdout" 2>"$T/.stderr"
    got=$?
    [ "$got" = "$want" ] || fail "exit code $got, not $want, of: merwild $*"
}

# summary KEY VALUE ...: numbers of the JSON summary that the last mw printed (with --json).
summary() {
    "$JSONTOOL" valid "$T/.stdout" || fail "standard output is not JSON"
    tail -n 1 "$T/.stdout" >"$T/.summary"
    while [ $# -gt 0 ]; do
        local got
        got=$("$JSONTOOL" get "$T/.summary" "$1") || got="(absent)"
        [ "$got" = "$2" ] || fail "summary: $1 is $got, not $2"
        shift 2
    done
}

# reasons NAME COUNT ...: exactly these reasons of failure.
reasons() {
    local want=""
    while [ $# -gt 0 ]; do
        want="$want\"$1\":$2 "
        shift 2
    done
    want=$(printf '%s' "$want" | tr ' ' '\n' | sort | tr '\n' ' ')
    tail -n 1 "$T/.stdout" >"$T/.summary"
    local got
    got=$("$JSONTOOL" get "$T/.summary" reasons | tr -d '{}' | tr ',' '\n' | sort | tr '\n' ' ')
    [ "$got" = "$want" ] || [ "$got" = "${want% } " ] || fail "reasons are [$got], not [$want]"
}

# All files and other things below a folder, sorted; names with newlines are quoted.
list() {
    (cd "$1" && find . -mindepth 1 ! -type d -print0 | sort -z |
        while IFS= read -r -d '' f; do printf '%q\n' "${f#./}"; done)
}

# files DIR <<EOF: exactly these files lie below DIR (beside the marker and the lists of a job, when
# it has them); no line for a folder.
files() {
    local got want
    want=$(sort)
    got=$(list "$1" | grep -vxE '\.merwild-output|manifest\.jsonl|provenance\.jsonl|outcomes\.csv')
    [ "$got" = "$want" ] || {
        diff <(echo "$want") <(echo "$got") | sed 's/^/    /'
        fail "other files below $1 than expected (< expected, > found)"
    }
}

# triples EXT STEM ...: the names of the outputs of stems, for files.
triples() {
    local ext=$1 stem
    shift
    for stem in "$@"; do
        printf '%s\n' "$stem.$ext" "$stem.prov.json" "$stem.track.npz"
    done
}

# The marker and the three lists are there.
lists() {
    for f in .merwild-output manifest.jsonl provenance.jsonl outcomes.csv; do
        [ -f "$1/$f" ] || fail "$1/$f is missing"
    done
    local n
    n=$(list "$1" | grep -c '\.prov\.json')
    [ "$(wc -l <"$1/manifest.jsonl")" = "$n" ] || fail "$1/manifest.jsonl has not $n rows"
    [ "$(wc -l <"$1/provenance.jsonl")" = "$n" ] || fail "$1/provenance.jsonl has not $n rows"
    if [ "$n" != 0 ]; then
        "$JSONTOOL" valid "$1/manifest.jsonl" || fail "$1/manifest.jsonl is not JSON"
        "$JSONTOOL" valid "$1/provenance.jsonl" || fail "$1/provenance.jsonl is not JSON"
    fi
}

# outcome DIR INPUT OUTCOME [REASON]: the row of outcomes.csv for an input with a plain name.
outcome() {
    local want="$3,${4:-},"
    awk -F, -v i="$2" '$2 == i { print $3 "," $4 "," }' "$1/outcomes.csv" >"$T/.row"
    [ "$(cat "$T/.row")" = "$want" ] ||
        fail "outcomes.csv says '$(cat "$T/.row")' of $2, not '$want'"
}

# No file that was being written is left anywhere below the folders.
no_parts() {
    local left
    left=$(find "$@" -name '*.merwild-part*')
    [ -z "$left" ] || fail "left behind: $left"
}

# SHA-256 of every file below a folder, by name.
hashes() {
    (cd "$1" && find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
}

# same_tree A B: same files with the same bytes.
same_tree() {
    hashes "$1" >"$T/.a"
    hashes "$2" >"$T/.b"
    [ -s "$T/.a" ] || fail "no file below $1"
    cmp -s "$T/.a" "$T/.b" || {
        diff "$T/.a" "$T/.b" | head -n 10
        fail "$1 and $2 differ"
    }
}

says() { grep -qF -- "$1" "$T/.stderr" || fail "standard error does not say '$1'"; }
prints() { grep -qF -- "$1" "$T/.stdout" || fail "standard output does not say '$1'"; }

# value FILE PATH WANT: a value of a JSON file.
value() {
    local got
    got=$("$JSONTOOL" get "$1" "$2") || got="(absent)"
    [ "$got" = "$3" ] || fail "$1: $2 is $got, not $3"
}

# shape FILE.npy WANT: "ROWS COLUMNS" as its header says, and the size of the file fits.
shape() {
    local got rows
    got=$(head -c 128 "$1" | LC_ALL=C grep -ao "'shape': ([0-9, ]*)" | tr -cd '0-9 ' | sed 's/^ *//')
    [ "$got" = "$2" ] || fail "$1 has the shape ($got), not ($2)"
    rows=${2% *}
    [ "$(stat -c %s "$1")" = $((128 + 4 * rows * ${2#* })) ] || fail "$1 has a wrong size"
}

# pairs EXT STEM ...: the names of the outputs of describing jobs, for files.
pairs() {
    local ext=$1 stem
    shift
    for stem in "$@"; do
        printf '%s\n' "$stem.$ext" "$stem.prov.json"
    done
}

wav() { "$MKINPUT" wav "$@" || fail "mkinput wav $*"; }
video() { "$MKINPUT" video "$@" || fail "mkinput video $*"; }

# A folder of usable noise: speech/, music/, noise/.
make_noise() {
    mkdir -p "$1/speech" "$1/music" "$1/noise"
    wav "$1/speech/a.wav" n=40000 seed=3
    wav "$1/speech/b.wav" n=30000 seed=5
    wav "$1/speech/c.wav" n=35000 seed=8
    wav "$1/music/m.wav" n=48000 rate=44100 channels=2 seed=7
    wav "$1/noise/n.wav" n=60000 kind=noise seed=9
}

# Skip without the face detection models.
need_models() {
    "$MERWILD" models >/dev/null 2>&1 || skip "model files are missing; run scripts/fetch-models"
}

# speakers DIR [OPTIONS]: clips of drawn faces that speak, below DIR/Raw.
speakers() { "$MERWILD" synth -o "$@" --quiet || fail "synth $*"; }
