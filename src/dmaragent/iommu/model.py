"""What firmware writes for IOMMUs, whoever made them: reserved regions, claims on them, units.

Pure.  A table is kept as firmware wrote it.  What Linux and Xen make of it (which unit serves a
device, which region is shared, listed or enforced) is theirs: see ``linux/view.py`` and
``xen/reserved_list``, which key what they say by :data:`Source`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, Flag, auto
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.topology import Hop, PciFunction, Presence
from fwtables import Damage, Decoded, Table

# Where something is written -------------------------------------------------------------


class TableEntry(NamedTuple):
    """A structure of a firmware table; `offset` and `length` are in bytes."""

    table: str
    """The table's signature."""
    structure: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class BootOption:
    """A range on a hypervisor's command line, as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class KernelReport:
    """A file of the kernel's."""

    path: str


@dataclass(frozen=True, slots=True)
class HypervisorReport:
    """An entry of the list that the hypervisor reports, from 0."""

    index: int


Source = TableEntry | BootOption | KernelReport | HypervisorReport
"""Where a region comes from: what it is told by, and the key to what Linux and Xen make of it."""


class TableField(NamedTuple):
    """A field of a table: its place in the table, in bytes, its name, and its value in words."""

    offset: int
    width: int
    name: str
    value: str


# Who a structure is for -----------------------------------------------------------------


class ClaimKind(Enum):
    """How a structure names devices."""

    PATH = "path"
    """By a start bus and the bridges on the way (VT-d)."""
    DEVICE = "device"
    """By one requester ID (AMD)."""
    RANGE = "range"
    """By a range of requester IDs (AMD)."""
    IOMMU = "iommu"
    """All devices of one IOMMU (AMD)."""
    ALL = "all"
    """All devices (AMD)."""
    STREAM_IDS = "stream-ids"
    """By what the SMMU sees of them (Arm)."""
    ACPI_NAME = "acpi-name"
    """By the name of an ACPI device."""


class DeviceKind(Enum):
    """What kind of device a claim names."""

    FUNCTION = "function"
    """A PCI function by itself."""
    BRIDGE = "bridge"
    """A PCI bridge, with what is below it."""
    IOAPIC = "ioapic"
    HPET = "hpet"
    ACPI_DEVICE = "acpi-device"
    UNKNOWN = "unknown"
    """A kind newer than what is decoded."""


BY_NUMBER = frozenset({DeviceKind.IOAPIC, DeviceKind.HPET, DeviceKind.ACPI_DEVICE})
"""The kinds whose number says which device is meant, not the path."""


class DevicePath(NamedTuple):
    """The path of a claim, as VT-d has it (8.3.1), and where it leads on this host."""

    type: int
    """The number of the entry's type."""
    type_name: str
    """The specification's name of the type; empty if it has none."""
    number: int
    """The I/O APIC's ID, the HPET's number or the ACPI device's, by the type."""
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
    """None if a bridge on the way is missing, so that the device's bus is unknown."""
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
    """Its place in the notation of its kind: ``00:1c.0>00.0`` of a path."""
    claimants: tuple[Claimant, ...]
    path: DevicePath | None = None
    """Of a claim by path."""
    ids: DeviceIds | None = None
    """Of a claim by requester IDs."""


class Owner(NamedTuple):
    """A device that a structure is for: a claimant with the claim that names it."""

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
        """What kind of device it is to firmware."""
        return self.claim.device

    @property
    def as_written(self) -> str:
        """Its place as firmware wrote it."""
        return self.claim.as_written

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The steps of its path; none if the claim is not by path."""
        return () if self.claim.path is None else self.claim.path.hops


def owners_of(claims: tuple[Claim, ...]) -> tuple[Owner, ...]:
    """Return the devices that `claims` name, in their order."""
    return tuple(Owner(claim, claimant) for claim in claims for claimant in claim.claimants)


# What is written ------------------------------------------------------------------------


class Meaning(Enum):
    """What firmware asks for with a reserved region."""

    IDENTITY = "identity"
    """The devices reach it at its own addresses."""
    EXCLUSION = "exclusion"
    """The IOMMU does not translate it (AMD)."""
    UNSTATED = "unstated"
    """Neither: the table has the region without either flag (AMD)."""


class Access(Flag):
    """What devices may do in a reserved region."""

    READ = auto()
    WRITE = auto()


class RegionFields(NamedTuple):
    """The fields that a region is written in."""

    first: TableField
    last: TableField
    segment: TableField


class ReservedRegion(NamedTuple):
    """One reserved region, as its source has it."""

    number: int
    """Its place among the regions of its table, from 1."""
    segment: int
    first: int
    last: int
    """The last byte, as firmware wrote it; below `first` in a table that is wrong."""
    source: Source
    meaning: Meaning
    access: Access
    claims: tuple[Claim, ...]
    fields: RegionFields | None = None
    """Its fields, if it is written in a table."""

    @property
    def range(self) -> AddressRange | None:
        """The addresses, or None if the last is below the first."""
        return AddressRange(self.first, self.last + 1) if self.first <= self.last else None

    @property
    def place(self) -> str:
        """Its addresses in words, as firmware wrote them, sound or not."""
        return f"{self.first:#x}-{self.last:#x}"

    @property
    def words(self) -> str:
        """Its name in a sentence: its number and its addresses."""
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
    """Whether it serves every device of its segment that no other unit names."""
    flags: tuple[str, ...]
    """The names of its other flags."""
    claims: tuple[Claim, ...]
    owners: tuple[Owner, ...]
    """The devices that the claims name."""
    proximity_domain: int | None
    """Its NUMA node, if the table names it."""


class OtherStructure(NamedTuple):
    """A structure of a table that says more than regions and units; equal ones say the same."""

    name: str
    """The specification's name of its kind."""
    decoded: object
    """What fwtables made of it, for whoever knows its kind."""


class Capabilities(NamedTuple):
    """What a table says of devices beyond units and regions."""

    translation_cached: frozenset[SBDF] = frozenset()
    """Devices with an address translation cache: SATC structures, VT-d 8.8."""
    ats_root_ports: frozenset[SBDF] = frozenset()
    """Root ports that support ATS transactions: ATSR structures, VT-d 8.5."""
    ats_segments: frozenset[int] = frozenset()
    """Segments all of whose root ports do: ATSR structures with ALL_PORTS."""
    namespace_names: Mapping[int, str] = MappingProxyType({})
    """ACPI devices by the number that claims give them: ANDD structures, VT-d 8.7."""


class TableHeader(NamedTuple):
    """What the fixed part of a table says; identifiers are bytes with their padding."""

    signature: bytes
    length: int
    revision: int
    oem_id: bytes
    oem_table_id: bytes
    oem_revision: int
    creator_id: bytes
    creator_revision: int
    address_bits: int
    """How many address bits the platform has for DMA."""
    address_bits_field: TableField
    flags: tuple[str, ...]
    """The names of the flags that are set, lowest bit first."""


class IommuTable(NamedTuple):
    """The firmware's table of IOMMUs: what it says, and its damage."""

    decoded: Decoded[Table]
    """The table itself, for whoever knows its kind."""
    header: TableHeader | None
    """None if not even the fixed part could be decoded."""
    structures: Mapping[str, int]
    """How many structures it has, by the name of their kind, in table order."""
    regions: tuple[ReservedRegion, ...]
    units: tuple[RemappingUnit, ...]
    capabilities: Capabilities
    others: tuple[OtherStructure, ...]
    """The structures that neither a region nor a unit is made of."""

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What is wrong with its bytes."""
        return self.decoded.damage

    @property
    def whole(self) -> bool:
        """Whether all of it was decoded."""
        return not self.decoded.damage


# Where those who read it differ ---------------------------------------------------------


class Difference(NamedTuple):
    """A difference between table, Linux and Xen, explained; `region` is None for the host."""

    region: int | None
    """The number of the region."""
    explanation: str
    devices: frozenset[SBDF] | None = None
    """The devices that it concerns; None: those of its region, or all of the host."""
