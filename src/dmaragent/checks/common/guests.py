"""Rules about regions that are sound for the host and trouble for its guests."""

from collections.abc import Iterator

from dmaragent.addresses import MIB, span
from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.findings import range_evidence, region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.regions import is_placeholder
from dmaragent.checks.common.rules import rule
from dmaragent.inventory import Region
from dmaragent.policy.layout import MAP_ENTRIES
from dmaragent.policy.simulate import HVMLOADER_OWN
from dmaragent.xen.hypervisor.registered import listed_pages
from dmaragent.xen.reserved_list.model import ListSource


def _reaches_guests(region: Region) -> bool:
    """Return whether Xen would list the region, were VT-d on: it has pages and a device."""
    return (
        region.range is not None
        and region.xen.sharers > 0
        and listed_pages(region.first, region.last) is not None
    )


@rule(
    "rmrr-below-1mib",
    Severity.WARNING,
    "A region lies below 1 MiB",
    xen="A guest that reserves the region under policy strict does not start (libxl counts its "
    'RAM from 0: "RDM conflict"); under relaxed the region is hidden from it. It reserves it with '
    "the device, or with strategy=host.",
    linux="Nothing comes of it where the memory is reserved.",
    advice="Give the device rdm_policy=relaxed in the guest's pci=. What it does in the region then "
    "meets the guest's own memory, so switch off in the setup what the region is for (legacy USB "
    "support, a management controller).",
    source="libxl_dm.c, libxl__domain_device_construct_rdm",
)
def below_1mib(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that a guest cannot be laid out around; placeholders have their own rule."""
    for region in facts.inventory.all_regions:
        if region.first < MIB and not is_placeholder(region) and _reaches_guests(region):
            yield region_hit(region, "begins below 1 MiB.", range_evidence(facts, region))


@rule(
    "rmrr-hvmloader",
    Severity.ERROR,
    "A region lies where hvmloader keeps its own",
    xen="A guest that is told of the region does not boot: hvmloader halts. That is one with the "
    "device, or with strategy=host; no policy helps.",
    linux="Nothing comes of it.",
    advice="Leave strategy=host off on this host, and pass the devices of the region to PV guests "
    "only; or update the firmware.",
    source="Xen tools/firmware/hvmloader, e820.c build_e820_table, config.h",
)
def hvmloader(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions whose pages overlap hvmloader's own area."""
    for region in facts.inventory.all_regions:
        pages = listed_pages(region.first, region.last)
        if pages is not None and _reaches_guests(region) and pages.overlaps(HVMLOADER_OWN):
            area = span(HVMLOADER_OWN)
            message = f"overlaps {area}."
            yield region_hit(region, message, range_evidence(facts, region))


@rule(
    "rmrr-too-many",
    Severity.WARNING,
    "There are more regions than a guest's memory map holds",
    xen="A guest with strategy=host does not start: libxl refuses a memory map of 128 entries.",
    linux="Nothing comes of it.",
    advice="Leave strategy=host off on this host: the regions of a guest's own devices are "
    "reserved without it.",
    source="libxl_x86.c, domain_construct_memmap",
)
def too_many(facts: CheckFacts) -> Iterator[Hit]:
    """Find hosts whose list does not fit beside one entry of RAM."""
    listed = facts.inventory.xen.list
    number = sum(_reaches_guests(region) for region in facts.inventory.all_regions)
    if listed.source is ListSource.HYPERVISOR and listed.entries:
        number = len(listed.entries)
    if number + 1 >= MAP_ENTRIES:
        most = MAP_ENTRIES - 2
        message = f"There are {number} regions; beside RAM a map holds {most}."
        yield Hit(message=message, subject=f"{number} regions")


@rule(
    "rmrr-unlisted",
    Severity.ERROR,
    "Xen does not list a region that it accepts by its rules",
    xen="Unknown: VT-d may be off, or the table that Xen read is not the one here. A guest may get "
    "the device without its region, and DMA of the firmware then overwrites guest memory or fails.",
    linux="No effect.",
    advice="Look for VT-d and RMRR in the output of `xl dmesg`: Xen says there what it did with "
    "the table. Until then do not pass the region's devices through.",
    source="Xen vtd/dmar.c, acpi_parse_one_rmrr; passthrough/iommu.c, "
    "iommu_get_reserved_device_memory",
    uses=[Need.PCI, Need.MEMORY_MAP],
)
def unlisted(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that the rules predict in the running Xen's list, and that it lacks."""
    for region in facts.inventory.all_regions:
        if region.source in facts.inventory.xen.unlisted:
            message = "is not in Xen's list, and nothing that was read says why."
            yield region_hit(region, message, range_evidence(facts, region))


RULES = (hvmloader, below_1mib, too_many, unlisted)
