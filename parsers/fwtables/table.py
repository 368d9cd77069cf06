"""A firmware table of any kind, to and from bytes: what all kinds have alike.

Rule: ``encode(decode(data)) == data`` for every byte string.  Whole structures come out as
values; from the first place where the next structure cannot be found, the bytes are kept as
they are in :attr:`Decoded.undecoded`.  Every contradiction met on the way is a
:class:`~fwtables.damage.Damage`, so nothing is ever silently short.
"""

from dataclasses import dataclass, replace

from fwtables.damage import Damage
from fwtables.dmar.decoding import decode_dmar
from fwtables.dmar.encoding import encode_dmar
from fwtables.dmar.layouts import TABLE
from fwtables.dmar.structures import DMAR
from fwtables.header import refusal
from fwtables.signatures import SIGNATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a byte string says, whole: the table, the bytes left over, and the damage.

    `table` is None where not even the table's fixed part could be read; `undecoded`
    is then the whole input.  `damage` is in order of offset; empty means sound.
    """

    table: DMAR | None
    undecoded: bytes = b""
    damage: tuple[Damage, ...] = ()


def decode(data: bytes) -> Decoded:
    """Decode `data`, the bytes of one DMAR, RMAD or XMAR table.

    Never raises: of bytes that are no table `Decoded.table` is None, and `Decoded.damage`
    says why.  The format is that of VT-d 4.1, chapter 8.
    """
    if len(data) < TABLE.size or data[:4] not in SIGNATURES:
        return Decoded(table=None, undecoded=data, damage=(refusal(data, TABLE, SIGNATURES),))
    table, end, damage = decode_dmar(data)
    damage.sort(key=lambda entry: entry.offset)
    return Decoded(table=table, undecoded=data[end:], damage=tuple(damage))


def encode(decoded: Decoded) -> bytes:
    """Write `decoded` back to bytes, header length and checksum as they stand.

    Of what `decode` gave these are the very bytes that were decoded.

    Raises:
        EncodeError: a value does not fit its field.

    """
    if decoded.table is None:
        return decoded.undecoded
    return encode_dmar(decoded.table) + decoded.undecoded


def seal(decoded: Decoded) -> Decoded:
    """Return `decoded` with the header's length and checksum recomputed from its bytes.

    Raises:
        EncodeError: a value does not fit its field.

    """
    if decoded.table is None:
        return decoded
    data = encode(decoded)
    table = replace(decoded.table, length=len(data), checksum=0)
    total = sum(encode(replace(decoded, table=table)))
    return replace(decoded, table=replace(table, checksum=-total % 256))
