"""DMA faults of VT-d and AMD-Vi as Linux and Xen log them.

Pure.  :mod:`dmaragent.messages.faults` parses them.  Source: Linux
drivers/iommu/intel/dmar.c, ``dmar_fault_do_one``, which logs a segment in 7.2 but not in 6.12, and
drivers/iommu/amd/iommu.c, ``amd_iommu_report_page_fault``; Xen
drivers/passthrough/vtd/iommu.c, ``iommu_page_fault_do_one``, and
drivers/passthrough/amd/iommu_init.c, ``parse_event_log_entry``.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from dmaragent.addresses import SBDF

_BOOLEAN = re.compile(r"(?i)(?:(?P<on>[yt1]|on)|[nf0]|of)")
"""How Linux reads a boolean (lib/kstrtox.c, ``kstrtobool``): by its first one or two characters."""


class Fault(NamedTuple):
    """One DMA that the IOMMU blocked."""

    device: SBDF
    """In segment 0 if the message has no segment."""
    address: int
    """The address that the device used, in bytes."""
    by_xen: bool
    """Whether Xen logged it; if Linux did, the address is often not a physical one."""
    segment_named: bool = True
    """Whether the message has a segment: those of Linux 6.12 and earlier about VT-d do not."""
    write: bool = False
    reason: str = ""
    """The number and text of the reason as logged, the flags of AMD-Vi, or empty."""


def with_known_segment(device: SBDF, functions: Iterable[SBDF]) -> SBDF:
    """Return `device` with the segment of the only function that has the rest of its address."""
    place = (device.bus, device.device, device.function)
    namesakes = [sbdf for sbdf in functions if (sbdf.bus, sbdf.device, sbdf.function) == place]
    return namesakes[0] if len(namesakes) == 1 else device


def logs_physical_addresses(options: tuple[str, ...] | None) -> bool:
    """Return whether Linux's faults have physical addresses with these kernel `options`.

    If not, drivers use addresses that the IOMMU translates.  Source: Linux
    Documentation/admin-guide/kernel-parameters.txt, iommu=pt and iommu.passthrough; the last one
    counts.  A kernel with this as its built-in default is not recognised: without the options,
    the result is False.
    """
    physical = False
    for word in options or ():
        name, _, value = word.partition("=")
        if name == "iommu":
            for part in value.split(","):
                physical = {"pt": True, "nopt": False}.get(part, physical)
        elif name == "iommu.passthrough" and (given := _BOOLEAN.match(value)):
            physical = given["on"] is not None
    return physical
