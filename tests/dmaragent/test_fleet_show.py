"""What ``fleet show`` lists in full: reasons for missing data, and the errors of tables."""

import json
import shutil
from pathlib import Path

import pytest

from dmaragent.fleet.classes import hosts_by_errors
from dmaragent.fleet.fleet import FleetQuery, read_fleet
from dmaragent.fleet.json import export_rows
from dmaragent.fleet.records import NoData, Why
from dmaragent.fleet.text import without_text
from dmaragent.fleet.words import class_words
from support.altered import altered
from support.cli import run
from support.fleet_pool import fleet_of
from support.fleets import made_up_record
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
