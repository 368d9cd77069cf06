"""Firmware tables: bytes to frozen structures and back.  Importable without dmaragent.

>>> from fwtables import decode, encode
>>> decoded = decode(data)              # of any bytes; never raises
>>> decoded.table.structures, decoded.damage
>>> assert encode(decoded) == data

Tables in text, which most users never meet, are read by ``fwtables.found_in_text`` and
``fwtables.acpidump``.
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
from fwtables.table import Decoded, decode, encode, seal

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
    "EncodeError",
    "FirmwareTableError",
    "PathEntry",
    "Structure",
    "UnknownStructure",
    "damage_document",
    "decode",
    "encode",
    "from_document",
    "located",
    "seal",
    "structure_length",
    "structure_name",
    "to_document",
]
