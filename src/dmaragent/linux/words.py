"""The sentences on what Linux makes of the IOMMU and of reserved regions: each name is an id.

A part of a sentence stands above the sentence that it completes.
"""

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.linux.options import UnusedCause, UnusedIommu

# A kernel that does not use the IOMMU ---------------------------------------------------

_WHY_UNUSED = {
    UnusedCause.AMD_FIRMWARE: " (switched off in the firmware setup?)",
    UnusedCause.NO_SMMU: " (no SMMU in the firmware's tables, or no driver for it?)",
    UnusedCause.OPTIONS_UNKNOWN: " (intel_iommu=on?)",
    UnusedCause.NOT_ASKED_FOR: ", and its command line has no intel_iommu=on",
}


def _why_unused(unused: UnusedIommu) -> str:
    if unused.cause is UnusedCause.SWITCHED_OFF:
        beside = f", after {unused.earlier}: the last counts" if unused.earlier else ""
        return f", because its command line says {unused.option}{beside}"
    if unused.cause is UnusedCause.ASKED_IN_VAIN:
        return f", though its command line says {unused.option}"
    return _WHY_UNUSED[unused.cause]


def no_groups(unused: UnusedIommu) -> str:
    return f"no IOMMU groups: this kernel does not use the IOMMU{_why_unused(unused)}"


def refused_without_iommu(unused: UnusedIommu, verdict: str) -> str:
    """A device is not passed through as the kernel runs; `verdict`: what it is with the IOMMU."""
    return f"this kernel does not use the IOMMU{_why_unused(unused)}. With the IOMMU: {verdict}"


# Where Linux differs --------------------------------------------------------------------


def ties_all_below(bridge: SBDF) -> str:
    return f"Linux ties all that is below the bridge {bridge} to it, Xen the bridge alone"


def held_against_class(sbdf: SBDF, held: str, rule: str) -> str:
    """The kernel's word for a device is not that of the rule for its class."""
    return (
        f"Linux has it {held} for {sbdf}, where the rule for its "
        f"class is {rule}: a patched kernel (relax_rmrr), or a newer rule"
    )


def region_of_no_structure(place: AddressRange, group: int) -> str:
    return f"Linux has {span(place)} in IOMMU group {group}; no region of the table says so"


def region_not_in_group(place: AddressRange, group: int) -> str:
    return (
        f"Linux does not have {span(place)} in IOMMU group {group}, which the table's scopes cover"
    )


def floppy_workaround(group: int) -> str:
    return (
        f"Linux has 0x0-0xffffff in IOMMU group {group}: its floppy workaround for "
        "the ISA bridge, not a region of the table"
    )


# AMD's table ----------------------------------------------------------------------------

IVRS_CHECKSUM = "the table's checksum is wrong, so Linux uses no IOMMU"
IVHD_WITHOUT_DEVICES = "an IVHD block names no device, so Linux uses no IOMMU"
BLOCK_LENGTH_ZERO = "a block has length 0: Linux reads it for ever and does not boot"
LENGTHS_NOT_CHECKED = (
    "a length in the table is wrong, or bytes follow its last block: Linux reads on without a check"
)
RANGE_BROKEN = "a range of device IDs in the table has no start or no end"


def unsupported_ivhd(block_type: int) -> str:
    """Linux takes the type of another block for that of the IVHD blocks."""
    return f"Linux takes blocks of type 0x{block_type:02x} for IVHD blocks, and uses no IOMMU"


def unknown_variety(variety: int) -> str:
    return f"a special device has the unknown variety {variety}, so Linux uses no IOMMU"
