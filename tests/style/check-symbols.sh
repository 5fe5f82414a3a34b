#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The shared library exports what the headers declare; one declaration more, or one less, is seen.
#
#     check-symbols.sh LIBRARY
set -eu
root=$MW_SOURCE_ROOT
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$root/scripts/check-symbols" "$1" "$root"

mkdir -p "$dir/include/merwild"
cp "$root"/include/merwild/*.h "$dir/include/merwild"
echo 'MW_API int mw_not_there(void);' >>"$dir/include/merwild/status.h"
if "$root/scripts/check-symbols" "$1" "$dir" >"$dir/out"; then exit 1; fi
grep -q mw_not_there "$dir/out"

cp "$root/include/merwild/status.h" "$dir/include/merwild"
sed 's/mw_version(void)/mw_versio(void)/' "$root/include/merwild/status.h" >"$dir/include/merwild/status.h"
if "$root/scripts/check-symbols" "$1" "$dir" >"$dir/out"; then exit 1; fi
sed -n '/exported and/,/declared and/p' "$dir/out" | grep -q mw_version
