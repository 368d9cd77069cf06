"""The guests of a fleet: one resolution for each class, verdicts, exit codes, hosts without data."""

import json
from pathlib import Path
from typing import Any

import pytest

from dmaragent.commands.fleet.common import exit_code, worst_code
from dmaragent.fleet import guests as fleet_guests
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.fleet import Fleet
from dmaragent.fleet.guests import (
    ClassVerdict,
    GuestOnFleet,
    _remedy,
    _verdict,
    kind_of,
    resolve_on,
)
from dmaragent.fleet.json import guest_objects
from dmaragent.fleet.text import guests_text
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.words import HARM_WORDS
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind
from support.cli import run
from support.fleet_pool import GUEST, XL, fleet_of, guests
from support.fleets import made_up_guests, made_up_record
from support.machines import MACHINES

STRICT = GUEST.replace("00:1a.0", "00:1a.0,rdm_policy=strict")


def test_one_resolution_for_each_class_and_kind_of_guest(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests that differ in their name and file alone are one kind."""
    resolved: list[str] = []
    own = GuestResolver.resolve

    def counting(self: GuestResolver, guest: Guest) -> object:
        resolved.append(guest.name)
        return own(self, guest)

    monkeypatch.setattr(GuestResolver, "resolve", counting)
    many = [
        guest
        for number in range(5)
        for guest in read_all_guests(GUEST.replace('"g"', f'"g{number}"'), f"g{number}.cfg")
    ]
    many += read_all_guests(GUEST.replace("2048", "1024"), "small.cfg")
    records = fleet_of(pool).records

    found = resolve_on(records, many, XL)

    assert len(resolved) == len(xen_classes(records)) * 2 == 6
    assert [guest.name for guest in found] == ["g0", "g1", "g2", "g3", "g4", "g"]
    assert len({guest.verdicts for guest in found}) == 2


def test_fixes_are_tried_for_the_largest_classes(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = fleet_of(pool).records
    strict = guests(GUEST.replace("00:1a.0", "00:1a.0,rdm_policy=strict"))
    (whole,) = resolve_on(records, strict, XL)
    monkeypatch.setattr(fleet_guests, "REMEDIES_OF", 1)
    (found,) = resolve_on(records, strict, XL)
    (every,) = resolve_on(records, strict, XL, all_remedies=True)

    refused = [own for _, own in found.verdicts if own.verdict is Verdict.REFUSED]
    assert len(refused) > 1
    assert [own.remedies is not None for own in refused] == [True] + [False] * (len(refused) - 1)
    assert every == whole
    assert [own._replace(remedies=None, lines=()) for _, own in found.verdicts] == [
        own._replace(remedies=None, lines=()) for _, own in whole.verdicts
    ]


@pytest.mark.parametrize(("need", "code"), [(38, 0), (45, 2), (48, 1), (None, 1)])
def test_hosts_without_data_may_tip_it(need: int | None, code: int) -> None:
    assert exit_code(40, 3, 7, need) == code


def test_the_verbs_answer_and_their_exit_codes_are_three_valued(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    guest = tmp_path / "g.cfg"
    guest.write_text(GUEST)

    shown = run(capsys, "fleet", "show", str(pool), "--json", "--xen", "4.17")
    found = run(
        capsys, "fleet", "resolve", str(guest), "--on", str(pool), "--xen", "4.17", "--json"
    )
    device = run(capsys, "fleet", "device", "usb", "--on", str(pool), "--xen", "4.17", "--json")
    lines = run(capsys, "fleet", "export", str(pool), "--xen", "4.17").out.splitlines()

    assert json.loads(shown.out)["answer"]["classes"][0]["hosts"] == ["xen001", "xen002"]
    counts = json.loads(found.out)["answer"]["guests"][0]["counts"]
    assert sum(counts.values()) == 5
    assert counts["no_data"] == 1
    assert {row["host"] for row in json.loads(device.out)["answer"]["devices"]} >= {"hp", "amd"}
    assert [json.loads(line)["name"] for line in lines] == [
        "amd",
        "hp",
        "xen001",
        "xen002",
        "broken",
    ]
    assert found.code == 1


def test_a_guest_that_starts_everywhere_depends_on_the_hosts_without_data(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = tmp_path / "plain.cfg"
    guest.write_text('name = "p"\ntype = "hvm"\nmemory = 512\n')
    on = ("--on", str(pool), "--xen", "4.17", "--no-cache")

    assert run(capsys, "fleet", "resolve", str(guest), *on).code == 2
    assert run(capsys, "fleet", "resolve", str(guest), *on, "--need", "4").code == 0
    assert run(capsys, "fleet", "resolve", str(guest), *on, "--need", "6").code == 1


def test_verdicts_are_of_hosts_and_not_of_classes(pool: Path) -> None:
    (found,) = resolve_on(fleet_of(pool).records, guests(), XL)

    total = sum(found.hosts(verdict) for verdict in Verdict)
    assert total == 4


def test_a_reason_names_no_file_because_guests_share_it(pool: Path) -> None:
    strict = GUEST.replace("00:1a.0", "00:1a.0,rdm_policy=strict")
    many = [
        guest
        for name in ("a", "b")
        for guest in read_all_guests(strict.replace('"g"', f'"{name}"'), f"{name}.cfg")
    ]

    reasons = [
        reason
        for guest in resolve_on(fleet_of(pool).records, many, XL)
        for _, own in guest.verdicts
        for reason in own.reasons
    ]

    assert any("line 4" in reason for reason in reasons)
    assert not any(".cfg" in reason for reason in reasons)


@pytest.mark.parametrize(
    "wrong",
    [("--need", "0"), ("--jobs", "0"), ("--stale", "-1"), ("--stale", "nan"), ("--hosts", "")],
)
def test_impossible_numbers_and_names_are_refused(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: tuple[str, str]
) -> None:
    guest = tmp_path / "g.cfg"
    guest.write_text(GUEST)
    ran = run(capsys, "fleet", "resolve", str(guest), "--on", str(pool), "--no-cache", *wrong)

    assert (ran.code, ran.out) == (2, "")
    assert wrong[0] in ran.err


def test_a_fix_has_its_lines_and_the_next_command_is_named(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`resolve --host` has the same lines; a path is quoted for the shell."""
    guest = tmp_path / "my guest.cfg"
    guest.write_text(STRICT)
    on = ("--on", str(pool), "--xen", "4.17", "--no-cache")
    single = run(
        capsys, "resolve", str(guest), "--host", str(pool / "hp"), "--xen", "4.17", "--json"
    )
    lines = [
        remedy["lines"]
        for remedy in json.loads(single.out)["answer"]["guests"][0]["remedies"]
        if remedy["verdict"] == "starts"
    ]

    ran = run(capsys, "fleet", "resolve", str(guest), *on)
    verdicts = json.loads(run(capsys, "fleet", "resolve", str(guest), *on, "--json").out)

    of_hp = next(
        row for row in verdicts["answer"]["guests"][0]["verdicts"] if row["hosts"] == ["hp"]
    )
    assert lines
    assert of_hp["remedy_lines"] == lines
    assert len(of_hp["remedies"]) == len(lines)
    assert f"        {lines[0][0]}\n" in ran.out
    assert f"Next: dmaragent resolve '{guest}' --host {pool}/" in ran.out
    assert " --xen 4.17\n" in ran.out


@pytest.mark.parametrize(
    ("verb", "option"),
    [
        ("resolve g.cfg --on pool", "--need"),
        ("resolve g.cfg --on pool", "--jobs"),
        ("resolve g.cfg --on pool", "--bar-room"),
        ("collect -w a -o pool", "--fanout"),
        ("collect -w a -o pool", "--timeout"),
    ],
)
def test_a_text_that_is_not_a_number_is_named(
    capsys: pytest.CaptureFixture[str], verb: str, option: str
) -> None:
    """Without the names of Python's types and of functions."""
    ran = run(capsys, "fleet", *verb.split(), option, "x")

    assert ran.code == 2
    assert option in ran.err
    assert "'x' is not a" in ran.err
    assert "invalid" not in ran.err


def test_a_release_that_is_not_modelled_is_named(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of --xen, and one that runs."""
    guest = tmp_path / "g.cfg"
    guest.write_text(GUEST)
    on = ("--on", str(pool / "hp"), "--no-cache")
    named = run(capsys, "fleet", "resolve", str(guest), *on, "--xen", "5.0")
    twice = run(capsys, "fleet", "diff", str(pool), str(pool), "--no-cache", "--xen", "5.0")
    newer = made_up_record("a", xen="5.1")
    fleet = fleet_of(pool)._replace(records=(newer,), without=())
    text = " ".join(
        "\n".join(guests_text(made_up_guests([newer], 1), fleet, details=False)).split()
    )

    assert "Xen 5.0 is not modelled" in " ".join(named.err.split())
    assert twice.err.count("not modelled") == 1
    assert "Xen 5.1 is not modelled" in text


def test_a_reason_is_printed_once_for_all_classes(pool: Path) -> None:
    """Ten classes with one reason hide no other one."""
    records = [made_up_record(f"h{number:02}", number) for number in range(11)]
    classes = xen_classes(records)
    absent = ClassVerdict(Verdict.REFUSED, ("no device",), risk=False, remedies=None, absent=True)
    other = absent._replace(reasons=("its region overlaps",), absent=False)
    found = GuestOnFleet(
        name="g",
        source="g.cfg",
        kvm=False,
        verdicts=(*((of, absent) for of in classes[:10]), (classes[10], other)),
    )
    fleet = fleet_of(pool)._replace(records=tuple(records), without=())

    text = "\n".join(guests_text([found], fleet, details=False))

    assert text.count("no device") == 1
    assert "(10 hosts): h[00-09]" in text
    assert "its region overlaps" in text
    assert text.count("another address") == 1


def test_a_device_that_is_not_there_is_known_as_absent(pool: Path) -> None:
    records = [record for record in fleet_of(pool).records if record.name == "xen001"]
    for address, absent in (("77:00.0", True), ("00:1a.0,rdm_policy=strict", False)):
        (found,) = resolve_on(records, guests(GUEST.replace("00:1a.0", address)), XL)

        ((_, own),) = found.verdicts
        assert own.absent is absent


@pytest.mark.parametrize("harm", Harm)
def test_a_fix_that_leaves_a_risk_has_it_beside(harm: Harm) -> None:
    """Such as rdm_policy=relaxed: the list of fixes of a class has no other place for it."""
    fix = GuestRemedy(
        kind=RemedyKind.POLICY,
        action="Relax it",
        verdict=Verdict.STARTS,
        harm=harm,
    )

    text = _remedy(fix)

    assert text.startswith("Relax it")
    assert (text == "Relax it") is (harm is Harm.NONE)
    assert HARM_WORDS[harm] in text


@pytest.mark.parametrize(
    ("verdict", "harm", "risk"),
    [
        (Verdict.STARTS, Harm.SHARED, True),
        (Verdict.STARTS, Harm.NONE, False),
        (Verdict.UNDECIDED, Harm.CORRUPTION, False),
    ],
)
def test_only_a_guest_that_starts_is_at_risk(
    monkeypatch: pytest.MonkeyPatch,
    verdict: Verdict,
    harm: Harm,
    risk: bool,  # noqa: FBT001 - a case
) -> None:
    resolver = GuestResolver(ask_host(str(MACHINES / "hp-dl380e-gen8"), XL), XL)
    (guest,) = guests(STRICT)
    found = resolver.resolve(guest)
    warning = found.reasons[0]._replace(harm=harm)
    changed = found._replace(verdict=verdict, reasons=(warning, warning))
    monkeypatch.setattr(GuestResolver, "resolve", lambda *_: changed)

    of_host = _verdict(resolver, guest, remedies=False)

    assert (of_host.verdict, of_host.risk, of_host.absent) == (verdict, risk, False)
    assert len(of_host.reasons) == 1


def test_fixes_that_were_not_tried_are_not_none() -> None:
    """Of five classes two start the guest, two refuse it, and one is unknown."""
    records = [made_up_record(f"h{number}", number) for number in range(5)]

    (row,) = guest_objects(made_up_guests(records, 1), 5)

    assert row["counts"] == {"starts": 2, "refused": 2, "undecided": 1, "no_data": 5}
    assert [(own["remedies"], own["remedy_lines"]) for own in row["verdicts"]] == [
        (None, None),
        (["Set rdm_mem_boundary to 1 MiB"], []),
        (None, None),
        (None, None),
        (["Set rdm_mem_boundary to 4 MiB"], []),
    ]


def test_a_no_counts_before_an_unknown() -> None:
    """The exit code of several guests, as of `resolve`."""
    assert [worst_code(codes) for codes in ([0, 0], [0, 2], [2, 1, 0], [1, 2])] == [0, 2, 1, 1]


def test_a_file_with_the_name_of_a_part_of_an_address_hides_no_difference() -> None:
    """The places of settings are left out of the kind of a guest, and nothing else."""
    text = 'name = "g"\ntype = "hvm"\nmemory = 512\npci = ["{}:03:00.0"]\n'
    (one,), (other,) = (
        read_all_guests(text.format(segment), segment) for segment in ("0000", "0001")
    )
    (same,) = read_all_guests(text.format("0000"), "a.cfg")

    assert kind_of(one) != kind_of(other)
    assert kind_of(one) == kind_of(same)


def test_a_host_without_xen_whose_libxlutil_answered_has_that_release() -> None:
    """As `resolve` on one host: the library's release comes before the newest one."""
    none: dict[str, Any] = {"xen": None, "without_xen": True, "runs_xen": False}
    records = (made_up_record("a", **none), made_up_record("b", library="1" * 12, **none))
    fleet = Fleet(records, (), (), 2, None)
    guest = GuestOnFleet(name="g", source="g.cfg", kvm=False, verdicts=())

    def text(xen: str | None) -> str:
        return " ".join(" ".join(guests_text((guest,), fleet, xen=xen, details=False)).split())

    assert "the newest known release, on 1 host without Xen." in text(None)
    assert "Assumes the Xen of the installed libxlutil on 1 host." in text(None)
    assert "libxlutil" not in text("4.17")
    assert "2 hosts run Linux without Xen" in text("4.17")
