"""Where in a table a finding stands: regions and device scope entries, with their bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmaragent.checks.facts import Facts
from dmaragent.checks.model import Evidence
from dmaragent.checks.rules import evidence
from dmaragent.inventory import Region
from dmaragent.platforms.xen_model import COUNTED_SCOPES
from dmaragent.topology import Located, PciFunction, Presence
from fwtables import ATSR, DRHD, RMRR, SATC, SIDP, DeviceScope, structure_name
from fwtables.constants import ScopeType
from fwtables.dmar import SMALLEST, scope_length

# VT-d 8.4: base and limit of an RMRR structure, and where its scope begins.
_BASE_AT = 8
_LIMIT_AT = 16
MOST_DEVICE, MOST_FUNCTION = 0x1F, 7
PCI_SCOPES = frozenset({ScopeType.PCI_ENDPOINT, ScopeType.PCI_SUB_HIERARCHY})
"""The scope types that name PCI functions which answer: IOAPICs and HPETs need not."""


def place(region: Region) -> str:
    """Name a region by its addresses, as the table has them."""
    return f"{region.base:#x}-{region.limit:#x}"


def region_words(region: Region) -> str:
    """Name a region at the begin of a sentence: its number and its addresses."""
    return f"Region {region.number} ({place(region)})"


def base_evidence(facts: Facts, region: Region) -> Evidence:
    """Show the base of a region."""
    return evidence(facts, region.offset + _BASE_AT, 8, "RMRR base_address", f"{region.base:#x}")


def limit_evidence(facts: Facts, region: Region) -> Evidence:
    """Show the limit of a region."""
    return evidence(facts, region.offset + _LIMIT_AT, 8, "RMRR limit_address", f"{region.limit:#x}")


def range_evidence(facts: Facts, region: Region) -> tuple[Evidence, Evidence]:
    """Show the base and the limit of a region."""
    return base_evidence(facts, region), limit_evidence(facts, region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One device scope entry, where it stands and where it leads."""

    structure: DRHD | RMRR | ATSR | SATC | SIDP
    """Whose scope it is in."""
    segment: int
    offset: int
    """Of the entry in the table, in bytes."""
    located: Located
    function: PciFunction | None
    """What answers where it leads, if something does."""
    region: Region | None
    """The region, where the structure is an RMRR."""

    @property
    def scope(self) -> DeviceScope:
        """The entry itself."""
        return self.located.scope

    @property
    def type_name(self) -> str:
        """The specification's name of its type; ``type N`` where it has none."""
        names = {int(kind): kind.name for kind in ScopeType}
        return names.get(self.scope.type, f"type {self.scope.type}")

    @property
    def written(self) -> str:
        """The entry as the table has it: segment, start bus and steps, ``0000:00:1c.7>00.2``."""
        steps = ">".join(str(step) for step in self.scope.path) or "no path"
        return f"{self.segment:04x}:{self.scope.start_bus_number:02x}:{steps}"

    @property
    def owner(self) -> str:
        """Whose scope it is in, for the begin of a sentence."""
        if self.region is not None:
            return region_words(self.region)
        name = structure_name(self.structure)
        if isinstance(self.structure, DRHD):
            return f"The {name} of the unit {self.structure.register_base_address:#x}"
        return f"The {name} of segment {self.segment:04x}"

    @property
    def subject(self) -> str:
        """What a finding about the entry is about."""
        if self.region is not None:
            return f"{place(self.region)} {self.written}"
        name = structure_name(self.structure)
        if isinstance(self.structure, DRHD):
            return f"{name} {self.structure.register_base_address:#x} {self.written}"
        return f"{name} {self.written}"

    @property
    def counted(self) -> bool:
        """Whether Xen counts it as a device of the scope."""
        return self.scope.type in COUNTED_SCOPES

    @property
    def absent(self) -> bool:
        """Whether what it names is known not to answer."""
        return self.located.presence is Presence.ABSENT

    @property
    def impossible(self) -> bool:
        """Whether its path has a device or function number that no PCI function has."""
        return any(
            step.device > MOST_DEVICE or step.function > MOST_FUNCTION for step in self.scope.path
        )

    @property
    def number(self) -> int | None:
        """The number of its region, where it has one."""
        return None if self.region is None else self.region.number


def entries(facts: Facts) -> Iterator[Entry]:
    """Yield every device scope entry of the table, in table order."""
    regions = {region.offset: region for region in facts.inventory.all_regions}
    for at, structure in facts.structures:
        if not isinstance(structure, DRHD | RMRR | ATSR | SATC | SIDP):
            continue
        yield from _entries_of(facts, at, structure, regions.get(at))


def region_entries(facts: Facts) -> Iterator[tuple[Region, tuple[Entry, ...]]]:
    """Yield each region with the entries of its scope."""
    regions = {region.offset: region for region in facts.inventory.all_regions}
    for at, structure in facts.of(RMRR):
        yield regions[at], tuple(_entries_of(facts, at, structure, regions[at]))


def _entries_of(
    facts: Facts, at: int, structure: DRHD | RMRR | ATSR | SATC | SIDP, region: Region | None
) -> Iterator[Entry]:
    topology = facts.inventory.host.topology
    segment = structure.segment_number
    at += SMALLEST[structure.TYPE]
    for scope in structure.device_scope:
        located = topology.locate(segment, scope)
        yield Entry(
            structure=structure,
            segment=segment,
            offset=at,
            located=located,
            function=None if located.sbdf is None else topology.known.get(located.sbdf),
            region=region,
        )
        at += scope_length(scope)


def entry_evidence(facts: Facts, entry: Entry) -> tuple[Evidence]:
    """Show a whole device scope entry."""
    field = f"{structure_name(entry.structure)} device_scope"
    value = f"{entry.type_name} {entry.written}"
    return (evidence(facts, entry.offset, scope_length(entry.scope), field, value),)


def scope_evidence(facts: Facts, scope: Sequence[Entry]) -> tuple[Evidence]:
    """Show a device scope as a whole: its entries follow each other."""
    last = scope[-1]
    size = last.offset + scope_length(last.scope) - scope[0].offset
    number = f"{len(scope)} {'entry' if len(scope) == 1 else 'entries'}"
    field = f"{structure_name(last.structure)} device_scope"
    return (evidence(facts, scope[0].offset, size, field, number),)
