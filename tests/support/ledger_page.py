"""The page docs/ledger.md, written from the ledger (``make docs``)."""

import sys

from dmaragent.collect.ledger import EVIDENCE, LEDGER, Entry

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
        f"{'yes' if each.needs_root else ''} | {each.reason}{_by(each)} |\n"
        for each in LEDGER
    ]
    return HEAD + "".join(rows)


def _by(entry: Entry) -> str:
    return " (`dmaragent dump` alone)" if entry in EVIDENCE else ""


if __name__ == "__main__":
    sys.stdout.write(page())
