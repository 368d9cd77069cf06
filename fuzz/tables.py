"""Tables of both kinds: no byte is lost, damage is always reported, the document is complete."""

import json

from dmaragent.present.text.decode import decode_line, decode_text
from fuzz.kinds import Kind, hold, hold_bounded, hold_document, hold_printable
from fwtables import (
    DMAR,
    Block,
    DamageKind,
    Decoded,
    Structure,
    Table,
    decode,
    encode,
    from_document,
    located,
    located_blocks,
    seal,
    to_document,
)
from support.damaged import CASES
from support.damaged_ivrs import CASES as IVRS_CASES
from support.ivrs_tables import EVERY_BLOCK
from support.tables import EVERY_STRUCTURE, patched

_SEALED = frozenset(
    {DamageKind.CHECKSUM, DamageKind.TABLE_LENGTH_TOO_LONG, DamageKind.TABLE_LENGTH_TOO_SHORT}
)


def check(data: bytes) -> None:
    """Decode `data` and check every promise of the decoder."""
    decoded = decode(data)
    hold(encode(decoded) == data, "the bytes written are not those read")
    hold(decode(data) == decoded, "the same bytes decode differently")
    hold(not _undecoded(decoded) or decoded.damage, "bytes are left undecoded without damage")
    offsets = [one.offset for one in decoded.damage]
    hold(offsets == sorted(offsets), "the damage is not in order")
    hold(all(0 <= each <= len(data) for each in offsets), "damage lies outside of the bytes")
    document = hold_document(to_document(decoded))
    hold(from_document(json.loads(document)) == decoded, "the document does not say all")
    hold_bounded(len(document), data, "the document", each=120, free=4000)
    hold_bounded(hold_printable(decode_text(decoded), "it"), data, "the text", each=120, free=4000)
    hold_printable([decode_line(decoded)], "the line", width=1000)
    _check_seal(decoded)


def _check_seal(decoded: Decoded[Table]) -> None:
    sealed = decode(encode(seal(decoded)))
    if decoded.table is None or sealed.table is None:
        hold(decoded.table is sealed.table, "sealing loses the table")
        return
    kinds = {one.kind for one in sealed.damage}
    hold(not kinds & _SEALED, f"a sealed table has damage: {kinds & _SEALED}")
    before, after = (_structures(one.table) for one in (decoded, sealed))
    hold(after[: len(before)] == before, "sealing changes a structure")


def _structures(table: Table | None) -> list[tuple[int, Structure | Block]]:
    if table is None:
        return []
    return [*located(table)] if isinstance(table, DMAR) else [*located_blocks(table)]


def _undecoded(decoded: Decoded[Table]) -> bool:
    rests = [decoded.undecoded]
    for _, structure in _structures(decoded.table):
        rests.append(getattr(structure, "undecoded", b""))
        rests += [scope.undecoded for scope in getattr(structure, "device_scope", ())]
    return any(rests)


def sealed(data: bytes) -> bytes:
    """Return `data` with the correct length and checksum in the header."""
    if len(data) < 48:
        return data
    right = bytearray(patched(data, [(4, len(data).to_bytes(4, "little")), (9, b"\0")]))
    right[9] = -sum(right) % 256
    return bytes(right)


def seeds() -> list[bytes]:
    """Return a table with every structure, and one for each kind of damage."""
    return [EVERY_STRUCTURE, *(case.data for case in CASES.values())]


WORDS = (
    b"DMAR",
    b"RMAD",
    b"XMAR",
    *(bytes([kind, 0, length, 0]) for kind in range(7) for length in (0, 3, 4, 16, 24, 255)),
    *(bytes([kind, length, 0, 0, 0, 0]) for kind in (0, 1, 2, 5) for length in (0, 6, 7, 8, 9)),
    b"\x01\x08\0\0\0\0\x1d\0",
    b"\xff" * 8,
    bytes(8),
)

IVRS_WORDS = (
    b"IVRS",
    *(bytes([kind, 0, length, 0]) for kind in (0x10, 0x11, 0x40) for length in (0, 4, 24, 40, 255)),
    *(bytes([kind, 0x08, 32, 0]) for kind in (0x20, 0x21, 0x22, 0x23, 0x51)),
    *(bytes([kind, 8, 0, 0]) for kind in (0, 1, 2, 3, 4, 5, 0x80, 0xC0)),
    *(bytes([kind, 8, 0, 0, 0, 0xA5, 0, 1]) for kind in (0x40, 0x42, 0x43, 0x46, 0x47, 0x48, 0x7F)),
    b"\xf0\xa5\0\0AMDI0020" + bytes(8) + b"\x02\x01A",
    b"\xff" * 8,
    bytes(8),
)


def ivrs_seeds() -> list[bytes]:
    """Return a table with every block and entry, and one for each kind of damage."""
    return [EVERY_BLOCK, *(case.data for case in IVRS_CASES.values())]


KIND = Kind(name="tables", check=check, seeds=seeds, words=WORDS, text=False, repair=sealed)
IVRS_KIND = Kind(
    name="ivrs", check=check, seeds=ivrs_seeds, words=IVRS_WORDS, text=False, repair=sealed
)
