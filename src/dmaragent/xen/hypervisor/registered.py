"""The regions that Xen registered, and how the hypercall reports them, in all and by device.

Pure.  Xen keeps them in ``acpi_rmrr_units`` and goes through that list from the newest to the
oldest: drivers/passthrough/vtd/dmar.c and iommu.c.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.host.xen import RdmEntry

ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF
"""The highest 64-bit address."""


def listed_pages(base: int, limit: int) -> AddressRange | None:
    """Return the pages that the hypercall reports for a region; None if the limit is below the base.

    Old releases also report a region without pages.  Xen rounds the limit up as if it were the
    byte after the last, so a page-aligned limit loses its page:
    ``intel_iommu_get_reserved_device_memory``.
    """
    start, end = base // PAGE, -(-limit // PAGE)
    return AddressRange(start * PAGE, end * PAGE) if start <= end else None


class RegisteredRmrr(NamedTuple):
    """A registered region: Xen's ``struct acpi_rmrr_unit``, whose limit is a last byte."""

    base: int
    limit: int
    devices: tuple[SBDF | None, ...]
    """None: a device behind a missing or unknown bridge."""
    listed_empty: bool = False
    """Whether Xen reports it even without pages: see ``XenBehaviour.lists_empty_regions``."""

    @property
    def entry(self) -> RdmEntry | None:
        """The entry that the hypercall reports for it, or None."""
        pages = listed_pages(self.base, self.limit)
        if not self.seen or pages is None or not (pages.size or self.listed_empty):
            return None
        return RdmEntry(start_pfn=pages.start // PAGE, nr_pages=pages.size // PAGE)

    @property
    def seen(self) -> tuple[SBDF | None, ...]:
        """The devices up to the first 00:00.0: ``for_each_rmrr_device`` ends at a BDF of 0."""
        ends = (number for number, sbdf in enumerate(self.devices) if sbdf and _is_zero(sbdf))
        return self.devices[: next(ends, None)]


class RegisteredRmrrs:
    """The registered regions, in order; no two overlap."""

    def __init__(self) -> None:
        self._units: list[RegisteredRmrr] = []
        self._spans: list[tuple[int, int]] = []
        """Their bases and limits, by address."""

    def register(self, unit: RegisteredRmrr) -> None:
        """Add a region that does not overlap another: ``acpi_register_rmrr_unit``."""
        self._units.append(unit)
        insort(self._spans, (unit.base, unit.limit))

    def overlapped(self, base: int, limit: int) -> tuple[int, int] | None:
        """Return base and limit of the registered region that `base` to `limit` overlaps, or None.

        Segments do not matter.
        """
        # Registered regions do not overlap, so only the last that begins at or below `limit` can
        # reach up to `base`.
        before = bisect_right(self._spans, (limit, ALL_ONES))
        if before and base <= self._spans[before - 1][1]:
            return self._spans[before - 1]
        return None

    def listed(self) -> tuple[RegisteredRmrr, ...]:
        """Return the regions that the hypercall reports, in its order: newest first."""
        return tuple(unit for unit in reversed(self._units) if unit.entry)


def by_device(units: Iterable[RegisteredRmrr]) -> Mapping[SBDF, tuple[RdmEntry, ...]]:
    """Return the entries by device; a region that names a device twice is there once."""
    entries: dict[SBDF, list[RdmEntry]] = {}
    for unit in units:
        entry = unit.entry
        for sbdf in dict.fromkeys(unit.seen):
            if sbdf is not None and entry is not None:
                entries.setdefault(sbdf, []).append(entry)
    return MappingProxyType({sbdf: tuple(own) for sbdf, own in entries.items()})


def _is_zero(sbdf: SBDF) -> bool:
    """Return whether bus, device and function are all 0; Xen does not store the segment."""
    return (sbdf.bus, sbdf.device, sbdf.function) == (0, 0, 0)
