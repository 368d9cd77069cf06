"""What ``fleet show`` lists in full: reasons for missing data, and the errors of tables."""

import json
from pathlib import Path

import pytest

from dmaragent.fleet.classes import hosts_by_errors
from dmaragent.fleet.json import export_rows
from dmaragent.fleet.records import NoData, Why
from dmaragent.fleet.text import without_text
from support.cli import run
from support.fleet_pool import fleet_of
from support.fleets import made_up_record

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
