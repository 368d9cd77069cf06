"""Archives with the documents of a fleet: one host, or as many as the folder in them has."""

import contextlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import is_directory_host
from dmaragent.collect.unpack_archive import unpack_archive
from dmaragent.errors import HostError
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.records import Why
from dmaragent.question.ask_host import ask_host
from dmaragent.question.host_class import xen_class
from support.cli import run
from support.fleet_pool import TABLE, XL, acpidump
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]


def test_what_is_left_out_of_an_archive_is_listed(pool: Path, tmp_path: Path) -> None:
    (pool / "notes.txt").write_text("no host")
    (pool / "guest.cfg").write_text("memory = 512")
    archive_of(pool, tmp_path / "all.tar", "tar")
    (tmp_path / "unpacked").mkdir()
    archive = str(tmp_path / "all.tar")

    read = read_fleet([archive], FleetQuery(question=XL), unpacked=str(tmp_path / "unpacked"))

    assert {other.path for other in read.left_out} == {f"{archive}: pool/guest.cfg"}
    assert {host.name for host in read.without} == {"broken", "notes"}


def archive_of(folder: Path, at: Path, kind: str) -> None:
    """Pack `folder`, named after itself, into the archive `at`."""
    shutil.make_archive(str(at.with_suffix("")), kind, folder.parent, folder.name)


@pytest.mark.parametrize(("kind", "suffix"), [("tar", ".tar"), ("zip", ".zip")])
def test_an_archive_of_documents_is_a_folder_of_them(
    pool: Path, tmp_path: Path, kind: str, suffix: str
) -> None:
    """Directories with links, archives in archives, and a file that is no host."""
    inner = tmp_path / "rack"
    inner.mkdir()
    for name in ("xen001", "hp"):
        archive_of(pool / name, inner / f"{name}.tar", "tar")
        shutil.rmtree(pool / name)
    archive_of(inner, pool / "rack.tar", "tar")
    (pool / "notes.bin").write_text("no host")
    archive_of(pool, tmp_path / f"all{suffix}", kind)
    (tmp_path / "unpacked").mkdir()

    read = read_fleet(
        [str(tmp_path / f"all{suffix}")],
        FleetQuery(question=XL),
        unpacked=str(tmp_path / "unpacked"),
    )

    names = {"amd", "hp", "xen001", "xen002"} if kind == "tar" else {"hp", "xen001"}
    assert names <= {record.name for record in read.records}
    assert [(host.name, host.why) for host in read.without] == [
        ("broken", Why.UNREADABLE),
        ("notes", Why.UNREADABLE),
    ]
    by_name = {record.name: record for record in read.records}
    assert by_name["hp"].where.endswith(f"all{suffix}: pool/rack.tar: rack/hp.tar")
    plain = ask_host(str(MACHINES / "hp-dl380e-gen8"), XL)
    assert by_name["hp"].xen_class == xen_class(plain)


def test_expected_hosts_are_found_in_an_archive(pool: Path, tmp_path: Path) -> None:
    archive_of(pool, tmp_path / "all.tar", "tar")
    (tmp_path / "unpacked").mkdir()

    read = read_fleet(
        [str(tmp_path / "all.tar")],
        FleetQuery(question=XL, expected=frozenset({"hp", "gone"})),
        unpacked=str(tmp_path / "unpacked"),
    )

    assert [record.name for record in read.records] == ["hp"]
    assert [(host.name, host.why) for host in read.without] == [("gone", Why.ABSENT)]


def test_a_bundle_that_was_changed_stays_one_host(pool: Path, tmp_path: Path) -> None:
    table = pool / "hp/root/sys/firmware/acpi/tables/DMAR"
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    archive_of(pool / "hp", tmp_path / "xen9.tar", "tar")
    (tmp_path / "unpacked").mkdir()

    read = read_fleet(
        [str(tmp_path / "xen9.tar")], FleetQuery(question=XL), unpacked=str(tmp_path / "unpacked")
    )

    assert [(host.name, host.why) for host in read.without] == [("xen9", Why.UNREADABLE)]


Members = tuple[tuple[bytes, str, bytes, str], ...]
"""The type, path, content and link target of each member."""
FILE, LINK, HARD = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
OUT = "OUTSIDE"
"""What stands for the directory that nothing is written to."""
WAYS_OUT: dict[str, Members] = {
    "a file through a link": ((LINK, "a", b"", OUT), (FILE, "a/file", b"x", "")),
    "a file through a later link": ((FILE, "a/file", b"x", ""), (LINK, "a", b"", OUT)),
    "a file in place of a link": ((LINK, "a", b"", f"{OUT}/new"), (FILE, "a", b"x", "")),
    "a directory through a link": ((LINK, "a", b"", OUT), (tarfile.DIRTYPE, "a/new", b"", "")),
    "a link through a link": ((LINK, "a", b"", OUT), (LINK, "a/keys", b"", "/keys")),
    "directories through a link": ((LINK, "a", b"", OUT), (LINK, "a/new/deep/y", b"", "z")),
    "a link through two links": (
        *((LINK, "a", b"", "b"), (LINK, "b", b"", OUT)),
        (LINK, "a/keys", b"", "/keys"),
    ),
    "a link through a relative link": (
        (LINK, "a", b"", "../../outside"),
        (LINK, "./a//keys", b"", "/keys"),
    ),
    "a link upward": ((LINK, "../../outside/keys", b"", "/keys"),),
    "a link upward through a link": ((LINK, "a", b"", OUT), (LINK, "a/../../keys", b"", "k")),
    "a hard link to a file": ((HARD, "a", b"", f"{OUT}/there"), (FILE, "a", b"x", "")),
    "a hard link through a link": ((LINK, "a", b"", OUT), (HARD, "a/new", b"", f"{OUT}/there")),
    "a pipe through a link": ((LINK, "a", b"", OUT), (tarfile.FIFOTYPE, "a/pipe", b"", "")),
    "a device": ((tarfile.CHRTYPE, "a", b"", ""), (FILE, "a", b"x", "")),
    "a name upward": ((FILE, "../../outside/file", b"x", ""),),
    "an absolute name": ((FILE, f"{OUT}/file", b"x", ""),),
    "an absolute link": ((LINK, f"{OUT}/keys", b"", "/keys"),),
}


@pytest.mark.parametrize("members", WAYS_OUT.values(), ids=WAYS_OUT)
def test_nothing_of_an_archive_is_written_outside(tmp_path: Path, members: Members) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "there").write_bytes(b"before")
    archive_with(members, tmp_path / "evil.tar", str(outside))
    folder = tmp_path / "unpacked/evil"
    folder.mkdir(parents=True)

    with contextlib.suppress(HostError):
        unpack_archive(str(tmp_path / "evil.tar"), str(folder))

    assert [(file.name, file.read_bytes()) for file in outside.iterdir()] == [("there", b"before")]
    assert {file.name for file in tmp_path.iterdir()} == {"evil.tar", "outside", "unpacked"}
    assert [file.name for file in folder.parent.iterdir()] == ["evil"]


def archive_with(members: Members, at: Path, outside: str) -> None:
    """Write a tar with these members; OUT in a path or target stands for `outside`."""
    with tarfile.open(at, "w") as archive:
        for kind, path, content, target in members:
            member = tarfile.TarInfo(path.replace(OUT, outside))
            member.type, member.linkname = kind, target.replace(OUT, outside)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_a_link_below_a_link_is_refused_by_fleet_show(tmp_path: Path, capsys: Capture) -> None:
    """Two tables make it an archive of several hosts, which is unpacked."""
    outside = tmp_path / "outside"
    outside.mkdir()
    table = TABLE.read_bytes()
    other = table[:9] + bytes([table[9] ^ 1]) + table[10:]  # another checksum
    members: Members = (
        *((FILE, "hosts/a.dat", table, ""), (FILE, "hosts/b.dat", other, "")),
        *((LINK, "hosts/x", b"", OUT), (LINK, "hosts/x/keys", b"", "/keys")),
    )
    archive_with(members, tmp_path / "evil.tar", str(outside))

    shown = run(capsys, "fleet", "show", str(tmp_path / "evil.tar"), "--no-cache", "--json")

    (lost,) = json.loads(shown.out)["answer"]["no_data"]
    assert "'hosts/x/keys'" in lost["detail"]
    assert list(outside.iterdir()) == []


def test_a_manifest_outside_of_an_archive_makes_no_host(tmp_path: Path) -> None:
    """The link leads to a recorded machine of the reader."""
    here = str(MACHINES / "hp-dl380e-gen8")
    members: Members = (
        (FILE, "hosts/a.dat", TABLE.read_bytes(), ""),
        (LINK, "hosts/x/manifest.json", b"", f"{OUT}/manifest.json"),
    )
    archive_with(members, tmp_path / "evil.tar", here)
    folder = tmp_path / "unpacked"
    folder.mkdir()
    unpack_archive(str(tmp_path / "evil.tar"), str(folder))

    assert not is_directory_host(str(folder / "hosts/x"))
    with pytest.raises(HostError, match="leads out of this directory"):
        open_host(str(folder / "hosts/x"))


def read_archive_of(folder: Path, tmp_path: Path, cache: str = "") -> Fleet:
    archive_of(folder, tmp_path / "all.tar", "tar")
    (tmp_path / "unpacked").mkdir(exist_ok=True)
    unpacked = str(tmp_path / "unpacked")
    archive = str(tmp_path / "all.tar")
    return read_fleet([archive], FleetQuery(question=XL), cache=cache, unpacked=unpacked)


def a_bundle_and_a_table(folder: Path) -> None:
    archive_of(MACHINES / "xen-pv-dom0", folder / "xen1.tar", "tar")
    shutil.copy(TABLE, folder / "xen2.bin")


def equal_tables(folder: Path) -> None:
    shutil.copy(TABLE, folder / "xen1.bin")
    shutil.copy(TABLE, folder / "xen2.bin")


def a_report_and_a_table(folder: Path) -> None:
    shutil.copytree(MACHINES / "xen-pv-dom0/root/sys", folder / "xen1/sys", symlinks=True)
    shutil.copy(TABLE, folder / "xen2.bin")


def a_table_and_notes(folder: Path) -> None:
    equal_tables(folder)
    (folder / "xen3.txt").write_text("no host")
    (folder / "guest.cfg").write_text("memory = 512")


@pytest.mark.parametrize(
    "fill", [a_bundle_and_a_table, equal_tables, a_report_and_a_table, a_table_and_notes]
)
def test_an_archive_has_the_hosts_of_its_folder(
    tmp_path: Path, fill: Callable[[Path], None]
) -> None:
    """One of several hosts that could be read alone stands for itself only."""
    folder = tmp_path / "f"
    folder.mkdir()
    fill(folder)
    cache = str(tmp_path / "cache")

    plain = read_fleet([str(folder)], FleetQuery(question=XL))
    packed = read_archive_of(folder, tmp_path, cache)
    again = read_archive_of(folder, tmp_path, cache)

    assert len(plain.records) == 2
    for found in (packed, again):
        assert [record.name for record in found.records] == ["xen1", "xen2"]
        assert [host.name for host in found.without] == [host.name for host in plain.without]
        assert len(found.left_out) == len(plain.left_out)


def one_of_acpidump(folder: Path) -> None:
    (folder / "acpidump.txt").write_text(acpidump())
    shutil.copy(TABLE, folder / "dmar.dat")
    (folder / "dmesg.txt").write_text("nothing")


def one_sosreport(folder: Path) -> None:
    shutil.copytree(MACHINES / "xen-pv-dom0/root", folder / "sos", symlinks=True)
    (folder / "sos/sos_commands/pci").mkdir(parents=True)
    shutil.copy(folder / "sos/sys/firmware/acpi/tables/RMAD", folder / "sos/xen2.bin")
    (folder / "sos.md5").write_text("0123456789abcdef  sos.tar\n" * 20)


def one_recorded_machine(folder: Path) -> None:
    shutil.copytree(MACHINES / "hp-dl380e-gen8", folder / "hp")


def one_table_with_notes(folder: Path) -> None:
    shutil.copy(TABLE, folder / "xen2.bin")
    (folder / "notes.txt").write_text("the table of xen2")


@pytest.mark.parametrize(
    "fill", [one_of_acpidump, one_sosreport, one_recorded_machine, one_table_with_notes]
)
def test_an_archive_of_one_host_stays_one(tmp_path: Path, fill: Callable[[Path], None]) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    fill(folder)

    found = read_archive_of(folder, tmp_path)

    assert [record.name for record in found.records] == ["all"]
    assert found.without == ()


def test_no_temporary_path_is_shown(pool: Path, tmp_path: Path, capsys: Capture) -> None:
    """The unpacked file is at another place in each run."""
    archive_of(pool, tmp_path / "all.tar", "tar")
    show = ("fleet", "show", str(tmp_path / "all.tar"), "--no-cache", "--json")

    first, again = run(capsys, *show), run(capsys, *show)

    (lost,) = json.loads(first.out)["answer"]["no_data"]
    assert f"{tmp_path}/all.tar: pool/broken.tar.xz" in lost["detail"]
    assert first == again


@pytest.mark.parametrize("name", ["xen1", "all"])
def test_a_host_that_is_not_expected_is_left_out_of_any_archive(
    pool: Path, tmp_path: Path, name: str
) -> None:
    """The archive has xen001, xen002, hp, amd and what is no host."""
    archive_of(pool, tmp_path / f"{name}.tar", "tar")
    (tmp_path / "unpacked").mkdir()

    read = read_fleet(
        [str(tmp_path / f"{name}.tar")],
        FleetQuery(question=XL, expected=frozenset({"xen1", "xen001"})),
        unpacked=str(tmp_path / "unpacked"),
    )

    assert [record.name for record in read.records] == ["xen001"]
    assert [(host.name, host.why) for host in read.without] == [("xen1", Why.ABSENT)]
