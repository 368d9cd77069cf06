"""The derived readers agree with construct, which has the only definition of the formats."""

import copy
from dataclasses import FrozenInstanceError

import pytest
from construct import Bytes, GreedyBytes, Int16ub, Int16ul, Renamed, Struct
from hypothesis import given
from hypothesis import strategies as st

from fwtables import IVMD, RMRR, HidEntry, decode, header, layout
from fwtables.dmar import layouts
from fwtables.dmar.constants import StructureType
from fwtables.dmar.structures import (
    DMAR,
    STRUCTURE_HEADER,
    STRUCTURES,
    DeviceScope,
    PathEntry,
)
from fwtables.ivrs import layouts as ivrs_layouts
from fwtables.ivrs.structures import BLOCK_HEADER, BLOCKS, ENTRIES, IVRS
from support.tables import rmrr, table

PAIRS = [
    (header.TABLE_HEADER, header.HEADER),
    (DMAR.GRAMMAR, layouts.TABLE),
    (STRUCTURE_HEADER, layouts.STRUCTURE_HEADER),
    (DeviceScope.GRAMMAR, layouts.DEVICE_SCOPE),
    (PathEntry.GRAMMAR, layouts.PATH_ENTRY),
    *((STRUCTURES[kind].GRAMMAR, layouts.BODIES[kind]) for kind in StructureType),
    (IVRS.GRAMMAR, ivrs_layouts.TABLE),
    (BLOCK_HEADER, ivrs_layouts.BLOCK_HEADER),
    *((BLOCKS[kind].GRAMMAR, each) for kind, each in ivrs_layouts.BODIES.items()),
    *((ENTRIES[kind].GRAMMAR, each) for kind, each in ivrs_layouts.ENTRY_LAYOUTS.items()),
]


@pytest.mark.parametrize(("by_construct", "derived"), PAIRS)
@given(data=st.data())
def test_both_readings_of_a_structure_are_equal(
    by_construct: Struct, derived: layout.Layout, data: st.DataObject
) -> None:
    raw = data.draw(st.binary(min_size=derived.size, max_size=derived.size))
    container = by_construct.parse(raw)

    values = dict(zip(derived.names, derived.packer.unpack(raw), strict=True))

    assert values == {name: value for name, value in container.items() if name != "_io"}
    assert derived.packer.pack(*values.values()) == by_construct.build(values) == raw


@given(
    raw=st.binary(min_size=6, max_size=6),
    path=st.lists(st.binary(min_size=2, max_size=2), min_size=1, max_size=9),
)
def test_a_scope_entry_is_decoded_as_construct_reads_it(raw: bytes, path: list[bytes]) -> None:
    """The decoder reads the entry's fields by their order, which must be the grammar's."""
    entry = bytes([raw[0], 6 + 2 * len(path)]) + raw[2:] + b"".join(path)
    head = DeviceScope.GRAMMAR.parse(entry)
    steps = [PathEntry.GRAMMAR.parse(step) for step in path]

    decoded = decode(table(rmrr(0x1000, 0x1FFF, entry)))

    assert isinstance(decoded.table, DMAR)
    region = decoded.table.structures[0]
    assert isinstance(region, RMRR)
    (scope,) = region.device_scope
    for name in head:
        assert name in ("_io", "length") or getattr(scope, name) == head[name]
    assert [(s.device, s.function) for s in scope.path] == [(s.device, s.function) for s in steps]


def test_the_table_is_its_header_and_the_dmar_fields() -> None:
    fields = ("host_address_width", "flags", "reserved")

    assert layouts.TABLE.names == (*header.HEADER.names, *fields)
    assert layouts.TABLE.size == 48


def test_a_byte_is_found_in_its_field() -> None:
    assert layouts.TABLE.field_at(0) == "signature"
    assert layouts.TABLE.field_at(7) == "length"
    assert layouts.TABLE.field_at(47) == "reserved"


@pytest.mark.parametrize("unfit", [GreedyBytes, Int16ub, Bytes(lambda _: 3)])
def test_what_has_no_fixed_little_endian_form_is_refused(unfit: object) -> None:
    with pytest.raises(TypeError):
        layout.derive(Struct("first" / Int16ul, Renamed(unfit, "unfit")))


def test_a_made_value_is_the_value_of_its_class() -> None:
    values = {"type": 0x21, "flags": 1, "device_id": 0xA0, "auxiliary": 0, "reserved": bytes(8)}
    values |= {"start_address": 1 << 20, "memory_length": 0x1000, "undecoded": b""}
    wanted = IVMD(**values)  # type: ignore[arg-type] # by name

    made = layout.maker(IVMD, tuple(values))(tuple(values.values()))

    assert (type(made), made, hash(made), repr(made)) == (IVMD, wanted, hash(wanted), repr(wanted))
    assert copy.deepcopy(made) == wanted
    with pytest.raises(FrozenInstanceError):
        made.flags = 2  # type: ignore[misc] # what is tested


@pytest.mark.parametrize("names", [("type",), ("type", "device_id", "dte_settings", "other")])
def test_names_that_are_not_the_fields_of_the_class_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(TypeError):
        layout.maker(HidEntry, names)
