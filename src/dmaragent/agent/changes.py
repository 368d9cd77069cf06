"""What changed between two moments, a line each.  Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dmaragent.addresses import SBDF
from dmaragent.agent.published import Published
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.present.wording import count
from dmaragent.readings import Missing

MOST_LINES = 32
"""Of one change: more is told as a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that changed, in words, and the fields it is found by in the journal."""

    sentence: str
    fields: Mapping[str, str] = field(default_factory=dict)
    bad: bool = False
    """Whether somebody should look at it."""


def changes(before: Published | None, after: Published) -> tuple[Change, ...]:
    """Say what changed from `before` to `after`; of a first scan, what there is."""
    if before is None:
        return (_first_change(after),)
    differences = [
        *_table(before.inventory, after.inventory),
        *_functions(before.inventory, after.inventory),
        *_findings(before, after),
    ]
    if len(differences) <= MOST_LINES:
        return tuple(differences)
    more = count(len(differences) - MOST_LINES, "more change")
    return (*differences[:MOST_LINES], Change(sentence=f"and {more}: see the inventory"))


def _first_change(after: Published) -> Change:
    inventory = after.inventory
    if isinstance(inventory.table, Missing):
        why = inventory.table.detail or inventory.table.kind.value
        return Change(sentence=f"no DMAR table: {why}", bad=True)
    regions = count(len(inventory.regions), "reserved region")
    findings = count(len(after.checked.findings), "finding")
    return Change(sentence=f"the first inventory: {regions}, {findings}")


def _table(before: Inventory, after: Inventory) -> Iterator[Change]:
    if before.table != after.table:
        has = "gone" if isinstance(after.table, Missing) else "there, or another one"
        yield Change(sentence=f"the DMAR table is {has}", bad=isinstance(after.table, Missing))


def _functions(before: Inventory, after: Inventory) -> Iterator[Change]:
    old, new = _pci_functions(before), _pci_functions(after)
    for sbdf in sorted(old.keys() | new.keys()):
        change = _function_words(old.get(sbdf), new.get(sbdf))
        if change:
            region = _regions(sbdf, after) or _regions(sbdf, before)
            place = f", of region {region}" if region else ""
            yield Change(
                sentence=f"{sbdf} {change}{place}",
                fields={"DMARAGENT_SBDF": str(sbdf), "DMARAGENT_REGION": region},
            )


def _function_words(old: PciFunction | None, new: PciFunction | None) -> str:
    if old is None and new is not None:
        return "came" if new.driver is None else f"came, driver {new.driver}"
    if new is None:
        return "went"
    if old is not None and old.driver != new.driver:
        return f"has driver {new.driver or 'none'}, had {old.driver or 'none'}"
    return ""


def _pci_functions(inventory: Inventory) -> Mapping[SBDF, PciFunction]:
    functions = inventory.host.topology.functions
    return {} if isinstance(functions, Missing) else functions


def _regions(sbdf: SBDF, inventory: Inventory) -> str:
    numbers = [
        str(region.number)
        for region in inventory.all_regions
        if any(owner.sbdf == sbdf for owner in region.owners)
    ]
    return " ".join(numbers)


def _findings(before: Published, after: Published) -> Iterator[Change]:
    old = {finding.key: finding for finding in before.checked.findings}
    new = {finding.key: finding for finding in after.checked.findings}
    appeared, gone = [key for key in new if key not in old], [key for key in old if key not in new]
    for key in [*appeared, *gone]:
        finding = new.get(key) or old[key]
        device = "" if finding.hit.device is None else str(finding.hit.device)
        yield Change(
            sentence=f"{'finding' if key in new else 'no longer a finding'}: "
            f"{finding.severity.value} {finding.rule.id}: {finding.hit.said}",
            fields={"DMARAGENT_FINDING": finding.rule.id, "DMARAGENT_SBDF": device},
            bad=key in new,
        )
