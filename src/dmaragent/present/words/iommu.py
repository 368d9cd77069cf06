"""The state of a host's IOMMU, and DMA addresses, in sentences."""

from collections.abc import Iterator

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.options import OPT_OUT_FLAG
from dmaragent.messages.dma_address import DmaAddress
from dmaragent.messages.iommu_state import ABOUT_TABLE, IommuState
from dmaragent.messages.model import XEN_PRINTERS, Program
from dmaragent.present.words.numbers import count


def iommu_words(state: IommuState, message: str, printer: Program) -> Iterator[str]:
    """Yield the state of the IOMMU; `message` is the id of the message that `printer` printed."""
    if printer in XEN_PRINTERS:
        yield from _xen_words(state)
        return
    if state.under_xen:
        yield (
            "Xen runs here and controls the IOMMU, so Linux has no IOMMU groups, whatever its "
            "options, and VFIO cannot work. `xl dmesg` shows whether Xen uses the IOMMU"
        )
        return
    if message in ABOUT_TABLE and state.table:
        yield (
            "This host has the firmware's table. The program could not see it: it ran in a "
            "container, or before VT-d was enabled"
        )
    yield _groups_words(state)
    if state.opted_out and not state.groups:
        yield (
            f"The flag {OPT_OUT_FLAG} of the firmware's table keeps the IOMMU off. No kernel option "
            "changes that: look for VT-d or DMA protection in the firmware setup"
        )
        return
    yield _option_words(state)
    if state.table is not None and message not in ABOUT_TABLE:
        yield _table_words(state)


def _table_words(state: IommuState) -> str:
    unknown = state.vendor is IommuVendor.UNKNOWN
    table = "DMAR or IVRS" if unknown else state.vendor.table_name
    if state.table and state.vendor is IommuVendor.ARM:
        return f"The firmware has the {table} table, which lists the machine's SMMUs, if it has any"
    if state.table:
        return f"The firmware has the {table} table, so the IOMMU is probably enabled in its setup"
    return f"The firmware has no {table} table: the IOMMU is off in the firmware setup, or absent"


def _xen_words(state: IommuState) -> Iterator[str]:
    """Yield what decides whether Xen uses the IOMMU."""
    switch = state.xen_switch
    if switch.doubt:
        yield f"On Xen's command line: {switch.doubt}"
    elif switch.word and switch.word != switch.given:
        yield f"{switch.word}, a part of {switch.given} on Xen's command line, disables the IOMMU: remove that part"
    elif switch.word:
        yield f"{switch.word} on Xen's command line disables the IOMMU: remove it"
    elif state.xen_options is not None:
        yield "No option on Xen's command line disables the IOMMU"
    elif state.under_xen:
        yield "Unknown whether a Xen option disables the IOMMU: xl info was not read"
    elif state.without_xen:
        yield "Xen does not run here: the message is from another host or another boot"
    if state.table is not None:
        yield _table_words(state)


def _groups_words(state: IommuState) -> str:
    if state.groups is None:
        return "Unknown whether the kernel has IOMMU groups: /sys/kernel/iommu_groups was not read"
    if state.groups:
        return (
            f"The kernel has {count(state.groups, 'IOMMU group')}, so it uses the IOMMU. The message is "
            "from a container that hides sysfs, from another host or from another boot"
        )
    return "The kernel has no IOMMU groups: it does not use the IOMMU"


def _option_words(state: IommuState) -> str:
    if not state.options_known:
        return "Unknown whether a kernel option decides this: /proc/cmdline was not read"
    if state.off_by:
        instead = f"replace it with {state.replacement}" if state.replacement else "remove it"
        return f"{state.off_by} on the kernel's command line disables the IOMMU: {instead}"
    if state.on_by:
        return f"The kernel's command line has {state.on_by}"
    if state.vendor is IommuVendor.AMD:
        return "No kernel option disables the IOMMU, and AMD's needs no option to be on"
    if state.vendor is IommuVendor.ARM:
        return "No kernel option enables or disables Arm's IOMMU, the SMMU"
    if state.vendor is IommuVendor.UNKNOWN:
        return "No kernel option enables or disables the IOMMU. Intel's may need intel_iommu=on"
    return (
        "intel_iommu=on is not on the kernel's command line, so the default of the kernel's build "
        "counts"
    )


def dma_words(address: DmaAddress) -> str:
    """Return what this host has at the addresses of one mapping."""
    first, last = address.span.first, address.span.last
    place = f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
    if address.too_high:
        return (
            f"{place} needs {address.bits} address bits, but this host's table allows "
            f"{address.width}, so no remapping unit here translates it. A reserved region is not "
            f"the reason (set host-phys-bits-limit={address.width})"
        )
    if address.reserved:
        ranges = ", ".join(
            f"{reserved.base:#x}-{reserved.limit:#x} ({reserved.type})"
            for reserved in address.reserved
        )
        return (
            f"{place} overlaps regions that Linux reserves in IOMMU groups of this host: {ranges}"
        )
    if address.width is None:
        return f"{place} needs {address.bits} address bits; the number of bits here is unknown"
    return (
        f"{place} needs {address.bits} of the {address.width} address bits of this host's table. "
        "A remapping unit can translate fewer (reg_base_addr in dmesg: bits 16-21 of cap, plus 1)"
    )
