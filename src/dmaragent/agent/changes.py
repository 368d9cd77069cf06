"""The changes between two scans, a line each. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.agent import words
from dmaragent.agent.published import Published
from dmaragent.checks.common.model import Finding
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.present.words.numbers import count
from dmaragent.readings import Missing
from fwtables import Decoded, Table

MOST_LINES = 32
"""The most lines about one change; the rest is a number."""


class ChangeKind(Enum):
    """What changed."""

    FIRST = "first-inventory"
    TABLE_CHANGED = "table-changed"
    TABLE_GONE = "table-gone"
    ADDED = "device-added"
    REMOVED = "device-removed"
    DRIVER = "driver-changed"
    FINDING = "finding-appeared"
    NO_FINDING = "finding-gone"
    MORE = "more-changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change as a sentence, with its facts."""

    kind: ChangeKind
    sentence: str
    devices: tuple[SBDF, ...] = ()
    """The functions that it is about: several, if virtual functions changed alike."""
    physical_function: SBDF | None = None
    """For virtual functions: their physical function."""
    regions: tuple[int, ...] = ()
    """The numbers of the reserved regions of the devices."""
    driver: str | None = None
    """The driver of the devices after the change; None: none, or it is about something else."""
    driver_before: str | None = None
    finding: Finding | None = None
    bad: bool = False
    """Whether the administrator should look at it."""

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of the journal, their names in capitals."""
        found = {
            "DMARAGENT_SBDF": " ".join(map(str, self.devices)),
            "DMARAGENT_REGION": " ".join(map(str, self.regions)),
            "DMARAGENT_FINDING": "" if self.finding is None else self.finding.rule.id,
        }
        return {name: value for name, value in found.items() if value}


def changes(
    before: Published | None, after: Published, most: int | None = MOST_LINES
) -> tuple[Change, ...]:
    """Return the changes from `before` to `after`, at most `most`; for a first scan, a summary."""
    if before is None:
        return (_first_change(after),)
    differences = [
        *_table(before.inventory, after.inventory),
        *_functions(before.inventory, after.inventory),
        *_findings(before, after),
    ]
    if most is None or len(differences) <= most:
        return tuple(differences)
    more = words.more_changes(count(len(differences) - most, "more change"))
    return (*differences[:most], Change(kind=ChangeKind.MORE, sentence=more))


def _first_change(after: Published) -> Change:
    inventory = after.inventory
    if isinstance(inventory.iommu, Missing):
        why = inventory.iommu.detail or inventory.iommu.kind.value
        return Change(kind=ChangeKind.FIRST, sentence=words.no_table(why), bad=True)
    regions = count(len(inventory.regions), "reserved region")
    findings = count(len(after.checked.findings), "finding")
    return Change(kind=ChangeKind.FIRST, sentence=words.first_inventory(regions, findings))


def _table(before: Inventory, after: Inventory) -> Iterator[Change]:
    if _decoded(before) != _decoded(after):
        gone = isinstance(after.iommu, Missing)
        kind = ChangeKind.TABLE_GONE if gone else ChangeKind.TABLE_CHANGED
        yield Change(kind=kind, sentence=words.table_changed(gone=gone), bad=gone)


def _decoded(inventory: Inventory) -> Decoded[Table] | Missing:
    """Return the table without the paths of its device scopes on the host."""
    return inventory.iommu if isinstance(inventory.iommu, Missing) else inventory.iommu.decoded


class _Moved(NamedTuple):
    """A change of one function; virtual functions with an equal one share a line."""

    kind: ChangeKind
    driver: str | None
    driver_before: str | None
    physical_function: SBDF | None
    regions: tuple[int, ...]


def _functions(before: Inventory, after: Inventory) -> Iterator[Change]:
    old, new = _pci_functions(before), _pci_functions(after)
    moved: dict[_Moved | SBDF, tuple[_Moved, list[SBDF]]] = {}
    for sbdf in sorted(old.keys() | new.keys()):
        regions = _regions(sbdf, after) or _regions(sbdf, before)
        one = _moved(old.get(sbdf), new.get(sbdf), regions)
        if one is not None:
            key = sbdf if one.physical_function is None else one
            moved.setdefault(key, (one, []))[1].append(sbdf)
    for one, devices in moved.values():
        yield Change(
            kind=one.kind,
            sentence=_function_words(one, devices),
            devices=tuple(devices),
            physical_function=one.physical_function,
            regions=one.regions,
            driver=one.driver,
            driver_before=one.driver_before,
        )


def _moved(
    old: PciFunction | None, new: PciFunction | None, regions: tuple[int, ...]
) -> _Moved | None:
    """Return what changed between the function before and after; None if nothing did."""
    present = new or old
    if present is None:
        return None
    kind = ChangeKind.DRIVER
    if old is None or new is None:
        kind = ChangeKind.ADDED if old is None else ChangeKind.REMOVED
    elif old.driver == new.driver:
        return None
    return _Moved(
        kind=kind,
        driver=None if new is None else new.driver,
        driver_before=None if old is None else old.driver,
        physical_function=present.physical_function,
        regions=regions,
    )


def _function_words(one: _Moved, devices: Sequence[SBDF]) -> str:
    many = len(devices) > 1
    if one.kind is ChangeKind.ADDED:
        change = words.function_came(one.driver, many=many)
    elif one.kind is ChangeKind.REMOVED:
        change = words.function_went(many=many)
    else:
        change = words.driver_changed(one.driver_before, one.driver, many=many)
    what = str(devices[0])
    if many:
        what = words.virtual_functions(len(devices), str(one.physical_function))
    return words.function_changed(what, change, one.regions)


def _pci_functions(inventory: Inventory) -> Mapping[SBDF, PciFunction]:
    functions = inventory.host.topology.functions
    return {} if isinstance(functions, Missing) else functions


def _regions(sbdf: SBDF, inventory: Inventory) -> tuple[int, ...]:
    return tuple(
        region.number
        for region in inventory.all_regions
        if any(owner.sbdf == sbdf for owner in region.owners)
    )


def _findings(before: Published, after: Published) -> Iterator[Change]:
    old = {finding.key: finding for finding in before.checked.findings}
    new = {finding.key: finding for finding in after.checked.findings}
    appeared, gone = [key for key in new if key not in old], [key for key in old if key not in new]
    for key in [*appeared, *gone]:
        finding = new.get(key) or old[key]
        yield Change(
            kind=ChangeKind.FINDING if key in new else ChangeKind.NO_FINDING,
            sentence=words.finding_changed(
                f"{finding.severity.value} {finding.rule.id}: {finding.hit.message}",
                appeared=key in new,
            ),
            devices=() if finding.hit.device is None else (finding.hit.device,),
            finding=finding,
            bad=key in new,
        )
