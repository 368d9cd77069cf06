"""One pass over the structures of a table, and the damage that every table can have.

After its fixed part, a table has structures, one after the other.  A structure begins with its
type and a length of 16 bits.
"""

from fwtables.damage import Damage, DamageKind, count_bytes
from fwtables.header import LENGTH_AT, header_damage

_LENGTH_OF_STRUCTURE_AT = 2
"""Offset of the length in a structure, after a type of 16 bits (DMAR), or a type and flags of 8
bits each (IVRS)."""


class Walk:
    """One pass over the bytes of a table, which collects `damage`."""

    def __init__(self, data: bytes, length: int, fixed: int, structure_header: int) -> None:
        self.data = data
        self.length = length
        """The length in the header."""
        self.fixed = fixed
        """Bytes of the table's fixed part."""
        self.structure_header = structure_header
        """Bytes of the header of a structure."""
        self.end = max(fixed, min(length, len(data)))
        """Where the structures must end: after the header's length, or at the last byte."""
        self.offset = fixed
        """Where the next structure begins."""
        wrong = header_damage(data, length, fixed)
        self.damage = [wrong] if wrong else []

    def add_damage(self, offset: int, field: str, kind: DamageKind, reason: str) -> None:
        """Add the damage `reason` of `field` at `offset`."""
        self.damage.append(Damage(offset, field, kind, reason))

    def add_length_damage(self, length: int) -> None:
        """Add the reason why the structure of `length` at `offset` ends the walk."""
        at, header = self.offset + _LENGTH_OF_STRUCTURE_AT, self.structure_header
        if length == 0:
            reason = "the structure's length is 0; the rest is not decoded"
            self.add_damage(at, "length", DamageKind.STRUCTURE_LENGTH_ZERO, reason)
        elif length < header:
            reason = (
                f"the structure's length is {length}; its type and length alone take {header}; "
                "the rest is not decoded"
            )
            self.add_damage(at, "length", DamageKind.STRUCTURE_LENGTH_BELOW_HEADER, reason)
        else:
            over = self.offset + length - self.end
            reason = (
                f"the structure's {count_bytes(length)} end {over} past the table's end at "
                f"0x{self.end:x}; the rest is not decoded"
            )
            self.add_damage(at, "length", DamageKind.STRUCTURE_PAST_END, reason)
            if self.length >= self.fixed and self.end < len(self.data):
                reason = (
                    f"the header's length is {count_bytes(self.length)}, which ends in the middle of "
                    f"a structure; there are {len(self.data)}"
                )
                self.add_damage(LENGTH_AT, "length", DamageKind.TABLE_LENGTH_TOO_SHORT, reason)

    def check_rest(self, field: str) -> None:
        """Add the damage of bytes after the last structure, within the table and after it.

        `field` is the name of the list of structures.
        """
        if self.length < self.fixed:
            return  # the header's damage covers it
        kind = DamageKind.TRAILING_BYTES
        if self.offset < self.end:
            reason = f"{count_bytes(self.end - self.offset)} after the last structure's end"
            self.add_damage(self.offset, field, kind, reason)
        if self.end < len(self.data):
            reason = f"{count_bytes(len(self.data) - self.end)} after the table's end"
            self.add_damage(self.end, field, kind, reason)
