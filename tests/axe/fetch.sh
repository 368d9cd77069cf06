#!/bin/sh
# Fetch axe-core into build/axe: the tests of the report check accessibility with it.
#
# It takes 4 MB of download and a few seconds. Nothing of it is part of this repository or of the
# package.
set -eu

folder=$(cd "$(dirname "$0")/../.." && pwd)/build/axe
mkdir -p "$folder"
npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts axe-core@4.14.1
