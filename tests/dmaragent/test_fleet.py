"""A folder of many hosts: documents, classes, guests, devices; and what is without data."""

import contextlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.collect.unpack_archive import unpack_archive
from dmaragent.commands.fleet.common import exit_code
from dmaragent.errors import DmaragentError, HostError
from dmaragent.fleet import guests as fleet_guests
from dmaragent.fleet.classes import folded, linux_classes, odd_hosts, xen_classes
from dmaragent.fleet.diff import fleet_difference
from dmaragent.fleet.documents import find_documents, host_name
from dmaragent.fleet.engine import answers
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.guests import resolve_on
from dmaragent.fleet.json import base_answer, guest_objects
from dmaragent.fleet.records import HostRecord, NoData, Why, fresh
from dmaragent.fleet.words import ELSEWHERE
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolver import resolve
from dmaragent.present.words.guest import reason_words
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver, Question
from dmaragent.question.host_class import as_written, xen_class
from support.cli import run
from support.fleets import KillingTask, kill_at_first
from support.machines import MACHINES, NAMES

XL = Question(xen="4.17")
GUEST = 'name = "g"\ntype = "hvm"\nmemory = 2048\npci = ["00:1a.0"]\n'


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Make a folder with two alike hosts, two others, and a file that is no host."""
    for name, machine in {
        "xen001": "xen-pv-dom0",
        "xen002": "xen-pv-dom0",
        "hp": "hp-dl380e-gen8",
        "amd": "synthetic-am5-desktop",
    }.items():
        shutil.copytree(MACHINES / machine, tmp_path / "pool" / name)
    (tmp_path / "pool" / "broken.tar.xz").write_bytes(b"\xfd7zXZ\0 damaged")
    return tmp_path / "pool"


def fleet_of(pool: Path, **query: object) -> Fleet:
    return read_fleet([str(pool)], FleetQuery(question=XL, **query))  # type: ignore[arg-type]


def guests(text: str = GUEST) -> tuple[Guest, ...]:
    return tuple(read_all_guests(text, "g.cfg"))


def test_each_document_is_a_host_by_its_files_name(pool: Path) -> None:
    for name in (".hidden", "README.txt", "guest.cfg", "hp.nfd", "hp.yaml"):
        (pool / name).write_text("x")
    (pool / "rack").mkdir()
    (pool / "rack" / "node7.tar.gz").write_bytes(b"x")

    names = [document.name for document in find_documents([str(pool)])]

    assert names == ["amd", "broken", "hp", "node7", "xen001", "xen002"]
    assert host_name("a/b/DMAR.bin") == "DMAR"


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
    assert [(host.name, host.why) for host in read.without] == [("broken", Why.UNREADABLE)]
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


def test_alike_hosts_are_one_class_and_the_damaged_one_has_no_data(pool: Path) -> None:
    fleet = fleet_of(pool)
    classes = xen_classes(fleet.records)

    assert [of.names for of in classes] == [("xen001", "xen002"), ("amd",), ("hp",)]
    assert [(host.name, host.why) for host in fleet.without] == [("broken", Why.UNREADABLE)]


def test_a_host_of_a_class_answers_for_all_of_it(pool: Path) -> None:
    """Equal class, equal answer: for every guest and every pair of recorded machines."""
    records = fleet_of(pool).records
    (found,) = resolve_on(records, guests(), XL)
    for of, verdict in found.verdicts:
        for record in of.hosts:
            asked = ask_host(record.path, XL, guests())
            alone = resolve(guests()[0], asked.facts, asked.stack)  # type: ignore[arg-type]
            assert alone.verdict is verdict.verdict


def test_one_resolution_for_each_class_and_kind_of_guest(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guests that differ in their name and file alone are one kind."""
    resolved: list[str] = []
    own = GuestResolver.resolve

    def counting(self: GuestResolver, guest: Guest) -> object:
        resolved.append(guest.name)
        return own(self, guest)

    monkeypatch.setattr(GuestResolver, "resolve", counting)
    many = [
        guest
        for number in range(5)
        for guest in read_all_guests(GUEST.replace('"g"', f'"g{number}"'), f"g{number}.cfg")
    ]
    many += read_all_guests(GUEST.replace("2048", "1024"), "small.cfg")
    records = fleet_of(pool).records

    found = resolve_on(records, many, XL)

    assert len(resolved) == len(xen_classes(records)) * 2 == 6
    assert [guest.name for guest in found] == ["g0", "g1", "g2", "g3", "g4", "g"]
    assert len({guest.verdicts for guest in found}) == 2


def test_fixes_are_tried_for_the_largest_classes(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = fleet_of(pool).records
    strict = guests(GUEST.replace("00:1a.0", "00:1a.0,rdm_policy=strict"))
    (whole,) = resolve_on(records, strict, XL)
    monkeypatch.setattr(fleet_guests, "REMEDIES_OF", 1)
    (found,) = resolve_on(records, strict, XL)
    (every,) = resolve_on(records, strict, XL, all_remedies=True)

    refused = [own for _, own in found.verdicts if own.verdict is Verdict.REFUSED]
    assert len(refused) > 1
    assert [own.remedies is not None for own in refused] == [True] + [False] * (len(refused) - 1)
    assert every == whole
    assert [own._replace(remedies=None) for _, own in found.verdicts] == [
        own._replace(remedies=None) for _, own in whole.verdicts
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_a_rule_reads_makes_another_class(name: str) -> None:
    asked = ask_host(str(MACHINES / name), XL)
    facts, stack = asked.facts, asked.stack

    def of(changed: HostFacts) -> str:
        return xen_class(changed, stack)

    page = AddressRange(0x7000_0000, 0x7000_1000)
    others = [
        replace(facts, listed=(*facts.listed, page)),
        replace(facts, hap=not facts.hap),
        replace(facts, iommu_off="off"),
        replace(facts, incomplete="a region may be missing"),
        replace(facts, owners={page: ()}),
    ]
    assert len({of(facts), *map(of, others)}) == 1 + len(others)
    assert of(facts) == of(replace(facts, assignable=frozenset()))


def test_the_order_of_documents_and_the_engine_change_nothing(pool: Path) -> None:
    fleet = fleet_of(pool)
    with ProcessPoolExecutor(2) as executor:
        apart = read_fleet([str(pool)], FleetQuery(question=XL), engine=executor)
        there = resolve_on(apart.records, guests(), XL, executor)
    here = resolve_on(tuple(reversed(fleet.records)), guests(), XL)

    assert fleet == apart
    assert guest_objects(here, 1) == guest_objects(there, 1)
    assert base_answer(xen_classes(fleet.records), fleet.without) == base_answer(
        xen_classes(apart.records), apart.without
    )


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


@pytest.mark.parametrize(("need", "code"), [(38, 0), (45, 2), (48, 1), (None, 1)])
def test_hosts_without_data_may_tip_it(need: int | None, code: int) -> None:
    assert exit_code(40, 3, 7, need) == code


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
    assert first.records[0].regions > 0


def test_a_host_that_differs_from_its_model_is_odd(pool: Path) -> None:
    record = fleet_of(pool).records[0]
    alike = [
        replace(record, name=f"h{number}", model="M", firmware="1", table="DMAR a")
        for number in range(4)
    ]
    odd = odd_hosts([*alike, replace(alike[0], name="odd", firmware="2")])

    assert [(host.host.name, host.differs, host.value) for host in odd] == [
        ("odd", "firmware", "2")
    ]
    assert odd_hosts(alike[:2]) == ()


def test_names_are_folded_by_their_last_number() -> None:
    names = ["xen001", "xen002", "xen004", "db", "a9b", "a10b"]

    assert folded(names) == "a[10]b a[9]b db xen[001-002,004]".replace("[10]", "10").replace(
        "[9]", "9"
    )


def test_the_verbs_answer_and_their_exit_codes_are_three_valued(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    guest = tmp_path / "g.cfg"
    guest.write_text(GUEST)

    shown = run(capsys, "fleet", "show", str(pool), "--json", "--xen", "4.17")
    found = run(
        capsys, "fleet", "resolve", str(guest), "--on", str(pool), "--xen", "4.17", "--json"
    )
    device = run(capsys, "fleet", "device", "usb", "--on", str(pool), "--xen", "4.17", "--json")
    lines = run(capsys, "fleet", "export", str(pool), "--xen", "4.17").out.splitlines()

    assert json.loads(shown.out)["answer"]["classes"][0]["hosts"] == ["xen001", "xen002"]
    counts = json.loads(found.out)["answer"]["guests"][0]["counts"]
    assert sum(counts.values()) == 5
    assert counts["no_data"] == 1
    assert {row["host"] for row in json.loads(device.out)["answer"]["devices"]} >= {"hp", "amd"}
    assert [json.loads(line)["name"] for line in lines] == [
        "amd",
        "hp",
        "xen001",
        "xen002",
        "broken",
    ]
    assert found.code == 1


def test_a_guest_that_starts_everywhere_depends_on_the_hosts_without_data(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guest = tmp_path / "plain.cfg"
    guest.write_text('name = "p"\ntype = "hvm"\nmemory = 512\n')
    on = ("--on", str(pool), "--xen", "4.17", "--no-cache")

    assert run(capsys, "fleet", "resolve", str(guest), *on).code == 2
    assert run(capsys, "fleet", "resolve", str(guest), *on, "--need", "4").code == 0
    assert run(capsys, "fleet", "resolve", str(guest), *on, "--need", "6").code == 1


def test_verdicts_are_of_hosts_and_not_of_classes(pool: Path) -> None:
    (found,) = resolve_on(fleet_of(pool).records, guests(), XL)

    total = sum(found.hosts(verdict) for verdict in Verdict)
    assert total == 4


def test_recorded_answers_of_libxlutil_make_another_class(pool: Path) -> None:
    """They decide about the texts that they are of, so one host of a class must not lend its own."""
    record = fleet_of(pool).records[0]
    apart = [replace(record, name="a", library="1"), replace(record, name="b", library="2")]

    assert [of.names for of in xen_classes([*apart, replace(apart[0], name="c")])] == [
        ("a", "c"),
        ("b",),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_out_of_a_class_decides_about_no_guest(name: str) -> None:
    asked = ask_host(str(MACHINES / name), XL)
    functions = {
        sbdf: function._replace(
            driver="other",
            driver_known=True,
            vendor_name="other",
            device_name="other",
            slot=None,
            iommu_group=4711,
            vendor_id=0x4711,
            device_id=0x4711,
        )
        for sbdf, function in (asked.facts.functions or {}).items()
    }
    facts = asked.facts
    other = replace(
        facts,
        assignable=frozenset(),
        functions=None if facts.functions is None else functions,
    )
    assert xen_class(other, asked.stack) == xen_class(facts, asked.stack)
    for path in sorted((MACHINES / name / "guests").glob("*.cfg")):
        for guest in read_all_guests(path.read_text(), path.name):
            before, after = (resolve(guest, each, asked.stack) for each in (facts, other))  # type: ignore[arg-type]
            assert after.verdict is before.verdict
            assert [*map(reason_words, after.reasons)] == [*map(reason_words, before.reasons)]


# Differences ----------------------------------------------------------------------------


def test_hosts_that_changed_alike_are_one_entry(pool: Path) -> None:
    fleet = fleet_of(pool)
    moved = {"places": "other", "table": "DMAR 000000000000", "firmware": "2"}
    after = fleet._replace(
        records=tuple(
            replace(record, **moved) if record.name.startswith("xen") else record  # type: ignore[arg-type]
            for record in fleet.records
        )
    )

    found = fleet_difference(fleet, after)

    assert found.same == 2
    assert [(entry.hosts, [fact.what for fact in entry.changes]) for entry in found.changed] == [
        (("xen001", "xen002"), ["firmware", "table", "regions"])
    ]
    assert found.changed[0].changes[-1].after == ELSEWHERE
    assert found.not_compared == ("broken",)


def test_a_host_without_data_on_one_side_is_not_compared(pool: Path) -> None:
    fleet = fleet_of(pool)
    gone = fleet._replace(
        records=fleet.records[1:], without=(NoData("amd", Why.UNREADABLE, "damaged"),)
    )
    new = fleet._replace(records=(*fleet.records, replace(fleet.records[0], name="new")))

    assert fleet_difference(fleet, gone).not_compared == ("amd", "broken")
    assert fleet_difference(fleet, gone).only_before == ()
    assert fleet_difference(fleet, new).only_after == ("new",)


def test_the_verb_shows_the_guests_that_an_update_stops(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after, guest = tmp_path / "after", tmp_path / "g.cfg"
    shutil.copytree(pool, after, symlinks=True)
    shutil.rmtree(after / "xen002")
    shutil.copytree(MACHINES / "lenovo-laptop", after / "xen002")
    guest.write_text(GUEST)
    arguments = ("fleet", "diff", str(pool), str(after), "--no-cache", "--xen", "4.17")

    ran = run(capsys, *arguments, "--guest", str(guest), "--json")
    (entry,) = json.loads(ran.out)["answer"]["changed"]

    assert ran.code == 1
    assert entry["hosts"] == ["xen002"]
    assert {change["what"] for change in entry["changes"]} >= {"model", "table", "regions"}
    assert run(capsys, "fleet", "diff", str(pool), str(pool), "--no-cache").code == 2  # broken
    (pool / "broken.tar.xz").unlink()
    assert run(capsys, "fleet", "diff", str(pool), str(pool), "--no-cache").code == 0


# Documents that are not what they seem ---------------------------------------------------


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


def test_a_reason_names_no_file_because_guests_share_it(pool: Path) -> None:
    strict = GUEST.replace("00:1a.0", "00:1a.0,rdm_policy=strict")
    many = [
        guest
        for name in ("a", "b")
        for guest in read_all_guests(strict.replace('"g"', f'"{name}"'), f"{name}.cfg")
    ]

    reasons = [
        reason
        for guest in resolve_on(fleet_of(pool).records, many, XL)
        for _, own in guest.verdicts
        for reason in own.reasons
    ]

    assert any("line 4" in reason for reason in reasons)
    assert not any(".cfg" in reason for reason in reasons)


def test_classes_of_kvm_guests_have_labels_of_their_own(pool: Path) -> None:
    records = fleet_of(pool).records

    assert {of.label for of in xen_classes(records)}.isdisjoint(
        of.label for of in linux_classes(records)
    )


@pytest.mark.parametrize(
    "wrong",
    [("--need", "0"), ("--jobs", "0"), ("--stale", "-1"), ("--stale", "nan"), ("--hosts", "")],
)
def test_impossible_numbers_and_names_are_refused(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: tuple[str, str]
) -> None:
    guest = tmp_path / "g.cfg"
    guest.write_text(GUEST)
    ran = run(capsys, "fleet", "resolve", str(guest), "--on", str(pool), "--no-cache", *wrong)

    assert (ran.code, ran.out) == (2, "")
    assert wrong[0] in ran.err


def test_a_table_that_xen_renamed_is_the_same_table() -> None:
    table = (MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR").read_bytes()
    checksum = (table[9] - (ord("X") - ord("D"))) & 0xFF
    zapped = b"XMAR" + table[4:9] + bytes([checksum]) + table[10:]

    assert sum(zapped) & 0xFF == 0
    assert as_written(b"RMAD" + table[4:]) == as_written(zapped) == as_written(table) == table


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


def test_the_work_of_a_killed_process_is_done_once_more(tmp_path: Path) -> None:
    tasks = [KillingTask(str(tmp_path / "flag"))] * 60
    with ProcessPoolExecutor(2) as executor:
        assert list(answers(kill_at_first, tasks, executor)) == [task.path for task in tasks]


def test_a_document_that_kills_each_process_ends_the_run(tmp_path: Path) -> None:
    tasks = [KillingTask(str(tmp_path / "always"))]
    with ProcessPoolExecutor(2) as executor, pytest.raises(DmaragentError) as raised:
        list(answers(kill_at_first, tasks, executor))

    assert "--jobs" in raised.value.hint
