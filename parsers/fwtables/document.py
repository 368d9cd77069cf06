"""Tables as plain data and back, as ``dmaragent decode --json`` and ``encode`` exchange them.

Rule: ``from_document(to_document(decoded)) == decoded``, so bytes survive the round trip.
``fields.py`` has the form of a field, ``document.py`` of each table its structures.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fwtables.damage import Damage, DamageKind
from fwtables.dmar import document as dmar
from fwtables.dmar.structures import DMAR
from fwtables.errors import DocumentError
from fwtables.fields import hexadecimal, integer, mapping, quoted, read_list, string
from fwtables.ivrs import document as ivrs
from fwtables.signatures import IVRS_SIGNATURE
from fwtables.table import Decoded, Table

if TYPE_CHECKING:
    from fwtables import schema

_DAMAGE = {"offset", "field", "kind", "reason"}


def to_document(decoded: Decoded[Table]) -> "schema.TableDocument":
    """Return `decoded` as plain data, ready for JSON; :func:`from_document` reads it back.

    Addresses are texts ``0x...``, the header's identifiers are text, other bytes are in
    hexadecimal, lengths are numbers of bytes.  ``schema.py`` has the complete form.
    """
    table = decoded.table
    return {
        "table": None if table is None else _table_document(table),
        "undecoded": decoded.undecoded.hex(),
        "damage": damage_document(decoded),
    }


def _table_document(table: Table) -> "schema.AnyTable":
    return dmar.table_document(table) if isinstance(table, DMAR) else ivrs.table_document(table)


def damage_document(decoded: Decoded[Table]) -> "list[schema.Damage]":
    """Return the damage of `decoded` as in :func:`to_document`, without the table."""
    return [
        {
            "offset": damage.offset,
            "field": damage.field,
            "kind": damage.kind.value,
            "reason": damage.reason,
        }
        for damage in decoded.damage
    ]


def from_document(document: object) -> Decoded[Table]:
    """Read back what :func:`to_document` returned, or an edited form of it.

    Raises:
        DocumentError: a key is missing or unknown, or a value has the wrong type or form.

    """
    values = mapping(document, "", {"table", "undecoded", "damage"}, {"table"})
    table = values["table"]
    return Decoded(
        table=None if table is None else _read_table(table),
        undecoded=hexadecimal(values.get("undecoded", ""), "undecoded"),
        damage=read_list(values.get("damage", []), "damage", _read_damage),
    )


def _read_table(document: object) -> Table:
    """Read a table of the kind of its signature; other signatures are read as a DMAR's."""
    signature = document.get("signature") if isinstance(document, Mapping) else None
    if signature == IVRS_SIGNATURE.decode("ascii"):
        return ivrs.read_table(document, "table")
    return dmar.read_table(document, "table")


def _read_damage(document: object, where: str) -> Damage:
    values = mapping(document, where, _DAMAGE, _DAMAGE)
    try:
        kind = DamageKind(values["kind"])
    except ValueError as error:
        raise DocumentError(
            f"{quoted(values['kind'])} is not a kind of damage", f"{where}.kind"
        ) from error
    offset = integer(values["offset"], f"{where}.offset")
    return Damage(offset, string(values["field"], where), kind, string(values["reason"], where))
