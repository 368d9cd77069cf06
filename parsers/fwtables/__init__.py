"""Firmware tables: bytes to frozen structures and back.  Importable without dmaragent.

>>> from fwtables import decode, encode
>>> decoded = decode(data)              # of any bytes; never raises
>>> decoded.table.structures, decoded.damage
>>> assert encode(decoded) == data
"""

from fwtables.acpidump import DumpedTable, is_acpidump, read_acpidump
from fwtables.damage import Damage, DamageKind
from fwtables.decoding import decode
from fwtables.dmar import Decoded, located, structure_length
from fwtables.document import damage_document, from_document, to_document
from fwtables.encoding import encode, seal
from fwtables.errors import DocumentError, EncodeError, FirmwareTableError
from fwtables.found_in_text import (
    TextReading,
    TextTable,
    find_in_text,
    is_binary_table,
    plain_text,
)
from fwtables.structures import (
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
from fwtables.text_forms import TextForm

__all__ = [
    "ANDD",
    "ATSR",
    "DMAR",
    "DRHD",
    "RHSA",
    "RMRR",
    "SATC",
    "SIDP",
    "Damage",
    "DamageKind",
    "Decoded",
    "DeviceScope",
    "DocumentError",
    "DumpedTable",
    "EncodeError",
    "FirmwareTableError",
    "PathEntry",
    "Structure",
    "TextForm",
    "TextReading",
    "TextTable",
    "UnknownStructure",
    "damage_document",
    "decode",
    "encode",
    "find_in_text",
    "from_document",
    "is_acpidump",
    "is_binary_table",
    "located",
    "plain_text",
    "read_acpidump",
    "seal",
    "structure_length",
    "structure_name",
    "to_document",
]
