"""The commands that an error offers: a shell runs them on the file, whatever its name is."""

import os
import shlex
import subprocess
import zipfile
from pathlib import Path

import pytest

from dmaragent.collect.formats.words import no_zstd
from dmaragent.collect.open_host import open_host
from dmaragent.errors import HostError
from dmaragent.shell_words import unpacked, unpacking
from support.bundles import tar_of
from support.cli import run
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

    command, _, option = no.value.hint.partition("choose one: ")[2].partition("; then ")
    assert command == f"mkdir unpacked && tar xf '{path}' -C unpacked"
    assert shlex.split(option) == ["--host", f"unpacked/{outer}/{name}"]


@pytest.mark.parametrize("begin", ["", "./"], ids=["names", "names that begin with ./"])
@pytest.mark.parametrize("archive", ["-x.tar", "host:x.tar", "a/b:c.tar", "a b.tar"])
def test_a_shell_unpacks_a_tar_of_any_name(archive: str, begin: str, tmp_path: Path) -> None:
    """GNU tar asks another machine for host:x.tar."""
    (tmp_path / "a").mkdir()
    (tmp_path / archive).write_bytes(tar_of({f"{begin}--h/1": b"x", f"{begin}b\\n": b"y"}, ""))

    subprocess.run(["sh", "-c", unpacking(archive)], cwd=tmp_path, check=True)

    assert (tmp_path / "unpacked/--h/1").read_bytes() == b"x"
    assert (tmp_path / "unpacked/b\\n").read_bytes() == b"y"


@pytest.mark.parametrize(
    ("archive", "pattern"),
    [
        ("a.zip", "a.zip"),
        ("-x.ZIP", "./-x.ZIP"),
        ("host:x.zip", "host:x.zip"),
        ("a[1].zip", "a[[]1].zip"),  # a1.zip is another file
        ("[b]/a*?.zip", "[b]/a[*][?].zip"),
        ("a\\[.zip", "a\\\\[[].zip"),
        ("a\\b.zip", "a\\b.zip"),
    ],
)
def test_an_archive_is_no_pattern_for_unzip(archive: str, pattern: str) -> None:
    assert shlex.split(unpacking(archive)) == ["unzip", pattern, "-d", "unpacked"]


def test_the_option_names_what_was_unpacked() -> None:
    assert unpacked("-x y") == "--host 'unpacked/-x y'"
    assert unpacked(".") == unpacked("") == "--host unpacked"
    assert unpacked("x" * 161) == ""  # a part of a name would name nothing


@pytest.mark.parametrize("verb", ["inventory", "check", "explain", "devices"])
def test_the_next_command_of_a_file_like_an_option_is_one(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of an argument that begins with a dash, the parser makes an option."""
    monkeypatch.chdir(tmp_path)
    Path("-x.bin").write_bytes(DMAR)
    device = ["0000:00:1a.0"] if verb == "explain" else []

    ran = run(capsys, verb, *device, "--host=-x.bin")

    text = " ".join((ran.out + ran.err).split())
    assert "--host ./-x.bin" in text
    assert "--host -x.bin" not in text


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
