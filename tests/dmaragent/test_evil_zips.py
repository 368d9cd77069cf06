"""What is said of each way in which a zip means harm, or is not what its directory says."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import BUNDLE
from dmaragent.errors import HostError
from support.bundles import TOP, machine_files, zip_of
from support.wording import Worded

EXTRA = f"{TOP}/derived/x"
"""A member that nobody asks for: what is wrong with it is told nevertheless."""


def _zip(content: bytes = b"sound" * 9, mode: int = 0o100600) -> bytearray:
    """Make a bundle that is a zip, with one member more, the last one."""
    files = {f"{TOP}/{name}": data for name, data in machine_files("synthetic-overlap").items()}
    packed = io.BytesIO(zip_of(files, ""))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as more:
        info = zipfile.ZipInfo(EXTRA)
        info.create_system, info.external_attr = 3, mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        more.writestr(info, content)
    return bytearray(packed.getvalue())


def _local(data: bytearray) -> int:
    """Give where the last member begins; its name stands 30 bytes further."""
    return data.index(EXTRA.encode()) - 30


def _central(data: bytearray) -> int:
    """Give where the directory has the last member; its name stands 46 bytes further."""
    return data.rindex(EXTRA.encode()) - 46


def _said(data: bytes | bytearray, tmp_path: Path) -> str:
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    with pytest.raises(HostError) as caught:
        open_host(str(path))
    assert caught.value.hint
    return caught.value.message


def test_the_zip_that_the_others_are_made_of_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(_zip())

    assert open_host(str(path)).kind == BUNDLE


# PKWARE's APPNOTE.TXT, "Central directory structure": where a field is, in bytes.
@pytest.mark.parametrize(
    ("at", "value"),
    [
        pytest.param(8, struct.pack("<H", 1), id="secret"),
        pytest.param(10, struct.pack("<H", 14), id="method"),
        pytest.param(16, bytes(4), id="sum"),
        pytest.param(24, struct.pack("<L", 44), id="shorter"),
        pytest.param(24, struct.pack("<L", 46), id="longer"),
        pytest.param(42, bytes(4), id="elsewhere"),
        pytest.param(42, struct.pack("<L", 7), id="nowhere"),
        pytest.param(0, b"PK\x01\x03", id="no entry"),
        pytest.param(28, b"\xff\xff", id="name beyond the end"),
    ],
)
def test_an_entry_of_the_directory_that_lies_is_refused(
    at: int, value: bytes, tmp_path: Path, worded: Worded
) -> None:
    data = _zip()
    begin = _central(data) + at
    data[begin : begin + len(value)] = value

    worded(_said(data, tmp_path))


def test_a_member_that_nobody_asks_for_is_checked_too(tmp_path: Path) -> None:
    data = _zip()
    data[_local(data) + 30 + len(EXTRA)] ^= 0xFF

    assert "derived/x' is damaged" in _said(data, tmp_path)


def test_two_names_of_one_member_are_refused(tmp_path: Path, worded: Worded) -> None:
    data = _zip()
    data[_local(data) + 30] ^= 1

    worded(_said(data, tmp_path))


@pytest.mark.parametrize(
    ("mode", "what"),
    [(0o120777, "a symbolic link"), (0o020600, "a device, a pipe"), (0o010600, "a device, a pipe")],
)
def test_a_link_or_a_device_in_a_zip_is_refused(mode: int, what: str, tmp_path: Path) -> None:
    assert f"derived/x' is {what}" in _said(_zip(b"/etc/passwd", mode), tmp_path)


def test_the_mode_of_a_member_counts_only_if_unix_made_it(tmp_path: Path) -> None:
    data = _zip(mode=0o120777)
    data[_central(data) + 5] = 0  # made by DOS
    path = tmp_path / "x.zip"
    path.write_bytes(data)

    assert open_host(str(path)).kind == BUNDLE


def test_what_many_members_expand_to_is_added_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    data = zip_of({f"var/log/{number}": bytes(9000) for number in range(9)}, "")
    monkeypatch.setattr("dmaragent.collect.formats.zip.FREE_EXPANSION", 9999)
    monkeypatch.setattr("dmaragent.collect.formats.zip.LARGEST_RATIO", 2)

    worded(_said(data, tmp_path), "/log/1")


def test_what_follows_a_zip_or_is_too_long_a_directory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    data = _zip()

    worded(_said(data + b"text", tmp_path))
    monkeypatch.setattr("dmaragent.collect.formats.zip.LARGEST_DIRECTORY", 99)
    worded(_said(data, tmp_path))


def test_what_follows_a_members_packed_data_is_refused(tmp_path: Path, worded: Worded) -> None:
    """The decoder gathers it, and copies all of it for each piece more: 100 MiB took minutes."""
    data = _zip()
    at = _local(data) + 30 + len(EXTRA) + struct.unpack_from("<L", data, _local(data) + 18)[0]
    grown = struct.unpack_from("<L", data, _central(data) + 20)[0] + 4
    struct.pack_into("<L", data, _central(data) + 20, grown)
    data[at:at] = b"more"
    directory = struct.unpack_from("<L", data, len(data) - 6)[0]
    struct.pack_into("<L", data, len(data) - 6, directory + 4)

    worded(_said(data, tmp_path))


def test_members_that_share_data_are_refused(tmp_path: Path, worded: Worded) -> None:
    """60,000 entries may name the same ten MiB, which expand to nothing and would be read again."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("var/log/x", bytes(1000))
    data = packed.getvalue()
    end = data.rindex(b"PK\5\6")
    entry = data[data.index(b"PK\1\2") : end]
    last = bytearray(data[end:])
    struct.pack_into("<2HL", last, 8, 3, 3, len(entry) * 3)

    said = _said(data[:end] + entry * 2 + last, tmp_path)

    worded(said, "/log/x")
