"""What an error offers to do next fits the host in question: somebody else's is not at hand."""

import pytest

from dmaragent.collect.open_host import LIVE, OpenedHost, open_host
from dmaragent.commands.shared.hosts import no_table
from dmaragent.commands.shared.words.messages import no_log_read
from dmaragent.iommu.kinds import Absence, AbsenceKind
from support.cli import run
from support.machines import MACHINES

HP = MACHINES / "hp-dl380e-gen8"
OF_THIS_MACHINE = ("lspci", "sudo", "xl ", "dmesg")
Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "words",
    [
        ["explain", "nonsense"],
        ["explain", "00:05.0"],
        ["explain", "0c:00"],
        ["inventory", "--device", "nonsense"],
        ["inventory", "--device", "00:05.0"],
        ["why"],
    ],
    ids=" ".join,
)
def test_a_hint_about_another_host_calls_no_program_of_it(
    words: list[str], capsys: Capture
) -> None:
    ran = run(capsys, *words, "--host", HP)

    assert "Next: " in ran.err
    assert not any(program in ran.err for program in OF_THIS_MACHINE)
    if words != ["why"]:
        assert f"--host {HP}" in " ".join(ran.err.split())


def test_who_may_not_read_a_table_is_told_so_only_about_this_machine() -> None:
    denied = Absence(AbsenceKind.DENIED, ("Permission denied",), "DMAR")
    another = open_host(str(HP))
    this = OpenedHost(another.reader, LIVE, "")

    assert "sudo" in no_table(denied, this).hint
    assert not any(program in no_table(denied, another).hint for program in OF_THIS_MACHINE)


def test_a_log_is_piped_only_from_this_machine() -> None:
    assert "sudo dmesg" in no_log_read(live=True).hint
    assert not any(program in no_log_read(live=False).hint for program in OF_THIS_MACHINE)
