"""The changes between two scans, a line each. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.agent import words
from dmaragent.agent.published import Published
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Finding, Rule
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.present.words.numbers import count
from dmaragent.readings import Missing, MissingKind
from fwtables import Decoded, Table

MOST_LINES = 32
"""The most lines about one change; the rest is a number."""


class ChangeKind(Enum):
    """What changed."""

    FIRST = "first-inventory"
    TABLE_CHANGED = "table-changed"
    TABLE_GONE = "table-gone"
    TABLE_ABSENT = "table-absent"
    ADDED = "device-added"
    REMOVED = "device-removed"
    DRIVER = "driver-changed"
    DEVICES_UNKNOWN = "devices-unknown"
    DEVICES_KNOWN = "devices-known"
    FINDING = "finding-appeared"
    NO_FINDING = "finding-gone"
    FINDING_UNKNOWN = "finding-unknown"
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
    """The driver of the devices after the change; None: none or unknown, or it is about something
    else."""
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
        sentence = (words.no_table if _is_absent(inventory.iommu) else words.table_unread)(
            _why(inventory.iommu)
        )
        return Change(kind=ChangeKind.FIRST, sentence=sentence, bad=True)
    regions = inventory.region_count
    findings = count(len(after.checked.findings), "finding")
    sentence = words.first_inventory(regions, findings)
    return Change(kind=ChangeKind.FIRST, sentence=sentence, bad=regions is None)


def _table(before: Inventory, after: Inventory) -> Iterator[Change]:
    gone = isinstance(after.iommu, Missing)
    if isinstance(after.iommu, Missing) and isinstance(before.iommu, Missing):
        if _is_absent(after.iommu) and not _is_absent(before.iommu):
            sentence = words.table_known_absent()
            yield Change(kind=ChangeKind.TABLE_ABSENT, sentence=sentence, bad=True)
        elif _is_absent(before.iommu) and not _is_absent(after.iommu):
            sentence = words.table_unread(_why(after.iommu))
            yield Change(kind=ChangeKind.TABLE_GONE, sentence=sentence, bad=True)
        return  # otherwise only the reason is another one
    if _decoded(before) != _decoded(after):
        kind = ChangeKind.TABLE_GONE if gone else ChangeKind.TABLE_CHANGED
        yield Change(kind=kind, sentence=words.table_changed(gone=gone), bad=gone)


def _is_absent(missing: Missing) -> bool:
    """Return whether there is no table, and not only none that can be read."""
    return missing.kind is MissingKind.ABSENT


def _why(missing: Missing) -> str:
    return missing.detail or missing.kind.value


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
    old, new = before.host.topology.functions, after.host.topology.functions
    if isinstance(new, Missing):
        if not isinstance(old, Missing):
            sentence = words.functions_unknown(_why(new))
            yield Change(kind=ChangeKind.DEVICES_UNKNOWN, sentence=sentence, bad=True)
        return
    if isinstance(old, Missing):
        yield Change(kind=ChangeKind.DEVICES_KNOWN, sentence=words.functions_known())
        return
    owned_before, owned_after = _owned(before), _owned(after)
    moved: dict[_Moved | tuple[SBDF, ChangeKind], tuple[_Moved, list[SBDF]]] = {}
    for sbdf in sorted(old.keys() | new.keys()):
        regions = tuple(owned_after.get(sbdf) or owned_before.get(sbdf, ()))
        for pair in _steps(old.get(sbdf), new.get(sbdf)):
            one = _moved(*pair, regions)
            if one is not None:
                key = (sbdf, one.kind) if one.physical_function is None else one
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


def _steps(
    old: PciFunction | None, new: PciFunction | None
) -> tuple[tuple[PciFunction | None, PciFunction | None], ...]:
    """Return the states to compare: of two devices at one address, one was removed and one added."""
    if old is None or new is None:
        return ((old, new),)
    ids = zip((old.vendor_id, old.device_id), (new.vendor_id, new.device_id), strict=True)
    if any(None not in (was, now) and was != now for was, now in ids):
        return (old, None), (None, new)
    return ((old, new),)


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
    elif old.driver == new.driver or not (old.driver_known and new.driver_known):
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


def _owned(inventory: Inventory) -> Mapping[SBDF, Iterable[int]]:
    """Return the regions of each device that has any, in table order."""
    owned: dict[SBDF, dict[int, None]] = {}
    for region in inventory.all_regions:
        for owner in region.owners:
            if owner.sbdf is not None:
                owned.setdefault(owner.sbdf, {})[region.number] = None
    return owned


def _findings(before: Published, after: Published) -> Iterator[Change]:
    old = {finding.key: finding for finding in before.checked.findings}
    new = {finding.key: finding for finding in after.checked.findings}
    for key, finding in new.items():
        if key not in old:
            yield _finding_change(ChangeKind.FINDING, finding)
    if isinstance(after.inventory.iommu, Missing):
        return  # the line about the table is about all of them
    for key, finding in old.items():
        if key not in new:
            unknown = _may_still_find(finding.rule, before, after)
            kind = ChangeKind.FINDING_UNKNOWN if unknown else ChangeKind.NO_FINDING
            yield _finding_change(kind, finding)


def _may_still_find(rule: Rule, before: Published, after: Published) -> bool:
    """Return whether `rule` finds less after than before because less is known."""
    table = after.inventory.iommu
    if isinstance(table, Missing) or table.hides_structures:
        return True
    lost = _unknown_needs(after) - _unknown_needs(before)
    not_asked = {name for skipped in after.checked.not_asked for name in skipped.rules}
    return rule.id in not_asked or bool(rule.uses & lost)


def _unknown_needs(published: Published) -> frozenset[Need]:
    return frozenset(skipped.need for skipped in published.checked.not_asked)


def _finding_change(kind: ChangeKind, finding: Finding) -> Change:
    told = f"{finding.severity.value} {finding.rule.id}: {finding.hit.message}"
    sentences = {
        ChangeKind.FINDING: words.finding_new(told),
        ChangeKind.NO_FINDING: words.finding_gone(told),
        ChangeKind.FINDING_UNKNOWN: words.finding_unknown(told),
    }
    return Change(
        kind=kind,
        sentence=sentences[kind],
        devices=() if finding.hit.device is None else (finding.hit.device,),
        finding=finding,
        bad=kind is not ChangeKind.NO_FINDING,
    )
