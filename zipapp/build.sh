#!/usr/bin/env bash
# Builds dist/dmaragent.pyz: one file that answers from bundles and tables wherever a Python is.
#
#     zipapp/build.sh [FOLDER]
#
# It has construct within, but neither psutil nor pyudev: it reads no running machine.
set -euo pipefail
cd "$(dirname "$0")/.."

destination=${1:-dist}
work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
mkdir -p "$destination"
python3 -m venv "$work/python"
"$work/python/bin/pip" --disable-pip-version-check --quiet install --target "$work/app" \
    --no-deps --no-compile . "$(grep -o 'construct>=[0-9.]*' pyproject.toml)"
# The machine of `dmaragent demo` has thousands of small files; whoever runs this has a bundle.
# The schemas are read as files, which a zip has none of; capture.sh is read from it.
rm -rf "$work"/app/dmaragent/data/{demo,schema} "$work/app/bin" "$work/app/share" "$work"/app/*.dist-info
rm -rf "$work/app/construct/examples"
cat >"$work/app/__main__.py" <<'EOF'
import sys

from dmaragent.cli import main

sys.exit(main(sys.argv[1:]))
EOF
# Docstrings and comments are half of the sources, and nothing reads them at run time.
"$work/python/bin/python" - "$work/app" <<'EOF'
import ast
import pathlib
import sys


def stripped(source: str) -> str:
    """Return a module without its comments and the strings that are statements."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [
                item
                for item in body
                if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
            ] or [ast.Pass()]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


for path in pathlib.Path(sys.argv[1]).rglob("*.py"):
    path.write_text(stripped(path.read_text("utf-8")), "utf-8")
EOF
find "$work/app" -exec touch --date=@315532800 {} +    # the same sources give the same file
"$work/python/bin/python" -m zipapp --compress --python "/usr/bin/env python3" \
    --output "$destination/dmaragent.pyz" "$work/app"
chmod 755 "$destination/dmaragent.pyz"
ls -l "$destination/dmaragent.pyz"
