"""The contents of a firmware table of IOMMUs, for every vendor: reserved regions, claims, units.

Pure.  These values are what firmware wrote.  How Linux and Xen read them (which unit serves a
device, which region is shared, listed or enforced) is in ``linux/view.py`` and
``xen/reserved_list``, by :data:`Source`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, Flag, auto
from types import MappingProxyType
from typing import NamedTuple, Self

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.topology import Hop, PciFunction, Presence
from dmaragent.iommu import words
from dmaragent.readings import Missing, MissingKind
from fwtables import Damage, Decoded, Table

# Sources --------------------------------------------------------------------------------


class TableEntry(NamedTuple):
    """A structure of a firmware table; `offset` and `length` are in bytes."""

    table: str
    """The table's signature."""
    structure: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class BootOption:
    """A range on a hypervisor's command line, exactly as written there."""

    text: str


@dataclass(frozen=True, slots=True)
class KernelReport:
    """A file that the kernel publishes."""

    path: str


@dataclass(frozen=True, slots=True)
class HypervisorReport:
    """An entry of the list that the hypervisor reports, counted from 0."""

    index: int


Source = TableEntry | BootOption | KernelReport | HypervisorReport
"""The origin of a region; the views of Linux and Xen are keyed by it."""


class TableField(NamedTuple):
    """A field of a table: offset and width in bytes, name, and value as text."""

    offset: int
    width: int
    name: str
    value: str


# Claims: the devices that a structure names ---------------------------------------------


class ClaimKind(Enum):
    """How a structure names devices."""

    PATH = "path"
    """By a start bus and a path through bridges (VT-d)."""
    DEVICE = "device"
    """By one requester ID (AMD)."""
    RANGE = "range"
    """By a range of requester IDs (AMD)."""
    IOMMU = "iommu"
    """All devices of one IOMMU (AMD)."""
    ALL = "all"
    """All devices (AMD)."""
    STREAM_IDS = "stream-ids"
    """By the stream IDs that the SMMU receives (Arm)."""
    ACPI_NAME = "acpi-name"
    """By the name of an ACPI device."""


class DeviceKind(Enum):
    """The kind of device that a claim names."""

    FUNCTION = "function"
    """A single PCI function."""
    BRIDGE = "bridge"
    """A PCI bridge with everything behind it."""
    IOAPIC = "ioapic"
    HPET = "hpet"
    ACPI_DEVICE = "acpi-device"
    UNKNOWN = "unknown"
    """A kind that is newer than this decoder."""


BY_NUMBER = frozenset({DeviceKind.IOAPIC, DeviceKind.HPET, DeviceKind.ACPI_DEVICE})
"""The kinds that are identified by number and not by path."""


class DevicePath(NamedTuple):
    """The path of a claim (VT-d 8.3.1), followed on this host."""

    type: int
    """The type of the entry, as a number."""
    type_name: str
    """The specification's name of the type; empty if it has none."""
    number: int
    """The ID of the I/O APIC, or the number of the HPET or ACPI device, depending on the type."""
    start_bus: int
    hops: tuple[Hop, ...]


class DeviceIds(NamedTuple):
    """The requester IDs of a claim (AMD), 16 bits of bus, device and function each."""

    segment: int
    first: int
    last: int
    """The last ID; below `first` in a table that is wrong."""
    seen_as: int | None = None
    """The ID that the IOMMU sees instead, if firmware names one: an alias."""

    def contains(self, sbdf: SBDF) -> bool:
        """Return whether the ID of `sbdf` is one of these."""
        return sbdf.segment == self.segment and self.first <= requester_id(sbdf) <= self.last


def requester_id(sbdf: SBDF) -> int:
    """Return the 16 bits of bus, device and function of `sbdf`."""
    return sbdf.bus << 8 | sbdf.device << 3 | sbdf.function


def function_with_id(segment: int, number: int) -> SBDF:
    """Return the function of `segment` whose requester ID is `number`."""
    return SBDF(segment, number >> 8 & 0xFF, number >> 3 & 0x1F, number & 7)


class Claimant(NamedTuple):
    """A device that a claim names on this host."""

    sbdf: SBDF | None
    """None if a bridge on its path is missing, so that its bus is unknown."""
    name: str
    """Its ACPI name; empty for a PCI function."""
    presence: Presence
    reason: str
    """Why it is not present, or empty."""
    function: PciFunction | None
    """The function at its address, if one is present."""


class Claim(NamedTuple):
    """One entry of a structure that names devices, as firmware wrote it."""

    kind: ClaimKind
    device: DeviceKind
    as_written: str
    """The location as text, for example ``00:1c.0>00.0`` for a path."""
    claimants: tuple[Claimant, ...]
    path: DevicePath | None = None
    """None unless `kind` is PATH."""
    ids: DeviceIds | None = None
    """None unless the claim is by requester IDs."""


class Owner(NamedTuple):
    """A device that a structure names: a claimant with its claim."""

    claim: Claim
    claimant: Claimant

    @property
    def sbdf(self) -> SBDF | None:
        """Its address; None if its bus is unknown."""
        return self.claimant.sbdf

    @property
    def presence(self) -> Presence:
        """Whether it is present."""
        return self.claimant.presence

    @property
    def reason(self) -> str:
        """Why it is not present, or empty."""
        return self.claimant.reason

    @property
    def function(self) -> PciFunction | None:
        """The function at its address, if one is present."""
        return self.claimant.function

    @property
    def device(self) -> DeviceKind:
        """The kind of device in the firmware's table."""
        return self.claim.device

    @property
    def as_written(self) -> str:
        """Its location as firmware wrote it."""
        return self.claim.as_written

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The steps of its path; empty if the claim is not by path."""
        return () if self.claim.path is None else self.claim.path.hops


def names(claims: Iterable[Claim], sbdf: SBDF) -> bool:
    """Return whether one of `claims` names `sbdf`, present or not."""
    for claim in claims:
        if claim.ids is not None and claim.ids.contains(sbdf):
            return True
        if any(claimant.sbdf == sbdf for claimant in claim.claimants):
            return True
    return False


def owners_of(claims: tuple[Claim, ...]) -> tuple[Owner, ...]:
    """Return the devices that `claims` name, in order."""
    return tuple(Owner(claim, claimant) for claim in claims for claimant in claim.claimants)


# Regions, units and the table -----------------------------------------------------------


class Meaning(Enum):
    """The mapping that firmware requests for a reserved region."""

    IDENTITY = "identity"
    """Mapped 1:1: the devices use its physical addresses."""
    EXCLUSION = "exclusion"
    """Not translated by the IOMMU (AMD)."""
    UNSTATED = "unstated"
    """Neither: the table has neither flag for it (AMD)."""


class Access(Flag):
    """The accesses that firmware grants devices in a reserved region."""

    READ = auto()
    WRITE = auto()


class RegionFields(NamedTuple):
    """The table fields of a region."""

    first: TableField
    last: TableField
    segment: TableField


class ReservedRegion(NamedTuple):
    """One reserved region, as its source defines it."""

    number: int
    """Its number among the regions of its table, from 1."""
    segment: int
    first: int
    last: int
    """The last byte, as firmware wrote it; below `first` in a table that is wrong."""
    source: Source
    meaning: Meaning
    access: Access
    claims: tuple[Claim, ...]
    fields: RegionFields | None = None
    """Its fields, if it comes from a table."""

    @property
    def range(self) -> AddressRange | None:
        """The addresses, or None if the last is below the first."""
        return AddressRange(self.first, self.last + 1) if self.first <= self.last else None

    @property
    def place(self) -> str:
        """Its addresses as text, exactly as firmware wrote them."""
        if self.last < 0:  # a start of 0 and a length of 0 (AMD)
            return f"{self.first:#x}, length 0"
        return f"{self.first:#x}-{self.last:#x}"

    @property
    def words(self) -> str:
        """Its number and addresses, as sentences name it."""
        return f"region {self.number} ({self.place})"

    @property
    def size(self) -> int:
        """Its size in bytes; 0 if the last is below the first."""
        return self.range.size if self.range else 0


class RemappingUnit(NamedTuple):
    """One remapping unit (an IOMMU), as firmware wrote it."""

    source: TableEntry
    segment: int
    registers: int
    """The physical address of its registers."""
    register_size: int
    """In bytes."""
    serves_rest: bool
    """Whether it serves all devices of its segment that no other unit names."""
    flags: tuple[str, ...]
    """The names of its other flags."""
    claims: tuple[Claim, ...]
    owners: tuple[Owner, ...]
    """The devices that the claims name."""
    proximity_domain: int | None
    """Its NUMA node, if the table names it."""


class OtherStructure(NamedTuple):
    """A structure of a table that is neither a region nor a unit; equal ones have equal contents."""

    name: str
    """The specification's name for its type."""
    decoded: object
    """The structure as fwtables decodes it, for code that knows its type."""


class Capabilities(NamedTuple):
    """Facts about devices in a table, besides units and regions."""

    translation_cached: frozenset[SBDF] = frozenset()
    """Devices with an address translation cache: SATC structures, VT-d 8.8."""
    ats_root_ports: frozenset[SBDF] = frozenset()
    """Root ports that support ATS transactions: ATSR structures, VT-d 8.5."""
    ats_segments: frozenset[int] = frozenset()
    """Segments in which every root port supports them: ATSR structures with ALL_PORTS."""
    namespace_names: Mapping[int, str] = MappingProxyType({})
    """The names of ACPI devices by the number that claims use: ANDD structures, VT-d 8.7."""


class TableHeader(NamedTuple):
    """The fixed part of a table; identifiers are bytes with their padding."""

    signature: bytes
    length: int
    revision: int
    oem_id: bytes
    oem_table_id: bytes
    oem_revision: int
    creator_id: bytes
    creator_revision: int
    address_bits: int
    """The width of DMA addresses on the platform, in bits."""
    address_bits_field: TableField
    flags: tuple[str, ...]
    """The names of the flags that are set, lowest bit first."""


class IommuTable(NamedTuple):
    """The firmware's table of IOMMUs: its contents and its damage."""

    decoded: Decoded[Table]
    """The table as fwtables decodes it, for code that knows its type."""
    header: TableHeader | None
    """None if not even the fixed part could be decoded."""
    structures: Mapping[str, int]
    """The number of structures by the name of their type, in table order."""
    regions: tuple[ReservedRegion, ...]
    units: tuple[RemappingUnit, ...]
    capabilities: Capabilities
    others: tuple[OtherStructure, ...]
    """The structures that are neither regions nor units."""

    @classmethod
    def without_header(cls, decoded: Decoded[Table]) -> Self:
        """Return a table of which not even the fixed part could be decoded."""
        return cls(
            decoded=decoded,
            header=None,
            structures=MappingProxyType({}),
            regions=(),
            units=(),
            capabilities=Capabilities(),
            others=(),
        )

    @property
    def is_ivrs(self) -> bool:
        """Whether it is AMD's table; its fixed part was then decoded."""
        return self.header is not None and self.header.signature == b"IVRS"

    @property
    def damage(self) -> tuple[Damage, ...]:
        """The errors in its bytes."""
        return self.decoded.damage

    @property
    def whole(self) -> bool:
        """Whether all of it was decoded."""
        return not self.decoded.damage


def over_limit(counts: Iterable[tuple[int, int, str]]) -> Missing | None:
    """Return that a table is not examined, if a number of `counts` is over its limit.

    Each count is the number, the limit, and the name of what is counted.
    """
    for number, most, what in counts:
        if number > most:
            return Missing(MissingKind.FAILED, words.too_many_to_examine(number, what, most))
    return None


# Differences ----------------------------------------------------------------------------


class Difference(NamedTuple):
    """A difference between the table, Linux and Xen, with its reason."""

    region: int | None
    """The number of the region; None if it concerns the whole host."""
    explanation: str
    devices: frozenset[SBDF] | None = None
    """The devices that it concerns; None: those of its region, or all of the host."""
