#!/usr/bin/env bash
# Builds the wheel and the source distribution, checks both, and tries each in a new environment.
#
#     tests/distribution.sh [FOLDER]      keeps them in FOLDER
#
# twine and check-wheel-contents check them as an index and as an installer would. pip and pipx install
# them where nothing of this checkout is on the path.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "FAIL: $1" >&2
    exit 1
}
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
folder=$(realpath --canonicalize-missing "${1:-$work/dist}")
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/dmaragent/__init__.py)
machine=$PWD/testdata/dmar_dumps/hp-dl380e-gen8
export PIP_DISABLE_PIP_VERSION_CHECK=1

python3 -m venv "$work/tools"
"$work/tools/bin/pip" --quiet install build check-wheel-contents pipx twine
mkdir -p "$folder"
"$work/tools/bin/python" -m build --outdir "$folder" . >"$work/log" 2>&1 || {
    tail -n 30 "$work/log" >&2
    fail "the build"
}
wheel=$folder/dmaragent-$version-py3-none-any.whl
source=$folder/dmaragent-$version.tar.gz
# shellcheck disable=SC2015
[ -e "$wheel" ] && [ -e "$source" ] || fail "$(ls "$folder")"
"$work/tools/bin/twine" check --strict "$wheel" "$source"
"$work/tools/bin/check-wheel-contents" "$wheel"

mkdir "$work/fake"
printf '#!/bin/sh\ncat >"%s"; exit 1\n' "$work/sent" >"$work/fake/ssh"
chmod +x "$work/fake/ssh"

answers() { # program...: whether it is this version and answers, away from the checkout
    cd "$work"
    [ "$("$@" --version)" = "dmaragent $version" ] || fail "$1 has another version"
    local words code
    for words in demo "demo devices" "demo report" "inventory --host $machine" "schema inventory"; do
        code=0
        # shellcheck disable=SC2086 # several words
        "$@" $words >"$work/shown" 2>&1 || code=$?
        # shellcheck disable=SC2015
        [ $code -le 1 ] && [ -s "$work/shown" ] || fail "$* $words exits with $code: $(tail -n 3 "$work/shown")"
    done
    # The script that runs on hosts without dmaragent is a part of the program.
    code=0
    PATH=$work/fake:$PATH "$@" fleet collect -w host -o "$work/pool" >"$work/shown" 2>&1 || code=$?
    # shellcheck disable=SC2015
    [ $code = 2 ] && grep -q '^TOOL="capture.sh' "$work/sent" || fail "fleet collect: $(tail -n 3 "$work/shown")"
    rm -r "$work/pool" "$work/sent"
    cd - >/dev/null
}
for file in "$wheel" "$source"; do
    python3 -m venv --clear "$work/bare"
    "$work/bare/bin/pip" --quiet install "$file"
    answers "$work/bare/bin/dmaragent"
    "$work/bare/bin/pip" --quiet check
    echo "ok: pip installs ${file##*/}, and it answers"
done
export PIPX_HOME=$work/pipx PIPX_BIN_DIR=$work/bin PIPX_MAN_DIR=$work/man
"$work/tools/bin/pipx" install --quiet "$wheel" >"$work/log" 2>&1 || fail "pipx: $(cat "$work/log")"
answers "$work/bin/dmaragent"
[ -e "$work/man/man8/dmaragent.8" ] || fail "pipx shows no manual page"
echo "ok: pipx installs it, with its manual pages"
echo "make dist-test: ${wheel##*/} ($(stat --format=%s "$wheel") bytes), ${source##*/} ($(stat --format=%s "$source") bytes)"
