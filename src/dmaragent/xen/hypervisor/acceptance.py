"""What the Xen hypervisor makes of a DMAR table: its list of reserved device memory.

Pure.  The rules are those of Xen drivers/passthrough/vtd/dmar.c, release by release;
``strategy=host`` uses the list that results.  The pages of the XHCI debug console, which are
no firmware's, are not predicted.
"""

from collections.abc import Iterable
from dataclasses import replace

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import Located, PciTopology, Presence
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import (
    FIRST_SERIES,
    NEWEST_RELEASE,
    XenBehaviour,
    behaviour_of,
    steps_of,
)
from dmaragent.xen.hypervisor.frames import frames_of
from dmaragent.xen.hypervisor.memory import draws_warning, in_use, is_reserved
from dmaragent.xen.hypervisor.option_words import iommu_switch
from dmaragent.xen.hypervisor.points import matters, together, treatment
from dmaragent.xen.hypervisor.prediction import COUNTED_SCOPES, Fate, RegionFate, XenPrediction
from dmaragent.xen.hypervisor.registered import ALL_ONES, Unit, Units, by_device
from dmaragent.xen.hypervisor.rmrr_words import UserRange, parse_rmrr_option
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


def predict(  # noqa: PLR0913 - each is a fact of its own, of a type of its own
    table: DMAR,
    topology: PciTopology,
    memory_map: MemoryMap | None,
    release: Release | None,
    command_line: str = "",
    *,
    damage: tuple[Damage, ...] = (),
) -> XenPrediction:
    """Predict what the hypervisor of `release` lists for `table` on this host.

    Of a release without its point, what all its points agree on; of None, what the newest does.
    `damage` is the table's, as :func:`fwtables.decode` found it.  Source: Xen
    drivers/passthrough/vtd/dmar.c, ``acpi_dmar_init``; drivers/passthrough/iommu.c,
    ``iommu_get_reserved_device_memory``.
    """
    walks: dict[object, tuple[list[Release], XenPrediction]] = {}
    what = matters(table, command_line)
    for step in steps_of(release):
        behaviour = behaviour_of(step)
        warns = behaviour.checks_ends_alone, behaviour.accepts_acpi_memory
        key = (treatment(behaviour, what), warns)
        if key not in walks:
            walk = _Walk(topology, memory_map, replace(behaviour, name=f"Xen {release or step}"))
            walks[key] = ([], walk.predict(table, damage, command_line, release))
        walks[key][0].append(step)
    predicted = together(list(walks.values()))
    return replace(predicted, notes=(*_release_notes(release), *predicted.notes))


class _Walk:
    """Xen's one pass over the table, ``acpi_parse_dmar``: the first error ends it."""

    def __init__(
        self, topology: PciTopology, memory_map: MemoryMap | None, behaviour: XenBehaviour
    ) -> None:
        self.topology = topology
        self.segments = frozenset(sbdf.segment for sbdf in topology.known)
        self.memory_map = memory_map
        self.behaviour = behaviour
        self.units = Units()
        self.fates: list[RegionFate] = []
        self.notes: list[str] = []
        self.error = ""
        """What switched VT-d off."""
        self.doubt = ""
        """Why the list is unknown."""
        self.unsure: list[AddressRange] = []
        """The ranges of the command line that Xen may accept or not."""
        self.catch_alls: set[str] = set()
        """The structures of segment 0 seen that may be there once."""
        self.remapping_units = 0

    def predict(
        self,
        table: DMAR,
        damage: tuple[Damage, ...],
        command_line: str,
        release: Release | None,
    ) -> XenPrediction:
        """Walk `table`, then the ``rmrr=`` of `command_line` as `release` may read it."""
        self.read(table, damage)
        self.error = self.error or _unitless(table, damage)
        switch = iommu_switch(command_line, release)
        self.doubt = self.doubt or switch.doubt
        switched = bool(switch.word) and not switch.doubt
        off = f"{switch.word} stands on Xen's command line" if switched else self.error
        options = tuple(
            self.option(user, off, command_line)
            for user in parse_rmrr_option(command_line, release)
        )
        shown = () if off else self.units.listed()
        return XenPrediction(
            behaviour=self.behaviour,
            vtd_disabled=off,
            entries=tuple(unit.entry for unit in shown if unit.entry),
            fates=tuple(_discarded(each) if off else each for each in self.fates),
            by_device=by_device(shown),
            options=options,
            notes=tuple(self.notes),
            doubt="" if off else self.doubt,
        )

    def read(self, table: DMAR, damage: Iterable[Damage]) -> None:
        """Walk the structures of `table`, then what could not be decoded of it."""
        if isinstance(self.topology.functions, Missing):
            self.notes.append("the PCI functions are not known: every device is taken to answer")
        if table.host_address_width == 0:
            self.error = "the table's host address width is 0 (EINVAL)"
        for offset, structure in located(table):
            if _kind(structure) == StructureType.RMRR:
                self.fates.append(self.region(offset, structure))
            elif not self.error and (refusal := self.other(structure)):
                self.fail(offset, structure_name(structure), refusal)
        for each in damage:
            if self.error:
                return
            if each.kind in _ENDS_WALK:
                self.error = f"{each} (EINVAL)"
            elif each.kind in _READS_ON and each.offset < table.length:
                self.notes.append(f"{each}; what Xen reads there is not predicted")

    def fail(self, offset: int, name: str, reason: str) -> None:
        """Switch VT-d off: ``disable_all_dmar_units``."""
        self.error = f"the {name} at offset 0x{offset:x}: {reason}"

    def other(self, structure: Structure) -> str:
        """Say why `structure`, no RMRR, is refused; empty where it is not.

        ``acpi_parse_one_drhd``, ``_atsr``, ``_rhsa`` and ``_satc``.  Missing devices of their
        scopes are only warned of.
        """
        if isinstance(structure, UnknownStructure):
            parsed = structure.type in _PARSED or (
                structure.type == StructureType.SATC and self.behaviour.satc_parsed
            )
            return "it is too short for its type (EINVAL)" if parsed else ""
        if isinstance(structure, DRHD):
            if structure.register_base_address in (0, ALL_ONES):
                address = f"its register address is 0x{structure.register_base_address:x}"
                return f"{address} (ENODEV), and Xen looks for an AMD IOMMU instead"
            self.remapping_units += 1
            most = self.behaviour.most_units
            if most is not None and self.remapping_units > most:
                return f"{self.behaviour.name} drives at most {most} remapping units (ENOMEM)"
            error = _scope_error(structure.undecoded)
            if structure.include_pci_all and not error:
                error = self.repeated(structure, "INCLUDE_PCI_ALL")
            return error
        if isinstance(structure, ATSR):
            if structure.all_ports:  # its scope is not parsed then
                return self.repeated(structure, "ALL_PORTS")
            return _scope_error(structure.undecoded)
        if isinstance(structure, SATC) and self.behaviour.satc_parsed:
            return _scope_error(structure.undecoded)
        return ""

    def repeated(self, structure: DRHD | ATSR, flag: str) -> str:
        """Say that `flag` is there for the second time; segments other than 0 may repeat it."""
        if structure.segment_number != 0:
            return ""
        seen = flag in self.catch_alls
        self.catch_alls.add(flag)
        return f"it is the second in segment 0 with {flag} (EINVAL)" if seen else ""

    def region(self, offset: int, structure: Structure) -> RegionFate:
        """Decide on one RMRR: ``acpi_parse_one_rmrr``, whose checks are in this order."""
        if self.error:
            reason = f"Xen did not come to it: {self.error}"
            return RegionFate(offset=offset, fate=Fate.NOT_REACHED, entry=None, reason=reason)
        if not isinstance(structure, RMRR):
            return self.refuse(offset, "it is too short for its type (EINVAL)")
        refusal, notes = self.memory(structure)
        refusal = self.units.overlap(structure.base_address, structure.limit_address) or refusal
        refusal = refusal or _scope_error(structure.undecoded)
        if refusal:
            return self.refuse(offset, refusal)
        if structure.undecoded:
            notes.append("its last scope entry runs past its end: what Xen reads is not predicted")
        return self.register(offset, structure, notes)

    def refuse(self, offset: int, reason: str) -> RegionFate:
        """Let this RMRR switch VT-d off."""
        self.fail(offset, "RMRR", reason)
        return RegionFate(offset=offset, fate=Fate.REFUSED, entry=None, reason=reason)

    def memory(self, rmrr: RMRR) -> tuple[str, list[str]]:
        """Judge the memory below `rmrr`: :mod:`dmaragent.xen.hypervisor.memory`."""
        if rmrr.base_address > rmrr.limit_address:
            return "", []
        if self.memory_map is None:
            return "", ["map unknown: whether it is reserved memory was not checked"]
        region = AddressRange(rmrr.base_address, rmrr.limit_address + 1)
        if not self.behaviour.ram_disables_vtd:
            warned = draws_warning(self.memory_map, region, self.behaviour)
            words = "not in reserved memory: Xen only warns (before 4.19)"
            return "", [words] if warned else []
        if is_reserved(self.memory_map, region):
            return "", []
        used = in_use(self.memory_map, region)
        if used is not None:
            where = f"its pages from 0x{used.range.start:x} are {used.words} in the memory map"
            return f"{where}, which cannot be made reserved (EIO)", []
        unknown = self.memory_map.why_unknown(region)
        if unknown:
            place = f"the region at 0x{region.start:x}"
            self.doubt = self.doubt or (
                f"{unknown}, and Xen switches VT-d off if {place} is in RAM"
            )
            return "", ["whether it is in RAM is unknown: the memory map is incomplete"]
        return "", ["not all reserved memory: Xen warns, and reserves what its map leaves out"]

    def register(self, offset: int, rmrr: RMRR, notes: list[str]) -> RegionFate:
        """Register an RMRR whose memory and scope are sound: ``register_one_rmrr``.

        A device behind a bridge that is not there is absent: Xen reads 0xff as its bus.
        """
        places = [
            self.located(rmrr.segment_number, scope)
            for scope in rmrr.device_scope
            if scope.type in COUNTED_SCOPES
        ]
        if not places:
            reason = "its scope has no entry that Xen counts as a device"
            return _dropped(offset, Fate.DROPPED_NO_DEVICES, reason, notes)
        absent = [place for place in places if place.presence is Presence.ABSENT]
        none = len(absent) == len(places) and self.knows(rmrr.segment_number)
        if none and self.behaviour.looks_for_devices:
            reason = "no device of its scope answers: " + "; ".join(one.reason for one in absent)
            return _dropped(offset, Fate.IGNORED_ABSENT, reason, notes)
        base, limit = rmrr.base_address, rmrr.limit_address
        if base > limit:
            return self.refuse(offset, f"its limit 0x{limit:x} is below its base (EFAULT)")
        unit = Unit(
            base,
            limit,
            tuple(place.sbdf for place in places),
            listed_empty=self.behaviour.lists_empty_regions,
        )
        self.units.register(unit)
        return _reported(offset, unit, (*notes, *self.scope_notes(rmrr, unit, places)))

    def located(self, segment: int, scope: DeviceScope) -> Located:
        """Follow the path of `scope` as Xen does: ``acpi_parse_dev_scope``.

        Segments other than 0 can be read by MMCFG alone (x86_64/pci.c, ``pci_conf_read8``), so
        not by releases that read the table before they set that up: they read 0xff.
        """
        place = self.topology.locate(segment, scope, zero_bus=True)
        if not segment or self.behaviour.looks_for_devices or len(place.hops) < 2:
            return place
        reason = f"Xen cannot read the bridges of segment {segment:#06x} yet, and takes bus 0xff"
        return replace(place, presence=Presence.ABSENT, sbdf=None, reason=reason)

    def scope_notes(self, rmrr: RMRR, unit: Unit, places: list[Located]) -> list[str]:
        """Say what is odd in the scope of a registered RMRR."""
        notes = []
        if not self.knows(rmrr.segment_number) and self.behaviour.looks_for_devices:
            segment = f"segment 0x{rmrr.segment_number:x} has no known function"
            notes.append(f"{segment}: Xen does not look whether its devices answer")
        for place in places:
            if place.presence is Presence.ABSENT:
                notes.append(f"{place.reason}; it still counts as a device of the scope")
            elif place.sbdf is None:
                notes.append(f"one of its devices is not known: {place.reason}")
        if unit.seen and len(unit.seen) < len(unit.devices):
            notes.append("Xen does not see the devices from 00:00.0 on in its scope")
        if unit.limit % PAGE == 0:
            lost = f"the last page 0x{unit.limit:x} is lost"
            notes.append(f"{lost}: Xen rounds the limit down because it is page aligned")
        return notes

    def knows(self, segment: int) -> bool:
        """Tell whether Xen knows `segment` by now: ``pci_known_segment``.

        Xen has the segments of the MCFG table then; those with functions stand for them.
        """
        if segment == 0 or isinstance(self.topology.functions, Missing):
            return True
        return segment in self.segments

    def option(self, user: UserRange, off: str, line: str) -> UserRange:
        """Add one range of the command line: ``add_one_user_rmrr``; VT-d stays on whatever it is.

        It is ``add_user_rmrr`` before 4.17.  `off` is why VT-d is off, `line` all of the options.
        """
        if user.accepted is False:
            return user
        if not user.devices or user.start_pfn is None or user.end_pfn is None:
            return self.doubted(user)
        frames = frames_of(user.start_pfn, user.end_pfn, self.memory_map, line)
        if refusal := self.option_refusal(user, off):
            return _refused(user, refusal)
        pages = user.range
        if frames.exist is False or pages is None:
            return _refused(user, frames.reason)
        unsure = next((f"0x{one.start:x}" for one in self.unsure if one.overlaps(pages)), "")
        if unsure:
            reason = f"it overlaps the range at {unsure}, which Xen may accept or not"
            return self.doubted(replace(user, accepted=None, reason=reason))
        unit = Unit(pages.start, pages.end - 1, user.devices)
        self.units.register(unit)
        if frames.exist is None or user.accepted is None:
            self.unsure.append(pages)
            return self.doubted(replace(user, accepted=None, reason=frames.reason or user.reason))
        if unit.entry is None:
            return replace(user, reason="its first device is 00:00.0, so it is never reported")
        return user

    def option_refusal(self, user: UserRange, off: str) -> str:
        """Return why Xen refuses `user` whatever pages there are; empty if it does not."""
        functions = self.topology.functions
        looks = self.behaviour.looks_for_devices and not isinstance(functions, Missing)
        known = looks and self.knows(user.devices[0].segment)
        if not self.behaviour.rmrr_option:
            return f"{self.behaviour.name} has no such option"
        if off:
            return f"VT-d is off: {off}"
        if (pages := user.range) is None:
            return ""
        # Xen compares with the first byte of the last page, not with its last.
        overlap = self.units.overlap(pages.start, pages.end - PAGE)
        if overlap and not any(one.overlaps(pages) for one in self.unsure):
            return overlap.removesuffix(" (EEXIST)")
        if known and not any(device in self.topology.known for device in user.devices):
            return "none of its devices answers"
        return ""

    def doubted(self, user: UserRange) -> UserRange:
        """Keep that it is unknown whether `user` is on the list."""
        doubt = f"whether Xen accepts {user.text} of rmrr= is unknown: {user.reason}"
        self.doubt = self.doubt or doubt
        return user


def _reported(offset: int, unit: Unit, notes: tuple[str, ...]) -> RegionFate:
    """Say what the hypercall makes of a registered RMRR."""
    entry, fate = unit.entry, Fate.LISTED
    reason = "Xen accepts it and lists it"
    if entry is not None and not entry.nr_pages:
        reason += ", with 0 pages (before 4.16)"
    if not unit.seen:
        fate = Fate.STOPPED
        reason = "the first device of its scope is 00:00.0, where Xen's iteration over it ends"
    elif entry is None:
        fate = Fate.EMPTY_AFTER_ROUNDING
        reason = "its base is its limit and page aligned, which Xen rounds to 0 pages"
    return RegionFate(offset=offset, fate=fate, entry=entry, reason=reason, notes=notes)


def _dropped(offset: int, fate: Fate, reason: str, notes: list[str]) -> RegionFate:
    return RegionFate(offset=offset, fate=fate, entry=None, reason=reason, notes=tuple(notes))


def _discarded(fate: RegionFate) -> RegionFate:
    """Say of a listed RMRR that VT-d was switched off after all."""
    if fate.fate is not Fate.LISTED:
        return fate
    return replace(fate, fate=Fate.DISCARDED, reason="Xen accepted it, but VT-d is off")


def _refused(user: UserRange, reason: str) -> UserRange:
    return replace(user, accepted=False, reason=reason)


def _release_notes(release: Release | None) -> list[str]:
    """Say that the release is not known, or not modelled."""
    if release is None:
        return [f"as of {behaviour_of(None).name}: the release is not known"]
    if FIRST_SERIES <= release.series <= NEWEST_RELEASE:
        return []
    nearest = "{}.{}".format(*steps_of(release)[0].series)
    return [f"as of Xen {nearest}: Xen {release} is not modelled"]


def _unitless(table: DMAR, damage: tuple[Damage, ...]) -> str:
    """Say that Xen finds no unit to drive, as far as is known: vtd/iommu.c, ``vtd_setup``."""
    kinds = {_kind(structure) for structure in table.structures}
    if StructureType.DRHD in kinds or any(each.kind in _READS_ON for each in damage):
        return ""
    return "the table has no remapping unit (ENODEV)"


def _kind(structure: Structure) -> int:
    return structure.type if isinstance(structure, UnknownStructure) else int(structure.TYPE)


def _scope_error(undecoded: bytes) -> str:
    """Say that a scope entry is too short for Xen: ``scope_device_count``."""
    if len(undecoded) < 2 or undecoded[1] >= _SMALLEST_SCOPE:
        return ""
    return f"an entry of its scope has length {undecoded[1]} (EINVAL)"
