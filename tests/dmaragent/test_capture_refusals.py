"""integrations/capture.sh where something is in its way: names, rights, disks, interrupts."""

import os
import select
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support.capturing import (
    SCRIPT,
    SHELLS,
    Copy,
    add_script,
    capture,
    captured,
    command,
    comparable,
    copy_machine,
    read_log,
    unpack,
)
from support.cli import run
from support.wording import Worded, lines_about

Require = Callable[[str], None]
Capture = pytest.CaptureFixture[str]
NAMES = (
    b"plain", b"a b", b" lead", b'q"uote', b"it's", b"back\\slash", b"new\nline", b"end\n", b"tab\t",
    b"\x01\x1b[31m\x7f", b"\xff\xfe", "\u00fc\u20ac\U0001f600".encode(), b"\xed\xa0\x80", b"\xc0\xaf",
    b"$(touch oops)", b"`id`", b"-rf", b"*", b"[a]", b".dot", b"..two", b"%s%n", b"&amp;<b>",
)  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Give a machine with a table, as a tree."""
    return copy_machine("synthetic-overlap", tmp_path)


def _leftovers(directory: Path) -> list[str]:
    """Name what a run left in `directory`, beside what the test put there."""
    ours = {"tree", "programs", "applets", "recorded", "started", "small"}
    return sorted(each.name for each in directory.iterdir() if each.name not in ours)


@pytest.mark.parametrize("shell", SHELLS)
def test_odd_names_come_out_as_they_are(
    shell: str, copy: Copy, tmp_path: Path, require: Require, capsys: Capture
) -> None:
    require(shell)
    for number, name in enumerate(NAMES):
        slot = os.path.join(os.fsencode(copy.tree / "sys/bus/pci/slots"), name)
        os.makedirs(slot)
        with open(os.path.join(slot, b"address"), "wb") as file:
            file.write(b"0000:00:%02x\n" % number)
    expected = copy.record(tmp_path / "recorded")
    bundle = captured(shell, tmp_path, *copy.options)
    assert comparable(read_log(bundle)) == comparable(expected)
    assert run(capsys, "inventory", "--host", bundle).code in (0, 1)
    assert not (tmp_path / "oops").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_odd_links_come_out_as_they_are(
    shell: str, copy: Copy, tmp_path: Path, require: Require
) -> None:
    require(shell)
    devices = copy.tree / "sys/bus/pci/devices"
    targets = ("/etc", "..//..///./x", "../../../devices/odd\nname", "0000:00:aa.0", ".", "new\n")
    for number, target in enumerate(targets):
        (devices / f"0000:ee:{number:02x}.0").symlink_to(target)
    (devices / "0000:ef:00.0").mkdir()
    (devices / "0000:ef:00.0/class").write_text("0x020000\n")
    (devices / "0000:ef:00.0/vendor").mkdir()
    (devices / "0000:ef:00.0/device").write_bytes(bytes(65537))
    (devices / "0000:ef:00.0/sriov_totalvfs").write_bytes(bytes(65536))
    os.mkfifo(devices / "0000:ef:00.0/config")
    expected = copy.record(tmp_path / "recorded")
    bundle = captured(shell, tmp_path, *copy.options)
    assert comparable(read_log(bundle)) == comparable(expected)


def test_nothing_is_read_that_a_link_leads_out_to(
    copy: Copy, tmp_path: Path, require: Require
) -> None:
    require("dash")
    outside = tmp_path / "recorded"
    (outside / "id").mkdir(parents=True)
    (outside / "secret").write_text("secret\n")
    (outside / "id/sys_vendor").write_text("secret\n")
    (copy.tree / "proc/sys/kernel").mkdir(parents=True)
    (copy.tree / "proc/sys/kernel/osrelease").symlink_to(outside / "secret")
    shutil.rmtree(copy.tree / "sys/class", ignore_errors=True)
    (copy.tree / "sys/class").mkdir()
    (copy.tree / "sys/class/dmi").symlink_to(outside)
    (copy.tree / "sys/bus/pci/slots").symlink_to(outside)
    bundle = captured("dash", tmp_path, *copy.options)
    contents = [each.read_bytes() for each in bundle.rglob("*") if each.is_file()]
    assert not [each for each in contents if b"secret" in each]
    log = comparable(read_log(bundle))
    asked = ("read", "/proc/sys/kernel/osrelease"), ("list", "/sys/bus/pci/slots")
    assert [log[each] for each in asked] == ["failed", "failed"]


@pytest.mark.parametrize("shell", SHELLS)
def test_without_rights_the_rest_is_kept_and_it_says_so(
    shell: str, copy: Copy, tmp_path: Path, require: Require, worded: Worded
) -> None:
    require(shell)
    # Below tmp_path nobody else may go: the run has a directory of its own.
    with _open_directory() as place:
        shutil.copytree(copy.tree, place / "tree", symlinks=True)
        (place / "tree/sys/firmware/acpi/tables/DMAR").chmod(0)
        closed = place / "tree/sys/kernel/iommu_groups"
        closed.mkdir(parents=True, exist_ok=True)
        closed.chmod(0)
        shutil.copy(SCRIPT, place / "capture.sh")
        words, environment = command(shell, place, "-o", place / "b.tar", "--root", place / "tree")
        words = [str(place / "capture.sh") if each == str(SCRIPT) else each for each in words]
        user = 65534 if os.geteuid() == 0 else None
        ran = subprocess.run(
            words, env=environment, user=user, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        worded(lines_about(ran.stderr, "denied"), "2")
        with tarfile.open(place / "b.tar") as packed:
            owners = {(each.uid, each.gid, each.uname, each.gname) for each in packed}
        log = comparable(read_log(unpack(place / "b.tar", tmp_path / "unpacked")))
        closed.chmod(0o700)
    denied = [key for key, outcome in log.items() if outcome == "denied"]
    assert denied == [
        ("read", "/sys/firmware/acpi/tables/DMAR"),
        ("list", "/sys/kernel/iommu_groups"),
    ]
    if shell != "busybox":  # its tar cannot leave out whose files they are
        assert owners == {(0, 0, "", "")}


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("Permission denied", "denied"),
        ("Operation not permitted", "denied"),  # a kernel in lockdown
        ("Input/output error", "failed"),
        ("No such device", "not-collected"),  # what a copied tree lacks was perhaps not copied
    ],
)
def test_the_error_of_a_file_decides_its_outcome(
    reason: str, outcome: str, copy: Copy, tmp_path: Path
) -> None:
    table = "/sys/firmware/acpi/tables/DMAR"
    error = f"echo \"dd: failed to open 'DMAR': {reason}\" >&2; exit 1"
    add_script(
        tmp_path / "programs",
        "dd",
        f'case $1 in *{table}) {error} ;; esac; PATH=/usr/bin:/bin exec dd "$@"',
    )

    log = comparable(read_log(captured("dash", tmp_path, *copy.options)))

    assert log["read", table] == outcome


class _open_directory:  # noqa: N801 - read as a function
    """A directory in which everybody may write."""

    def __enter__(self) -> Path:
        made = subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True)
        self.path = Path(made.stdout.strip())
        self.path.chmod(0o777)
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path)


def test_a_file_that_is_there_is_not_overwritten_without_force(
    copy: Copy, tmp_path: Path, require: Require
) -> None:
    require("dash")
    there = tmp_path / "recorded"
    there.write_text("mine")
    for options in (
        ["-o", there],
        ["-o", tmp_path],
        ["-o", tmp_path / "no/such"],
        ["--root", there],
    ):
        ran = capture("dash", tmp_path, *options)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("capture.sh: ")
    assert there.read_text() == "mine"
    assert _leftovers(tmp_path) == []
    ran = capture("dash", tmp_path, "--force", "-o", there, *copy.options)
    assert ran.returncode == 0, ran.stderr
    assert tarfile.is_tarfile(there)
    assert there.stat().st_mode & 0o777 == 0o600
    assert _leftovers(tmp_path) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("blocks", [1, 4, 8, 40])
def test_a_full_disk_leaves_nothing(
    shell: str, blocks: int, copy: Copy, tmp_path: Path, require: Require
) -> None:
    require(shell)
    (copy.tree / "proc").mkdir()
    (copy.tree / "proc/cpuinfo").write_bytes(os.urandom(40000))
    words, environment = command(shell, tmp_path, "-o", tmp_path / "out.tar.gz", *copy.options)
    # No file may be larger: what a write past it gives is what a full disk gives.
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *words]
    ran = subprocess.run(limited, env=environment, capture_output=True, text=True, check=False)
    if blocks == 40:
        assert ran.returncode == 0, ran.stderr
        assert _leftovers(tmp_path) == ["out.tar.gz"]
    else:
        assert ran.returncode == 2, ran.stderr
        assert "cannot write" in ran.stderr
        assert _leftovers(tmp_path) == []


def test_a_file_made_meanwhile_is_not_replaced(
    copy: Copy, tmp_path: Path, require: Require, worded: Worded
) -> None:
    require("dash")
    output, tar = tmp_path / "out.tar", shutil.which("tar")
    add_script(tmp_path / "programs", "tar", f'echo theirs >"{output}"; exec {tar} "$@"')
    words, environment = command("dash", tmp_path, "-o", output, *copy.options)
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    worded(ran.stderr)
    assert output.read_text() == "theirs\n"
    assert _leftovers(tmp_path) == ["out.tar"]


@pytest.mark.parametrize("name", ["out.tar", "out.tar.gz"])
def test_a_tar_that_fails_half_way_leaves_nothing(
    name: str, copy: Copy, tmp_path: Path, require: Require
) -> None:
    require("dash")
    body = 'case "$*" in *dev/null*) ;; *) echo half; exit 2 ;; esac'
    add_script(tmp_path / "programs", "tar", body)
    words, environment = command("dash", tmp_path, "-o", tmp_path / name, *copy.options)
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "tar failed" in ran.stderr or "cannot write" in ran.stderr
    assert _leftovers(tmp_path) == []


@pytest.mark.parametrize("place", ["TMPDIR", "output"])
def test_a_full_file_system_leaves_nothing(
    place: str, copy: Copy, tmp_path: Path, require: Require
) -> None:
    require("dash")
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        (copy.tree / "proc").mkdir()
        (copy.tree / "proc/cpuinfo").write_bytes(os.urandom(40000))
        output = small / "out.tar" if place == "output" else tmp_path / "out.tar"
        words, environment = command("dash", tmp_path, "-o", output, *copy.options)
        if place == "TMPDIR":
            environment["TMPDIR"] = str(small)
        ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 2
        assert "cannot write" in ran.stderr
        assert _leftovers(small) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert _leftovers(tmp_path) == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_interrupt_leaves_nothing(  # noqa: PLR0913, PLR0917 - a case, and fixtures
    shell: str, number: signal.Signals, copy: Copy, tmp_path: Path, require: Require, worded: Worded
) -> None:
    require(shell)
    started = tmp_path / "started"
    os.mkfifo(started)
    add_script(tmp_path / "programs", "dmesg", f'exec 9>"{started}"; echo >&9; exec sleep 600')
    add_script(tmp_path / "programs", "timeout", 'shift; exec "$@"')  # no end but the script's
    words, environment = command(
        shell, tmp_path, "-o", tmp_path / "out.tar.gz", *copy.options, "--calls"
    )
    with (
        subprocess.Popen(
            words,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
            # A shell cannot trap what was ignored when it started, as nohup and "&" leave it.
            preexec_fn=partial(signal.signal, number, signal.SIG_DFL),  # noqa: PLW1509 - one thread
        ) as process,
        started.open() as child,
    ):
        assert child.readline()
        process.send_signal(number)
        assert process.stderr is not None
        worded(process.stderr.read())
        # The end comes when nobody holds it open any more: the hanging program is gone too.
        assert select.select([child], [], [], 60)[0], "what it started goes on"
        assert child.read() == ""
    assert process.returncode == 128 + number
    assert _leftovers(tmp_path) == []
