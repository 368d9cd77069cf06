"""What the firmware said: the DMAR table as frozen values with the specification's names.

Each structure stands here twice, as bytes and as a value.  Its ``GRAMMAR`` is the only
definition of its fixed part, with the fields in the specification's order; the dataclass
has the same fields.  The fast readers (``layouts.py``) and the JSON form (``document.py``)
follow from these.  The lists after a fixed part (structures, device scope entries, path
entries) are walked in ``decoding.py``: construct's ``GreedyRange`` would end a list at its
first damaged element and not say so.

Fields hold the bytes' own values, reserved ones included, so that a table can be
written back as it was read.  Addresses are bytes from 0, lengths are bytes.  No value
is checked when it is made: one that does not fit its field is an ``EncodeError`` of
:func:`fwtables.encode`.

Of every structure: `segment_number` is the PCI segment, `device_scope` its entries in
order, `reserved` what the specification keeps at zero, `TYPE` the number of its type, `GRAMMAR` the
fixed part that follows its type and length.  `undecoded` holds what follows the last readable field: empty in a sound table, and
named by a :class:`~fwtables.damage.Damage` otherwise.

Source: Intel VT-d specification, revision 4.1, chapter 8.
"""

from dataclasses import dataclass
from typing import ClassVar, get_args

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64ul, Struct

from fwtables.dmar.constants import AtsrFlag, DrhdFlag, StructureType
from fwtables.header import TABLE_HEADER, AcpiTable

STRUCTURE_HEADER = Struct(
    "type" / Int16ul,
    "length" / Int16ul,  # this header included
)
"""What every remapping structure begins with, VT-d 8.2."""


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One step of a device scope's path, VT-d 8.3.1, on the bus that the steps before it reached.

    `device` is the number within the bus (0 to 31 in sound firmware), `function` the one
    within the device (0 to 7).
    """

    GRAMMAR: ClassVar[Struct] = Struct(
        "device" / Int8ul,
        "function" / Int8ul,
    )
    device: int
    function: int

    def __str__(self) -> str:
        return f"{self.device:02x}.{self.function:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceScope:
    """A device scope entry, VT-d 8.3.1: a start bus and the bridges to walk from there.

    `type` is a :class:`~fwtables.dmar.constants.ScopeType`, or a number newer than it.
    `enumeration_id` is the I/O APIC's ID, the HPET's number or the ACPI device's, by `type`.
    The walk starts on `start_bus_number`; each step of `path` but the last is a bridge, to
    whose secondary bus it goes on.  `flags`
    (:class:`~fwtables.dmar.constants.ScopeFlag`) mean something within SIDP alone.
    """

    GRAMMAR: ClassVar[Struct] = Struct(
        "type" / Int8ul,
        "length" / Int8ul,  # path included
        "flags" / Int8ul,  # reserved before revision 4.0 and outside SIDP
        "reserved" / Bytes(1),
        "enumeration_id" / Int8ul,
        "start_bus_number" / Int8ul,
    )
    type: int
    flags: int = 0
    reserved: bytes = b"\0"
    enumeration_id: int = 0
    start_bus_number: int
    path: tuple[PathEntry, ...]
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class DRHD:
    """DMA remapping hardware unit definition, VT-d 8.3.

    `flags` are :class:`~fwtables.dmar.constants.DrhdFlag`; `register_base_address` is the physical
    address of its registers, and `size` says how many pages they take.
    """

    TYPE: ClassVar[int] = StructureType.DRHD
    GRAMMAR: ClassVar[Struct] = Struct(
        "flags" / Int8ul,
        "size" / Int8ul,  # bits 3:0 = N: 2^N pages of 4 KiB hold the registers
        "segment_number" / Int16ul,
        "register_base_address" / Int64ul,
    )
    flags: int
    size: int = 0
    segment_number: int
    register_base_address: int
    device_scope: tuple[DeviceScope, ...] = ()
    undecoded: bytes = b""

    @property
    def include_pci_all(self) -> bool:
        """Whether the unit serves every device of its segment that no other unit names."""
        return bool(self.flags & DrhdFlag.INCLUDE_PCI_ALL)

    @property
    def register_set_size(self) -> int:
        """The bytes the unit's registers take: 2^N pages of 4 KiB, N in bits 3:0 of `size`."""
        return 4096 << (self.size & 0xF)


@dataclass(frozen=True, slots=True, kw_only=True)
class RMRR:
    """Reserved memory region reporting, VT-d 8.4: memory that devices go on using for DMA.

    `base_address` is the physical address of the first byte, `limit_address` of the last:
    not one past it.  `device_scope` names the devices.
    """

    TYPE: ClassVar[int] = StructureType.RMRR
    GRAMMAR: ClassVar[Struct] = Struct(
        "reserved" / Bytes(2),
        "segment_number" / Int16ul,
        "base_address" / Int64ul,
        "limit_address" / Int64ul,  # the region's last byte
    )
    reserved: bytes = b"\0\0"
    segment_number: int
    base_address: int
    limit_address: int
    device_scope: tuple[DeviceScope, ...] = ()
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ATSR:
    """Root port ATS capability reporting, VT-d 8.5: ports whose devices may cache translations.

    `flags` are :class:`~fwtables.dmar.constants.AtsrFlag`.
    """

    TYPE: ClassVar[int] = StructureType.ATSR
    GRAMMAR: ClassVar[Struct] = Struct(
        "flags" / Int8ul,
        "reserved" / Bytes(1),
        "segment_number" / Int16ul,
    )
    flags: int
    reserved: bytes = b"\0"
    segment_number: int
    device_scope: tuple[DeviceScope, ...] = ()
    undecoded: bytes = b""

    @property
    def all_ports(self) -> bool:
        """Whether every root port of the segment supports ATS transactions."""
        return bool(self.flags & AtsrFlag.ALL_PORTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RHSA:
    """Remapping hardware static affinity, VT-d 8.6: the NUMA node of a unit.

    `register_base_address` is that of the unit's DRHD, `proximity_domain` the number that
    ACPI's SRAT has for the node.
    """

    TYPE: ClassVar[int] = StructureType.RHSA
    GRAMMAR: ClassVar[Struct] = Struct(
        "reserved" / Bytes(4),
        "register_base_address" / Int64ul,  # of the DRHD meant
        "proximity_domain" / Int32ul,
    )
    reserved: bytes = b"\0\0\0\0"
    register_base_address: int
    proximity_domain: int
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ANDD:
    """ACPI name-space device declaration, VT-d 8.7: a name for a device that is not PCI's.

    `acpi_device_number` is what device scopes name it by (their `enumeration_id`);
    `acpi_object_name` keeps its padding, :attr:`name` does not.
    """

    TYPE: ClassVar[int] = StructureType.ANDD
    GRAMMAR: ClassVar[Struct] = Struct(
        "reserved" / Bytes(3),
        "acpi_device_number" / Int8ul,
    )
    reserved: bytes = b"\0\0\0"
    acpi_device_number: int
    acpi_object_name: bytes
    undecoded: bytes = b""

    @property
    def name(self) -> str:
        """The object name up to its terminating NUL, bytes that are not ASCII escaped."""
        return self.acpi_object_name.split(b"\0", 1)[0].decode("ascii", "backslashreplace")


@dataclass(frozen=True, slots=True, kw_only=True)
class SATC:
    """SoC integrated address translation cache reporting, VT-d 8.8.

    `flags` are :class:`~fwtables.dmar.constants.SatcFlag`: whether the devices need their cache.
    """

    TYPE: ClassVar[int] = StructureType.SATC
    GRAMMAR: ClassVar[Struct] = Struct(
        "flags" / Int8ul,
        "reserved" / Bytes(1),
        "segment_number" / Int16ul,
    )
    flags: int
    reserved: bytes = b"\0"
    segment_number: int
    device_scope: tuple[DeviceScope, ...] = ()
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SIDP:
    """SoC integrated device property reporting, VT-d 8.9: the properties are its scopes' flags."""

    TYPE: ClassVar[int] = StructureType.SIDP
    GRAMMAR: ClassVar[Struct] = Struct(
        "reserved" / Bytes(2),
        "segment_number" / Int16ul,
    )
    reserved: bytes = b"\0\0"
    segment_number: int
    device_scope: tuple[DeviceScope, ...] = ()
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownStructure:
    """A structure kept whole: newer than revision 4.1, or too short for its type.

    `type` is the number of its type, `body` what follows the four bytes of type and length.
    """

    type: int
    body: bytes


Scoped = DRHD | RMRR | ATSR | SATC | SIDP
"""The structures whose fixed part is followed by device scope entries."""
Known = Scoped | RHSA | ANDD
"""The structures that are decoded: what has a type number and a grammar."""
Structure = Known | UnknownStructure
"""Any structure of a table: what `DMAR.structures` holds."""
STRUCTURES: dict[int, type[Known]] = {
    cls.TYPE: cls for cls in sorted(get_args(Known), key=lambda cls: int(cls.TYPE))
}
"""The registry: each structure that is decoded, by the number of its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DMAR(AcpiTable):
    """A DMA remapping reporting table, VT-d 8.1, under whichever signature it was found.

    `length` (bytes) and `checksum` are the header's own and may be wrong: see
    :func:`fwtables.seal`.  `oem_id`, `oem_table_id` and `creator_id` are text with padding, as
    bytes; `revision`, `oem_revision` and `creator_revision` are numbers.
    `host_address_width` is one less than :attr:`host_address_bits`; `flags` are
    :class:`~fwtables.dmar.constants.DmarFlag`; `structures` stand in table order.  The header is
    ACPI's (ACPI 6.5, 5.2.6).
    """

    GRAMMAR: ClassVar[Struct] = TABLE_HEADER + Struct(
        "host_address_width" / Int8ul,  # the width in bits, less one
        "flags" / Int8ul,
        "reserved" / Bytes(10),
    )
    signature: bytes = b"DMAR"
    host_address_width: int
    flags: int
    reserved: bytes = bytes(10)
    structures: tuple[Structure, ...] = ()

    @property
    def host_address_bits(self) -> int:
        """How many address bits a DMA request of this platform has (the field holds one less)."""
        return self.host_address_width + 1


def structure_name(structure: Structure) -> str:
    """Return the specification's name of the kind of `structure`; ``type N`` if it has none."""
    if isinstance(structure, UnknownStructure):
        known = structure.type in StructureType._value2member_map_
        return StructureType(structure.type).name if known else f"type {structure.type}"
    return type(structure).__name__
