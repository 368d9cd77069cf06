#!/usr/bin/env bash
# Builds the package with a suite's tools, checks it with that suite's lintian, then installs,
# upgrades, removes and purges it in a fresh root of the suite (systemd does not run there).
#
#     debian/test.sh [SUITE]      bookworm, if there is no SUITE
#
# Needs root, a Debian mirror, mmdebstrap, and for this machine's own suite the packages that the
# messages name.  If one is missing, the script reports it and does nothing; with CI=true, that is a
# failure.  Fresh roots stay in build/roots for the next run, and are replaced after a day.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C.UTF-8
TARGET="make deb-test"
# shellcheck source=debian/common.sh
. debian/common.sh

suite=${1:-bookworm}
need_builder "$suite"

echo "== the package, built on $suite =="
build_for "$suite" "" "$work/new"
build_for "$suite" "" "$work/again"
build_for "$suite" 0.0.1 "$work/old"
if is_here "$suite"; then
    mkdir -p dist
    cp "$work"/new/* dist/
fi
new=$(cd "$work/new" && ls dmaragent_*_all.deb)
page=$(cd "$work/new" && ls dmaragent-cockpit_*_all.deb)
for package in "$new" "$page"; do
    cmp "$work/new/$package" "$work/again/$package" || fail "built twice, $package is not the same"
done
ok "built twice, the packages are the same"
lintian_of "$suite" "$work/new" || fail "lintian finds errors or warnings"
ok "lintian of $suite finds no error and no warning"

echo "== a fresh $suite =="
root=$work/root
# What a server has and `minbase` lacks: the manual, completion, systemd's files.
fresh_root "$suite" bash-completion,man-db,systemd "$root"
mkdir "$root/srv/old" "$root/srv/new"
cp "$work"/old/*.deb "$root/srv/old/"
cp "$work"/new/*.deb "$root/srv/new/"
cp -r testdata/dmar_dumps/hp-dl380e-gen8 "$root/srv/machine"

# Every file except those that apt, dpkg and the caches keep, and those that
# `systemd-analyze verify` leaves in /run/systemd.
files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./tmp -o -path ./var/lib/apt \
        -o -path ./var/cache -o -path ./var/log -o -path ./var/lib/dpkg -o -path ./run/systemd \) -prune -o -print | sort)
}

apt "$root" update
# Install the dependencies first: their leftovers after a purge are not ours.
apt "$root" install --no-install-recommends python3-construct python3-h11 python3-psutil python3-pyudev
files >"$work/before"

echo "== install =="
apt "$root" install --no-install-recommends /srv/old/dmaragent_0.0.1_all.deb
[ "$(version_in "$root")" = "0.0.1 install ok installed" ] || fail "not installed: $(version_in "$root")"
ok "the older package installs"
within "$root" root getent passwd dmaragent | grep -q ':/usr/sbin/nologin$' || fail "no user dmaragent"
within "$root" root getent group dmaragent >/dev/null || fail "no group dmaragent"
ok "the system user and its group are there"
wants=$root/etc/systemd/system/multi-user.target.wants
for unit in dmaragent-capture.service dmaragent.service; do
    [ -L "$wants/$unit" ] || fail "$unit is not enabled"
done
[ ! -e "$root/etc/systemd/system/sockets.target.wants/dmaragent.socket" ] ||
    fail "dmaragent.socket is enabled"
ok "the services are enabled, the socket is not"

echo "== upgrade =="
rm "$wants/dmaragent.service" # as `systemctl disable` does
apt "$root" install --no-install-recommends "/srv/new/$new"
[ "$(version_in "$root")" = "$(dpkg-deb --field "$work/new/$new" Version) install ok installed" ] ||
    fail "not upgraded: $(version_in "$root")"
[ -L "$wants/dmaragent-capture.service" ] || fail "the upgrade disabled the capture"
[ ! -e "$wants/dmaragent.service" ] || fail "the upgrade enabled what was disabled"
ok "it upgrades, and leaves what was disabled disabled"
ln -s /lib/systemd/system/dmaragent.service "$wants/"
apt "$root" install --no-install-recommends --reinstall "/srv/new/$new"
ok "it installs again"

echo "== use =="
# `grep -q` behind a pipe would end early, and the verb would exit with 2.
status=0
within "$root" root dmaragent inventory --host /srv/machine >"$work/said" || status=$?
[ $status -le 1 ] || fail "dmaragent inventory exited with $status"
grep -q ' 0x7dffd000-0x7dffffff ' "$work/said" || fail "no inventory: $(cat "$work/said")"
within "$root" root dmaragent check --list >/dev/null || fail "dmaragent check --list"
ok "dmaragent inventory --host answers"
within "$root" root python3 -c 'import dmaragent, fwtables; dmaragent.resolve' || fail "the import packages"
ok "both import packages are there"
# dpkg skips manual pages if the image is configured so; the names come from the package.
for manual in $(dpkg-deb --contents "$work/new/$new" | sed -n 's,.*/man/man./\(.*\)\.gz$,\1,p'); do
    within "$root" root man --where "${manual##*.}" "${manual%.*}" >/dev/null || fail "man ${manual##*.} ${manual%.*}"
    ok "man ${manual##*.} ${manual%.*} is found"
done
within "$root" root bash -c '. /usr/share/bash-completion/bash_completion && _completion_loader dmaragent
    COMP_WORDS=(dmaragent inv) COMP_CWORD=1 COMP_LINE="dmaragent inv" COMP_POINT=13
    _dmaragent; [ "${COMPREPLY[*]}" = inventory ]' || fail "the completion does not load"
ok "bash loads the completion when it is needed"
within "$root" root systemd-analyze verify dmaragent.socket dmaragent.service dmaragent-capture.service \
    >"$work/said" 2>&1 && [ ! -s "$work/said" ] || fail "systemd-analyze verify: $(cat "$work/said")"
ok "systemd takes the installed units, programs and manual pages in their place"
[ -e "$root/usr/share/doc/dmaragent/docs/schema/inventory.v2.json" ] || fail "no schemas"
ok "the schemas are there to be read by programs"

echo "== remove, purge =="
install -d -m 0750 "$root/run/dmaragent-capture"
apt "$root" remove dmaragent
[ ! -e "$root/usr/bin/dmaragent" ] || fail "the program is still there"
[ ! -e "$root/run/dmaragent-capture" ] || fail "the capture is still there"
ok "it is removed, and the capture with it"
apt "$root" purge dmaragent
files >"$work/after"
# Debian's convention is to keep a system user, because another user with its number would get its
# files.  systemd-sysusers keeps copies of the files that it changed.
diff "$work/before" "$work/after" >"$work/left" || true
grep '^[<>]' "$work/left" | grep -v -E '^> \./etc/(passwd|group|shadow|gshadow)-$' >"$work/ours" || true
[ ! -s "$work/ours" ] || fail "left after purge: $(cat "$work/ours")"
if within "$root" root dpkg-query --status dmaragent >/dev/null 2>&1; then
    fail "dpkg still knows it"
fi
ok "after purge nothing is left but the system user"

echo "== as README says =="
apt "$root" purge python3-construct python3-h11 python3-psutil python3-pyudev
install=$(sed -n 's/^    sudo apt install \(.*\.deb\)$/apt install --yes \1/p' README.md)
[ -n "$install" ] || fail "README does not install the package"
within "$root" root sh -c "cd /srv/new && $install" >"$work/apt" 2>&1 || {
    cat "$work/apt" >&2
    fail "apt install"
}
within "$root" root dmaragent decode --host /srv/machine >/dev/null || fail "dmaragent decode"
ok "apt brings what it depends on; its user was there already"

echo "== the page for Cockpit =="
within "$root" root sh -c "cd /srv/new && apt install --yes --no-install-recommends ./$page" >"$work/apt" 2>&1 || {
    cat "$work/apt" >&2
    fail "apt install ./$page"
}
ok "apt brings cockpit-bridge"
within "$root" root cockpit-bridge --packages >"$work/said" 2>"$work/apt" || fail "cockpit-bridge: $(cat "$work/apt")"
grep -qE '^dmaragent +Reserved memory +/usr/share/cockpit/dmaragent$' "$work/said" || fail "Cockpit lists: $(cat "$work/said")"
ok "Cockpit lists the page"
dpkg-deb --fsys-tarfile "$work/new/$page" | tar --list | grep '^./usr/share/cockpit/.*[^/]$' | sort >"$work/shipped"
(cd cockpit && find . -type f | sed 's,^\.,./usr/share/cockpit/dmaragent,') | sort >"$work/files"
diff "$work/files" "$work/shipped" || fail "the package does not have the files of cockpit/"
ok "the page is complete"
apt "$root" purge dmaragent-cockpit
[ ! -e "$root/usr/share/cockpit/dmaragent" ] || fail "the page is still there"
ok "it is removed"
apt "$root" purge dmaragent

echo "$passed passed, 0 failed"
