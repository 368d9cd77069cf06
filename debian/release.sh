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

rm -rf dist
tests/distribution.sh dist
debian/build.sh
zipapp/build.sh dist
shown=$(dpkg-deb --field "dist/dmaragent_${version}_all.deb" Version)
[ "$shown" = "$version" ] || refuse "the Debian package is $shown"
(cd dist && sha256sum -- * >SHA256SUMS)
cat dist/SHA256SUMS
