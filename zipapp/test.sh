#!/usr/bin/env bash
# Builds dmaragent.pyz and compares its answers on recorded machines with this checkout's.
#
#     zipapp/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "FAIL: $1" >&2
    exit 1
}
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
zipapp/build.sh "$work"
size=$(stat --format=%s "$work/dmaragent.pyz")
[ "$size" -lt 1310720 ] || fail "it has $size bytes, 1.25 MiB or more"
python3 -m venv "$work/bare"    # neither construct nor psutil, pyudev, h11
compared=0
machines=(hp-dl380e-gen8 lenovo-laptop xen-pv-dom0 synthetic-sosreport-without-table)
for machine in "${machines[@]/#/testdata/dmar_dumps/}"; do
    for verb in inventory devices check decode report; do
        shown=()
        for program in "$work/bare/bin/python $work/dmaragent.pyz" .venv/bin/dmaragent; do
            code=0
            # shellcheck disable=SC2086 # the program and its file are two words
            $program $verb --host "$machine" >"$work/out" 2>&1 || code=$?
            shown+=("$code $(sha256sum <"$work/out")")
        done
        [ "${shown[0]}" = "${shown[1]}" ] || fail "$verb of $machine is another answer"
        compared=$((compared + 1))
    done
done
for verb in "agent run" "schema inventory" demo; do
    code=0
    # shellcheck disable=SC2086
    "$work/bare/bin/python" "$work/dmaragent.pyz" $verb >"$work/out" 2>&1 || code=$?
    [ $code = 2 ] || fail "$verb exits with $code"
    if grep -q Traceback "$work/out"; then fail "$verb shows a traceback"; fi
done
# README's own line, with a bundle of an older release as host.tar.gz.
line=$(sed -n 's/^    python3 \(dmaragent\.pyz .*\)$/\1/p' README.md)
[ -n "$line" ] || fail "README does not run the file"
cp testdata/bundles/0.1.0/captured-synthetic-overlap.tar.gz "$work/host.tar.gz"
code=0
# shellcheck disable=SC2086 # several words
(cd "$work" && bare/bin/python $line) >"$work/out" || code=$?
# shellcheck disable=SC2015
[ $code -le 1 ] && grep -q 0x7b800000-0x7b80ffff "$work/out" || fail "README's line exits with $code"
# The script that runs on hosts without dmaragent is in the file.
mkdir "$work/fake"
printf '#!/bin/sh\ncat >"%s"; exit 1\n' "$work/sent" >"$work/fake/ssh"
chmod +x "$work/fake/ssh"
code=0
PATH=$work/fake:$PATH "$work/bare/bin/python" "$work/dmaragent.pyz" fleet collect -w host -o "$work/pool" \
    >"$work/out" 2>&1 || code=$?
# shellcheck disable=SC2015
[ $code = 2 ] && grep -q '^TOOL="capture.sh' "$work/sent" || fail "fleet collect: $(tail -n 3 "$work/out")"
echo "make zipapp-test: $size bytes; $compared answers are equal"
