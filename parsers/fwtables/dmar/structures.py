"""What the firmware said: the DMAR table as frozen values with the specification's names.

Fields hold the bytes' own values, reserved ones included, so that a table can be
written back as it was read.  Addresses are bytes from 0, lengths are bytes.  No value
is checked when it is made: one that does not fit its field is an ``EncodeError`` of
:func:`fwtables.encode`.

Of every structure: `segment_number` is the PCI segment, `device_scope` its entries in
order, `reserved` what the specification keeps at zero, `TYPE` the number of its type.
`undecoded` holds what follows the last readable field: empty in a sound table, and
named by a :class:`~fwtables.damage.Damage` otherwise.

Source: Intel VT-d specification, revision 4.1, chapter 8.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from fwtables.dmar.constants import AtsrFlag, DrhdFlag, StructureType


class PathEntry(NamedTuple):
    """One step of a device scope's path, VT-d 8.3.1, on the bus that the steps before it reached.

    `device` is the number within the bus (0 to 31 in sound firmware), `function` the one
    within the device (0 to 7).
    """

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
    flags: int
    reserved: bytes = b"\0"
    segment_number: int
    device_scope: tuple[DeviceScope, ...] = ()
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SIDP:
    """SoC integrated device property reporting, VT-d 8.9: the properties are its scopes' flags."""

    TYPE: ClassVar[int] = StructureType.SIDP
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


Structure = DRHD | RMRR | ATSR | RHSA | ANDD | SATC | SIDP | UnknownStructure
"""Any structure of a table: what `DMAR.structures` holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DMAR:
    """A DMA remapping reporting table, VT-d 8.1, under whichever signature it was found.

    `length` (bytes) and `checksum` are the header's own and may be wrong: see
    :func:`fwtables.seal`.  `oem_id`, `oem_table_id` and `creator_id` are text with padding, as
    bytes; `revision`, `oem_revision` and `creator_revision` are numbers.
    `host_address_width` is one less than :attr:`host_address_bits`; `flags` are
    :class:`~fwtables.dmar.constants.DmarFlag`; `structures` stand in table order.  The header is
    ACPI's (ACPI 6.5, 5.2.6).
    """

    signature: bytes = b"DMAR"
    length: int = 0
    revision: int
    checksum: int = 0
    oem_id: bytes
    oem_table_id: bytes
    oem_revision: int
    creator_id: bytes
    creator_revision: int
    host_address_width: int
    flags: int
    reserved: bytes = bytes(10)
    structures: tuple[Structure, ...] = ()

    @property
    def host_address_bits(self) -> int:
        """How many address bits a DMA request of this platform has (the field holds one less)."""
        return self.host_address_width + 1


def structure_name(structure: Structure) -> str:
    """Name the kind of `structure` as the specification does; ``type N`` where it does not."""
    if isinstance(structure, UnknownStructure):
        known = structure.type in StructureType._value2member_map_
        return StructureType(structure.type).name if known else f"type {structure.type}"
    return type(structure).__name__
