"""DMA faults of VT-d in logs of Linux and of Xen, and the pages they show.

Pure.  Source of the wordings: Linux drivers/iommu/intel/dmar.c, ``dmar_fault_do_one`` (which
never names a segment; newer kernels say NO_PASID and write 0x); Xen
drivers/passthrough/vtd/iommu.c, ``iommu_page_fault_do_one``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dmaragent.addresses import PAGE, SBDF
from dmaragent.platforms.rmrr_writer import Wanted

_FAULT = re.compile(
    r"\[DMA (?P<access>Read|Write)[^\]]*\] Request device \[(?P<device>[0-9a-fA-Fx:.]+)\]"
    r"(?: PASID [0-9a-fA-Fx]+)? fault addr (?:0x)?(?P<address>[0-9a-fA-F]{1,16})\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One DMA that the IOMMU stopped."""

    device: SBDF
    """Of segment 0 where Linux logged it: its messages name none."""
    address: int
    """As the device gave it, in bytes."""
    by_xen: bool
    """Whether Xen logged it; else Linux, where an address is often no physical one."""


def read_faults(log: str) -> Iterator[Fault]:
    """Yield the DMA faults of `log`; every other line is passed over."""
    for line in log.splitlines():
        found = _FAULT.search(line)
        if found is None:
            continue
        try:
            device = SBDF.parse(found["device"].replace("0x", ""))
        except ValueError:
            continue
        by_xen = "[VT-D]" in line
        yield Fault(device=device, address=int(found["address"], 16), by_xen=by_xen)


def regions_of(faults: Iterable[Fault]) -> tuple[Wanted, ...]:
    """Group `faults` into runs of pages that the same devices touched, by address."""
    pages: dict[int, set[SBDF]] = {}
    for fault in faults:
        pages.setdefault(fault.address // PAGE, set()).add(fault.device)
    found: list[Wanted] = []
    for page, devices in sorted(pages.items()):
        owners = tuple(sorted(devices))
        last = found[-1] if found else None
        if last is not None and last.last + 1 == page and last.devices == owners:
            found[-1] = Wanted(base=last.base, limit=(page + 1) * PAGE - 1, devices=owners)
        else:
            found.append(Wanted(base=page * PAGE, limit=(page + 1) * PAGE - 1, devices=owners))
    return tuple(found)
