"""The rule about what the kernel's boot log says of the DMAR that the firmware wrote."""

import re
from collections.abc import Iterator

from dmaragent.checks.common import regions
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.findings import range_evidence
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd import damage, ranges, references, scopes, table, units
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.inventory import Region
from dmaragent.messages import recogniser
from dmaragent.messages.findings import FINDINGS

_BUG = re.compile(
    r"(?:\[Firmware Bug\]: *|(?=Your BIOS is broken))"
    r"(?P<words>.*(?:RMRR|DMAR|DRHD|RHSA|ANDD|iommu|Record passes table end).*)"
)
_RANGE = re.compile(r"\[(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})\]")
_RULES = {
    one.id: one
    for module in (damage, ranges, references, table, units, regions, scopes)
    for one in module.RULES
}
"""The rules that may say the same as the kernel; :data:`FINDINGS` tells which."""


@rule(
    "firmware-bug-logged",
    Severity.WARNING,
    "The kernel complains of the firmware",
    xen="Not Xen's word but Linux': see the other findings for what Xen makes of it.",
    linux="See the message.",
    advice="Update the firmware, and report the message to the vendor.",
    source="Linux intel/dmar.c, intel/iommu.c and intel/irq_remapping.c, FW_BUG",
    needs=(Need.BOOT_LOG,),
)
def firmware_bug(facts: TableFacts) -> Iterator[Hit]:
    """Find what the kernel says of firmware bugs about the IOMMU, each message once."""
    seen = (_BUG.search(line) for line in facts.boot_log or ())
    reader = recogniser()
    for words in dict.fromkeys(found["words"].strip() for found in seen if found):
        meant = [one.message for one in reader.recognise(words).found]
        linux = f"{meant[0].title}." if meant else ""
        same = list(_agreeing(facts, meant[0].id)) if meant else []
        also = f" That agrees with {', '.join(same)}." if same else ""
        region = _meant_region(facts, words)
        if region is not None:
            also = f" That is region {region.number}."
        yield Hit(
            message=f'The kernel says: "{words}".{also}',
            subject=words,
            linux=linux,
            region=None if region is None else region.number,
            evidence=() if region is None else range_evidence(facts, region),
        )


def _agreeing(facts: TableFacts, message: str) -> Iterator[str]:
    """Name the rules that stand behind a message and find something here, too."""
    for name in FINDINGS.get(message, ()):
        if name in _RULES and any(True for _ in _RULES[name].find(facts)):
            yield name


def _meant_region(facts: TableFacts, words: str) -> Region | None:
    """Find the region that a message names by its addresses."""
    found = _RANGE.search(words)
    if found is None:
        return None
    bounds = int(found[1], 16), int(found[2], 16)
    return next(
        (one for one in facts.inventory.all_regions if (one.first, one.last) == bounds), None
    )


RULES: tuple[Rule, ...] = (firmware_bug,)
