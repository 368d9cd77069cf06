"""Every way that tools write a tar, and what each limit says."""

import gzip
import os
import re
import shutil
import subprocess
import tarfile
import threading
import tracemalloc
from pathlib import Path

import pytest

from dmaragent.collect.formats.archive import read_archive
from dmaragent.collect.formats.decompress import Expansion
from dmaragent.collect.formats.members import MemberKind
from dmaragent.collect.formats.tar import Tar
from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import BUNDLE
from dmaragent.collect.words import shown
from dmaragent.errors import HostError
from support.bundles import PACKERS, TOP, machine_files, member, pack_tar, tar_of, zip_of
from support.cli import run
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
MACHINE = "qemu-q35-rmrr"
NAMES = [
    "sys/devices/x/class",
    "sys/devices/" + "y" * 99 + "/class",
    "sys/devices/" + "pci0000:00/" * 12 + "0000:00:1f.6/class",
    "sys/devices/" + "z" * 300 + "/class",
    "sys/devices/f\xfcr/\u4e2d/class",
    "sys/devices/\udcff\udcfe/class",
    "sys/devices/back\\slash/new\nline/class",
]


@pytest.mark.parametrize(
    "form",
    [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT],
    ids=["ustar", "gnu", "pax"],
)
def test_a_tar_of_python_is_read_as_python_reads_it(form: int, tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    most = 250 if form == tarfile.USTAR_FORMAT else 4096
    files = {name: b"x" * size for size, name in enumerate(NAMES) if len(name) < most}
    links = [(member(f"{n}", b"2", name), b"") for n, name in enumerate(NAMES) if len(name) < 90]
    path.write_bytes(tar_of(files, "x", links, form))

    with path.open("rb") as file:
        ours = [
            (each.name, each.kind is MemberKind.FILE, each.size, each.target)
            for each in Tar(Expansion(str(path), file, b""))
        ]
    with tarfile.open(path) as tar:
        theirs = [(each.name, each.isreg(), each.size, each.linkname) for each in tar]

    assert ours == theirs
    assert len(ours) > len(NAMES)


@pytest.mark.parametrize(
    "options", [["--format=gnu"], ["--format=posix"], ["--format=v7"]], ids=str
)
@pytest.mark.skipif(not shutil.which("tar"), reason="tar is not installed")
def test_a_bundle_made_by_tar_is_one(options: list[str], tmp_path: Path) -> None:
    for name, content in machine_files(MACHINE).items():
        place = tmp_path / TOP / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    path = tmp_path / "bundle.tar.gz"
    subprocess.run(["tar", *options, "-C", tmp_path, "-czf", path, TOP], check=True)

    assert open_host(str(path)).kind == BUNDLE


def test_a_bundle_of_several_streams_of_bzip2_is_read(tmp_path: Path) -> None:
    tar = tar_of(machine_files(MACHINE))
    pack = PACKERS["tar.bz2"]
    path = tmp_path / "bundle"
    path.write_bytes(b"".join(pack(tar[at : at + 9999]) for at in range(0, len(tar), 9999)))

    assert open_host(str(path)).kind == BUNDLE


def test_where_one_of_several_streams_is_cut_off_is_told(tmp_path: Path, worded: Worded) -> None:
    tar = tar_of(machine_files(MACHINE))
    pack = PACKERS["tar.bz2"]
    data = b"".join(pack(tar[at : at + 9999]) for at in range(0, len(tar), 9999))[:-9]
    path = tmp_path / "bundle"
    path.write_bytes(data)

    with pytest.raises(HostError) as refused:
        open_host(str(path))
    worded(str(refused.value))


def test_a_bundle_comes_through_a_pipe(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    data = pack_tar("tar.xz", machine_files(MACHINE))
    writer = threading.Thread(target=fifo.write_bytes, args=(data,))
    writer.start()

    assert open_host(str(fifo)).kind == BUNDLE
    writer.join()


def test_a_zip_is_not_read_from_a_pipe(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    data = zip_of(machine_files(MACHINE))[:60000]
    writer = threading.Thread(target=fifo.write_bytes, args=(data,))
    writer.start()

    ran = run(capsys, "inventory", "--host", fifo)
    writer.join()

    assert ran.code == 2
    worded(ran.err)


@pytest.mark.parametrize(
    ("begin", "tool"),
    [
        (b"\x04\x22\x4d\x18", "lz4 -dc"),
        (b"7z\xbc\xaf\x27\x1c", "7z x"),
        (b"\x8c\x0d\x04", "gpg -d"),
    ],
    ids=["lz4", "7z", "gpg"],
)
def test_what_is_not_read_is_named_with_its_tool(
    begin: bytes, tool: str, tmp_path: Path, worded: Worded
) -> None:
    path = tmp_path / "sosreport"
    path.write_bytes(begin + bytes(600))

    with pytest.raises(HostError) as caught:
        open_host(str(path))
    worded(str(caught.value))

    assert tool in caught.value.hint


FILES = {f"sys/devices/{number:03}/class": b"0x060400\n" for number in range(50)}


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("formats.archive.MOST_MEMBERS", 49),
        ("formats.tar.MOST_MEMBERS", 49),
        ("formats.archive.MOST_HELD", 1 << 13),
        ("formats.archive.DEEPEST", 4),
        ("formats.archive.LONGEST_NAME", 20),
        ("formats.decompress.LARGEST_ARCHIVE", 500),
        ("formats.decompress.LARGEST_EXPANDED", 9999),
        ("formats.decompress.FREE_EXPANSION", 9999),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_limit_is_told(
    limit: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(tar_of(FILES, "x")))
    if limit == "formats.decompress.FREE_EXPANSION":
        monkeypatch.setattr("dmaragent.collect.formats.decompress.LARGEST_RATIO", 2)
    monkeypatch.setattr(f"dmaragent.collect.{limit}", value)

    with pytest.raises(HostError) as refused:
        open_host(str(path))
    # How far data are packed depends on the library: Debian sid has another zlib.
    worded(re.sub(r"\d+ bytes of it", "N bytes of it", str(refused.value)))


def test_a_name_is_shown_escaped_and_not_whole() -> None:
    assert shown("\x1b[2J") == r"'\x1b[2J'"
    assert len(shown("x" * 4096)) < 200


STEPS = {
    "deep": "x/" * 80 + "{}/class",
    "long": "y" * 3000 + "{}/class",
    "wide": "\U0001f980{}/class",
}


@pytest.mark.parametrize("name", STEPS)
def test_what_is_kept_is_bounded_however_it_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.tar"
    names = [f"{number:05}/sys/devices/" + STEPS[name].format(number) for number in range(3000)]
    path.write_bytes(tar_of(dict.fromkeys(names, b""), "", form=tarfile.GNU_FORMAT))
    monkeypatch.setattr("dmaragent.collect.formats.archive.MOST_HELD", 1 << 20)
    with path.open("rb") as file:
        tracemalloc.start()
        with pytest.raises(HostError) as refused:
            read_archive(str(path), file, b"")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    # At which member depends on the size of a string, which depends on Python's release.
    assert re.search(r"/class' \D* 1 MiB ", str(refused.value))
    assert peak < 3 << 20


def test_a_folder_of_an_old_tar_with_a_long_name_in_a_pax_header_is_one(tmp_path: Path) -> None:
    """Old tars write a folder as a file whose name ends with a slash; the long name counts."""
    path = tmp_path / "x.tar"
    long = f"{'d' * 120}/"
    path.write_bytes(tar_of({}, "", [(member(long, b"0"), b"")], tarfile.PAX_FORMAT))

    with path.open("rb") as file:
        (only,) = Tar(Expansion(str(path), file, b""))

    assert (only.name.rstrip("/"), only.kind) == (long.rstrip("/"), MemberKind.FOLDER)


def test_the_size_in_a_pax_header_counts_for_the_place_of_the_next_member(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    large = member("large", b"0")
    large.pax_headers = {"size": "700"}  # and 0 in the header itself
    data = large.tobuf(tarfile.PAX_FORMAT) + b"x" * 700 + bytes(324)
    path.write_bytes(data + tar_of({"next": b"y"}, ""))

    with path.open("rb") as file:
        members = [(each.name, each.size) for each in Tar(Expansion(str(path), file, b""))]

    assert members == [("large", 700), ("next", 1)]
