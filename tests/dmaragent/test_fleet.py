"""A folder of many hosts: documents, classes, guests, devices; and what is without data."""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.api import ask_host
from dmaragent.commands.fleet.common import exit_code
from dmaragent.fleet import guests as fleet_guests
from dmaragent.fleet.canonical import digest
from dmaragent.fleet.classes import folded, odd_hosts, xen_classes
from dmaragent.fleet.documents import find_documents, host_name
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.guests import resolve_on
from dmaragent.fleet.json import base_answer, guest_objects
from dmaragent.fleet.records import NOT_IN_XENS_CLASS, HostRecord, Why, fresh
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolver import resolve
from dmaragent.question.context import Question
from support.cli import run
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
    for name in (".hidden", "README.txt", "guest.cfg"):
        (pool / name).write_text("x")
    (pool / "rack").mkdir()
    (pool / "rack" / "node7.tar.gz").write_bytes(b"x")

    names = [document.name for document in find_documents([str(pool)])]

    assert names == ["amd", "broken", "hp", "node7", "xen001", "xen002"]
    assert host_name("a/b/DMAR.bin") == "DMAR"


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


def test_one_resolution_for_each_class_and_guest(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counting(path: str, *rest: object) -> object:
        asked.append(path)
        return ask_host(path, *rest)  # type: ignore[arg-type]

    records = fleet_of(pool).records
    monkeypatch.setattr(fleet_guests, "ask_host", counting)
    resolve_on(records, guests(), XL)

    assert len(asked) == len(xen_classes(records)) == 3


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_a_rule_reads_makes_another_class(name: str) -> None:
    asked = ask_host(str(MACHINES / name), XL)
    facts, stack = asked.facts, asked.stack

    def of(changed: object) -> str:
        return digest((changed, stack), NOT_IN_XENS_CLASS)

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
        apart = read_fleet([str(pool)], FleetQuery(question=XL), executor=executor)
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
