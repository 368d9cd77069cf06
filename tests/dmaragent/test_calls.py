"""The calls of a running machine: commands that hang, fail or are not there."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from dmaragent.collect import ledger
from dmaragent.collect.live import calls
from dmaragent.collect.live import commands as running
from dmaragent.collect.live.host import LiveHost
from dmaragent.collect.reader import missing
from dmaragent.readings import Missing, MissingKind
from support.wording import Worded


def test_a_command_that_is_not_installed_is_absent(worded: Worded) -> None:
    found = calls.run_command(["no-such-command"])

    assert isinstance(found, Missing)
    assert found.kind is MissingKind.ABSENT
    worded(found.detail, "no-such-command")


def test_a_command_that_fails_says_in_its_own_words_why(worded: Worded) -> None:
    found = calls.run_command(["sh", "-c", "echo bad things >&2; exit 3"])

    assert isinstance(found, Missing)
    assert found.kind is MissingKind.FAILED
    worded(found.detail, "sh ", "3", "bad things")


def test_a_command_that_was_not_permitted_is_denied() -> None:
    found = calls.run_command(["sh", "-c", "echo Operation not permitted >&2; exit 1"])

    assert isinstance(found, Missing)
    assert found.kind is MissingKind.DENIED


def test_a_command_that_hangs_has_failed(monkeypatch: pytest.MonkeyPatch, worded: Worded) -> None:
    monkeypatch.setattr(calls, "_SECONDS", 0.05)

    found = calls.run_command(["sh", "-c", "read never </dev/zero; sleep 60"])

    assert isinstance(found, Missing)
    worded(found.detail)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("echo begin; sleep 60 & trap '' TERM; wait", None),
        ("echo whole; sleep 60 &", b"whole\n"),
    ],
    ids=["hangs with its child", "ends and leaves a child"],
)
def test_what_a_command_leaves_behind_is_not_waited_for(
    line: str, kept: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_SECONDS", 0.3)
    monkeypatch.setattr(running, "GRACE", 50)  # who waits for the child, waits longer than that

    found = calls.run_command(["sh", "-c", line])

    assert (found if isinstance(found, bytes) else None) == kept


def test_who_left_the_group_and_holds_the_output_open_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "GRACE", 0.2)
    escaped = f"setsid sh -c 'echo $$; sleep 20; touch {tmp_path}/end' & sleep 20"

    ended = running.run_within(1, ["sh", "-c", escaped])

    assert ended.code is None
    assert not (tmp_path / "end").exists()
    os.killpg(int(ended.output), signal.SIGKILL)


def test_a_command_has_nothing_of_the_user_s_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/home/somebody")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    ended = running.run_within(9, ["env"])

    assert sorted(ended.output.decode().split()) == [
        "LC_ALL=C",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",  # Xen from source
    ]


def test_an_interrupt_ends_what_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        while not (tmp_path / "pid").exists():
            pass
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        calls.run_command(
            ["sh", "-c", f"echo $$ >{tmp_path}/p; mv {tmp_path}/p {tmp_path}/pid; sleep 60"]
        )

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_no_more_of_a_call_is_kept_than_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    log = b"DMAR: 1\nDMAR: 2\nDMAR: 3\n"
    monkeypatch.setattr(calls, "run_command", lambda _: log)

    cut = replace(ledger.BOOT_LOG.request(), limit=len(log) - 1)
    assert LiveHost().call(cut) == b"DMAR: 1\nDMAR: 2\n"
    assert LiveHost().call(replace(cut, limit=len(log))) == log
    assert LiveHost().call(replace(ledger.XL_INFO.request(), limit=3)) == Missing(
        MissingKind.FAILED, "more than 3 bytes"
    )


def test_the_boot_log_of_busybox_is_that_of_the_kernel_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its dmesg has no --kernel: level and facility are before each line."""
    raw = b"<6>[0.1] DMAR: 1\n<30>[0.2] someone: DMAR: 2\n<9>DMAR: 3\n[0.3] DMAR: 4\n"
    unknown = Missing(MissingKind.FAILED, "dmesg exited with 1: dmesg: unrecognized option: kernel")
    answers = {"--kernel": unknown, "-r": raw}
    monkeypatch.setattr(calls, "run_command", lambda command: answers[command[1]])

    assert LiveHost().call(ledger.BOOT_LOG.request()) == b"[0.1] DMAR: 1\n[0.3] DMAR: 4\n"

    denied = Missing(MissingKind.DENIED, "not permitted")
    answers["-r"] = denied
    assert LiveHost().call(ledger.BOOT_LOG.request()) == denied
    answers = {"--kernel": denied, "-r": raw}
    assert LiveHost().call(ledger.BOOT_LOG.request()) == denied


def test_of_the_boot_log_only_the_lines_that_matter_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = (
        b"[0.0] BIOS-e820: [mem 0x0-0x9ffff] usable\n[0.1] usb 1-1: SerialNumber: secret\n"
        b"[0.2] ACPI: DMAR 0x7B00 0000A8\n[0.3] DMAR: Host address width 46\n"
    )
    monkeypatch.setattr(calls, "run_command", lambda _: log)

    assert LiveHost().call(ledger.BOOT_LOG.request()) == log.replace(
        b"[0.1] usb 1-1: SerialNumber: secret\n", b""
    )


def test_resources_come_from_psutil_or_say_why_not(
    monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    assert isinstance(LiveHost().call(ledger.RESOURCES.request()), bytes)

    def fail() -> None:
        raise OSError("no /proc")

    fake = SimpleNamespace(virtual_memory=fail, boot_time=fail)
    monkeypatch.setitem(sys.modules, "psutil", fake)
    assert LiveHost().call(ledger.RESOURCES.request()) == Missing(
        MissingKind.FAILED, "psutil: no /proc"
    )
    monkeypatch.setitem(sys.modules, "psutil", None)
    gone = LiveHost().call(ledger.RESOURCES.request())
    assert isinstance(gone, Missing)
    worded(gone.detail)


def test_every_call_of_the_ledger_is_made_by_the_live_host() -> None:
    names = {entry.path for entry in ledger.LEDGER if entry.operation is ledger.Operation.CALL}

    assert names == calls._CALLS.keys()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, MissingKind.ABSENT),
        (errno.ENODEV, MissingKind.ABSENT),
        (errno.ENXIO, MissingKind.ABSENT),
        (errno.EACCES, MissingKind.DENIED),
        (errno.EPERM, MissingKind.DENIED),
        (errno.EIO, MissingKind.FAILED),
    ],
)
def test_the_kind_of_missing_follows_from_the_error(number: int, kind: MissingKind) -> None:
    assert missing(OSError(number, "x")).kind is kind
