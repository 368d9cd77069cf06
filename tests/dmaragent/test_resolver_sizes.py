"""Guests of too little RAM, and with a region of no pages, from the configuration to the verdict."""

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.policy.hvmloader import hvmloader_memory
from dmaragent.policy.layout import RamLayout
from dmaragent.present.json.common import range_object
from dmaragent.releases import Release
from dmaragent.remedies.guests import guest_remedies
from support.guests import DEVICE_A, answer, ends_of, facts, guest, region, reserved_in

RELEASES = pytest.mark.parametrize("release", ["4.6", "4.13.5", "4.14.6", "4.22"])


def _empty(start: int) -> AddressRange:
    return AddressRange(start, start)


@RELEASES
@pytest.mark.parametrize(("memory", "low"), [(8, 0), (9, 0x100000)])
def test_a_guest_without_ram_at_1_mib_cannot_be_built_whatever_its_regions(
    release: str, memory: int, low: int
) -> None:
    found = answer(guest(memory=memory), facts({}, incomplete="unknown"), release)

    assert found.verdict is Verdict.REFUSED
    assert ends_of(found) == (low, 0)
    assert found.reasons[0].rule is not None
    assert found.reasons[0].rule.source == "xg_dom_core.c, xc_dom_build_image"
    assert found.reasons[0].decider is Decider.LIBXL
    assert found.outcome is not None
    assert found.outcome.built.memory_map == ()


@RELEASES
def test_less_memory_than_video_memory_wraps_around(release: str) -> None:
    found = answer(guest(memory=4), facts({}), release)

    assert found.verdict is Verdict.REFUSED
    assert ends_of(found) == (0xF0000000, 0xFC00000)
    assert found.reasons[0].rule is not None
    assert found.reasons[0].rule.source == "xg_dom_x86.c, meminit_hvm"


def test_low_ram_of_less_than_2_mib_halts_hvmloader() -> None:
    host = facts({DEVICE_A: [region(0x180000)]})
    found = answer(guest("00:14.0", rdm_mem_boundary=0), host)

    assert ends_of(found)[0] == 0x180000
    assert (found.verdict, found.reasons[0].decider) == (Verdict.REFUSED, Decider.HVMLOADER)
    enough = answer(guest("00:14.0", rdm_mem_boundary=0), facts({DEVICE_A: [region(0x200000)]}))
    assert (ends_of(enough)[0], enough.verdict) == (0x200000, Verdict.STARTS)


def test_ram_that_was_moved_below_1_mib_is_helped_by_a_higher_boundary() -> None:
    host = facts({DEVICE_A: [region(0xE0000), region(0xA0000000)]})
    found = answer(guest("00:14.0,rdm_policy=relaxed", rdm_mem_boundary=0), host)

    assert found.verdict is Verdict.REFUSED
    assert ends_of(found)[0] == 0xE0000
    assert any(
        "rdm_mem_boundary" in line for one in guest_remedies(found).ranked for line in one.lines
    )


@RELEASES
@pytest.mark.parametrize("start", [0x10000000, 0x80000000])
def test_a_strict_region_without_pages_in_ram_refuses_the_guest(release: str, start: int) -> None:
    host = facts({DEVICE_A: [_empty(start)]})
    strict = answer(guest("00:14.0,rdm_policy=strict"), host, release)
    relaxed = answer(guest("00:14.0,rdm_policy=relaxed"), host, release)

    assert strict.verdict is Verdict.REFUSED
    assert strict.reasons[0].shown == f"RDM conflict at {start:#x}"
    assert relaxed.verdict is Verdict.STARTS
    assert [one.shown for one in relaxed.reasons] == [f"Ignoring RDM conflict at {start:#x}"]


@RELEASES
def test_a_region_without_pages_at_0_is_in_nobodys_way(release: str) -> None:
    found = answer(guest("00:14.0,rdm_policy=strict"), facts({DEVICE_A: [_empty(0)]}), release)

    assert found.verdict is Verdict.STARTS
    assert reserved_in(found) == [_empty(0)]


def test_a_range_without_pages_has_its_base_for_limit_in_json() -> None:
    assert range_object(_empty(0)) == {"base": "0x0", "limit": "0x0"}
    assert range_object(_empty(0x2000)) == {"base": "0x2000", "limit": "0x2000"}
    assert range_object(region(0x2000)) == {"base": "0x2000", "limit": "0x2fff"}


@RELEASES
def test_hvmloader_halts_at_a_region_without_pages_in_its_own_area(release: str) -> None:
    """hvmloader/util.c, check_overlap, is the same from 4.6 to 4.22."""
    first = hvmloader_memory(Release.parse(release)).sure.start
    for start, halts in ((first, False), (first + 0x1000, True), (0xFE000000, False)):
        host = facts({DEVICE_A: [_empty(start)]})
        found = answer(guest("00:14.0,rdm_policy=strict"), host, release)
        decided = [one.decider for one in found.reasons if one.decider is Decider.HVMLOADER]
        assert (found.verdict is Verdict.REFUSED, bool(decided)) == (halts, halts)


def test_up_to_4_13_a_region_across_4_gib_refuses_a_small_guest() -> None:
    host = facts({DEVICE_A: [AddressRange(0xFFFF0000, 0x100010000)]})
    old = answer(guest("00:14.0,rdm_policy=strict", memory=1024), host, "4.13.5")
    new = answer(guest("00:14.0,rdm_policy=strict", memory=1024), host, "4.14.6")

    assert (old.verdict, new.verdict) == (Verdict.REFUSED, Verdict.STARTS)
    assert ends_of(old) == (0x3F800000, 0x100000000)
    assert old.outcome is not None
    assert old.outcome.built.layout is not None
    assert old.outcome.built.layout.before == RamLayout(0x3F800000, 0)
