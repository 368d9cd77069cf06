"""Sentences that relate a message to the state of a host's IOMMU and to its DMA addresses."""

from collections.abc import Iterator

from dmaragent.messages.dma_address import DmaAddress
from dmaragent.messages.iommu_state import ABOUT_TABLE, IommuState
from dmaragent.messages.model import Program

_ON_XEN = frozenset({Program.XEN, Program.LIBXL, Program.XENOPSD})


def iommu_words(state: IommuState, message: str, printer: Program) -> Iterator[str]:
    """Yield the state of the host's IOMMU; `message` is the id of a message of `printer`."""
    if printer in _ON_XEN:
        yield from _xen_words(state)
        return
    if state.under_xen:
        yield (
            "this host runs Xen, which owns the IOMMU: Linux has no IOMMU groups whatever its "
            "options, and VFIO cannot work (xl dmesg shows whether Xen uses the IOMMU)"
        )
        return
    if message in ABOUT_TABLE and state.table:
        yield (
            "this host has the firmware's table: the message is from a container that hides it, "
            "or from a time before VT-d was switched on"
        )
    yield _groups_words(state)
    yield _option_words(state)
    if state.table is not None and message not in ABOUT_TABLE:
        yield _table_words(state)


def _table_words(state: IommuState) -> str:
    table = "IVRS" if state.amd else "DMAR"
    if state.table:
        return f"the firmware provides its table ({table}), so the IOMMU is on in the setup"
    return (
        f"the firmware provides no table ({table}): the IOMMU is off in the setup, or the machine "
        "lacks it"
    )


def _xen_words(state: IommuState) -> Iterator[str]:
    """Yield the facts that decide whether Xen uses the IOMMU."""
    if state.xen_off_by:
        yield f"Xen's command line has {state.xen_off_by}, which switches the IOMMU off: remove it"
    elif state.xen_options is not None:
        yield "no option on Xen's command line switches the IOMMU off"
    elif state.under_xen:
        yield "unknown whether an option of Xen switches the IOMMU off: xl info was not read"
    elif state.without_xen:
        yield "this host does not run Xen: the message is from another host or another boot"
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
            "remove it"
            if state.amd or "intel_iommu" not in state.off_by
            else ("write intel_iommu=on instead (if there are several, the last one counts)")
        )
        return (
            f"the kernel's command line has {state.off_by}, which switches the IOMMU off: {instead}"
        )
    if state.on_by:
        return f"the kernel's command line has {state.on_by}"
    if state.amd:
        return "no kernel option switches the IOMMU off, and on AMD none is needed to switch it on"
    return (
        "the kernel's command line lacks intel_iommu=on, so the default of the kernel's build "
        "applies"
    )


def dma_words(address: DmaAddress) -> str:
    """Return how the addresses of one mapping relate to this host."""
    first, last = address.span.first, address.span.last
    place = f"{first:#x}" if first == last else f"{first:#x}-{last:#x}"
    if address.too_high:
        return (
            f"{place} needs {address.bits} address bits, but this host's table allows "
            f"{address.width}: no remapping unit translates it. Reserved regions are not the "
            f"cause. Fix: host-phys-bits-limit={address.width}"
        )
    if address.reserved:
        ranges = ", ".join(
            f"{reserved.base:#x}-{reserved.limit:#x} ({reserved.type})"
            for reserved in address.reserved
        )
        return f"{place} overlaps reserved regions of IOMMU groups of this host: {ranges}"
    if address.width is None:
        return f"{place} needs {address.bits} address bits; the number on this host is unknown"
    return (
        f"{place} needs {address.bits} of the {address.width} address bits of this host's table; "
        "a remapping unit may support fewer (reg_base_addr in dmesg: bits 16-21 of cap, plus 1)"
    )
