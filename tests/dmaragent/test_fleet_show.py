"""What ``fleet show`` lists in full: reasons for missing data, and the errors of tables."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dmaragent.fleet.classes import hosts_by_errors, odd_hosts, xen_classes
from dmaragent.fleet.documents import LeftOut, WhyLeftOut
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.guests import ClassVerdict, GuestOnFleet
from dmaragent.fleet.json import export_rows
from dmaragent.fleet.records import HostRecord, NoData, Why
from dmaragent.fleet.text import guests_text, show_text, without_text
from dmaragent.fleet.words import ODD, class_words, left_out_lines
from dmaragent.policy.decisions import Verdict
from support.altered import altered
from support.cli import run
from support.fleet_pool import fleet_of
from support.fleets import made_up_fleet, made_up_record
from support.machines import MACHINES


def test_an_export_has_no_number_of_findings_without_a_table() -> None:
    records = [
        made_up_record("b", table="", no_table="denied"),
        made_up_record("a", findings=(1, 2)),
    ]
    lost = [NoData("d", Why.STALE, "old"), NoData("c", Why.UNREADABLE, "damaged")]

    rows = list(export_rows(records, lost))

    assert [(row["name"], row["errors"], row["warnings"], row["no_data"]) for row in rows] == [
        ("a", 1, 2, ""),
        ("b", None, None, ""),
        ("c", None, None, "unreadable"),
        ("d", None, None, "stale"),
    ]
    assert [row["no_data_detail"] for row in rows] == ["", "", "damaged", "old"]


LOST = [NoData(f"h{number}", Why.UNREADABLE, f"reason {number}") for number in range(5)]


def test_reasons_that_are_left_out_are_counted() -> None:
    short = "\n".join(without_text(LOST, details=False))
    without_option = "\n".join(without_text(LOST, details=None))
    whole = "\n".join(without_text(LOST, details=True))

    assert [f"reason {number}" in short for number in range(5)] == [True] * 3 + [False] * 2
    assert "2 more reasons" in short
    assert "2 more reasons: run dmaragent fleet show --details" in without_option
    assert all(host.detail in whole for host in LOST)
    assert "more" not in whole
    assert "more" not in "\n".join(without_text(LOST[:3], details=False))


def test_hosts_with_the_same_errors_are_together() -> None:
    records = [
        made_up_record("a", errors=("rmrr-overlap",)),
        made_up_record("b"),
        made_up_record("c", errors=("rmrr-in-ram", "rmrr-overlap")),
        made_up_record("d", errors=("rmrr-overlap",)),
    ]

    assert hosts_by_errors(records) == (
        (("rmrr-overlap",), ("a", "d")),
        (("rmrr-in-ram", "rmrr-overlap"), ("c",)),
    )


def test_details_name_the_errors_of_a_table(pool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show = ("fleet", "show", str(pool / "amd"), "--no-cache")
    answer = json.loads(run(capsys, *show, "--json").out)["answer"]
    (record,) = fleet_of(pool / "amd").records

    assert answer["table_errors"] == [
        {"hosts": ["amd"], "findings": ["ivmd-many-entries", "ivmd-range-wide"]}
    ]
    assert "amd: ivmd-many-entries ivmd-range-wide" in run(capsys, *show, "--details").out
    assert "ivmd-range-wide" not in run(capsys, *show).out
    assert "ivmd-range-wide" in record.errors
    assert [row["errors"] for row in export_rows([record], ())] == [record.findings[0]]


@pytest.mark.parametrize("name", ["synthetic-pvh-dom0", "synthetic-sosreport-without-table", "cut"])
def test_an_unknown_number_of_regions_is_not_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Without a table, and of a damaged table; then errors are those that were found."""
    before, after = tmp_path / "before", tmp_path / "after"
    for folder in (before, after):
        folder.mkdir()
    table = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"
    (after / "host.bin").write_bytes(table.read_bytes())
    if name == "cut":
        (before / "host.bin").write_bytes(table.read_bytes()[:200])
    else:
        shutil.copytree(MACHINES / name, before / "host")
    on = (str(before), "--no-cache")

    shown = run(capsys, "fleet", "show", *on)
    (of,) = json.loads(run(capsys, "fleet", "show", *on, "--json").out)["answer"]["classes"]
    row = json.loads(run(capsys, "fleet", "export", *on).out)
    changed = run(capsys, "fleet", "diff", str(before), str(after), "--no-cache").out

    assert of["regions"] is None
    assert row["regions"] is None
    assert (row["errors"] is None) == (name != "cut")
    assert "0 regions" not in shown.out
    assert "regions: unknown, now 9" in changed


def test_every_key_of_an_export_is_explained_in_its_order(
    pool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (MACHINES.parents[1] / "docs/fleet.md").read_text()
    table = page[page.index("| `name` |") : page.index("## One page of all hosts")]
    explained = [
        key.strip(" `")
        for line in table.splitlines()
        if line.startswith("| `")
        for key in line.split("|")[1].split(",")
    ]
    export = ("fleet", "export", str(pool), "--no-cache")
    rows = [json.loads(line) for line in run(capsys, *export).out.splitlines()]
    header = run(capsys, *export, "--csv").out.splitlines()[0].split(",")

    assert explained == header
    assert [list(row) for row in rows] == [header] * len(rows)
    lost = [row["no_data_detail"] for row in rows if row["no_data"]]
    assert len(lost) == 1
    assert str(pool / "broken.tar.xz") in lost[0]


def test_show_counts_others_and_names_the_next_command(
    pool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = [
        made_up_record(name, linux=linux, xen=None, runs_xen=False)
        for name, linux in (("a", "6.1"), ("b", "6.2"))
    ]

    assert "Linux 6.1 and 1 other" in class_words(two)
    assert "dmaragent check --host" in run(capsys, "fleet", "show", str(pool), "--no-cache").out


def test_export_prints_how_many_files_it_wrote(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "features"
    ran = run(capsys, "fleet", "export", str(pool / "hp"), "--nfd", "-o", str(folder))

    assert ran.out == f"Wrote 1 file to {folder}\n"


VERSION = "/sys/hypervisor/version"


def test_an_unknown_release_of_xen_is_not_shown_as_linux(tmp_path: Path) -> None:
    """A dom0 of which neither /sys/hypervisor/version nor xl info was collected."""
    unknown = {f"{VERSION}/major": None, f"{VERSION}/minor": None}
    altered("xen-pv-dom0", tmp_path / "dom0", unknown, {"xl-info": None})
    (record,) = read_fleet([str(tmp_path)], FleetQuery()).records

    assert (record.xen, record.runs_xen) == (None, True)
    assert "Xen of unknown release" in class_words([record])
    assert "Linux 6.1" not in class_words([record])


def test_hosts_with_warnings_alone_have_no_errors_and_odd_hosts_are_in_order() -> None:
    records = [
        made_up_record("warned", findings=(0, 2)),
        made_up_record("wrong", findings=(1, 0)),
    ]
    usual = {
        model: [made_up_record(f"{model}{at}", model=model) for at in range(4)] for model in "ab"
    }
    odd = [
        *usual["b"],
        made_up_record("b9", model="b", firmware="other"),
        *usual["a"],
        made_up_record("a9", model="a", table="other"),
    ]

    lines = list(show_text(xen_classes(records), odd_hosts(odd), (), details=False))

    (errors,) = [line for line in lines if line.startswith("Errors in")]
    assert errors.split(": ")[1] == "wrong"
    assert [line.split(":")[0] for line in lines[lines.index(ODD) + 1 :]] == ["  a9", "  b9"]


def test_classes_that_are_left_out_are_counted_with_their_hosts() -> None:
    classes = xen_classes(made_up_fleet(21, 10))
    short, whole = (
        "\n".join(show_text(classes, (), (), details=details)) for details in (False, True)
    )

    assert "2 more classes with 4 hosts" in short
    assert "more class" not in whole
    assert "more class" not in "\n".join(show_text(classes[:8], (), (), details=False))


def test_a_reason_of_several_hosts_is_shown_once() -> None:
    same = [NoData(name, Why.UNREADABLE, "damaged") for name in "abcdef"]

    text = "\n".join(without_text(same, details=False))

    assert text.count("damaged") == 1
    assert "more" not in text


def test_a_class_whose_most_frequent_value_is_unknown_says_so() -> None:
    hosts = [made_up_record(name, firmware=None) for name in "ab"]

    assert "unknown and 1 other" in class_words([*hosts, made_up_record("c", firmware="9")])


def test_files_that_are_left_out_are_named_by_their_reason_and_of_many_the_rest_is_counted() -> (
    None
):
    notes = [LeftOut(f"pool/note{at}.md", WhyLeftOut.OTHER) for at in range(7)]
    link = LeftOut("pool/link", WhyLeftOut.LINK)

    many, one = left_out_lines([*notes, link])

    assert many.startswith("7 files ")
    assert "note4.md and 2 more" in many
    assert one == "1 link is not followed: link"


# Guests -------------------------------------------------------------------------------------

STARTS = ClassVerdict(Verdict.STARTS, (), risk=False, remedies=None)


def _guests_lines(  # noqa: PLR0913 - each is what a test varies
    verdicts: Mapping[str, ClassVerdict],
    records: Sequence[HostRecord],
    *,
    details: bool = False,
    xen: str | None = None,
    names: Sequence[str] = ("g",),
    need: int | None = None,
    without: Sequence[NoData] = (),
) -> list[str]:
    """Return the lines about guests with the verdicts of `verdicts`, by the first host of a class."""
    classes = xen_classes(records)
    found = tuple((of, verdicts.get(of.first.name, STARTS)) for of in classes)
    guests = [
        GuestOnFleet(name=name, source=f"{at}.cfg", kvm=False, verdicts=found)
        for at, name in enumerate(names)
    ]
    fleet = Fleet(tuple(records), tuple(without), (), len(records), None)
    return list(guests_text(guests, fleet, need=need, xen=xen, details=details))


def _refused(*reasons: str, fix: str = "", line: str = "") -> ClassVerdict:
    return ClassVerdict(
        Verdict.REFUSED, reasons, risk=False, remedies=(fix,), lines=((line,),) if line else ((),)
    )


def test_only_guests_with_the_name_of_another_one_have_their_file() -> None:
    lines = _guests_lines({}, [made_up_record("a")], names=("g", "h", "g"))

    assert [line.split(":")[0] for line in lines if "starts on" in line] == [
        "g (0.cfg)",
        "h",
        "g (2.cfg)",
    ]


def test_classes_with_other_reasons_fixes_or_lines_are_apart_and_most_hosts_are_first() -> None:
    verdicts = {
        "a": _refused("R", "S", fix="F", line="x=1"),
        "b": _refused("R", "S", fix="F", line="x=2"),
        "c": _refused("R", "S", fix="G", line="x=2"),
        "d": _refused("R", "S", fix="F", line="x=1"),
    }
    classes = {"a": 1, "b": 2, "c": 3, "d": 4}
    records = [made_up_record(name, number) for name, number in classes.items()]
    records += [made_up_record(f"c{at}", 3) for at in range(3)]

    lines = _guests_lines(verdicts, records)

    heads = [line.split(": ")[1] for line in lines if line.startswith("  ") and " host" in line]
    assert heads == ["c c[0-2] (Server 3 2.3)", "a d", "b (Server 2 2.2)"]
    assert [line.strip() for line in lines if line.startswith("     ")].count("x=1") == 1
    assert sum("1 more reason: add --details" in line for line in lines) == 3
    assert not any("more reason" in line for line in _guests_lines(verdicts, records, details=True))


def test_answers_that_are_left_out_are_counted_by_classes_and_hosts() -> None:
    """Eight classes of two hosts have a reason each, two of a host have another one together."""
    records = [*made_up_fleet(16, 8), made_up_record("y", 8), made_up_record("z", 9)]
    verdicts = {f"xen{at:05}": _refused(f"R{at}") for at in range(8)}
    verdicts |= dict.fromkeys("yz", _refused("R8"))

    lines = _guests_lines(verdicts, records)

    assert [line.strip() for line in lines if "more class" in line] == [
        "2 more classes with 2 hosts: add --details"
    ]


def test_the_labels_of_nine_classes_with_one_answer_are_cut() -> None:
    lines = "\n".join(_guests_lines({}, made_up_fleet(9, 9)))

    assert "A B C D E F G H and 1 more (9 hosts)" in lines


@pytest.mark.parametrize(
    ("need", "lost", "answer"),
    [(2, 0, "yes"), (3, 1, "unknown"), (4, 1, "unknown"), (4, 0, "no"), (5, 1, "no")],
)
def test_hosts_without_an_answer_may_be_enough(need: int, lost: int, answer: str) -> None:
    records = [made_up_record(name, number) for number, name in enumerate("abc", 1)]
    verdicts = {"c": ClassVerdict(Verdict.UNDECIDED, ("?",), risk=False, remedies=None)}
    without = [NoData(f"x{at}", Why.STALE, "old") for at in range(lost)]

    lines = _guests_lines(verdicts, records, need=need, without=without)
    head = " ".join(" ".join(lines[:2]).split())

    assert f"Enough for --need {need}: {answer}" in head


def test_the_next_command_needs_a_document_that_is_a_file() -> None:
    packed = made_up_record("a", 1, where="pool.tar: a.tar.xz")
    verdicts = {"a": _refused("no"), "b": _refused("no, too")}

    lines = _guests_lines(verdicts, [packed, made_up_record("b", 2)])

    assert [line for line in lines if line.startswith("Next:")] == [
        "Next: dmaragent resolve 0.cfg --host pool/b.tar.xz"
    ]
    assert not any(line.startswith("Next:") for line in _guests_lines(verdicts, [packed]))


@pytest.mark.parametrize(
    ("facts", "xen", "words"),
    [
        ({"xen": None, "without_xen": True, "runs_xen": False}, None, ("1 host without Xen",)),
        ({"xen": None}, None, ("1 host of unknown release",)),
        ({"xen": None, "library": "a"}, None, ("libxlutil on 1 host",)),
        ({"xen": "4.17.4", "library": "a"}, None, ()),
        ({"xen": None, "library": "a"}, "4.17", ()),
        ({"functions_known": False}, None, ("1 host whose PCI functions are unknown",)),
        ({"list_source": "predicted"}, None, ("predicted on 1 host",)),
    ],
)
def test_what_is_assumed_is_counted_by_hosts(
    facts: dict[str, Any], xen: str | None, words: tuple[str, ...]
) -> None:
    text = " ".join(" ".join(_guests_lines({}, [made_up_record("a", **facts)], xen=xen)).split())

    assumed = [
        each
        for each in ("without Xen", "of unknown release", "libxlutil", "PCI functions", "predicted")
        if each in text
    ]
    assert len(assumed) == len(words)
    assert all(each in text for each in words)
