"""How findings name what they are about: regions, structures and device scope entries."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.topology import Hop, PciFunction, Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.claims import Claim
from dmaragent.iommu.vtd import claims_of
from dmaragent.xen.hypervisor.prediction import COUNTED_DEVICES
from fwtables import (
    ANDD,
    ATSR,
    DRHD,
    RMRR,
    SATC,
    SIDP,
    DeviceScope,
    Structure,
    UnknownStructure,
    structure_name,
)
from fwtables.dmar.constants import ScopeType
from fwtables.dmar.layouts import SMALLEST, scope_length

MOST_DEVICE, MOST_FUNCTION = 0x1F, 7
PCI_SCOPES = frozenset({ScopeType.PCI_ENDPOINT, ScopeType.PCI_SUB_HIERARCHY})
"""The scope types that name PCI functions; an IOAPIC or HPET need not be one."""
_TYPE_NAMES = {int(kind): kind.name for kind in ScopeType}
_Scoped = DRHD | RMRR | ATSR | SATC | SIDP


def subject_of(structure: Structure) -> str:
    """Return a name for a structure from its own facts, never from its place in the table."""
    name = structure_name(structure)
    if isinstance(structure, UnknownStructure):
        return f"{name}, {len(structure.body)} bytes"
    if isinstance(structure, ANDD):
        return f"{name} {structure.acpi_device_number}"
    base = getattr(structure, "register_base_address", None)
    if base is None:
        base = getattr(structure, "base_address", None)
    if base is not None:
        return f"{name} {base:#x}"
    return f"{name} of segment {getattr(structure, 'segment_number', 0):#x}"


class ScopeEntry(NamedTuple):
    """One device scope entry, its place in the table, and the device that it leads to."""

    structure: _Scoped
    """The structure that has the scope."""
    segment: int
    offset: int
    """Bytes from the start of the table to the entry."""
    scope: DeviceScope
    """The entry itself."""
    claim: Claim
    """What it claims, and the device that it leads to."""
    region: Region | None
    """The region, if the structure is an RMRR."""

    @property
    def sbdf(self) -> SBDF | None:
        """The function it leads to; None if its bus is unknown."""
        return self.claim.claimants[0].sbdf

    @property
    def presence(self) -> Presence:
        """Whether what it names is present."""
        return self.claim.claimants[0].presence

    @property
    def function(self) -> PciFunction | None:
        """The function that is present there, if one is."""
        return self.claim.claimants[0].function

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The steps of its path."""
        return () if self.claim.path is None else self.claim.path.hops

    @property
    def type_name(self) -> str:
        """The specification's name of its type; ``type N`` if it has none."""
        return _TYPE_NAMES.get(self.scope.type, f"type {self.scope.type}")

    @property
    def written(self) -> str:
        """The entry as the table has it: segment, start bus and steps, ``0000:00:1c.7>00.2``."""
        steps = ">".join(str(step) for step in self.scope.path) or "no path"
        return f"{self.segment:04x}:{self.scope.start_bus_number:02x}:{steps}"

    @property
    def owner(self) -> str:
        """The structure that has the scope, for the beginning of a sentence."""
        if self.region is not None:
            return self.region.words.capitalize()
        name = structure_name(self.structure)
        if isinstance(self.structure, DRHD):
            return f"The {name} of the unit {self.structure.register_base_address:#x}"
        return f"The {name} of segment {self.segment:04x}"

    @property
    def subject(self) -> str:
        """What a finding about the entry is about."""
        if self.region is not None:
            return f"{self.region.place} {self.written}"
        return f"{subject_of(self.structure)} {self.written}"

    @property
    def device_words(self) -> str:
        """The device that it names: the function's address, or the entry as the table has it."""
        return str(self.sbdf or self.written)

    @property
    def counted(self) -> bool:
        """Whether Xen counts it as a device of the scope."""
        return self.claim.device in COUNTED_DEVICES

    @property
    def absent(self) -> bool:
        """Whether the device that it names is known to be absent."""
        return self.presence is Presence.ABSENT

    @property
    def impossible(self) -> bool:
        """Whether its path has a device or function number that no PCI function has."""
        return any(
            step.device > MOST_DEVICE or step.function > MOST_FUNCTION for step in self.scope.path
        )

    @property
    def number(self) -> int | None:
        """The number of its region, if it has one."""
        return None if self.region is None else self.region.number


def entries_of(
    structures: Sequence[tuple[int, Structure]], inventory: Inventory
) -> Iterator[tuple[int, tuple[ScopeEntry, ...]]]:
    """Yield the offset of each structure that has a scope, with its entries, in table order.

    A path that the inventory has followed is not followed again.
    """
    regions = {region.entry.offset: region for region in inventory.all_regions}
    claims = {unit.source.offset: unit.claims for unit in inventory.units}
    claims |= {region.entry.offset: region.reserved.claims for region in inventory.all_regions}
    topology = inventory.host.topology
    for at, structure in structures:
        if not isinstance(structure, _Scoped):
            continue
        segment, scopes = structure.segment_number, structure.device_scope
        own = claims.get(at)
        if own is None:
            own = claims_of(topology, segment, scopes)
        offset, entries = at + SMALLEST[structure.TYPE], []
        for scope, claim in zip(scopes, own, strict=True):
            entry = ScopeEntry(
                structure=structure,
                segment=segment,
                offset=offset,
                scope=scope,
                claim=claim,
                region=regions.get(at),
            )
            entries.append(entry)
            offset += scope_length(scope)
        yield at, tuple(entries)
