"""The page docs/ledger.md, written from the ledger (``make docs``)."""

import sys

from dmaragent.collect.ledger import LEDGER

HEAD = """\
# What dmaragent reads

Everything it reads of a host, and why; nothing else is opened.  Written from
`src/dmaragent/collect/ledger.py` by `make docs`.

| what | where | root | why |
|---|---|---|---|
"""


def page() -> str:
    """Give the page."""
    rows = [
        f"| {each.operation.value} | `{each.path.replace('{}', '…')}` | "
        f"{'yes' if each.needs_root else ''} | {each.reason} |\n"
        for each in LEDGER
    ]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
