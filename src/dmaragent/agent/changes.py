"""What changed between two moments, a line each.  Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dmaragent.addresses import SBDF
from dmaragent.agent.model import Published
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.present.wording import count
from dmaragent.readings import Missing
from fwtables import Decoded

MOST_LINES = 32
"""Of one change: more is told as a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that changed, in words, and the fields it is found by in the journal."""

    said: str
    fields: Mapping[str, str] = field(default_factory=dict)
    bad: bool = False
    """Whether somebody should look at it."""


def changes(before: Published | None, after: Published) -> tuple[Change, ...]:
    """Say what changed from `before` to `after`; of a first scan, what there is."""
    if before is None:
        return (_first(after),)
    found = [
        *_table(before.inventory, after.inventory),
        *_functions(before.inventory, after.inventory),
        *_findings(before, after),
    ]
    if len(found) <= MOST_LINES:
        return tuple(found)
    more = count(len(found) - MOST_LINES, "more change")
    return (*found[:MOST_LINES], Change(said=f"and {more}: see the inventory"))


def _first(after: Published) -> Change:
    inventory = after.inventory
    if isinstance(inventory.iommu, Missing):
        why = inventory.iommu.detail or inventory.iommu.kind.value
        return Change(said=f"no DMAR table: {why}", bad=True)
    regions = count(len(inventory.regions), "reserved region")
    findings = count(len(after.checked.findings), "finding")
    return Change(said=f"the first inventory: {regions}, {findings}")


def _table(before: Inventory, after: Inventory) -> Iterator[Change]:
    if _decoded(before) != _decoded(after):
        has = "gone" if isinstance(after.iommu, Missing) else "there, or another one"
        yield Change(said=f"the DMAR table is {has}", bad=isinstance(after.iommu, Missing))


def _decoded(inventory: Inventory) -> Decoded | Missing:
    """Return the table itself, apart from where its paths lead on the host."""
    return inventory.iommu if isinstance(inventory.iommu, Missing) else inventory.iommu.decoded


def _functions(before: Inventory, after: Inventory) -> Iterator[Change]:
    old, new = _known(before), _known(after)
    for sbdf in sorted(old.keys() | new.keys()):
        said = _function_words(old.get(sbdf), new.get(sbdf))
        if said:
            region = _regions(sbdf, after) or _regions(sbdf, before)
            place = f", of region {region}" if region else ""
            yield Change(
                said=f"{sbdf} {said}{place}",
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


def _known(inventory: Inventory) -> Mapping[SBDF, PciFunction]:
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
    old = {each.key: each for each in before.checked.findings}
    new = {each.key: each for each in after.checked.findings}
    for key in [*(one for one in new if one not in old), *(one for one in old if one not in new)]:
        finding = new.get(key) or old[key]
        device = "" if finding.hit.device is None else str(finding.hit.device)
        yield Change(
            said=f"{'finding' if key in new else 'no longer a finding'}: "
            f"{finding.severity.value} {finding.rule.id}: {finding.hit.said}",
            fields={"DMARAGENT_FINDING": finding.rule.id, "DMARAGENT_SBDF": device},
            bad=key in new,
        )
