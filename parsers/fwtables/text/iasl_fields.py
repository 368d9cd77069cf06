"""The fields of ``iasl -d``: a table without its "Raw Table Data" block.

iasl writes each field as ``[038h 0056   8]  Register Base Address : 00000000CF000000``: its
offset, its number of bytes, and its value (ACPICA, source/common/dmtable.c and dmtbdump.c).
The fields are joined only if they have every byte of the table; nothing is guessed.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from fwtables.signatures import DECODED_SIGNATURES

_BLANKS = r"[ \t]{1,80}"
_FIELD = re.compile(
    rf"^[ \t>|]{{0,80}}\[([0-9A-Fa-f]{{3,6}})h{_BLANKS}[0-9]{{4,6}}{_BLANKS}([0-9A-Fa-f]{{1,4}})(h?)\]"
    rf"{_BLANKS}([^:\n]{{1,80}}?)[ \t]{{0,80}}:[ \t]{{0,80}}([^\n]*)$",
    re.MULTILINE,
)
_QUOTED = re.compile(r'"([^"\n]*)"')
_BYTES = re.compile(r"[0-9A-Fa-f]{2}(?:[ ,][0-9A-Fa-f]{2})*")
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Fields:
    """The bytes of fields from `start` to `end` in the text; none if they cannot be joined."""

    start: int
    end: int
    data: bytes = b""


@lru_cache
def _signature_fields(signatures: tuple[bytes, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return patterns of the signature's field for `signatures`: as iasl writes it, and in any form."""
    names = "|".join(signature.decode("ascii") for signature in signatures)
    exact = rf"\[000h{_BLANKS}0000{_BLANKS}0*4h?\]{_BLANKS}Signature[ \t]*:[ \t]*\"({names})\""
    lax = (
        rf"^[ \t>|]{{0,80}}\[[0-9A-Fa-f]{{3,6}}(?:h[ \t][^\]\n]{{0,80}})?\]{_BLANKS}"
        rf"Signature[ \t]{{0,80}}:[ \t]{{0,80}}\"({names})\""
    )
    return re.compile(exact), re.compile(lax, re.MULTILINE)


def read_fields(text: str, signatures: tuple[bytes, ...] = DECODED_SIGNATURES) -> Fields | None:
    """Return the table with one of `signatures` whose fields of iasl are in `text`; None without.

    If the result has no `data`, only iasl can join the fields: some are missing, overlap, or have
    no offset, as in the template of ``iasl -T``.
    """
    exact, lax = _signature_fields(signatures)
    head = lax.search(text)
    if head is None:
        return None
    nothing = Fields(head.start(), head.end())
    if not exact.search(text, head.start(), head.end()):
        return nothing
    data = bytearray()
    end = head.end()
    for field in _FIELD.finditer(text, head.start()):
        size = int(field[2], 16 if field[3] else 10)
        if int(field[1], 16) != len(data):
            if data and int(field[1], 16) == 0:
                break  # the next table of the text
            return nothing
        value = _value(field[5], size)
        if len(value) != size or len(data) > _LARGEST:
            return nothing
        data += value
        end = field.end()
    length = int.from_bytes(data[4:8], "little")
    return Fields(head.start(), end, bytes(data)) if len(data) == length else nothing


def _value(words: str, size: int) -> bytes:
    """Return the bytes of a field's value; not `size` of them if the value is ambiguous."""
    quoted = _QUOTED.match(words)
    if quoted:
        text = quoted[1].encode("latin-1", "replace")
        return text.ljust(size, b"\0") if len(text) >= size - 1 else text
    match = _BYTES.match(words)
    if match and ("," in match[0] or " " in match[0] or size == 1):
        return bytes.fromhex(match[0].replace(",", " "))
    digits = words.split("[", maxsplit=1)[0].split(maxsplit=1)
    if digits and re.fullmatch(f"[0-9A-Fa-f]{{{2 * size}}}", digits[0]):
        return int(digits[0], 16).to_bytes(size, "little")
    return b""
