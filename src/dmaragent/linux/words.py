"""Sentences about Linux's use of the IOMMU and of reserved regions."""

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.linux.options import UnusedCause, UnusedIommu

# A kernel that does not use the IOMMU ---------------------------------------------------

_WHY_UNUSED = {
    UnusedCause.FIRMWARE_OPTS_OUT: ": the firmware's table switches it off (REMAP_OPT_OUT)",
    UnusedCause.AMD_FIRMWARE: " (switched off in the firmware setup?)",
    UnusedCause.NO_SMMU: " (no SMMU in the firmware's tables, or no driver for it?)",
    UnusedCause.OPTIONS_UNKNOWN: " (intel_iommu=on?)",
    UnusedCause.NOT_SWITCHED_ON: ": its command line has no intel_iommu=on",
}


def _why_unused(unused: UnusedIommu) -> str:
    if unused.cause is UnusedCause.SWITCHED_OFF:
        beside = f" after {unused.earlier} (the last one counts)" if unused.earlier else ""
        return f": its command line has {unused.option}{beside}"
    if unused.cause is UnusedCause.ON_WITHOUT_EFFECT:
        return f", although its command line has {unused.option}"
    return _WHY_UNUSED[unused.cause]


def no_groups(unused: UnusedIommu) -> str:
    return f"no IOMMU groups: this kernel does not use the IOMMU{_why_unused(unused)}"


def refused_without_iommu(unused: UnusedIommu, verdict: str, noiommu_group: int | None) -> str:
    """Return the sentence; `verdict` is the one for a kernel that uses the IOMMU.

    `noiommu_group` is the group that VFIO made for the device without an IOMMU, if it did.
    """
    made = (
        ""
        if noiommu_group is None
        else f". VFIO made its group {noiommu_group} without an IOMMU (vfio-noiommu), which QEMU and "
        "libvirt cannot use"
    )
    why = _why_unused(unused)
    return f"this kernel does not use the IOMMU{why}{made}. With the IOMMU: {verdict}"


# Differences ----------------------------------------------------------------------------


def ties_all_below(bridge: SBDF) -> str:
    return (
        f"it names bridge {bridge}: Linux applies it to every device behind the bridge, "
        "Xen only to the bridge itself"
    )


def held_against_class(sbdf: SBDF, held: str, rule: str, *, type_missing: bool) -> str:
    """Return that the kernel's type for a device is not that of its class.

    `type_missing`: the kernel may be without the type of its class.
    """
    why = (
        "the kernel may not have this type, which Linux has since 5.3"
        if type_missing
        else "the kernel is patched (relax_rmrr) or newer than this rule"
    )
    return f"Linux reports {held} for {sbdf}, but devices of its class are usually {rule}: {why}"


def region_of_no_structure(place: AddressRange, group: int) -> str:
    return f"Linux reports {span(place)} for IOMMU group {group}, but no region of the table has it"


def region_not_in_group(place: AddressRange, group: int) -> str:
    return (
        f"Linux does not report {span(place)} for IOMMU group {group}, although the table has it "
        "for one of the group's devices"
    )


def floppy_workaround(group: int) -> str:
    return f"Linux adds 0x0-0xffffff to IOMMU group {group} (ISA bridge: floppy workaround)"


# AMD's table ----------------------------------------------------------------------------

IVRS_CHECKSUM = "the table's checksum is wrong, so Linux uses no IOMMU"
IVMD_WITHOUT_ACCESS = (
    "an IVMD grants neither reading nor writing, so Linux cannot map it for its device and uses no "
    "IOMMU"
)
IVMD_WITHOUT_ACCESS_BY_VENDOR = (
    "an IVMD grants neither reading nor writing: Linux 6.5 and later then use no IOMMU, and the vendor "
    "of this kernel may have added that change"
)
IVMD_SEGMENTS_BY_VENDOR = (
    "an IVMD names a PCI segment: Linux before 6.0 applies it to segment 0, and the vendor of this "
    "kernel may have added that it reads the segment"
)
IVMD_WITHOUT_ACCESS_BY_RELEASE = (
    "an IVMD grants neither reading nor writing: Linux 6.5 and later then use no IOMMU, and the release "
    "of this kernel is unknown"
)
IVMD_WITHOUT_ACCESS_BY_OPTIONS = (
    "an IVMD grants neither reading nor writing: Linux then uses no IOMMU without iommu=pt, and the "
    "options of this kernel are unknown"
)
IVMD_SEGMENTS_BY_RELEASE = (
    "an IVMD names a PCI segment: Linux before 6.0 applies it to segment 0, and the release of this "
    "kernel is unknown"
)
IVHD_WITHOUT_DEVICES = "an IVHD block names no device, so Linux uses no IOMMU"
BLOCK_LENGTH_ZERO = "a block has length 0: Linux reads it for ever and does not boot"
LENGTHS_NOT_CHECKED = (
    "a length in the table is wrong, or bytes follow its last block: Linux reads on without a check"
)
RANGE_BROKEN = "a range of device IDs in the table has no start or no end"


def refuted_by_groups(error: str) -> str:
    return f"by Linux's rules, {error}; but this kernel has IOMMU groups, so it uses one"


def unsupported_ivhd(block_type: int) -> str:
    """Linux takes the type of another block for that of the IVHD blocks."""
    return f"Linux takes blocks of type 0x{block_type:02x} for IVHD blocks, and uses no IOMMU"


def unknown_variety(variety: int) -> str:
    return f"a special device has the unknown variety {variety}, so Linux uses no IOMMU"
