"""All that stands in the way of an attached device, in order, and what was tried against it."""

from typing import Any

import pytest

from dmaragent.guests.config import GuestConfig
from dmaragent.policy.assignment import ABSENT_RULE
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.hotplug import Hotplug
from dmaragent.policy.resolver import resolve
from dmaragent.releases import Release
from dmaragent.remedies.hotplug import hotplug
from support.guests import DEVICE_A, DEVICE_B, facts, guest, region, stack
from support.wording import Worded

LOW = region(0x7DFFD000, 0x3000)
SHARED = facts({DEVICE_A: [LOW]}, shared={DEVICE_A: [LOW]})
STACK = stack("4.20")


def _attach(into: GuestConfig, host: HostFacts, text: str = "00:14.0") -> Hotplug:
    return hotplug(text, into, host, STACK)


def _shown(found: Hotplug) -> list[str]:
    return [one.shown for one in found.decisions]


def test_context_shared_region_and_ram_are_all_told_in_the_order_xen_meets_them() -> None:
    found = _attach(guest(memory=4096), SHARED)

    assert found.verdict is Verdict.REFUSED
    assert _shown(found) == ["EOPNOTSUPP", "EPERM", "EBUSY"]


def test_what_is_advised_was_tried_against_all_of_them() -> None:
    found = _attach(guest(memory=4096), SHARED)

    assert len(found.advice) == 2
    anew, created = found.advice
    assert "00:14.0,rdm_policy=relaxed" in anew
    assert "rdm_mem_boundary = 2015" in anew
    assert 'passthrough = "enabled"' in created
    assert "00:14.0,rdm_policy=relaxed" in created
    again = _attach(guest(memory=4096, passthrough="enabled"), SHARED, "00:14.0,rdm_policy=relaxed")
    assert again.verdict is Verdict.STARTS
    started = guest("00:14.0,rdm_policy=relaxed", memory=4096, rdm_mem_boundary=2015)
    assert resolve(started, SHARED, STACK).verdict is Verdict.STARTS


def test_passthrough_alone_is_not_advised_where_another_refusal_stands_behind_it(
    worded: Worded,
) -> None:
    found = _attach(guest(memory=4096), SHARED)

    worded(found.advice)


def test_what_leaves_dma_in_guest_ram_comes_after_what_does_not() -> None:
    found = _attach(guest(memory=4096, passthrough="enabled"), SHARED)

    assert ["rdm_mem_boundary = 2015" in one for one in found.advice] == [True, False]


def test_a_device_that_is_absent_is_told_beside_the_missing_context(worded: Worded) -> None:
    found = _attach(guest(memory=2048), facts(functions={}))

    assert len(found.decisions) == 2
    worded(found.decisions[1].reason)
    assert found.advice == ()


def test_a_specification_that_xl_refuses_is_told_beside_the_missing_context() -> None:
    found = _attach(guest(memory=2048), facts(), "00:14.0, rdm_policy=strict")

    assert _shown(found) == ["exit 2", "EOPNOTSUPP"]


@pytest.mark.parametrize("kind", ["pvh", "hvm"])
def test_an_iommu_that_is_off_is_told_alone(kind: str) -> None:
    found = _attach(guest(memory=2048, type=kind), facts(iommu_off="VT-d is off"))

    assert len(found.decisions) == 1


def test_what_is_attached_with_a_warning_says_how_the_warning_is_avoided(worded: Worded) -> None:
    one = guest(memory=2048, passthrough="enabled")
    found = _attach(one, facts({DEVICE_A: [region(0xF2000000)]}))

    assert (found.verdict, len(found.warnings)) == (Verdict.STARTS, 1)
    worded(list(found.advice), "00:14.0")
    clear = _attach(one, facts({DEVICE_A: [region(0xE0000000)]}))
    assert (clear.verdict, clear.warnings, clear.advice) == (Verdict.STARTS, (), ())


def test_of_two_fixes_alike_the_one_that_changes_less_of_the_guest_is_first(worded: Worded) -> None:
    host = facts({DEVICE_A: [LOW], DEVICE_B: []})
    one = guest(memory=4096, rdm="strategy=host")  # whose policy is memory never written
    found = _attach(one, host, "00:02.0")

    worded(found.advice[0])
    assert "rdm_mem_boundary = 2015" in found.advice[1]


# A PV guest without an IOMMU: libxl_pci.c of 4.12, do_pci_add, ignores ENOSYS also if not starting


def _old(**more: Any) -> HostFacts:
    return facts(iommu_off="VT-d is off", release=Release.parse("4.12"), **more)


def test_up_to_4_12_a_running_pv_guest_gets_a_device_without_an_iommu() -> None:
    one, host = guest(memory=2048, type="pv"), _old()

    found = hotplug("00:14.0", one, host, stack("4.12"))
    assert (found.verdict, found.decisions) == (Verdict.STARTS, ())
    started = resolve(guest("00:14.0", memory=2048, type="pv"), host, stack("4.12"))
    assert started.verdict is Verdict.STARTS
    assert [one.reason for one in found.warnings] == [one.reason for one in started.reasons]
    assert found.warnings[0].harm is started.reasons[0].harm


@pytest.mark.parametrize(
    ("kind", "tools", "hypervisor"),
    [("hvm", "4.12", "4.12"), ("pv", "4.13", "4.12"), ("pv", "4.12", "4.13")],
)
def test_other_guests_and_releases_get_none_without_an_iommu(
    kind: str, tools: str, hypervisor: str
) -> None:
    host = facts(iommu_off="VT-d is off", release=Release.parse(hypervisor))

    found = hotplug("00:14.0", guest(memory=2048, type=kind), host, stack(tools))
    assert found.verdict is Verdict.REFUSED


def test_a_device_that_is_absent_or_there_is_refused_without_an_iommu_too() -> None:
    absent = hotplug("00:14.0", guest(type="pv"), _old(functions={}), stack("4.12"))
    there = hotplug("00:14.0", guest("00:14.0", type="pv"), _old(), stack("4.12"))

    assert [one.rule for one in absent.decisions] == [ABSENT_RULE]
    assert [one.rule for one in there.decisions] == [ABSENT_RULE]
