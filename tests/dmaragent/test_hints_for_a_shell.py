"""The commands that an error offers: a shell runs them on the file, whatever its name is."""

import os
import shlex
import zipfile
from pathlib import Path

import pytest

from dmaragent.collect.formats.words import no_zstd
from dmaragent.collect.open_host import open_host
from dmaragent.collect.words import unpacking
from dmaragent.errors import HostError
from support.bundles import tar_of
from support.collectors import DMAR, write_files
from support.tables import rmrr, scope, table

OTHER = table(rmrr(0x7D000000, 0x7D0FFFFF, scope(1, 0, (2, 0))))
NAMES = ["it's $(touch x)", "a b", "`id`", "a\"b'c", "{}", "a;b", "$(id)"]
"""Names of files from strangers."""


def words_of(hint: str, begin: str) -> list[str]:
    """Return the words of the command in a hint, as a shell reads them."""
    return shlex.split(hint.partition(begin)[2])


@pytest.mark.parametrize("name", NAMES)
def test_the_host_of_a_directory_is_one_word(name: str, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "two hosts", {f"{name}/a.dat": DMAR, "~z/b.dat": OTHER})

    with pytest.raises(HostError) as no:
        open_host(str(folder))

    assert words_of(no.value.hint, "--host ") == [f"{folder}/{name}/a.dat"]


@pytest.mark.parametrize("outer", ["{}", "x y"])
@pytest.mark.parametrize("name", NAMES)
def test_the_host_of_an_archive_is_one_word(outer: str, name: str, tmp_path: Path) -> None:
    """Each directory alone in its directory adds to the path."""
    path = tmp_path / "my file.tar"
    place = "sys/bus/pci/devices/0000:00:02.0/vendor"
    path.write_bytes(tar_of({f"{outer}/{host}/{place}": b"" for host in (name, "~z")}, ""))

    with pytest.raises(HostError) as no:
        open_host(str(path))

    assert words_of(no.value.hint, "choose one: ") == ["tar", "xf", str(path), f"{outer}/{name}"]


def test_a_member_is_no_option_of_the_unpacker() -> None:
    assert unpacking("a.tar", "--to-command=id") == "tar xf a.tar -- --to-command=id"
    assert shlex.split(unpacking("a.zip", "-x y")) == ["unzip", "a.zip", "[-]x y"]
    assert unpacking("a.tar", "host/1") == "tar xf a.tar host/1"


def test_the_archive_in_a_directory_is_one_word(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "my dir", {"a b.tar": tar_of({"x": b""}, "")})

    with pytest.raises(HostError) as no:
        open_host(str(folder))

    assert words_of(no.value.hint, "--host ") == [f"{folder}/a b.tar"]


def test_a_packed_file_is_one_word() -> None:
    assert no_zstd("my dir/a.zst").hint.endswith(": zstd -d 'my dir/a.zst'")
    assert no_zstd("standard input").hint.endswith("on another machine")


def test_a_zip_from_a_pipe_says_why_it_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("a", "b")
    content = (tmp_path / "a.zip").read_bytes()
    read, write = os.pipe()
    os.write(write, content)
    os.close(write)
    try:
        with pytest.raises(HostError, match="which is read from its end: ") as no:
            open_host(f"/dev/fd/{read}")
    finally:
        os.close(read)

    assert "None" not in no.value.message


@pytest.mark.parametrize("here", ["/", "."])
def test_an_empty_path_is_not_this_machine(here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)

    with pytest.raises(HostError, match="'' cannot be read"):
        open_host("")
