"""The types of a table as plain data: what :func:`fwtables.to_document` returns."""

from typing import Annotated, TypedDict

from fwtables.damage import DamageKind
from fwtables.dmar.schema import Table
from fwtables.fields import Hex
from fwtables.ivrs.schema import IvrsTable

AnyTable = Table | IvrsTable


class Damage(TypedDict):
    """A place at which the table breaks the format."""

    offset: Annotated[int, ("minimum", 0)]
    field: str
    kind: Annotated[str, DamageKind]
    reason: str


class TableDocument(TypedDict):
    """A table, and the bytes that could not be decoded."""

    table: Table | IvrsTable | None
    undecoded: Hex
    """The bytes from the first place after which no structure could be found."""
    damage: list[Damage]
