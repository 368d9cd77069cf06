"""Documents about guests: null is unknown, empty and false are none, values are there."""

from dataclasses import replace
from typing import Any

import pytest

from dmaragent.addresses import FOUR_GIB, MIB, SBDF, AddressRange
from dmaragent.answers.guest import Answer
from dmaragent.guests.config import Complaint, GuestConfig, GuestType
from dmaragent.guests.kvm_guest import GuestFormat, KvmDevice, KvmGuest
from dmaragent.guests.qemu_memory import GuestRam
from dmaragent.guests.rdm import Policy
from dmaragent.host.memory_map import MemoryType
from dmaragent.passthrough.kvm_resolution import AssignedFunction, KvmResolution, RegionsSource
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, SourceRule, Verdict
from dmaragent.policy.hotplug import Hotplug
from dmaragent.policy.layout import (
    GuestLayout,
    MapEntry,
    PlacedRegion,
    Placement,
    RamLayout,
    Reservation,
)
from dmaragent.policy.library_answers import LibraryAnswers
from dmaragent.policy.settings import RdmSettings
from dmaragent.present.html.guests import guests_section
from dmaragent.present.json.hotplug import hotplug_document
from dmaragent.present.json.resolve import resolve_document
from dmaragent.releases import Release
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind
from support.cli import check_document
from support.guests import DEVICE_A, DEVICE_B, E2, HOST_RELAXED, A, B, answer, facts, guest, stack
from support.inventories import UNIT, inventory_of
from support.pages import Page

HOST = {"host": {"kind": "live", "path": ""}, "libxlutil": None, "rests_on": ""}
WARNING = Decision(Decider.XEN, Effect.WARNING, "why", region=A)
REFUSED = Decision(
    Decider.LIBXL,
    Effect.REFUSED,
    "why",
    rule=SourceRule("file.c", "EPERM"),
    shown="EPERM",
    region=A,
    device=DEVICE_A,
    place="guest:3",
)
REFUSED_OBJECT = {
    "decider": "libxl",
    "effect": "refused",
    "reason": "why",
    "rule": "file.c",
    "shown": "EPERM",
    "region": {"base": "0xac6d3000", "limit": "0xac6e6fff"},
    "device": "0000:00:14.0",
    "place": "guest:3",
}
BARE_OBJECT = {
    "decider": "Xen",
    "effect": "warning",
    "reason": "why",
    "rule": "",
    "shown": "",
    "region": None,
    "device": None,
    "place": "",
}
SPELLING = GuestRemedy(kind=RemedyKind.SPELLING, action="a", verdict=Verdict.STARTS)
RISK = GuestRemedy(
    kind=RemedyKind.POLICY,
    action="a",
    verdict=Verdict.UNDECIDED,
    lines=("x = 1",),
    warnings=2,
    harm=Harm.HOST_MEMORY,
    lost="memory",
    undo="remove it",
)
RESOLVED = answer(guest("00:14.0", rdm="strategy=host,policy=strict"))


def _document(*answers: Answer | KvmResolution, skipped: Any = (), others: Any = None) -> Any:
    document = resolve_document(answers, skipped, HOST, others or {})  # type: ignore[arg-type]
    check_document(document)
    return document["answer"]


def _one(resolution: Any = RESOLVED, **more: object) -> Any:
    given: dict[str, object] = {"remedies": None, "differences": None, "settings": (), **more}
    return _document(Answer(resolution=resolution, **given))["guests"][0]  # type: ignore[arg-type]


def _of(config: GuestConfig) -> Any:
    return _one(RESOLVED._replace(guest=config))


# Xen guests ------------------------------------------------------------------------------


def test_a_guest_that_cannot_be_read_has_neither_type_nor_sizes() -> None:
    read = guest(memory=2800, videoram=16)
    shown, unread = _of(read), _of(replace(read, readable=False))

    assert (shown["type"], shown["memory"]["start"]) == ("hvm", 2800 * MIB)
    assert (unread["type"], unread["memory"]) == (None, None)


def test_sizes_are_null_only_if_they_depend_on_the_reading_of_0b() -> None:
    plain, other = guest(memory=1024), guest(memory=2048)

    assert _of(replace(plain, binary=other))["memory"] is None
    assert _of(replace(plain, binary=replace(plain, seize=True)))["memory"] is not None
    assert _of(plain)["memory"]["mmio_hole"] is None


def test_a_short_answer_has_no_fixes_and_a_whole_one_those_that_there_are() -> None:
    names = ("remedies", "spelling", "why_nothing_helps", "cases", "documented_differences")
    short = _one()
    none = _one(remedies=GuestRemedies((), "nothing"), differences=())
    some = _one(remedies=GuestRemedies((RISK,), "", SPELLING), differences=("differs",))

    assert [short[name] for name in names] == [None] * 5
    assert [none[name] for name in names[:3]] == [[], None, "nothing"]
    assert (none["documented_differences"], len(none["cases"])) == ([], len(RESOLVED.outcomes))
    assert some["documented_differences"] == ["differs"]
    assert (some["spelling"]["kind"], some["why_nothing_helps"]) == ("spelling", "")
    (risk,) = some["remedies"]
    assert {name: risk[name] for name in ("kind", "lines", "verdict", "warnings", "harm")} == {
        "kind": "policy",
        "lines": ["x = 1"],
        "verdict": "undecided",
        "warnings": 2,
        "harm": "host-memory",
    }
    assert (risk["undo"], some["spelling"]["undo"]) == ("remove it", "")
    assert (some["spelling"]["warnings"], some["spelling"]["harm"]) == (0, "none")


def test_a_decision_about_nothing_has_no_region_device_or_rule() -> None:
    bare = Decision(Decider.XEN, Effect.WARNING, "why")
    shown = _one(RESOLVED._replace(reasons=(REFUSED, bare)))

    assert shown["reasons"] == [REFUSED_OBJECT, BARE_OBJECT]


def test_what_is_ignored_needed_or_reported_is_there() -> None:
    settings = RdmSettings(
        messages=(Complaint("g:1", "read otherwise"),), ignored_settings=("ignored",)
    )
    host = facts(notes=("assumed",))
    shown = _one(
        RESOLVED._replace(settings=settings, prerequisites=("bind",), host=host), reports=("bug",)
    )
    none = _one(RESOLVED._replace(settings=RdmSettings(), prerequisites=()))

    names = ("messages", "losses", "needs", "list_notes", "reports")
    assert [shown[name] for name in names] == [
        [{"place": "g:1", "text": "read otherwise"}],
        ["ignored"],
        ["bind"],
        ["assumed"],
        ["bug"],
    ]
    assert [none[name] for name in names] == [[]] * 5


def test_tools_and_hypervisor_have_a_release_each() -> None:
    other = replace(stack("4.14.6"), hypervisor=Release.parse("4.17"), documented=True)

    assert _one(RESOLVED._replace(stack=other))["stack"] == {
        "toolstack": "xl",
        "release": "4.14.6",
        "hypervisor": "4.17",
        "documented": True,
    }
    assert _one()["stack"]["documented"] is False


def test_a_layout_has_the_ram_before_and_after_and_the_owner_of_each_region() -> None:
    by_guest = Reservation(A, Policy.STRICT, None, from_host=True)
    by_device = Reservation(B, Policy.RELAXED, DEVICE_B, from_host=False)
    layout = GuestLayout(
        RamLayout(0xB0000000, 0),
        RamLayout(0xA0000000, FOUR_GIB + MIB),
        (
            PlacedRegion(by_guest, Placement.MOVED, "moved"),
            PlacedRegion(by_device, Placement.HIDDEN, "hidden"),
        ),
    )
    entries = (
        MapEntry(AddressRange(0, 0xA0000000), MemoryType.RAM),
        MapEntry(AddressRange(FOUR_GIB, FOUR_GIB), MemoryType.RAM),
    )
    (case,) = RESOLVED.outcomes
    built = case.built._replace(layout=layout, memory_map=entries, warnings=(WARNING,))
    host = facts(owners={A: (DEVICE_A, DEVICE_B)})

    def shown(**changes: object) -> Any:
        outcome = case._replace(built=built._replace(**changes))  # type: ignore[arg-type]
        resolution = RESOLVED._replace(outcomes=(outcome,), host=host)
        return _one(resolution, remedies=GuestRemedies((), ""))["cases"][0]

    assert shown(layout=None)["layout"] is None
    whole = shown()
    assert whole["layout"]["before"] == {"lowmem_end": "0xb0000000", "highmem_end": "0x0"}
    assert whole["layout"]["after"] == {"lowmem_end": "0xa0000000", "highmem_end": "0x100100000"}
    names = ("owners", "decided_by", "from_host", "outcome", "reason")
    assert [tuple(each[name] for name in names) for each in whole["layout"]["regions"]] == [
        (["0000:00:14.0", "0000:00:02.0"], None, True, Placement.MOVED.value, "moved"),
        ([], "0000:00:02.0", False, Placement.HIDDEN.value, "hidden"),
    ]
    assert whole["memory_map"] == [{"base": "0x0", "limit": "0x9fffffff", "type": "System RAM"}]
    assert [len(whole[name]) for name in ("decisions", "warnings")] == [len(built.decisions), 1]


def test_files_that_are_no_guests_and_other_releases_are_there() -> None:
    others = {Verdict.STARTS: ("4.15 to 4.22",), Verdict.REFUSED: ()}
    one = Answer(resolution=RESOLVED, remedies=None, differences=None, settings=())
    shown = _document(one, skipped=[("xl.conf", "no guest")], others=others)

    assert shown["passed_over"] == [{"path": "xl.conf", "reason": "no guest"}]
    assert shown["other_releases"] == {"starts": ["4.15 to 4.22"], "refused": []}


# KVM guests ------------------------------------------------------------------------------


def test_a_kvm_guest_has_the_verdict_of_each_device_and_no_ram_that_is_empty() -> None:
    every = KvmDevice(DEVICE_A, "g:1", "hostpci0", all_functions=True)
    one = KvmDevice(DEVICE_B, "g:2", "hostpci1")
    config = KvmGuest("g", "", GuestFormat.PROXMOX, notes=(Complaint("g:3", "no assignment"),))
    ram = GuestRam((AddressRange(0, 0x80000000), AddressRange(FOUR_GIB, FOUR_GIB)))
    resolution = KvmResolution(
        guest=config,
        host=facts(),
        kernel=None,
        regions_source=RegionsSource.PREDICTED,
        verdict=Verdict.REFUSED,
        reasons=(REFUSED,),
        functions=(
            AssignedFunction(every, DEVICE_A, Verdict.REFUSED),
            AssignedFunction(one, DEVICE_B, Verdict.UNDECIDED, "bind"),
            AssignedFunction(every, SBDF(0, 0, 0x14, 1), Verdict.STARTS, "bind"),
        ),
        ram=(ram,),
    )
    (shown,) = _document(resolution)["guests"]
    (unknown,) = _document(resolution._replace(ram=(), functions=(), kernel="6.1"))["guests"]

    assert [(each["device"], each["all_functions"], each["can"]) for each in shown["devices"]] == [
        ("0000:00:14.0", True, "no"),
        ("0000:00:02.0", False, "unknown"),
        ("0000:00:14.1", True, "yes"),
    ]
    assert shown["ram"] == [[{"base": "0x0", "limit": "0x7fffffff"}]]
    assert (shown["needs"], shown["reasons"]) == (["bind"], [REFUSED_OBJECT])
    assert shown["messages"] == [{"place": "g:3", "text": "no assignment"}]
    assert [shown[name] for name in ("kernel", "machine", "memory_size")] == [None] * 3
    assert [unknown[name] for name in ("ram", "needs", "kernel")] == [[], [], "6.1"]


# Attached devices ------------------------------------------------------------------------


def _attached(**facts_: object) -> Any:
    given: dict[str, object] = {
        "text": "00:14.0",
        "guest": guest(memory=1024),
        "stack": stack(),
        "host": facts(),
        "verdict": Verdict.STARTS,
        "pci": None,
        "policy": Policy.RELAXED,
        "decisions": (),
        "warnings": (),
        "prerequisites": (),
    }
    document = hotplug_document(Hotplug(**{**given, **facts_}), "live", "")  # type: ignore[arg-type]
    check_document(document)
    return document


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Verdict.STARTS, "attached"),
        (Verdict.REFUSED, "refused"),
        (Verdict.UNDECIDED, "undecided"),
    ],
)
def test_a_device_is_attached_and_does_not_start(verdict: Verdict, shown: str) -> None:
    assert _attached(verdict=verdict)["answer"]["verdict"] == shown


def test_the_warnings_are_the_reasons_of_a_device_without_others() -> None:
    warned, both, none = (
        _attached(decisions=decisions, warnings=warnings)["answer"]
        for decisions, warnings in (((), (WARNING,)), ((REFUSED,), (WARNING,)), ((), ()))
    )

    for answered, reasons, warnings in (
        (warned, ["warning"], ["warning"]),
        (both, ["refused"], ["warning"]),
        (none, [], []),
    ):
        assert [one["effect"] for one in answered["reasons"]] == reasons
        assert [one["effect"] for one in answered["warnings"]] == warnings


def test_what_an_attached_device_needs_and_loses_is_there() -> None:
    names = ("policy", "list_notes", "advice", "losses", "needs", "ignored_keys")
    shown = _attached(
        host=facts(notes=("assumed",)),
        prerequisites=("bind",),
        ignored_settings=("ignored",),
        advice=("try",),
    )
    strict = _attached(policy=Policy.STRICT)

    assert [shown["answer"][name] for name in names] == [
        *("relaxed", ["assumed"], ["try"], ["ignored"], ["bind"], []),
    ]
    assert [strict["answer"][name] for name in names] == ["strict", *[[]] * 5]


def test_the_type_of_a_guest_that_cannot_be_read_is_null() -> None:
    config = replace(guest(memory=1024), type=GuestType.PVH)
    shown, unread = (
        _attached(guest=one)["answer"]["guest"] for one in (config, replace(config, readable=False))
    )

    assert (shown["type"], unread["type"]) == ("pvh", None)


def test_the_release_of_a_library_is_there_if_one_was_asked() -> None:
    library = LibraryAnswers(Release.parse("4.17"))
    asked = _attached(stack=stack(library_answers=library, origin="asked"))["origin"]

    assert (asked["libxlutil"], asked["rests_on"]) == ("4.17", "asked")
    assert _attached()["origin"]["libxlutil"] is None


# The report ------------------------------------------------------------------------------


def test_a_region_that_xen_lists_for_several_devices_is_drawn_once() -> None:
    """On AMD, Xen's list has a region once for each device ID."""
    resolution = answer(guest(rdm=HOST_RELAXED), facts(listed=[A, B, A, A]), E2)
    assert resolution.outcome is not None
    assert resolution.outcome.built.layout is not None
    assert len(resolution.outcome.built.layout.placed) == 4

    found = guests_section(
        inventory_of(UNIT),
        [Answer(resolution=resolution, remedies=None, differences=None, settings=())],
    )
    assert found is not None
    page = Page(found.content.source)
    labels = [one.text for one in page.all("text", class_="beside")]
    assert len(labels) == 2
    assert page.text.count("0xac6d3000-0xac6e6fff, ") == 1
