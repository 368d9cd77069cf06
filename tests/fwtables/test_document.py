"""Plain data in and out, and the errors for data that is not a table."""

import copy
from typing import Any

import pytest

from fwtables import DocumentError, decode, encode, from_document, to_document
from support.tables import EVERY_STRUCTURE, patched
from support.wording import Worded

DOCUMENT: Any = to_document(decode(EVERY_STRUCTURE))


def test_addresses_are_hexadecimal_strings_and_paths_are_readable() -> None:
    region = DOCUMENT["table"]["structures"][2]

    assert region["structure"] == "RMRR"
    assert region["base_address"] == "0x7dffd000"
    assert region["device_scope"][1]["path"] == ["1c.7", "00.2"]
    assert (region["offset"], region["length"]) == (48 + 24 + 32, 42)


def test_identifiers_keep_every_byte() -> None:
    data = patched(EVERY_STRUCTURE, [(28, b"\xd2\x04\x00\x00")])

    document: Any = to_document(decode(data))

    assert document["table"]["creator_id"] == "\u00d2\u0004\u0000\u0000"
    assert encode(from_document(document)) == data


def _with(path: list[Any], value: object) -> Any:
    document = place = copy.deepcopy(DOCUMENT)
    for step in path[:-1]:
        place = place[step]
    if value is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


REGION = ["table", "structures", 2]


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (["table"], 3, "table"),
        (["undecoded"], "xyz", "undecoded"),
        (["undecoded"], 3, "undecoded"),
        (["extra"], 3, ""),
        (["damage"], {}, "damage"),
        (["damage"], [{"offset": 0}], "damage[0]"),
        (["damage"], [{"offset": 0, "field": "x", "kind": "y", "reason": "z"}], "damage[0].kind"),
        (["table", "revision"], KeyError, "table"),
        (["table", "revision"], "1", "table.revision"),
        (["table", "revision"], True, "table.revision"),
        (["table", "oem_id"], "\u20ac", "table.oem_id"),
        ([*REGION, "structure"], "RMR", "table.structures[2].structure"),
        (REGION, [], "table.structures[2]"),
        ([*REGION, "base_address"], "1000", "table.structures[2].base_address"),
        ([*REGION, "base_address"], "0xg", "table.structures[2].base_address"),
        ([*REGION, "colour"], 1, "table.structures[2]"),
        (
            [*REGION, "device_scope", 1, "path", 0],
            "1c",
            "table.structures[2].device_scope[1].path[0]",
        ),
        (
            [*REGION, "device_scope", 1, "path", 0],
            "1c.x",
            "table.structures[2].device_scope[1].path[0]",
        ),
    ],
)
def test_wrong_data_is_refused_with_its_place(
    path: list[Any], value: object, where: str, worded: Worded
) -> None:
    with pytest.raises(DocumentError) as caught:
        from_document(_with(path, value))
    worded(str(caught.value))

    assert caught.value.where == where


def test_offset_and_length_of_a_structure_are_for_readers_only() -> None:
    document = _with([*REGION, "offset"], 9999)

    assert encode(from_document(document)) == EVERY_STRUCTURE
