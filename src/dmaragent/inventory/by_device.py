"""What a host has for each device, so that an answer for every device does not search all of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dmaragent.addresses import SBDF
from dmaragent.host.groups import IommuGroup
from dmaragent.inventory.model import Region
from dmaragent.iommu.claims import DeviceIds, function_with_id
from dmaragent.linux.regions import Held


@dataclass(frozen=True, slots=True)
class ByDevice:
    """The regions of a host, in table order, and its IOMMU groups by device."""

    regions: tuple[Region, ...]
    """All regions of the host."""
    _named: Mapping[SBDF, Sequence[int]]
    """The regions that name a device by its path or its requester ID, as places in `regions`."""
    _ids: Mapping[DeviceIds, Sequence[int]]
    """The regions that name several requester IDs (AMD), which include those of absent devices."""
    _held: Mapping[SBDF, Sequence[tuple[int, Held]]]
    _groups: Mapping[SBDF, IommuGroup]

    def naming(self, sbdf: SBDF) -> tuple[Region, ...]:
        """Return the regions that name `sbdf`, present or not."""
        places = set(self._named.get(sbdf, ()))
        for ids, regions in self._ids.items():
            if ids.contains(sbdf):
                places.update(regions)
        return tuple(self.regions[place] for place in sorted(places))

    def held_by(self, sbdf: SBDF) -> tuple[tuple[Region, Held], ...]:
        """Return the regions that Linux applies to `sbdf`, and how."""
        return tuple((self.regions[place], held) for place, held in self._held.get(sbdf, ()))

    def group_of(self, sbdf: SBDF) -> IommuGroup | None:
        """Return the IOMMU group that lists `sbdf`, if the kernel has groups."""
        return self._groups.get(sbdf)


def by_device(regions: tuple[Region, ...], groups: Iterable[IommuGroup]) -> ByDevice:
    """Return `regions` and `groups`, all those of a host, by device."""
    named: dict[SBDF, list[int]] = {}
    ids: dict[DeviceIds, list[int]] = {}
    held: dict[SBDF, list[tuple[int, Held]]] = {}
    for place, region in enumerate(regions):
        for claim in region.reserved.claims:
            if claim.ids is not None and claim.ids.first == claim.ids.last:
                named.setdefault(function_with_id(claim.ids.segment, claim.ids.first), []).append(
                    place
                )
            elif claim.ids is not None:
                ids.setdefault(claim.ids, []).append(place)
            for claimant in claim.claimants:
                if claimant.sbdf is not None:
                    named.setdefault(claimant.sbdf, []).append(place)
        for each in region.linux:
            held.setdefault(each.sbdf, []).append((place, each))
    return ByDevice(
        regions,
        MappingProxyType(named),
        MappingProxyType(ids),
        MappingProxyType(held),
        MappingProxyType({sbdf: group for group in groups for sbdf in group.devices}),
    )
