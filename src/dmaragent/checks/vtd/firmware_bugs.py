"""The rule about messages in the boot log that blame the firmware for its DMAR."""

import re
from collections.abc import Iterator

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.findings import range_evidence
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd import damage, overlaps, references, regions, scopes, table, units
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.inventory import Region
from dmaragent.messages import recogniser
from dmaragent.messages.findings import FINDINGS

_BUG = re.compile(
    r"(?:\[Firmware Bug\]: *|(?=Your BIOS is broken))"
    r"(?P<words>.*(?:RMRR|DMAR|DRHD|RHSA|ANDD|iommu|Record passes table end).*)"
)
_QUOTED = 70
"""Characters of a message that are quoted in the short form."""
_RANGE = re.compile(r"\[(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})\]")
_RULES = {
    one.id: one
    for module in (damage, overlaps, references, table, units, regions, scopes)
    for one in module.RULES
}
"""The rules that may confirm a message of the kernel, by :data:`FINDINGS`."""


@rule(
    "firmware-bug-logged",
    Severity.WARNING,
    "The kernel reports a firmware bug",
    xen="This is Linux's message. For the effect on Xen, see the other findings.",
    linux="See the message.",
    advice="Update the firmware, and report the message to the vendor.",
    source="Linux intel/dmar.c, intel/iommu.c and intel/irq_remapping.c, FW_BUG",
    needs=(Need.BOOT_LOG,),
)
def firmware_bug(facts: TableFacts) -> Iterator[Hit]:
    """Find the kernel's messages about firmware bugs of the IOMMU, each once."""
    seen = (_BUG.search(line) for line in facts.boot_log or ())
    reader = recogniser()
    for words in dict.fromkeys(found["words"].strip() for found in seen if found):
        meant = [one.message for one in reader.recognise(words).found]
        linux = f"{meant[0].title}." if meant else ""
        same = list(_agreeing(facts, meant[0].id)) if meant else []
        also = f" This agrees with {', '.join(same)}." if same else ""
        region = _meant_region(facts, words)
        if region is not None:
            also += f" This is region {region.number}."
        yield Hit(
            message=f'The kernel prints: "{words}".{also}',
            brief=f'"{words[:_QUOTED]}{"…"[: len(words) > _QUOTED]}".{also}',
            subject=words,
            linux=linux,
            region=None if region is None else region.number,
            evidence=() if region is None else range_evidence(facts, region),
        )


def _agreeing(facts: TableFacts, message: str) -> Iterator[str]:
    """Yield the rules for the cause of a message that also find something here."""
    for name in FINDINGS.get(message, ()):
        if name in _RULES and any(True for _ in _RULES[name].find(facts)):
            yield name


def _meant_region(facts: TableFacts, words: str) -> Region | None:
    """Return the region that a message names by its addresses; None if it names none."""
    found = _RANGE.search(words)
    if found is None:
        return None
    bounds = int(found[1], 16), int(found[2], 16)
    return next(
        (one for one in facts.inventory.all_regions if (one.first, one.last) == bounds), None
    )


RULES: tuple[Rule, ...] = (firmware_bug,)
