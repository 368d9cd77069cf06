"""What ``xl pci-attach`` does: no layout anew, strict where nothing is said."""

import json
from pathlib import Path

import pytest

from dmaragent.guests.config import GuestConfig
from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.hotplug import Hotplug
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies.hotplug import hotplug
from support.cli import run
from support.guests import DEVICE_A, DEVICE_B, A, facts, guest, stack
from support.machines import MACHINES
from support.wording import Worded

Capture = pytest.CaptureFixture[str]


def _attach(
    text: str, into: GuestConfig, host: HostFacts | None = None, release: str = "4.22"
) -> Hotplug:
    return hotplug(text, into, host or facts(), stack(release))


def _running(**settings: object) -> GuestConfig:
    return guest(passthrough="enabled", **settings)  # type: ignore[arg-type]


def test_s17_a_device_whose_region_meets_ram_is_refused_whatever_rdm_says() -> None:
    found = _attach("00:14.0", _running(rdm="strategy=host,policy=relaxed"), release="4.14.6")
    assert found.verdict is Verdict.STARTS  # strategy=host had laid the guest out around it

    found = _attach("00:14.0", _running())
    assert (found.verdict, found.policy) == (Verdict.REFUSED, Policy.STRICT)
    assert (found.decisions[0].decider, found.decisions[0].shown) == (Decider.XEN, "EBUSY")


def test_a_relaxed_device_is_attached_with_a_warning() -> None:
    found = _attach("00:14.0,rdm_policy=relaxed", _running())

    assert (found.verdict, len(found.warnings)) == (Verdict.STARTS, 1)


def test_a_guest_whose_ram_ends_below_the_region_takes_the_device() -> None:
    assert _attach("00:14.0", _running(memory=2048)).verdict is Verdict.STARTS


def test_a_shared_region_is_refused() -> None:
    found = _attach("00:14.0", _running(memory=2048), facts(shared={DEVICE_A: [A]}))

    assert found.decisions[0].shown == "EPERM"


def test_a_guest_without_a_device_and_without_passthrough_has_no_iommu_context(
    worded: Worded,
) -> None:
    found = _attach("00:14.0", guest(memory=2048))

    assert found.verdict is Verdict.REFUSED
    worded(found.decisions[0].reason)
    worded(list(found.advice), "00:14.0")
    assert _attach("00:14.0", guest(memory=2048), release="4.12").verdict is Verdict.STARTS
    for word in ("default", "disabled"):
        without = guest(memory=2048, passthrough=word)
        assert _attach("00:14.0", without).verdict is Verdict.REFUSED
    with_one = guest("00:02.0", memory=2048, mmio_hole=256)
    assert _attach("00:14.0", with_one).verdict is Verdict.STARTS


def test_a_guest_laid_out_for_one_device_may_have_room_for_another() -> None:
    assert _attach("00:02.0", guest("00:14.0")).verdict is Verdict.STARTS
    assert _attach("00:14.0", guest("00:02.0")).verdict is Verdict.REFUSED


def test_a_pvh_guest_takes_nothing_and_a_pv_guest_what_is_not_shared() -> None:
    assert _attach("00:14.0", _running(type="pvh")).verdict is Verdict.REFUSED
    assert _attach("00:14.0", _running(type="pv")).verdict is Verdict.STARTS


def test_a_specification_that_xl_cannot_read_is_refused() -> None:
    found = _attach("00:14.0, rdm_policy=strict", _running())

    assert (found.verdict, found.decisions[0].decider) == (Verdict.REFUSED, Decider.XL)


def test_a_star_needs_a_slot() -> None:
    assert _attach("00:14.*", _running(memory=2048)).verdict is Verdict.REFUSED
    assert _attach("00:14.*@5", _running(memory=2048)).verdict is Verdict.STARTS


def test_what_xl_does_with_a_star_up_to_4_14_is_unknown() -> None:
    found = _attach("00:14.*@5", _running(memory=2048), release="4.12.4")

    assert (found.verdict, found.pci) == (Verdict.UNDECIDED, None)


def test_a_guest_that_does_not_start_itself_leaves_it_undecided(worded: Worded) -> None:
    found = _attach("00:02.0", guest("00:14.0", rdm_mem_boundary=2800))

    assert found.verdict is Verdict.UNDECIDED
    worded(found.decisions[0].reason)


def test_what_was_tried_and_helps_is_advised(worded: Worded) -> None:
    worded(list(_attach("00:14.0", _running()).advice), "00:14.0", "rdm_policy=relaxed")


def test_other_toolstacks_and_hosts_are_told_apart() -> None:
    libvirt = stack(toolstack=Toolstack.LIBVIRT)
    relaxed = hotplug("00:14.0,rdm_policy=relaxed", _running(), facts(), libvirt)
    assert (relaxed.verdict, relaxed.policy) == (Verdict.REFUSED, Policy.STRICT)
    xapi = stack(toolstack=Toolstack.XAPI)
    assert hotplug("00:14.0", _running(), facts(), xapi).verdict is Verdict.UNDECIDED
    off = facts(iommu_off="VT-d is off")
    assert _attach("00:14.0", _running(), off).verdict is Verdict.REFUSED
    unbound = facts(assignable=frozenset({DEVICE_B}))
    found = _attach("00:14.0", _running(memory=2048), unbound)
    assert found.prerequisites == ("xl pci-assignable-add 0000:00:14.0",)


# The verb --------------------------------------------------------------------------------

DELL = MACHINES / "dell-r820"


def _guest_file(tmp_path: Path, memory: int) -> Path:
    path = tmp_path / "g.cfg"
    path.write_text(f'name = "g"\ntype = "hvm"\nmemory = {memory}\npassthrough = "enabled"\n')
    return path


@pytest.mark.parametrize(
    ("text", "memory", "code"),
    [
        ("41:00.0", 4096, 0),
        ("00:1a.0", 2048, 1),
        ("name=nic", 2048, 2),
    ],
)
def test_the_verb_says_what_happens_and_exits_so(  # noqa: PLR0913, PLR0917 - a case, and fixtures
    text: str, memory: int, code: int, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = _guest_file(tmp_path, memory)
    ran = run(capsys, "hotplug", text, "--into", path, "--host", DELL, "--xen", "4.17")

    assert ran.code == code
    worded(ran.out.splitlines()[0])
    assert all(len(line) <= 80 for line in ran.out.splitlines())
    as_json = run(capsys, "hotplug", text, "--into", path, "--host", DELL, "--json")
    assert as_json.document["answer"]["device"] == text


def test_one_guest_of_a_list_is_chosen_by_its_name(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "all.json"
    guests = [
        {"config": {"c_info": {"type": "hvm", "name": name}, "b_info": {"max_memkb": 1 << 20}}}
        for name in ("one", "two")
    ]
    path.write_text(json.dumps(guests))
    arguments = ["hotplug", "41:00.0", "--into", path, "--host", DELL]

    several = run(capsys, *arguments)
    assert several.code == 2
    named = run(capsys, *arguments, "--guest", "two")
    worded(named.out, "41:00.0")
