"""DMAR table bytes to structures, losing nothing.

Rule: ``encode(decode(data)) == data`` for every byte string.  Whole structures
come out as values; from the first place where the next structure cannot be found,
the bytes are kept as they are in :attr:`~fwtables.dmar.table.Decoded.undecoded`.  Every
contradiction met on the way is a :class:`~fwtables.damage.Damage`, so nothing is
ever silently short.  The walk is a loop over (type, length), as Linux
(drivers/iommu/intel/dmar.c, ``dmar_walk_remapping_entries``) and Xen
(drivers/passthrough/vtd/dmar.c, ``acpi_parse_dmar``) have it.
"""

from functools import lru_cache
from typing import Any

from fwtables.damage import Damage, DamageKind
from fwtables.dmar.constants import StructureType
from fwtables.dmar.layouts import (
    BODIES,
    DEVICE_SCOPE,
    PATH_ENTRY,
    STRUCTURE_HEADER,
    TABLE,
    TABLE_HEADER,
)
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
)
from fwtables.dmar.table import Decoded
from fwtables.layout import Layout
from fwtables.signatures import SIGNATURES

_Known = type[DRHD | RMRR | ATSR | RHSA | ANDD | SATC | SIDP]
_CLASSES: tuple[_Known, ...] = (DRHD, RMRR, ATSR, RHSA, ANDD, SATC, SIDP)
_KNOWN: dict[int, tuple[_Known, Layout]] = {
    int(cls.TYPE): (cls, BODIES[StructureType(cls.TYPE)]) for cls in _CLASSES
}
_STRUCTURE_HEADER_SIZE = STRUCTURE_HEADER.size
_unpack_scope = DEVICE_SCOPE.packer.unpack_from
_unpack_structure = STRUCTURE_HEADER.packer.unpack_from
_LARGEST_TABLE = 1 << 24  # only to tell a table of another kind from arbitrary bytes
_CHECKSUM_AT = TABLE.offsets[TABLE.names.index("checksum")]
_LENGTH_AT = TABLE.offsets[TABLE.names.index("length")]
_SMALLEST_SCOPE = DEVICE_SCOPE.size + PATH_ENTRY.size


def decode(data: bytes) -> Decoded:
    """Decode `data`, the bytes of one DMAR, RMAD or XMAR table.

    Never raises: of bytes that are no table `Decoded.table` is None, and `Decoded.damage`
    says why.  The format is that of VT-d 4.1, chapter 8.
    """
    if len(data) < TABLE.size or data[:4] not in SIGNATURES:
        return Decoded(table=None, undecoded=data, damage=(_refusal(data),))
    fields = dict(zip(TABLE.names, TABLE.packer.unpack_from(data), strict=True))
    walk = _Walk(data, fields["length"])
    walk.check_table()
    structures = walk.structures()
    table = DMAR(**fields, structures=structures)
    damage = tuple(sorted(walk.damage, key=lambda one: one.offset))
    return Decoded(table=table, undecoded=data[walk.offset :], damage=damage)


def _refusal(data: bytes) -> Damage:
    """Say why `data` cannot be read as a DMAR table at all."""
    if not data:
        return Damage(0, "signature", DamageKind.EMPTY, "there are no bytes at all")
    signature = bytes(data[:4])
    if any(known.startswith(signature) for known in SIGNATURES):
        reason = f"the bytes end here; the table's fixed part has {TABLE.size}"
        field = TABLE.field_at(len(data))
        return Damage(len(data), field, DamageKind.TRUNCATED_HEADER, reason)
    length = int.from_bytes(data[_LENGTH_AT : _LENGTH_AT + 4], "little")
    if _is_signature(signature) and TABLE_HEADER.size <= length <= _LARGEST_TABLE:
        name = signature.decode("ascii")
        reason = f"this is a table of another kind ({name}), not DMAR, RMAD or XMAR"
        return Damage(0, "signature", DamageKind.ANOTHER_TABLE, reason)
    reason = f"{signature.hex(' ')} is not DMAR, RMAD or XMAR: this is no ACPI table"
    return Damage(0, "signature", DamageKind.NOT_A_TABLE, reason)


def _is_signature(four: bytes) -> bool:
    return len(four) == 4 and four.isascii() and four.isalnum() and four == four.upper()


class _Walk:
    """One pass over the bytes of a table; what is wrong on the way gathers in `damage`."""

    def __init__(self, data: bytes, length: int) -> None:
        self.data = data
        self.length = length
        self.end = max(TABLE.size, min(length, len(data)))
        """Where the structures must end: the header's length, as far as there are bytes."""
        self.offset = TABLE.size
        """Where the next structure begins."""
        self.damage: list[Damage] = []

    def hurt(self, offset: int, field: str, kind: DamageKind, reason: str) -> None:
        self.damage.append(Damage(offset, field, kind, reason))

    def check_table(self) -> None:
        """Check the header's length and checksum against the bytes."""
        there = len(self.data)
        if self.length < TABLE.size:
            reason = (
                f"the header says {_bytes(self.length)}; the table's fixed part alone has "
                f"{TABLE.size}, and nothing after it is decoded"
            )
            self.hurt(_LENGTH_AT, "length", DamageKind.TABLE_LENGTH_TOO_SHORT, reason)
        elif self.length > there:
            reason = f"the header says {_bytes(self.length)}; there are {there}"
            self.hurt(_LENGTH_AT, "length", DamageKind.TABLE_LENGTH_TOO_LONG, reason)
        elif total := sum(self.data[: self.end]) % 256:
            stored = self.data[_CHECKSUM_AT]
            right = (stored - total) % 256
            reason = f"the checksum is 0x{stored:02x} and should be 0x{right:02x}"
            self.hurt(_CHECKSUM_AT, "checksum", DamageKind.CHECKSUM, reason)

    def structures(self) -> tuple[Structure, ...]:
        """Walk the remapping structures as far as each says where the next one begins."""
        structures: list[Structure] = []
        offset, end = self.offset, self.end
        while end - offset >= _STRUCTURE_HEADER_SIZE:
            kind, length = _unpack_structure(self.data, offset)
            if length < _STRUCTURE_HEADER_SIZE or offset + length > end:
                self.offset = offset
                self.tell_length(length)
                return tuple(structures)
            structures.append(self.structure(kind, offset, offset + length))
            offset += length
        self.offset = offset
        self.check_rest()
        return tuple(structures)

    def tell_length(self, length: int) -> None:
        """Say why the structure of `length` at `offset` ends the walk."""
        at, header = self.offset + 2, STRUCTURE_HEADER.size
        if length == 0:
            reason = "the structure's length is 0; the rest is not decoded"
            self.hurt(at, "length", DamageKind.STRUCTURE_LENGTH_ZERO, reason)
        elif length < header:
            reason = (
                f"the structure's length is {length}; its type and length alone take {header}; "
                "the rest is not decoded"
            )
            self.hurt(at, "length", DamageKind.STRUCTURE_LENGTH_BELOW_HEADER, reason)
        else:
            over = self.offset + length - self.end
            reason = (
                f"the structure's {_bytes(length)} end {over} past the table's end at "
                f"0x{self.end:x}; the rest is not decoded"
            )
            self.hurt(at, "length", DamageKind.STRUCTURE_PAST_END, reason)
            if self.length >= TABLE.size and self.end < len(self.data):
                reason = (
                    f"the header says {_bytes(self.length)}, which ends in the middle of a "
                    f"structure; there are {len(self.data)}"
                )
                self.hurt(_LENGTH_AT, "length", DamageKind.TABLE_LENGTH_TOO_SHORT, reason)

    def check_rest(self) -> None:
        """Report the bytes after the last structure, within the table and beyond it."""
        if self.length < TABLE.size:
            return  # said already
        kind = DamageKind.TRAILING_BYTES
        if self.offset < self.end:
            reason = f"{_bytes(self.end - self.offset)} after the last structure's end"
            self.hurt(self.offset, "structures", kind, reason)
        if self.end < len(self.data):
            reason = f"{_bytes(len(self.data) - self.end)} after the table's end"
            self.hurt(self.end, "structures", kind, reason)

    def structure(self, kind: int, start: int, end: int) -> Structure:
        """Decode the structure from `start` to `end`, all of which is there."""
        body = start + _STRUCTURE_HEADER_SIZE
        known = _KNOWN.get(kind)
        if known is None:
            return UnknownStructure(type=kind, body=self.data[body:end])
        cls, layout = known
        rest = body + layout.size
        if rest > end:
            reason = (
                f"the structure's length is {end - start}; a {cls.__name__} has at least "
                f"{rest - start}"
            )
            self.hurt(start + 2, "length", DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM, reason)
            return UnknownStructure(type=kind, body=self.data[body:end])
        values = layout.packer.unpack_from(self.data, body)
        fields: dict[str, Any] = dict(zip(layout.names, values, strict=True))
        if cls is ANDD:
            fields["acpi_object_name"] = self.data[rest:end]
        elif rest < end:
            if cls is RHSA:
                reason = f"{_bytes(end - rest)} after the last field of an RHSA"
                self.hurt(rest, "undecoded", DamageKind.STRUCTURE_TRAILING_BYTES, reason)
            else:
                fields["device_scope"], rest = self.scopes(rest, end)
            fields["undecoded"] = self.data[rest:end]
        return cls(**fields)

    def scopes(self, offset: int, end: int) -> tuple[tuple[DeviceScope, ...], int]:
        """Walk the device scope entries up to `end`; also give where the walk ended."""
        data = self.data
        scopes: list[DeviceScope] = []
        while offset < end:
            length = data[offset + 1] if end - offset > 1 else 0
            fits = _SMALLEST_SCOPE <= length <= end - offset and length % 2 == 0
            if not fits and not self.tell_scope(offset, end - offset):
                break
            scopes.append(_scope(data[offset : offset + length]))
            offset += length
        return tuple(scopes), offset

    def tell_scope(self, offset: int, room: int) -> bool:
        """Say what is wrong with the entry at `offset`; tell whether the walk can go on."""
        field, left = "device_scope.length", "the rest of the structure is not decoded"
        if room == 1:
            reason = "1 byte is left in the structure, too few for another entry"
            self.hurt(offset, "device_scope", DamageKind.STRUCTURE_TRAILING_BYTES, reason)
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
            reason = (
                f"the entry's length is {length}; its structure has {_bytes(room)} left; {left}"
            )
        else:
            kind = DamageKind.SCOPE_LENGTH_ODD
            reason = f"the entry's length is {length}, odd; its last byte belongs to no path step"
        self.hurt(offset + 1, field, kind, reason)
        return kind is DamageKind.SCOPE_LENGTH_ODD


@lru_cache(maxsize=1024)
def _scope(entry: bytes) -> DeviceScope:
    """Decode a device scope entry, of which all bytes are there.

    A table names the same few devices again and again: equal entries are one value.
    """
    # In the grammar's order; tests/fwtables/test_layout.py holds it to that.
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


def _bytes(count: int) -> str:
    return f"{count} byte" + "s" * (count != 1)
