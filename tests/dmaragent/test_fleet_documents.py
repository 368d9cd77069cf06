"""The documents of a fleet: found, unpacked, dated, cached, and those that are not what they seem."""

import contextlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.collect.unpack_archive import unpack_archive
from dmaragent.errors import HostError
from dmaragent.fleet.documents import OTHER_FILES, find_documents, host_name
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.records import HostRecord, Why, fresh
from dmaragent.question.ask_host import ask_host
from dmaragent.question.host_class import xen_class
from support.cli import run
from support.fleet_pool import XL, fleet_of
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]


def test_each_document_is_a_host_by_its_files_name(pool: Path) -> None:
    for name in (".hidden", "README.txt", "guest.cfg", "hp.nfd", "hp.yaml"):
        (pool / name).write_text("x")
    (pool / "rack").mkdir()
    (pool / "rack" / "node7.tar.gz").write_bytes(b"x")

    names = [document.name for document in find_documents([str(pool)])]

    assert names == ["amd", "broken", "hp", "node7", "xen001", "xen002"]
    assert host_name("a/b/DMAR.bin") == "DMAR"


TABLE = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"


def acpidump() -> str:
    """Return the table as acpidump prints it."""
    data = TABLE.read_bytes()
    rows = (data[at : at + 16] for at in range(0, len(data), 16))
    lines = (f"    {16 * number:04X}: {row.hex(' ')}" for number, row in enumerate(rows))
    return "DMAR @ 0x0000000000000000\n" + "\n".join(lines) + "\n\n"


def test_a_host_is_one_under_any_name(tmp_path: Path) -> None:
    """Its content decides, also if the name is that of notes, and also if text precedes it."""
    folder = tmp_path / "pool"
    folder.mkdir()
    for name in ("h1.log", "h2.cfg", "h3.ndjson", "h4.anything", "readme5.bin"):
        (folder / name).write_text(acpidump())
    (folder / "h6.md").write_text(f"The table of h6:\n\n{acpidump()}")
    (folder / "h7.xml").write_bytes(TABLE.read_bytes())
    (folder / "h8.log").write_text("nothing of a host")
    shutil.copytree(MACHINES / "hp-dl380e-gen8", folder / "h9.conf")

    found = read_fleet([str(folder)], FleetQuery(question=XL))

    assert {record.name for record in found.records} == {
        *("h1", "h2", "h3.ndjson", "h4.anything", "readme5", "h6.md", "h7", "h9")
    }
    assert [(host.name, host.why) for host in found.without] == [("h8", Why.UNREADABLE)]
    assert found.left_out == ()


def test_what_is_left_out_is_listed(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("README", "SHA256SUMS", "guest.cfg", "hp.html", "hp.tar.xz.sha256", "x\n.md"):
        (pool / name).write_text("0123456789abcdef  something else\n" * 20)
    (pool / "hp2").symlink_to("hp")
    os.mkfifo(pool / "pipe")
    show = ("fleet", "show", str(pool), "--no-cache")
    ran = run(capsys, *show, "--json")
    document = json.loads(ran.out)

    left_out = {
        os.path.basename(other["path"]): other["why"] for other in document["origin"]["left_out"]
    }
    assert left_out == {
        "README": "not-a-document",
        "SHA256SUMS": "not-a-document",
        "guest.cfg": "not-a-document",
        "hp.html": "not-a-document",
        "hp.tar.xz.sha256": "not-a-document",
        "x\n.md": "not-a-document",
        "hp2": "link",
        "pipe": "special-file",
    }
    assert [host["host"] for host in document["answer"]["no_data"]] == ["broken"]
    assert "6 files" in ran.err
    assert "1 more" in ran.err
    assert all(name in ran.err for name in ("README", "guest.cfg", "hp2", "pipe"))


def test_what_is_left_out_of_an_archive_is_listed(pool: Path, tmp_path: Path) -> None:
    (pool / "notes.txt").write_text("no host")
    (pool / "guest.cfg").write_text("memory = 512")
    archive_of(pool, tmp_path / "all.tar", "tar")
    (tmp_path / "unpacked").mkdir()
    archive = str(tmp_path / "all.tar")

    read = read_fleet([archive], FleetQuery(question=XL), unpacked=str(tmp_path / "unpacked"))

    assert {other.path for other in read.left_out} == {f"{archive}: pool/guest.cfg"}
    assert {host.name for host in read.without} == {"broken", "notes"}


def test_a_folder_without_documents_names_what_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "guest.cfg").write_text("memory = 512")
    ran = run(capsys, "fleet", "show", str(tmp_path))

    assert ran.code == 2
    assert "guest.cfg" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_a_host_without_data(pool: Path) -> None:
    (pool / "secret.cfg").write_text("unknown")
    (pool / "secret.cfg").chmod(0)

    assert "secret" in {host.name for host in fleet_of(pool).without}


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
    assert by_name["hp"].xen_class == xen_class(plain.facts, plain.stack)


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


def test_no_file_of_an_archive_is_written_outside(tmp_path: Path) -> None:
    """A link out of the folder, a file through it, and names that lead out."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "unpacked").mkdir()
    for name, members in {
        "through": ((b"a", "a", str(outside)), (b"x", "a/file", "")),
        "upward": ((b"x", "../outside/file", ""),),
        "absolute": ((b"x", f"{outside}/file", ""),),
    }.items():
        with tarfile.open(tmp_path / f"{name}.tar", "w") as archive:
            for content, path, target in members:
                member = tarfile.TarInfo(path)
                member.size = 0 if target else len(content)
                member.type, member.linkname = (
                    (tarfile.SYMTYPE, target) if target else (tarfile.REGTYPE, "")
                )
                archive.addfile(member, io.BytesIO(content))
        folder = tmp_path / "unpacked" / name
        folder.mkdir()
        with contextlib.suppress(HostError):
            unpack_archive(str(tmp_path / f"{name}.tar"), str(folder))

    assert list(outside.iterdir()) == []


def test_an_expected_host_without_a_document_is_absent(pool: Path) -> None:
    fleet = fleet_of(pool, expected=frozenset({"hp", "gone"}))

    assert [record.name for record in fleet.records] == ["hp"]
    assert [(host.name, host.why) for host in fleet.without] == [("gone", Why.ABSENT)]


def test_expected_hosts_can_be_ranges(pool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran = run(capsys, "fleet", "export", str(pool), "--hosts", "xen[001-003]", "--no-cache")
    rows = [json.loads(line) for line in ran.out.splitlines()]

    assert [(row["name"], row["no_data"]) for row in rows] == [
        ("xen001", ""),
        ("xen002", ""),
        ("xen003", "absent"),
    ]


def test_stale_documents_and_older_ones_of_a_name_do_not_count(pool: Path) -> None:
    record = fleet_of(pool).records[0]
    day = 86_400
    records: list[HostRecord] = [
        replace(record, name="a", path="old", made=1 * day),
        replace(record, name="a", path="new", made=9 * day),
        replace(record, name="b", path="b", made=2 * day),
        replace(record, name="c", path="c", made=None),
    ]
    kept, without = fresh(records, 7 * day, now=10 * day)

    assert [(host.name, host.path) for host in kept] == [("a", "new"), ("c", "c")]
    assert {(host.name, host.why) for host in without} == {("a", Why.REPLACED), ("b", Why.STALE)}


def test_a_cached_record_is_that_of_the_document(
    pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pool / "table.bin"
    source = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"
    table.write_bytes(source.read_bytes())
    cache = str(tmp_path / "cache")
    first = read_fleet([str(table)], FleetQuery(question=XL), cache=cache)
    (entry,) = (path for path in Path(cache).rglob("*") if path.is_file())
    again = read_fleet([str(table)], FleetQuery(question=XL), cache=cache)
    entry.write_text("damaged")
    after = read_fleet([str(table)], FleetQuery(question=XL), cache=cache)

    assert first == again == after
    assert first.records[0].regions


def test_a_table_in_a_folder_of_its_own_is_named_after_the_folder(tmp_path: Path) -> None:
    table = (MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR").read_bytes()
    for name in ("h1", "h2"):
        (tmp_path / "tables" / name).mkdir(parents=True)
        (tmp_path / "tables" / name / "DMAR").write_bytes(table)

    found = read_fleet([str(tmp_path / "tables")], FleetQuery(question=XL))

    assert [record.name for record in found.records] == ["h1", "h2"]


def test_a_damaged_document_beside_a_good_one_of_its_name_is_told(pool: Path) -> None:
    for suffix in ("tar.gz", "tar.xz"):
        (pool / f"hp.{suffix}").write_bytes(b"\x1f\x8b\x08 damaged")
        (pool / f"lost.{suffix}").write_bytes(b"\x1f\x8b\x08 damaged")

    fleet = fleet_of(pool)

    assert [host.name for host in fleet.without] == ["broken", "lost"]
    assert sorted(host.name for host in fleet.replaced) == ["hp", "hp", "lost"]


def test_equal_documents_of_a_name_count_once_and_silently(pool: Path) -> None:
    twice = read_fleet([str(pool), f"{pool}/."], FleetQuery(question=XL))

    assert twice.records == tuple(
        replace(record, path=twice.records[number].path, where=twice.records[number].where)
        for number, record in enumerate(fleet_of(pool).records)
    )
    assert [host for host in twice.replaced if host.name != "broken"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user to be refused")
def test_a_folder_that_cannot_be_listed_is_a_line(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    (pool / "closed").mkdir()
    monkeypatch.setattr(os, "scandir", refusing)

    assert [host.name for host in fleet_of(pool).without] == ["broken", "closed"]


def test_a_newer_format_is_told_as_such(pool: Path) -> None:
    manifest = pool / "hp/manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": 1', '"version": 99', 1))

    found = {host.name: host.why for host in fleet_of(pool).without}

    assert found["hp"] is Why.NEWER_FORMAT


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry | {"record": entry["record"] | {"regions": 99}},
        lambda entry: entry | {"record": entry["record"] | {"made": "x", "findings": []}},
        lambda entry: {"record": entry["record"]},
        lambda _: [],
    ],
)
def test_a_changed_entry_of_the_cache_counts_as_none(
    tmp_path: Path, change: Callable[[dict[str, dict[str, object]]], object]
) -> None:
    table = tmp_path / "hp.bin"
    table.write_bytes((MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR").read_bytes())
    cache = str(tmp_path / "cache")
    first = read_fleet([str(table)], FleetQuery(question=XL), cache=cache)
    (entry,) = (path for path in Path(cache).rglob("*") if path.is_file())
    entry.write_text(json.dumps(change(json.loads(entry.read_text()))))

    assert read_fleet([str(table)], FleetQuery(question=XL), cache=cache) == first


def test_an_entry_of_another_document_counts_as_none(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    records = []
    for name in ("hp-dl380e-gen8", "dell-r820"):
        table = tmp_path / f"{name}.bin"
        table.write_bytes((MACHINES / name / "root/sys/firmware/acpi/tables/DMAR").read_bytes())
        records.append(read_fleet([str(table)], FleetQuery(question=XL), cache=cache).records[0])
    one, other = (path for path in Path(cache).rglob("*") if path.is_file())
    one_text = one.read_text()
    one.write_text(other.read_text())
    other.write_text(one_text)

    again = read_fleet([str(tmp_path / "dell-r820.bin")], FleetQuery(question=XL), cache=cache)

    assert again.records[0] == records[1]


def test_a_document_from_the_future_is_as_good_as_stale(pool: Path) -> None:
    record = replace(fleet_of(pool).records[0], made=400 * 86_400)

    kept, without = fresh([record], 7 * 86_400, now=86_400)

    assert (kept, [host.why for host in without]) == ([], [Why.STALE])


def test_stale_names_the_hosts_of_unknown_age(
    pool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR", pool / "old.bin")
    ran = run(capsys, "fleet", "show", str(pool), "--no-cache", "--stale", "7")

    assert "old" in ran.err


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
    shutil.copy(TABLE, folder / "sos/xen2.bin")
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


@pytest.mark.parametrize("page", ["docs/manual.md", "docs/fleet.md"])
def test_pages_list_the_files_that_are_left_out(page: str) -> None:
    """And no others, so that `.log` is not said to be one."""
    text = (MACHINES.parents[1] / page).read_text()
    start = text.index("README, SHA256SUMS")
    listed = text[start : text.index(")", start)].replace("`", "").replace(",", "").lower().split()

    assert set(listed) == {"readme", *OTHER_FILES}
