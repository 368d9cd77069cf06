"""Rules about what Xen registers for IVMD blocks, and about its list for guests."""

from collections.abc import Iterator

from dmaragent.addresses import AddressRange
from dmaragent.checks.amd.effects import (
    CUT,
    CUT_WITHOUT_PREBOOT,
    FIRMWARE,
    LOAD,
    NO_PASSTHROUGH,
    WALK,
    XenCase,
    off_case,
)
from dmaragent.checks.amd.facts import IvrsFacts
from dmaragent.checks.amd.fields import ivmd_hit, range_fields
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.guests import (
    BELOW_1MIB,
    BELOW_1MIB_ADVICE,
    BELOW_1MIB_EFFECT,
    HVMLOADER_ADVICE,
    HVMLOADER_EFFECT,
    HVMLOADER_SOURCE,
    RESERVED_BY,
    below_1mib_hits,
    fills_a_map,
    hvmloader_hits,
    unlisted_hits,
)
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.inventory import Region
from dmaragent.iommu.amd import meaning_of
from dmaragent.iommu.model import Meaning
from dmaragent.policy.layout import MAP_ENTRIES
from fwtables import device_name

_LIST = "Xen amd/iommu_map.c, amd_iommu_get_reserved_device_memory"


@rule(
    "ivmd-overlap",
    Severity.CRITICAL,
    "Two unity maps of a device overlap",
    xen=f"Xen 4.16 and later switch AMD-Vi off (EPERM): {NO_PASSTHROUGH}.",
    linux="No effect: Linux merges them.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details=f"Equal ranges with equal access are accepted. An ID and the ID that it stands for count as one. "
    f"{LOAD}",
    source="Xen amd/iommu_acpi.c, reserve_unity_map_for_device",
)
def overlap(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs that overlap one before, for a device of both."""
    if not facts.ivmds:
        return
    numbers = {ivmd.region.source: ivmd for ivmd in facts.ivmds}
    for found in facts.walk.walk.overlaps:
        ivmd, others = numbers.get(found.source), [numbers.get(own) for own in found.others]
        other = next((own for own in others if own is not None), None)
        if ivmd is None:
            continue
        name = "a range of ivmd=" if other is None else other.region.words
        message = f"overlaps {name}, both for {device_name(found.device)}."
        shown: tuple[Evidence, ...] = range_fields(facts, ivmd)
        if other is not None:
            shown = (*range_fields(facts, other), *shown)
        yield ivmd_hit(ivmd, message, shown, case=off_case(facts, ivmd))


@rule(
    "ivmd-second-exclusion",
    Severity.INFO,
    "An exclusion range does not fit into the registers of the IOMMU",
    xen="Xen 4.16 and later maps it 1:1 instead, so that rdm_policy applies to it.",
    linux="No effect: Linux maps every exclusion range.",
    advice="No action needed.",
    details="An IOMMU has registers for one exclusion range. Xen joins those that touch each other, in the "
    "order of the table. DMA to the first one reaches the host's memory, whatever the guest has there.",
    source="Xen amd/iommu_acpi.c, reserve_iommu_exclusion_range",
)
def second_exclusion(facts: IvrsFacts) -> Iterator[Hit]:
    """Find exclusion ranges that Xen makes unity maps."""
    for ivmd in facts.ivmds:
        fate = facts.walk.fates.get(ivmd.region.number)
        if fate is None or not fate.mapped:
            continue
        if meaning_of(ivmd.block.flags) is Meaning.EXCLUSION:
            case = XenCase("", None)
            if not all(behaviour.lists_regions for behaviour in facts.behaviours):
                case = XenCase(f"No effect on Xen {facts.release}, which lists no region.", None)
            message = "is not the first exclusion range of its IOMMU."
            yield ivmd_hit(ivmd, message, range_fields(facts, ivmd), case=case)


@rule(
    "ivmd-many-entries",
    Severity.ERROR,
    "Xen's list has more entries than a guest's memory map can hold",
    xen=f"Guests with strategy=host do not start: libxl accepts {MAP_ENTRIES - 1} entries in a map.",
    linux="No effect.",
    advice="Do not use strategy=host; a guest's own devices do not need it.",
    details="Xen repeats a region for each device ID that it is for, present or not.",
    source=f"libxl_x86.c, domain_construct_memmap; {_LIST}",
    uses=[Need.PCI, Need.MEMORY_MAP],
)
def many_entries(facts: IvrsFacts) -> Iterator[Hit]:
    """Find hosts whose list, reported or predicted, does not fit into a guest's map."""
    entries = facts.inventory.xen.list.entries
    number = sum(entry.devices for entry in entries)
    if fills_a_map(number):
        ranges = len({entry.range for entry in entries})
        repeated = "1 range" if ranges == 1 else f"{ranges} ranges"
        most = MAP_ENTRIES - 1
        number_words = f"Xen's list has {number:,} entries"
        accepts = f"libxl accepts {most} in a guest's memory map, RAM included."
        yield Hit(
            message=f"{number_words} of {repeated}; {accepts}",
            brief=f"{number_words}; {accepts}",
            subject="entries",
        )


def _guest_pages(region: Region) -> AddressRange | None:
    """Return the pages that Xen lists; None: it lists nothing, or it is unknown."""
    return region.xen.range if region.xen.listed else None


def _pages_after_zero(region: Region) -> AddressRange | None:
    """Return the same; None if they begin with page 0."""
    pages = _guest_pages(region)
    return pages if pages is not None and pages.start else None


@rule(
    "ivmd-hvmloader",
    Severity.ERROR,
    "A region overlaps hvmloader's own memory",
    xen=HVMLOADER_EFFECT,
    linux="No effect.",
    advice=HVMLOADER_ADVICE,
    details=RESERVED_BY,
    source=HVMLOADER_SOURCE,
    uses=[Need.PCI, Need.MEMORY_MAP],
)
def hvmloader(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions whose pages overlap hvmloader's own area."""
    return hvmloader_hits(facts, _guest_pages)


@rule(
    "ivmd-below-1mib",
    Severity.WARNING,
    "A region is below 1 MiB",
    xen=BELOW_1MIB_EFFECT,
    linux="Linux 6.6 and later does not let VFIO use its devices, as with any other region.",
    advice=BELOW_1MIB_ADVICE,
    details=f"{BELOW_1MIB} DMA to an exclusion range reaches the host's memory, not the guest's.",
    source="libxl_dm.c, libxl__domain_device_construct_rdm",
    uses=[Need.PCI, Need.MEMORY_MAP],
)
def below_1mib(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that guest memory cannot avoid; those at address 0 have their own rule."""
    return below_1mib_hits(facts, _pages_after_zero)


@rule(
    "ivmd-unlisted",
    Severity.ERROR,
    "Xen does not list a region that its rules accept",
    xen="Unknown: AMD-Vi may be off, or Xen read another table. A guest may get the device without its "
    "region: DMA then fails or overwrites its memory.",
    linux="No effect.",
    advice="Assign none of its devices until `xl dmesg` (AMD-Vi, IVMD) explains it.",
    details=f"Search the output of `xl dmesg` for AMD-Vi and IVMD: Xen prints there what it did with the "
    f"table. {FIRMWARE}",
    source=f"{WALK}; {_LIST}",
    uses=[Need.PCI, Need.MEMORY_MAP],
)
def unlisted(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that the rules predict in the running Xen's list and that are not in it."""
    return unlisted_hits(facts)


RULES: tuple[Rule, ...] = (
    overlap,
    second_exclusion,
    many_entries,
    hvmloader,
    below_1mib,
    unlisted,
)
