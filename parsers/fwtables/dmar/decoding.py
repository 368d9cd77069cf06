"""Decode the bytes of a DMAR table to its structures.

The walk is a loop over (type, length), as in Linux
(drivers/iommu/intel/dmar.c, ``dmar_walk_remapping_entries``) and Xen
(drivers/passthrough/vtd/dmar.c, ``acpi_parse_dmar``).  No byte is lost: see
:mod:`fwtables.table`.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, get_args

from fwtables.damage import Damage, DamageKind, count_bytes
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
from fwtables.layout import maker
from fwtables.walk import Walk

_SCOPED = frozenset(number for number, cls in STRUCTURES.items() if cls in get_args(Scoped))
_STRUCTURE_HEADER_SIZE = STRUCTURE_HEADER.size
_unpack_scope = DEVICE_SCOPE.packer.unpack_from
_unpack_structure = STRUCTURE_HEADER.packer.unpack_from
_SMALLEST_SCOPE = DEVICE_SCOPE.size + PATH_ENTRY.size
_Values = tuple[Any, ...]


@cache
def _structure_maker(kind: int) -> Callable[[_Values], Known]:
    """Return the function that makes a structure of type `kind` from its values."""
    cls = STRUCTURES[kind]
    lists = ("acpi_object_name",) if cls is ANDD else ("device_scope",) if kind in _SCOPED else ()
    return maker(cls, (*BODIES[kind].names, *lists, "undecoded"))


@cache
def _scope_makers() -> tuple[Callable[[_Values], PathEntry], Callable[[_Values], DeviceScope]]:
    """Return the functions that make a step of a path and a device scope entry from their values."""
    names = (name for name in DEVICE_SCOPE.names if name != "length")
    scope = maker(DeviceScope, (*names, "path", "undecoded"))
    return maker(PathEntry, PATH_ENTRY.names), scope


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
        if kind not in STRUCTURES:
            return UnknownStructure(type=kind, body=self.data[body:end])
        cls, layout = STRUCTURES[kind], BODIES[kind]
        rest = body + layout.size
        if rest > end:
            reason = (
                f"the structure's length is {end - start}; a {cls.__name__} has at least "
                f"{rest - start}"
            )
            self.add_damage(start + 2, "length", DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM, reason)
            return UnknownStructure(type=kind, body=self.data[body:end])
        values = layout.packer.unpack_from(self.data, body)
        if cls is ANDD:
            values, rest = (*values, self.data[rest:end]), end
        elif kind in _SCOPED:
            scopes, rest = self.scopes(rest, end)
            values = (*values, scopes)
        elif rest < end:
            reason = f"{count_bytes(end - rest)} after the last field of an {cls.__name__}"
            self.add_damage(rest, "undecoded", DamageKind.STRUCTURE_TRAILING_BYTES, reason)
        return _structure_maker(kind)((*values, self.data[rest:end]))

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
    kind, _, *others = _unpack_scope(entry)
    odd = len(entry) % PATH_ENTRY.size
    steps = PATH_ENTRY.packer.iter_unpack(entry[DEVICE_SCOPE.size : len(entry) - odd])
    make_step, make_scope = _scope_makers()
    return make_scope((kind, *others, tuple(map(make_step, steps)), entry[len(entry) - odd :]))
