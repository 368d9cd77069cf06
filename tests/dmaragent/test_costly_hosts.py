"""What costs far more than it can be worth is refused, with the place where that was seen."""

import bz2
import gzip
import io
import json
import lzma
import shutil
import tarfile
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.formats import archive
from dmaragent.collect.formats import decompress as expanding
from dmaragent.collect.formats import packed_file as unpacking
from dmaragent.collect.formats import tar as tarred
from dmaragent.collect.formats.decompress import MOST_STREAMS, Decoder
from dmaragent.collect.formats.tree import PackedTree
from dmaragent.collect.given_file import read_input
from dmaragent.collect.open_host import open_host
from dmaragent.collect.reader import MOST_NAMES
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind
from support.cli import run
from support.hosts import Function, fake_host
from support.machines import MACHINES
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
MILLION = 1_000_000
_EMPTY_ZSTD = bytes.fromhex("28b52ffd240001000099e9d851")
_SKIPPED_ZSTD = bytes.fromhex("5f2a4d1800000000")


def _tar(*names: str, headers: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for name in names:
            member = tarfile.TarInfo(name)
            member.pax_headers = headers or {}
            packed.addfile(member)
    return file.getvalue()


def _refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(HostError) as refused:
        open_host(str(path))
    return refused.value.message


# Packed data -----------------------------------------------------------------------------


def test_an_archive_of_more_streams_than_any_tool_writes_is_refused(
    tmp_path: Path, worded: Worded
) -> None:
    begin, empty = bz2.compress(_tar("sys/x")), bz2.compress(b"")

    told = _refusal(tmp_path / "host", begin + empty * MOST_STREAMS)

    last = len(begin) + (MOST_STREAMS - 1) * len(empty)
    worded(told, MOST_STREAMS, last)


@pytest.mark.parametrize("module", [bz2, gzip, lzma])
def test_so_is_a_packed_file(tmp_path: Path, module: object) -> None:
    compress = module.compress  # type: ignore[attr-defined] # each has it
    begin, empty = compress(b"DMAR"), compress(b"")
    path = tmp_path / "packed"
    path.write_bytes(begin + empty * MOST_STREAMS)

    with pytest.raises(HostError) as refused:
        read_input(str(path))

    last = len(begin) + (MOST_STREAMS - 1) * len(empty)
    assert f"more than {MOST_STREAMS} " in refused.value.message
    assert f"(at byte {last})" in refused.value.message


@pytest.mark.parametrize("frame", [_EMPTY_ZSTD, _SKIPPED_ZSTD])
def test_frames_of_zstd_are_counted_before_its_tool_is_started(
    tmp_path: Path, frame: bytes, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr("dmaragent.collect.live.bounded.run_bounded", None)

    told = _refusal(tmp_path / "host", _EMPTY_ZSTD + frame * (1 << 14))

    last = len(_EMPTY_ZSTD) + ((1 << 14) - 1) * len(frame)
    worded(told, 1 << 14, last)


class _Counting:
    """A decoder that counts the bytes that it is given."""

    given = 0

    def __init__(self, inner: Decoder) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def decompress(self, data: bytes, most: int) -> bytes:
        _Counting.given += len(data)
        return self._inner.decompress(data, most)


def test_what_a_stream_does_not_use_is_given_again_in_small_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = expanding.decoder_of

    def counting(name: str) -> Decoder:
        decoder = real(name)
        assert decoder is not None
        return _Counting(decoder)  # type: ignore[return-value] # it has the rest by __getattr__

    monkeypatch.setattr(expanding, "decoder_of", counting)
    monkeypatch.setattr(unpacking, "decoder_of", counting)
    tar = _tar("sys/x")
    for name, streams in (
        ("tar", [bz2.compress(tar[at : at + 10]) for at in range(0, len(tar), 10)]),
        ("gz", [gzip.compress(b"#")] * 3000),
    ):
        _Counting.given = 0
        path = tmp_path / name
        path.write_bytes(b"".join(streams))

        if name == "tar":
            open_host(str(path))
        else:
            assert read_input(str(path)) == b"#" * 3000
        assert _Counting.given < 1500 * len(streams)


# Members of a tar ------------------------------------------------------------------------


def test_records_of_pax_headers_are_counted_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr(tarred, "MOST_RECORDS", 100)
    headers = {f"SCHILY.{number}": "x" for number in range(20)}
    (tmp_path / "few").write_bytes(_tar(*(f"sys/{n}" for n in range(5)), headers=headers))
    open_host(str(tmp_path / "few"))

    told = _refusal(tmp_path / "many", _tar(*(f"sys/{n}" for n in range(6)), headers=headers))

    worded(told, "100")


def test_the_letters_of_all_names_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    monkeypatch.setattr(archive, "MOST_IN_NAMES", 1000)

    told = _refusal(tmp_path / "host", _tar(*(f"sys/{n}{'x' * 200}" for n in range(6))))

    assert "'sys/4xxx" in told
    worded(told)


# Functions -------------------------------------------------------------------------------


def test_no_directory_of_an_archive_has_a_million_functions(worded: Worded) -> None:
    tree = PackedTree()
    for number in range(MOST_NAMES):
        tree.add_folder(f"sys/bus/pci/devices/{number}")

    with pytest.raises(ValueError) as refused:
        tree.add_folder("sys/bus/pci/devices/x")
    worded(str(refused.value))


@pytest.mark.parametrize("by_udev", [False, True])
def test_a_million_functions_are_not_asked_for(worded: Worded, *, by_udev: bool) -> None:
    host = fake_host([Function(sbdf="0000:01:00.0")], {})
    host.directories["/sys/bus/pci/devices"] = ("x",) * MILLION
    entry = {"name": "0000:00:00.0", "path": "/sys/x", "names": {}}
    listed = json.dumps([entry] * (MOST_NAMES + 1)).encode()
    host.calls["udev-pci"] = listed if by_udev else Missing(MissingKind.ABSENT)

    snapshot = collect(host)

    assert isinstance(snapshot.pci, Missing)
    assert snapshot.pci.kind is MissingKind.FAILED
    worded(snapshot.pci.detail, MOST_NAMES)
    assert len(host.asked) < 100


def test_an_answer_says_that_a_recording_lists_a_million_functions(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "host"
    shutil.copytree(MACHINES / "xen-pv-dom0", folder)
    document = json.loads((folder / "manifest.json").read_text("utf-8"))
    document["readings"] = [
        reading
        for reading in document["readings"]
        if reading["path"] not in ("udev-pci", "/sys/bus/pci/devices")
    ] + [
        {
            "operation": "list",
            "path": "/sys/bus/pci/devices",
            "outcome": "value",
            "entries": [f"{n >> 16:04x}:{n >> 8 & 255:02x}:00.0" for n in range(MILLION)],
        }
    ]
    (folder / "manifest.json").write_text(json.dumps(document), "utf-8")

    ran = run(capsys, "inventory", "--host", folder)

    told = (ran.out + ran.err).split()
    assert {"1000000", f"{MOST_NAMES}"} <= set(told)
