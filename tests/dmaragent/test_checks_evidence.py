"""Every piece of evidence is the field it says: its place by the layout, its value by the bytes."""

import re
from collections.abc import Callable

import pytest

from dmaragent.checks import check
from dmaragent.checks.common.model import Evidence
from dmaragent.inventory import Inventory
from fwtables.dmar.constants import StructureType
from fwtables.dmar.layouts import BODIES, DEVICE_SCOPE, STRUCTURE_HEADER, TABLE
from fwtables.layout import Layout
from support import checked_units
from support.checked import BASE, LIMIT, USB, Made, found, host, taken
from support.checked import CASES as MADE
from support.tables import rmrr


def _of(made: Made) -> Callable[[], Inventory]:
    return lambda: taken(made())


ALL: dict[str, Callable[[], Inventory]] = {
    **{name: _of(trips) for name, (trips, _) in MADE.items()},
    **{name: case.trips for name, case in checked_units.CASES.items()},
}
_WHOLE = ("device_scope", "acpi_object_name")
"""What is shown whole and no field of a layout."""
_OTHER = {
    "checksum",
    "length",
    "device_scope.length",
    "signature and what follows",
    "no structure",
    "no field",
    "DMAR signature, length",
}
"""What damage and the header are shown as: by the bytes alone, exactly, in test_checks_units."""


def _starts(content: bytes) -> dict[str, set[int]]:
    """Give where structures and scope entries of each kind begin, walked here and not by a rule."""
    found: dict[str, set[int]] = {}
    at = TABLE.size
    while at + 4 <= len(content):
        kind = int.from_bytes(content[at : at + 2], "little")
        length = int.from_bytes(content[at + 2 : at + 4], "little")
        name = StructureType(kind).name if kind in set(StructureType) else f"type {kind}"
        found.setdefault(name, set()).add(at)
        if kind in set(StructureType):
            entry = at + STRUCTURE_HEADER.size + BODIES[StructureType(kind)].size
            while name not in ("RHSA", "ANDD") and entry + 6 <= min(at + length, len(content)):
                found.setdefault(f"{name} device_scope", set()).add(entry)
                entry += max(content[entry + 1], 6)
        at += max(length, 4)
    return found


def _layout(owner: str, name: str) -> tuple[Layout, int]:
    """Give the layout that has a field, and how far into its owner the layout begins."""
    if owner.endswith("device_scope"):
        return DEVICE_SCOPE, 0
    if name in STRUCTURE_HEADER.names or owner not in StructureType.__members__:
        return STRUCTURE_HEADER, 0
    return BODIES[StructureType[owner]], STRUCTURE_HEADER.size


def _check_field(content: bytes, each: Evidence) -> None:
    owner, _, name = each.field.rpartition(" ")
    if owner == "DMAR":
        layout, starts = TABLE, {0}
    else:
        layout, within = _layout(owner, name)
        starts = {start + within for start in _starts(content)[owner]}
    place = layout.names.index(name)
    assert each.offset - layout.offsets[place] in starts
    assert len(each.data) == layout.widths[place]
    _check_value(each)


def _check_value(each: Evidence) -> None:
    """Hold the number that a value begins with against the bytes, where it begins with one."""
    number = int.from_bytes(each.data, "little")
    if each.field.endswith(" segment_number"):
        assert each.value == f"{number:04x}"
    elif each.field == "DRHD size" and each.value.endswith(" bytes"):
        assert each.value == f"{0x1000 << number:#x} bytes"
    elif each.field == "DMAR host_address_width":
        assert f"{number + 1} bits" in each.value
    elif each.field.endswith((" start_bus_number", " enumeration_id")):
        bus = re.match(r"[0-9a-f]{4}:([0-9a-f]{2}):", each.value)
        assert (int(bus[1], 16) if bus else int(each.value.split()[-1])) == number
    elif each.field.endswith(" reserved"):
        assert each.value == each.data.hex(" ")
    elif begin := re.match(r"0x[0-9a-f]+|[0-9]+\b", each.value):
        assert int(begin[0], 0) == number


@pytest.mark.parametrize("name", ALL)
def test_evidence_is_the_field_it_names_with_the_value_it_gives(name: str) -> None:
    inventory = ALL[name]()
    reading = inventory.host.reading
    assert reading is not None
    content = reading.content
    assert isinstance(content, bytes)

    for one in check(inventory).findings:
        for each in one.hit.evidence:
            kind = each.field.rpartition(" ")[2]
            assert content[each.offset : each.offset + len(each.data)] == each.data
            if each.field in _OTHER:
                continue
            if kind not in _WHOLE:
                _check_field(content, each)
            elif kind == "device_scope":
                assert each.offset in _starts(content)[each.field]
            else:
                assert each.offset - 8 in _starts(content)["ANDD"]


def test_an_unknown_segment_is_shown_by_its_own_bytes() -> None:
    (one,) = found(host(rmrr(BASE, LIMIT, USB, segment=0x1234)), "rmrr-unknown-segment")

    (shown,) = one.hit.evidence
    assert (shown.offset, shown.data, shown.value) == (0x46, b"\x34\x12", "1234")
