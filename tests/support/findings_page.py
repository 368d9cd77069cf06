"""The page docs/findings.md, written from the rules (``make docs``)."""

import sys

from dmaragent.checks import RULES
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Rule

HEAD = """\
# What `dmaragent check` finds

Every rule under its id.  Written from `src/dmaragent/checks/` by `make docs`; what the rules
find on real tables is in [findings-on-real-tables.md](findings-on-real-tables.md).

- **critical**: all passthrough of the host is concerned.  A hypervisor switches its IOMMU off,
  or the table cannot be trusted.
- **error**: a region or a device does not get what the firmware meant for it.
- **warning**: the table is wrong or unwise, and what comes of it depends on release or guest.
- **info**: not wrong, or harmless; it explains what is seen elsewhere.

A case may be less bad than its rule, where the host's release is known to do less.

| rule | severity | what it finds |
|---|---|---|
"""


def page() -> str:
    """Give the page."""
    rows = [f"| [{one.id}](#{one.id}) | {one.severity.value} | {one.title} |\n" for one in RULES]
    return HEAD + "".join(rows) + "".join(_section(one) for one in RULES)


def _section(rule: Rule) -> str:
    needs = ", ".join(need.value for need in Need if need in rule.needs)
    lines = (
        f"**{rule.title}.** Severity: {rule.severity.value}.  Needs: {needs}.",
        f"- Xen: {rule.xen}\n- Linux: {rule.linux}\n- What to do: {rule.advice}",
        f"Source: {rule.source}.",
    )
    return f"\n## {rule.id}\n\n" + "\n\n".join(map(_plain, lines)) + "\n"


def _plain(text: str) -> str:
    """Keep a marked-down line from taking ``_`` and ``<`` for its own."""
    return text.replace("_", "\\_").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(page())
