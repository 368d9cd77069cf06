"""Rules about the addresses and flags of IVMD blocks."""

from collections.abc import Iterator

from dmaragent.addresses import PAGE
from dmaragent.checks.amd.effects import (
    CUT,
    CUT_WITHOUT_PREBOOT,
    FIRMWARE,
    LINUX_IVMD,
    LOAD,
    LOAD_TABLE,
    WALK,
    XEN_OFF_IVMD,
    XenCase,
    off_case,
    unknown_memory,
)
from dmaragent.checks.amd.facts import Ivmd, IvrsFacts
from dmaragent.checks.amd.fields import header_field, ivmd_field, ivmd_hit, range_fields
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.iommu.amd import ivmd_segment, meaning_of
from dmaragent.iommu.model import Meaning
from dmaragent.linux.ivrs import IVMD_SEGMENTS
from dmaragent.linux.words import IVMD_WITHOUT_ACCESS
from dmaragent.xen.hypervisor.ivrs_blocks import is_addressable, stops_xen
from fwtables.ivrs.constants import IvmdFlag, flag_names

_SOURCE = f"{WALK}; {LINUX_IVMD}"
_END_OF_ADDRESSES = 1 << 64


def _flags(facts: IvrsFacts, ivmd: Ivmd) -> tuple[Evidence]:
    names = ", ".join(flag_names("IVMD", ivmd.block.flags)) or "none"
    return (ivmd_field(facts, ivmd, "flags", f"{ivmd.block.flags:#x}: {names}"),)


@rule(
    "ivmd-flags-none",
    Severity.CRITICAL,
    "An IVMD is neither a unity map nor an exclusion range",
    xen=XEN_OFF_IVMD,
    linux="No effect: Linux ignores the block.",
    advice="If someone cleared the flags, restore them; else leave the region out (encode --without).",
    details=f'Xen prints "IVMD: invalid flag field". To please both, the block must go, not its flags. '
    f"{LOAD}",
    source=_SOURCE,
)
def flags_none(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs that ask for nothing."""
    for ivmd in facts.ivmds:
        if meaning_of(ivmd.block.flags) is Meaning.UNSTATED:
            message = "is neither a unity map nor an exclusion range."
            yield ivmd_hit(ivmd, message, _flags(facts, ivmd), case=off_case(facts, ivmd))


@rule(
    "ivmd-flags-both",
    Severity.WARNING,
    "An IVMD is a unity map and an exclusion range",
    xen="Xen treats it as an exclusion range.",
    linux="Linux treats it as an exclusion range, for reading and writing.",
    advice="No action needed. Report it to the firmware's vendor.",
    source=_SOURCE,
)
def flags_both(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs with both flags."""
    both = IvmdFlag.UNITY | IvmdFlag.EXCLUSION_RANGE
    for ivmd in facts.ivmds:
        if ivmd.block.flags & both == both:
            message = "has the flags of a unity map and of an exclusion range."
            yield ivmd_hit(ivmd, message, _flags(facts, ivmd))


@rule(
    "ivmd-one-way",
    Severity.WARNING,
    "A unity map is not for reading and writing",
    xen="Xen swaps reading and writing (4.2 and later).",
    linux="Linux grants what the table gives.",
    advice=FIRMWARE,
    details=f"What the region is for may fail in a guest of Xen. {LOAD_TABLE}",
    source="Xen amd/iommu_acpi.c, parse_ivmd_block (e941abd7ca); Linux amd/init.c, "
    "init_unity_map_range, iommu.c, iommu_setup_default_domain",
)
def one_way(facts: IvrsFacts) -> Iterator[Hit]:
    """Find unity maps without reading or without writing."""
    for ivmd in facts.ivmds:
        read, write = (bool(ivmd.block.flags & flag) for flag in (IvmdFlag.READ, IvmdFlag.WRITE))
        if meaning_of(ivmd.block.flags) is not Meaning.IDENTITY or (read and write):
            continue
        words, swapped = ("reading", "writing") if read else ("writing", "reading")
        effect = f"Xen grants {swapped} instead of {words}: it swaps the two (4.2 and later)."
        case, linux = XenCase(effect, None), ""
        message = f"is a unity map only for {words}."
        if not (read or write):
            message = "is a unity map without any access."
            case = XenCase("Xen maps it without access: the device's DMA there fails.", None)
            linux = "Linux 6.5 and later use no IOMMU at all, except with iommu=pt. Earlier ones ignore it."
            if facts.linux is not None and facts.linux.error == IVMD_WITHOUT_ACCESS:
                case = case._replace(severity=Severity.CRITICAL)
        yield ivmd_hit(ivmd, message, _flags(facts, ivmd), case=case, linux=linux)


_PAGE_0_IN_RAM = "It is RAM, so Xen 4.17.4, 4.18.1, 4.19 and later switch AMD-Vi off (EIO)."


@rule(
    "ivmd-at-zero",
    Severity.CRITICAL,
    "A region begins at address 0",
    xen="If page 0 is RAM, as on most machines, Xen 4.17.4, 4.18.1, 4.19 and later switch AMD-Vi "
    "off (EIO).",
    linux="Linux 6.6 and later does not let VFIO use its devices.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details=f"This is a placeholder: nothing needs the region. {LOAD}",
    source=f"{WALK}, until 4.18 and iommu_unity_region_ok from 4.19 on; Linux iommu.c, "
    "__iommu_device_set_domain (6.6); seen on an ASUS PX13",
    uses=[Need.MEMORY_MAP],
)
def at_zero(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that begin in page 0; those without length have their own rule."""
    for ivmd in facts.ivmds:
        if ivmd.pages is None or ivmd.pages.start:
            continue
        case = off_case(
            facts,
            ivmd,
            lambda behaviour: not behaviour.memory_test_inverted,
            errno="EIO",
            kept="accepts RAM, and keeps the region.",
        )
        checked = facts.memory_checks.get(ivmd.region.number)
        known = checked is not None and not (checked.error or checked.doubt)
        if facts.memory_map is not None and known:
            case = XenCase(
                "Xen keeps the region: the memory map does not have page 0 as RAM.", None
            )
            case = case._replace(severity=Severity.ERROR)
        elif unknown := unknown_memory(facts, ivmd):
            case = case._replace(xen=unknown)
        elif checked is not None and checked.error and not checked.doubt and not case.xen:
            case = case._replace(xen=_PAGE_0_IN_RAM)
        yield ivmd_hit(ivmd, "begins at address 0.", range_fields(facts, ivmd), case=case)


@rule(
    "ivmd-length-tiny",
    Severity.INFO,
    "A region is shorter than a page",
    xen="Xen reserves the whole page.",
    linux="Linux reserves a whole page.",
    advice="No action needed. Report it to the firmware's vendor.",
    details="The firmware probably gives the length in another unit, so that the region is too small for "
    "its use.",
    source=_SOURCE,
)
def length_tiny(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions of less than a page."""
    for ivmd in facts.ivmds:
        length = ivmd.block.memory_length
        if 0 < length < PAGE:
            size = "1 byte" if length == 1 else f"{length} bytes"
            shown = (ivmd_field(facts, ivmd, "memory_length", f"{length:#x}"),)
            yield ivmd_hit(ivmd, f"is {size} long.", shown)


@rule(
    "ivmd-zero-length",
    Severity.WARNING,
    "A region has length 0",
    xen="Xen registers it without pages and lists nothing.",
    linux="Linux 6.6 and later does not let VFIO use its devices, as with any other region.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details=LOAD,
    source=_SOURCE,
)
def zero_length(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions without length."""
    for ivmd in facts.ivmds:
        block = ivmd.block
        if block.memory_length:
            continue
        case = XenCase("", None)
        if stops_xen(block):
            case = _stop_case(facts)
        elif block.start_address % PAGE:
            case = XenCase("Xen reserves the page in which it begins.", None)
        yield ivmd_hit(ivmd, "has length 0.", range_fields(facts, ivmd), case=case)


def _stop_case(facts: IvrsFacts) -> XenCase:
    """Return the effect of an IVMD whose end is at or near 64 bits of address."""
    if not all(behaviour.lists_regions for behaviour in facts.behaviours):
        return XenCase(
            f"Unknown for Xen {facts.release}: before 4.16, an IVMD is treated otherwise.",
            Severity.WARNING,
        )
    return XenCase("Xen 4.16 and later stops with a BUG and does not boot.", Severity.CRITICAL)


@rule(
    "ivmd-wraps",
    Severity.ERROR,
    "A region ends beyond 64 bits of address",
    xen="Unknown: the end wraps around.",
    linux="Unknown: the end wraps around.",
    advice=CUT,
    advice_without_preboot=CUT_WITHOUT_PREBOOT,
    details=LOAD,
    source=_SOURCE,
)
def wraps(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions whose start and length add up to 2^64 or more, or to nearly as much."""
    for ivmd in facts.ivmds:
        block = ivmd.block
        end = block.start_address + block.memory_length
        stops = stops_xen(block)
        if block.memory_length and (stops or end > _END_OF_ADDRESSES):
            ends = "at the end of" if end <= _END_OF_ADDRESSES else "beyond"
            if stops:
                case = _stop_case(facts)
            else:
                is_ignored = facts.ignored_by_xen(ivmd)
                case = off_case(facts, ivmd) if is_ignored else XenCase("", None)
            message = f"ends {ends} 64 bits of address."
            yield ivmd_hit(ivmd, message, range_fields(facts, ivmd), case=case)


@rule(
    "ivmd-unaligned",
    Severity.WARNING,
    "A region does not consist of whole pages",
    xen="Xen reserves every page that it touches.",
    linux="Linux rounds the start up and then takes whole pages, so not those that Xen takes.",
    advice="Report it to the vendor: a region must consist of whole 4 KiB pages.",
    source=_SOURCE,
)
def unaligned(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that begin or end within a page; shorter ones and empty ones have own rules."""
    for ivmd in facts.ivmds:
        length = ivmd.block.memory_length
        begins = length > 0 and ivmd.block.start_address % PAGE != 0
        is_odd = length > PAGE and length % PAGE != 0
        if not begins and not is_odd:
            continue
        start, size = range_fields(facts, ivmd)
        shown = ((start,) if begins else ()) + ((size,) if is_odd else ())
        parts = [words for words, true in ((_BEGINS, begins), (_IS_ODD, is_odd)) if true]
        yield ivmd_hit(ivmd, f"{' and '.join(parts)}.", shown)


_BEGINS = "begins within a page"
_IS_ODD = "has a length that is not a whole number of pages"


@rule(
    "ivmd-too-high",
    Severity.WARNING,
    "A region is above the addresses that the table gives devices",
    xen='Xen 4.16 and later ignores it ("not IOMMU addressable"): DMA there fails.',
    linux="No effect: Linux does not check this.",
    advice="Update the firmware: the region, or a size in the header, is wrong.",
    source="Xen amd/iommu_acpi.c, parse_ivmd_block (6f81a70baf, 4.16)",
)
def too_high(facts: IvrsFacts) -> Iterator[Hit]:
    """Find regions that Xen ignores for the sizes of addresses in IVinfo."""
    bits = facts.address_bits
    for ivmd in facts.ivmds if bits else ():
        if stops_xen(ivmd.block) or is_addressable(ivmd.block, bits):
            continue
        shown = (header_field(facts, "iv_info", f"{bits} bits"), *range_fields(facts, ivmd))
        yield ivmd_hit(ivmd, f"needs more than {bits} bits.", shown)


_SEGMENT_KERNELS = "Linux {}.{} and later".format(*IVMD_SEGMENTS)


@rule(
    "ivmd-segment",
    Severity.WARNING,
    "A reserved field of an IVMD is not 0",
    xen="Xen ignores the segment: it applies the region to segment 0.",
    linux=f"{_SEGMENT_KERNELS} applies it to devices of that PCI segment only.",
    advice="If the host has no such segment, update the firmware.",
    details="Bytes 8 and 9 are reserved in published descriptions of the table; "
    f"{_SEGMENT_KERNELS} reads a segment there.",
    source="Linux amd/init.c, struct ivmd_header; Xen amd/iommu_acpi.c, parse_ivmd_block",
)
def segment(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IVMDs with a segment or other bytes in their reserved field."""
    for ivmd in facts.ivmds:
        reserved = ivmd.block.reserved
        if not any(reserved):
            continue
        number = ivmd_segment(ivmd.block)
        shown = (ivmd_field(facts, ivmd, "reserved", reserved.hex(" ")),)
        if number:
            yield ivmd_hit(ivmd, f"is in segment {number:04x} for Linux.", shown)
        else:
            none = "No effect: {} does not read these bytes."
            yield ivmd_hit(
                ivmd,
                "has reserved bytes that are not 0.",
                shown,
                case=XenCase(none.format("Xen"), Severity.INFO),
                linux=none.format("Linux"),
            )


RULES: tuple[Rule, ...] = (
    flags_none,
    flags_both,
    one_way,
    at_zero,
    length_tiny,
    zero_length,
    wraps,
    unaligned,
    too_high,
    segment,
)
