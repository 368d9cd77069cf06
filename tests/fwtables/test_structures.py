"""A structure is added in two places, its number and its class: the rest follows from these."""

from dataclasses import MISSING, fields
from typing import get_type_hints

import pytest

import fwtables
from fwtables.dmar import schema
from fwtables.dmar.constants import FLAGS_OF, StructureType
from fwtables.dmar.structures import ANDD, STRUCTURES, Known, UnknownStructure
from fwtables.layout import derive
from support.tables import EVERY_STRUCTURE

AFTER_THE_GRAMMAR = {"device_scope", "acpi_object_name", "undecoded"}


def test_each_number_has_a_class_of_its_name() -> None:
    assert {kind.name for kind in StructureType} == {cls.__name__ for cls in STRUCTURES.values()}
    assert all(STRUCTURES[kind].__name__ == kind.name for kind in StructureType)


@pytest.mark.parametrize("cls", STRUCTURES.values(), ids=lambda cls: cls.__name__)
def test_bytes_and_value_have_the_same_fields(cls: type[Known]) -> None:
    layout = derive(cls.GRAMMAR)
    names = [field.name for field in fields(cls)]

    assert names[: len(layout.names)] == list(layout.names)
    assert set(names[len(layout.names) :]) <= AFTER_THE_GRAMMAR
    for field, limit, width in zip(fields(cls), layout.limits, layout.widths, strict=False):
        assert field.type is (bytes if limit is None else int), field.name
        assert limit is not None or field.default is MISSING or len(field.default) == width


@pytest.mark.parametrize("cls", [*STRUCTURES.values(), UnknownStructure])
def test_its_name_and_its_fields_are_public(cls: type[Known]) -> None:
    assert getattr(fwtables, cls.__name__) is cls
    assert {field.name for field in fields(cls)} <= get_type_hints(schema.Structure).keys()


def test_flags_have_the_name_of_their_structure() -> None:
    with_flags = {cls.__name__ for cls in STRUCTURES.values() if "flags" in get_type_hints(cls)}

    assert with_flags <= FLAGS_OF.keys()


def test_the_table_of_every_structure_has_each() -> None:
    decoded = fwtables.decode(EVERY_STRUCTURE)

    assert isinstance(decoded.table, fwtables.DMAR)
    present = {type(structure) for structure in decoded.table.structures}
    assert present == {*STRUCTURES.values(), UnknownStructure}


def test_only_one_structure_ends_in_a_name() -> None:
    named = [cls for cls in STRUCTURES.values() if "acpi_object_name" in get_type_hints(cls)]

    assert named == [ANDD]  # the walk knows it by its class
