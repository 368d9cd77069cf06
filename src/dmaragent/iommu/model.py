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
from dmaragent.iommu import words
from dmaragent.iommu.claims import Claim, Owner
from dmaragent.iommu.kinds import HARMLESS_DAMAGE
from dmaragent.readings import Missing, MissingKind
from fwtables import Damage, DamageKind, Decoded, Table

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
    position: int = 0
    """The character of the command line, from 0: two ranges can have the same text."""


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


HARMLESS = frozenset(map(DamageKind, HARMLESS_DAMAGE))
"""Damage that hides no structure."""


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

    @property
    def hides_structures(self) -> bool:
        """Whether its damage may hide a structure."""
        return any(damage.kind not in HARMLESS for damage in self.decoded.damage)


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
