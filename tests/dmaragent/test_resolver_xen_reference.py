"""The surprises S1 to S28 of the Xen reference, as a guest meets them.

Each surprise is named by a test here or in the test of the part it belongs to.
"""

import re
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.decisions import Decider, Harm, Verdict
from dmaragent.policy.resolution import deciding_assumptions
from dmaragent.policy.settings import Toolstack
from support.guests import (
    DEVICE_A,
    DEVICE_B,
    E2,
    HOST_STRICT,
    A,
    B,
    answer,
    facts,
    guest,
    region,
    reserved_in,
    who_decided,
)
from support.wording import Worded


def test_each_surprise_of_the_reference_is_named_by_a_test() -> None:
    """S1 to S28: of the text and the layout here and in test_policy_*, of the list elsewhere."""
    names = set()
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        found = re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
        names |= {int(n) for name in found for n in re.findall(r"_s(\d+)(?=_|$)", name)}

    assert names >= set(range(1, 29))


def test_s1_the_documented_string_is_dropped_without_a_word_from_4_15_on(worded: Worded) -> None:
    found = answer(guest(rdm=HOST_STRICT))

    assert found.settings.strategies == (Strategy.IGNORE,)
    assert not found.settings.rdm_taken
    worded(found.settings.messages[0].text)
    assert answer(guest(rdm=HOST_STRICT), release="4.14").settings.rdm_taken


def test_s2_a_blank_after_the_comma_is_an_error_everywhere(worded: Worded) -> None:
    for release in ("4.6", "4.14", "4.22"):
        found = answer(guest(rdm="strategy=host, policy=relaxed"), release=release)
        assert not found.settings.rdm_taken
        worded(found.settings.messages[0].text)


def test_s3_a_key_left_out_leaves_every_policy_possible() -> None:
    old = answer(guest(rdm="strategy=host"), release="4.12")
    new = answer(guest(rdm="strategy=host"))

    assert not old.settings.rdm_taken
    assert new.settings.policies == tuple(Policy)
    assert new.settings.strategies == (Strategy.HOST,)


def test_s3_where_all_policies_agree_the_verdict_is_definite() -> None:
    found = answer(guest(rdm="strategy=host"))

    assert found.verdict is Verdict.STARTS
    assert len(found.outcomes) == 1
    assert reserved_in(found) == [B, A]


def test_s3_a_strategy_left_out_leaves_both_possible() -> None:
    found = answer(guest("00:14.0", rdm="policy=strict", rdm_mem_boundary=2800), release=E2)

    assert found.verdict is Verdict.REFUSED
    assert [(case.scenario.strategy, len(case.assumptions)) for case in found.outcomes] == [
        (Strategy.IGNORE, 1),
        (Strategy.HOST, 1),
    ]
    assert found.outcomes[0].assumptions != found.outcomes[1].assumptions


def test_s3_where_policies_differ_all_outcomes_are_given() -> None:
    found = answer(guest(rdm="strategy=host", rdm_mem_boundary=2800))

    assert found.verdict is Verdict.UNDECIDED
    assert {case.assumptions: case.built.verdict for case in found.outcomes} == {
        ("policy strict",): Verdict.REFUSED,
        ("policy relaxed", "policy unset", "a number that is not a policy"): Verdict.STARTS,
    }


@pytest.mark.parametrize(
    ("groups", "left"),
    [
        ([[("a", "x"), ("a", "y")], [("b", "x"), ("b", "y")]], [(("a", ""),), (("b", ""),)]),
        ([[("a", "x")], [("a", "y"), ("b", "x")]], [(("a", "x"),), (("a", "y"), ("b", "x"))]),
        ([[("a", "x"), ("b", "x")]], [(("", ""),)]),
        ([], []),
    ],
    ids=["one part decides", "both decide together", "nothing decides", "no reading"],
)
def test_what_decides_on_no_outcome_is_left_out(
    groups: list[list[tuple[str, str]]], left: list[tuple[tuple[str, str], ...]]
) -> None:
    assert deciding_assumptions(groups) == left


def test_s3_a_device_that_inherits_a_number_that_is_no_policy_is_not_added(worded: Worded) -> None:
    found = answer(guest("00:14.0", rdm="strategy=host"))
    verdicts = {case.assumptions: case.built for case in found.outcomes}

    assert found.verdict is Verdict.UNDECIDED
    neither = verdicts[("a number that is not a policy",)]
    assert neither.verdict is Verdict.REFUSED
    worded(neither.decisions[0].reason)


def test_a_region_that_strategy_host_reserves_concerns_its_first_owner() -> None:
    host = facts(owners={B: (DEVICE_B, DEVICE_A), A: ()})
    found = answer(guest(rdm=HOST_STRICT, rdm_mem_boundary=2800), host, E2)

    assert [(one.region, one.device) for one in found.reasons] == [(B, DEVICE_B), (A, None)]


def test_s5_a_devices_policy_replaces_the_guests_for_its_own_region() -> None:
    one = guest("00:14.0,rdm_policy=relaxed", rdm=HOST_STRICT, rdm_mem_boundary=2800)
    found = answer(one, release=E2)

    assert found.verdict is Verdict.REFUSED
    assert [one.region for one in found.reasons] == [B]


def test_s6_a_device_without_a_policy_is_strict_whatever_the_old_pages_say() -> None:
    shared = facts(shared={DEVICE_A: [A]})

    for release in ("4.6", "4.12", "4.14", "4.22"):
        found = answer(guest("00:14.0"), shared, release)
        assert found.verdict is Verdict.REFUSED, release
        assert found.reasons[0].shown == "EPERM"
    documented = answer(guest("00:14.0"), shared, "4.14", documented=True)
    assert documented.verdict is Verdict.STARTS
    assert answer(guest("00:14.0"), shared, documented=True).verdict is Verdict.REFUSED


def test_s7_a_shared_region_stops_a_strict_device_and_warns_of_a_relaxed_one() -> None:
    shared = facts(shared={DEVICE_A: [A]})
    strict = answer(guest("00:14.0"), shared)
    relaxed = answer(guest("00:14.0,rdm_policy=relaxed"), shared)

    assert (strict.verdict, who_decided(strict), strict.reasons[0].region) == (
        Verdict.REFUSED,
        Decider.XEN,
        A,
    )
    assert relaxed.verdict is Verdict.STARTS
    assert relaxed.reasons[0].harm is Harm.SHARED


def test_s10_a_region_below_one_mebibyte_always_conflicts() -> None:
    low = facts({DEVICE_A: [region(0xE0000)]})
    strict = answer(guest("00:14.0"), low)
    relaxed = answer(guest("00:14.0,rdm_policy=relaxed"), low)

    assert (strict.verdict, who_decided(strict)) == (Verdict.REFUSED, Decider.LIBXL)
    assert relaxed.verdict is Verdict.STARTS
    assert reserved_in(relaxed) == []


def test_s11_a_boundary_of_zero_lets_the_size_of_low_ram_wrap_around() -> None:
    found = answer(guest("00:14.0", rdm_mem_boundary=0), facts({DEVICE_A: [region(0xE0000)]}))

    assert found.verdict is Verdict.REFUSED
    assert "wraps around" in found.reasons[0].reason


def test_s13_a_blank_before_rdm_policy_stops_xl_or_loses_the_policy() -> None:
    text = "00:14.0, rdm_policy=relaxed"
    new, old = answer(guest(text)), answer(guest(text), release="4.14")

    assert (new.verdict, who_decided(new)) == (Verdict.REFUSED, Decider.XL)
    assert "exits with 6" in new.reasons[0].reason
    assert new.reasons[0].place == f"--pci {text}"
    assert old.outcomes[0].scenario.device_policies == (Policy.INVALID,)
    assert "ignores ' rdm_policy'" in old.settings.messages[0].text


def test_s14_the_manuals_own_slot_is_refused_from_4_15_on() -> None:
    assert answer(guest("00:14.0@20")).verdict is Verdict.REFUSED
    assert answer(guest("00:14.0@20"), release="4.14").verdict is Verdict.STARTS


def test_s15_a_named_devices_region_is_not_reserved_and_meets_ram_later() -> None:
    named = facts(names={"nic": DEVICE_A})
    found = answer(guest("name=nic"), named)

    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.XEN)
    assert found.reasons[0].shown == "EBUSY"
    assert answer(guest("name=nic,rdm_policy=relaxed"), named).verdict is Verdict.STARTS


def test_s15_what_a_name_stands_for_cannot_be_said_without_being_told() -> None:
    found = answer(guest("name=nic"))

    assert found.verdict is Verdict.UNDECIDED
    assert "name=nic" in found.reasons[0].reason


def test_s16_a_star_reserves_for_function_0_alone_and_assigns_them_all() -> None:
    first, second = SBDF(0, 1, 0, 0), SBDF(0, 1, 0, 1)
    host = facts({first: [B], second: [A]})
    found = answer(guest("01:00.*@5"), host)

    assert found.verdict is Verdict.REFUSED
    assert [(one.device, one.region, one.shown) for one in found.reasons] == [(second, A, "EBUSY")]
    with_room = answer(guest("01:00.*@5", memory=2700), host)
    assert with_room.verdict is Verdict.STARTS
    assert reserved_in(with_room) == [B]


@pytest.mark.parametrize(("documented", "decider"), [(True, Decider.MANUAL), (False, Decider.XL)])
def test_who_refuses_a_setting_is_the_manual_if_it_is_asked(
    decider: Decider, *, documented: bool
) -> None:
    found = answer(guest("00:14.0,x=1"), documented=documented)

    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, decider)


@pytest.mark.parametrize("device", ["00:14.*", "00:14.*@0"])
def test_s16_a_star_needs_a_slot_in_the_guest(device: str) -> None:
    found = answer(guest(device))

    assert found.verdict is Verdict.REFUSED
    assert "@VSLOT" in found.reasons[0].reason


def test_s25_of_a_region_listed_twice_only_the_first_takes_the_devices_policy() -> None:
    host = facts({DEVICE_A: [A]}, listed=[A, A])
    one = guest("00:14.0,rdm_policy=relaxed", rdm=HOST_STRICT, rdm_mem_boundary=2800)
    found = answer(one, host, E2)

    assert found.outcome is not None
    assert found.outcome.built.layout is not None
    policies = [each.reservation.policy for each in found.outcome.built.layout.placed]
    assert policies == [Policy.RELAXED, Policy.STRICT]
    assert found.verdict is Verdict.REFUSED


def test_s26_other_toolstacks_have_policies_of_their_own(worded: Worded) -> None:
    shared = facts(shared={DEVICE_A: [A]})
    text = "00:14.0,rdm_policy=relaxed"

    libvirt = answer(guest(text), shared, toolstack=Toolstack.LIBVIRT)
    qubes = answer(guest(text), shared, toolstack=Toolstack.QUBES)
    xapi = answer(guest(text), shared, toolstack=Toolstack.XAPI)

    assert libvirt.verdict is Verdict.REFUSED
    assert libvirt.settings.ignored_settings
    assert qubes.verdict is Verdict.STARTS
    assert xapi.verdict is Verdict.UNDECIDED
    worded(xapi.reasons[0].reason)


@pytest.mark.parametrize("start", [0xFC100000, 0xFDFFF000])
def test_s27_a_region_in_hvmloaders_own_area_halts_the_guest(start: int) -> None:
    found = answer(guest("00:14.0"), facts({DEVICE_A: [region(start)]}))

    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.HVMLOADER)


@pytest.mark.parametrize("start", [0xFC0FF000, 0xFE000000])
def test_s27_beside_that_area_it_starts(start: int) -> None:
    assert answer(guest("00:14.0"), facts({DEVICE_A: [region(start)]})).verdict is Verdict.STARTS


def test_low_ram_below_two_mebibytes_halts_hvmloader() -> None:
    found = answer(guest("00:14.0", rdm_mem_boundary=0), facts({DEVICE_A: [region(0x180000)]}))

    assert (found.verdict, who_decided(found)) == (Verdict.REFUSED, Decider.HVMLOADER)
