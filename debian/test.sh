#!/usr/bin/env bash
# Checks the package with lintian, then installs, upgrades, removes and purges it in a fresh
# Debian 12 (a folder for chroot; systemd does not run there).
#
#     debian/test.sh
#
# Needs root, a Debian mirror, and the packages that the messages name.  If one is missing, the
# script reports it and does nothing; with CI=true, that is a failure.  The fresh Debian stays in
# build/ for the next run, and is replaced after a day.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C.UTF-8

lacks() {
    echo "make deb-test: skipped: $1" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}
[ "$(id -u)" = 0 ] || lacks "it needs root, for a chroot"
for tool in mmdebstrap lintian dpkg-buildpackage; do
    command -v $tool >/dev/null || lacks "$tool is not installed"
done
missing=$(dpkg-checkbuilddeps 2>&1) || lacks "${missing##*error: }"

fail() {
    echo "FAIL: $1" >&2
    exit 1
}
passed=0
ok() {
    passed=$((passed + 1))
    echo "ok: $1"
}

work=$(mktemp --directory)
root=$work/root
leave() {
    rm -rf "$work"
}
trap leave EXIT

echo "== the package =="
debian/build.sh "" "$work/new"
debian/build.sh "" "$work/again"
debian/build.sh 0.0.1 "$work/old"
cp "$work"/new/* dist/ 2>/dev/null || { mkdir -p dist && cp "$work"/new/* dist/; }
new=$(cd "$work/new" && ls dmaragent_*_all.deb)
cmp "$work/new/$new" "$work/again/$new" || fail "built twice, the package is not the same"
ok "built twice, the package is the same"
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$work"/new/*.changes ||
    fail "lintian finds errors or warnings"
ok "lintian finds no error and no warning"

echo "== a fresh Debian 12 =="
mkdir -p build
base=build/bookworm.tar
if [ -z "$(find "$base" -mtime -1 2>/dev/null)" ]; then
    # What a server has and `minbase` lacks: the manual, completion, systemd's files.
    mmdebstrap --quiet --variant=minbase --include=bash-completion,man-db,systemd \
        bookworm build/bookworm.new.tar </dev/null
    mv build/bookworm.new.tar "$base"
fi
mkdir "$root"
tar --extract --file "$base" --directory "$root" --numeric-owner
# apt needs the package lists again, and the host's name servers.
cp /etc/resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/tmp/old" "$root/tmp/new" "$root/tmp/again"
cp "$work"/old/*.deb "$root/tmp/old/"
cp "$work"/new/*.deb "$root/tmp/new/"
cp -r testdata/dmar_dumps/hp-dl380e-gen8 "$root/tmp/machine"

within() {
    env -i LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        TERM=dumb HOME=/root chroot "$root" "$@" </dev/null
}
apt() {
    within apt-get --quiet --quiet -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" >"$work/apt" 2>&1 || {
        cat "$work/apt" >&2
        fail "apt-get $*"
    }
}
# Every file except those that apt, dpkg and the caches keep, and those that
# `systemd-analyze verify` leaves in /run/systemd.
files() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./tmp -o -path ./var/lib/apt \
        -o -path ./var/cache -o -path ./var/log -o -path ./var/lib/dpkg -o -path ./run/systemd \) -prune -o -print | sort)
}
version() {
    within dpkg-query --show --showformat='${Version} ${Status}' dmaragent
}

apt update
# Install the dependencies first: their leftovers after a purge are not ours.
apt install --no-install-recommends python3-construct python3-h11 python3-psutil python3-pyudev
files >"$work/before"

echo "== install =="
apt install --no-install-recommends /tmp/old/dmaragent_0.0.1_all.deb
[ "$(version)" = "0.0.1 install ok installed" ] || fail "not installed: $(version)"
ok "the older package installs"
within getent passwd dmaragent | grep -q ':/usr/sbin/nologin$' || fail "no user dmaragent"
within getent group dmaragent >/dev/null || fail "no group dmaragent"
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
apt install --no-install-recommends "/tmp/new/$new"
[ "$(version)" = "$(dpkg-deb --field "$work/new/$new" Version) install ok installed" ] ||
    fail "not upgraded: $(version)"
[ -L "$wants/dmaragent-capture.service" ] || fail "the upgrade disabled the capture"
[ ! -e "$wants/dmaragent.service" ] || fail "the upgrade enabled what was disabled"
ok "it upgrades, and leaves what was disabled disabled"
ln -s /lib/systemd/system/dmaragent.service "$wants/"
apt install --no-install-recommends --reinstall "/tmp/new/$new"
ok "it installs again"

echo "== use =="
# `grep -q` behind a pipe would end early, and the verb would exit with 2.
status=0
within dmaragent inventory --host /tmp/machine >"$work/said" || status=$?
[ $status -le 1 ] || fail "dmaragent inventory exited with $status"
grep -q '^Reserved regions, in table order' "$work/said" || fail "no inventory: $(cat "$work/said")"
within dmaragent check --list >/dev/null || fail "dmaragent check --list"
ok "dmaragent inventory --host answers"
within python3 -c 'import dmaragent, fwtables; dmaragent.resolve' || fail "the import packages"
ok "both import packages are there"
# dpkg skips manual pages if the image is configured so; the names come from the package.
for page in $(dpkg-deb --contents "$work/new/$new" | sed -n 's,.*/man/man./\(.*\)\.gz$,\1,p'); do
    within man --where "${page##*.}" "${page%.*}" >/dev/null || fail "man ${page##*.} ${page%.*}"
    ok "man ${page##*.} ${page%.*} is found"
done
within bash -c '. /usr/share/bash-completion/bash_completion && _completion_loader dmaragent
    COMP_WORDS=(dmaragent inv) COMP_CWORD=1 COMP_LINE="dmaragent inv" COMP_POINT=13
    _dmaragent; [ "${COMPREPLY[*]}" = inventory ]' || fail "the completion does not load"
ok "bash loads the completion when it is needed"
within systemd-analyze verify dmaragent.socket dmaragent.service dmaragent-capture.service \
    >"$work/said" 2>&1 && [ ! -s "$work/said" ] || fail "systemd-analyze verify: $(cat "$work/said")"
ok "systemd takes the installed units, programs and manual pages in their place"
[ -e "$root/usr/share/doc/dmaragent/docs/schema/inventory.v2.json" ] || fail "no schemas"
ok "the schemas are there to be read by programs"

echo "== remove, purge =="
install -d -m 0750 "$root/run/dmaragent-capture"
apt remove dmaragent
[ ! -e "$root/usr/bin/dmaragent" ] || fail "the program is still there"
[ ! -e "$root/run/dmaragent-capture" ] || fail "the capture is still there"
ok "it is removed, and the capture with it"
apt purge dmaragent
files >"$work/after"
# Debian's convention is to keep a system user, because another user with its number would get its
# files.  systemd-sysusers keeps copies of the files that it changed.
diff "$work/before" "$work/after" >"$work/left" || true
grep '^[<>]' "$work/left" | grep -v -E '^> \./etc/(passwd|group|shadow|gshadow)-$' >"$work/ours" || true
[ ! -s "$work/ours" ] || fail "left after purge: $(cat "$work/ours")"
if within dpkg-query --status dmaragent >/dev/null 2>&1; then
    fail "dpkg still knows it"
fi
ok "after purge nothing is left but the system user"

echo "== as README says =="
apt purge python3-construct python3-h11 python3-psutil python3-pyudev
within sh -c 'cd /tmp/new && apt install --yes ./dmaragent_*_all.deb' >"$work/apt" 2>&1 || {
    cat "$work/apt" >&2
    fail "apt install"
}
within dmaragent decode --host /tmp/machine >/dev/null || fail "dmaragent decode"
ok "apt brings what it depends on; its user was there already"
apt purge dmaragent

echo "$passed passed, 0 failed"
