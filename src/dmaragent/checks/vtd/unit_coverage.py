"""Rules about which unit serves which device: INCLUDE_PCI_ALL, devices without a unit, idle units."""

from collections.abc import Iterator
from itertools import groupby, pairwise

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import MOST_TOLD, rule, some
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field, scope_field
from dmaragent.checks.vtd.subjects import PCI_SCOPES, ScopeEntry, subject_of
from dmaragent.host.topology import PciFunction
from fwtables import DRHD
from fwtables.dmar.constants import ScopeType

_LAST_SEGMENT = 0xFFFF
"""The table has 16 bits for a segment; Linux gives devices behind VMD higher numbers."""
_HOST_BRIDGE = 0x0600
_UPDATE = "Update the firmware, and report it to the vendor."
_MATCH = (
    "Xen vtd/dmar.c, acpi_find_matched_drhd_unit; Linux intel/dmar.c, dmar_find_matched_drhd_unit"
)
_ENUMERATED = (ScopeType.IOAPIC, ScopeType.MSI_CAPABLE_HPET, ScopeType.ACPI_NAMESPACE_DEVICE)
"""Scope entries that identify a device by a number and not by its path."""


def _flags(facts: TableFacts, offset: int, drhd: DRHD) -> Evidence:
    words = "INCLUDE_PCI_ALL" if drhd.include_pci_all else "no INCLUDE_PCI_ALL"
    return field(facts, offset, drhd, "flags", f"{drhd.flags:#x}: {words}")


def _by_segment(facts: TableFacts) -> Iterator[tuple[int, list[tuple[int, DRHD]]]]:
    """Yield the units of each segment, in table order."""
    units = sorted(facts.of(DRHD), key=lambda unit: unit[1].segment_number)
    for segment, members in groupby(units, key=lambda unit: unit[1].segment_number):
        yield segment, list(members)


def _segments_with_several(facts: TableFacts) -> Iterator[tuple[int, Hit]]:
    for segment, units in _by_segment(facts):
        alls = [unit for unit in units if unit[1].include_pci_all]
        if len(alls) > 1:
            names = some([subject_of(drhd) for _, drhd in alls])
            yield (
                segment,
                Hit(
                    message=f"Segment {segment:#x} has {len(alls)} units with INCLUDE_PCI_ALL: {names}.",
                    brief=f"Segment {segment:#x} has {len(alls)} units with INCLUDE_PCI_ALL.",
                    subject=f"segment {segment:#x}: {names}",
                    evidence=tuple(_flags(facts, *unit) for unit in alls[:MOST_TOLD]),
                ),
            )


@rule(
    "several-include-all",
    Severity.CRITICAL,
    "Several units of segment 0 have INCLUDE_PCI_ALL",
    xen="Xen switches VT-d off (EINVAL): no device can be passed through.",
    linux="Linux gives the first one all devices that no scope names.",
    advice=_UPDATE,
    source="VT-d 8.3; Xen vtd/dmar.c, acpi_parse_one_drhd; Linux intel/dmar.c, "
    "dmar_register_drhd_unit",
)
def several_include_all(facts: TableFacts) -> Iterator[Hit]:
    """Find a second catch-all unit in segment 0."""
    yield from (hit for segment, hit in _segments_with_several(facts) if segment == 0)


@rule(
    "several-include-all-elsewhere",
    Severity.WARNING,
    "Several units of a segment other than 0 have INCLUDE_PCI_ALL",
    xen="Xen gives the last one all devices that no scope names.",
    linux="Linux gives them to the first one.",
    advice=f"{_UPDATE} The wrong unit may serve devices of the segment.",
    details="Xen rejects several such units in segment 0 alone.",
    source=f"VT-d 8.3; {_MATCH}",
)
def several_elsewhere(facts: TableFacts) -> Iterator[Hit]:
    """Find a second catch-all unit in another segment."""
    yield from (hit for segment, hit in _segments_with_several(facts) if segment != 0)


@rule(
    "include-all-not-last",
    Severity.INFO,
    "The unit with INCLUDE_PCI_ALL is not the last of its segment",
    xen="No effect: Xen moves it to the end.",
    linux="No effect: Linux moves it to the end.",
    advice="No action needed. Report it to the firmware's vendor.",
    source="VT-d 8.3; Xen vtd/dmar.c, acpi_register_drhd_unit; Linux intel/dmar.c, "
    "dmar_register_drhd_unit",
)
def include_all_not_last(facts: TableFacts) -> Iterator[Hit]:
    """Find a catch-all unit before a unit that is not one."""
    for _, units in _by_segment(facts):
        for (offset, drhd), (_, after) in pairwise(units):
            if drhd.include_pci_all and not after.include_pci_all:
                yield Hit(
                    message=f"{subject_of(drhd)} is before {subject_of(after)}.",
                    subject=subject_of(drhd),
                    evidence=(_flags(facts, offset, drhd),),
                )


@rule(
    "no-include-all",
    Severity.INFO,
    "No unit of a segment has INCLUDE_PCI_ALL",
    xen="A device that no scope names has no unit: Xen refuses it (ENODEV).",
    linux="Linux gives such a device no IOMMU group: VFIO cannot use it.",
    advice="No action needed while every device has a unit (see device-without-unit). Devices added "
    "later may have none.",
    details="A device behind a bridge that no scope names may have no unit either.",
    source=f"VT-d 8.3; {_MATCH}",
)
def no_include_all(facts: TableFacts) -> Iterator[Hit]:
    """Find segments without a catch-all unit."""
    for segment, units in _by_segment(facts):
        if not any(drhd.include_pci_all for _, drhd in units):
            whose = f"None of the {len(units)} units" if len(units) > 1 else "The only unit"
            lacks = "has" if len(units) > 1 else "does not have"
            yield Hit(
                message=f"{whose} of segment {segment:#x} {lacks} INCLUDE_PCI_ALL.",
                subject=f"segment {segment:#x}",
                evidence=tuple(_flags(facts, *unit) for unit in units[:MOST_TOLD]),
            )


@rule(
    "device-without-unit",
    Severity.ERROR,
    "A device has no remapping unit",
    xen="Xen refuses to pass the device through (ENODEV).",
    linux="It has no IOMMU group: VFIO cannot use it. Its DMA is not checked.",
    advice="Turn VT-d on for more ports or sockets in the firmware setup, or move the card to another "
    "slot; otherwise update the firmware.",
    source=f"VT-d 8.3; {_MATCH}; Xen vtd/iommu.c, intel_iommu_assign_device",
    needs=(Need.PCI,),
)
def device_without_unit(facts: TableFacts) -> Iterator[Hit]:
    """Find functions that no scope names and no catch-all unit serves; host bridges do no DMA."""
    if next(facts.of(DRHD), None) is None:
        return  # the table has no unit: no-unit reports that
    if facts.inventory.gaps.without_unit:
        return  # a scope may lead to any function whose place is unknown
    units = {
        segment: tuple(_flags(facts, *unit) for unit in members[:MOST_TOLD])
        for segment, members in _by_segment(facts)
    }
    served = facts.inventory.linux.unit_of
    without = [function for sbdf, function in (facts.functions or {}).items() if sbdf not in served]
    for function in sorted(without, key=lambda function: function.sbdf):
        code, sbdf = function.class_code, function.sbdf
        if sbdf.segment > _LAST_SEGMENT or (code is not None and code >> 8 == _HOST_BRIDGE):
            continue
        yield Hit(
            message=f"No unit's scope names {sbdf}, and no unit of its segment has INCLUDE_PCI_ALL.",
            subject=str(sbdf),
            device=sbdf,
            evidence=units.get(sbdf.segment, ()),
        )


@rule(
    "unit-serves-nothing",
    Severity.INFO,
    "A unit names no device and does not have INCLUDE_PCI_ALL",
    xen="No effect: Xen uses it for no device.",
    linux="No effect: Linux uses it for no device.",
    advice="No action needed: it is often a part of the processor that this board does not use.",
    source=f"VT-d 8.3; {_MATCH}",
)
def serves_nothing(facts: TableFacts) -> Iterator[Hit]:
    """Find units with an empty scope."""
    for offset, drhd in facts.of(DRHD):
        if not (drhd.include_pci_all or drhd.device_scope or drhd.undecoded):
            yield Hit(
                message=f"{subject_of(drhd)} of segment {drhd.segment_number:#x} has an empty scope.",
                subject=subject_of(drhd),
                evidence=(_flags(facts, offset, drhd),),
            )


@rule(
    "device-in-two-units",
    Severity.WARNING,
    "Two units name the same device, or a device and a bridge above it",
    xen="Xen uses the later unit in the table (INCLUDE_PCI_ALL counts as last).",
    linux="Linux uses the same unit for a PCI device, and either one for anything else. It does not "
    "warn.",
    advice=_UPDATE,
    details="If the device's DMA is refused or reaches wrong addresses, this is the reason.",
    source=f"VT-d 8.3; {_MATCH}; Linux intel/dmar.c, dmar_pci_bus_add_dev",
    uses=(Need.PCI,),
)
def in_two_units(facts: TableFacts) -> Iterator[Hit]:
    """Find scope entries of different units that name the same device, or a bridge above it."""
    ours = [entry for entry in facts.entries if isinstance(entry.structure, DRHD)]
    named: dict[object, ScopeEntry] = {}
    for entry in ours:
        first = named.setdefault(_meaning_key(entry), entry)
        if _base(first) != _base(entry):
            yield _two_entries_hit(
                facts, entry, first, f"{_name(entry)} is in the scopes of {{}} and {{}}."
            )
    above = _bridges_above(ours)
    for entry in ours:
        if entry.scope.type in PCI_SCOPES and entry.sbdf is not None and _scope_decides(entry):
            bus = entry.segment, entry.sbdf.bus
            for bridge in above.get(bus, ()):
                if _base(bridge) != _base(entry) and bridge.sbdf != entry.sbdf:
                    message = (
                        f"{_name(entry)} is behind {_name(bridge)}, which is in the scope of {{}}"
                    )
                    yield _two_entries_hit(facts, entry, bridge, f"{message}; its own is {{}}.")


def _two_entries_hit(facts: TableFacts, entry: ScopeEntry, other: ScopeEntry, message: str) -> Hit:
    """Return a hit about two entries; `message` has a gap for the unit of each, the other's first."""
    units = subject_of(other.structure), subject_of(entry.structure)
    return Hit(
        message=message.format(*units),
        subject=f"{_name(entry)}: {', '.join(sorted(units))}",
        evidence=(_entry_field(facts, other), _entry_field(facts, entry)),
    )


def _entry_field(facts: TableFacts, entry: ScopeEntry) -> Evidence:
    name = "enumeration_id" if entry.scope.type in _ENUMERATED else "start_bus_number"
    return scope_field(facts, entry, name, _name(entry))


def _base(entry: ScopeEntry) -> int:
    """Return what identifies the unit of an entry in every structure."""
    base: int = getattr(entry.structure, "register_base_address", 0)
    return base


def _scope_decides(entry: ScopeEntry) -> bool:
    """Return whether Xen and Linux use the scope to find the unit: not if it serves the rest."""
    return not getattr(entry.structure, "include_pci_all", False)


def _bridges_above(ours: list[ScopeEntry]) -> dict[tuple[int, int], list[ScopeEntry]]:
    """Return the entries that name a bridge above a bus, by segment and bus: of two units at most."""
    above: dict[tuple[int, int], list[ScopeEntry]] = {}
    done: set[tuple[PciFunction, int]] = set()
    for entry in ours:
        bridge = entry.function
        if bridge is None or entry.scope.type != ScopeType.PCI_SUB_HIERARCHY:
            continue
        if not _scope_decides(entry) or (bridge, _base(entry)) in done:
            continue
        done.add((bridge, _base(entry)))
        for bus in bridge.buses_behind:
            there = above.setdefault((entry.segment, bus), [])
            if not there or (len(there) == 1 and _base(there[0]) != _base(entry)):
                there.append(entry)
    return above


def _name(entry: ScopeEntry) -> str:
    """Return the name of the device of an entry: its number, or its path as the table has it."""
    if entry.scope.type in _ENUMERATED:
        return f"{entry.type_name} {entry.scope.enumeration_id}"
    return entry.written


def _meaning_key(entry: ScopeEntry) -> tuple[object, ...]:
    """Return what two entries for the same device have in common."""
    if entry.scope.type in _ENUMERATED:
        return entry.scope.type, entry.scope.enumeration_id
    sbdf = entry.sbdf
    return (sbdf,) if sbdf is not None else (entry.written,)


RULES: tuple[Rule, ...] = (
    several_include_all,
    several_elsewhere,
    include_all_not_last,
    no_include_all,
    device_without_unit,
    serves_nothing,
    in_two_units,
)
