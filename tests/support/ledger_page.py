"""The page docs/ledger.md, written from the ledger (``make docs``)."""

import sys

from dmaragent.collect.ledger import EVIDENCE, LEDGER, XL_DMESG, LedgerEntry

HEAD = """\
# What dmaragent reads

Everything that dmaragent reads from a host, with the reason.  It opens nothing else.  `make docs`
generates this page from `src/dmaragent/collect/ledger.py`.  An empty reading was cut or is damaged,
unless the last column states another meaning.

| operation | path or call | needs root | reading and reason |
|---|---|---|---|
"""

REPORTS = """
## The same readings in the reports of other collectors

A report (of sos, xen-bugtool, hw-probe, supportconfig, ...) is a copied root: dmaragent reads the
copies of the paths above.  If the report lacks a copy, dmaragent takes the reading from another
file of the report.  A name in this table covers every name that collectors use for the output of
that command: `lspci_-nnvv`, `lspci-vv.out`, `Lspci.txt`, `logs/lspci_all`.  These files are at the
top of a report, in `logs/`, `commands/` or `sos_commands/*/`, or in a section of supportconfig's
texts.  Any file that is a DMAR or IVRS table or acpidump text counts too, if it is the only one.
`inventory` names the files that it used.  `why` also reads the whole logs.

| reading | other places; the first one present counts |
|---|---|
"""


def page() -> str:
    """Return the page."""
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
        return " (only `dmaragent dump` and `why`)"
    return " (only `dmaragent dump`)" if entry in EVIDENCE else ""


def _empty(entry: LedgerEntry) -> str:
    """Return the meaning of an empty reading, unless it was cut or is damaged."""
    return f". Empty: {entry.may_be_empty}" if entry.may_be_empty else ""


if __name__ == "__main__":
    sys.stdout.write(page())
