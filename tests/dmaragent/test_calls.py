"""The calls of a running machine: commands that hang, fail or are not there."""

import errno
import sys
from types import SimpleNamespace

import pytest

from dmaragent.collect import calls, ledger
from dmaragent.collect.live import LiveHost
from dmaragent.collect.reader import missing
from dmaragent.snapshot import Missing, MissingKind


def test_a_command_that_is_not_installed_is_absent() -> None:
    assert calls.run_command(["no-such-command"]) == Missing(
        MissingKind.ABSENT, "no-such-command is not installed"
    )


def test_a_command_that_fails_says_in_its_own_words_why() -> None:
    found = calls.run_command(["sh", "-c", "echo bad things >&2; exit 3"])

    assert found == Missing(MissingKind.FAILED, "sh exited with 3: bad things")


def test_a_command_that_was_not_permitted_is_denied() -> None:
    found = calls.run_command(["sh", "-c", "echo Operation not permitted >&2; exit 1"])

    assert isinstance(found, Missing)
    assert found.kind is MissingKind.DENIED


def test_a_command_that_hangs_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_SECONDS", 0.05)

    found = calls.run_command(["sh", "-c", "read never </dev/zero; sleep 60"])

    assert isinstance(found, Missing)
    assert "did not answer" in found.detail


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


def test_resources_come_from_psutil_or_say_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert "psutil cannot be used" in gone.detail


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
