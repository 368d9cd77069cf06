"""What changed between two scans, if less is known after than before: unknown is never "gone"."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.agent.changes import Change, ChangeKind, changes
from dmaragent.agent.follow import Step
from dmaragent.agent.published import Published
from dmaragent.agent.status import read_status
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.commands.watch import step_lines
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.kinds import Absence, AbsenceKind
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from dmaragent.service_paths import INVENTORY
from support.machines import MACHINES
from support.published import publish
from support.wording import Worded

DENIED = Missing(MissingKind.DENIED, "Permission denied")
FAILED = Missing(MissingKind.FAILED, "Input/output error")


def snapshot(name: str) -> HostSnapshot:
    """Return the readings of a recorded machine."""
    return collect(open_host(str(MACHINES / name)).reader)


def scanned(readings: HostSnapshot) -> Published:
    """Return what is published of `readings` by the first scan."""
    return replace(publish(take_inventory(join(readings))), scans=1)


def told(before: HostSnapshot, after: HostSnapshot) -> tuple[Change, ...]:
    """Return the changes from `before` to `after`."""
    return changes(scanned(before), scanned(after), most=None)


def with_table(readings: HostSnapshot, content: bytes | Missing) -> HostSnapshot:
    """Return `readings` with another content of the table."""
    assert not isinstance(readings.tables, Missing)
    return readings._replace(tables=(readings.tables[0]._replace(content=content),))


def test_functions_that_cannot_be_read_are_not_removed(worded: Worded) -> None:
    whole = snapshot("lenovo-laptop")
    unread = whole._replace(pci=FAILED)

    lost, back = told(whole, unread), told(unread, whole)
    assert [(one.kind, one.bad) for one in lost[:1]] == [(ChangeKind.DEVICES_UNKNOWN, True)]
    assert [(one.kind, one.bad) for one in back[:1]] == [(ChangeKind.DEVICES_KNOWN, False)]
    kinds = {one.kind for one in lost + back}
    assert not kinds & {ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.NO_FINDING}
    assert told(unread, unread._replace(pci=DENIED)) == ()
    worded([lost[0].sentence, back[0].sentence])


def test_a_driver_that_cannot_be_read_has_not_changed() -> None:
    whole = snapshot("lenovo-laptop")
    assert not isinstance(whole.pci, Missing)
    place = next(n for n, one in enumerate(whole.pci) if str(one.driver).endswith("/i915"))
    pci = list(whole.pci)
    pci[place] = pci[place]._replace(driver=FAILED)
    unread = whole._replace(pci=tuple(pci))

    assert told(whole, unread) == told(unread, whole) == ()


def test_another_device_at_an_address_was_added_after_the_first_was_removed() -> None:
    """Its events share a burst, and its driver has the same name, or it has none."""
    whole = snapshot("lenovo-laptop")
    assert not isinstance(whole.pci, Missing)
    place = next(n for n, one in enumerate(whole.pci) if str(one.driver).endswith("/i915"))
    for vendor, kinds in (
        (b"0x1234\n", [ChangeKind.REMOVED, ChangeKind.ADDED]),
        (FAILED, []),  # the same device, as far as is known
    ):
        pci = list(whole.pci)
        pci[place] = pci[place]._replace(vendor=vendor)
        found = told(whole, whole._replace(pci=tuple(pci)))
        about = [one for one in found if one.finding is None]
        assert [one.kind for one in about] == kinds
        assert {str(sbdf) for one in about for sbdf in one.devices} <= {"0000:00:02.0"}
        assert [one.driver for one in about] == ([None, "i915"] if kinds else [])


def test_another_reason_for_a_missing_table_is_no_change_of_the_table() -> None:
    whole = snapshot("lenovo-laptop")
    denied, failed = with_table(whole, DENIED), with_table(whole, FAILED)

    assert told(denied, failed) == told(failed, denied) == ()
    assert [one.kind for one in told(whole, denied)] == [ChangeKind.TABLE_GONE]
    assert told(denied, whole)[0].kind is ChangeKind.TABLE_CHANGED


def test_that_the_kernel_has_no_table_is_a_change_if_it_was_unknown(worded: Worded) -> None:
    """Root's capture is new: before, the table was denied."""
    whole = snapshot("lenovo-laptop")
    absent = with_table(whole, Missing(MissingKind.ABSENT))
    assert isinstance(scanned(absent).inventory.iommu, Missing)
    for unknown in (with_table(whole, DENIED), with_table(whole, FAILED)):
        (known,) = told(unknown, absent)
        assert (known.kind, known.bad) == (ChangeKind.TABLE_ABSENT, True)
        (lost,) = told(absent, unknown)
        assert (lost.kind, lost.bad) == (ChangeKind.TABLE_GONE, True)
        worded([known.sentence, lost.sentence])
    assert told(absent, absent) == ()


def test_a_table_that_may_not_be_read_is_not_reported_as_absent(worded: Worded) -> None:
    """The first line of the journal."""
    whole = snapshot("lenovo-laptop")
    sentences = []
    for missing in (DENIED, Missing(MissingKind.ABSENT, "No such file")):
        (first,) = changes(None, scanned(with_table(whole, missing)))
        sentences.append(first.sentence)
    assert "no DMAR" not in sentences[0]
    assert "no DMAR" in sentences[1]
    worded(sentences)


@pytest.mark.parametrize(
    ("name", "lost", "rule"),
    [
        ("hp-dl380e-gen8", {"memory_map": FAILED}, "rmrr-not-reserved"),
        ("qemu-amd-bookworm", {"pci": FAILED}, "ivmd-range-wide"),
    ],
)
def test_a_finding_that_can_no_longer_be_checked_is_not_gone(
    name: str, lost: dict[str, Missing], rule: str, worded: Worded
) -> None:
    whole = snapshot(name)
    after = whole._replace(**lost)  # type: ignore[arg-type]

    found = told(whole, after)
    (unknown,) = [one for one in found if one.finding and one.finding.rule.id == rule]
    assert (unknown.kind, unknown.bad) == (ChangeKind.FINDING_UNKNOWN, True)
    assert ChangeKind.NO_FINDING not in {one.kind for one in found}
    back = [one for one in told(after, whole) if one.finding and one.finding.rule.id == rule]
    assert [one.kind for one in back] == [ChangeKind.FINDING]
    worded(unknown.sentence)


def test_a_finding_whose_rule_may_find_less_is_not_gone() -> None:
    """A rule that uses the functions if they are known still runs without them."""
    whole = snapshot("hp-dl380e-gen8")
    unread = whole._replace(pci=FAILED)

    def kinds(before: HostSnapshot, after: HostSnapshot) -> set[ChangeKind]:
        later = scanned(after)
        later = replace(later, checked=later.checked._replace(findings=()))
        found = changes(scanned(before), later, most=None)
        return {one.kind for one in found if one.finding and one.finding.rule.id == "rmrr-shared"}

    assert kinds(whole, unread) == {ChangeKind.FINDING_UNKNOWN}
    assert kinds(unread, unread) == {ChangeKind.NO_FINDING}  # nothing more is lost


def test_the_change_of_a_finding_about_a_device_names_it() -> None:
    whole = scanned(snapshot("hp-dl380e-gen8"))
    none = replace(whole, checked=whole.checked._replace(findings=()))

    found = {
        (one.kind, one.devices)
        for one in changes(none, whole, most=None)
        if one.finding and one.finding.rule.id == "rmrr-device-absent"
    }
    assert found == {
        (ChangeKind.FINDING, (SBDF.parse(name),)) for name in ("0000:07:00.0", "0000:00:1f.5")
    }


def test_a_table_is_missing_for_a_reason_also_without_details() -> None:
    unread = with_table(snapshot("lenovo-laptop"), Missing(MissingKind.FAILED))

    (first,) = changes(None, scanned(unread))

    assert MissingKind.FAILED.value in first.sentence


def test_findings_of_a_table_that_cannot_be_read_are_told_by_the_line_about_it() -> None:
    whole = snapshot("hp-dl380e-gen8")

    assert [one.kind for one in told(whole, with_table(whole, FAILED))] == [ChangeKind.TABLE_GONE]


@pytest.mark.parametrize("content", [b"DMAR\x10\0\0\0", None])
def test_a_table_that_was_cut_hides_regions_and_findings(
    content: bytes | None, worded: Worded
) -> None:
    whole = snapshot("lenovo-laptop")
    assert not isinstance(whole.tables, Missing)
    written = whole.tables[0].content
    assert isinstance(written, bytes)
    cut = scanned(with_table(whole, written[:60] if content is None else content))

    (first,) = changes(None, cut)
    assert (cut.inventory.region_count, first.bad) == (None, True)
    watched = list(step_lines(Step(published=cut, changes=(), lost=False), as_json=False))
    worded([first.sentence, *watched])
    hp = snapshot("hp-dl380e-gen8")
    found = told(hp, with_table(hp, b"DMAR\x10\0\0\0"))
    assert ChangeKind.NO_FINDING not in {one.kind for one in found}


def test_a_wrong_checksum_hides_no_region() -> None:
    whole = snapshot("lenovo-laptop")
    assert not isinstance(whole.tables, Missing)
    written = whole.tables[0].content
    assert isinstance(written, bytes)
    changed = written[:9] + bytes([written[9] ^ 1]) + written[10:]

    assert scanned(with_table(whole, changed)).inventory.region_count == 2


@pytest.mark.parametrize(
    ("kind", "regions"),
    [
        (AbsenceKind.VTD_OFF, 0),
        (AbsenceKind.AMD, 0),
        (AbsenceKind.VIRTUAL_MACHINE, 0),
        (AbsenceKind.DENIED, None),
        (AbsenceKind.PVH_DOM0, None),
        (AbsenceKind.ARM, None),
        (AbsenceKind.UNKNOWN, None),
    ],
)
def test_only_a_host_that_has_no_iommu_has_no_region(
    kind: AbsenceKind, regions: int | None, tmp_path: Path
) -> None:
    """Systemctl status and ``dmaragent status`` agree."""
    absent = scanned(with_table(snapshot("lenovo-laptop"), DENIED))
    inventory = absent.inventory._replace(absence=Absence(kind, (), "DMAR"))
    assert inventory.region_count == regions

    assert published_count(inventory, tmp_path) == regions


@pytest.mark.parametrize(("content", "regions"), [(b"DMAR\x10\0\0\0", None), (b"", None)])
def test_status_knows_no_number_of_a_damaged_table(
    content: bytes, regions: int | None, tmp_path: Path
) -> None:
    inventory = scanned(with_table(snapshot("lenovo-laptop"), content)).inventory

    assert published_count(inventory, tmp_path) == regions
    whole = snapshot("lenovo-laptop")
    assert published_count(scanned(whole).inventory, tmp_path) == 2
    written = whole.tables[0].content
    assert isinstance(written, bytes)
    for bytes_left, number in ((written[:-8], None), (written + bytes(3), 2)):
        damaged = scanned(with_table(whole, bytes_left)).inventory
        assert published_count(damaged, tmp_path) == number


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"origin": {"generation": 1e999, "digest": ""}, "answer": {}}',
        b'{"origin": {"generation": 1, "digest": ""}, "answer": {"table": null}}',
        b'{"origin": {"generation": 1, "digest": ""}, "answer": []}',
        b"\xff",
    ],
    ids=["nested", "infinite", "no absence", "list", "not UTF-8"],
)
def test_a_file_that_is_no_inventory_is_a_problem_of_status(content: bytes, tmp_path: Path) -> None:
    (tmp_path / INVENTORY).write_bytes(content)
    (tmp_path / "capture").write_bytes(b"")
    os.utime(tmp_path / INVENTORY, (1_000, 1_000))
    os.utime(tmp_path / "capture", (2_000, 2_000))

    status = read_status(str(tmp_path), str(tmp_path / "capture"), str(tmp_path / "none"))

    assert status.problem
    assert (status.published, status.regions) == (False, None)
    assert (status.changed, status.captured, status.socket) == (1_000, 2_000, False)


def test_status_loads_no_module_of_tables(tmp_path: Path) -> None:
    """They take most of the time in which a verb starts, and monitoring calls `status` often."""
    code = (
        "import sys; from dmaragent.cli import main\n"
        f"code = main(['status', '--json', '--runtime', {str(tmp_path)!r}])\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'construct', 'fwtables', 'psutil', 'pyudev'}), file=sys.stderr)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)

    assert (done.returncode, done.stderr.strip()) == (1, "[]")


def published_count(inventory: Inventory, runtime: Path) -> int | None:
    """Return the number of regions that ``dmaragent status`` shows of what is published."""
    (runtime / INVENTORY).write_bytes(publish(inventory).document)
    status = read_status(str(runtime), str(runtime / "none"), str(runtime / "none"))
    assert status.published
    return status.regions
