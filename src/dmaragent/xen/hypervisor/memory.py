"""What memory an RMRR may lie in for Xen: reserved, or such as can be made reserved.

Pure.  Source: Xen drivers/passthrough/x86/iommu.c, ``iommu_unity_region_ok``, from 4.19 on;
before, vtd/dmar.c, ``acpi_parse_one_rmrr``.
"""

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.xen.hypervisor.behaviour import XenBehaviour

_NOT_RAM = frozenset({MemoryType.RESERVED, MemoryType.ACPI, MemoryType.NVS, MemoryType.UNUSABLE})
_RESERVED = frozenset({MemoryType.RESERVED})


def whole_pages(addresses: AddressRange) -> AddressRange:
    """Give every page that any of `addresses` is in."""
    return AddressRange(addresses.start // PAGE * PAGE, -(-addresses.end // PAGE) * PAGE)


def is_reserved(memory_map: MemoryMap, region: AddressRange) -> bool:
    """Tell whether all pages of `region` are reserved memory, so that Xen says nothing."""
    return memory_map.covered(whole_pages(region), _RESERVED)


def draws_warning(memory_map: MemoryMap, region: AddressRange, behaviour: XenBehaviour) -> bool:
    """Return whether a Xen before 4.19 warns that `region` is not in reserved memory."""
    if behaviour.checks_ends_alone:
        first, last = whole_pages(AddressRange(region.start, region.start + 1)), region.end - 1
        pages = (first, whole_pages(AddressRange(last, last + 1)))
        return not all(memory_map.covered(page, _RESERVED) for page in pages)
    kinds = [MemoryType.RESERVED]
    if behaviour.accepts_acpi_memory:
        kinds += [MemoryType.ACPI, MemoryType.NVS]
    return not any(memory_map.covered(region, frozenset({kind})) for kind in kinds)


def in_use(memory_map: MemoryMap, region: AddressRange) -> MemoryEntry | None:
    """Give the first part of the map that keeps Xen from making `region` reserved, if any.

    A page that is partly reserved, ACPI, NVS or unusable counts as that; else none of its
    bytes may be of an entry of the map, so that Xen can add it to its own as reserved.  The
    range given is that of whole pages within `region`.
    """
    region = whole_pages(region)
    pages = MemoryMap(
        tuple(entry._replace(range=whole_pages(entry.range)) for entry in memory_map.within(region))
    )
    for entry in pages.entries:
        start, end = max(entry.range.start, region.start), min(entry.range.end, region.end)
        if entry.type not in _NOT_RAM and not pages.covered(AddressRange(start, end), _NOT_RAM):
            return entry._replace(range=AddressRange(start, end))
    return None
