"""The changes between two scans, a line each. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dmaragent.addresses import SBDF
from dmaragent.agent import words
from dmaragent.agent.published import Published
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.present.words.numbers import count
from dmaragent.readings import Missing
from fwtables import Decoded, Table

MOST_LINES = 32
"""The most lines about one change; the rest is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change as a sentence, with its fields for the journal."""

    sentence: str
    fields: Mapping[str, str] = field(default_factory=dict)
    bad: bool = False
    """Whether the administrator should look at it."""


def changes(before: Published | None, after: Published) -> tuple[Change, ...]:
    """Return the changes from `before` to `after`; for a first scan, a summary."""
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
    return (*differences[:MOST_LINES], Change(sentence=words.more_changes(more)))


def _first_change(after: Published) -> Change:
    inventory = after.inventory
    if isinstance(inventory.iommu, Missing):
        why = inventory.iommu.detail or inventory.iommu.kind.value
        return Change(sentence=words.no_table(why), bad=True)
    regions = count(len(inventory.regions), "reserved region")
    findings = count(len(after.checked.findings), "finding")
    return Change(sentence=words.first_inventory(regions, findings))


def _table(before: Inventory, after: Inventory) -> Iterator[Change]:
    if _decoded(before) != _decoded(after):
        gone = isinstance(after.iommu, Missing)
        yield Change(sentence=words.table_changed(gone=gone), bad=gone)


def _decoded(inventory: Inventory) -> Decoded[Table] | Missing:
    """Return the table without the paths of its device scopes on the host."""
    return inventory.iommu if isinstance(inventory.iommu, Missing) else inventory.iommu.decoded


def _functions(before: Inventory, after: Inventory) -> Iterator[Change]:
    old, new = _pci_functions(before), _pci_functions(after)
    for sbdf in sorted(old.keys() | new.keys()):
        change = _function_words(old.get(sbdf), new.get(sbdf))
        if change:
            region = _regions(sbdf, after) or _regions(sbdf, before)
            yield Change(
                sentence=words.function_changed(str(sbdf), change, region),
                fields={"DMARAGENT_SBDF": str(sbdf), "DMARAGENT_REGION": region},
            )


def _function_words(old: PciFunction | None, new: PciFunction | None) -> str:
    if old is None and new is not None:
        return words.function_came(new.driver)
    if new is None:
        return words.function_went()
    if old is not None and old.driver != new.driver:
        return words.driver_changed(old.driver, new.driver)
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
            sentence=words.finding_changed(
                f"{finding.severity.value} {finding.rule.id}: {finding.hit.message}",
                appeared=key in new,
            ),
            fields={"DMARAGENT_FINDING": finding.rule.id, "DMARAGENT_SBDF": device},
            bad=key in new,
        )
