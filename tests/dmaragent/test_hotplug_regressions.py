"""Corners of hotplug, each of which a planted bug once passed unseen."""

from typing import Any

import pytest

from dmaragent.guests.rdm import Policy
from dmaragent.host.xen import RdmEntry
from dmaragent.inventory import take_inventory
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import facts_of
from dmaragent.policy.hotplug import attach
from dmaragent.question.context import read_guests
from dmaragent.releases import Release
from dmaragent.remedies.hotplug import hotplug
from support.guests import DEVICE_A, E2, HOST_RELAXED, A, facts, guest, stack
from support.ivmd_hosts import amd_host, with_xen
from support.ivrs_hosts import device, qemu
from support.ivrs_tables import ivmd
from support.wording import Worded


def test_the_hypervisors_release_decides_when_the_iommu_context_is_made() -> None:
    old_tools = stack("4.12", hypervisor=Release(4, 14))
    old_xen = stack("4.14", hypervisor=Release(4, 12))

    assert hotplug("00:14.0", guest(memory=512), facts(), old_tools).verdict is Verdict.REFUSED
    assert hotplug("00:14.0", guest(memory=512), facts(), old_xen).verdict is Verdict.STARTS


@pytest.mark.parametrize(
    ("release", "verdict"), [("4.12", Verdict.STARTS), ("4.13", Verdict.REFUSED)]
)
def test_xen_4_13_is_the_first_that_makes_the_iommu_context_with_the_guest(
    release: str, verdict: Verdict
) -> None:
    """The guest was created without a device and without passthrough=."""
    found = hotplug("00:14.0", guest(memory=512), facts(), stack(release))

    assert found.verdict is verdict


@pytest.mark.parametrize(
    "one",
    [
        guest("00:02.0, a=1"),
        read_guests("memory = 2G\n", "g.cfg")[0],
        read_guests('{"c_info": {"type": "hvm"}, "rdms": [1]}', "g.json")[0],
    ],
    ids=["refused", "unreadable", "not modelled"],
)
def test_a_guest_that_is_not_known_itself_leaves_an_attachment_undecided(
    one: Any, worded: Worded
) -> None:
    found = hotplug("00:14.0", one, facts(), stack())

    assert found.verdict is Verdict.UNDECIDED
    worded(found.decisions[0].reason)


def test_what_xens_list_lacks_matters_to_a_guest_with_strategy_host() -> None:
    host = facts(unlisted="Xen's list lacks a region")
    plain = guest(memory=2048, passthrough="enabled")
    by_list = guest(memory=2048, passthrough="enabled", rdm=HOST_RELAXED)

    assert hotplug("00:14.0", plain, host, stack(E2)).verdict is Verdict.STARTS
    assert hotplug("00:14.0", by_list, host, stack(E2)).verdict is Verdict.UNDECIDED
    assert hotplug("00:14.0", by_list, facts(), stack(E2)).verdict is Verdict.STARTS


def test_as_documented_an_attached_devices_default_is_the_pages() -> None:
    shared = facts(shared={DEVICE_A: [A]})
    one = guest("00:02.0", memory=512)

    old = hotplug("00:14.0", one, shared, stack("4.14", documented=True))
    new = hotplug("00:14.0", one, shared, stack("4.17", documented=True))
    assert (old.policy, old.verdict) == (Policy.RELAXED, Verdict.STARTS)
    assert (new.policy, new.verdict) == (Policy.STRICT, Verdict.REFUSED)


@pytest.mark.parametrize(
    ("flags", "policy", "verdict", "warned"),
    [
        (7, "strict", Verdict.REFUSED, None),
        (8, "strict", Verdict.STARTS, "exclusion range"),
        (8, "relaxed", Verdict.STARTS, "exclusion range"),
    ],
)
def test_xen_maps_no_exclusion_range_over_the_video_memory_of_a_running_guest(
    flags: int, policy: str, verdict: Verdict, warned: str | None
) -> None:
    """The video memory of cirrus begins at 0xf0000000 and has 8 MiB."""
    region = ivmd(0xF0100000, 0x1000, flags=flags, device=device("01:00.0"))
    host = with_xen(amd_host(qemu(region)), "", listed=(RdmEntry(0xF0100, 1),))
    running = guest(memory=512, passthrough="enabled")
    known = facts_of(take_inventory(host))

    found = attach(f"01:00.0,rdm_policy={policy}", running, known, stack("4.17.7"))

    assert found.verdict is verdict
    assert [warned in warning.reason for warning in found.warnings if warned] == [True] * bool(
        warned
    )


def test_an_exclusion_range_where_the_hole_is_unknown_is_a_warning(worded: Worded) -> None:
    region = ivmd(0xF0100000, 0x1000, flags=8, device=device("01:00.0"))
    host = with_xen(amd_host(qemu(region)), "", listed=(RdmEntry(0xF0100, 1),))
    known = facts_of(take_inventory(host))

    found = attach("01:00.0", guest("00:1d.0", memory=512), known, stack("4.17.7"))

    assert found.verdict is Verdict.STARTS
    worded([warning.reason for warning in found.warnings], "exclusion range")
