"""Xen's pass over a DMAR table: which RMRRs it registers, and which structures switch VT-d off.

Pure.  The rules are those of Xen drivers/passthrough/vtd/dmar.c, by release.
"""

from collections.abc import Iterable

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import Located, PciTopology, Presence
from dmaragent.iommu.model import TableEntry
from dmaragent.iommu.vtd import device_kind, locate_scope, table_entry
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor import words
from dmaragent.xen.hypervisor.behaviour import (
    XenBehaviour,
)
from dmaragent.xen.hypervisor.memory import (
    draws_warning,
    in_use,
    is_reserved,
    why_may_be_ram,
    why_unknown,
)
from dmaragent.xen.hypervisor.prediction import (
    COUNTED_DEVICES,
    Acceptance,
    RegionAcceptance,
)
from dmaragent.xen.hypervisor.registered import ALL_ONES, RegisteredRmrr, RegisteredRmrrs
from fwtables import (
    ATSR,
    DMAR,
    DRHD,
    RMRR,
    SATC,
    Damage,
    DamageKind,
    DeviceScope,
    Structure,
    UnknownStructure,
    located,
    structure_name,
)
from fwtables.dmar.constants import StructureType

_SMALLEST_SCOPE = 8
_PARSED = frozenset(
    {StructureType.DRHD, StructureType.RMRR, StructureType.ATSR, StructureType.RHSA}
)
_ENDS_WALK = frozenset({DamageKind.STRUCTURE_LENGTH_ZERO, DamageKind.STRUCTURE_LENGTH_BELOW_HEADER})
_READS_ON = frozenset(
    {
        DamageKind.TABLE_LENGTH_TOO_LONG,
        DamageKind.STRUCTURE_PAST_END,
        DamageKind.TRAILING_BYTES,
        DamageKind.SCOPE_PAST_STRUCTURE,
    }
)
"""Xen checks neither that a structure fits its table nor that a scope fits its structure."""
_OF_STRUCTURES = _READS_ON - {DamageKind.SCOPE_PAST_STRUCTURE}
"""After these Xen may read structures that the table does not have."""


class DmarWalk:
    """Xen's only pass over the table, ``acpi_parse_dmar``: the first error ends it."""

    def __init__(
        self, topology: PciTopology, memory_map: MemoryMap | None, behaviour: XenBehaviour
    ) -> None:
        self.topology = topology
        self.segments = known_segments(topology)
        self.memory_map = memory_map
        self.behaviour = behaviour
        self.registered = RegisteredRmrrs()
        self.regions: list[RegionAcceptance] = []
        self.notes: list[str] = []
        self.error = ""
        """Why VT-d is off, or empty."""
        self.doubt = ""
        """Why the list is unknown."""
        self.catch_alls: set[str] = set()
        """The flags already found in segment 0 that may occur only once there."""
        self.remapping_units = 0

    def read(self, table: DMAR, damage: Iterable[Damage]) -> None:
        """Process the structures of `table`, then its damage."""
        if isinstance(self.topology.functions, Missing):
            self.notes.append(words.EVERY_DEVICE_PRESENT)
        if table.host_address_width == 0:
            self.error = words.NO_ADDRESS_WIDTH
        for offset, structure in located(table):
            if _kind(structure) == StructureType.RMRR:
                self.regions.append(self.decide(table_entry(table, offset, structure), structure))
            elif not self.error and (refusal := self.refusal_of(structure)):
                self.fail(offset, structure_name(structure), refusal)
        for flaw in damage:
            if self.error:
                return
            if flaw.kind in _ENDS_WALK:
                self.error = words.damage_ends_walk(flaw)
            elif flaw.kind in _READS_ON and flaw.offset < table.length:
                self.notes.append(words.read_not_predicted(flaw))

    def fail(self, offset: int, name: str, reason: str) -> None:
        """Switch VT-d off: ``disable_all_dmar_units``."""
        self.error = words.structure_refused(name, offset, reason)

    def refusal_of(self, structure: Structure) -> str:
        """Return why Xen refuses `structure`, which is not an RMRR; empty if it accepts it.

        ``acpi_parse_one_drhd``, ``_atsr``, ``_rhsa`` and ``_satc``.  If devices of their scopes are
        missing, Xen only warns.
        """
        if isinstance(structure, UnknownStructure):
            parsed = structure.type in _PARSED or (
                structure.type == StructureType.SATC and self.behaviour.satc_parsed
            )
            return words.TOO_SHORT if parsed else ""
        if isinstance(structure, DRHD):
            if structure.register_base_address in (0, ALL_ONES):
                return words.impossible_registers(structure.register_base_address)
            self.remapping_units += 1
            most = self.behaviour.most_units
            if most is not None and self.remapping_units > most:
                return words.too_many_units(self.behaviour.name, most)
            error = _scope_error(structure.undecoded)
            if structure.include_pci_all and not error:
                error = self.repeated_flag(structure, "INCLUDE_PCI_ALL")
            return error
        if isinstance(structure, ATSR):
            if structure.all_ports:  # Xen does not parse its scope
                return self.repeated_flag(structure, "ALL_PORTS")
            return _scope_error(structure.undecoded)
        if isinstance(structure, SATC) and self.behaviour.satc_parsed:
            return _scope_error(structure.undecoded)
        return ""

    def repeated_flag(self, structure: DRHD | ATSR, flag: str) -> str:
        """Return the error for a second structure with `flag` in segment 0; or empty."""
        if structure.segment_number != 0:
            return ""
        seen = flag in self.catch_alls
        self.catch_alls.add(flag)
        return words.repeated_flag(flag) if seen else ""

    def decide(self, source: TableEntry, structure: Structure) -> RegionAcceptance:
        """Return Xen's decision on one RMRR: the checks of ``acpi_parse_one_rmrr``, in its order."""
        if self.error:
            reason = words.not_reached(self.error)
            return RegionAcceptance(
                source=source, fate=Acceptance.NOT_REACHED, entry=None, reason=reason
            )
        if not isinstance(structure, RMRR):
            return self.refuse(source, words.TOO_SHORT)
        refusal, notes = self.check_memory(structure)
        overlapped = self.registered.overlapped(structure.base_address, structure.limit_address)
        if overlapped is not None:
            refusal = words.overlaps_region(overlapped)
        refusal = refusal or _scope_error(structure.undecoded)
        if refusal:
            return self.refuse(source, refusal)
        if structure.undecoded:
            notes.append(words.SCOPE_PAST_END)
        return self.register(source, structure, notes)

    def refuse(self, source: TableEntry, reason: str) -> RegionAcceptance:
        """Return the fate of an RMRR that switches VT-d off, and record this."""
        self.fail(source.offset, "RMRR", reason)
        return RegionAcceptance(source=source, fate=Acceptance.REFUSED, entry=None, reason=reason)

    def check_memory(self, rmrr: RMRR) -> tuple[str, list[str]]:
        """Return the refusal and the notes for the memory type of `rmrr`, by ``memory.py``."""
        if rmrr.base_address > rmrr.limit_address:
            return "", []
        if self.memory_map is None:
            return "", [words.MEMORY_NOT_CHECKED]
        region = AddressRange(rmrr.base_address, rmrr.limit_address + 1)
        if not self.behaviour.ram_disables_vtd:
            if not draws_warning(self.memory_map, region, self.behaviour):
                return "", []
            unknown = why_unknown(self.memory_map, region)
            return "", [words.MEMORY_NOT_CHECKED if unknown else words.NOT_RESERVED_WARNED]
        if is_reserved(self.memory_map, region):
            return "", []
        used = in_use(self.memory_map, region)
        if used is not None:
            return words.pages_in_use(used.range.start, used.words), []
        unknown = why_may_be_ram(self.memory_map, region)
        if unknown:
            self.doubt = self.doubt or words.region_may_be_in_ram(unknown, region.start)
            return "", [words.MAY_BE_IN_RAM]
        return "", [words.NOT_ALL_RESERVED]

    def register(self, source: TableEntry, rmrr: RMRR, notes: list[str]) -> RegionAcceptance:
        """Register an RMRR that passed the checks of memory and scope: ``register_one_rmrr``.

        A device behind a missing bridge is absent: Xen reads 0xff as its bus.
        """
        places = [
            self.locate(rmrr.segment_number, scope)
            for scope in rmrr.device_scope
            if device_kind(scope.type) in COUNTED_DEVICES
        ]
        if not places:
            return _dropped_region(source, Acceptance.DROPPED_NO_DEVICES, words.NO_DEVICES, notes)
        absent = [place for place in places if place.presence is Presence.ABSENT]
        none = len(absent) == len(places) and is_known(rmrr.segment_number, self.segments)
        if none and self.behaviour.looks_for_devices:
            reason = words.no_device_present([place.reason for place in absent])
            return _dropped_region(source, Acceptance.IGNORED_ABSENT, reason, notes)
        base, limit = rmrr.base_address, rmrr.limit_address
        if base > limit:
            return self.refuse(source, words.limit_below_base(limit))
        unit = RegisteredRmrr(
            base,
            limit,
            tuple(place.sbdf for place in places),
            listed_empty=self.behaviour.lists_empty_regions,
        )
        self.registered.register(unit)
        return _registered_region(source, unit, (*notes, *self.scope_notes(rmrr, unit, places)))

    def locate(self, segment: int, scope: DeviceScope) -> Located:
        """Follow the path of `scope` as Xen does: ``acpi_parse_dev_scope``.

        Segments other than 0 are only accessible through MMCFG (x86_64/pci.c,
        ``pci_conf_read8``).  Releases that read the table before they set up MMCFG read 0xff there.
        """
        place = locate_scope(self.topology, segment, scope, zero_bus=True)
        if not segment or self.behaviour.looks_for_devices or len(place.hops) < 2:
            return place
        reason = words.bridge_not_readable(segment)
        return place._replace(presence=Presence.ABSENT, sbdf=None, reason=reason)

    def scope_notes(self, rmrr: RMRR, unit: RegisteredRmrr, places: list[Located]) -> list[str]:
        """Return notes about anything unusual in the scope of a registered RMRR."""
        notes = []
        if not is_known(rmrr.segment_number, self.segments) and self.behaviour.looks_for_devices:
            notes.append(words.segment_unknown(rmrr.segment_number))
        for place in places:
            if place.presence is Presence.ABSENT:
                notes.append(words.absent_device_counts(place.reason))
            elif place.sbdf is None:
                notes.append(words.device_unknown(place.reason))
        if unit.seen and len(unit.seen) < len(unit.devices):
            notes.append(words.SCOPE_CUT_AT_ZERO)
        if unit.limit % PAGE == 0:
            notes.append(words.last_page_lost(unit.limit))
        return notes

    def finish(self, table: DMAR, damage: tuple[Damage, ...]) -> None:
        """Switch VT-d off if `table` has no remapping unit."""
        self.error = self.error or _unitless(table, damage)


def _registered_region(
    source: TableEntry, unit: RegisteredRmrr, notes: tuple[str, ...]
) -> RegionAcceptance:
    """Return the fate of a registered RMRR: how the hypercall reports it."""
    entry, fate = unit.entry, Acceptance.LISTED
    reason = words.LISTED if entry is None or entry.nr_pages else words.LISTED_EMPTY
    if not unit.seen:
        fate = Acceptance.STOPPED
        reason = words.NEVER_REPORTED
    elif entry is None:
        fate = Acceptance.EMPTY_AFTER_ROUNDING
        reason = words.ROUNDED_AWAY
    return RegionAcceptance(source=source, fate=fate, entry=entry, reason=reason, notes=notes)


def _dropped_region(
    source: TableEntry, fate: Acceptance, reason: str, notes: list[str]
) -> RegionAcceptance:
    return RegionAcceptance(source=source, fate=fate, entry=None, reason=reason, notes=tuple(notes))


def _kind(structure: Structure) -> int:
    return structure.type if isinstance(structure, UnknownStructure) else int(structure.TYPE)


def _scope_error(undecoded: bytes) -> str:
    """Return the error for a scope entry that is too short: ``scope_device_count``; or empty."""
    if len(undecoded) < 2 or undecoded[1] >= _SMALLEST_SCOPE:
        return ""
    return words.scope_entry_too_short(undecoded[1])


def _unitless(table: DMAR, damage: tuple[Damage, ...]) -> str:
    """Return the error if Xen finds no remapping unit: vtd/iommu.c, ``vtd_setup``; or empty."""
    kinds = {_kind(structure) for structure in table.structures}
    more = any(flaw.kind in _OF_STRUCTURES and flaw.offset < table.length for flaw in damage)
    if StructureType.DRHD in kinds or more:
        return ""
    return words.NO_REMAPPING_UNIT


def known_segments(topology: PciTopology) -> frozenset[int] | None:
    """Return the segments that Xen knows, or None if the PCI functions are unknown.

    Xen knows the segments of the MCFG table (``pci_known_segment``).  As that table is not read,
    the segments with PCI functions are used instead.
    """
    if isinstance(topology.functions, Missing):
        return None
    return frozenset({0, *(sbdf.segment for sbdf in topology.known)})


def is_known(segment: int, segments: frozenset[int] | None) -> bool:
    """Return whether `segment` is one of `segments`; yes if these are unknown."""
    return segments is None or segment in segments
