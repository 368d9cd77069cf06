"""Damaged and hostile documents among good ones: the good hosts' answers stay as they are.

``DMARAGENT_HOSTILE=1000`` tries as many of both.
"""

import io
import itertools
import json
import lzma
import os
import random
import resource
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.records import Why
from support import evil_archives
from support.bundles import TOP, machine_files, member, tar_of
from support.evil_archives import MACHINE, Case

pytestmark = pytest.mark.slow

NUMBER = int(os.environ.get("DMARAGENT_HOSTILE", "60"))
"""How many damaged documents are among as many good ones."""
MOST_MEMORY = 600 << 20
"""Bytes; a bomb that is unpacked whole would need more."""


def truncated() -> Iterator[Case]:
    """Cut packed bundles off at random places."""
    chance = random.Random(25)  # noqa: S311 - the same cases each time
    sound = {end: data for end, data in evil_archives.sound().items() if end != "tar"}
    for number in itertools.count():
        for end, data in sound.items():
            yield f"cut{number}.{end}", data[: chance.randrange(1, len(data) // 2)]


def wrong_hashes() -> Iterator[Case]:
    files = machine_files(MACHINE)
    names = [name for name in files if name.startswith("root/") and files[name]]
    for number, name in enumerate(itertools.cycle(names)):
        yield f"hash{number}.tar", tar_of({**files, name: files[name] + bytes(number % 7 + 1)})


def newer() -> Iterator[Case]:
    files = machine_files(MACHINE)
    manifest = json.loads(files["manifest.json"])
    for number in itertools.count(99):
        changed = json.dumps({**manifest, "version": number}).encode()
        yield f"newer{number}.tar", tar_of({**files, "manifest.json": changed})


def leading_out() -> Iterator[Case]:
    """Put names that lead out, links that do, and control characters into a tar."""
    for number, (name, kind) in enumerate(
        itertools.cycle(
            itertools.product(
                ("../../escaped", "/tmp/dmaragent-escaped", f"{TOP}/../../escaped"),  # noqa: S108
                (tarfile.REGTYPE, tarfile.DIRTYPE),
            )
        )
    ):
        yield f"out{number}.tar", evil_archives.with_name(name, kind)


def nested() -> Iterator[Case]:
    """Put archives into each other, deeper than they are read."""
    for number in itertools.count():
        data = tar_of(machine_files(MACHINE))
        for level in range(8):
            data = tar_of({f"a{level}.tar": data, f"b{level}.bin": b"\x1b[2J"}, "")
        yield f"deep{number}.tar", data


def noise() -> Iterator[Case]:
    chance = random.Random(26)  # noqa: S311 - likewise
    for number in itertools.count():
        yield f"noise{number}.tar.xz", b"\xfd7zXZ\0" + chance.randbytes(500)


def bad_documents() -> Iterator[Case]:
    """Yield documents that no host can be read from, of each kind in turn."""
    bombs = [(f"bomb{number}.tar", make()) for number, make in enumerate(_bombs())]
    yield from bombs
    yield "million.tar.xz", _empty_members(1_000_000 if NUMBER >= 1000 else 20_000)
    yield "links.tar", _links_out()
    for kinds in zip(
        truncated(), wrong_hashes(), newer(), leading_out(), nested(), noise(), strict=False
    ):
        yield from kinds


def _bombs() -> Iterator[Callable[[], bytes]]:
    return (make for name, make in evil_archives.BOMBS.items() if name != "names")


def _empty_members(number: int) -> bytes:
    """Pack a tar of `number` empty files."""
    packer = lzma.LZMACompressor(preset=0)
    parts = [
        packer.compress(member(f"many/{at}.bin").tobuf(tarfile.USTAR_FORMAT))
        for at in range(number)
    ]
    return b"".join([*parts, packer.compress(bytes(10240)), packer.flush()])


def _links_out() -> bytes:
    """Pack a link to a directory outside, a file below it, and names with control characters."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member("d/link", tarfile.SYMTYPE, "/tmp"))  # noqa: S108 - a name in a tar
        for name in ("d/link/dmaragent-escaped.tar", "d/\x1b[2J\n.bin", "d/two.bin"):
            tar.addfile(member(name), io.BytesIO(b""))
    return out.getvalue()


def read(folder: Path, unpacked: Path) -> Fleet:
    unpacked.mkdir()
    return read_fleet([str(folder)], FleetQuery(), unpacked=str(unpacked))


def listing(*folders: Path) -> set[str]:
    return {str(path) for folder in folders for path in folder.iterdir()}


def test_damaged_documents_change_no_other_answer(tmp_path: Path) -> None:
    pool = tmp_path / "pool"
    pool.mkdir()
    good = tar_of(machine_files(MACHINE))
    for number in range(NUMBER):
        (pool / f"good{number:04}.tar").write_bytes(good)
    alone = read(pool, tmp_path / "one")
    good_names = {host.name for host in alone.records}
    bad = dict(itertools.islice(bad_documents(), NUMBER))
    for name, content in bad.items():
        (pool / name).write_bytes(content)
    (pool / "directory").mkdir()
    (pool / "directory" / "manifest.json").write_bytes(b"[" * 100_000)
    outside = listing(Path("/tmp"))  # noqa: S108 - that nothing is written there
    here = listing(tmp_path)

    among = read(pool, tmp_path / "two")

    assert len(alone.records) == NUMBER
    assert tuple(host for host in among.records if host.name in good_names) == alone.records
    unpacked = {host.where.partition(": ")[0] for host in among.records} - {
        host.where for host in alone.records
    }
    assert all(Path(path).name.startswith(("out", "deep")) for path in unpacked)
    told = {host.name for host in among.without}
    for name in {"manifest.json", *map(_name, bad)} - told:
        assert name.startswith(("out", "deep", "links")), name  # those with documents inside
    assert {host.why for host in among.without} == {Why.UNREADABLE, Why.NEWER_FORMAT}
    assert all(host.detail.isprintable() for host in among.without)
    assert listing(tmp_path) == here | {str(tmp_path / "two")}
    assert not {path for path in listing(Path("/tmp")) - outside if "escaped" in path}  # noqa: S108
    inside = tmp_path / "two"
    assert not [path for path in tmp_path.rglob("*escaped*") if not path.is_relative_to(inside)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10 < MOST_MEMORY


def _name(file: str) -> str:
    return file.partition(".")[0]
