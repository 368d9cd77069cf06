"""What a comparison of two hosts says: side A is before or the one, side B after or the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.checks.common.model import Finding
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Region
from dmaragent.iommu.model import OtherStructure, Owner, RemappingUnit
from dmaragent.passthrough.kvm_resolution import KvmResolution
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.remedies.guests.trial import GuestRemedies


class Side(Enum):
    """One of the two that are compared."""

    A = "a"
    B = "b"


@dataclass(frozen=True, slots=True)
class Changed:
    """One fact that both sides have, and its value on each, in words."""

    what: str
    """A stable name in lower case: ``firmware``, ``table-length``, ``xen``."""
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class NotCompared:
    """Something that cannot be compared, so that its silence says nothing."""

    what: str
    """A stable name in lower case: ``pci-functions``, ``xen-list``."""
    side: Side | None
    """The side that does not have it; None: it is about both."""
    why: str
    """A clause, that begins in lower case where it can."""


class RegionFate(Enum):
    """What became of a region."""

    SAME = "same"
    """Same range and owners; what Xen, Linux or the memory map make of it may have changed."""
    MOVED = "moved"
    """Same owners and size, other addresses."""
    RESIZED = "resized"
    """Same owners, other size; its base may be another too."""
    OWNERS = "owners"
    """Same range, other owners."""
    APPEARED = "appeared"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChange:
    """One owner of a region that is not as it was; None on the side that does not name it."""

    a: Owner | None
    b: Owner | None
    changes: tuple[Changed, ...] = ()
    """Where both name it: ``address``, ``presence``, ``device`` (another one answers there)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionMatch:
    """A region of either side, or one of each that are the same one.

    Each region of A and of B is in one match, and in no other.
    """

    fate: RegionFate
    a: Region | None
    b: Region | None
    certain: bool = True
    """False of one that only one side has, where the other's table is damaged: it may be there."""
    owners: tuple[OwnerChange, ...] = ()
    changes: tuple[Changed, ...] = ()
    """``shared``, ``xen``, ``linux``, ``memory-map``."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to say of it."""
        return self.fate is not RegionFate.SAME or bool(self.owners or self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renumbered:
    """One PCI function that answers at another address: same place below its root, same device."""

    a: PciFunction
    b: PciFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChange:
    """A remapping unit that is not as it was; None on the side that does not have it."""

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
    """A structure that is neither RMRR nor DRHD and that one side alone has."""

    side: Side
    structure: OtherStructure
    certain: bool = True
    """As of a region."""


class FindingFate(Enum):
    """What became of a finding."""

    APPEARED = "appeared"
    GONE = "gone"
    CHANGED = "changed"
    """It is still there, and what comes of it is another."""
    NOT_KNOWN = "not-known"
    """One side has it, and the rule could not be asked on the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """A finding that is not as it was; None on the side that does not have it."""

    fate: FindingFate
    a: Finding | None
    b: Finding | None
    why: str = ""
    """Why it is not known whether the other side has it."""
    changes: tuple[Changed, ...] = ()
    """``severity``, ``xen``, ``linux``."""


class GuestFate(Enum):
    """What became of a guest's verdict."""

    STOPS = "no-longer-starts"
    STARTS = "starts-now"
    UNSURE = "no-longer-certain"
    """It was certain on A, and cannot be said on B."""
    SURE = "certain-now"
    """It could not be said on A."""
    DEVICES = "other-devices"
    """The same verdict, and another device answers at an address that it names."""
    REASONS = "other-reasons"
    """The same verdict, for other reasons."""
    WARNINGS = "other-warnings"
    """It starts on both, with other warnings."""
    LAYOUT = "other-layout"
    """It starts on both, with its RAM or its reserved regions elsewhere."""
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestChange:
    """A guest of which something else is said on B."""

    fate: GuestFate
    a: Resolution | KvmResolution
    b: Resolution | KvmResolution
    devices: tuple[Changed, ...] = ()
    """Addresses it names at which another device answers: vendor:device."""
    helps: GuestRemedies | None = None
    """What helps on B, where it no longer starts there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestChanges:
    """What became of all guests that were asked about."""

    changed: tuple[GuestChange, ...]
    same: Mapping[Verdict, int]
    """How many stay as they were, by their verdict."""
    passed_over: tuple[tuple[str, str], ...] = ()
    """Files of a folder that hold no guest: path and reason."""
    xen: bool = True
    """Whether one of them is a Xen guest, so that releases of Xen decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two hosts, tables or recordings, compared."""

    blocker: NotCompared | None
    """Why nothing can be compared, or None."""
    facts: tuple[Changed, ...]
    """The machine, its firmware, its software, the table's header and damage."""
    regions: tuple[RegionMatch, ...]
    """All regions of both sides, by address."""
    xen: tuple[Changed, ...]
    """Xen's list beyond what stands with a region: ``vt-d``, ``entry``, ``list-order``."""
    table_order: Changed | None
    """The order of the regions that both have, in numbers of A's; None: the same."""
    renumbered: tuple[Renumbered, ...]
    units: tuple[UnitChange, ...]
    structures: tuple[StructureChange, ...]
    findings: tuple[FindingChange, ...]
    findings_same: int
    """Findings that both sides have, unchanged."""
    not_compared: tuple[NotCompared, ...]
    guests: GuestChanges | None = None
    """None where no guests were asked about."""

    @property
    def differs(self) -> bool:
        """Whether anything that could be compared differs."""
        findings = any(change.fate is not FindingFate.NOT_KNOWN for change in self.findings)
        regions = any(match.differs for match in self.regions)
        guests = self.guests is not None and bool(self.guests.changed)
        other = (self.facts, self.xen, self.table_order, self.renumbered, self.units)
        return regions or findings or guests or any(other) or bool(self.structures)
