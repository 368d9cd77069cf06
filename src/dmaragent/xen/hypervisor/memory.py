"""The memory types that Xen accepts for an RMRR: reserved, or memory that Xen can reserve.

Pure.  Source: Xen drivers/passthrough/x86/iommu.c, ``iommu_unity_region_ok``, since 4.19; before,
vtd/dmar.c, ``acpi_parse_one_rmrr``.
"""

from collections.abc import Iterator

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.xen.hypervisor.behaviour import XenBehaviour

_NOT_RAM = frozenset({MemoryType.RESERVED, MemoryType.ACPI, MemoryType.NVS, MemoryType.UNUSABLE})
_RESERVED = frozenset({MemoryType.RESERVED})


def whole_pages(addresses: AddressRange) -> AddressRange:
    """Return all pages that `addresses` touch."""
    return AddressRange(addresses.start // PAGE * PAGE, -(-addresses.end // PAGE) * PAGE)


def is_reserved(memory_map: MemoryMap, region: AddressRange) -> bool:
    """Return whether all pages of `region` are reserved memory, so that Xen does not warn."""
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
    """Return the first entry of the map that prevents Xen from reserving `region`, or None.

    A page counts as reserved, ACPI, NVS or unusable if a part of it has that type.  Any other page
    must be in no entry of the map: Xen then adds it as reserved.  The range of the result is
    limited to whole pages of `region`.
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


def holes(memory_map: MemoryMap, region: AddressRange) -> Iterator[AddressRange]:
    """Yield the whole pages of `region` that no entry of the map touches."""
    region = whole_pages(region)
    at = region.start
    for entry in memory_map.within(region):
        touched = whole_pages(entry.range)
        if touched.start > at:
            yield AddressRange(at, touched.start)
        at = max(at, touched.end)
    if at < region.end:
        yield AddressRange(at, region.end)


def why_unknown(memory_map: MemoryMap, region: AddressRange) -> str:
    """Return why pages of `region` may have an entry that the map lacks; or empty."""
    return next(filter(None, map(memory_map.why_unknown, holes(memory_map, region))), "")


def why_may_be_ram(memory_map: MemoryMap, region: AddressRange) -> str:
    """Return why pages of `region` that are in no entry may be RAM; or empty."""
    if not any(holes(memory_map, region)):
        return ""
    return why_unknown(memory_map, region) or memory_map.foreign_ram
