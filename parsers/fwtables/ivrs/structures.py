"""The IVRS table as frozen values: blocks for IOMMUs (IVHD) and for memory (IVMD).

As in :mod:`fwtables.dmar.structures`, a ``GRAMMAR`` is the only definition of a fixed part and
the dataclass has the same fields.  ``decoding.py`` decodes the lists after a fixed part.

Fields have the values of the bytes, reserved ones included.  A value is not checked when it is
made.  If it does not fit its field, or a class does not have a `type` (``TYPES``),
:func:`fwtables.encode` raises an ``EncodeError``.

In every block and entry, `type` is the number of its type.  `device_id` has the bus, device and
function of a PCI function in 16 bits (:func:`device_name`), and `segment_number` is its PCI segment.
`dte_settings` are :class:`~fwtables.ivrs.constants.DteFlag`, `reserved` and `reserved_2` what the
specification keeps at zero.  `undecoded` has the bytes after the last readable field: none in a
sound table, otherwise with a :class:`~fwtables.damage.Damage`.

Source: ACPICA source/include/actbl2.h (``ACPI_TABLE_IVRS`` and what follows it), coreboot
src/include/acpi/acpi_ivrs.h, Linux drivers/iommu/amd/init.c, Xen xen/include/acpi/actbl2.h.
"""

from dataclasses import dataclass
from typing import ClassVar, get_args

from construct import Bytes, Int8ul, Int16ul, Int32ul, Int64ul, Struct

from fwtables.header import TABLE_HEADER, AcpiTable
from fwtables.ivrs.constants import BlockType, EntryType, IvInfoFlag, IvmdFlag

BLOCK_HEADER = Struct(
    "type" / Int8ul,
    "flags" / Int8ul,
    "length" / Int16ul,  # this header included
)
"""The header of every block."""
ENTRY_HEADER = Struct(
    "type" / Int8ul,
    "device_id" / Int16ul,  # not aligned
    "dte_settings" / Int8ul,
)
"""The header of every device entry that is decoded."""


def device_name(device_id: int) -> str:
    """Return the PCI function of a device ID: ``00:14.0``."""
    return f"{device_id >> 8:02x}:{device_id >> 3 & 0x1F:02x}.{device_id & 7:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEntry:
    """A device entry of 4 bytes: padding, all devices, one device, or an end of a range.

    `type` is an :class:`~fwtables.ivrs.constants.EntryType`.
    """

    TYPES: ClassVar[tuple[int, ...]] = (
        EntryType.PADDING,
        EntryType.ALL,
        EntryType.SELECT,
        EntryType.RANGE_START,
        EntryType.RANGE_END,
    )
    GRAMMAR: ClassVar[Struct] = ENTRY_HEADER
    type: int
    device_id: int = 0
    dte_settings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasEntry:
    """A device, or the start of a range, whose requests carry the ID of another device.

    `source_device_id` is the ID that the IOMMU receives, such as a bridge's for all devices behind it.
    """

    TYPES: ClassVar[tuple[int, ...]] = (EntryType.ALIAS_SELECT, EntryType.ALIAS_RANGE_START)
    GRAMMAR: ClassVar[Struct] = ENTRY_HEADER + Struct(
        "reserved" / Bytes(1),
        "source_device_id" / Int16ul,  # not aligned
        "reserved_2" / Bytes(1),
    )
    type: int
    device_id: int
    dte_settings: int = 0
    reserved: bytes = b"\0"
    source_device_id: int
    reserved_2: bytes = b"\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedEntry:
    """A device, or the start of a range, with extended settings.

    `extended_settings` are :class:`~fwtables.ivrs.constants.ExtendedFlag`.
    """

    TYPES: ClassVar[tuple[int, ...]] = (EntryType.EXTENDED_SELECT, EntryType.EXTENDED_RANGE_START)
    GRAMMAR: ClassVar[Struct] = ENTRY_HEADER + Struct(
        "extended_settings" / Int32ul,
    )
    type: int
    device_id: int
    dte_settings: int = 0
    extended_settings: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialEntry:
    """An I/O APIC or an HPET; its interrupts have the ID `source_device_id`.

    `handle` is the I/O APIC's ID in the MADT, or the HPET's number; `variety` is a
    :class:`~fwtables.ivrs.constants.Variety`.  `device_id` is 0.
    """

    TYPES: ClassVar[tuple[int, ...]] = (EntryType.SPECIAL,)
    GRAMMAR: ClassVar[Struct] = ENTRY_HEADER + Struct(
        "handle" / Int8ul,
        "source_device_id" / Int16ul,  # not aligned
        "variety" / Int8ul,
    )
    type: int = EntryType.SPECIAL
    device_id: int = 0
    dte_settings: int = 0
    handle: int
    source_device_id: int
    variety: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HidEntry:
    """A device with an ACPI name, not a PCI function, and the device ID of its requests.

    `hid` and `cid` are its hardware and compatible ID with their padding; `uid` has the format
    `uid_format` (:class:`~fwtables.ivrs.constants.UidFormat`).
    """

    TYPES: ClassVar[tuple[int, ...]] = (EntryType.ACPI_HID,)
    GRAMMAR: ClassVar[Struct] = ENTRY_HEADER + Struct(
        "hid" / Bytes(8),
        "cid" / Bytes(8),
        "uid_format" / Int8ul,
        "uid_length" / Int8ul,  # of what follows
    )
    type: int = EntryType.ACPI_HID
    device_id: int
    dte_settings: int = 0
    hid: bytes
    cid: bytes = bytes(8)
    uid_format: int = 0
    uid: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEntry:
    """A device entry of an unknown type with a known length, or padding of 8 bytes.

    `body` has the 3 or 7 bytes after the type.
    """

    type: int
    body: bytes


KnownEntry = DeviceEntry | AliasEntry | ExtendedEntry | SpecialEntry | HidEntry
Entry = KnownEntry | UnknownEntry
"""Any device entry of an IVHD block."""
ENTRIES: dict[int, type[KnownEntry]] = {
    number: cls for cls in get_args(KnownEntry) for number in cls.TYPES
}
"""The class of each device entry that is decoded, by its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IVHD:
    """An IOMMU and its devices, type 0x10: without images of feature registers.

    `flags` are :class:`~fwtables.ivrs.constants.IvhdFlag`.  `device_id` is the IOMMU's own PCI
    function, `capability_offset` the offset of its capability in configuration space, and
    `register_base_address` the physical address of its registers.  `info` has the number of its
    MSI (bits 4:0) and its unit ID (bits 12:8); `features` replace bits of its feature register.
    `entries` are its devices, in table order.
    """

    TYPES: ClassVar[tuple[int, ...]] = (BlockType.IVHD,)
    GRAMMAR: ClassVar[Struct] = Struct(
        "device_id" / Int16ul,
        "capability_offset" / Int16ul,
        "register_base_address" / Int64ul,
        "segment_number" / Int16ul,
        "info" / Int16ul,
        "features" / Int32ul,
    )
    type: int = BlockType.IVHD
    flags: int
    device_id: int
    capability_offset: int
    register_base_address: int
    segment_number: int = 0
    info: int = 0
    features: int = 0
    entries: tuple[Entry, ...] = ()
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedIVHD:
    """An IOMMU and its devices, type 0x11, or 0x40, which can have ACPI HID entries.

    `flags`, `device_id`, `capability_offset`, `register_base_address`, `info` and `entries` are as
    in :class:`IVHD`.  `attributes` have the numbers of counters and of PPR's MSI; `efr_image` and
    `efr_2_image` are images of the extended feature registers at MMIO offset 0x30 and 0x1a0.
    """

    TYPES: ClassVar[tuple[int, ...]] = (BlockType.IVHD_WITH_EFR, BlockType.IVHD_WITH_HID)
    GRAMMAR: ClassVar[Struct] = Struct(
        "device_id" / Int16ul,
        "capability_offset" / Int16ul,
        "register_base_address" / Int64ul,
        "segment_number" / Int16ul,
        "info" / Int16ul,
        "attributes" / Int32ul,
        "efr_image" / Int64ul,
        "efr_2_image" / Int64ul,
    )
    type: int
    flags: int
    device_id: int
    capability_offset: int
    register_base_address: int
    segment_number: int = 0
    info: int = 0
    attributes: int = 0
    efr_image: int = 0
    efr_2_image: int = 0
    entries: tuple[Entry, ...] = ()
    undecoded: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class IVMD:
    """Memory that devices keep using for DMA: types 0x20 to 0x23.

    The devices depend on `type` (:class:`~fwtables.ivrs.constants.BlockType`): all devices, the
    device `device_id`, the range from there to `auxiliary`, or the devices of the IOMMU `device_id`.
    `flags` are :class:`~fwtables.ivrs.constants.IvmdFlag`; the memory begins at
    `start_address` and has `memory_length` bytes.
    Linux reads the PCI segment in the first two bytes of `reserved`; Xen ignores them.
    """

    TYPES: ClassVar[tuple[int, ...]] = (
        BlockType.IVMD_ALL,
        BlockType.IVMD_ONE,
        BlockType.IVMD_RANGE,
        BlockType.IVMD_IOMMU,
    )
    GRAMMAR: ClassVar[Struct] = Struct(
        "device_id" / Int16ul,
        "auxiliary" / Int16ul,
        "reserved" / Bytes(8),
        "start_address" / Int64ul,
        "memory_length" / Int64ul,  # a length, not a limit
    )
    type: int
    flags: int
    device_id: int = 0
    auxiliary: int = 0
    reserved: bytes = bytes(8)
    start_address: int
    memory_length: int
    undecoded: bytes = b""

    @property
    def is_exclusion(self) -> bool:
        """Whether it is an exclusion range, which for Linux and Xen wins over a unity map."""
        return bool(self.flags & IvmdFlag.EXCLUSION_RANGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownBlock:
    """A block kept whole: of an unknown type such as 0x51, or too short for its type.

    `body` has the bytes after type, flags and length.
    """

    type: int
    flags: int = 0
    body: bytes


AnyIVHD = IVHD | ExtendedIVHD
"""The blocks with device entries after their fixed part."""
KnownBlock = AnyIVHD | IVMD
"""The blocks that are decoded: those with types and a grammar."""
Block = KnownBlock | UnknownBlock
"""Any block of `IVRS.blocks`."""
BLOCKS: dict[int, type[KnownBlock]] = {
    number: cls for cls in get_args(KnownBlock) for number in cls.TYPES
}
"""The class of each block that is decoded, by its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IVRS(AcpiTable):
    """An I/O virtualization reporting structure.

    `iv_info` has flags (:class:`~fwtables.ivrs.constants.IvInfoFlag`) and sizes; `blocks` are in
    table order.
    """

    GRAMMAR: ClassVar[Struct] = TABLE_HEADER + Struct(
        "iv_info" / Int32ul,
        "reserved" / Bytes(8),
    )
    signature: bytes = b"IVRS"
    iv_info: int
    reserved: bytes = bytes(8)
    blocks: tuple[Block, ...] = ()

    @property
    def efr_images_valid(self) -> bool:
        """Whether the images of the extended feature register are valid."""
        return bool(self.iv_info & IvInfoFlag.EFR_SUP)

    @property
    def dma_remapping_before_boot(self) -> bool:
        """Whether the firmware remapped DMA before boot."""
        return bool(self.iv_info & IvInfoFlag.DMA_REMAP_SUP)

    @property
    def guest_address_bits(self) -> int:
        """Bits of a guest's virtual address: 48 for the value 2, 0 for reserved values."""
        return 48 if self.iv_info >> 5 & 7 == 2 else 0

    @property
    def physical_address_bits(self) -> int:
        """Bits of a physical address."""
        return self.iv_info >> 8 & 0x7F

    @property
    def virtual_address_bits(self) -> int:
        """Bits of an address that a device can use for DMA."""
        return self.iv_info >> 15 & 0x7F


def block_name(block: Block) -> str:
    """Return the name of the kind of `block`: ``IVHD 0x11``, ``IVMD 0x21``; ``type 0x51``."""
    cls = BLOCKS.get(block.type)
    if cls is None:
        return f"type 0x{block.type:02x}"
    return f"{'IVMD' if cls is IVMD else 'IVHD'} 0x{block.type:02x}"
