#!/usr/bin/env bash
# Runs README's two commands and `make test` elsewhere than on this machine's Python.
#
#     tests/matrix.sh SUITE [PYTHON]    in a fresh root of that suite of Debian, as an ordinary user
#     tests/matrix.sh lowest            here, with the oldest releases that pyproject.toml admits
#
# SUITE is bookworm, trixie or sid; PYTHON, as python3.15, another than its python3. A root needs the
# user root and mmdebstrap; if one is missing nothing is done, which is a failure with CI=true. Tools
# that switch on more tests are not installed, so those skip. Roots stay in build/ for a day.
set -euo pipefail
cd "$(dirname "$0")/.."

lacks() {
    echo "matrix: skipped: $1" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT

sources() { # a copy of the sources, as git has them with what is not committed yet
    mkdir -p "$1"
    git ls-files --cached --others --exclude-standard -z |
        tar --create --null --files-from - --ignore-failed-read |
        tar --extract --directory "$1"
}

if [ "${1:-}" = lowest ]; then
    sources "$work/tree"
    cd "$work/tree"
    sed -n '/^dependencies/,/^]/s/.*"\(.*\)>=\(.*\)".*/\1==\2/p' pyproject.toml >lowest.txt
    cat lowest.txt
    python3 -m venv .venv
    .venv/bin/pip --disable-pip-version-check --quiet install --editable '.[test]' --constraint lowest.txt
    touch .venv/ready
    make test
    exit
fi

suite=${1:?a suite of Debian, or lowest}
python=${2:-python3}
[ "$(id -u)" = 0 ] || lacks "it needs root, for a chroot"
for tool in mmdebstrap unshare; do
    command -v $tool >/dev/null || lacks "$tool is not installed"
done
packages=ca-certificates,git,make,$python,$python-venv
base=build/matrix-$suite-$python.tar
mkdir -p build
if [ -z "$(find "$base" -mtime -1 2>/dev/null)" ]; then
    mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" "${base%.tar}.new.tar" </dev/null
    mv "${base%.tar}.new.tar" "$base"
fi
root=$work/root
mkdir "$root"
tar --extract --file "$base" --directory "$root" --numeric-owner
cp /etc/resolv.conf "$root/etc/resolv.conf"
# The same registries as here, and the authorities that they are trusted by.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
sources "$root/home/user/dmaragent"
chroot "$root" useradd --home-dir /home/user --shell /bin/sh user
chroot "$root" chown --recursive user: /home/user
# A suite may have several; `make` takes python3.
[ "$python" = python3 ] || ln -sf "$python" "$root/usr/local/bin/python3"
cat >"$root/home/user/run" <<'EOF'
set -eu
cd ~/dmaragent
git init --quiet .      # a test asks git for the files
python3 --version
make run
make test
EOF
chown --reference="$root/home/user" "$root/home/user/run"
mapfile -t settings < <(env | grep -E '^(PIP_(CERT|INDEX_URL|EXTRA_INDEX_URL|DEFAULT_TIMEOUT)|SSL_CERT_FILE|https?_proxy|HTTPS?_PROXY|no_proxy|NO_PROXY)=' || true)
# shellcheck disable=SC2016 # the inner shell expands them
unshare --mount --pid --fork --kill-child sh -eu -c '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    exec chroot --userspec=user:user "$root" env -i HOME=/home/user USER=user LC_ALL=C.UTF-8 \
        PATH=/usr/local/bin:/usr/bin:/bin "$@" sh /home/user/run
' matrix "$root" "${settings[@]}" </dev/null
echo "matrix: $suite, $python: README's commands and the tests pass"
