"""Corners of hotplug, each of which a planted bug once passed unseen."""

from typing import Any

import pytest

from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Verdict
from dmaragent.question.context import read_guests
from dmaragent.releases import Release
from dmaragent.remedies.hotplug import hotplug
from support.guests import DEVICE_A, A, facts, guest, stack
from support.wording import Worded


def test_the_hypervisors_release_decides_when_the_iommu_context_is_made() -> None:
    old_tools = stack("4.12", hypervisor=Release(4, 14))
    old_xen = stack("4.14", hypervisor=Release(4, 12))

    assert hotplug("00:14.0", guest(memory=512), facts(), old_tools).verdict is Verdict.REFUSED
    assert hotplug("00:14.0", guest(memory=512), facts(), old_xen).verdict is Verdict.STARTS


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


def test_as_documented_an_attached_devices_default_is_the_pages() -> None:
    shared = facts(shared={DEVICE_A: [A]})
    one = guest("00:02.0", memory=512)

    old = hotplug("00:14.0", one, shared, stack("4.14", documented=True))
    new = hotplug("00:14.0", one, shared, stack("4.17", documented=True))
    assert (old.policy, old.verdict) == (Policy.RELAXED, Verdict.STARTS)
    assert (new.policy, new.verdict) == (Policy.STRICT, Verdict.REFUSED)
