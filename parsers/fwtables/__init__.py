"""Firmware tables: bytes to frozen structures and back.  Importable without dmaragent.

>>> from fwtables import decode, encode
>>> decoded = decode(data)              # of any bytes; never raises
>>> decoded.table, decoded.damage     # a DMAR or an IVRS
>>> assert encode(decoded) == data

``fwtables.found_in_text`` and ``fwtables.acpidump`` read tables in text; this module does not
import them.
"""

from fwtables.damage import Damage, DamageKind
from fwtables.dmar.layouts import located, structure_length
from fwtables.dmar.structures import (
    ANDD,
    ATSR,
    DMAR,
    DRHD,
    RHSA,
    RMRR,
    SATC,
    SIDP,
    DeviceScope,
    PathEntry,
    Structure,
    UnknownStructure,
    structure_name,
)
from fwtables.document import damage_document, from_document, to_document
from fwtables.errors import DocumentError, EncodeError, FirmwareTableError
from fwtables.ivrs.layouts import block_length, located_blocks
from fwtables.ivrs.structures import (
    IVHD,
    IVMD,
    IVRS,
    AliasEntry,
    AnyIVHD,
    Block,
    DeviceEntry,
    Entry,
    ExtendedEntry,
    ExtendedIVHD,
    HidEntry,
    SpecialEntry,
    UnknownBlock,
    UnknownEntry,
    block_name,
    device_name,
)
from fwtables.table import Decoded, Table, decode, decode_as, encode, seal

__all__ = [
    "ANDD",
    "ATSR",
    "DMAR",
    "DRHD",
    "IVHD",
    "IVMD",
    "IVRS",
    "RHSA",
    "RMRR",
    "SATC",
    "SIDP",
    "AliasEntry",
    "AnyIVHD",
    "Block",
    "Damage",
    "DamageKind",
    "Decoded",
    "DeviceEntry",
    "DeviceScope",
    "DocumentError",
    "EncodeError",
    "Entry",
    "ExtendedEntry",
    "ExtendedIVHD",
    "FirmwareTableError",
    "HidEntry",
    "PathEntry",
    "SpecialEntry",
    "Structure",
    "Table",
    "UnknownBlock",
    "UnknownEntry",
    "UnknownStructure",
    "block_length",
    "block_name",
    "damage_document",
    "decode",
    "decode_as",
    "device_name",
    "encode",
    "from_document",
    "located",
    "located_blocks",
    "seal",
    "structure_length",
    "structure_name",
    "to_document",
]
