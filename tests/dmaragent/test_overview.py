"""``dmaragent`` without a verb: the host in ten lines, whatever is known of it."""

from dataclasses import replace

import pytest

from dmaragent.collect.open_host import LIVE, OpenedHost
from dmaragent.commands.shared.overview import print_overview
from dmaragent.iommu.kinds import Absence, AbsenceKind
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.cli import run
from support.machines import MACHINES, NAMES

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("name", NAMES)
def test_a_host_fits_ten_lines_and_ends_with_the_next_command(name: str, capsys: Capture) -> None:
    assert print_overview(str(MACHINES / name)) == 0

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 10
    assert all(len(line) <= 80 or str(MACHINES) in line for line in lines)
    assert any(line.startswith("Next     dmaragent ") for line in lines)


def test_if_it_is_unknown_whether_xen_runs_each_side_has_its_numbers(capsys: Capture) -> None:
    print_overview(str(MACHINES / "hp-dl380e-gen8"))

    printed = capsys.readouterr().out
    assert "Devices  11 with reserved memory. Xen: 11 allowed with conditions\n" in printed
    assert "         Linux: 8 blocked, 3 unknown\n" in printed
    assert "and 6 more (by Linux)\n" in printed


def test_the_blocked_device_to_look_at_first_is_a_card_in_a_slot(capsys: Capture) -> None:
    """Of 00:1f.2, 01:00.0 and others of the board, and the RAID controller in slot 2."""
    print_overview(str(MACHINES / "hp-dl380e-gen8"), "dmaragent demo", "x")

    printed = capsys.readouterr().out
    assert "Blocked  0000:0a:00.0 " in printed
    assert "Next     dmaragent demo explain 0000:0a:00.0\n" in printed


def test_this_machine_has_an_overview_or_says_why_not(capsys: Capture) -> None:
    ran = run(capsys)

    assert ran.code == 0
    assert "Next " in ran.out


def test_a_table_that_needs_root_is_said_to_and_sudo_comes_first(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    absence = Absence(AbsenceKind.DENIED, ("Permission denied",), "DMAR")
    asked = ask_host(str(MACHINES / "xen-pv-dom0"), Question())
    inventory = asked.inventory._replace(absence=absence)
    opened = OpenedHost(asked.opened.reader, LIVE, "")
    denied = replace(asked, inventory=inventory, opened=opened)
    monkeypatch.setattr("dmaragent.commands.shared.overview.ask_host", lambda *_: denied)

    print_overview(None)

    printed = capsys.readouterr().out
    assert "needs root" in printed
    assert "Next     sudo dmaragent\n" in printed
