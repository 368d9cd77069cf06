"""The page docs/findings.md, written from the rules (``make docs``)."""

import sys

from dmaragent.checks.all_rules import RULES
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Rule

HEAD = """\
# What `dmaragent check` finds

This page describes every check, in the order in which they run: first those of Intel's table (DMAR),
then those of AMD's (IVRS), whose names begin with `ivrs`, `ivhd` or `ivmd`. A host has one of the
tables, and only its checks run. `make docs` writes the page from the
rules in `src/dmaragent/checks/`. [Findings on real tables](findings-on-real-tables.md) shows what
they find on captured tables. By default, `dmaragent check` prints the effects and the fix of a
finding; `--details` adds the text under "More", the source and the bytes of the table.

- **critical**: it affects every passthrough of the host. A hypervisor switches its IOMMU off, or the
  table cannot be trusted.
- **error**: a region or a device does not work as the firmware intended.
- **warning**: the table is wrong or unwise; the effect depends on the release or the guest.
- **info**, printed as "note": correct or harmless; it explains what other programs show.

A case can be less severe than its rule, for example if the host's release of Xen only warns.
"Strict" and "relaxed" are policies of a device in a guest (`rdm_policy=`). A guest "reserves" the
regions of its own devices, and with `strategy=host` those of the whole host.

| check | severity | what it finds |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    rows = [f"| [{one.id}](#{one.id}) | {one.severity.value} | {one.title} |\n" for one in RULES]
    return HEAD + "".join(rows) + "".join(_section(one) for one in RULES)


def _section(rule: Rule) -> str:
    needs = ", ".join(need.value for need in Need if need in rule.needs)
    lines = (
        f"**{rule.title}.** Severity: {rule.severity.value}. Needs: {needs}.",
        f"- Xen: {rule.xen}\n- Linux: {rule.linux}\n- Fix: {rule.advice}"
        + (f"\n- More: {rule.details}" if rule.details else ""),
        f"Source: {rule.source}.",
    )
    return f"\n## {rule.id}\n\n" + "\n\n".join(map(_plain, lines)) + "\n"


def _plain(text: str) -> str:
    """Escape the characters ``_`` and ``<`` for Markdown."""
    return text.replace("_", "\\_").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(page())
