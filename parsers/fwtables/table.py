"""Firmware tables of both kinds, from bytes and to bytes.

Rule: ``encode(decode(data)) == data`` for every byte string.  Whole structures are decoded to
values.  If the next structure cannot be found, the bytes from there on are kept in
:attr:`Decoded.undecoded`.  Every contradiction is a :class:`~fwtables.damage.Damage`, so nothing
is lost silently.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar, cast

from fwtables.damage import Damage
from fwtables.dmar.decoding import decode_dmar
from fwtables.dmar.encoding import encode_dmar
from fwtables.dmar.layouts import TABLE as DMAR_LAYOUT
from fwtables.dmar.structures import DMAR
from fwtables.header import refusal
from fwtables.ivrs.decoding import decode_ivrs
from fwtables.ivrs.encoding import encode_ivrs
from fwtables.ivrs.layouts import TABLE as IVRS_LAYOUT
from fwtables.ivrs.structures import IVRS
from fwtables.layout import Layout
from fwtables.signatures import DECODED_SIGNATURES, IVRS_SIGNATURE, SIGNATURES

Table = DMAR | IVRS
"""A table of any kind that is decoded."""
TableT = TypeVar("TableT", bound=Table)
TableT_co = TypeVar("TableT_co", bound=Table, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded(Generic[TableT_co]):
    """The complete content of a byte string: the table, the bytes left over, and the damage.

    `table` is None if even the table's fixed part could not be read; `undecoded` is then the whole
    input.  `damage` is in order of offset; a sound table has none.
    """

    table: TableT_co | None
    undecoded: bytes = b""
    damage: tuple[Damage, ...] = ()


class _Kind(NamedTuple):
    """The differences between the kinds of table."""

    signatures: tuple[bytes, ...]
    fixed: Layout
    decode: Callable[[bytes], tuple[Table, int, list[Damage]]]


_KINDS: Mapping[type[object], _Kind] = {
    DMAR: _Kind(SIGNATURES, DMAR_LAYOUT, decode_dmar),
    IVRS: _Kind((IVRS_SIGNATURE,), IVRS_LAYOUT, decode_ivrs),
}


def decode(data: bytes) -> Decoded[Table]:
    """Decode `data`, the bytes of one table: a DMAR (also as RMAD or XMAR) or an IVRS.

    Never raises: if the bytes are not a table, `Decoded.table` is None, and `Decoded.damage` has the
    reason.
    """
    cls = IVRS if data[:1] == IVRS_SIGNATURE[:1] else DMAR
    return _decode(cls, data, DECODED_SIGNATURES)


def decode_as(cls: type[TableT], data: bytes) -> Decoded[TableT]:
    """Decode `data` as a table of the kind `cls` only; another table is damage."""
    return _decode(cls, data, _KINDS[cls].signatures)


def _decode(cls: type[TableT], data: bytes, named: tuple[bytes, ...]) -> Decoded[TableT]:
    """Decode `data` as a `cls`; `named` are the signatures that a refusal names."""
    kind = _KINDS[cls]
    if len(data) < kind.fixed.size or data[:4] not in kind.signatures:
        damage = (refusal(data, kind.fixed, named),)
        return Decoded(table=None, undecoded=data, damage=damage)
    table, end, found = kind.decode(data)
    found.sort(key=lambda damage: damage.offset)
    return Decoded(table=cast(TableT, table), undecoded=data[end:], damage=tuple(found))


def encode(decoded: Decoded[Table]) -> bytes:
    """Write `decoded` to bytes, with the header's length and checksum as they are.

    For a result of `decode`, these are the bytes that were decoded.

    Raises:
        EncodeError: a value does not fit its field.

    """
    match decoded.table:
        case None:
            return decoded.undecoded
        case DMAR() as table:
            return encode_dmar(table) + decoded.undecoded
        case IVRS() as table:
            return encode_ivrs(table) + decoded.undecoded


def seal(decoded: Decoded[TableT]) -> Decoded[TableT]:
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
