"""The header of every ACPI system description table, and its damage."""

from dataclasses import dataclass

from construct import Bytes, Int8ul, Int32ul, Struct

from fwtables.damage import Damage, DamageKind, count_bytes
from fwtables.layout import Layout, derive

# ACPI 6.5, 5.2.6: the header of every system description table.
TABLE_HEADER = Struct(
    "signature" / Bytes(4),
    "length" / Int32ul,  # of the whole table, header included
    "revision" / Int8ul,
    "checksum" / Int8ul,  # all bytes of the table add up to 0 modulo 256
    "oem_id" / Bytes(6),
    "oem_table_id" / Bytes(8),
    "oem_revision" / Int32ul,
    "creator_id" / Bytes(4),
    "creator_revision" / Int32ul,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcpiTable:
    """The header of a table (ACPI 6.5, 5.2.6), with the fields of :data:`TABLE_HEADER`.

    `length` (bytes) and `checksum` are the header's own and can be wrong: see
    :func:`fwtables.seal`.  `signature`, `oem_id`, `oem_table_id` and `creator_id` are text with
    padding, as bytes; `revision`, `oem_revision` and `creator_revision` are numbers.
    """

    signature: bytes
    length: int = 0
    revision: int
    checksum: int = 0
    oem_id: bytes
    oem_table_id: bytes
    oem_revision: int
    creator_id: bytes
    creator_revision: int


HEADER = derive(TABLE_HEADER)
LENGTH_AT = HEADER.offset_of("length")
_CHECKSUM_AT = HEADER.offset_of("checksum")
_LARGEST_TABLE = 1 << 24  # distinguishes another table from arbitrary bytes


def refusal(data: bytes, fixed: Layout, signatures: tuple[bytes, ...]) -> Damage:
    """Return why `data` cannot be read as a table with one of `signatures`.

    `fixed` is the fixed part of such a table.
    """
    if not data:
        return Damage(0, "signature", DamageKind.EMPTY, "there are no bytes")
    signature = bytes(data[:4])
    if any(known.startswith(signature) for known in signatures):
        reason = f"the bytes end here; the table's fixed part has {fixed.size} bytes"
        field = fixed.field_at(len(data))
        return Damage(len(data), field, DamageKind.TRUNCATED_HEADER, reason)
    *others, last = (known.decode("ascii") for known in signatures)
    names = f"{', '.join(others)} or {last}" if others else last
    length = int.from_bytes(data[LENGTH_AT : LENGTH_AT + 4], "little")
    if _is_signature(signature) and HEADER.size <= length <= _LARGEST_TABLE:
        name = signature.decode("ascii")
        reason = f"this is another table ({name}), not {names}"
        return Damage(0, "signature", DamageKind.ANOTHER_TABLE, reason)
    reason = f"{signature.hex(' ')} is not {names}: this is not an ACPI table"
    return Damage(0, "signature", DamageKind.NOT_A_TABLE, reason)


def _is_signature(four: bytes) -> bool:
    return len(four) == 4 and four.isascii() and four.isalnum() and four == four.upper()


def header_damage(data: bytes, length: int, fixed: int) -> Damage | None:
    """Return the damage of the header of the table `data`, or None if there is none.

    `length` is the header's own, `fixed` the size of the table's fixed part.
    """
    there = len(data)
    if length < fixed:
        reason = (
            f"the header's length is {count_bytes(length)}; the table's fixed part alone has "
            f"{fixed}, and nothing after it is decoded"
        )
        return Damage(LENGTH_AT, "length", DamageKind.TABLE_LENGTH_TOO_SHORT, reason)
    if length > there:
        reason = f"the header's length is {count_bytes(length)}; there are {there}"
        return Damage(LENGTH_AT, "length", DamageKind.TABLE_LENGTH_TOO_LONG, reason)
    total = sum(data[:length]) % 256
    if total:
        stored = data[_CHECKSUM_AT]
        right = (stored - total) % 256
        reason = f"the checksum is 0x{stored:02x} and should be 0x{right:02x}"
        return Damage(_CHECKSUM_AT, "checksum", DamageKind.CHECKSUM, reason)
    return None
