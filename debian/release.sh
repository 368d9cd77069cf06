#!/usr/bin/env bash
# Builds a release into dist/ and tests each part: docs/releasing.md describes the steps before and
# after.  Nothing is uploaded.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() {
    echo "make release: $1" >&2
    echo "Next: docs/releasing.md" >&2
    exit 2
}

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' src/dmaragent/__init__.py)
[ -z "$(git status --porcelain)" ] || refuse "the checkout has changes that are not committed"
grep -q "^## $version ([0-9-]*)$" CHANGELOG.md || refuse "CHANGELOG.md has no dated section $version"
grep -q "^dmaragent ($version) [^U]" debian/changelog ||
    refuse "debian/changelog has no released version $version"

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
rm -rf dist
python3 -m venv "$work/build"
"$work/build/bin/pip" --disable-pip-version-check --quiet install build
"$work/build/bin/python" -m build --outdir dist
debian/build.sh

for file in dist/*.whl dist/*.tar.gz; do
    python3 -m venv "$work/${file##*.}"
    "$work/${file##*.}/bin/pip" --disable-pip-version-check --quiet install "$file"
    shown=$("$work/${file##*.}/bin/dmaragent" --version)
    [ "$shown" = "dmaragent $version" ] || refuse "$file is $shown"
    "$work/${file##*.}/bin/dmaragent" inventory --host testdata/dmar_dumps/hp-dl380e-gen8 >"$work/shown"
    "$work/${file##*.}/bin/dmaragent" report --host testdata/dmar_dumps/hp-dl380e-gen8 >"$work/shown"  # its style and script are files
done
shown=$(dpkg-deb --field "dist/dmaragent_${version}_all.deb" Version)
[ "$shown" = "$version" ] || refuse "the Debian package is $shown"
(cd dist && sha256sum -- * >SHA256SUMS)
cat dist/SHA256SUMS
