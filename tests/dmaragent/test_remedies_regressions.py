"""Corners of the remedies, each of which a planted bug once passed unseen."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind
from support.guests import (
    DEVICE_A,
    DEVICE_B,
    HOST_RELAXED,
    HOST_STRICT,
    NEWEST,
    A,
    answer,
    facts,
    function,
    guest,
    region,
)
from support.wording import Worded


def test_a_region_exactly_at_the_boundary_needs_the_mebibyte_below() -> None:
    found = answer(guest("00:14.0"), facts({DEVICE_A: [region(0x80000000)]}))

    assert found.verdict is Verdict.REFUSED
    assert guest_remedies(found).ranked[0].lines == ("rdm_mem_boundary = 2047",)


def test_a_virtual_function_that_has_a_region_itself_is_no_help() -> None:
    virtual = SBDF(0, 0, 0x14, 1)
    functions = {DEVICE_A: function(DEVICE_A), virtual: function(virtual, DEVICE_A)}
    host = facts({DEVICE_A: [A], virtual: [A]}, shared={DEVICE_A: [A]}, functions=functions)

    kinds = [one.kind for one in guest_remedies(answer(guest("00:14.0"), host)).ranked]
    assert kinds == [RemedyKind.POLICY]


def test_a_spelling_never_makes_a_device_relaxed_that_nobody_called_so() -> None:
    spelling = guest_remedies(answer(guest("00:14.0", rdm="strategy=HOST"))).spelling

    assert spelling is not None
    assert spelling.lines[-1] == 'pci = [ "00:14.0,rdm_policy=strict" ]'


def test_a_spelling_keeps_every_entry() -> None:
    one = guest("00:14.0", "00:02.0, rdm_policy=relaxed", rdm=HOST_STRICT)
    spelling = guest_remedies(answer(one)).spelling

    assert spelling is not None
    assert spelling.lines[1:] == (
        'pci = [ "00:14.0,rdm_policy=strict", "00:02.0,rdm_policy=relaxed" ]',
    )


def test_a_spelling_of_an_ignored_key_leaves_an_rdm_that_is_taken() -> None:
    one = guest("00:14.0, rdm_policy=relaxed", rdm=HOST_STRICT, rdm_mem_boundary=2800)
    spelling = guest_remedies(answer(one, release="4.12")).spelling

    assert spelling is not None
    assert spelling.lines == ('pci = [ "00:14.0,rdm_policy=relaxed" ]',)
    assert spelling.verdict is Verdict.REFUSED  # region B stays strict


def test_the_string_that_a_release_drops_is_never_offered() -> None:
    one = guest(rdm="strategy=host", rdm_mem_boundary=2800)

    for each in guest_remedies(answer(one)).ranked:
        assert not any("policy=" in line and "rdm =" in line for line in each.lines)


def test_of_a_guest_that_starts_with_warnings_all_are_taken_away_where_that_is_possible() -> None:
    one = guest("00:14.0", rdm=HOST_RELAXED, rdm_mem_boundary=2800)
    found = answer(one, release="4.14.5")
    first = guest_remedies(found).ranked[0]

    assert len(found.reasons) == 3
    assert (first.lines, first.warnings) == (("rdm_mem_boundary = 2758",), 0)


def test_up_to_4_13_a_policy_that_is_said_takes_the_warning_away() -> None:
    found = answer(guest("00:14.0"), release="4.13")

    assert len(found.reasons) == 1
    assert found.reasons[0].shown == ""  # libxl prints nothing: there is no conflict
    assert guest_remedies(found).ranked[0].lines == ('pci = [ "00:14.0,rdm_policy=strict" ]',)


def test_a_device_by_name_is_named_by_its_address(worded: Worded) -> None:
    host = facts(names={"nic": DEVICE_A})
    helps = guest_remedies(answer(guest("name=nic"), host))

    assert helps.ranked[0].lines == ('pci = [ "00:14.0" ]',)
    qubes = guest_remedies(answer(guest("name=nic"), host, toolstack=Toolstack.QUBES))
    worded(qubes.ranked[-1].lines, "0000:00:14.0")


def test_several_obstacles_are_taken_away_together() -> None:
    one = guest("00:14.0", maxmem=4000, rdm_mem_boundary=2800)
    helps = guest_remedies(answer(one))

    assert helps.ranked[0].lines == ("maxmem = 2800", "rdm_mem_boundary = 2758")


def test_the_lowest_boundary_is_tried_however_many_regions_stand_above_it() -> None:
    devices = {SBDF(0, 1, n, 0): [region(0x20000000 + n * 0x100000)] for n in range(32)}
    devices |= {SBDF(0, 2, n, 0): [region(0x30000000 + n * 0x100000)] for n in range(32)}
    one = guest(*map(str, devices), memory=4096)
    found = guest_remedies(answer(one, facts(devices))).ranked

    assert found[0].lines == ("rdm_mem_boundary = 511",)


def _fixes(one: GuestConfig, host: HostFacts, release: str = NEWEST) -> tuple[GuestRemedy, ...]:
    found = answer(one, host, release)
    assert found.verdict is not Verdict.STARTS
    return guest_remedies(found).ranked


@pytest.mark.parametrize("release", ["4.13", NEWEST])
def test_all_functions_of_a_slot_are_written_apart_if_more_than_their_star_refuses(
    release: str,
) -> None:
    second = SBDF(0, 0, 0x14, 1)
    functions = {sbdf: function(sbdf) for sbdf in (DEVICE_A, second)}
    host = facts({DEVICE_A: [region(0x70000000)]}, functions=functions)

    (first, *_) = _fixes(guest("00:14.*,permissive=1", memory=4096), host, release)
    assert first.verdict is Verdict.STARTS
    written = " ".join(first.lines)
    assert written.count("00:14.0,permissive=1") == written.count("00:14.1,permissive=1") == 1


@pytest.mark.parametrize("release", ["4.13", NEWEST])
@pytest.mark.parametrize(
    "pci",
    [
        ("00:14.*", "00:02.*"),
        ("00:02.*", "00:14.*,permissive=1"),
        ("00:02.0", "00:14.*", "00:02.0"),
        ("00:14.*", "00:02.0", "00:14.*"),
    ],
)
def test_each_device_is_written_once_though_xl_does_not_read_its_star(
    pci: tuple[str, ...], release: str
) -> None:
    (first, *_) = _fixes(guest(*pci, memory=1024), facts(), release)

    written = " ".join(first.lines)
    assert [written.count(device) for device in ("00:14.0", "00:02.0")] == [1, 1]
    assert ("permissive=1" in written) == any("permissive" in text for text in pci)


def test_a_star_on_another_segment_means_the_functions_there() -> None:
    other = SBDF(1, 0, 0x14, 2)
    host = facts(functions={sbdf: function(sbdf) for sbdf in (DEVICE_A, DEVICE_B, other)})

    (first,) = _fixes(guest("0001:00:14.*", memory=1024), host, "4.13")

    assert first.lines == ('pci = [ "0001:00:14.2" ]',)


def test_a_star_that_means_no_function_is_never_left_out() -> None:
    assert _fixes(guest("00:14.*", "00:19.*", memory=1024), facts(), "4.13") == ()


def test_a_name_that_is_written_twice_is_written_once() -> None:
    host = facts(names={"nic": DEVICE_A})

    (first,) = _fixes(guest("name=nic", "00:02.0", "name=nic", memory=1024), host)

    assert first.lines == ('pci = [ "name=nic", "00:02.0" ]',)


def test_a_device_is_relaxed_and_ram_moved_at_once_if_neither_helps_alone() -> None:
    low, other = region(0x70000000), region(0x78000000)
    host = facts({DEVICE_A: [low], DEVICE_B: [other]}, shared={DEVICE_A: [low]})

    (first, *_) = _fixes(guest("00:14.0", memory=4096, rdm="strategy=host"), host)
    assert first.verdict is Verdict.STARTS
    assert first.lines[0] == 'pci = [ "00:14.0,rdm_policy=relaxed" ]'
    assert first.lines[1].startswith("rdm_mem_boundary = ")
