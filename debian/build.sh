#!/usr/bin/env bash
# Builds the Debian packages from a copy of the sources, and puts it into dist/.
#
#     debian/build.sh [VERSION [FOLDER]]
#
# VERSION replaces the changelog's version, to test an upgrade.  The build does not use the
# network.  The same sources give the same package, because its time is the changelog's.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v dpkg-checkbuilddeps >/dev/null; then
    missing="dpkg-checkbuilddeps (dpkg-dev) is missing"
elif missing=$(dpkg-checkbuilddeps 2>&1); then
    missing=""
fi
if [ -n "$missing" ]; then
    echo "make deb: ${missing##*error: }" >&2
    echo "Next: sudo apt build-dep --no-install-recommends ." >&2
    exit 2
fi

destination=${2:-dist}
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/dmaragent" "$destination"

# The files of the package, without leftovers of a build or a test.
sources=(CHANGELOG.md LICENSE README.md SECURITY.md cockpit completions debian docs parsers pyproject.toml src
    systemd sysusers.d testdata/dmar_dumps/hp-dl380e-gen8)
if [ -d integrations ]; then
    sources+=(integrations)
fi
tar --create --exclude=__pycache__ "${sources[@]}" | tar --extract --directory "$work/dmaragent"
if [ -n "${1:-}" ]; then
    sed -i "1s/(.*)/($1)/" "$work/dmaragent/debian/changelog"
fi

# The caller's DEB_BUILD_OPTIONS and flags must not affect the package.
if ! (cd "$work/dmaragent" && env -u DEB_BUILD_OPTIONS -u MAKEFLAGS -u MAKELEVEL -u VIRTUAL_ENV \
    -u PYTHONPATH LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    dpkg-buildpackage --build=binary --no-sign >"$work/log" 2>&1); then
    cat "$work/log" >&2
    exit 1
fi
cp "$work"/dmaragent*.deb "$work"/dmaragent_*.changes "$work"/dmaragent_*.buildinfo "$destination/"
ls "$destination"/dmaragent*.deb
