"""What a user types who is new here: each mistake is answered with what to type instead."""

import errno
import gzip
import io
import os
import shutil
import sys
from pathlib import Path

import pytest

from support.bundles import tar_of
from support.cli import run
from support.machines import MACHINES
from support.tables import EVERY_STRUCTURE
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
LAPTOP = MACHINES / "lenovo-laptop"


def test_a_host_without_its_option_is_told_the_option(
    table_file: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "check", table_file)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err, table_file)


def test_an_unknown_option_is_sent_to_the_help_of_its_verb(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "encode", "a.json", "-o", "b", "--host", "c")

    assert ran.code == 2
    worded(ran.err)


@pytest.mark.parametrize(
    ("words", "program"),
    [
        pytest.param(["nonsense"], "dmaragent", id="no such verb"),
        pytest.param(["explain"], "dmaragent explain", id="no device"),
        pytest.param(["agent", "capture", "--output"], "dmaragent agent capture", id="no value"),
    ],
)
def test_what_the_option_parser_refuses_is_sent_to_the_nearest_help(
    words: list[str], program: str, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, *words)

    assert ran.code == 2
    worded(ran.err, program)


@pytest.mark.parametrize(
    "content", [EVERY_STRUCTURE, gzip.compress(tar_of({"a": b"bundle"}))], ids=["table", "archive"]
)
@pytest.mark.parametrize("verb", [["resolve"], ["hotplug", "00:14.0", "--into"]])
def test_a_host_in_the_place_of_a_guest_is_told_apart(
    verb: list[str], content: bytes, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "host"
    path.write_bytes(content)

    ran = run(capsys, *verb, path, "--host", LAPTOP)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err, path)


def test_a_packed_table_is_not_taken_for_an_archive_that_was_cut(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR.bin.gz"
    path.write_bytes(gzip.compress(EVERY_STRUCTURE))

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 0
    assert "DMAR, 258 bytes" in ran.out
    worded(ran.err)


def test_what_decode_cannot_open_is_told_as_other_verbs_tell_it(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    packed, folder = tmp_path / "DMAR.cpio", tmp_path / "empty"
    packed.write_bytes(b"070701" + b"0" * 104)
    folder.mkdir()

    for path in (packed, tmp_path / "none"):
        other = run(capsys, "inventory", "--host", path)
        assert run(capsys, "decode", path) == other
        assert other.err.count("\nNext: ") == 1
    worded(run(capsys, "decode", folder).err, folder)


def test_a_recording_that_lacks_a_file_is_told_among_others_with_one_colon(
    tmp_path: Path, capsys: Capture
) -> None:
    recorded = tmp_path / "laptop"
    shutil.copytree(LAPTOP, recorded)
    (recorded / "root/sys/firmware/acpi/tables/DMAR").unlink()

    ran = run(capsys, "decode", tmp_path, LAPTOP)

    assert f"{recorded}: root/sys/firmware/acpi/tables/DMAR " in ran.out


def test_what_is_no_document_of_decode_is_told_how_one_is_made(
    table_file: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "encode", table_file, "-o", "-")

    assert ran.code == 2
    worded(ran.err)


@pytest.mark.parametrize("words", [["explain"], ["inventory", "--device"]])
def test_what_is_no_pci_address_is_told_where_they_are(
    words: list[str], capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, *words, "14.0", "--host", LAPTOP)

    assert ran.code == 2
    worded(ran.err)


def test_a_device_that_another_host_lacks_is_told_where_its_devices_are(
    capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "explain", "00:14.7", "--host", LAPTOP)

    worded(ran.err, "0000:00:14.7", LAPTOP)


def test_an_address_with_a_letter_too_many_is_told_what_is_missing(
    capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "resolve", "--memory", 4096, "--pci", "00:1z.0", "--host", LAPTOP)

    said = " ".join(ran.out.split())
    worded(said, "0000:00:14.0")


def test_the_reason_of_a_file_far_away_is_not_cut_for_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    monkeypatch.chdir(tmp_path)
    guest = Path("f" * 60) / "far.cfg"
    guest.parent.mkdir()
    guest.write_text('name = "win"\ntype = "hvm"\nmemory = 4096\npci = [ "00:14.0" ]\n', "utf-8")

    ran = run(capsys, "resolve", guest, "--host", LAPTOP)

    head = " ".join(ran.out.split("Remedy")[0].split())
    worded(head, "0000:00:14.0")
    assert "…" not in head


def test_a_table_that_is_all_damage_is_not_called_absent(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR.bin"
    path.write_bytes(EVERY_STRUCTURE[:20])

    asked = ["resolve", "--memory", 1024, "--pci", "00:14.0", "--host", path]
    ran = run(capsys, *asked, "--json")

    assert ran.code == 2
    (guest,) = ran.document["answer"]["guests"]
    worded(reason["reason"] for reason in guest["reasons"])


def test_a_setting_that_xl_cannot_read_is_told_with_what_it_expects(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "bad.cfg"
    path.write_text("memory = \n", "utf-8")

    ran = run(capsys, "resolve", path, "--host", LAPTOP, "--json")

    assert ran.code == 1
    (guest,) = ran.document["answer"]["guests"]
    assert (guest["verdict"], guest["reasons"][0]["decider"]) == ("refused", "xl")
    worded(guest["reasons"][0]["reason"])


def test_a_service_that_publishes_nothing_names_the_file(tmp_path: Path, capsys: Capture) -> None:
    ran = run(capsys, "status", "--runtime", tmp_path / "none")

    assert ran.code == 1
    said = "".join(ran.out.split())
    assert f"nothing:{tmp_path}/none/inventory.json:Nosuchfile" in said


def _closed(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let nobody open or enter `path`, root neither."""
    opened, asked = os.open, os.access

    def deny(given: str, *rest: int, dir_fd: int | None = None) -> int:
        folder = "" if dir_fd is None else os.readlink(f"/proc/self/fd/{dir_fd}")
        if os.path.join(folder, os.fspath(given)).startswith(str(path)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), given)
        return opened(given, *rest, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", deny)
    monkeypatch.setattr(
        os, "access", lambda given, mode: str(given) != str(path) and asked(given, mode)
    )


def test_a_file_of_a_recording_that_may_not_be_read_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    recorded = tmp_path / "laptop"
    shutil.copytree(LAPTOP, recorded)
    _closed(monkeypatch, recorded / "root/sys/firmware/acpi/tables/DMAR")

    ran = run(capsys, "inventory", "--host", recorded)

    assert ran.code == 2
    worded(ran.err)


def test_a_folder_that_may_not_be_entered_is_not_called_no_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    _closed(monkeypatch, closed)

    ran = run(capsys, "inventory", "--host", closed)

    worded(ran.err, closed)


def test_a_folder_whose_guests_may_not_be_read_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    guest = tmp_path / "win.cfg"
    guest.touch()
    _closed(monkeypatch, guest)

    ran = run(capsys, "resolve", tmp_path, "--host", LAPTOP)

    assert ran.code == 2
    worded(ran.err.splitlines()[0], guest)


def test_the_name_of_a_log_in_the_place_of_a_message_is_read_as_that_log(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    log = tmp_path / "kern log"
    log.write_text("nothing of interest\n", "utf-8")

    ran = run(capsys, "why", log)

    assert ran.code == 1
    worded(ran.out)


def test_diff_takes_the_manual_pages_as_the_others_say(capsys: Capture) -> None:
    ran = run(capsys, "diff", LAPTOP, LAPTOP, "--xen", "documented")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No differences\n")


@pytest.mark.parametrize("verb", ["explain", "report"])
def test_a_verb_that_knows_no_manual_pages_refuses_them(
    verb: str, capsys: Capture, worded: Worded
) -> None:
    words = ["00:14.0"] if verb == "explain" else ["-o", "-"]

    ran = run(capsys, verb, *words, "--host", LAPTOP, "--xen", "documented")

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err, "4.17")


@pytest.mark.parametrize(
    "words",
    [
        ["resolve", "--memory", "4096", "--xen"],
        ["resolve", "--memory", "4096", "--toolstack-release"],
        ["explain", "00:14.0", "--xen"],
        ["diff", str(LAPTOP), str(LAPTOP), "--xen"],
        ["report", "-o", "-", "--xen"],
    ],
    ids=["resolve", "resolve: its tools", "explain", "diff", "report"],
)
@pytest.mark.parametrize("typed", ["four", "\u0664.\u0661\u0667"])
def test_what_is_no_release_is_told_with_the_option_as_it_is_typed(
    words: list[str], typed: str, capsys: Capture, worded: Worded
) -> None:
    host = [] if words[0] == "diff" else ["--host", LAPTOP]

    ran = run(capsys, *words, typed, *host)

    option = words[-1]
    worded(ran.err, "4.17", option, repr(typed))


def test_an_option_before_the_verb_is_told_the_order(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "--host", LAPTOP, "inventory")

    assert ran.code == 2
    worded(ran.err)


def test_the_folder_of_guests_that_pci_attach_is_asked_for_is_refused(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "hotplug", "00:14.0", "--into", tmp_path, "--host", LAPTOP)

    worded(ran.err, tmp_path)


def test_a_guest_of_another_name_is_answered_with_the_names_there(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "win.cfg"
    path.write_text('name = "win"\ntype = "hvm"\nmemory = 1024\n', "utf-8")

    ran = run(capsys, "hotplug", "00:14.0", "--into", path, "--guest", "lin", "--host", LAPTOP)

    worded(ran.err, path)


def test_a_device_that_is_not_there_is_told_before_a_guest_that_cannot_run(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "win.cfg"
    path.write_text('name = "win"\ntype = "hvm"\nmemory = 4096\npci = [ "00:14.0" ]\n', "utf-8")

    ran = run(capsys, "hotplug", "00:14.7", "--into", path, "--host", LAPTOP)

    assert ran.code == 1
    worded(ran.out, "0000:00:14.7")


def test_a_log_that_is_a_folder_is_not_called_a_log_without_faults(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "rmrr-option", "--from-log", tmp_path, "--host", LAPTOP)

    worded(ran.err, tmp_path)


def test_a_log_from_standard_input_is_called_so(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"quiet")))

    ran = run(capsys, "rmrr-option", "--from-log", "-", "--host", LAPTOP)

    worded(ran.err)


def test_what_a_spelling_comes_to_is_told_whole(capsys: Capture, worded: Worded) -> None:
    guest = LAPTOP / "guests/documented-4-14.cfg"

    ran = run(capsys, "resolve", guest, "--host", LAPTOP, "--xen", "4.17")

    head = " ".join(ran.out.split("Rests on")[0].split())
    worded(head)
