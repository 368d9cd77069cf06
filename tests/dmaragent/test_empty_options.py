"""An option with an empty text, as a script has with an unset variable: never the default instead."""

import pytest

from support.cli import run
from support.machines import MACHINES

HP = MACHINES / "hp-dl380e-gen8"
DOM0 = MACHINES / "xen-pv-dom0"
Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    "line",
    [
        ["decode", "--host", ""],
        ["decode", ""],
        ["inventory", "--host", ""],
        ["boot-option", "--check", "", "--host", DOM0],
        ["boot-option", "--check", "", "--host", DOM0, "--vendor", "amd"],
        ["resolve", "--memory", "512", "--toolstack-release", "", "--host", HP],
        ["resolve", "--memory", "512", "--xen", "", "--host", HP],
        ["inventory", "--or-show", "", "--host", HP],
    ],
    ids=lambda line: " ".join(word for word in map(str, line) if "/" not in word),
)
def test_an_empty_text_is_refused(line: list[object], capsys: Capture) -> None:
    """Decode read this machine, and boot-option checked the host's own option."""
    ran = run(capsys, *line)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert "this machine:" not in ran.err


def test_a_check_without_a_text_is_of_the_host_s_own_option(capsys: Capture) -> None:
    ran = run(capsys, "boot-option", "--check", "--host", DOM0)

    assert (ran.code, ran.err) == (0, "")
