#!/bin/sh
# Fetch a suite's iasl, and sid's fwts, with their libraries into build/acpi_readers/SUITE.
#
# The tests run them with the loader and the C library of their suite. It takes 12 MB and a few
# seconds.
set -eu

here=$(dirname "$0")
# shellcheck source=tests/support/suite.sh
. "$here/../support/suite.sh"

get() { # suite program package...: unpack the packages and look for the program
    suite=$1 program=$2
    shift 2
    folder=$(cd "$here/../.." && pwd)/build/acpi_readers/$suite
    unpack "$suite" "$folder" "$@"
    ls "$folder/usr/bin/$program" >/dev/null
}

[ $# -gt 0 ] || { echo "usage: $0 SUITE...; trixie and sid are known" >&2; exit 2; }
for suite; do
    case $suite in
    trixie) get trixie iasl acpica-tools ;;
    sid) get sid fwts acpica-tools fwts ;;
    *) echo "no reader of $suite is known" >&2; exit 2 ;;
    esac
done
