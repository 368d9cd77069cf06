"""What becomes of a guest, held against what a booted Xen 4.17 did."""

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.policy.decisions import Verdict
from support.guests import HOST_STRICT, answer, ends_of, facts, guest, reserved_in

_NIC = SBDF(0, 1, 0, 0)
_FIRST, _NICS, _LAST = (
    AddressRange(0x7FFF0000, 0x7FFF8000),
    AddressRange(0x7FFF8000, 0x7FFF9000),
    AddressRange(0x7FFFA000, 0x7FFFC000),
)
_BOOTED = [
    ({}, (), Verdict.STARTS, 0x83400000, [], 0),
    ({"rdm": HOST_STRICT}, (), Verdict.STARTS, 0x83400000, [], 0),
    (
        {"rdm": "strategy=host", "rdm_mem_boundary": 1024},
        (),
        Verdict.STARTS,
        0x7FE00000,
        [_FIRST, _NICS, _LAST],
        0,
    ),
    ({}, ("01:00.0,rdm_policy=strict",), Verdict.REFUSED, 0x83400000, [], 1),
    (
        {"rdm_mem_boundary": 1024},
        ("01:00.0,rdm_policy=strict",),
        Verdict.STARTS,
        0x7FE00000,
        [_NICS],
        0,
    ),
    ({}, ("01:00.0,rdm_policy=relaxed",), Verdict.STARTS, 0x83400000, [], 2),
]


@pytest.mark.parametrize("row", _BOOTED, ids=lambda row: f"{row[0]}{row[1]}")
def test_a_guest_fares_as_the_booted_xen_4_17_let_it(
    row: tuple[dict[str, object], tuple[str, ...], Verdict, int, list[AddressRange], int],
) -> None:
    settings, pci, verdict, low, reserved, reasons = row
    host = facts({_NIC: [_NICS]}, listed=[_FIRST, _NICS, _LAST])
    found = answer(guest(*pci, memory=2100, vga="none", **settings), host, "4.17.7")

    assert (found.verdict, ends_of(found)[0], reserved_in(found)) == (verdict, low, reserved)
    assert len(found.reasons) == reasons


def test_the_booted_xens_answer_to_an_undefined_policy_is_among_the_possible_ones() -> None:
    host = facts({_NIC: [_NICS]}, listed=[_FIRST, _NICS, _LAST])
    found = answer(guest(memory=2100, vga="none", rdm="strategy=host"), host, "4.17.7")

    warned = [case for case in found.outcomes if case.built.verdict is Verdict.STARTS]
    (booted,) = warned  # exit 0, three warnings "Ignoring RDM conflict", RAM as without rdm=
    assert [one.shown for one in booted.built.warnings] == [
        "Ignoring RDM conflict at 0x7fff0000",
        "Ignoring RDM conflict at 0x7fff8000",
        "Ignoring RDM conflict at 0x7fffa000",
    ]
