"""Decoded tables as a JSON document: docs/schema/decode.v1.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.present.json.common import TOOL
from fwtables import Decoded, Table, to_document

if TYPE_CHECKING:
    from dmaragent.present.json.schema import decode as schema
    from dmaragent.present.json.schema.common import PassedOver


def decode_document(
    tables: Sequence[tuple[schema.Source, Decoded[Table]]], others: Sequence[PassedOver]
) -> schema.DecodeDocument:
    """Return the document of ``dmaragent decode``.

    `tables` contains each table with its source, `others` what was found but not decoded: a path
    and a reason each.
    """
    entries: list[schema.Entry] = [
        {"source": source, **to_document(decoded)} for source, decoded in tables
    ]
    return {
        "format": "dmaragent.decode",
        "version": 1,
        "origin": {"tool": TOOL},
        "answer": {"tables": entries, "others": list(others)},
    }
