"""Answers about AMD hosts in words and numbers that agree with each other."""

import pytest

from support.cli import run
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
AM5, XEN = MACHINES / "synthetic-am5-desktop", MACHINES / "xen-amd-bookworm"


def _out(capsys: Capture, *arguments: object) -> str:
    return " ".join(run(capsys, *arguments).out.split())


def test_a_fix_that_removes_rdm_names_it_once(capsys: Capture) -> None:
    guest = AM5 / "guests/host.cfg"
    out = _out(capsys, "resolve", guest, "--host", AM5, "--xen", "4.20")

    assert "1 remove rdm= only the regions of the guest's own devices" in out


def test_regions_that_the_list_repeats_count_once(capsys: Capture) -> None:
    out = _out(capsys, "resolve", XEN / "guests/host.cfg", "--host", XEN)

    assert "none of its 8 regions (15 entries of Xen's list)" in out
    assert "moves RAM away from all of them" in out
