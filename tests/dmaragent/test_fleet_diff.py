"""The differences of two states of a fleet."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.fleet import diff_words
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.diff import fleet_difference
from dmaragent.fleet.diff_words import ELSEWHERE
from dmaragent.fleet.fleet import Fleet
from dmaragent.fleet.guests import ClassVerdict, GuestOnFleet
from dmaragent.fleet.records import HostRecord, NoData, Why
from dmaragent.fleet.text import diff_text
from dmaragent.policy.decisions import Verdict
from support.altered import altered
from support.cli import run
from support.fleet_pool import GUEST, fleet_of
from support.fleets import made_up_record
from support.machines import MACHINES


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


def test_a_host_that_is_not_compared_has_the_side_and_the_reason(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = tmp_path / "after"
    shutil.copytree(pool, after, symlinks=True)
    shutil.rmtree(after / "amd")
    (after / "amd.tar.xz").write_bytes(b"\xfd7zXZ\0 damaged")
    (after / "broken.tar.xz").unlink()
    shutil.copytree(MACHINES / "lenovo-laptop", after / "broken")

    ran = run(capsys, "fleet", "diff", str(pool), str(after), "--no-cache")

    text = " ".join(ran.out.split())
    assert "earlier document unreadable: broken" in text
    assert "later document unreadable: amd" in text
    assert str(after / "amd.tar.xz") in ran.out.replace("\n    ", "")


def test_a_change_that_no_other_fact_shows_is_one_of_what_decides_about_xen_guests(
    pool: Path,
) -> None:
    fleet = fleet_of(pool)

    def changed(**facts: str) -> list[str]:
        (first, *others) = fleet.records
        later = (replace(first, **facts), *others)  # type: ignore[arg-type]
        found = fleet_difference(fleet, fleet._replace(records=later))
        return [change.what for entry in found.changed for change in entry.changes]

    assert changed(xen_class="other") == ["facts"]
    assert changed(library="other") == ["facts"]
    assert changed(linux_facts="other") == ["facts"]
    assert changed(linux_class="other") == []


def test_a_change_of_what_decides_has_the_value_that_changed(pool: Path) -> None:
    fleet = fleet_of(pool)
    (first, *others) = fleet.records
    later = (replace(first, library="other"), *others)

    (entry,) = fleet_difference(fleet, fleet._replace(records=later)).changed

    assert [(change.before, change.after) for change in entry.changes] == [(first.library, "other")]


def test_a_host_that_came_or_went_is_so_whether_it_was_expected_or_not(pool: Path) -> None:
    """A host with a document in neither is not compared."""
    (pool / "broken.tar.xz").unlink()
    before = fleet_of(pool, expected=frozenset({"hp", "amd", "nowhere"}))
    shutil.rmtree(pool / "amd")
    after = fleet_of(pool, expected=frozenset({"hp", "amd", "nowhere"}))

    gone, new = fleet_difference(before, after), fleet_difference(after, before)

    assert (gone.only_before, gone.only_after, gone.not_compared) == (("amd",), (), ("nowhere",))
    assert (new.only_before, new.only_after, new.not_compared) == ((), ("amd",), ("nowhere",))


GROUPS = "/sys/kernel/iommu_groups"


def test_a_host_whose_iommu_linux_no_longer_uses_has_changed(tmp_path: Path) -> None:
    """Only the kernel's options and its groups differ; a driver that differs is no change."""
    options = {"/proc/cmdline": b"root=/dev/vda1 ro quiet intel_iommu=off\n"}
    altered("qemu-q35-rmrr", tmp_path / "before/h")
    altered("qemu-q35-rmrr", tmp_path / "after/h", options, absent=[("list", GROUPS)])
    driver = "/sys/devices/pci0000:00/0000:00:02.0/driver"
    altered("qemu-q35-rmrr", tmp_path / "unbound/h", absent=[("link", driver)])
    before, after, unbound = map(fleet_of, map(tmp_path.joinpath, ("before", "after", "unbound")))

    (entry,) = fleet_difference(before, after).changed
    assert [change.what for change in entry.changes] == ["facts"]
    assert before.records[0].linux_class != unbound.records[0].linux_class
    assert fleet_difference(before, unbound).changed == ()


def test_a_newer_database_of_names_is_no_change(tmp_path: Path) -> None:
    altered("qemu-q35-rmrr", tmp_path / "before/h")
    names = (MACHINES / "qemu-q35-rmrr/calls/udev-pci").read_bytes()
    newer = names.replace(b"Intel Corporation", b"Intel Corp.")
    assert newer != names
    altered("qemu-q35-rmrr", tmp_path / "after/h", calls={"udev-pci": newer})

    before, after = (fleet_of(tmp_path / name) for name in ("before", "after"))

    assert fleet_difference(before, after).changed == ()


def test_xen_or_a_table_that_came_was_not_unknown_before(pool: Path) -> None:
    """VT-d was switched on in the setup, and Xen installed."""
    fleet = fleet_of(pool)
    without = made_up_record(
        "a",
        xen=None,
        without_xen=True,
        runs_xen=False,
        table="",
        no_table="vtd-off",
        regions=None,
        xen_class="other",
    )
    before = fleet._replace(records=(without,), without=())
    after = fleet._replace(records=(made_up_record("a", 1, model="Server 0"),), without=())

    text = "\n".join(diff_text(fleet_difference(before, after), details=True))

    assert "Xen: none, now 4.15.4" in text
    assert "table: none, now DMAR 000000000001" in text
    assert fleet_difference(before, _with(before, without_xen=False)).changed == ()
    assert fleet_difference(before, _with(before, no_table="denied")).changed == ()


def _with(fleet: Fleet, **facts: Any) -> Fleet:
    return fleet._replace(records=tuple(replace(record, **facts) for record in fleet.records))


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"linux": "6.1.0"}, {"linux": "6.1.1"}, [("linux", "6.1.0", "6.1.1")]),
        (
            {"list_source": "hypervisor"},
            {"list_source": "predicted"},
            [("list", "hypervisor", "predicted")],
        ),
        ({"model": "A"}, {"model": "B"}, [("model", "Example A", "Example B")]),
        ({"regions": 2}, {"regions": 0}, [("regions", "2", "0")]),
        ({"regions": 2}, {"regions": None}, [("regions", "2", "")]),
        ({"regions": 2, "shape": "a"}, {"regions": 2, "shape": "b"}, [("regions", "2", "2")]),
        ({"regions": None, "shape": "a"}, {"regions": None, "shape": "b"}, []),
        (
            {"table": "DMAR a", "places": "a", "regions": 2},
            {"table": "DMAR b", "places": "a", "regions": 2},
            [("table", "DMAR a", "DMAR b")],
        ),
    ],
)
def test_a_fact_that_changed_is_one_change(
    before: dict[str, Any], after: dict[str, Any], changes: list[tuple[str, str, str]]
) -> None:
    old, new = (_of(made_up_record("a", **facts)) for facts in (before, after))

    found = fleet_difference(old, new).changed

    assert [change for entry in found for change in entry.changes] == changes
    assert [entry.model for entry in found] == [
        f"Example {after.get('model', 'Server 0')}" for _ in found
    ]


def test_the_change_of_most_hosts_is_first_and_each_lost_host_has_its_reason() -> None:
    lost = [NoData("z", Why.STALE, "old"), NoData("y", Why.UNREADABLE, "damaged")]
    came = (NoData("n", Why.ABSENT, "none"),)
    before = _of(*(made_up_record(name) for name in "abcyz"), without=came)
    after = _of(
        made_up_record("a", firmware="3"),
        *(made_up_record(name, firmware="4") for name in "bc"),
        made_up_record("n"),
        without=(*lost, NoData("x", Why.ABSENT, "none")),
    )

    found = fleet_difference(before, after)

    assert [entry.hosts for entry in found.changed] == [("b", "c"), ("a",)]
    assert found.not_compared == ("x", "y", "z")
    assert (found.lost_before, found.only_after) == ((), ("n",))
    assert [host.detail for host in found.lost_after] == ["none", "damaged", "old"]


def _of(*records: HostRecord, without: tuple[NoData, ...] = ()) -> Fleet:
    return Fleet(records, without, (), len(records), None)


def test_a_verdict_that_changed_alone_is_a_change() -> None:
    fleet = _of(made_up_record("a"), made_up_record("b", 1))
    starts, refused = (
        [_guest(fleet, ClassVerdict(verdict, (), risk=False, remedies=None))]
        for verdict in (Verdict.STARTS, Verdict.REFUSED)
    )

    found = fleet_difference(fleet, fleet, starts, refused)

    assert [(entry.hosts, len(entry.guests)) for entry in found.changed] == [
        (("a",), 1),
        (("b",), 1),
    ]
    assert found.same == 0
    assert fleet_difference(fleet, fleet, starts, starts).same == 2


def _guest(fleet: Fleet, found: ClassVerdict) -> GuestOnFleet:
    verdicts = tuple((of, found) for of in xen_classes(fleet.records))
    return GuestOnFleet(name="g", source="g.cfg", kvm=False, verdicts=verdicts)


def test_a_host_with_lost_and_used_documents_is_compared() -> None:
    """Of two documents of one name, one cannot be read."""
    fleet = _of(made_up_record("a"), without=(NoData("a", Why.UNREADABLE, "damaged"),))

    found = fleet_difference(fleet, fleet)

    assert (found.same, found.not_compared, found.lost_before, found.lost_after) == (1, (), (), ())


def test_a_host_whose_earlier_document_is_lost_did_not_come() -> None:
    lost = _of(without=(NoData("a", Why.UNREADABLE, "damaged"),))

    found = fleet_difference(lost, _of(made_up_record("a")))

    assert (found.only_after, found.not_compared) == ((), ("a",))


def test_other_sizes_or_owners_in_another_table_are_no_move() -> None:
    old = made_up_record("a", table="DMAR a", shape="a", places="a", regions=2)
    new = replace(old, table="DMAR b", shape="b", places="b")
    same_table = replace(old, places="b")

    (entry,) = fleet_difference(_of(old), _of(new)).changed

    assert [change.after for change in entry.changes] == ["DMAR b", "2"]
    assert fleet_difference(_of(old), _of(same_table)).changed == ()


def test_changes_that_are_left_out_are_counted_with_their_hosts() -> None:
    names = [f"{letter}{at}" for letter in "abcdefghij" for at in range(2)]
    old = _of(*map(made_up_record, names))
    new = _of(*(made_up_record(name, firmware=f"new {name[0]}") for name in names))
    difference = fleet_difference(old, new)

    short, whole = ("\n".join(diff_text(difference, details=each)) for each in (False, True))

    assert diff_words.more_changes(2, 4) in short
    assert [f"new {letter}" in short for letter in "hij"] == [True, False, False]
    assert all(f"new {letter}" in whole for letter in "hij")
