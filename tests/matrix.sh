#!/usr/bin/env bash
# Tries README's commands, and `make test`, elsewhere than on this machine's Python.
#
#     tests/matrix.sh [--readme] SUITE [PYTHON]   in a fresh root of that suite of Debian
#     tests/matrix.sh lowest                      here, with the oldest dependencies in pyproject.toml
#
# SUITE is bookworm, trixie or sid. PYTHON, as python3.15, replaces the suite's python3. An ordinary
# user runs everything; --readme leaves `make test` out. A root needs the user root and mmdebstrap: if
# one is missing, nothing is done, which is a failure with CI=true. Tools that enable more tests are
# not installed, so those are skipped. Roots stay in build/roots for a day.
set -euo pipefail
cd "$(dirname "$0")/.."
TARGET=matrix
# shellcheck source=tests/support/root.sh
. tests/support/root.sh

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT

if [ "${1:-}" = lowest ]; then
    checkout_to "$work/tree"
    cd "$work/tree"
    git init --quiet .      # a test asks git for the files
    sed -n '/^dependencies/,/^]/s/.*"\(.*\)>=\(.*\)".*/\1==\2/p' pyproject.toml >lowest.txt
    python3 -m venv .venv
    .venv/bin/pip --disable-pip-version-check --quiet install --editable '.[test]' --constraint lowest.txt
    touch .venv/ready
    python3 --version
    .venv/bin/pip --disable-pip-version-check list --format freeze | grep -f <(sed 's/.*/^&$/' lowest.txt)
    make test
    echo "matrix: the tests pass with the oldest dependencies"
    exit
fi

readme=
[ "${1:-}" != --readme ] || { readme=yes; shift; }
suite=${1:?a suite of Debian, or lowest}
python=${2:-python3}
need_roots
root=$work/root
fresh_root "$suite" "ca-certificates,git,make,$python,$python-venv" "$root"
chroot "$root" useradd --create-home --shell /bin/sh user
# The folder has not the name of the environment that README makes.
checkout_to "$root/home/user/clone"
# A suite may have several; README and `make` take python3.
[ "$python" = python3 ] || ln -sf "/usr/bin/$python" "$root/usr/local/bin/python3"
cat >"$root/home/user/run" <<'EOF'
set -eu
answers() { # command: run it with every warning an error; 1 is an answer too
    echo "\$ $*"
    code=0
    PYTHONWARNINGS=error "$@" >~/shown 2>&1 || code=$?
    head -n 3 ~/shown
    [ $code -le 1 ] && [ "$(wc -l <~/shown)" -gt 5 ] || { cat ~/shown; echo "exit code $code"; exit 1; }
}
cd ~/clone
git init --quiet .      # a test asks git for the files
grep PRETTY_NAME /etc/os-release
python3 --version
# README installs what a release has: here, a wheel of this checkout, in a folder for downloads.
python3 -m venv ~/builder
~/builder/bin/pip --disable-pip-version-check --quiet wheel --no-deps --wheel-dir ~/downloads .
# Without a package: README's own lines.
sed -n '/^    python3 -m venv/,/^$/p' README.md >~/install
[ "$(wc -l <~/install)" = 3 ]
cd ~/downloads
sh -eux ~/install
cd ~
answers dmaragent/bin/dmaragent demo devices
answers dmaragent/bin/dmaragent demo explain 0a:00.0
cd ~/clone
# No syntax of the sources is one that this Python warns about.
python3 -W error -m compileall -q -f src parsers tests
make run
[ "${1:-}" = --readme ] || make test
EOF
chroot "$root" chown --recursive user: /home/user
within "$root" user sh /home/user/run ${readme:+--readme}
what="README's commands and the tests"
[ -z "$readme" ] || what="README's commands"
echo "matrix: $suite, $python: $what pass"
