"""Corners of the resolver, each of which a planted bug once passed unseen."""

import json
from dataclasses import replace
from typing import Any

import pytest

from dmaragent.addresses import GIB, MIB, SBDF
from dmaragent.answers.guest import answer as whole_answer
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import LIBXLUTIL, HostRequest
from dmaragent.collect.open_host import LIVE, OpenedHost, open_host
from dmaragent.guests.rdm import Policy, RdmText, Strategy
from dmaragent.host import Host, join
from dmaragent.host.xen import XenHost
from dmaragent.inventory import take_inventory
from dmaragent.policy.decisions import Decider, Verdict
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.policy.library_answers import LibraryAnswers, read_library_answers
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.present.json.common import source_object
from dmaragent.present.json.resolve import resolve_document
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver, Question, context_of, read_guests
from dmaragent.question.releases import release_spans
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.hotplug import hotplug
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE, behaviours_of
from dmaragent.xen.hypervisor.release_spans import FIRST_SERIES
from dmaragent.xen.toolstack.libxl import toolstack_behaviours
from support.guests import (
    DEVICE_A,
    HOST_RELAXED,
    HOST_STRICT,
    A,
    answer,
    facts,
    guest,
    region,
    stack,
)
from support.machines import MACHINES
from support.wording import Worded


def _machine(name: str) -> Host:
    return join(collect(open_host(str(MACHINES / name)).reader))


def _facts(name: str, release: Release | None = None) -> HostFacts:
    return facts_of(take_inventory(_machine(name), release))


# Assignment ------------------------------------------------------------------------------


def test_ram_above_four_gibibytes_meets_a_relaxed_devices_region_too() -> None:
    found = answer(
        guest("00:14.0,rdm_policy=relaxed", memory=8192), facts({DEVICE_A: [region(5 * GIB)]})
    )

    assert [one.decider for one in found.reasons] == [Decider.LIBXL, Decider.XEN]


def test_a_device_that_the_guest_has_cannot_be_attached_again(worded: Worded) -> None:
    found = hotplug("00:14.0", guest("00:14.0"), facts(), stack())

    assert found.verdict is Verdict.REFUSED
    worded(found.decisions[0].reason)


def test_the_functions_of_a_star_are_added_from_the_highest() -> None:
    sbdfs = [SBDF(0, 1, 0, n) for n in (0, 3, 1)]
    host = facts({one: [region(0x60000000)] for one in sbdfs})
    found = answer(guest("01:00.*@5", memory=512), host)

    assert host.siblings(sbdfs[0]) == (SBDF(0, 1, 0, 3), SBDF(0, 1, 0, 1), SBDF(0, 1, 0, 0))
    assert found.verdict is Verdict.STARTS


# Defaults --------------------------------------------------------------------------------


def test_populate_on_demand_is_no_matter_for_a_pv_guest() -> None:
    assert answer(guest("00:14.0", type="pv", maxmem=4000)).verdict is Verdict.STARTS


def test_passthrough_alone_needs_an_iommu_and_all_memory() -> None:
    off = facts(iommu_off="VT-d is off")

    assert answer(guest(passthrough="enabled"), off).verdict is Verdict.REFUSED
    found = answer(guest(passthrough="enabled", maxmem=4000))
    assert found.verdict is Verdict.REFUSED
    assert guest_remedies(found).ranked[0].lines == ("maxmem = 2800",)


@pytest.mark.parametrize("mode", ["default", "disabled"])
def test_a_guest_without_devices_passes_none_by_default(mode: str) -> None:
    host = facts(iommu_off="VT-d is off")

    for one in (guest(passthrough=mode), guest(passthrough=mode, maxmem=4000)):
        assert one.passthrough == mode
        assert answer(one, host).verdict is Verdict.STARTS


def test_of_a_pvh_guest_the_setting_that_is_refused_is_named() -> None:
    for one, setting in (
        (guest("00:14.0", type="pvh"), "type"),
        (guest(type="pvh", passthrough="enabled"), "passthrough"),
    ):
        placed = replace(one, places={"type": "a.cfg:1", "passthrough": "a.cfg:2"})
        found = answer(placed)
        assert (found.verdict, found.reasons[0].place) == (Verdict.REFUSED, placed.places[setting])


def test_without_a_running_xen_its_support_for_shared_tables_is_assumed() -> None:
    one = guest("00:14.0", passthrough="share_pt", memory=512)

    assert answer(one, facts(share_pt=None)).verdict is Verdict.STARTS
    assert answer(one, facts(share_pt=None, xen_runs=True)).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("hypervisor", "verdict"),
    [("4.12", Verdict.STARTS), ("4.13", Verdict.REFUSED), (None, Verdict.REFUSED)],
)
def test_a_pv_guest_goes_without_an_iommu_if_both_releases_are_old(
    hypervisor: str | None, verdict: Verdict
) -> None:
    release = None if hypervisor is None else Release.parse(hypervisor)
    host = facts(iommu_off="VT-d is off", release=release)

    assert answer(guest("00:14.0", type="pv"), host, "4.12").verdict is verdict


def test_the_traditional_device_model_takes_any_size_for_cirrus(worded: Worded) -> None:
    traditional = {"device_model_version": "qemu-xen-traditional", "videoram": 2}

    starts = answer(guest(**traditional), release="4.20")  # type: ignore[arg-type]
    assert starts.verdict is Verdict.STARTS
    small = answer(guest(vga="stdvga", **traditional), release="4.20")  # type: ignore[arg-type]
    assert small.verdict is Verdict.REFUSED
    found = answer(guest(vga="qxl", **traditional), release="4.20")  # type: ignore[arg-type]
    worded(found.reasons[0].reason)


def test_more_video_memory_than_memory_is_refused_and_helped() -> None:
    found = answer(guest(videoram=100000))

    assert found.verdict is Verdict.REFUSED
    assert guest_remedies(found).ranked[0].lines == ("videoram = 8",)


def test_stdvga_may_be_a_setting_of_its_own() -> None:
    assert guest(stdvga=1).video == 16 * MIB
    assert guest(stdvga=0).video == 8 * MIB


# The host --------------------------------------------------------------------------------


def test_an_iommu_that_xl_info_does_not_show_is_off() -> None:
    host = _machine("xen-pv-dom0")
    assert isinstance(host.xen, XenHost)
    xen = host.xen._replace(capabilities=("pv", "hvm"))
    strange = host._replace(xen=xen)
    off = host._replace(xen=xen._replace(reserved_memory=(), device_reserved_memory={}))

    assert facts_of(take_inventory(host)).iommu_off == ""
    assert "directio" in facts_of(take_inventory(off)).iommu_off
    facts = facts_of(take_inventory(strange))  # a list with entries is from an IOMMU that works
    assert facts.iommu_off == ""
    assert [gap.refusals for gap in facts.gaps] == [True]


def test_hap_is_what_xl_info_shows() -> None:
    host = _machine("xen-pv-dom0")
    assert isinstance(host.xen, XenHost)
    hap = host._replace(xen=host.xen._replace(capabilities=("hvm_directio", "hap")))

    assert facts_of(take_inventory(host)).hap is False
    assert facts_of(take_inventory(hap)).hap is True
    assert _facts("dell-r820").hap is None


def test_a_range_of_the_command_line_has_owners_and_may_be_shared() -> None:
    host = _machine("xen-pv-dom0")
    assert isinstance(host.xen, XenHost)
    assert host.xen.command_line is not None
    added = region(0x3C200000, 0x2000)
    assert facts_of(take_inventory(host)).owners[added] == (SBDF(0, 0, 3, 0),)

    words = host.xen.command_line.replace("=0:3.0", "=0:3.0,0:4.0")
    two = host._replace(xen=host.xen._replace(command_line=words))
    shared = facts_of(take_inventory(two)).shared
    assert shared is not None
    assert [(one.region, one.sharers) for one in shared[SBDF(0, 0, 3, 0)]] == [(added, 2)]


def test_s23_absent_devices_count_as_sharers_of_a_guests_device() -> None:
    shared = _facts("hp-dl380e-gen8", Release(4, 17)).shared
    assert shared is not None

    assert {one.sharers for one in shared[SBDF(0, 3, 0, 0)]} == {10}  # two of them do not answer


def test_a_path_leads_to_devices_of_its_own_segment_alone() -> None:
    host = facts(undetermined=("0001:00:1c.0>00.0",))

    assert host.may_own_more(SBDF(1, 1, 0, 0))
    assert not host.may_own_more(SBDF(0, 1, 0, 0))
    assert not host.may_own_more(SBDF(1, 0, 0, 0))


# Reading ---------------------------------------------------------------------------------


def test_a_saved_device_keeps_its_slot_its_star_and_whether_it_is_seized() -> None:
    saved: dict[str, Any] = {"c_info": {"type": "hvm", "name": "w"}}
    device = {"bus": 1, "func": 3, "vdevfn": 40, "vfunc_mask": 0xFFFFFFFF, "seize": True}
    (one,) = read_guests(json.dumps({**saved, "pcidevs": [device]}), "w.json")

    read = one.pci[0].read
    assert read is not None
    assert (read.sbdf, read.all_functions, read.vslot, read.seize) == (
        SBDF(0, 1, 0, 0),
        True,
        5,
        True,
    )


def test_the_librarys_numbers_are_strict_and_relaxed() -> None:
    lines = b'["library", "4.14"]\n["rdm", "a", 0, 1, 0, false]\n["rdm", "b", 0, 0, 1, false]'
    found = read_library_answers(lines)

    assert found is not None
    assert found.rdm == {
        "a": RdmText(Strategy.HOST, Policy.STRICT),
        "b": RdmText(Strategy.IGNORE, Policy.RELAXED),
    }


def test_a_library_that_takes_what_the_release_refuses_leaves_it_undecided() -> None:
    library_answers = LibraryAnswers(Release(4, 23), {}, {"00:14.0, x=1": True})
    found = resolve(guest("00:14.0, x=1"), facts(), stack(library_answers=library_answers))

    assert found.verdict is Verdict.UNDECIDED
    assert "libxlutil 4.23" in found.reasons[0].reason
    assert "'00:14.0, x=1'" in found.reasons[0].reason
    attached = hotplug(
        "00:14.0, x=1", guest("00:02.0"), facts(), stack(library_answers=library_answers)
    )
    assert attached.verdict is Verdict.UNDECIDED


def test_an_unset_policy_of_a_pv_guests_device_is_strict_from_the_start() -> None:
    assert answer(guest("00:14.0", type="pv")).settings.devices[0].policy is Policy.STRICT
    assert answer(guest("00:14.0")).settings.devices[0].policy is Policy.INVALID


def test_as_documented_a_device_inherits_the_policy_of_the_guest() -> None:
    def policy(release: str, **settings: object) -> Policy | None:
        one = guest("00:14.0", **settings)  # type: ignore[arg-type]
        return answer(one, release=release, documented=True).settings.devices[0].policy

    assert policy("4.17", rdm=HOST_RELAXED) is Policy.RELAXED
    assert policy("4.17", rdm="strategy=host") is Policy.STRICT
    assert policy("4.17") is Policy.STRICT
    assert policy("4.15") is Policy.STRICT
    assert policy("4.14") is Policy.RELAXED


def test_libvirt_lays_out_with_libxls_own_boundary() -> None:
    one = guest("00:14.0", rdm_mem_boundary=3000)

    assert answer(one).verdict is Verdict.REFUSED
    assert answer(one, toolstack=Toolstack.LIBVIRT).verdict is Verdict.STARTS


@pytest.mark.parametrize(
    ("release", "inherits"),
    [
        ("4.15.2", [False]),
        ("4.15.3", [True]),
        ("4.16.0", [False]),
        ("4.16.1", [True]),
        ("4.16", [False, True]),
        ("4.17.0", [True]),
        ("4.13.9", [False]),
    ],
)
def test_the_point_releases_that_mended_the_inheritance(release: str, inherits: list[bool]) -> None:
    behaviours = toolstack_behaviours(Release.parse(release))

    assert [one.devices_inherit for one in behaviours] == inherits


def _decisive(release: Release) -> list[object]:
    return list(dict.fromkeys(each.for_guests for each in behaviours_of(release)))


def test_every_release_does_as_the_span_it_is_in() -> None:
    spans = release_spans()
    covered = []
    for name, of_span in spans:
        first, _, last = name.partition(" to ")
        minors = range(Release.parse(first).minor, Release.parse(last or first).minor + 1)
        covered += list(minors)
        for minor in minors:
            one = Release(4, minor)
            assert toolstack_behaviours(one) == toolstack_behaviours(of_span)
            assert _decisive(one) == _decisive(of_span)
    assert covered == list(range(FIRST_SERIES[1], NEWEST_RELEASE[1] + 1))
    assert "4.10 to 4.11" in [name for name, _ in spans]


# What is told ----------------------------------------------------------------------------


def _policies(found: Resolution) -> list[list[str]]:
    source = source_object({"kind": "table", "path": ""}, found.stack)
    document = resolve_document([whole_answer(found)], [], source, {})
    one: Any = document["answer"]["guests"][0]
    return [region["policies"] for case in one["cases"] for region in case["layout"]["regions"]]


def test_a_region_may_be_under_several_policies_where_its_own_was_never_written() -> None:
    same = answer(guest(rdm="strategy=host"))
    device = answer(guest("00:14.0,rdm_policy=strict", rdm="strategy=host"))
    definite = answer(guest(rdm=HOST_STRICT), release="4.14.6")

    assert _policies(same) == [["strict", "relaxed", "neither"]] * 2
    assert _policies(device) == [["strict", "relaxed", "neither"], ["strict"]]
    assert _policies(definite) == [["strict"]] * 2


def test_the_settings_in_effect_say_what_counts_and_where_it_comes_from() -> None:
    told = {
        one.name: (one.value, one.origin)
        for one in whole_answer(
            answer(guest("00:14.0", "00:02.0,rdm_policy=relaxed", rdm_mem_boundary=1024))
        ).settings
    }

    assert told == {
        "type": ("hvm", "--type"),
        "memory": ("2800 MiB", "--memory"),
        "videoram": ("8 MiB", "default of cirrus"),
        "rdm_mem_boundary": ("1024 MiB", "--boundary"),
        "hap": ("yes", "assumed: the host's capability is unknown"),
        "strategy": ("ignore", "default"),
        "0000:00:14.0": ("strict", "default of libxl (--pci 00:14.0)"),
        "0000:00:02.0": ("relaxed", "--pci 00:02.0,rdm_policy=relaxed"),
    }


def test_a_setting_that_the_point_release_decides_has_both_values(worded: Worded) -> None:
    found = whole_answer(answer(guest("00:14.0", rdm=HOST_RELAXED), release="4.14"))

    (device,) = [one for one in found.settings if one.name == "0000:00:14.0"]
    worded(device.value)


def test_where_pages_and_release_differ_that_is_told(worded: Worded) -> None:
    worded(whole_answer(answer(guest(rdm=HOST_STRICT, rdm_mem_boundary=2800))).differences or ())
    shared = facts(shared={DEVICE_A: [A]})
    worded(whole_answer(answer(guest("00:14.0"), shared, "4.14")).differences or ())
    assert whole_answer(answer(guest("00:14.0"))).differences == ()
    odd = whole_answer(answer(guest("36:0x0.0"), release="4.17")).differences
    assert odd is not None
    worded(odd[0])


def test_up_to_4_9_a_type_that_is_not_read_contradicts_nothing() -> None:
    text = 'name = "g"\ntype = "pvh"\nbuilder = "hvm"\nmemory = 512\n'
    (one,) = read_guests(text, "g.cfg")

    assert answer(one, release="4.10").verdict is Verdict.REFUSED
    assert answer(one, release="4.9").verdict is Verdict.STARTS
    assert answer(one, release="4.9").guest.type.value == "hvm"
    (pvh,) = read_guests('name = "g"\ntype = "pvh"\n', "g.cfg")
    assert guest_remedies(answer(pvh, release="4.9")).spelling is None


def test_a_saved_guest_has_its_type_whatever_xl_reads() -> None:
    (one,) = read_guests('{"c_info": {"type": "hvm", "name": "w"}}', "w.json")

    assert answer(one, release="4.9").guest.type.value == "hvm"


def test_a_change_that_takes_no_warning_away_is_no_remedy() -> None:
    host = facts({DEVICE_A: [region(0x60000000)]}, shared={DEVICE_A: [region(0x60000000)]})
    found = answer(guest("00:14.0,rdm_policy=relaxed", memory=1024), host)

    assert len(found.reasons) == 1
    assert guest_remedies(found).ranked == ()


class _LiveDom0:
    """A recorded dom0 taken for this machine, whose libxlutil is of another release."""

    def __init__(self) -> None:
        self._recorded = open_host(str(MACHINES / "xen-pv-dom0")).reader
        self.asked: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._recorded, name)

    def call(self, request: HostRequest) -> bytes | Missing:
        """Answer for the library; all else as recorded."""
        if request.path != LIBXLUTIL.path:
            return self._recorded.call(request)
        self.asked.append(json.loads(request.arguments[0]))
        return b'["library", "4.14"]\n["rdm", "strategy=host,policy=strict", 0, 1, 0, false]\n'


_LIBVIRT = """<domain type="xen"><name>v</name><memory unit="MiB">2048</memory>
<os><type arch="x86_64" machine="xenfv">hvm</type></os></domain>"""


def test_a_guest_of_libvirt_is_told_too_that_the_release_of_its_tools_is_not_modelled(
    worded: Worded,
) -> None:
    context = context_of(_machine("xen-pv-dom0"), Question(), b'["library", "4.23"]\n')
    (one,) = read_guests(_LIBVIRT, "v.xml")
    of_libvirt = GuestResolver(context, Question()).context_for(one)

    assert of_libvirt.stack.toolstack is Toolstack.LIBVIRT
    assert str(of_libvirt.stack.release) == "4.23"
    worded(of_libvirt.stack.origin, "4.23 is not modelled")


@pytest.mark.parametrize("line", ["", None], ids=["known", "unknown"])
@pytest.mark.parametrize("name", ["xen-pv-dom0", "xen-amd-bookworm"])
def test_a_predicted_list_is_unknown_without_xens_command_line(
    name: str, line: str | None, worded: Worded
) -> None:
    """An unknown `rmrr=` or `ivmd=` may add a region; xen-pv-dom0 has one at 0x3c200000."""
    host = _machine(name)
    assert host.xen is not None
    unread = Missing(MissingKind.NOT_COLLECTED)
    xen = host.xen._replace(
        command_line=line,
        reserved_memory=unread,
        device_reserved_memory=unread,
        capabilities=("pv", "hvm", "hvm_directio", "pv_directio", "hap"),
    )
    question = Question(toolstack_release="4.12")
    context = context_of(host._replace(xen=xen), question)
    text = 'name="g"\nbuilder="hvm"\nmemory=512\nrdm="strategy=host,policy=strict"\n'
    (one,) = read_guests(text, "g.cfg")
    found = GuestResolver(context, question).resolve(one)

    assert found.verdict is (Verdict.STARTS if line == "" else Verdict.UNDECIDED)
    assert bool(context.inventory.xen.list.unread) is (line is None)
    if line is None:
        worded(context.inventory.xen.list.unread, "command line", "xl info")


@pytest.mark.parametrize("line", ["", None], ids=["known", "unknown"])
def test_a_device_that_is_refused_is_refused_whatever_xens_command_line(line: str | None) -> None:
    """00:1d.0 has a shared region: EPERM for strict. Without an IOMMU it is refused too."""
    host = _machine("xen-pv-dom0")
    assert host.xen is not None
    unread = Missing(MissingKind.NOT_COLLECTED)
    xen = host.xen._replace(
        command_line=line, reserved_memory=unread, device_reserved_memory=unread
    )
    context = context_of(host._replace(xen=xen), Question())
    (one,) = read_guests('name="g"\ntype="hvm"\nmemory=512\npci=["00:1d.0"]\n', "g.cfg")

    assert GuestResolver(context, Question()).resolve(one).verdict is Verdict.REFUSED


@pytest.mark.parametrize("line", ["", None], ids=["known", "unknown"])
def test_a_device_that_is_allowed_is_unknown_without_xens_command_line(line: str | None) -> None:
    """An unknown `rmrr=` can give it a region: on xen-pv-dom0 it does, to 00:03.0."""
    host = _machine("xen-pv-dom0")
    assert host.xen is not None
    unread = Missing(MissingKind.NOT_COLLECTED)
    xen = host.xen._replace(
        command_line=line,
        reserved_memory=unread,
        device_reserved_memory=unread,
        capabilities=("pv", "hvm", "hvm_directio", "pv_directio", "hap"),
    )
    context = context_of(host._replace(xen=xen), Question())
    (one,) = read_guests('name="g"\ntype="hvm"\nmemory=2048\npci=["00:03.0"]\n', "g.cfg")

    found = GuestResolver(context, Question()).resolve(one).verdict
    assert found is (Verdict.STARTS if line == "" else Verdict.UNDECIDED)


@pytest.mark.parametrize(
    ("release", "aborts"),
    [
        ("4.6", False),
        ("4.12", False),
        ("4.13", None),
        ("4.13.2", False),
        ("4.13.3", True),
        ("4.14", None),
        ("4.14.0", False),
        ("4.14.1", True),
        ("4.14.6", True),
    ],
)
def test_the_release_decides_whether_a_star_makes_xl_abort(
    release: str, *, aborts: bool | None
) -> None:
    """The assertion of d25cc3ec93 is in libxlu_pci.c from RELEASE-4.13.3 and RELEASE-4.14.1 on."""
    behaviours = toolstack_behaviours(Release.parse(release))

    assert {behaviour.parser.star_aborts for behaviour in behaviours} == {aborts}


def test_the_library_of_a_running_dom0_is_the_toolstacks_release(
    monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    dom0 = _LiveDom0()
    opened = OpenedHost(dom0, LIVE, "")
    monkeypatch.setattr("dmaragent.question.ask_host.open_host", lambda _: opened)
    asked = ask_host(None, Question(), [guest("00:1a.0", rdm=HOST_STRICT)], ["81:00.0"])

    assert dom0.asked == [{"series": ["4.17"], "rdm": [HOST_STRICT], "pci": ["00:1a.0", "81:00.0"]}]
    assert (str(asked.stack.release), str(asked.stack.hypervisor)) == ("4.14", "4.17.7")
    assert asked.stack.library_answers is not None
    worded(asked.stack.origin, "4.14")
    named = ask_host(None, Question(xen="4.17"))
    assert named.stack.library_answers is None
