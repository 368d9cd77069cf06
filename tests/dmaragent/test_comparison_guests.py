"""How the answer for one guest on two hosts differs, from made-up facts of the hosts."""

from dataclasses import replace

import pytest

from dmaragent.comparison.guests import compare_guests, guest_fate, named_devices
from dmaragent.comparison.model import GuestFate
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts
from support.guests import DEVICE_A, DEVICE_B, answer, facts, function, guest, region

LOW, HIGH = region(0x5FA2A000), region(0xBF458000)
FREE = facts({DEVICE_A: (HIGH,), DEVICE_B: ()})
OVERLAPPED = facts({DEVICE_A: (LOW,), DEVICE_B: ()})
NEXT = region(0x5FB2A000)
OVERLAPPED_TWICE = facts({DEVICE_A: (LOW, NEXT), DEVICE_B: ()})
UNKNOWN = facts(incomplete="the table is damaged")
STRICT, RELAXED, TWICE = "00:14.0", "00:14.0,rdm_policy=relaxed", ("00:14.0", "00:14.0")


@pytest.mark.parametrize(
    ("pci", "a", "b", "fate"),
    [
        ((STRICT,), FREE, FREE, GuestFate.SAME),
        ((STRICT,), FREE, OVERLAPPED, GuestFate.STOPS),
        ((STRICT,), OVERLAPPED, FREE, GuestFate.STARTS),
        ((STRICT,), FREE, UNKNOWN, GuestFate.UNSURE),
        ((STRICT,), UNKNOWN, FREE, GuestFate.SURE),
        ((STRICT,), UNKNOWN, OVERLAPPED, GuestFate.SURE),
        ((STRICT,), OVERLAPPED, OVERLAPPED_TWICE, GuestFate.REASONS),
        ((RELAXED,), FREE, OVERLAPPED, GuestFate.WARNINGS),
        ((STRICT,), FREE, facts(), GuestFate.LAYOUT),
        (TWICE, FREE, facts(), GuestFate.SAME),
    ],
)
def test_the_verdict_counts_before_reasons_and_layout(
    pci: tuple[str, ...], a: HostFacts, b: HostFacts, fate: GuestFate
) -> None:
    one = guest(*pci)
    pair = answer(one, a, "4.17"), answer(one, b, "4.17")

    assert guest_fate(*pair) is fate
    found = compare_guests([pair])
    assert [change.fate for change in found.changed] == (
        [fate] if fate is not GuestFate.SAME else []
    )
    assert found.same == ({} if fate is not GuestFate.SAME else {pair[0].verdict: 1})
    helps = [change.helps is not None for change in found.changed]
    assert helps == ([fate is GuestFate.STOPS] if found.changed else [])


def test_the_order_of_reasons_is_no_difference() -> None:
    turned = facts({DEVICE_A: (NEXT, LOW), DEVICE_B: ()})
    a, b = (answer(guest(STRICT), host, "4.17") for host in (OVERLAPPED_TWICE, turned))
    assert a.reasons == b.reasons[::-1]

    assert guest_fate(a, b) is GuestFate.SAME


def test_another_device_at_an_address_that_a_guest_names_is_a_difference() -> None:
    one = guest("00:14.0", "00:02.0")
    known = {sbdf: function(sbdf) for sbdf in (DEVICE_A, DEVICE_B)}
    other = known | {DEVICE_B: known[DEVICE_B]._replace(device_id=0x9999)}
    unknown = known | {DEVICE_B: known[DEVICE_B]._replace(device_id=None)}
    hosts = (replace(facts(), functions=each) for each in (known, other, unknown))
    same, changed, hidden = (answer(one, each, "4.17") for each in hosts)

    found = compare_guests([(same, changed), (same, hidden)])

    (change,) = found.changed
    assert change.fate is GuestFate.DEVICES
    assert [(each.what, each.old, each.new) for each in change.devices] == [
        ("0000:00:02.0", "8086:1234", "8086:9999")
    ]
    assert found.same == {Verdict.STARTS: 1}


def test_a_guest_that_stops_is_not_only_one_with_another_device() -> None:
    known = {sbdf: function(sbdf) for sbdf in (DEVICE_A, DEVICE_B)}
    other = known | {DEVICE_A: known[DEVICE_A]._replace(device_id=0x9999)}
    a, b = replace(FREE, functions=known), replace(OVERLAPPED, functions=other)
    pair = answer(guest(STRICT), a, "4.17"), answer(guest(STRICT), b, "4.17")

    (change,) = compare_guests([pair]).changed

    assert change.fate is GuestFate.STOPS
    assert len(change.devices) == 1


def test_the_worst_change_comes_first() -> None:
    stops, starts = (
        (answer(guest(STRICT), a, "4.17"), answer(guest(STRICT), b, "4.17"))
        for a, b in ((FREE, OVERLAPPED), (OVERLAPPED, FREE))
    )

    found = compare_guests([starts, stops])

    assert [change.fate for change in found.changed] == [GuestFate.STOPS, GuestFate.STARTS]


def test_a_device_that_a_guest_names_twice_is_named_once() -> None:
    assert named_devices(answer(guest(*TWICE), FREE, "4.17")) == (DEVICE_A,)


def test_without_a_kvm_guest_the_release_of_xen_matters() -> None:
    assert compare_guests([]).xen is True
