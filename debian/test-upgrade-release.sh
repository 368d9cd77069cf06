#!/usr/bin/env bash
# Upgrades the package of the first release to that of this checkout, with the settings of an
# administrator and a running service.
#
#     debian/test-upgrade-release.sh [COMMIT]      the commit to build the older package from
#
# The default is the commit that wrote testdata/bundles/0.1.0.  It needs what debian/test.sh needs, and
# the git history.  systemd does not run in the root, so the service is started as systemd would.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C.UTF-8
TARGET="make deb-test-upgrade-release"
# shellcheck source=debian/common.sh
. debian/common.sh

commit=${1:-c04817a6fa13a272d71b93c337245dfcd3bb211b}
suite=bookworm
git cat-file -e "$commit^{commit}" 2>/dev/null || lacks "the history has no commit $commit"
is_here $suite || lacks "this machine is no Debian 12"
need_builder $suite

version=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
mkdir "$work/older"
git archive "$commit" | tar --extract --directory "$work/older"
older=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$work/older/debian/changelog")
[ "$version" != "$older" ] || version=$older+next    # until the release has its number
(cd "$work/older" && debian/build.sh "" "$work/old")
build_for $suite "$version" "$work/new"

root=$work/root
fresh_root $suite systemd "$root"
mkdir "$root/srv/old" "$root/srv/new"
cp "$work/old/dmaragent_${older}_all.deb" "$root/srv/old/"
cp "$work/new/dmaragent_${version}_all.deb" "$root/srv/new/"
# /sys of the root is a folder, so the machine has the table that is there.
mkdir -p "$root/sys/firmware/acpi/tables"
cp testdata/dmar_dumps/hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR "$root/sys/firmware/acpi/tables/"
cat >"$root/srv/ask" <<'PROGRAM'
import http.client
import json
import socket
import sys


class Local(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect("/run/dmaragent.socket")


local = Local("localhost", timeout=60)
body = sys.argv[2] if len(sys.argv) > 2 else None
headers = {"Content-Type": "application/json"} if body else {}
local.request("POST" if body else "GET", sys.argv[1], body, headers)
response = local.getresponse()
document = json.load(response)
answer = document.get("answer", {})
print(response.status, *(f"{each['base']}-{each['limit']}" for each in answer.get("regions", ())),
      *(each["verdict"] for each in answer.get("guests", ())))
PROGRAM

ask() { # path [body]: the status of the local API, with regions and verdicts
    within "$root" root python3 /srv/ask "$@"
}
start_service() { # as dmaragent.socket and dmaragent.service do
    rm -f "$root/run/dmaragent.socket"
    within "$root" root sh -c '
        install -d -m 0755 -o dmaragent -g dmaragent /run/dmaragent
        exec systemd-socket-activate --listen=/run/dmaragent.socket \
            setpriv --reuid=dmaragent --regid=dmaragent --init-groups dmaragent agent run' \
        >"$work/service" 2>&1 &
    service=$!
    local tries=0
    until [ -S "$root/run/dmaragent.socket" ] && ask /v1/health >"$work/said" 2>&1 && grep -q ^200 "$work/said"; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || fail "the service does not start: $(cat "$work/service" "$work/said")"
        sleep 1
    done
}
stop_service() {
    kill "$service"
    wait "$service" || true
}
capture() {
    within "$root" root sh -c 'install -d -m 0750 -o root -g dmaragent /run/dmaragent-capture
        umask 0027; chgrp dmaragent /run/dmaragent-capture; exec setpriv --regid=dmaragent --clear-groups dmaragent agent capture'
}
published() { # the regions that a user without root gets, from what is published
    # It exits with 1 if a region can be missing.
    { within "$root" daemon dmaragent inventory --json 2>/dev/null || [ $? -eq 1 ]; } |
        sed -n 's/.*"base": "\(0x[0-9a-f]*\)".*/\1/p'
}

echo "== $older, as an administrator has it =="
apt "$root" update
apt "$root" install --no-install-recommends "/srv/old/dmaragent_${older}_all.deb"
wants=$root/etc/systemd/system/multi-user.target.wants
sockets=$root/etc/systemd/system/sockets.target.wants
rm "$wants/dmaragent.service"    # as `systemctl disable` does
mkdir -p "$sockets" "$root/etc/systemd/system/dmaragent.service.d" "$root/etc/dmaragent"
ln -s /lib/systemd/system/dmaragent.socket "$sockets/"
printf '[Service]\nMemoryMax=200M\n' >"$root/etc/systemd/system/dmaragent.service.d/local.conf"
touch "$root/etc/dmaragent/refuse-guests"
within "$root" root usermod --append --groups dmaragent games
capture
trap 'kill "${service:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
start_service
regions=$(ask /v1/inventory)
[[ $regions == "200 0x7dffd000-0x7dffffff "* ]] || fail "$older: $regions"
[ -s "$root/run/dmaragent/inventory.json" ] || fail "nothing is published"
before=$(published)
ok "the service of $older runs on its socket, and publishes 9 regions"

echo "== $version over it, while it runs =="
apt "$root" install --no-install-recommends "/srv/new/dmaragent_${version}_all.deb"
[ "$(version_in "$root")" = "$version install ok installed" ] || fail "not upgraded: $(version_in "$root")"
ok "apt upgrades the package"
[ "$(ask /v1/inventory)" = "$regions" ] || fail "the running service no longer answers: $(ask /v1/inventory)"
ok "the running service still answers"
# shellcheck disable=SC2015
[ -n "$before" ] && [ "$(published)" = "$before" ] || fail "the published files of $older: $(published)"
ok "the program of $version reads what the service of $older published"
within "$root" root dmaragent inventory --host /run/dmaragent-capture/capture.tar --json >"$work/said" || [ $? -le 1 ]
grep -q '"0x7dffd000"' "$work/said" || fail "the capture of $older: $(cat "$work/said")"
ok "it reads the capture of $older"
# shellcheck disable=SC2015
[ ! -e "$wants/dmaragent.service" ] && [ -L "$wants/dmaragent-capture.service" ] || fail "enabled units changed"
[ -e "$root$(readlink "$sockets/dmaragent.socket")" ] || fail "the link of the socket leads nowhere"
ok "units are enabled and disabled as they were"
grep -q MemoryMax=200M "$root/etc/systemd/system/dmaragent.service.d/local.conf" || fail "the drop-in changed"
[ -e "$root/etc/dmaragent/refuse-guests" ] || fail "the setting of the hooks is gone"
within "$root" root id games | grep -q dmaragent || fail "the group lost its member"
ok "drop-in, setting and members of the group are as they were"
within "$root" root systemd-analyze verify dmaragent.socket dmaragent.service dmaragent-capture.service \
    --man=no >"$work/said" 2>&1 || fail "systemd-analyze verify: $(cat "$work/said")"
ok "the units are valid with the drop-in"

echo "== the service restarts, as after an upgrade =="
stop_service
start_service
[ "$(ask /v1/inventory)" = "$regions" ] || fail "$version answers otherwise: $(ask /v1/inventory)"
ok "the service of $version has the same regions, from the capture of $older"
guest='{"guest": "name = \"x\"\ntype = \"hvm\"\nmemory = 512\n"}'
[ "$(ask /v1/resolve "$guest")" = "200 starts" ] || fail "resolve: $(ask /v1/resolve "$guest")"
ok "it resolves a guest"
for file in libvirt/hook proxmox/hookscript capture.sh; do
    [ -x "$root/usr/share/dmaragent/$file" ] || fail "$file is not installed, or not executable"
done
ok "the hooks are installed"
stop_service

echo "== back to nothing =="
apt "$root" purge dmaragent
[ ! -e "$root/run/dmaragent-capture" ] || fail "the capture is still there"
left=$(find "$root/usr" "$root/etc" "$root/var/lib/systemd" -name '*dmaragent*' ! -path '*/var/lib/dpkg/*' |
    sed "s|^$root||" | grep -v -x -e /etc/dmaragent -e /etc/systemd/system/dmaragent.service.d \
    -e /etc/systemd/system/sockets.target.wants/dmaragent.socket) || true
[ -z "$left" ] || fail "left after purge: $left"
ok "after purge only the administrator's own files are left"
echo "$TARGET: $passed passed"
