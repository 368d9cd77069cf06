"""Rules about the device scopes of RMRR structures: types, repeats, bridges, 00:00.0."""

from collections.abc import Iterator

from dmaragent.checks.common.findings import range_evidence, region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import entry_hit, scope_evidence
from dmaragent.checks.vtd.words import NO_OTHER_RANGE, RELAXED_OVERLAP
from dmaragent.host.topology import BusIndex
from dmaragent.linux.regions import takes
from fwtables.dmar.constants import ScopeType

_PARSE = "Xen vtd/dmar.c, acpi_parse_dev_scope"
_COUNT = "Xen vtd/dmar.c, scope_device_count"
_INSERT = "Linux intel/dmar.c, dmar_insert_dev_scope"
_SHARED = "Xen vtd/iommu.c, intel_iommu_assign_device"
_ADD_RANGE = (
    "Update the firmware. For a device with DMA faults, add the region with Xen's rmrr= (Xen 4.9 and "
    "later, 16 pages a range at most)."
)
_NOT_PCI = frozenset(
    {ScopeType.IOAPIC, ScopeType.MSI_CAPABLE_HPET, ScopeType.ACPI_NAMESPACE_DEVICE}
)


@rule(
    "rmrr-scope-empty",
    Severity.ERROR,
    "A region names no device",
    xen="Xen drops the region and reserves it for no device.",
    linux="Linux applies the region to no device.",
    advice=_ADD_RANGE,
    source=f"VT-d 8.4; Xen vtd/dmar.c, acpi_parse_one_rmrr; {_INSERT}",
)
def empty(facts: TableFacts) -> Iterator[Hit]:
    """Find regions without a device scope entry; a damaged one is damage."""
    damaged = {at for at, structure in facts.structures if getattr(structure, "undecoded", b"")}
    for region in facts.inventory.all_regions:
        if not region.owners and region.entry.offset not in damaged:
            yield region_hit(region, "has no device scope entry.", range_evidence(facts, region))


@rule(
    "rmrr-scope-uncounted",
    Severity.ERROR,
    "A region names no device that Xen counts",
    xen="Xen drops it: only PCI endpoints, bridges, IOAPICs and HPETs count.",
    linux="Linux applies the region to no PCI device.",
    advice=_ADD_RANGE,
    source=f"{_COUNT}; {_INSERT}",
)
def uncounted(facts: TableFacts) -> Iterator[Hit]:
    """Find regions whose entries all have types that Xen ignores."""
    for region, scope in facts.region_scopes:
        if scope and not region.xen.sharers:
            names = ", ".join(dict.fromkeys(entry.type_name for entry in scope))
            shown = scope_evidence(facts, scope)
            yield region_hit(region, f"has only entries of {names}.", shown)


@rule(
    "rmrr-scope-not-pci",
    Severity.WARNING,
    "A region names a device that is not a PCI function",
    xen="Xen counts an IOAPIC or HPET as a device: with one real device, it refuses policy strict "
    "as if the region were shared (EPERM).",
    linux="No effect: Linux ignores the entry.",
    advice="Update the firmware, or assign its device with rdm_policy=relaxed.",
    details=f"Xen ignores an ACPI namespace device. {RELAXED_OVERLAP}",
    source=f"VT-d 8.3.1; {_COUNT}; {_SHARED}; {_INSERT}",
)
def not_pci(facts: TableFacts) -> Iterator[Hit]:
    """Find IOAPICs, HPETs and ACPI namespace devices; a region with only these has its own rule."""
    for region, scope in facts.region_scopes:
        for entry in scope if region.xen.sharers else ():
            if entry.scope.type in _NOT_PCI:
                message = f"names {entry.type_name} {entry.written}."
                xen = "" if entry.counted else "No effect: Xen ignores an ACPI namespace device."
                yield entry_hit(facts, entry, message, xen=xen)


@rule(
    "scope-unknown-type",
    Severity.WARNING,
    "A device scope entry has an unknown type",
    xen="No effect: Xen ignores the entry.",
    linux="Linux warns of an unsupported device scope and ignores the entry.",
    advice="Update the firmware. The type may be newer than Xen and Linux.",
    source=f"VT-d 8.3.1; {_COUNT}; Linux intel/dmar.c, dmar_alloc_dev_scope",
)
def unknown_type(facts: TableFacts) -> Iterator[Hit]:
    """Find entries of a type that no specification up to VT-d 4.1 has, in any structure."""
    for entry in facts.entries:
        if entry.scope.type not in ScopeType._value2member_map_:
            yield entry_hit(facts, entry, f"has an entry of {entry.type_name}: {entry.written}.")


@rule(
    "scope-impossible",
    Severity.ERROR,
    "A device scope has an impossible device or function number",
    xen="Unknown: Xen does not check the numbers, and may find another device.",
    linux="Linux finds no device by the path.",
    advice="Update the firmware: the device that is meant is not found.",
    source=f"VT-d 8.3.1; PCI 3.0, 3.2.2.3; {_PARSE}; Linux intel/dmar.c, dmar_match_pci_path",
)
def impossible(facts: TableFacts) -> Iterator[Hit]:
    """Find device numbers above 0x1f and function numbers above 7, in any structure."""
    for entry in facts.entries:
        if entry.impossible:
            yield entry_hit(facts, entry, f"names {entry.written}.")


@rule(
    "rmrr-scope-twice",
    Severity.WARNING,
    "A region names the same device twice",
    xen="Xen counts both: the region is shared, so strict is refused (EPERM).",
    linux="No effect: Linux applies the region to the device once.",
    advice="Assign the device with rdm_policy=relaxed. Guest RAM may then overlap the region: check "
    "with dmaragent resolve.",
    details="Xen refuses strict even if there is no other device.",
    source=f"{_COUNT}; {_SHARED}; {_INSERT}",
)
def twice(facts: TableFacts) -> Iterator[Hit]:
    """Find entries that lead to the device of an earlier one of the same region."""
    for _, scope in facts.region_scopes:
        seen: set[object] = set()
        for entry in scope:
            if not entry.counted:
                continue
            what = entry.sbdf or entry.written
            if what in seen:
                yield entry_hit(facts, entry, f"names {entry.written} more than once.")
            seen.add(what)


@rule(
    "rmrr-scope-zero",
    Severity.ERROR,
    "A region names 00:00.0",
    xen="Xen reads 00:00.0 as the end of the list. As the first entry it hides the region: Xen "
    "neither lists nor maps it.",
    linux="No effect: Linux treats it like any other device.",
    advice="Update the firmware.",
    details=NO_OTHER_RANGE,
    source="Xen vtd/dmar.h, for_each_rmrr_device",
)
def zero(facts: TableFacts) -> Iterator[Hit]:
    """Find 00:00.0, of any segment, in the scopes of regions: only the first counts."""
    for _, scope in facts.region_scopes:
        counted = [entry for entry in scope if entry.counted]
        for number, entry in enumerate(counted):
            sbdf = entry.sbdf
            if sbdf is None or (sbdf.bus, sbdf.device, sbdf.function) != (0, 0, 0):
                continue
            behind = len(counted) - number - 1
            first = number == 0
            yield entry_hit(
                facts,
                entry,
                f"names {sbdf} {'first' if first else 'after others'}.",
                xen=""
                if first
                else f"Xen ignores it, and the {behind} after it in the scope."
                if behind
                else "Xen ignores it. The entries before it are not affected.",
                severity=None if first else Severity.WARNING,
            )
            break


@rule(
    "rmrr-bridge",
    Severity.WARNING,
    "A region names a bridge",
    xen="Xen applies the region only to the bridge itself. A device behind it gets no region: its "
    "access to the memory fails.",
    linux="Linux applies the region to the bridge and every device behind it.",
    advice="On Xen, assign a device behind it only if that needs no such region.",
    details=NO_OTHER_RANGE,
    source="VT-d 8.3.1; Xen vtd/dmar.c, acpi_parse_dev_scope; Linux intel/iommu.c, "
    "is_downstream_to_pci_bridge",
)
def bridge(facts: TableFacts) -> Iterator[Hit]:
    """Find PCI sub-hierarchies in the scopes of regions."""
    ours = [
        entry
        for entry in facts.entries
        if entry.region is not None and entry.scope.type == ScopeType.PCI_SUB_HIERARCHY
    ]
    if not ours:
        return  # most tables have none, and the index covers every function
    index = BusIndex(facts.inventory.host.topology)
    for entry in ours:
        if entry.function is not None and not takes(entry.claim.device, entry.function):
            continue  # not a bridge: scope-type-mismatch
        name = entry.sbdf or entry.written
        below = 0 if entry.function is None else sum(1 for _ in index.below(entry.function))
        bare = entry.function is not None and not below
        many = f", with {below} function{'s' if below > 1 else ''} behind it" if below else ""
        yield entry_hit(
            facts,
            entry,
            f"names the bridge {name}{many}{', with nothing behind it' if bare else ''}.",
            severity=Severity.INFO if bare else None,
        )


RULES = (empty, uncounted, zero, impossible, twice, not_pci, unknown_type, bridge)
