#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The source tree keeps to the table of includes, and scripts/check-includes sees each kind of breach.
set -eu
root=$MW_SOURCE_ROOT
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0

"$root/scripts/check-includes" "$root"

# A tree of one file: breach FILE 'INCLUDE' WORD-OF-THE-MESSAGE
expect_breach() {
    rm -rf "$dir/t"
    mkdir -p "$dir/t/src/base" "$dir/t/src/dsp" "$dir/t/src/run" "$dir/t/tools" "$dir/t/examples" \
        "$dir/t/$(dirname "$1")"
    echo '#include "base/mem.h"' >"$dir/t/src/base/mem.c"
    : >"$dir/t/src/base/mem.h"
    : >"$dir/t/src/dsp/mix.h"
    : >"$dir/t/src/run/job.h"
    "$root/scripts/check-includes" "$dir/t" >/dev/null || { echo "the good tree is refused"; exit 1; }
    printf '%s\n' "$2" >"$dir/t/$1"
    if "$root/scripts/check-includes" "$dir/t" >"$dir/out"; then
        echo "not seen: $2 in $1"
        exit 1
    fi
    grep -q "$1:1: .*$3" "$dir/out" || { cat "$dir/out"; exit 1; }
    n=$((n + 1))
}

expect_breach src/base/str.c '#include "dsp/mix.h"' 'may not include dsp'
expect_breach src/dsp/level.c '#include "run/job.h"' 'may not include run'
expect_breach src/media/sound.c '# include "run/job.h"' 'may not include run'
expect_breach src/corrupt/op.h '	#include "media/sound.h"' 'may not include media'
expect_breach src/face/detector.c '#include "dsp/mix.h"' 'may not include dsp'
expect_breach src/dsp/fft.c '#include "mix.h"' 'with the folder'
expect_breach src/dsp/fft.c '#include "dsp/nowhere.h"' 'does not exist'
expect_breach src/dsp/fft.c '#include "merwild/corrupt.h"' 'not for src/dsp'
expect_breach src/other/x.c '#include "base/mem.h"' 'not in the table'
expect_breach tools/cmd.c '#include "base/mem.h"' 'merwild/ alone'
expect_breach examples/one.c '#include "run/job.h"' 'merwild/ alone'
echo "$n breaches seen"
