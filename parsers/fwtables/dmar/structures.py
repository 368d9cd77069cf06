"""The DMAR table as frozen values, with the specification's names.

Each structure is here twice, as bytes and as a value.  Its ``GRAMMAR`` is the only definition of
its fixed part, with the fields in the specification's order; the dataclass has the same fields.
The fast readers (``layouts.py``) and the JSON form (``document.py``) follow from these.
``decoding.py`` decodes the lists after a fixed part (structures, device scope entries, path
entries), because construct's ``GreedyRange`` would end a list silently at its first damaged
element.

Fields have the values of the bytes, reserved ones included, so that a table can be written back
as it was read.  Addresses and lengths are in bytes.  A value is not checked when it is made: if it
does not fit its field, :func:`fwtables.encode` raises an ``EncodeError``.

In every structure, `segment_number` is the PCI segment, `device_scope` has its entries in order,
and `reserved` is what the specification keeps at zero.  `TYPE` is the number of its type,
`GRAMMAR` the fixed part after its type and length.  `undecoded` has the bytes after the last
readable field: none in a sound table, otherwise with a :class:`~fwtables.damage.Damage`.

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
"""The header of every remapping structure, VT-d 8.2."""


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One step of a device scope's path, VT-d 8.3.1, on the bus that the previous steps lead to.

    `device` is the number on the bus (0 to 31 in sound firmware), `function` the number in the
    device (0 to 7).
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
    """A device scope entry, VT-d 8.3.1: a start bus and the path of bridges from there.

    `type` is a :class:`~fwtables.dmar.constants.ScopeType`, or a newer number.  `enumeration_id` is
    the ID of the I/O APIC, or the number of the HPET or of the ACPI device, by `type`.  The path
    starts on `start_bus_number`.  Each step of `path` but the last is a bridge, and the next step
    is on its secondary bus.  `flags` (:class:`~fwtables.dmar.constants.ScopeFlag`) have a meaning
    in SIDP only.
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

    `flags` are :class:`~fwtables.dmar.constants.DrhdFlag`.  `register_base_address` is the physical
    address of its registers, and `size` gives the number of their pages.
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
        """The size of the unit's registers in bytes: 2^N pages of 4 KiB, N in bits 3:0 of `size`."""
        return 4096 << (self.size & 0xF)


@dataclass(frozen=True, slots=True, kw_only=True)
class RMRR:
    """Reserved memory region reporting, VT-d 8.4: memory that devices keep using for DMA.

    `base_address` is the physical address of the first byte, `limit_address` of the last byte.  `device_scope` names the devices.
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
    """Root port ATS capability reporting, VT-d 8.5: ports whose devices can cache translations.

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
    """ACPI name-space device declaration, VT-d 8.7: the name of a device that is not a PCI function.

    Device scopes refer to it by `acpi_device_number` (their `enumeration_id`).  `acpi_object_name`
    has its padding, :attr:`name` does not.
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

    `flags` are :class:`~fwtables.dmar.constants.SatcFlag`: whether the devices require their cache.
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
    """SoC integrated device property reporting, VT-d 8.9: the properties are the flags of its scopes."""

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

    `type` is the number of its type, `body` the bytes after type and length.
    """

    type: int
    body: bytes


Scoped = DRHD | RMRR | ATSR | SATC | SIDP
"""The structures with device scope entries after their fixed part."""
Known = Scoped | RHSA | ANDD
"""The structures that are decoded: those with a type number and a grammar."""
Structure = Known | UnknownStructure
"""Any structure of `DMAR.structures`."""
STRUCTURES: dict[int, type[Known]] = {
    cls.TYPE: cls for cls in sorted(get_args(Known), key=lambda cls: int(cls.TYPE))
}
"""Each structure that is decoded, by the number of its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DMAR(AcpiTable):
    """A DMA remapping reporting table, VT-d 8.1, with any of its signatures.

    `host_address_width` is one less than :attr:`host_address_bits`; `flags` are
    :class:`~fwtables.dmar.constants.DmarFlag`; `structures` are in table order.
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
        """Number of address bits of a DMA request on this platform (the field is one less)."""
        return self.host_address_width + 1


def structure_name(structure: Structure) -> str:
    """Return the specification's name of the type of `structure`; ``type N`` without one."""
    if isinstance(structure, UnknownStructure):
        known = structure.type in StructureType._value2member_map_
        return StructureType(structure.type).name if known else f"type {structure.type}"
    return type(structure).__name__
