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
from dmaragent.checks.common.guests import is_placeholder
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.words import LINUX_WARNS, NO_OPTION, NO_OTHER_RANGE
from dmaragent.checks.vtd.xen_registration import vtd_case
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.behaviour import behaviour_of

LARGE = 512 << 20
"""Bytes.  Of 682 regions of real tables 8 are larger, all of them graphics memory."""
LINUX_CHECK = "Linux intel/iommu.c, rmrr_sanity_check (5.6 and later)"


@rule(
    "rmrr-limit-below-base",
    Severity.CRITICAL,
    "A region's limit is below its base",
    xen="Xen switches VT-d off (EFAULT): no device can be passed through.",
    linux=LINUX_WARNS,
    advice="Update the firmware, or turn off what uses the region in its setup.",
    details=NO_OPTION,
    source=f"VT-d 8.4; Xen vtd/dmar.c, register_one_rmrr; {LINUX_CHECK}",
)
def limit_below_base(facts: TableFacts) -> Iterator[Hit]:
    """Find regions that end before they begin."""
    for region in facts.inventory.all_regions:
        if region.last < region.first:
            severity, xen = vtd_case(facts, region)
            shown = range_evidence(facts, region)
            yield region_hit(region, "ends before it begins.", shown, xen=xen, severity=severity)


@rule(
    "rmrr-placeholder",
    Severity.WARNING,
    "A region is a placeholder at address 0",
    xen="Xen treats it as a region. If page 0 is RAM in the memory map, see rmrr-in-ram.",
    linux=LINUX_WARNS,
    advice="Update the firmware. Until then assign its devices with rdm_policy=relaxed.",
    details="Nothing needs the region. If it begins and ends at address 0, relaxed is needed only if "
    "its scope has more than one entry: Xen then counts it as shared. If page 0 is RAM in the "
    "memory map, see rmrr-in-ram.",
    source=f"Seen in real tables (HP 6730b, 8540p); Xen vtd/dmar.c, "
    f"intel_iommu_get_reserved_device_memory; {LINUX_CHECK}",
)
def placeholder(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that firmware left empty, as 0 to 0 or 0 to 0xfff.

    This is one mistake, so no other rule reports them as unaligned, without a page or below 1 MiB.
    """
    for region in facts.inventory.all_regions:
        if not is_placeholder(region):
            continue
        whole = region.last == PAGE - 1
        yield region_hit(
            region,
            "covers only page 0." if whole else "begins and ends at address 0.",
            range_evidence(facts, region),
            xen="Xen lists page 0, which is RAM in every guest: a strict guest that reserves it does "
            "not start."
            if whole
            else "Xen rounds it to 0 pages: no guest sees the region.",
            linux="Linux keeps page 0 for itself and accepts the region." if whole else "",
        )


@rule(
    "rmrr-no-page",
    Severity.ERROR,
    "A region has no page that Xen reserves",
    xen="Xen rounds it to 0 pages: it is not in Xen's list, and nothing is mapped for its device.",
    linux=LINUX_WARNS,
    advice="Update the firmware.",
    details=f"Base and limit are the same and page aligned. {NO_OTHER_RANGE}",
    source=f"Xen vtd/dmar.c, intel_iommu_get_reserved_device_memory; {LINUX_CHECK}",
)
def no_page(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions of one byte at the beginning of a page."""
    for region in facts.inventory.all_regions:
        if region.first == region.last and not region.first % PAGE and not is_placeholder(region):
            shown = range_evidence(facts, region)
            yield region_hit(region, "is one byte long.", shown, xen=_empty_words(facts))


def _empty_words(facts: CheckFacts) -> str:
    """Return what Xen does with a region without pages, if it is not what the rule has."""
    if not behaviour_of(facts.release).lists_empty_regions:
        return ""
    return "Xen rounds it to 0 pages: nothing is mapped for its device. Its list has the region."


@rule(
    "rmrr-limit-page-aligned",
    Severity.WARNING,
    "A region's limit is the first byte of a page",
    xen="Xen leaves out the last page, of which the region has one byte.",
    linux=LINUX_WARNS,
    advice="Report it to the vendor: the limit of an RMRR is its last byte.",
    details="Xen rounds the limit as if it were the first byte after the region. If the firmware means "
    f"that, nothing is lost. {NO_OTHER_RANGE}",
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
    "A region does not consist of whole pages",
    xen="Xen reserves whole pages: a device reaches more than is declared.",
    linux=LINUX_WARNS,
    advice="Report it to the vendor: an RMRR must consist of whole 4 KiB pages.",
    source=f"VT-d 8.4; {LINUX_CHECK}",
)
def unaligned(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that begin or end within a page; page-aligned limits have their own rule."""
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
    "A region is above the platform's address width",
    xen="Xen does not check this. A device cannot reach such addresses, so what the region is for "
    "does not work.",
    linux="Linux does not check this either.",
    advice="Update the firmware: the region, or the width in the header, is wrong.",
    source="VT-d 8.1, host address width; fwts and the kernels have no such check",
)
def above_address_width(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions with bytes that a DMA request of the platform cannot address."""
    table = facts.inventory.iommu
    if isinstance(table, Missing) or table.header is None:
        return
    bits = table.header.address_bits
    width = field_evidence(facts, table.header.address_bits_field)
    for region in facts.inventory.all_regions:
        if max(region.first, region.last) >> bits:
            message = f"needs more than {bits} bits."
            yield region_hit(region, message, (width, last_evidence(facts, region)))


@rule(
    "rmrr-large",
    Severity.INFO,
    "A region is very large",
    xen="A guest that reserves it has RAM below the region, the rest above 4 GiB. If the region "
    "begins at or below rdm_mem_boundary (default: 2048 MiB), no RAM moves: a strict guest with "
    "more RAM does not start.",
    linux="No effect.",
    advice="If it is graphics memory, lower DVMT, stolen memory or aperture size.",
    details="The settings are in the firmware setup, if it has them.",
    source="libxl_dm.c, libxl__domain_device_construct_rdm; the size is what is rare in real tables",
)
def large(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions of 512 MiB and more."""
    for region in facts.inventory.all_regions:
        if region.size >= LARGE:
            message = f"is {region.size >> 20} MiB in size."
            yield region_hit(region, message, range_evidence(facts, region))


@rule(
    "rmrr-unknown-segment",
    Severity.WARNING,
    "A region is in a PCI segment that has no function",
    xen="Xen cannot check whether its devices are present, and lists it: strategy=host reserves it "
    "in every guest.",
    linux="Linux applies it to no device.",
    advice="Update the firmware. A host bridge may be turned off in its setup.",
    source="Xen vtd/dmar.c, register_one_rmrr, pci_known_segment",
    needs=[Need.PCI],
)
def unknown_segment(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions of segments that have no PCI function."""
    for region in facts.inventory.all_regions:
        if region.segment not in facts.segments:
            value = f"{region.segment:04x}"
            shown = (field_evidence(facts, fields_of(region).segment),)
            yield region_hit(region, f"is in segment {value}, which has no function.", shown)


RULES = (
    limit_below_base,
    placeholder,
    no_page,
    limit_page_aligned,
    unaligned,
    above_address_width,
    unknown_segment,
    large,
)
