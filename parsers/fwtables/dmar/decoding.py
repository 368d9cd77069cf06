"""Decode the bytes of a DMAR table to its structures.

The walk is a loop over (type, length), as in Linux
(drivers/iommu/intel/dmar.c, ``dmar_walk_remapping_entries``) and Xen
(drivers/passthrough/vtd/dmar.c, ``acpi_parse_dmar``).  No byte is lost: see
:mod:`fwtables.table`.
"""

from functools import lru_cache
from typing import Any, get_args

from fwtables.damage import Damage, DamageKind, count_bytes
from fwtables.dmar.constants import StructureType
from fwtables.dmar.layouts import BODIES, DEVICE_SCOPE, PATH_ENTRY, STRUCTURE_HEADER, TABLE
from fwtables.dmar.structures import (
    ANDD,
    DMAR,
    STRUCTURES,
    DeviceScope,
    Known,
    PathEntry,
    Scoped,
    Structure,
    UnknownStructure,
)
from fwtables.layout import Layout
from fwtables.walk import Walk

_READERS: dict[int, tuple[type[Known], Layout, bool]] = {
    number: (cls, BODIES[StructureType(number)], cls in get_args(Scoped))
    for number, cls in STRUCTURES.items()
}
"""By structure type: its class, its fixed part, and whether device scope entries follow that."""
_STRUCTURE_HEADER_SIZE = STRUCTURE_HEADER.size
_unpack_scope = DEVICE_SCOPE.packer.unpack_from
_unpack_structure = STRUCTURE_HEADER.packer.unpack_from
_SMALLEST_SCOPE = DEVICE_SCOPE.size + PATH_ENTRY.size


def decode_dmar(data: bytes) -> tuple[DMAR, int, list[Damage]]:
    """Decode a DMAR table with a complete fixed part.

    Return the table, the end of the decoded part, and the damage in any order.
    """
    fields = dict(zip(TABLE.names, TABLE.packer.unpack_from(data), strict=True))
    walk = _Walk(data, fields["length"], TABLE.size, _STRUCTURE_HEADER_SIZE)
    structures = walk.structures()
    return DMAR(**fields, structures=structures), walk.offset, walk.damage


class _Walk(Walk):
    """One pass over the bytes of a DMAR table."""

    def structures(self) -> tuple[Structure, ...]:
        """Decode the remapping structures until the begin of the next one is unknown."""
        structures: list[Structure] = []
        offset, end = self.offset, self.end
        while end - offset >= _STRUCTURE_HEADER_SIZE:
            kind, length = _unpack_structure(self.data, offset)
            if length < _STRUCTURE_HEADER_SIZE or offset + length > end:
                self.offset = offset
                self.add_length_damage(length)
                return tuple(structures)
            structures.append(self.structure(kind, offset, offset + length))
            offset += length
        self.offset = offset
        self.check_rest("structures")
        return tuple(structures)

    def structure(self, kind: int, start: int, end: int) -> Structure:
        """Decode the structure from `start` to `end`; all its bytes are there."""
        body = start + _STRUCTURE_HEADER_SIZE
        reader = _READERS.get(kind)
        if reader is None:
            return UnknownStructure(type=kind, body=self.data[body:end])
        cls, layout, scoped = reader
        rest = body + layout.size
        if rest > end:
            reason = (
                f"the structure's length is {end - start}; a {cls.__name__} has at least "
                f"{rest - start}"
            )
            self.add_damage(start + 2, "length", DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM, reason)
            return UnknownStructure(type=kind, body=self.data[body:end])
        values = layout.packer.unpack_from(self.data, body)
        fields: dict[str, Any] = dict(zip(layout.names, values, strict=True))
        if cls is ANDD:
            fields["acpi_object_name"] = self.data[rest:end]
        elif rest < end:
            if scoped:
                fields["device_scope"], rest = self.scopes(rest, end)
            else:
                reason = f"{count_bytes(end - rest)} after the last field of an {cls.__name__}"
                self.add_damage(rest, "undecoded", DamageKind.STRUCTURE_TRAILING_BYTES, reason)
            fields["undecoded"] = self.data[rest:end]
        return cls(**fields)

    def scopes(self, offset: int, end: int) -> tuple[tuple[DeviceScope, ...], int]:
        """Decode the device scope entries up to `end`; also return where the decoding ended."""
        data = self.data
        scopes: list[DeviceScope] = []
        while offset < end:
            length = data[offset + 1] if end - offset > 1 else 0
            fits = _SMALLEST_SCOPE <= length <= end - offset and length % 2 == 0
            if not fits and not self.add_scope_damage(offset, end - offset):
                break
            scopes.append(_scope(data[offset : offset + length]))
            offset += length
        return tuple(scopes), offset

    def add_scope_damage(self, offset: int, room: int) -> bool:
        """Add the damage of the entry at `offset`; return whether the next entry can be found."""
        field, left = "device_scope.length", "the rest of the structure is not decoded"
        if room == 1:
            reason = "1 byte is left in the structure, too few for another entry"
            self.add_damage(offset, "device_scope", DamageKind.STRUCTURE_TRAILING_BYTES, reason)
            return False
        length = self.data[offset + 1]
        if length == 0:
            kind, reason = DamageKind.SCOPE_LENGTH_ZERO, f"the entry's length is 0; {left}"
        elif length < _SMALLEST_SCOPE:
            kind = DamageKind.SCOPE_LENGTH_TOO_SMALL
            reason = (
                f"the entry's length is {length}; an entry has at least {_SMALLEST_SCOPE}; {left}"
            )
        elif length > room:
            kind = DamageKind.SCOPE_PAST_STRUCTURE
            reason = f"the entry's length is {length}; its structure has {count_bytes(room)} left; {left}"
        else:
            kind = DamageKind.SCOPE_LENGTH_ODD
            reason = f"the entry's length {length} is odd; its last byte belongs to no path step"
        self.add_damage(offset + 1, field, kind, reason)
        return kind is DamageKind.SCOPE_LENGTH_ODD


@lru_cache(maxsize=1024)
def _scope(entry: bytes) -> DeviceScope:
    """Decode a device scope entry; all its bytes are there.

    Tables repeat the same few entries, so equal entries are one value.
    """
    # In the order of the grammar, which tests/fwtables/test_layout.py tests.
    kind, _, flags, reserved, enumeration_id, start_bus_number = _unpack_scope(entry)
    odd = len(entry) % PATH_ENTRY.size
    steps = PATH_ENTRY.packer.iter_unpack(entry[DEVICE_SCOPE.size : len(entry) - odd])
    return DeviceScope(
        type=kind,
        flags=flags,
        reserved=reserved,
        enumeration_id=enumeration_id,
        start_bus_number=start_bus_number,
        path=tuple([PathEntry(device, function) for device, function in steps]),
        undecoded=entry[len(entry) - odd :],
    )
