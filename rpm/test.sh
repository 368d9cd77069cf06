#!/usr/bin/env bash
# Builds the RPM with Debian's rpmbuild, looks at it with rpmlint, and installs it into a scratch
# root without its dependencies. It was not tried on Fedora or Qubes.
#
#     rpm/test.sh
#
# If a tool is missing it says so and does nothing; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C.UTF-8

lacks() {
    echo "make rpm-test: skipped: $1" >&2
    [ "${CI:-}" != true ] || exit 1
    exit 0
}
for tool in rpmbuild rpmlint; do
    command -v $tool >/dev/null || lacks "$tool is not installed"
done
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
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/dmaragent/__init__.py)

echo "== the package =="
python3 -m venv "$work/python"
"$work/python/bin/pip" --disable-pip-version-check --quiet install 'hatchling>=1.12'
mkdir -p "$work/SOURCES" "$work/dmaragent-$version"
tar --create --exclude=__pycache__ CHANGELOG.md LICENSE README.md SECURITY.md cockpit completions docs \
    integrations parsers pyproject.toml src systemd sysusers.d testdata/dmar_dumps/hp-dl380e-gen8 |
    tar --extract --directory "$work/dmaragent-$version"
tar --create --gzip --file "$work/SOURCES/dmaragent-$version.tar.gz" --directory "$work" \
    "dmaragent-$version"
macros=$(rpm --eval '%{_rpmconfigdir}')/macros
if ! rpmbuild --load "$PWD/rpm/fedora.macros" --macros "$macros:$PWD/rpm/fedora.macros" \
    --define "_topdir $work" --define "__dmaragent_python $work/python/bin/python" \
    --define "dmaragent_version $version" --nodeps -bb rpm/dmaragent.spec >"$work/log" 2>&1; then
    tail -n 40 "$work/log" >&2
    fail "rpmbuild does not build the package"
fi
package=$(ls "$work"/RPMS/noarch/dmaragent-"$version"-*.rpm)
page=$(ls "$work"/RPMS/noarch/dmaragent-cockpit-*.rpm)
ok "rpmbuild builds ${package##*/}"
[ "$(rpm --query --package --queryformat '%{ARCH}' "$package")" = noarch ] || fail "it is not noarch"
requires=$(rpm --query --package --requires "$package")
for name in construct h11 psutil pyudev; do
    grep -q "^python3-$name" <<<"$requires" || fail "it does not require python3-$name"
done
ok "it requires what pyproject.toml does"
requires=$(rpm --query --package --requires "$page")
for name in cockpit-bridge dmaragent; do
    grep -q "^$name .*=" <<<"$requires" || fail "the page does not require $name"
done
ok "the page for Cockpit requires cockpit-bridge and dmaragent"
rpmlint --config rpm/rpmlint.toml "$package" "$page" >"$work/lint" 2>&1 || {
    cat "$work/lint" >&2
    fail "rpmlint finds errors"
}
ok "rpmlint: $(tail -n 1 "$work/lint" | sed 's/^ *//')"

echo "== installed into a scratch root =="
root=$work/root
mkdir -p "$root"
rpm --root "$root" --dbpath /rpmdb --nodeps --noscripts --ignorearch --install "$package" "$page"
ok "it installs"
for file in usr/bin/dmaragent usr/share/man/man8/dmaragent.8 usr/lib/sysusers.d/dmaragent.conf \
    usr/lib/systemd/system/dmaragent.service usr/share/bash-completion/completions/dmaragent \
    usr/share/dmaragent/capture.sh usr/share/cockpit/dmaragent/manifest.json; do
    [ -e "$root/$file" ] || [ -e "$root/$file.gz" ] || fail "/$file is missing"
done
ok "program, manual, completion, units, the user's definition, capture.sh and the page are in place"
head -n 1 "$root/usr/bin/dmaragent" | grep -qx '#!/usr/bin/python3 -I' || fail "it runs without -I"
"$work/python/bin/pip" --disable-pip-version-check --quiet install construct h11 psutil pyudev
run() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/usr/lib/python3.11/site-packages \
        "$work/python/bin/python" "$root/usr/bin/dmaragent" "$@"
}
[ "$(run --version)" = "dmaragent $version" ] || fail "--version shows another version"
run demo >"$work/shown" || fail "dmaragent demo exits with $?"
ok "the program starts and shows its demo"
rpm --root "$root" --dbpath /rpmdb --noscripts --erase dmaragent-cockpit dmaragent
left=$(find "$root/usr" -type f | head -n 3)
[ -z "$left" ] || fail "it leaves files behind: $left"
ok "removed, it leaves nothing behind"
echo "make rpm-test: $passed checks passed"
