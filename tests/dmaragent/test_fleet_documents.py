"""The documents of a fleet in folders: found, dated, cached, and those that are not what they seem."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.fleet import words as fleet_words
from dmaragent.fleet.cache import keep
from dmaragent.fleet.documents import OTHER_FILES, find_documents, host_name
from dmaragent.fleet.fleet import FleetQuery, read_fleet
from dmaragent.fleet.records import HostRecord, Why, fresh
from dmaragent.question.context import Question
from support.altered import Answers, altered
from support.cli import run
from support.fleet_pool import GUEST, TABLE, XL, acpidump, fleet_of
from support.fleets import made_up_record
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
    assert {host_name(f"x1.{end}") for end in ("tar.bz2", "tbz", "tbz2", "tzst", "tgz")} == {"x1"}


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


def test_an_expected_host_without_a_document_is_absent(pool: Path) -> None:
    fleet = fleet_of(pool, expected=frozenset({"hp", "gone"}))

    assert [record.name for record in fleet.records] == ["hp"]
    assert [(host.name, host.why) for host in fleet.without] == [("gone", Why.ABSENT)]


def test_an_expected_host_without_data_is_listed_once(pool: Path) -> None:
    expected = frozenset({"hp", "broken", "gone"})

    fleet = fleet_of(pool, expected=expected)

    assert [(host.name, host.why) for host in fleet.without] == [
        ("broken", Why.UNREADABLE),
        ("gone", Why.ABSENT),
    ]
    assert (fleet.documents, fleet.expected, fleet.replaced) == (2, 3, ())


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
        replace(record, name="a", path="old", where="z.tar.xz", made=1 * day),
        replace(record, name="a", path="new", where="a.tar.xz", made=9 * day),
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


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("dmar.bin", "dmar"),
        ("IVRS", "IVRS"),
        ("h1/dmar.bin", "h1"),
        ("h1/IVRS.dat", "h1"),
        ("rack/h1/DMAR", "h1"),
        ("rack/h1.bin", "h1"),
        ("rack/dmar-h1.bin", "dmar-h1"),
    ],
)
def test_a_table_beside_other_documents_is_named_after_its_file(
    path: str, name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "pool"
    for each in ("other.tar.xz", path):
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        (folder / each).write_bytes(TABLE.read_bytes())

    found = find_documents([str(folder)])

    assert {document.path: document.name for document in found} == {
        str(folder / "other.tar.xz"): "other",
        str(folder / path): name,
    }


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


def test_a_record_whose_writing_was_interrupted_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    record = fleet_of(MACHINES / "hp-dl380e-gen8").records[0]
    place = tmp_path / "cache" / "ab" / "cd"
    for owner, name in ((json, "dump"), (Path, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                keep(record, place)
        assert list(place.parent.iterdir()) == []
    keep(record, place)
    assert list(place.parent.iterdir()) == [place]


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


def test_the_cache_keeps_the_answers_to_two_questions_apart(tmp_path: Path) -> None:
    table, cache = tmp_path / "table.bin", str(tmp_path / "cache")
    table.write_bytes(TABLE.read_bytes())
    queries = [FleetQuery(question=Question(xen=release)) for release in ("4.16", "4.20")]

    fresh_ones = [read_fleet([str(table)], query).records[0].xen_class for query in queries]
    cached = [read_fleet([str(table)], query, cache=cache).records[0] for query in queries * 2]

    assert fresh_ones[0] != fresh_ones[1]
    assert [record.xen_class for record in cached] == fresh_ones * 2


def test_a_cached_record_has_the_place_and_the_name_of_todays_document(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    before, after = tmp_path / "before.bin", tmp_path / "after.bin"
    before.write_bytes(TABLE.read_bytes())
    read_fleet([str(before)], FleetQuery(question=XL), cache=cache)
    before.rename(after)

    (record,) = read_fleet([str(after)], FleetQuery(question=XL), cache=cache).records

    assert (record.name, record.path, record.where) == ("after", str(after), str(after))


@pytest.mark.parametrize(("ahead", "stale"), [(7_200, []), (86_400, []), (86_401, [Why.STALE])])
def test_a_clock_may_be_a_day_ahead(pool: Path, ahead: int, stale: list[Why]) -> None:
    record = replace(fleet_of(pool).records[0], made=1_000_000 + ahead)

    kept, without = fresh([record], 7 * 86_400, now=1_000_000)

    assert [host.why for host in without] == stale
    assert len(kept) == 1 - len(stale)


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


@pytest.mark.parametrize("page", ["docs/manual.md", "docs/fleet.md"])
def test_pages_list_the_files_that_are_left_out(page: str) -> None:
    """And no others, so that `.log` is not said to be one."""
    text = (MACHINES.parents[1] / page).read_text()
    start = text.index("README, SHA256SUMS")
    listed = text[start : text.index(")", start)].replace("`", "").replace(",", "").lower().split()

    assert set(listed) == {"readme", *OTHER_FILES}


@pytest.mark.parametrize(
    ("files", "calls"),
    [
        ({}, {"clock": b"inf\n"}),
        ({}, {"clock": b"1e999\n"}),
        ({}, {"clock": b"1e300\n"}),
        ({"/sys/hypervisor/version/major": b"1234\n"}, {}),
    ],
)
def test_an_odd_number_in_one_document_ends_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: Answers, calls: Answers
) -> None:
    pool, guest = tmp_path / "pool", tmp_path / "g.cfg"
    altered("xen-pv-dom0", pool / "odd", files, calls)
    altered("dell-r820", pool / "other")
    guest.write_text(GUEST)

    for verb in (("show", str(pool)), ("resolve", str(guest), "--on", str(pool))):
        ran = run(capsys, "fleet", *verb, "--stale", "1", "--no-cache")
        assert "internal" not in ran.err
        assert "2 hosts" in ran.out


def test_a_link_to_itself_in_a_folder_ends_no_search(tmp_path: Path) -> None:
    """Proc is a name of a collector's report."""
    (tmp_path / "xen1").mkdir()
    (tmp_path / "xen1/proc").symlink_to("proc")
    shutil.copytree(MACHINES / "dell-r820", tmp_path / "xen2")

    assert [document.name for document in find_documents([str(tmp_path)])] == ["xen2"]


@pytest.mark.parametrize(
    ("made", "most_age", "kept"),
    [
        (400, 100, True),
        (399, 100, False),
        (399, None, True),
        (500_000, None, True),
        (None, 0, True),
    ],
)
def test_a_document_is_as_old_as_it_may_be(
    made: int | None,
    most_age: float | None,
    kept: bool,  # noqa: FBT001 - a case
) -> None:
    """Without a limit, a date in the future does not count."""
    record = made_up_record("a", made=made)

    found, without = fresh([record], most_age, now=500)

    assert (found, [host.why for host in without]) == (
        ([record], []) if kept else ([], [Why.STALE])
    )


@pytest.mark.parametrize(
    ("earlier", "later", "older"), [(1, 2, True), (1, 1, False), (None, 2, False)]
)
def test_a_replaced_document_is_older_only_if_both_dates_are_known(
    earlier: int | None,
    later: int,
    older: bool,  # noqa: FBT001 - a case
) -> None:
    records = [
        made_up_record("a", made=made, firmware=place, where=place)
        for place, made in (("one", earlier), ("two", later))
    ]

    kept, ((_, why, detail, _),) = fresh(records, None)

    assert kept == records[1:]
    assert why is Why.REPLACED
    assert detail == (fleet_words.replaced if older else fleet_words.not_used)("one")
