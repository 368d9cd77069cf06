"""A file is written whole or not at all."""

import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.collect.writing import write_new
from dmaragent.errors import DmaragentError
from support.wording import Worded


def _failing(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_holds_the_bytes_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "report.html"

    write_new(str(path), b"whole")

    assert path.read_bytes() == b"whole"
    assert _mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_not_private_has_what_the_umask_leaves(tmp_path: Path) -> None:
    path = tmp_path / "DMAR.bin"
    before = os.umask(0o027)
    try:
        write_new(str(path), b"table", private=False)
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)

    assert _mode(path) == 0o640


def test_a_name_without_a_folder_is_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    write_new("here", b"x")

    assert (tmp_path / "here").read_bytes() == b"x"


def test_a_file_that_is_there_is_replaced_only_with_force(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"precious")

    with pytest.raises(DmaragentError, match="out exists") as refused:
        write_new(str(path), b"new")
    assert "--force" in refused.value.hint
    assert path.read_bytes() == b"precious"

    write_new(str(path), b"new", force=True)
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_dangling_link_counts_as_there(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.symlink_to(tmp_path / "gone")

    with pytest.raises(DmaragentError, match="exists"):
        write_new(str(path), b"new")

    assert not (tmp_path / "gone").exists()


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path, worded: Worded) -> None:
    os.mkfifo(tmp_path / "node")

    with pytest.raises(DmaragentError) as refused:
        write_new(str(tmp_path / "node"), b"x", force=True)
    worded(str(refused.value))

    assert (tmp_path / "node").is_fifo()


@pytest.mark.parametrize("linking", ["links", "no links"])
def test_a_file_made_meanwhile_is_not_replaced(
    linking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    sync = os.fsync
    if linking == "no links":
        monkeypatch.setattr(os, "link", _failing(errno.EPERM))

    def meanwhile(descriptor: int) -> None:
        path.write_bytes(b"theirs")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)

    with pytest.raises(DmaragentError, match="exists"):
        write_new(str(path), b"ours")

    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP], ids=errno.errorcode.get)
def test_a_file_system_without_links_will_do(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    monkeypatch.setattr(os, "link", _failing(number))

    write_new(str(path), b"whole")

    assert path.read_bytes() == b"whole"
    with pytest.raises(DmaragentError, match="exists"):
        write_new(str(path), b"again")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "link", "replace"])
@pytest.mark.parametrize(
    ("fail", "raised"),
    [(_failing(errno.ENOSPC), DmaragentError), (_interrupted, KeyboardInterrupt)],
    ids=["full", "interrupted"],
)
def test_what_goes_wrong_leaves_the_folder_as_it_was(
    step: str,
    fail: Callable[..., None],
    raised: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "out"
    if step == "replace":
        path.write_bytes(b"precious")
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, step, fail)

    with pytest.raises(raised):
        write_new(str(path), b"new", force=step == "replace")

    assert sorted(tmp_path.iterdir()) == before
    assert step != "replace" or path.read_bytes() == b"precious"


def test_an_interrupt_leaves_no_empty_file_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", _failing(errno.EPERM))
    monkeypatch.setattr(os, "replace", _interrupted)

    with pytest.raises(KeyboardInterrupt):
        write_new(str(tmp_path / "out"), b"new")

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr(os, "fsync", _failing(errno.ENOSPC))

    with pytest.raises(DmaragentError) as refused:
        write_new(str(tmp_path / "out"), b"new")
    worded(str(refused.value))

    assert "free some space" in refused.value.hint


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path, worded: Worded) -> None:
    with pytest.raises(DmaragentError) as refused:
        write_new(str(tmp_path / "gone" / "out"), b"x")
    worded(str(refused.value))


def test_a_folder_that_cannot_be_synced_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)

    write_new(str(tmp_path / "out"), b"x")

    assert (tmp_path / "out").read_bytes() == b"x"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_a_signal_that_ends_the_process_leaves_the_folder_as_it_was(
    number: signal.Signals, tmp_path: Path
) -> None:
    program = (
        "import os, signal; from dmaragent.collect.writing import write_new; "
        f"os.fsync = lambda _: os.kill(os.getpid(), {number.value}); "
        f"signal.signal({number.value}, signal.SIG_DFL); write_new({str(tmp_path / 'x')!r}, b'1')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (-number, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_the_user_ignores_does_not_end_the_writing(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        write_new(str(tmp_path / "x"), b"1")
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
