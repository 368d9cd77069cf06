"""Rules about what the device scopes of RMRR structures hold: types, repeats, bridges, 00:00.0."""

from collections.abc import Iterator

from dmaragent.checks.common.findings import range_evidence, region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import entry_hit, scope_evidence
from dmaragent.host.topology import BusIndex
from dmaragent.linux.regions import takes
from fwtables.dmar.constants import ScopeType

_PARSE = "Xen vtd/dmar.c, acpi_parse_dev_scope"
_COUNT = "Xen vtd/dmar.c, scope_device_count"
_INSERT = "Linux intel/dmar.c, dmar_insert_dev_scope"
_SHARED = "Xen vtd/iommu.c, intel_iommu_assign_device"
_NOT_PCI = frozenset(
    {ScopeType.IOAPIC, ScopeType.MSI_CAPABLE_HPET, ScopeType.ACPI_NAMESPACE_DEVICE}
)


@rule(
    "rmrr-scope-empty",
    Severity.ERROR,
    "A region names no device",
    xen="Xen drops the region: it reserves it for nobody.",
    linux="Linux ties the region to no device.",
    advice="Update the firmware. If a device reports DMA faults, Xen's option rmrr= can give it "
    "the region (Xen 4.9 and later; 16 pages a range at most).",
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
    xen="Xen drops the region: of the entries it counts only PCI endpoints, bridges, IOAPICs and "
    "HPETs.",
    linux="Linux ties the region to no PCI device.",
    advice="Update the firmware. If a device reports DMA faults, Xen's option rmrr= can give it "
    "the region (Xen 4.9 and later; 16 pages a range at most).",
    source=f"{_COUNT}; {_INSERT}",
)
def uncounted(facts: TableFacts) -> Iterator[Hit]:
    """Find regions all of whose entries are of types that Xen passes over."""
    for region, scope in facts.region_scopes:
        if scope and not region.xen.sharers:
            names = ", ".join(dict.fromkeys(entry.type_name for entry in scope))
            shown = scope_evidence(facts, scope)
            yield region_hit(region, f"has only entries of {names}.", shown)


@rule(
    "rmrr-scope-not-pci",
    Severity.WARNING,
    "A region's scope names what is no PCI function",
    xen="Xen counts an IOAPIC or HPET as a device of the region, so that a region of one real "
    "device is taken for shared: policy strict is refused (EPERM). An ACPI namespace device it "
    "passes over.",
    linux="Linux passes such an entry over.",
    advice="Update the firmware. To pass a device of the region through all the same, give it "
    "rdm_policy=relaxed in the guest's pci=.",
    source=f"VT-d 8.3.1; {_COUNT}; {_SHARED}; {_INSERT}",
)
def not_pci(facts: TableFacts) -> Iterator[Hit]:
    """Find IOAPICs, HPETs and ACPI namespace devices; a region of no others has its own rule."""
    for region, scope in facts.region_scopes:
        for entry in scope if region.xen.sharers else ():
            if entry.scope.type in _NOT_PCI:
                message = f"names {entry.type_name} {entry.written}."
                xen = "" if entry.counted else "Xen passes an ACPI namespace device over."
                yield entry_hit(facts, entry, message, xen=xen)


@rule(
    "scope-unknown-type",
    Severity.WARNING,
    "A device scope entry has an unknown type",
    xen="Xen passes the entry over.",
    linux="Linux warns of an unsupported device scope and passes the entry over.",
    advice="Update the firmware; a newer one than these systems know may mean something by it.",
    source=f"VT-d 8.3.1; {_COUNT}; Linux intel/dmar.c, dmar_alloc_dev_scope",
)
def unknown_type(facts: TableFacts) -> Iterator[Hit]:
    """Find entries of a type that no specification up to VT-d 4.1 has, in any structure."""
    for entry in facts.entries:
        if entry.scope.type not in ScopeType._value2member_map_:
            yield entry_hit(facts, entry, f"has an entry of {entry.type_name}, {entry.written}.")


@rule(
    "scope-impossible",
    Severity.ERROR,
    "A device scope names a device or function number that cannot be",
    xen="Xen does not look whether the numbers can be; what it ties the structure to is not "
    "predicted.",
    linux="Linux finds no device by the path.",
    advice="Update the firmware: the device that is meant does not get what the structure says.",
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
    xen="Xen counts both entries, so it takes the region for shared: policy strict is refused "
    "(EPERM), even where there is no other device.",
    linux="Linux ties the device once.",
    advice="To pass the device through, give it rdm_policy=relaxed in the guest's pci=. That also "
    "lets a guest start whose RAM meets the region: dmaragent resolve says whether it does.",
    source=f"{_COUNT}; {_SHARED}; {_INSERT}",
)
def twice(facts: TableFacts) -> Iterator[Hit]:
    """Find entries that lead where an earlier one of the same region leads."""
    for _, scope in facts.region_scopes:
        seen: set[object] = set()
        for entry in scope:
            if not entry.counted:
                continue
            what = entry.sbdf or entry.written
            if what in seen:
                yield entry_hit(facts, entry, f"names {entry.written} again.")
            seen.add(what)


@rule(
    "rmrr-scope-zero",
    Severity.ERROR,
    "A region names 00:00.0",
    xen="Xen takes 00:00.0 for the end of the list of devices. As the first it hides the whole "
    "region: Xen neither lists nor maps it.",
    linux="Linux ties the device like any other.",
    advice="Update the firmware. Xen's option rmrr= cannot give the region to its devices: Xen "
    "refuses what overlaps one of the table.",
    source="Xen vtd/dmar.h, for_each_rmrr_device",
)
def zero(facts: TableFacts) -> Iterator[Hit]:
    """Find 00:00.0, of any segment, in the scopes of regions: the first is what counts."""
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
                else f"Xen does not see it, nor the {behind} behind it in the scope."
                if behind
                else "Xen does not see it; those before it are not concerned.",
                severity=None if first else Severity.WARNING,
            )
            break


@rule(
    "rmrr-bridge",
    Severity.WARNING,
    "A region is a bridge's",
    xen="Xen ties the region to the bridge alone: a device behind it is passed through without "
    "the region, and its access to it fails.",
    linux="Linux ties the region to the bridge and to all devices below it.",
    advice="On Xen pass a device behind the bridge through only where it does without the region; "
    "rmrr= cannot give it the region, as Xen refuses what overlaps one of the table.",
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
        return  # most tables have none, and the index is of every function
    index = BusIndex(facts.inventory.host.topology)
    for entry in ours:
        if entry.function is not None and not takes(entry.claim.device, entry.function):
            continue  # no bridge: scope-type-mismatch
        name = entry.sbdf or entry.written
        below = 0 if entry.function is None else sum(1 for _ in index.below(entry.function))
        bare = entry.function is not None and not below
        many = f", with {below} function{'s' if below > 1 else ''} below it" if below else ""
        yield entry_hit(
            facts,
            entry,
            f"names the bridge {name}{many}{', with nothing below it' if bare else ''}.",
            severity=Severity.INFO if bare else None,
        )


RULES = (empty, uncounted, zero, impossible, twice, not_pci, unknown_type, bridge)
