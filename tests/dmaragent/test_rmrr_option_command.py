"""``dmaragent rmrr-option``: what it prints, its documents, its exit codes."""

from pathlib import Path

import pytest

from support.cli import run
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
DOM0 = MACHINES / "xen-pv-dom0"
HP = MACHINES / "hp-dl380e-gen8"


def test_a_region_of_128_kib_becomes_two_words(capsys: Capture) -> None:
    ran = run(capsys, "rmrr-option", "0xbdf3e000-0xbdf5dfff=00:1d.0", "--host", HP)

    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0] == (
        "rmrr= for 1 region: 2 of Xen's 10 ranges (Xen 4.22, the newest known here)"
    )
    assert "  rmrr=0xbdf3e-0xbdf4d=00:1d.0" in lines
    assert "  rmrr=0xbdf4e-0xbdf5d=00:1d.0" in lines


def test_the_option_a_host_has_booted_with_is_checked(capsys: Capture) -> None:
    ran = run(capsys, "rmrr-option", "--check", "--host", DOM0)

    assert ran.code == 0
    assert ran.out.startswith("rmrr= is taken, 1 range (Xen 4.17)\n")
    document = run(capsys, "rmrr-option", "--check", "--host", DOM0, "--json").document
    (one,) = document["answer"]["ranges"]
    assert one["range"] == {"base": "0x3c200000", "limit": "0x3c201fff"}
    assert (one["taken"], one["devices"]) == (True, ["0000:00:03.0"])


def test_a_document_of_what_was_written_keeps_to_its_schema(capsys: Capture) -> None:
    ran = run(capsys, "rmrr-option", "0xbdf3e000+8K=00:1d.0", "--host", HP, "--json")

    answer = ran.document["answer"]
    assert answer["option"]["words"] == "rmrr=0xbdf3e-0xbdf3f=00:1d.0"
    assert answer["mode"] == "write"


def test_a_log_without_a_fault_is_no_answer(tmp_path: Path, capsys: Capture) -> None:
    log = tmp_path / "log"
    log.write_text("nothing of it\n")

    ran = run(capsys, "rmrr-option", "--from-log", log, "--host", HP)

    assert (ran.code, ran.out) == (2, "")
    assert "has no DMA fault of VT-d" in ran.err
