#!/usr/bin/env bash
# Upgrades a Debian that has the package to the next one, then the package to the one built there.
#
#     debian/test-upgrade.sh [FROM [TO]]      from bookworm to trixie
#
# It needs what debian/test.sh needs.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C.UTF-8
TARGET="make deb-test-upgrade"
# shellcheck source=debian/common.sh
. debian/common.sh

from=${1:-bookworm} to=${2:-trixie}
need_builder "$from"
need_builder "$to"
build_for "$from" 0.0.1 "$work/old"
build_for "$to" "" "$work/new"
new=$(cd "$work/new" && ls dmaragent_*_all.deb)

root=$work/root
# `systemd-analyze verify` looks for the manual pages too.
fresh_root "$from" bash-completion,man-db,systemd "$root"
cp "$work/old/dmaragent_0.0.1_all.deb" "$work/new/$new" "$root/srv/"
cp -r testdata/dmar_dumps/hp-dl380e-gen8 "$root/srv/machine"

answers() { # what: whether the installed program answers, under the root's Python
    local status=0 python
    within "$root" root dmaragent inventory --host /srv/machine >"$work/said" 2>&1 || status=$?
    # shellcheck disable=SC2015
    [ $status -le 1 ] && grep -q ' 0x7dffd000-0x7dffffff ' "$work/said" || {
        cat "$work/said" >&2
        fail "dmaragent exits with $status $1"
    }
    python=$(within "$root" root python3 --version)
    ok "it answers $1 ($python)"
}
enabled() { # what: whether the units are enabled, and their links lead to a unit
    local unit link
    for unit in dmaragent-capture.service dmaragent.service; do
        link=/etc/systemd/system/multi-user.target.wants/$unit
        [ -L "$root$link" ] || fail "$unit is not enabled $1"
        within "$root" root test -s "$link" || fail "$link leads nowhere $1"
    done
    within "$root" root systemd-analyze verify dmaragent.socket dmaragent.service \
        dmaragent-capture.service >"$work/said" 2>&1 || fail "systemd-analyze verify $1: $(cat "$work/said")"
    ok "its units are enabled and valid $1"
}

apt "$root" update
apt "$root" install --no-install-recommends /srv/dmaragent_0.0.1_all.deb
answers "on $from"
enabled "on $from"

rm -rf "$root"/etc/apt/sources.list.d/*
sed -i "s/\b$from\b/$to/g" "$root/etc/apt/sources.list"
apt "$root" update
apt "$root" full-upgrade
[ "$(version_in "$root")" = "0.0.1 install ok installed" ] || fail "$to's apt removed it: $(version_in "$root")"
answers "after the upgrade to $to, as built on $from"
enabled "after the upgrade to $to"

apt "$root" install --no-install-recommends "/srv/$new"
answers "after the upgrade of the package"
enabled "after the upgrade of the package"
[ ! -e "$root/lib/systemd/system/dmaragent.service" ] || [ -L "$root/lib" ] || fail "a unit is left in /lib"
within "$root" root dpkg --audit >"$work/said"
[ ! -s "$work/said" ] || fail "dpkg --audit: $(cat "$work/said")"
apt "$root" purge dmaragent
left=$(find "$root/usr" "$root/etc" "$root/var/lib/systemd" -name '*dmaragent*' ! -path '*/var/lib/dpkg/*')
[ -z "$left" ] || fail "left after purge: $left"
ok "after purge nothing is left"
echo "make deb-test-upgrade: $passed passed"
