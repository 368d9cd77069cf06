#!/bin/sh
# Fetch a suite's libxlutil and the libraries that it needs, into build/libxlutil/SERIES.
#
# The tests run it with the loader and the C library of its suite, or with this machine's if those
# are older. It takes 5 MB and a few seconds.
set -eu

here=$(dirname "$0")
# shellcheck source=tests/support/suite.sh
. "$here/../support/suite.sh"

get() { # suite series: unpack what libxenmisc of the series needs
    folder=$(cd "$here/../.." && pwd)/build/libxlutil/$2
    rm -rf "$folder"
    use_suite "$1" "$folder/apt"
    apt-get --quiet --quiet --yes --download-only --no-install-recommends install "libxenmisc$2"
    for package in "$folder"/apt/cache/archives/*.deb; do
        # A program of this machine does not run with an older C library than it was built for.
        name=$(dpkg-deb --field "$package" Package)
        version=$(dpkg-deb --field "$package" Version)
        own=$(dpkg-query --show --showformat '${Version}' libc6)
        [ "$name" = libc6 ] && dpkg --compare-versions "$version" lt "$own" && continue
        dpkg-deb --extract "$package" "$folder"
    done
    rm -rf "$folder/apt" "${folder:?}/usr/share"
    ls "$folder"/usr/lib/*/"libxlutil.so.$2" >/dev/null
}

[ $# -gt 0 ] || { echo "usage: $0 SERIES...; 4.14, 4.17 and 4.20 are known" >&2; exit 2; }
for series; do
    case $series in
    4.14) get bullseye 4.14 ;;
    4.17) get bookworm 4.17 ;;
    4.20) get trixie 4.20 ;;
    *) echo "no suite is known that has libxenmisc$series" >&2; exit 2 ;;
    esac
done
