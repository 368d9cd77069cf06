"""The model of a comparison: A is one host or the state before, B the other or the state after."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.checks.common.model import Finding
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Region
from dmaragent.iommu.claims import Owner
from dmaragent.iommu.model import OtherStructure, RemappingUnit
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.remedies.guests.trial import GuestRemedies


class Side(Enum):
    """One of the two sides of a comparison."""

    A = "a"
    B = "b"


@dataclass(frozen=True, slots=True)
class Changed:
    """One fact that both sides know, and its value on each, in words."""

    what: str
    """A stable name in lower case: ``firmware``, ``table-length``, ``xen``."""
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Something that cannot be compared: that no difference is reported has no meaning."""

    what: str
    """A stable name in lower case: ``pci-functions``, ``xen-list``."""
    side: Side | None
    """The side that does not know it; None: both."""
    why: str
    """A clause in lower case."""


class RegionFate(Enum):
    """How a region differs."""

    SAME = "same"
    """Same range and owners; how Xen, Linux or the memory map treat it may have changed."""
    MOVED = "moved"
    """Same owners and size, other addresses."""
    RESIZED = "resized"
    """Same owners, other size; its base may differ too."""
    OWNERS = "owners"
    """Same range, other owners."""
    APPEARED = "appeared"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChange:
    """One owner of a region that differs; None on the side that does not name it."""

    a: Owner | None
    b: Owner | None
    changes: tuple[Changed, ...] = ()
    """If both name it: ``address``, ``presence``, ``device`` (another one is present there)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionMatch:
    """A region of one side, or two regions that are the same one.

    Each region of A and of B is in exactly one match.
    """

    fate: RegionFate
    a: Region | None
    b: Region | None
    certain: bool = True
    """False if only one side has it and the other's table is damaged: it may be there."""
    owners: tuple[OwnerChange, ...] = ()
    changes: tuple[Changed, ...] = ()
    """``meaning``, ``access``, ``shared``, ``xen``, ``linux``, ``memory-map``."""

    @property
    def differs(self) -> bool:
        """Whether anything about it differs."""
        return self.fate is not RegionFate.SAME or bool(self.owners or self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renumbered:
    """One PCI function at another address: the same device at the same place below its root."""

    a: PciFunction
    b: PciFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChange:
    """A remapping unit that differs; None on the side that does not have it."""

    a: RemappingUnit | None
    b: RemappingUnit | None
    certain: bool = True
    """As of a region."""
    changes: tuple[Changed, ...] = ()
    """``registers``, ``register-size``, ``include-pci-all``, ``other-flags``, ``proximity-domain``."""
    scopes_added: tuple[Owner, ...] = ()
    scopes_gone: tuple[Owner, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureChange:
    """A structure, neither region nor unit, that only one side has."""

    side: Side
    structure: OtherStructure
    certain: bool = True
    """As of a region."""


class FindingFate(Enum):
    """How a finding differs."""

    APPEARED = "appeared"
    GONE = "gone"
    CHANGED = "changed"
    """Both sides have it, with another severity or effect."""
    NOT_KNOWN = "not-known"
    """One side has it, and the rule could not run on the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """A finding that differs; None on the side that does not have it."""

    fate: FindingFate
    a: Finding | None
    b: Finding | None
    why: str = ""
    """Why it is unknown whether the other side has it."""
    changes: tuple[Changed, ...] = ()
    """``severity``, ``xen``, ``linux``."""


class GuestFate(Enum):
    """How the answer for a guest differs."""

    STOPS = "no-longer-starts"
    STARTS = "starts-now"
    UNSURE = "no-longer-certain"
    """The verdict is certain on A and unknown on B."""
    SURE = "certain-now"
    """The verdict is unknown on A and certain on B."""
    DEVICES = "other-devices"
    """The same verdict, but another device is present at an address that it names."""
    REASONS = "other-reasons"
    """The same verdict for other reasons."""
    WARNINGS = "other-warnings"
    """It starts on both, with other warnings."""
    LAYOUT = "other-layout"
    """It starts on both, with its RAM or its reserved regions at other addresses."""
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestChange:
    """A guest whose answer on B differs."""

    fate: GuestFate
    a: Resolution | KvmResolution
    b: Resolution | KvmResolution
    devices: tuple[Changed, ...] = ()
    """The addresses it names that have another device on B: vendor:device."""
    helps: GuestRemedies | None = None
    """The fixes on B, if it no longer starts there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestChanges:
    """How the answers for all given guests differ."""

    changed: tuple[GuestChange, ...]
    same: Mapping[Verdict, int]
    """How many do not differ, by their verdict."""
    passed_over: tuple[tuple[str, str], ...] = ()
    """Files of a folder that are not guests: path and reason."""
    xen: bool = True
    """Whether one of them is a Xen guest, so that the release of Xen matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that differs between two hosts, tables or recordings."""

    blocker: NotCompared | None
    """Why nothing can be compared, or None."""
    facts: tuple[Changed, ...]
    """The machine, its firmware, its software, the table's header and damage."""
    regions: tuple[RegionMatch, ...]
    """All regions of both sides, by address."""
    xen: tuple[Changed, ...]
    """Changes of Xen's list that no region shows: ``vt-d`` or ``amd-vi``, ``entry``, ``list-order``."""
    table_order: Changed | None
    """The order of the regions that both have, by A's numbers; None: the same."""
    renumbered: tuple[Renumbered, ...]
    units: tuple[UnitChange, ...]
    structures: tuple[StructureChange, ...]
    findings: tuple[FindingChange, ...]
    findings_same: int
    """Findings that both sides have, unchanged."""
    not_compared: tuple[NotCompared, ...]
    guests: GuestChanges | None = None
    """None if no guests were given."""

    @property
    def differs(self) -> bool:
        """Whether anything that could be compared differs."""
        findings = any(change.fate is not FindingFate.NOT_KNOWN for change in self.findings)
        regions = any(match.differs for match in self.regions)
        guests = self.guests is not None and bool(self.guests.changed)
        other = (self.facts, self.xen, self.table_order, self.renumbered, self.units)
        return regions or findings or guests or any(other) or bool(self.structures)
