"""What a host says of its IOMMU, and of addresses for DMA, in sentences."""

from collections.abc import Iterator

from dmaragent.messages.dma_address import DmaAddress
from dmaragent.messages.iommu_state import ABOUT_TABLE, IommuState
from dmaragent.messages.model import Program

_ON_XEN = frozenset({Program.XEN, Program.LIBXL, Program.XENOPSD})


def iommu_words(state: IommuState, message: str, printer: Program) -> Iterator[str]:
    """Yield what the host says of its IOMMU; `message` is the id of what `printer` said."""
    if printer in _ON_XEN:
        yield from _xen_words(state)
        return
    if state.under_xen:
        yield (
            "Xen runs here and owns the IOMMU: Linux has no IOMMU groups, whatever its options, "
            "and VFIO cannot work (xl dmesg says whether Xen uses the IOMMU)"
        )
        return
    if message in ABOUT_TABLE and state.table:
        yield (
            "this host has the firmware's table: whoever looked for it could not see it, as in "
            "a container, or looked before VT-d was switched on"
        )
    yield _groups_words(state)
    yield _option_words(state)
    if state.table is not None and message not in ABOUT_TABLE:
        yield _table_words(state)


def _table_words(state: IommuState) -> str:
    table = "IVRS" if state.amd else "DMAR"
    if state.table:
        return f"the firmware gives its table ({table}), as it does if the setup has the IOMMU on"
    return f"the firmware gives no table ({table}): the IOMMU is off in the setup, or missing"


def _xen_words(state: IommuState) -> Iterator[str]:
    """Yield what decides whether Xen uses the IOMMU."""
    if state.xen_off_by:
        yield f"Xen's command line says {state.xen_off_by}, which switches it off: take it out"
    elif state.xen_options is not None:
        yield "no option on Xen's command line switches the IOMMU off"
    elif state.under_xen:
        yield "unknown whether an option of Xen's switches the IOMMU off: xl info was not read"
    elif state.without_xen:
        yield "Xen does not run here: the message is from another host or another boot"
    if state.table is not None:
        yield _table_words(state)


def _groups_words(state: IommuState) -> str:
    if state.groups is None:
        return "unknown whether the kernel has IOMMU groups: /sys/kernel/iommu_groups was not read"
    if state.groups:
        return (
            f"the kernel has {state.groups} IOMMU groups, so it uses the IOMMU: the message is "
            "from a container that hides sysfs, from another host or from another boot"
        )
    return "the kernel has no IOMMU groups: it does not use the IOMMU"


def _option_words(state: IommuState) -> str:
    if not state.options_known:
        return "unknown whether a kernel option decides: /proc/cmdline was not read"
    if state.off_by:
        instead = (
            "take it out"
            if state.amd or "intel_iommu" not in state.off_by
            else ("write intel_iommu=on instead (of several, the last counts)")
        )
        return f"the kernel's command line says {state.off_by}, which switches it off: {instead}"
    if state.on_by:
        return f"the kernel's command line says {state.on_by}"
    if state.amd:
        return "no kernel option switches it off; AMD's needs none to be on"
    return (
        "intel_iommu=on is not on the kernel's command line; without it the kernel's build decides"
    )


def dma_words(address: DmaAddress) -> str:
    """Return what the host says of one mapping."""
    first, last = address.span.first, address.span.last
    place = f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
    if address.too_high:
        return (
            f"{place} needs {address.bits} address bits, and this host's table gives it "
            f"{address.width}: no remapping unit here translates it, and no reserved region is "
            f"concerned (host-phys-bits-limit={address.width})"
        )
    if address.reserved:
        ranges = ", ".join(
            f"{reserved.base:#x}-{reserved.limit:#x} ({reserved.type})"
            for reserved in address.reserved
        )
        return f"{place} overlaps what Linux reserves in IOMMU groups of this host: {ranges}"
    if address.width is None:
        return f"{place} needs {address.bits} address bits; how many this host has is unknown"
    return (
        f"{place} needs {address.bits} of the {address.width} address bits of this host's table; "
        "a remapping unit may translate fewer (reg_base_addr in dmesg: bits 16-21 of cap, plus 1)"
    )
