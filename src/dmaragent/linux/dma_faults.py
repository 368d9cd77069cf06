"""DMA faults of VT-d as Linux and Xen log them.

Pure.  They are read by :mod:`dmaragent.messages.faults`.  Source: Linux
drivers/iommu/intel/dmar.c, ``dmar_fault_do_one``, which names no segment; Xen
drivers/passthrough/vtd/iommu.c, ``iommu_page_fault_do_one``.
"""

from collections.abc import Iterable
from typing import NamedTuple

from dmaragent.addresses import SBDF

_ON = frozenset(["1", "y", "Y", "on", "true"])


class Fault(NamedTuple):
    """One DMA that the IOMMU stopped."""

    device: SBDF
    """Of segment 0 where none is named."""
    address: int
    """As the device gave it, in bytes."""
    by_xen: bool
    """Whether Xen logged it; else Linux, where an address is often no physical one."""
    segment_named: bool = True
    """Linux's own messages name none."""
    write: bool = False
    reason: str = ""
    """The number and the words of the reason as they were logged; empty where none were."""


def with_known_segment(device: SBDF, functions: Iterable[SBDF]) -> SBDF:
    """Return `device`, whose segment was not named, with the segment of its only namesake."""
    place = (device.bus, device.device, device.function)
    namesakes = [sbdf for sbdf in functions if (sbdf.bus, sbdf.device, sbdf.function) == place]
    return namesakes[0] if len(namesakes) == 1 else device


def logs_physical_addresses(options: tuple[str, ...] | None) -> bool:
    """Return whether the addresses in Linux's faults are physical ones with these `options`.

    Else its drivers use addresses that the IOMMU translates.  Source: Linux
    Documentation/admin-guide/kernel-parameters.txt, iommu=pt and iommu.passthrough; the last
    counts.  A kernel that is built so is not told apart: None of the options, and no.
    """
    physical = False
    for word in options or ():
        name, _, value = word.partition("=")
        if name == "iommu":
            for part in value.split(","):
                physical = {"pt": True, "nopt": False}.get(part, physical)
        elif name == "iommu.passthrough":
            physical = value in _ON
    return physical
