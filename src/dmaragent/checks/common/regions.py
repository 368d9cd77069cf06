"""Rules about the range of one region: order, alignment, size, the platform's address width."""

from collections.abc import Iterator

from dmaragent.addresses import PAGE
from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.findings import (
    field_evidence,
    fields_of,
    first_evidence,
    last_evidence,
    range_evidence,
    region_hit,
)
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.inventory import Region
from dmaragent.readings import Missing

LARGE = 512 << 20
"""In bytes.  Of 682 regions of real tables 8 are larger, all of them graphics memory."""
LINUX_WARNS = (
    'Linux warns ("Your BIOS is broken; bad RMRR") and taints the kernel, which stops nothing; it '
    "keeps the region."
)
LINUX_CHECK = "Linux intel/iommu.c, rmrr_sanity_check (5.6 and later)"


def is_placeholder(region: Region) -> bool:
    """Return whether `region` is at address 0 and no larger than a page: firmware's way of none."""
    return region.first == 0 and region.last in (0, PAGE - 1)


@rule(
    "rmrr-placeholder",
    Severity.WARNING,
    "A region is a placeholder at address 0",
    xen="Xen takes it for a region. Where the memory map has page 0 as RAM, that is worse: see "
    "rmrr-in-ram.",
    linux=LINUX_WARNS,
    advice="Update the firmware. Nothing needs the region. Where it covers page 0, give a guest "
    "its device with rdm_policy=relaxed; where it begins and ends at address 0, that is needed only "
    "if its scope has more than one entry, as Xen then takes it for shared.",
    source=f"Seen in real tables (HP 6730b, 8540p); Xen vtd/dmar.c, "
    f"intel_iommu_get_reserved_device_memory; {LINUX_CHECK}",
)
def placeholder(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that firmware left empty, as 0 to 0 or 0 to 0xfff.

    They are not told again as unaligned, without a page or below 1 MiB: it is one mistake.
    """
    for region in facts.inventory.all_regions:
        if not is_placeholder(region):
            continue
        whole = region.last == PAGE - 1
        yield region_hit(
            region,
            "covers page 0 alone." if whole else "begins and ends at address 0.",
            range_evidence(facts, region),
            xen="Xen lists page 0, where every guest has RAM: one that reserves it under policy "
            "strict does not start."
            if whole
            else "Xen rounds it to 0 pages: no guest is told of it.",
            linux="Linux keeps page 0 to itself and takes the region." if whole else "",
        )


@rule(
    "rmrr-no-page",
    Severity.ERROR,
    "A region has no page for Xen",
    xen="Xen rounds it to 0 pages, as base and limit are the same and page aligned: it is not on "
    "its list, and nothing is mapped for its device.",
    linux=LINUX_WARNS,
    advice="Update the firmware. Xen's option rmrr= cannot name the page in its place: Xen refuses "
    "what overlaps a region of the table.",
    source=f"Xen vtd/dmar.c, intel_iommu_get_reserved_device_memory; {LINUX_CHECK}",
)
def no_page(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions of one byte at the beginning of a page."""
    for region in facts.inventory.all_regions:
        if region.first == region.last and not region.first % PAGE and not is_placeholder(region):
            yield region_hit(region, "is one byte.", range_evidence(facts, region))


@rule(
    "rmrr-limit-page-aligned",
    Severity.WARNING,
    "A region's limit is the first byte of a page",
    xen="Xen leaves the last page out, of which the region has one byte: it rounds the limit as if "
    "it were the first byte behind the region. Where the firmware means it so, nothing is lost.",
    linux=LINUX_WARNS,
    advice="Tell the vendor: the limit of an RMRR is its last byte. Xen's option rmrr= cannot name "
    "the last page in its place: Xen refuses what overlaps a region of the table.",
    source=f"VT-d 8.4; Xen vtd/dmar.c, intel_iommu_get_reserved_device_memory; {LINUX_CHECK}",
)
def limit_page_aligned(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions whose last byte is the first of a page."""
    for region in facts.inventory.all_regions:
        if region.last > region.first and not region.last % PAGE:
            message = f"has {region.last:#x} as its last byte."
            yield region_hit(region, message, (last_evidence(facts, region),))


@rule(
    "rmrr-unaligned",
    Severity.WARNING,
    "A region is not whole pages",
    xen="Xen reserves every page that the region has a byte of: a device reaches more than the "
    "firmware says.",
    linux=LINUX_WARNS,
    advice="Tell the vendor: base and limit of an RMRR must be those of 4 KiB pages.",
    source=f"VT-d 8.4; {LINUX_CHECK}",
)
def unaligned(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that begin or end within a page; page aligned limits have their own rule."""
    for region in facts.inventory.all_regions:
        begins, ends = region.first % PAGE != 0, region.last % PAGE not in (0, PAGE - 1)
        if not begins and not ends:
            continue
        shown = ((first_evidence(facts, region),) if begins else ()) + (
            (last_evidence(facts, region),) if ends else ()
        )
        words = " and ".join(word for word, true in (("begins", begins), ("ends", ends)) if true)
        yield region_hit(region, f"{words} within a page.", shown)


@rule(
    "rmrr-above-address-width",
    Severity.ERROR,
    "A region lies above the platform's address width",
    xen="Xen does not compare the two and registers the region. A device cannot reach addresses "
    "above the width, so what the region is for does not work.",
    linux="Linux does not compare the two either.",
    advice="Update the firmware: the region, or the width in the table's header, is wrong.",
    source="VT-d 8.1, host address width; fwts and the kernels have no such check",
)
def above_address_width(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions with bytes above what a DMA request of the platform can address."""
    table = facts.inventory.iommu
    if isinstance(table, Missing) or table.header is None:
        return
    bits = table.header.address_bits
    width = field_evidence(facts, table.header.address_bits_field)
    for region in facts.inventory.all_regions:
        if max(region.first, region.last) >> bits:
            message = f"goes beyond {bits} bits."
            yield region_hit(region, message, (width, last_evidence(facts, region)))


@rule(
    "rmrr-large",
    Severity.INFO,
    "A region is very large",
    xen="A guest that reserves it has RAM below 4 GiB only up to where it begins; the rest moves "
    "above 4 GiB. Where it begins at or below rdm_mem_boundary (2048 MiB, if not set), nothing is "
    "moved, and a guest with more RAM than that does not start under policy strict.",
    linux="Nothing comes of its size.",
    advice="Where it is graphics memory, the firmware's setup may have a smaller setting (DVMT, "
    "stolen memory, aperture).",
    source="libxl_dm.c, libxl__domain_device_construct_rdm; the size is what is rare in real tables",
)
def large(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions of 512 MiB and more."""
    for region in facts.inventory.all_regions:
        if region.size >= LARGE:
            message = f"has {region.size >> 20} MiB."
            yield region_hit(region, message, range_evidence(facts, region))


@rule(
    "rmrr-unknown-segment",
    Severity.WARNING,
    "A region is of a PCI segment that has no function",
    xen="Xen cannot look whether its devices answer and lists the region: strategy=host reserves "
    "it in every guest, for nobody.",
    linux="Linux ties it to no device.",
    advice="Update the firmware. A host bridge that is switched off in the setup may be why.",
    source="Xen vtd/dmar.c, register_one_rmrr, pci_known_segment",
    needs=[Need.PCI],
)
def unknown_segment(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions of segments in which nothing answers."""
    for region in facts.inventory.all_regions:
        if region.segment not in facts.segments:
            value = f"{region.segment:04x}"
            shown = (field_evidence(facts, fields_of(region).segment),)
            yield region_hit(region, f"is of segment {value}, where no function answers.", shown)


RULES = (
    placeholder,
    no_page,
    limit_page_aligned,
    unaligned,
    above_address_width,
    unknown_segment,
    large,
)
