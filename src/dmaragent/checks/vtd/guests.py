"""Rules about regions that the host can use and that cause trouble for its guests."""

from collections.abc import Iterator

from dmaragent.addresses import AddressRange
from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.guests import (
    BELOW_1MIB,
    BELOW_1MIB_ADVICE,
    BELOW_1MIB_EFFECT,
    HVMLOADER_ADVICE,
    HVMLOADER_EFFECT,
    HVMLOADER_SOURCE,
    RESERVED_BY,
    PagesOf,
    below_1mib_hits,
    fills_a_map,
    hvmloader_hits,
    unlisted_hits,
)
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.inventory import Region
from dmaragent.policy.layout import MAP_ENTRIES
from dmaragent.xen.hypervisor.behaviour import behaviour_of
from dmaragent.xen.hypervisor.registered import listed_pages


def _guest_pages(region: Region) -> AddressRange | None:
    """Return the pages that Xen lists if VT-d is on, of a region with a device; None: none."""
    if region.range is None or not region.xen.sharers:
        return None
    return listed_pages(region.first, region.last)


def _listed_pages(facts: CheckFacts) -> PagesOf:
    """Return the same for the release of `facts`: not all list a region without pages."""
    lists_empty = behaviour_of(facts.release).lists_empty_regions

    def pages_of(region: Region) -> AddressRange | None:
        pages = _guest_pages(region)
        return pages if pages is not None and (pages.size or lists_empty) else None

    return pages_of


@rule(
    "rmrr-below-1mib",
    Severity.WARNING,
    "A region is below 1 MiB",
    xen=BELOW_1MIB_EFFECT,
    linux="No effect if the memory map marks the range as reserved.",
    advice=BELOW_1MIB_ADVICE,
    details=f"{BELOW_1MIB} The region is often for legacy USB support or a management controller.",
    source="libxl_dm.c, libxl__domain_device_construct_rdm",
)
def below_1mib(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that guest memory cannot avoid; placeholders have their own rule."""
    return below_1mib_hits(facts, _listed_pages(facts))


@rule(
    "rmrr-hvmloader",
    Severity.ERROR,
    "A region overlaps hvmloader's own memory",
    xen=HVMLOADER_EFFECT,
    linux="No effect.",
    advice=HVMLOADER_ADVICE,
    details=RESERVED_BY,
    source=HVMLOADER_SOURCE,
)
def hvmloader(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions whose pages overlap hvmloader's own area."""
    return hvmloader_hits(facts, _guest_pages)


@rule(
    "rmrr-too-many",
    Severity.WARNING,
    "There are more regions than a guest's memory map can hold",
    xen="A guest with strategy=host does not start: libxl rejects a memory map of 128 entries.",
    linux="No effect.",
    advice="Do not use strategy=host: libxl reserves the regions of a "
    "guest's own devices without it.",
    source="libxl_x86.c, domain_construct_memmap",
)
def too_many(facts: CheckFacts) -> Iterator[Hit]:
    """Find hosts whose list does not fit into a map beside one entry of RAM."""
    listed = facts.inventory.xen.list
    pages_of = _listed_pages(facts)
    number = sum(pages_of(region) is not None for region in facts.inventory.all_regions)
    if listed.entries:
        lists = (listed.entries, *(other.entries for other in listed.alternatives))
        number = max(map(len, lists))
    if fills_a_map(number):
        most = MAP_ENTRIES - 2
        message = f"There are {number} regions; a map holds {most} besides RAM."
        yield Hit(message=message, subject=f"{number} regions")


@rule(
    "rmrr-unlisted",
    Severity.ERROR,
    "Xen does not list a region that its rules accept",
    xen="Unknown: VT-d may be off, or Xen read another table. A guest may get the device without "
    "its region: DMA then fails or overwrites its memory.",
    linux="No effect.",
    advice="Assign none of its devices until `xl dmesg` (VT-d, RMRR) explains it.",
    details="Search the output of `xl dmesg` for VT-d and RMRR: Xen prints there what it did with the "
    "table.",
    source="Xen vtd/dmar.c, acpi_parse_one_rmrr; passthrough/iommu.c, "
    "iommu_get_reserved_device_memory",
    uses=[Need.PCI, Need.MEMORY_MAP],
)
def unlisted(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that the rules predict in the running Xen's list and that are not in it."""
    return unlisted_hits(facts)


RULES = (hvmloader, below_1mib, too_many, unlisted)
