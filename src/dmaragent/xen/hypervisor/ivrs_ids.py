"""Xen's table of device IDs on AMD: which IOMMU, alias and ranges each has, and the list of them.

Pure.  IDs that Xen treats alike are kept as one run.  Source: Xen
drivers/passthrough/amd/iommu_acpi.c, ``add_ivrs_mapping_entry``, ``register_range_for_device``,
``reserve_unity_map_for_device``, ``reserve_iommu_exclusion_range``; pci_amd_iommu.c,
``find_iommu_for_device``; iommu_map.c, ``amd_iommu_get_reserved_device_memory``.  IVMDs and the
list are of segment 0 alone.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from dmaragent.addresses import PAGE
from dmaragent.host.xen import RdmEntry
from dmaragent.iommu.model import Access, Source


class UnityMap(NamedTuple):
    """A range that Xen maps 1:1 for a device that it assigns; whole pages."""

    base: int
    length: int
    access: Access
    """What Xen grants: with read and write of the table swapped (e941abd7ca, 4.2)."""
    is_global: bool
    """Whether it is for all devices, so that the whole list has it once."""
    sources: tuple[Source, ...]
    """What it is of; several if they have the same range."""


class ExclusionRange:
    """The exclusion registers of one IOMMU, as Xen fills them."""

    def __init__(self) -> None:
        self.base, self.limit = 0, -PAGE
        """The first byte of its first and of its last page."""
        self.every_device = False
        self.sources: tuple[Source, ...] = ()

    @property
    def is_used(self) -> bool:
        """Whether the IOMMU has an exclusion range."""
        return bool(self.sources)

    def join(self, base: int, limit: int, source: Source, *, every_device: bool) -> bool:
        """Add a range; return whether it could be: it overlaps or touches, for the same devices."""
        if self.is_used:
            apart = self.limit + PAGE < base or limit + PAGE < self.base
            if apart or self.every_device is not every_device:
                return False
            base, limit = min(base, self.base), max(limit, self.limit)
        self.base, self.limit, self.every_device = base, limit, every_device
        self.sources = tuple(dict.fromkeys((*self.sources, source)))
        return True


class AmdIommu:
    """One IOMMU that Xen drives: its segment, its own ID and its exclusion registers."""

    def __init__(self, segment: int, device: int, capability_offset: int) -> None:
        self.place = (segment, device, capability_offset)
        self.segment, self.device = segment, device
        self.exclusion = ExclusionRange()


class IdRun:
    """Consecutive device IDs that Xen treats alike."""

    __slots__ = ("excluded", "first", "has_entry", "iommu", "last", "maps", "seen_as")

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last
        self.iommu: AmdIommu | None = None
        self.seen_as: int | None = None
        """The ID that the IOMMU sees; None: each one's own."""
        self.has_entry = False
        """Whether they are the ID that the IOMMU sees of an entry: Xen's ``valid``."""
        self.excluded = False
        """Whether they may use the exclusion range of their IOMMU."""
        self.maps: tuple[UnityMap, ...] = ()
        """The latest registered first."""


class ListedRange(NamedTuple):
    """A range as the hypercall reports it, and its origin."""

    entry: RdmEntry
    sources: tuple[Source, ...]
    in_registers: bool
    """Whether it is an IOMMU's exclusion range; else a unity map."""
    access: Access


class ListRun(NamedTuple):
    """A part of Xen's list: for each of `devices` devices in turn, all of `ranges`.

    Devices with the same ranges that follow each other are one run; IDs that no PCI device has
    count too.
    """

    first: int
    """The ID of its first device."""
    last: int
    devices: int
    """How many devices it is of."""
    ranges: tuple[ListedRange, ...]

    @property
    def entries(self) -> int:
        """The number of entries in the list."""
        return self.devices * len(self.ranges)


class DeviceRanges(NamedTuple):
    """Each single device with an ID from `first` to `last`: it has an IOMMU."""

    first: int
    last: int
    ranges: tuple[ListedRange, ...]
    """What the hypercall reports for it."""
    dma_alias: int | None
    """The ID whose ranges Xen maps when it assigns the device, if it is not its own."""
    assigned: tuple[ListedRange, ...]
    """These ranges; the hypercall may report none of that ID, as it needs no IOMMU for them."""


class DeviceIdTable:
    """Xen's table of the device IDs of segment 0, ``ivrs_mappings``."""

    def __init__(self, end: int, bounds: Iterable[int]) -> None:
        self.end = end
        """The number of its entries: an ID from there on is an error, or has no IOMMU."""
        self._starts = sorted({0, *(bound for bound in bounds if 0 < bound < end)})
        ends = [*self._starts[1:], end]
        self._runs = [
            IdRun(first, after - 1) for first, after in zip(self._starts, ends, strict=True)
        ]
        self._cache: dict[object, tuple[ListedRange, ...]] = {}
        """The ranges of runs, made when all is registered."""

    def within(self, first: int, last: int) -> Sequence[IdRun]:
        """Return the runs from `first` to `last`, both of which are bounds of runs."""
        return self._runs[bisect_left(self._starts, first) : bisect_right(self._starts, last)]

    @property
    def runs(self) -> Sequence[IdRun]:
        """All of them, by ID."""
        return self._runs

    def of(self, number: int) -> IdRun | None:
        """Return the run of one ID; None if the table does not reach up to it."""
        if not 0 <= number < self.end:
            return None
        return self._runs[bisect_right(self._starts, number) - 1]

    def inherit(self, number: int) -> None:
        """Copy what function 0 has to a present function without an IOMMU, a run of its own."""
        own, zero = self.of(number), self.of(number & ~7)
        if own is None or zero is None or own.iommu is not None:
            return
        if zero.iommu is None or zero.iommu.device == number:
            return
        own.iommu, own.excluded, own.maps = zero.iommu, zero.excluded, zero.maps
        own.has_entry = zero.has_entry
        is_own = zero.seen_as is None or zero.seen_as == zero.first
        own.seen_as = None if is_own else zero.seen_as

    def listed(self) -> tuple[ListRun, ...]:
        """Return the list for all devices, ``XENMEM_RDM_ALL``."""
        return tuple(_joined(self._listed()))

    def _listed(self) -> Iterator[ListRun]:
        is_first = True
        for run in self._runs:
            if run.iommu is None or self._is_aliased(run):
                continue
            first = run.first
            if is_first:  # it alone has what is for all devices
                yield ListRun(first, first, 1, self._ranges(run, with_global=True))
                is_first, first = False, first + 1
            if first <= run.last:
                ranges = self._ranges(run, with_global=False)
                yield ListRun(first, run.last, run.last - first + 1, ranges)

    def _is_aliased(self, run: IdRun) -> bool:
        """Return whether the list has another ID for these: an alias that has an IOMMU."""
        if run.seen_as is None or run.seen_as == run.first:
            return False
        target = self.of(run.seen_as)
        return target is not None and target.iommu is not None

    def by_device(self) -> tuple[DeviceRanges, ...]:
        """Return what is reported for single devices with an IOMMU, by ID."""
        devices: list[DeviceRanges] = []
        for run in self._runs:
            if run.iommu is None:
                continue
            ranges, alias = self._ranges(run, with_global=True), self._dma_alias(run)
            assigned = ranges if alias is None else self._assigned(run.iommu, alias)
            last = devices[-1] if devices else None
            if (
                last is not None
                and last.ranges is ranges
                and last.assigned is assigned
                and (last.dma_alias, last.last + 1) == (alias, run.first)
            ):
                devices[-1] = last._replace(last=run.last)
            else:
                devices.append(DeviceRanges(run.first, run.last, ranges, alias, assigned))
        return tuple(devices)

    def _assigned(self, iommu: AmdIommu, alias: int) -> tuple[ListedRange, ...]:
        """Return the ranges of a device of `iommu` that it sees as `alias`.

        The maps are those of that ID, and its entry of the IOMMU decides about the exclusion range.
        """
        target = self.of(alias)
        return () if target is None else self._ranges(target, with_global=True, iommu=iommu)

    def _dma_alias(self, run: IdRun) -> int | None:
        """Return the ID of another device for DMA of `run`: ``get_dma_requestor_id``.

        A device with an entry of its own besides that of its alias keeps its own ID.
        """
        target = None if run.seen_as is None else self.of(run.seen_as)
        if target is None or target is run or (run.has_entry and target.has_entry):
            return None
        return run.seen_as

    def _ranges(
        self, run: IdRun, *, with_global: bool, iommu: AmdIommu | None = None
    ) -> tuple[ListedRange, ...]:
        """Return the ranges of each ID of `run`, for its own IOMMU or `iommu`.

        Runs that share their maps share these.
        """
        seen_by = iommu or run.iommu
        key = (id(seen_by), run.excluded, id(run.maps), with_global)
        if key not in self._cache:
            self._cache[key] = _ranges(run, seen_by, with_global=with_global)
        return self._cache[key]


def _ranges(run: IdRun, iommu: AmdIommu | None, *, with_global: bool) -> tuple[ListedRange, ...]:
    """Return the ranges of each ID of `run`: the exclusion range, then the unity maps."""
    ranges: list[ListedRange] = []
    exclusion = None if iommu is None else iommu.exclusion
    if exclusion is not None and (with_global if exclusion.every_device else run.excluded):
        length = exclusion.limit + PAGE - exclusion.base
        entry = RdmEntry(exclusion.base // PAGE, length // PAGE)
        access = Access.READ | Access.WRITE
        ranges.append(
            ListedRange(entry=entry, sources=exclusion.sources, in_registers=True, access=access)
        )
    for unity in run.maps:
        if with_global or not unity.is_global:
            entry = RdmEntry(unity.base // PAGE, unity.length // PAGE)
            ranges.append(
                ListedRange(
                    entry=entry, sources=unity.sources, in_registers=False, access=unity.access
                )
            )
    return tuple(listed for listed in ranges if listed.entry.nr_pages)


def _joined(runs: Iterable[ListRun]) -> Iterator[ListRun]:
    """Yield `runs` with ranges; those that follow each other with the same ranges as one."""
    last: ListRun | None = None
    for run in runs:
        if not run.ranges:
            continue
        if last is not None and (last.ranges is run.ranges or last.ranges == run.ranges):
            last = last._replace(last=run.last, devices=last.devices + run.devices)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last
