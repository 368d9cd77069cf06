"""The types of an IVRS table as plain data."""

from typing import Annotated, NotRequired, TypedDict

from fwtables.fields import Address, Byte, Double, Hex, TableHeader, Word
from fwtables.ivrs.structures import BLOCKS, ENTRIES

BlockName = Annotated[
    str, ("enum", (*dict.fromkeys(cls.__name__ for cls in BLOCKS.values()), "unknown"))
]
EntryName = Annotated[
    str, ("enum", (*dict.fromkeys(cls.__name__ for cls in ENTRIES.values()), "unknown"))
]


class IvrsEntry(TypedDict):
    """A device entry of an IVHD block; which fields it has depends on its kind."""

    entry: EntryName
    type: Byte
    device_id: NotRequired[Word]
    """Bus, device and function in 8, 5 and 3 bits."""
    dte_settings: NotRequired[Byte]
    reserved: NotRequired[Hex]
    source_device_id: NotRequired[Word]
    reserved_2: NotRequired[Hex]
    extended_settings: NotRequired[Double]
    handle: NotRequired[Byte]
    variety: NotRequired[Byte]
    hid: NotRequired[Hex]
    cid: NotRequired[Hex]
    uid_format: NotRequired[Byte]
    uid: NotRequired[Hex]
    body: NotRequired[Hex]
    """Of an unknown entry: the bytes after its type."""


class IvrsBlock(TypedDict):
    """An IVHD or IVMD block; which fields it has depends on its kind."""

    block: BlockName
    offset: int
    """Derived; encode does not read it."""
    length: int
    """Derived; encode does not read it."""
    type: Byte
    flags: Byte
    body: NotRequired[Hex]
    """Of an unknown block: the bytes after type, flags and length."""
    device_id: NotRequired[Word]
    """Bus, device and function in 8, 5 and 3 bits."""
    capability_offset: NotRequired[Word]
    register_base_address: NotRequired[Address]
    segment_number: NotRequired[Word]
    info: NotRequired[Word]
    features: NotRequired[Double]
    attributes: NotRequired[Double]
    efr_image: NotRequired[Address]
    efr_2_image: NotRequired[Address]
    entries: NotRequired[list[IvrsEntry]]
    auxiliary: NotRequired[Word]
    reserved: NotRequired[Hex]
    start_address: NotRequired[Address]
    memory_length: NotRequired[Address]
    """A number of bytes."""
    undecoded: NotRequired[Hex]


class IvrsTable(TableHeader):
    """The header and the blocks; a text has one character a byte, U+0000 to U+00FF."""

    iv_info: Double
    reserved: Hex
    blocks: list[IvrsBlock]
