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
    unpack "$1" "$folder" "libxenmisc$2"
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
