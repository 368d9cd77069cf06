"""The memory that hvmloader reserves for itself: config.h at the tag of each point release."""

import pytest

from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.policy.hvmloader import OWN_MEMORY, OWN_MEMORY_BEFORE, hvmloader_memory
from dmaragent.question.releases import release_spans
from dmaragent.releases import Release
from dmaragent.remedies.guests import guest_remedies
from support import checked
from support.checked import found, only
from support.guests import DEVICE_A, answer, facts, guest, region, who_decided
from support.releases import Numbers
from support.wording import Worded

BETWEEN = 0xFC010000
"""hvmloader reserves it in 4.12.3, not in 4.12.4."""
LOWER = ["4.6.0", "4.9.4", "4.11.1", "4.11.4", "4.12.0", "4.12.3", "4.13.0", "4.13.1", "4.14.0"]
HIGHER = ["4.12.4", "4.13.2", "4.13.5", "4.14.1", "4.14.6", "4.15.0", "4.15", "4.22.0", "4.23"]
EITHER = {"4.12": "4.12.4", "4.13": "4.13.2", "4.14": "4.14.1"}


@pytest.mark.parametrize("release", [*LOWER, "4.6", "4.11"])
def test_older_tools_reserve_all_but_the_first_page_from_0xfc000000(release: str) -> None:
    memory = hvmloader_memory(Release.parse(release))

    assert memory == (OWN_MEMORY_BEFORE, OWN_MEMORY_BEFORE, "")
    assert OWN_MEMORY_BEFORE.start == 0xFC001000


@pytest.mark.parametrize("release", HIGHER)
def test_newer_tools_leave_a_mebibyte_for_acpi_tables(release: str) -> None:
    assert hvmloader_memory(Release.parse(release)) == (OWN_MEMORY, OWN_MEMORY, "")
    assert hvmloader_memory(None) == (OWN_MEMORY, OWN_MEMORY, "")
    assert (OWN_MEMORY.start, OWN_MEMORY.end) == (0xFC100000, 0xFE000000)


@pytest.mark.parametrize(("release", "first"), EITHER.items())
def test_without_its_point_a_series_may_reserve_both(release: str, first: str) -> None:
    assert hvmloader_memory(Release.parse(release)) == (OWN_MEMORY, OWN_MEMORY_BEFORE, first)


@pytest.mark.parametrize("release", LOWER)
@pytest.mark.parametrize("start", [0xFC001000, BETWEEN, 0xFC0FF000])
def test_older_tools_halt_the_guest_at_a_region_in_that_mebibyte(release: str, start: int) -> None:
    refused = answer(
        guest("00:14.0,rdm_policy=strict"), facts({DEVICE_A: [region(start)]}), release
    )

    assert (refused.verdict, who_decided(refused)) == (Verdict.REFUSED, Decider.HVMLOADER)
    assert not [one for one in guest_remedies(refused).ranked if one.verdict is Verdict.STARTS]


@pytest.mark.parametrize("release", HIGHER)
def test_newer_tools_start_the_guest(release: str) -> None:
    host = facts({DEVICE_A: [region(BETWEEN)]})

    assert answer(guest("00:14.0,rdm_policy=strict"), host, release).verdict is Verdict.STARTS


@pytest.mark.parametrize("release", EITHER)
def test_without_the_point_it_is_unknown_whether_the_guest_halts(
    release: str, worded: Worded
) -> None:
    open_one = answer(
        guest("00:14.0,rdm_policy=strict"), facts({DEVICE_A: [region(BETWEEN)]}), release
    )
    sure = answer(
        guest("00:14.0,rdm_policy=strict"), facts({DEVICE_A: [region(0xFC100000)]}), release
    )

    assert open_one.verdict is Verdict.UNDECIDED
    worded(open_one.reasons[0].reason, EITHER[release])
    assert (sure.verdict, who_decided(sure)) == (Verdict.REFUSED, Decider.HVMLOADER)


def test_releases_whose_hvmloader_differs_are_in_different_spans() -> None:
    assert {"4.11", "4.12", "4.13", "4.14"} <= {str(last) for _, last in release_spans()}


@pytest.mark.parametrize("release", [(4, 12, 3), (4, 12)], ids=str)
def test_a_finding_names_the_area_of_the_hosts_release(release: Numbers, worded: Worded) -> None:
    worded(only(checked.region(BETWEEN, BETWEEN + 0xFFFF)(), "rmrr-hvmloader", release).hit.message)


@pytest.mark.parametrize("release", [(4, 12, 4), (4, 22), None], ids=str)
def test_newer_releases_have_no_such_finding(release: Numbers) -> None:
    assert not found(checked.region(BETWEEN, BETWEEN + 0xFFFF)(), "rmrr-hvmloader", release)
