"""The classes of both tables: a number and a class are written, the rest follows from these."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import pytest

import fwtables
from fwtables.dmar import schema
from fwtables.dmar.constants import FLAGS_OF, StructureType
from fwtables.dmar.structures import ANDD, STRUCTURES, UnknownStructure
from fwtables.ivrs import layouts as ivrs_layouts
from fwtables.ivrs import schema as ivrs_schema
from fwtables.ivrs.constants import BlockType, EntryType
from fwtables.ivrs.structures import BLOCKS, ENTRIES, HidEntry, UnknownBlock, UnknownEntry
from fwtables.layout import derive
from support.ivrs_tables import EVERY_BLOCK
from support.tables import EVERY_STRUCTURE

OUTSIDE_THE_GRAMMAR = {
    "structure": {"device_scope", "acpi_object_name", "undecoded"},
    "block": {"type", "flags", "entries", "undecoded"},
    "entry": {"uid"},
}
"""Fields of a value that are before or after its fixed part."""
KINDS: dict[type[Any], str] = {
    **dict.fromkeys(STRUCTURES.values(), "structure"),
    **dict.fromkeys(BLOCKS.values(), "block"),
    **dict.fromkeys(ENTRIES.values(), "entry"),
}
UNKNOWN: dict[type[Any], str] = {
    UnknownStructure: "structure",
    UnknownBlock: "block",
    UnknownEntry: "entry",
}
EVERY = {**KINDS, **UNKNOWN}
PLAIN: Mapping[str, type[Any]] = {
    "structure": schema.Structure,
    "block": ivrs_schema.IvrsBlock,
    "entry": ivrs_schema.IvrsEntry,
}


def test_each_number_has_a_class() -> None:
    assert {kind.name for kind in StructureType} == {cls.__name__ for cls in STRUCTURES.values()}
    assert all(STRUCTURES[kind].__name__ == kind.name for kind in StructureType)
    assert BLOCKS.keys() == set(BlockType)
    assert ENTRIES.keys() | {EntryType.PADDING_8, EntryType.RESERVED_8} == set(EntryType)


def test_an_entry_has_the_length_that_its_type_gives() -> None:
    for kind, each in ivrs_layouts.ENTRY_LAYOUTS.items():
        assert ivrs_layouts.fixed_entry_length(kind) in (each.size, 0)


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
def test_bytes_and_value_have_the_same_fields(cls: type[Any]) -> None:
    layout = derive(cls.GRAMMAR)
    in_bytes = [name for name in layout.names if name != "uid_length"]
    of_value = [field for field in fields(cls) if field.name not in OUTSIDE_THE_GRAMMAR[KINDS[cls]]]
    sizes = dict(zip(layout.names, zip(layout.limits, layout.widths, strict=True), strict=True))

    assert [field.name for field in of_value] == in_bytes
    assert ("uid_length" in layout.names) is (cls is HidEntry)  # which follows from `uid`
    for field in of_value:
        limit, width = sizes[field.name]
        assert field.type is (bytes if limit is None else int), field.name
        assert limit is not None or field.default is MISSING or len(field.default) == width


@pytest.mark.parametrize("cls", EVERY, ids=lambda cls: cls.__name__)
def test_its_name_and_its_fields_are_public(cls: type[Any]) -> None:
    plain = PLAIN[EVERY[cls]]

    assert getattr(fwtables, cls.__name__) is cls
    assert {field.name for field in fields(cls)} <= get_type_hints(plain).keys()


def test_flags_have_the_name_of_their_structure() -> None:
    with_flags = {cls.__name__ for cls in STRUCTURES.values() if "flags" in get_type_hints(cls)}

    assert with_flags <= FLAGS_OF.keys()


def test_the_tables_of_everything_have_each() -> None:
    dmar, ivrs = fwtables.decode(EVERY_STRUCTURE).table, fwtables.decode(EVERY_BLOCK).table

    assert isinstance(dmar, fwtables.DMAR)
    assert isinstance(ivrs, fwtables.IVRS)
    entries = [each for block in ivrs.blocks for each in getattr(block, "entries", ())]
    assert {type(each) for each in dmar.structures} == {*STRUCTURES.values(), UnknownStructure}
    assert {block.type for block in ivrs.blocks} == {*BlockType, 0x51}
    assert {*EntryType} < {each.type for each in entries}


def test_only_one_structure_ends_in_a_name() -> None:
    named = [cls for cls in STRUCTURES.values() if "acpi_object_name" in get_type_hints(cls)]

    assert named == [ANDD]  # the walk knows it by its class
