"""The page docs/ledger.md, written from the ledger (``make docs``)."""

import sys

from dmaragent.collect.ledger import EVIDENCE, LEDGER, XL_DMESG, LedgerEntry

HEAD = """\
# What dmaragent reads

Everything it reads of a host, and why; nothing else is opened.  Written from
`src/dmaragent/collect/ledger.py` by `make docs`.  A reading that is there and empty was cut or is
damaged, unless the last column says what it means.

| what | where | root | why |
|---|---|---|---|
"""

REPORTS = """
## The same readings in the reports of other collectors

A report (of sos, xen-bugtool, hw-probe, supportconfig, ...) is a copied root: what it copied from
the paths above is read there.  If it did not copy a file, dmaragent takes the reading from another
file of the report that has it.  A name stands for all that collectors call the output of that
command: `lspci_-nnvv`, `lspci-vv.out`, `Lspci.txt`, `logs/lspci_all`.  These files are at the top
of a report, in `logs/`, `commands/` or `sos_commands/*/`, or are a section of supportconfig's
texts.  Any file that is a DMAR table or acpidump text counts, too, if it is the only one.
`inventory` names the files it used.  `why` also reads the whole logs.

| reading | other places, the first that has it counts |
|---|---|
"""


def page() -> str:
    """Give the page."""
    rows = [
        f"| {each.operation.value} | `{each.path.replace('{}', '…')}` | "
        f"{'yes' if each.needs_root else ''} | {each.reason}{_by(each)}{_empty(each)} |\n"
        for each in LEDGER
    ]
    places = [
        f"| `{each.path.replace('{}', '…')}` | {', '.join(f'`{file}`' for file in each.elsewhere)} |\n"
        for each in LEDGER
        if each.elsewhere
    ]
    return HEAD + "".join(rows) + REPORTS + "".join(places)


def _by(entry: LedgerEntry) -> str:
    if entry is XL_DMESG:
        return " (`dmaragent dump` and `why` alone)"
    return " (`dmaragent dump` alone)" if entry in EVIDENCE else ""


def _empty(entry: LedgerEntry) -> str:
    """Return what an empty reading means; of all others an empty one was cut or is damaged."""
    return f". Empty: {entry.may_be_empty}" if entry.may_be_empty else ""


if __name__ == "__main__":
    sys.stdout.write(page())
