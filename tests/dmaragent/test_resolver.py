"""What becomes of a guest: the worked table, the surprises S1 to S28, assignment, properties.

The rows and their numbers are those of the Xen reference the project rests on; each
surprise is named by a test here or in the test of the part it belongs to.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.memory_map import MemoryType
from dmaragent.platforms.releases import Release
from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.policy.layout import Outcome
from dmaragent.policy.model import Policy, Strategy
from dmaragent.policy.resolver import Resolution, resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.xl_guest import guest_from_options
from support.guests import (
    DEVICE_A,
    DEVICE_B,
    GIB,
    MIB,
    A,
    B,
    answer,
    facts,
    function,
    guest,
    region,
    stack,
)

HOST_STRICT, HOST_RELAXED = "strategy=host,policy=strict", "strategy=host,policy=relaxed"
E2 = "4.14.6"
"""The release whose libxlutil takes the documented strings, and whose devices inherit."""


def _ends(resolution: Resolution) -> tuple[int, int]:
    case = resolution.case
    assert case is not None
    assert case.built.layout is not None
    return case.built.layout.after.lowmem_end, case.built.layout.after.highmem_end


def _reserved(resolution: Resolution) -> list[AddressRange]:
    assert resolution.case is not None
    entries = resolution.case.built.memory_map
    return [one.range for one in entries if one.type is MemoryType.RESERVED]


def _who(resolution: Resolution) -> Decider:
    return resolution.reasons[0].decider


def test_each_surprise_of_the_reference_is_named_by_a_test() -> None:
    """S1 to S28: of the text and the layout here and in test_policy_*, of the list elsewhere."""
    names = set()
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        found = re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
        names |= {int(n) for name in found for n in re.findall(r"_s(\d+)(?=_|$)", name)}

    assert names >= set(range(1, 29))


# The worked table ------------------------------------------------------------------------


@pytest.mark.parametrize("rdm", [HOST_STRICT, HOST_RELAXED])
def test_the_base_example_moves_ram_below_both_regions(rdm: str) -> None:
    found = answer(guest(rdm=rdm), release=E2)

    assert found.verdict is Verdict.STARTS
    assert found.reasons == ()
    assert _ends(found) == (0xAC600000, 0x102200000)
    assert _reserved(found) == [B, A]


@pytest.mark.parametrize(
    ("settings", "ends", "reserved"),
    [
        ({"hap": 0}, (0xAC6D3000, 0x10212D000), [B, A]),
        ({"memory": 4096}, (0xAC600000, 0x153200000), [B, A]),
        ({"memory": 2048}, (0x7F800000, 0), [B, A]),
        ({"vga": "stdvga"}, (0xAC600000, 0x101A00000), [B, A]),
        ({"vga": "none"}, (0xAC600000, 0x102A00000), [B, A]),
    ],
    ids=str,
)
def test_the_worked_table_under_strategy_host(
    settings: dict[str, object], ends: tuple[int, int], reserved: list[AddressRange]
) -> None:
    texts = {"type": "hvm", "memory": 2800, "rdm": HOST_STRICT, **settings}
    one = guest_from_options({name: str(value) for name, value in texts.items()}, ())
    found = answer(one, release=E2)

    assert (found.verdict, _ends(found), _reserved(found)) == (Verdict.STARTS, ends, reserved)


@pytest.mark.parametrize("policy", ["strict", "relaxed"])
def test_only_device_a_leaves_the_other_region_out(policy: str) -> None:
    found = answer(guest(f"00:14.0,rdm_policy={policy}"))

    assert (_ends(found), _reserved(found)) == ((0xAC600000, 0x102200000), [A])


def test_only_device_b_leaves_plain_ram_in_the_other_region() -> None:
    found = answer(guest("00:02.0"))

    assert (_ends(found), _reserved(found)) == ((0xAD800000, 0x101000000), [B])


def test_a_strict_host_at_a_boundary_above_the_regions_does_not_build() -> None:
    found = answer(guest(rdm=HOST_STRICT, rdm_mem_boundary=2800), release=E2)

    assert found.verdict is Verdict.REFUSED
    assert _ends(found) == (0xAE800000, 0)
    assert found.reasons[0].region == B  # the first of Xen's list, the table's last
    assert found.reasons[0].shown == "RDM conflict at 0xad800000"


def test_a_relaxed_host_at_that_boundary_starts_with_two_warnings() -> None:
    found = answer(guest(rdm=HOST_RELAXED, rdm_mem_boundary=2800), release=E2)

    assert (found.verdict, _ends(found), _reserved(found)) == (
        Verdict.STARTS,
        (0xAE800000, 0),
        [],
    )
    assert [one.region for one in found.reasons] == [B, A]


def test_a_boundary_between_the_regions_moves_one_and_hides_the_other() -> None:
    found = answer(guest(rdm=HOST_RELAXED, rdm_mem_boundary=2760), release=E2)

    assert (_ends(found), _reserved(found)) == ((0xAD800000, 0x101000000), [B])
    assert [one.region for one in found.reasons] == [A]


# The surprises ---------------------------------------------------------------------------


def test_s1_the_documented_string_is_dropped_without_a_word_from_4_15_on() -> None:
    found = answer(guest(rdm=HOST_STRICT))

    assert found.settings.strategies == (Strategy.IGNORE,)
    assert not found.settings.rdm_taken
    assert "drops" in found.settings.messages[0].text
    assert "without a word" in found.settings.messages[0].text
    assert answer(guest(rdm=HOST_STRICT), release="4.14").settings.rdm_taken


def test_s2_a_blank_after_the_comma_is_an_error_everywhere() -> None:
    for release in ("4.6", "4.14", "4.22"):
        found = answer(guest(rdm="strategy=host, policy=relaxed"), release=release)
        assert not found.settings.rdm_taken
        assert "with a message" in found.settings.messages[0].text


def test_s3_a_key_left_out_leaves_every_policy_possible() -> None:
    old = answer(guest(rdm="strategy=host"), release="4.12")
    new = answer(guest(rdm="strategy=host"))

    assert not old.settings.rdm_taken
    assert new.settings.policies == tuple(Policy)
    assert new.settings.strategies == (Strategy.HOST,)


def test_s3_where_all_policies_agree_the_verdict_is_definite() -> None:
    found = answer(guest(rdm="strategy=host"))

    assert found.verdict is Verdict.STARTS
    assert len(found.cases) == 1
    assert _reserved(found) == [B, A]


def test_s3_where_policies_differ_all_outcomes_are_given() -> None:
    found = answer(guest(rdm="strategy=host", rdm_mem_boundary=2800))

    assert found.verdict is Verdict.UNDECIDED
    assert {case.assumptions: case.built.verdict for case in found.cases} == {
        ("policy strict",): Verdict.REFUSED,
        ("policy relaxed", "policy unset", "a number that is no policy"): Verdict.STARTS,
    }


def test_s3_a_device_that_inherits_a_number_that_is_no_policy_is_not_added() -> None:
    found = answer(guest("00:14.0", rdm="strategy=host"))
    verdicts = {case.assumptions: case.built for case in found.cases}

    assert found.verdict is Verdict.UNDECIDED
    neither = verdicts[("a number that is no policy",)]
    assert neither.verdict is Verdict.REFUSED
    assert "neither strict nor relaxed" in neither.decisions[0].reason


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

    assert (strict.verdict, _who(strict), strict.reasons[0].region) == (
        Verdict.REFUSED,
        Decider.XEN,
        A,
    )
    assert relaxed.verdict is Verdict.STARTS
    assert "shared" in relaxed.reasons[0].reason


def test_s10_a_region_below_one_mebibyte_always_conflicts() -> None:
    low = facts({DEVICE_A: [region(0xE0000)]})
    strict = answer(guest("00:14.0"), low)
    relaxed = answer(guest("00:14.0,rdm_policy=relaxed"), low)

    assert (strict.verdict, _who(strict)) == (Verdict.REFUSED, Decider.LIBXL)
    assert relaxed.verdict is Verdict.STARTS
    assert _reserved(relaxed) == []


def test_s11_a_boundary_of_zero_lets_the_size_of_low_ram_wrap_around() -> None:
    found = answer(guest("00:14.0", rdm_mem_boundary=0), facts({DEVICE_A: [region(0xE0000)]}))

    assert found.verdict is Verdict.REFUSED
    assert "wraps around" in found.reasons[0].reason


def test_s13_a_blank_before_rdm_policy_stops_xl_or_loses_the_policy() -> None:
    text = "00:14.0, rdm_policy=relaxed"
    new, old = answer(guest(text)), answer(guest(text), release="4.14")

    assert (new.verdict, _who(new)) == (Verdict.REFUSED, Decider.XL)
    assert "exits with 6" in new.reasons[0].reason
    assert new.reasons[0].place == f"--pci {text}"
    assert old.cases[0].scenario.device_policies == (Policy.INVALID,)
    assert "ignores ' rdm_policy'" in old.settings.messages[0].text


def test_s14_the_manuals_own_slot_is_refused_from_4_15_on() -> None:
    assert answer(guest("00:14.0@20")).verdict is Verdict.REFUSED
    assert answer(guest("00:14.0@20"), release="4.14").verdict is Verdict.STARTS


def test_s15_a_named_devices_region_is_not_reserved_and_meets_ram_later() -> None:
    named = facts(names={"nic": DEVICE_A})
    found = answer(guest("name=nic"), named)

    assert (found.verdict, _who(found)) == (Verdict.REFUSED, Decider.XEN)
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
    assert _reserved(with_room) == [B]


def test_s16_a_star_needs_a_slot_in_the_guest() -> None:
    found = answer(guest("00:14.*"))

    assert found.verdict is Verdict.REFUSED
    assert "@VSLOT" in found.reasons[0].reason


def test_s25_of_a_region_listed_twice_only_the_first_takes_the_devices_policy() -> None:
    host = facts({DEVICE_A: [A]}, listed=[A, A])
    one = guest("00:14.0,rdm_policy=relaxed", rdm=HOST_STRICT, rdm_mem_boundary=2800)
    found = answer(one, host, E2)

    assert found.case is not None
    assert found.case.built.layout is not None
    policies = [each.reservation.policy for each in found.case.built.layout.placed]
    assert policies == [Policy.RELAXED, Policy.STRICT]
    assert found.verdict is Verdict.REFUSED


def test_s26_other_toolstacks_have_policies_of_their_own() -> None:
    shared = facts(shared={DEVICE_A: [A]})
    text = "00:14.0,rdm_policy=relaxed"

    libvirt = answer(guest(text), shared, toolstack=Toolstack.LIBVIRT)
    qubes = answer(guest(text), shared, toolstack=Toolstack.QUBES)
    xapi = answer(guest(text), shared, toolstack=Toolstack.XAPI)

    assert libvirt.verdict is Verdict.REFUSED
    assert "left out" in libvirt.settings.messages[0].text
    assert qubes.verdict is Verdict.STARTS
    assert xapi.verdict is Verdict.UNDECIDED
    assert "always assigns devices relaxed" in xapi.reasons[0].reason


@pytest.mark.parametrize("start", [0xFC100000, 0xFDFFF000])
def test_s27_a_region_in_hvmloaders_own_area_halts_the_guest(start: int) -> None:
    found = answer(guest("00:14.0"), facts({DEVICE_A: [region(start)]}))

    assert (found.verdict, _who(found)) == (Verdict.REFUSED, Decider.HVMLOADER)


@pytest.mark.parametrize("start", [0xFC0FF000, 0xFE000000])
def test_s27_beside_that_area_it_starts(start: int) -> None:
    assert answer(guest("00:14.0"), facts({DEVICE_A: [region(start)]})).verdict is Verdict.STARTS


def test_low_ram_below_two_mebibytes_halts_hvmloader() -> None:
    found = answer(guest("00:14.0", rdm_mem_boundary=0), facts({DEVICE_A: [region(0x180000)]}))

    assert (found.verdict, _who(found)) == (Verdict.REFUSED, Decider.HVMLOADER)


# Releases --------------------------------------------------------------------------------


def test_up_to_4_13_a_device_without_a_policy_hides_its_region_and_still_starts() -> None:
    found = answer(guest("00:14.0"), release="4.12")

    assert found.verdict is Verdict.STARTS
    assert _ends(found) == (0xAC6D3000, 0x10212D000)
    assert _reserved(found) == []
    assert found.case is not None
    assert found.case.built.layout is not None
    assert found.case.built.layout.placed[0].outcome is Outcome.HIDDEN


def test_up_to_4_13_a_conflict_of_such_a_device_is_found_by_xen_and_not_by_libxl() -> None:
    one = guest("00:14.0", rdm_mem_boundary=2800)

    assert _who(answer(one, release="4.13")) is Decider.XEN
    assert _who(answer(one, release="4.14")) is Decider.LIBXL


def test_up_to_4_13_only_the_first_region_of_a_device_is_reserved() -> None:
    host = facts({DEVICE_A: [A, region(0xA0000000)]})
    one = guest("00:14.0,rdm_policy=strict")

    assert _reserved(answer(one, host, "4.14")) == [A, region(0xA0000000)]
    found = answer(one, host, "4.13")
    assert (found.verdict, _who(found)) == (Verdict.REFUSED, Decider.XEN)
    assert found.reasons[0].region == region(0xA0000000)


@pytest.mark.parametrize(
    ("release", "policies"),
    [
        ("4.12", {Policy.RELAXED}),
        ("4.13.5", {Policy.INVALID}),
        ("4.14.4", {Policy.INVALID}),
        ("4.14.5", {Policy.RELAXED}),
        ("4.14", {Policy.INVALID, Policy.RELAXED}),
    ],
)
def test_devices_inherit_by_point_release_and_both_ways_where_it_is_not_known(
    release: str, policies: set[Policy]
) -> None:
    found = answer(guest("00:14.0", rdm=HOST_RELAXED, rdm_mem_boundary=2800), release=release)

    assert {case.scenario.device_policies[0] for case in found.cases} == policies


def test_where_the_point_release_decides_the_answer_says_so() -> None:
    found = answer(guest("00:14.0", rdm=HOST_RELAXED, rdm_mem_boundary=2800), release="4.14")

    assert found.verdict is Verdict.UNDECIDED
    assert "before 4.14.5" in found.reasons[0].reason


def test_toolstack_and_hypervisor_may_be_of_two_releases() -> None:
    mixed = stack("4.14", hypervisor=Release(4, 17))
    found = resolve(guest(rdm=HOST_STRICT), facts(), mixed)

    assert found.settings.rdm_taken


# Guests of other kinds -------------------------------------------------------------------


def test_a_pvh_guest_cannot_have_devices() -> None:
    found = answer(guest("00:14.0", type="pvh"))

    assert (found.verdict, _who(found)) == (Verdict.REFUSED, Decider.LIBXL)


def test_a_pvh_guest_without_devices_starts_and_with_strategy_host_cannot_be_said() -> None:
    assert answer(guest(type="pvh")).verdict is Verdict.STARTS
    assert answer(guest(type="pvh", rdm="strategy=host")).verdict is Verdict.UNDECIDED


def test_a_pv_guest_is_not_laid_out_and_is_refused_shared_regions_alone() -> None:
    plain = answer(guest("00:14.0", type="pv", rdm_mem_boundary=2800))
    shared = answer(guest("00:14.0", type="pv"), facts(shared={DEVICE_A: [A]}))

    assert plain.verdict is Verdict.STARTS
    assert plain.case is not None
    assert plain.case.built.layout is None
    assert (shared.verdict, shared.reasons[0].shown) == (Verdict.REFUSED, "EPERM")


def test_populate_on_demand_does_not_go_with_devices() -> None:
    assert answer(guest("00:14.0", maxmem=4096)).verdict is Verdict.REFUSED
    assert answer(guest(maxmem=4096)).verdict is Verdict.STARTS


def test_a_stub_domain_changes_the_video_memory_and_nothing_else() -> None:
    found = answer(guest("00:14.0", device_model_stubdomain_override=1))

    assert found.guest.video == 4 * MIB
    assert found.verdict is Verdict.STARTS


def test_too_little_video_memory_is_refused() -> None:
    assert answer(guest(videoram=4)).verdict is Verdict.REFUSED
    assert answer(guest(videoram=8)).verdict is Verdict.STARTS
    assert answer(guest(vga="qxl", videoram=64)).verdict is Verdict.REFUSED


def test_devices_with_passthrough_disabled_are_refused() -> None:
    assert answer(guest("00:14.0", passthrough="disabled")).verdict is Verdict.REFUSED


# Hosts -----------------------------------------------------------------------------------


def test_a_device_that_does_not_answer_is_refused() -> None:
    found = answer(guest("00:15.0"))

    assert found.verdict is Verdict.REFUSED
    assert "no function answers at 0000:00:15.0" in found.reasons[0].reason


def test_a_device_without_regions_starts() -> None:
    free = SBDF(0, 0, 0x15, 0)
    host = facts(functions={free: function(free)})

    assert answer(guest("00:15.0"), host).verdict is Verdict.STARTS


def test_without_a_working_iommu_devices_are_refused_and_others_start() -> None:
    host = facts(iommu_off="VT-d is off")

    assert answer(guest("00:14.0"), host).verdict is Verdict.REFUSED
    assert answer(guest(), host).verdict is Verdict.STARTS


def test_an_incomplete_inventory_leaves_what_depends_on_it_undecided() -> None:
    host = facts(incomplete="the table is damaged")

    assert answer(guest("00:14.0"), host).verdict is Verdict.UNDECIDED
    assert answer(guest(rdm="strategy=host"), host).verdict is Verdict.UNDECIDED
    assert answer(guest(), host).verdict is Verdict.STARTS


def test_a_path_that_could_lead_to_the_device_leaves_it_undecided() -> None:
    behind = SBDF(0, 1, 0, 0)
    host = facts(
        functions={one: function(one) for one in (DEVICE_A, behind)},
        undetermined=("0000:00:1c.0>00.0",),
    )

    assert answer(guest("01:00.0"), host).verdict is Verdict.UNDECIDED
    assert answer(guest("00:14.0"), host).verdict is Verdict.STARTS


def test_without_a_table_nobody_knows_whether_a_region_is_shared() -> None:
    unknown = replace(facts(), shared=None)
    assert answer(guest("00:14.0"), unknown).verdict is Verdict.UNDECIDED
    assert answer(guest("00:14.0,rdm_policy=relaxed"), unknown).verdict is Verdict.STARTS


def test_a_device_that_xen_cannot_be_asked_about_is_undecided() -> None:
    host = replace(facts(), devices={DEVICE_A: None})
    assert answer(guest("00:14.0"), host).verdict is Verdict.UNDECIDED


def test_what_is_not_bound_to_pciback_has_to_be_made_assignable_first() -> None:
    host = facts(assignable=frozenset({DEVICE_B}))

    found = answer(guest("00:14.0", "00:02.0"), host)
    assert found.needs == ("xl pci-assignable-add 0000:00:14.0",)
    assert answer(guest("00:14.0,seize=1"), host).needs == ()


def test_the_vga_hole_holds_no_ram_when_a_device_is_assigned() -> None:
    host = facts({DEVICE_A: [region(0xA0000, 0x20000)], DEVICE_B: [region(0x90000)]})
    hole = answer(guest("00:14.0,rdm_policy=relaxed"), host)
    beside = answer(guest("00:02.0,rdm_policy=relaxed"), host)

    assert [one.decider for one in hole.reasons] == [Decider.LIBXL]
    assert [one.decider for one in beside.reasons] == [Decider.LIBXL, Decider.XEN]


def test_the_special_pages_of_an_hvm_guest_are_ram_to_xen() -> None:
    found = answer(guest("00:14.0"), facts({DEVICE_A: [region(0xFEFF8000)]}))

    assert (found.verdict, found.reasons[0].shown) == (Verdict.REFUSED, "EBUSY")


# Properties ------------------------------------------------------------------------------

_REGIONS = st.lists(
    st.builds(
        lambda start, pages: AddressRange(start << 12, (start + pages) << 12),
        st.integers(1, 0x140000),
        st.integers(1, 0x2000),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.start,
)


@given(
    regions=_REGIONS,
    memory=st.integers(64, 6000),
    boundary=st.integers(0, 4096),
    hap=st.booleans(),
)
def test_relaxed_never_refuses_what_strict_accepts_and_order_does_not_matter(
    regions: list[AddressRange],
    memory: int,
    boundary: int,
    hap: bool,  # noqa: FBT001
) -> None:
    devices = {SBDF(0, 0, n, 0): [one] for n, one in enumerate(regions)}
    host = facts(devices)
    texts = [str(sbdf) for sbdf in devices]
    settings = {"memory": memory, "rdm_mem_boundary": boundary, "hap": int(hap)}
    strict = answer(guest(*texts, **settings), host)
    relaxed = answer(guest(*(f"{one},rdm_policy=relaxed" for one in texts), **settings), host)
    turned = answer(guest(*reversed(texts), **settings), host)

    if strict.verdict is Verdict.STARTS:
        assert relaxed.verdict is Verdict.STARTS
    assert turned.verdict is strict.verdict
    if strict.case is not None and strict.case.built.layout is not None:
        assert _ends(strict) == _ends(turned) == _ends(relaxed)
    for found in (strict, relaxed):
        assert found.case is not None
        ram = [one.range for one in found.case.built.memory_map if one.type is MemoryType.RAM]
        for held in _reserved(found):
            assert not any(one.overlaps(held) for one in ram)


def test_ram_above_four_gibibytes_is_never_moved() -> None:
    host = facts({DEVICE_A: [region(4 * GIB)]})

    assert answer(guest("00:14.0", memory=4096), host).verdict is Verdict.REFUSED


# What a booted Xen 4.17 did --------------------------------------------------------------

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

    assert (found.verdict, _ends(found)[0], _reserved(found)) == (verdict, low, reserved)
    assert len(found.reasons) == reasons


def test_the_booted_xens_answer_to_an_undefined_policy_is_among_the_possible_ones() -> None:
    host = facts({_NIC: [_NICS]}, listed=[_FIRST, _NICS, _LAST])
    found = answer(guest(memory=2100, vga="none", rdm="strategy=host"), host, "4.17.7")

    warned = [case for case in found.cases if case.built.verdict is Verdict.STARTS]
    (booted,) = warned  # exit 0, three warnings "Ignoring RDM conflict", RAM as without rdm=
    assert [one.shown for one in booted.built.warnings] == [
        "Ignoring RDM conflict at 0x7fff0000",
        "Ignoring RDM conflict at 0x7fff8000",
        "Ignoring RDM conflict at 0x7fffa000",
    ]
