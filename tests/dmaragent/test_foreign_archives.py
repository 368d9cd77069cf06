"""Reports of other tools: packed and unpacked they give the same host."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import ARCHIVE, DIRECTORY
from dmaragent.errors import HostError
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from support.bundles import PACKERS, member, tar_directory, tar_of, zip_of
from support.cli import run
from support.machines import MACHINES, materialize
from support.tables import EVERY_STRUCTURE, dump
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
DUMP = (dump(EVERY_STRUCTURE) + dump(bytes(64), "FACP")).encode()


def _sosreport(folder: Path) -> None:
    """Make what sos leaves of the lenovo: a copied root, logs and the output of commands."""
    materialize("lenovo-laptop", folder)
    (folder / "sos_commands/pci").mkdir(parents=True)
    (folder / "sos_commands/pci/lspci_-nnvv").write_text("00:00.0 Host bridge")
    (folder / "sos_commands/host").mkdir()
    (folder / "lspci").symlink_to("sos_commands/pci/lspci_-nnvv")
    (folder / "sos_reports").mkdir()
    (folder / "sos_reports/manifest.json").write_text('{"version": "4.0"}')
    (folder / "var/log").mkdir(parents=True)
    (folder / "var/log/messages").write_bytes(b"\xff" * 100_000)
    dmi = folder / "sys/class/dmi/id"
    real = folder / "sys/devices/virtual/dmi/id"
    if dmi.is_dir():
        real.parent.mkdir(parents=True)
        dmi.rename(real)
        dmi.symlink_to("../../devices/virtual/dmi/id")


def _bugtool(folder: Path) -> None:
    """Make what xen-bugtool leaves: no sysfs to speak of, a tar in it, output of commands."""
    for name, content in {
        "acpidump.out": DUMP,
        "proc/cmdline": b"ro iommu=on\n",
        "proc/cpuinfo": b"vendor_id : GenuineIntel\n" * 1000,
        "etc/systemd.tar": tar_of({"a": b"b"}),
        "sys/kernel/notes": b"x",
        "xl-info.out": b"xen_version : 4.17.5",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


REPORTS: dict[str, Callable[[Path], None]] = {"sosreport": _sosreport, "xen-bugtool": _bugtool}


def _snapshot(path: Path, kind: str) -> HostSnapshot:
    opened = open_host(str(path))
    assert opened.kind == kind
    return collect(opened.reader)


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("top", ["report-2026", ".", "root", "x/root"])
@pytest.mark.parametrize("end", PACKERS)
def test_a_report_is_the_same_host_packed_and_unpacked(
    report: str, top: str, end: str, tmp_path: Path
) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    REPORTS[report](folder)
    packed = tmp_path / "packed"
    packed.write_bytes(PACKERS[end](tar_directory(folder, top)))

    snapshot = _snapshot(packed, ARCHIVE)

    assert snapshot == _snapshot(folder, DIRECTORY)
    assert isinstance(snapshot.tables[0].content, bytes)


def test_a_sosreport_answers_what_its_host_did(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "sosreport"
    folder.mkdir()
    _sosreport(folder)
    packed = tmp_path / "sosreport.tar.xz"
    packed.write_bytes(PACKERS["tar.xz"](tar_directory(folder, "sosreport-x")))

    for verb in ("inventory", "check"):
        unpacked = run(capsys, verb, "--json", "--host", folder).document
        found = run(capsys, verb, "--json", "--host", packed).document
        assert found["answer"] == unpacked["answer"]
    regions = run(capsys, "inventory", "--json", "--host", MACHINES / "lenovo-laptop").document
    found = run(capsys, "inventory", "--json", "--host", packed).document
    assert [one["base"] for one in found["answer"]["regions"]] == [
        one["base"] for one in regions["answer"]["regions"]
    ]
    assert found["origin"]["host"]["kind"] == "archive"


def test_a_report_of_xen_bugtool_may_be_a_zip(tmp_path: Path) -> None:
    packed = tmp_path / "report.zip"
    packed.write_bytes(zip_of({"acpidump.out": DUMP, "proc/cmdline": b"ro\n"}, "bug-report-1"))

    snapshot = _snapshot(packed, ARCHIVE)

    assert snapshot.tables[0].content == EVERY_STRUCTURE
    assert snapshot.acpi_tables == ("DMAR", "FACP")
    assert snapshot.system.command_line == b"ro\n"


SYSFS = "sys/firmware/acpi/tables"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({f"{SYSFS}/APIC": b"APIC", "acpidump.out": DUMP}, EVERY_STRUCTURE),
        ({"sys/x": b"", "sos_commands/acpi/acpidump": DUMP}, EVERY_STRUCTURE),
        ({"sys/x": b"", "sos_commands/acpi/acpidump_-b": DUMP}, EVERY_STRUCTURE),
        ({"sys/x": b"", "var/log/acpidump": DUMP}, None),
        ({"sys/x": b"", "acpidump.out": b"acpidump: command not found"}, None),
    ],
    ids=["sysfs lacks it", "sos", "sos options", "elsewhere", "no dump"],
)
def test_tables_come_from_sysfs_and_else_from_the_dump(
    files: dict[str, bytes], expected: bytes | None, tmp_path: Path
) -> None:
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of(files, "report"))

    tables = _snapshot(packed, ARCHIVE).tables

    assert [each.content for each in tables] == ([] if expected is None else [expected])


def test_what_is_too_large_for_the_ledger_failed_and_is_not_cut(tmp_path: Path) -> None:
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of({"proc/cmdline": bytes(1 << 17), "proc/cpuinfo": bytes(1 << 17)}, ""))
    with pytest.raises(HostError, match="is not a host"):
        open_host(str(packed))
    files = {"sys/x": b"", "proc/cmdline": bytes(1 << 17), "proc/cpuinfo": bytes(1 << 17)}
    packed.write_bytes(tar_of(files, ""))

    system = _snapshot(packed, ARCHIVE).system

    assert system.command_line == Missing(MissingKind.FAILED, "more than 65536 bytes")
    assert system.cpu == bytes(8192)


@pytest.mark.parametrize(
    "files",
    [
        {"case/sosreport.tar.xz": b"nothing"},
        {"case/sos.tar.xz": b"\xfd7zXZ\0"},
        {"a.tar": b"x", "b.zip": b"x"},
        {"notes.txt": b""},
        {"case/var/log/old.tar.xz": b"", "x": b""},
        {"a/sys/x": b"", "b/sys/x": b""},
    ],
    ids=["nested", "nested and cut", "two nested", "neither", "nested deep in a report", "two"],
)
def test_an_archive_without_one_host_is_refused_with_what_it_holds(
    files: dict[str, bytes], tmp_path: Path, worded: Worded
) -> None:
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of(files, ""))

    with pytest.raises(HostError) as caught:
        open_host(str(packed))
    worded(str(caught.value))

    assert caught.value.hint


@pytest.mark.parametrize(
    "target", ["/etc/shadow", "../../../../../../../etc/shadow", "DMAR", "./../tables/DMAR"]
)
def test_a_link_of_an_archive_leads_nowhere_outside_of_it(target: str, tmp_path: Path) -> None:
    link = member(f"x/{SYSFS}/DMAR", b"2", target)
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of({"sys/x": b""}, "x", [(link, b"")]))

    (table,) = _snapshot(packed, ARCHIVE).tables

    assert isinstance(table.content, Missing)
    assert table.content.kind in (MissingKind.NOT_COLLECTED, MissingKind.FAILED)


def test_a_link_is_followed_within_the_archive(tmp_path: Path) -> None:
    link = member(f"x/{SYSFS}/DMAR", b"2", "/sys/firmware/acpi/../acpi/tables/RMAD")
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of({f"{SYSFS}/RMAD": EVERY_STRUCTURE}, "x", [(link, b"")]))

    assert {each.content for each in _snapshot(packed, ARCHIVE).tables} == {EVERY_STRUCTURE}


def test_hard_links_and_devices_of_a_foreign_archive_are_passed_over(tmp_path: Path) -> None:
    hard = member("x/sys/class/dmi/id/sys_vendor", b"1", "x/sys/x")
    device = member("x/dev/null", b"3")
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of({"sys/x": b""}, "x", [(hard, b""), (device, b"")]))

    vendor = dict(_snapshot(packed, ARCHIVE).system.dmi)["sys_vendor"]

    assert isinstance(vendor, Missing)
    assert vendor.kind is MissingKind.NOT_COLLECTED
