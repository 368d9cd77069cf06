"""Damage of both tables: each kind is found at its place, and all other bytes are decoded."""

import pytest

import fwtables
from fwtables import (
    DMAR,
    IVRS,
    block_name,
    decode,
    encode,
    from_document,
    structure_name,
    to_document,
)
from fwtables.table import Table
from support import damaged, damaged_ivrs
from support.damaged import Case
from support.wording import Worded

CASES = {
    **{f"DMAR: {name}": case for name, case in damaged.CASES.items()},
    **{f"IVRS: {name}": case for name, case in damaged_ivrs.CASES.items()},
}

of_each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def _names(table: Table | None) -> tuple[str, ...] | None:
    match table:
        case DMAR(structures=structures):
            return tuple(map(structure_name, structures))
        case IVRS(blocks=blocks):
            return tuple(map(block_name, blocks))
        case None:
            return None


@of_each_case
def test_damage_is_named_with_its_place(case: Case, worded: Worded) -> None:
    found = decode(case.data)

    assert tuple(one.kind.value for one in found.damage) == case.kinds
    assert tuple(one.offset for one in found.damage) == case.offsets
    assert all(one.reason and one.field for one in found.damage)
    worded("\n".join(map(str, found.damage)))


@of_each_case
def test_what_is_whole_in_a_damaged_table_is_decoded_and_the_rest_kept(case: Case) -> None:
    found = decode(case.data)

    assert _names(found.table) == case.structures
    assert len(found.undecoded) == case.undecoded
    assert encode(found) == case.data
    assert encode(from_document(to_document(found))) == case.data


def test_every_kind_of_damage_is_a_case() -> None:
    kinds = {kind for case in CASES.values() for kind in case.kinds}

    assert kinds == {kind.value for kind in fwtables.DamageKind}
