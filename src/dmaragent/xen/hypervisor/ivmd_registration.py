"""What Xen registers for an IVMD whose addresses are sound, and for which device IDs.

Pure.  Source: Xen 4.16 and later, drivers/passthrough/amd/iommu_acpi.c, ``register_range_for_…``
and ``reserve_unity_map_for_device``.
"""

from typing import NamedTuple

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.iommu.amd import meaning_of
from dmaragent.iommu.model import Access, Meaning, Source
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivrs_blocks import Refusal, Unpredictable
from dmaragent.xen.hypervisor.ivrs_ids import AmdIommu, DeviceIdTable, IdRun, UnityMap
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdAcceptance, IvmdFate
from fwtables import IVMD, device_name
from fwtables.ivrs.constants import BlockType, IvmdFlag

MOST_STEPS = 1 << 20
"""Runs of device IDs times IVMDs, and comparisons of ranges, of a table that is predicted."""


class Overlap(NamedTuple):
    """A unity map that overlaps one of the same device, which switches AMD-Vi off."""

    source: Source
    others: tuple[Source, ...]
    """What the map that Xen registered before is of."""
    device: int
    """The device ID."""


class Registrar:
    """The device IDs and IOMMUs of one table, for which IVMDs are registered."""

    def __init__(self, *, needs_iommu: bool) -> None:
        self.needs_iommu = needs_iommu
        """Whether a device without an IOMMU is an error."""
        self.iommus: list[AmdIommu] = []
        """The IOMMUs of all segments."""
        self.ids = DeviceIdTable(8, ())
        self.overlaps: list[Overlap] = []
        self.steps = 0
        """The comparisons of ranges so far."""

    def iommu_at(self, device: int, capability_offset: int) -> AmdIommu | None:
        """Return the IOMMU of segment 0 there: ``find_iommu_from_bdf_cap``."""
        place = (0, device, capability_offset)
        return next((iommu for iommu in self.iommus if iommu.place == place), None)

    def iommu_of(self, ivmd: IVMD) -> AmdIommu | None:
        """Return the IOMMU that an IVMD of type 0x23 names."""
        return self.iommu_at(ivmd.device_id, ivmd.auxiliary)

    def register(
        self, ivmd: IVMD, source: Source, base: int, limit: int, notes: list[str]
    ) -> IvmdAcceptance:
        """Register `ivmd`, with its pages from `base` to `limit`, and return what became of it.

        Raises:
            Refusal: it switches AMD-Vi off.
            Unpredictable: there are too many IVMDs to predict it.

        """
        registration = _Registration(self, ivmd, source, base, limit)
        registration.register()
        return registration.acceptance(notes)


class _Registration:
    """The registration of one IVMD: ``register_range_for_…``."""

    def __init__(
        self, registrar: Registrar, ivmd: IVMD, source: Source, base: int, limit: int
    ) -> None:
        self._to = registrar
        self._ivmd = ivmd
        self._source = source
        self._base, self._limit = base, limit
        self._exclusion = meaning_of(ivmd.flags) is Meaning.EXCLUSION
        self._access = _granted(ivmd.flags)
        self._in_registers = False
        self._mapped = False
        self._without_iommu = 0
        self._changed: dict[int, tuple[tuple[UnityMap, ...], tuple[UnityMap, ...]]] = {}
        """What an earlier list of maps became, by its identity: runs share their lists."""

    def register(self) -> None:
        """Register it for the devices of its type."""
        kind, ids = self._ivmd.type, self._to.ids
        if kind == BlockType.IVMD_ALL:
            self._for_all()
        elif kind == BlockType.IVMD_IOMMU:
            self._for_iommu()
        else:
            first = last = self._ivmd.device_id
            if kind == BlockType.IVMD_RANGE:
                last = self._ivmd.auxiliary
            for number in (first, last):
                if number >= ids.end:
                    raise Refusal(words.id_too_high(device_name(number)))
            if kind == BlockType.IVMD_RANGE and last <= first:
                raise Refusal(words.range_inverted(device_name(first), device_name(last)))
            for run in ids.within(first, last):
                self._for_run(run)

    def acceptance(self, notes: list[str]) -> IvmdAcceptance:
        """Return what became of it."""
        if self._without_iommu and (self._in_registers or self._mapped):
            notes = [*notes, words.ids_without_iommu(self._without_iommu)]
        pages = AddressRange(self._base, self._limit + PAGE)
        reason = words.IN_GUEST if self._mapped else words.IN_REGISTERS
        if self._mapped and self._in_registers:
            reason = words.IN_BOTH
        fate = IvmdFate.ACCEPTED
        if not (self._mapped or self._in_registers):
            fate, reason = IvmdFate.NO_IOMMU, words.IN_NEITHER
        elif not pages.size:
            fate, reason = IvmdFate.EMPTY, words.EMPTY
        return IvmdAcceptance(
            source=self._source,
            fate=fate,
            reason=reason,
            pages=pages if fate is IvmdFate.ACCEPTED else None,
            in_registers=self._in_registers,
            mapped=self._mapped,
            without_iommu=self._without_iommu,
            notes=tuple(notes),
        )

    def _exclude(self, iommu: AmdIommu, *, every_device: bool) -> bool:
        """Add it to the registers of `iommu`; return whether it could be."""
        joined = iommu.exclusion.join(
            self._base, self._limit, self._source, every_device=every_device
        )
        self._in_registers |= joined
        return joined

    def _for_all(self) -> None:
        """Register it for all devices: ``register_range_for_all_devices``."""
        if self._exclusion:
            joined = [self._exclude(iommu, every_device=True) for iommu in self._to.iommus]
            if all(joined):
                return
        for run in self._to.ids.runs:
            self._map(run, is_global=True)

    def _for_iommu(self) -> None:
        """Register it for the devices of one IOMMU: ``register_range_for_iommu_devices``."""
        iommu = self._to.iommu_of(self._ivmd)
        if iommu is None:
            raise Refusal(words.no_such_iommu(device_name(self._ivmd.device_id)))
        if self._exclusion and self._exclude(iommu, every_device=True):
            return
        for run in self._to.ids.runs:
            if run.iommu is iommu:
                self._map_with_alias(run)

    def _for_run(self, run: IdRun) -> None:
        """Register it for the devices of `run`: ``register_range_for_device``."""
        if run.iommu is None:
            if self._to.needs_iommu:
                raise Refusal(words.no_iommu_for(device_name(run.first)))
            self._without_iommu += run.last - run.first + 1
        elif self._exclusion and self._exclude(run.iommu, every_device=False):
            run.excluded = True
            alias = self._alias(run)
            if alias is not None:
                alias.excluded = True
        else:
            self._map_with_alias(run)

    def _alias(self, run: IdRun) -> IdRun | None:
        """Return the run of the ID that the IOMMU sees for `run`, if it is another."""
        return None if run.seen_as is None else self._to.ids.of(run.seen_as)

    def _map_with_alias(self, run: IdRun) -> None:
        self._map(run, is_global=False)
        alias = self._alias(run)
        if alias is not None:
            self._map(alias, is_global=False)

    def _map(self, run: IdRun, *, is_global: bool) -> None:
        """Add a unity map to `run`: ``reserve_unity_map_for_device``."""
        changed = self._changed.get(id(run.maps))
        if changed is None or changed[0] is not run.maps:
            changed = run.maps, self._with_map(run, is_global=is_global)
            self._changed[id(run.maps)] = changed
        run.maps = changed[1]
        self._mapped = True

    def _with_map(self, run: IdRun, *, is_global: bool) -> tuple[UnityMap, ...]:
        base, length = self._base, self._limit + PAGE - self._base
        self._to.steps += len(run.maps)
        if self._to.steps > MOST_STEPS:
            raise Unpredictable(words.TOO_MANY_STEPS)
        for place, other in enumerate(run.maps):
            if (other.base, other.length, other.access) == (base, length, self._access):
                sources = tuple(dict.fromkeys((*other.sources, self._source)))
                same = other._replace(is_global=other.is_global or is_global, sources=sources)
                return (*run.maps[:place], same, *run.maps[place + 1 :])
            if other.base + other.length > base and base + length > other.base:
                self._to.overlaps.append(Overlap(self._source, other.sources, run.first))
                pages = AddressRange(other.base, other.base + other.length)
                raise Refusal(words.overlaps(pages, device_name(run.first)))
        unity = UnityMap(base, length, self._access, is_global, (self._source,))
        return (unity, *run.maps)


def _granted(flags: int) -> Access:
    """Return what Xen lets devices do: in a unity map, read and write of the table swapped."""
    if flags & IvmdFlag.EXCLUSION_RANGE:
        return Access.READ | Access.WRITE
    access = Access(0)
    if flags & IvmdFlag.WRITE:
        access |= Access.READ
    if flags & IvmdFlag.READ:
        access |= Access.WRITE
    return access
