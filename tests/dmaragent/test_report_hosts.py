"""Reports of collectors as hosts: what their files have is known, and where it is from."""

import csv
from pathlib import Path
from typing import Any

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import ARCHIVE, DIRECTORY
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from support.bundles import PACKERS, tar_of, zip_of
from support.cli import run
from support.collectors import (
    DMAR,
    DMESG,
    IOMEM,
    LSPCI,
    LSPCI_N,
    REPORTS,
    SHARED,
    SOS,
    TABLES,
    UNAME,
    XL_INFO,
    write_files,
)
from support.config_space import EHCI_1D
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded, lines_about

pytestmark = pytest.mark.slow  # every verb runs on every report


CUT = DMESG.splitlines(keepends=True)[3]
"""A log whose begin was overwritten: of the memory map one line is left."""
Capture = pytest.CaptureFixture[str]


def _snapshot(path: Path, kind: str) -> HostSnapshot:
    opened = open_host(str(path))
    assert opened.kind == kind
    return collect(opened.reader)


def _answer(capsys: Capture, verb: str, host: Path, *more: object) -> Any:
    return run(capsys, verb, *more, "--host", host, "--json").document["answer"]


@pytest.mark.parametrize("collector", REPORTS)
@pytest.mark.parametrize("top", ["report-1", ""])
def test_a_report_is_the_same_host_packed_unpacked_and_one_level_up(
    collector: str, top: str, tmp_path: Path
) -> None:
    files = REPORTS[collector]
    folder = write_files(tmp_path / "up" / "report-1", files)
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of(files, top))
    zipped = tmp_path / "report.zip"
    zipped.write_bytes(zip_of(files, top))

    snapshot = _snapshot(folder, DIRECTORY)

    assert [each.content for each in snapshot.tables] == [DMAR]
    assert _snapshot(tmp_path / "up", DIRECTORY).tables == snapshot.tables
    assert _snapshot(tmp_path / "up", DIRECTORY).pci == snapshot.pci
    assert _snapshot(packed, ARCHIVE).pci == snapshot.pci
    assert _snapshot(zipped, ARCHIVE).system == snapshot.system


@pytest.mark.parametrize("collector", REPORTS)
def test_what_a_report_holds_is_known(collector: str, tmp_path: Path, capsys: Capture) -> None:
    folder = write_files(tmp_path / "report", REPORTS[collector])

    answer = _answer(capsys, "inventory", folder)

    assert answer["pci_functions"] == 3
    assert answer["machine"]["model"] == "PowerEdge R820"
    (region,) = answer["regions"]
    for owner in region["owners"]:
        assert owner["presence"] == "present"
        assert owner["device"]["class_code"] == "0x0c0320"
        assert owner["device"]["driver"] == "ehci-pci"
    assert region["memory_map"] == "reserved"


@pytest.mark.parametrize(
    "before",
    [
        "May  4 12:22:28 vault kernel: ",
        "2026-05-04T12:22:28.080726+00:00 vault kernel: [    0.000000] ",
        "Mon 2026-05-04 12:22:28 CEST vault.example kernel: ",
        "[    0.000000] vault kernel: ",
        "1577836800.123456 vault kernel: ",
    ],
)
def test_the_boot_log_of_a_report_has_no_host_name(before: str, tmp_path: Path) -> None:
    """A bundle keeps these lines as they are."""
    lines = DMESG.decode().replace("[    0.000000] ", before).splitlines(keepends=True)[:-1]
    report = {name: data for name, data in REPORTS["sos"].items() if "dmesg" not in name}
    logged = "".join([*lines, f"{before}DMAR: vault kernel: IOMMU enabled\n"]).encode()
    report["sos_commands/kernel/uname_-a"] = UNAME.replace(b"host1", b"vault")
    folder = write_files(tmp_path / "report", {**report, "var/log/messages": logged})

    log = _snapshot(folder, DIRECTORY).boot_log

    assert isinstance(log, bytes)
    assert [line.rpartition(b"0] ")[2] for line in log.splitlines()] == [
        b"BIOS-e820: [mem 0x0000000000000000-0x000000000009ffff] usable",
        b"BIOS-e820: [mem 0x00000000bd35b000-0x00000000bfffffff] reserved",
        b"DMAR: vault kernel: IOMMU enabled",
    ]


@pytest.mark.parametrize(("last", "can"), [(0xFFF, "unknown"), (0x1FFF, "no")])
def test_page_0_of_iomem_may_be_ram(last: int, can: str, tmp_path: Path, capsys: Capture) -> None:
    """Linux reserves it. In the firmware's map it usually is RAM, with which Xen 4.19 switches VT-d off."""
    ranges = b"00000000-00000fff : Reserved\n00001000-0009ffff : System RAM\n"
    region = table(drhd(0xDF100000, flags=1), rmrr(0, last, scope(1, 0, (0x1D, 0))))
    files = {name: data for name, data in REPORTS["sos"].items() if "dmesg" not in name}
    files |= {f"{TABLES}/DMAR": region, f"{TABLES}/FACP": b"FACP", "proc/iomem": ranges}
    files["xl-info.out"] = b"xen_version : 4.19.1\nvirt_caps : pv hvm hvm_directio pv_directio\n"
    folder = write_files(tmp_path / "report", files)

    assert _answer(capsys, "explain", folder, "00:1d.0")["xen"]["can"] == can
    found = {finding["id"] for finding in _answer(capsys, "check", folder)["findings"]}
    assert "rmrr-not-reserved" not in found
    assert ("rmrr-in-ram" in found) == (can == "no")
    (known,) = _answer(capsys, "inventory", folder)["regions"]
    assert known["memory_map"] == ("unknown" if can == "unknown" else "System RAM, unknown")


def test_linux_lets_a_usb_controller_of_a_sosreport_go_if_its_group_allows_it(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    folder = write_files(tmp_path / "report", REPORTS["sos"])

    answer = run(capsys, "explain", "00:1d.0", "--host", folder, "--json").document["answer"]

    assert answer["linux"]["can"] == "unknown"
    worded(answer["linux"]["explanation"])


def test_xens_release_is_that_of_xl_info(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    folder = write_files(tmp_path / "report", REPORTS["xen-bugtool"])

    document = run(capsys, "inventory", "--host", folder, "--json").document
    xen = document["answer"]["xen"]

    assert (xen["release"], xen["dom0"]) == ("4.17", True)  # a build of 4.17.5, with patches
    worded(lines_about(run(capsys, "inventory", "--host", folder).out, "Xen "), "4.17.5-4")
    assert {"reading": "Xen", "file": "xl-info.out"} in document["origin"]["sources"]
    assert {"reading": "ACPI tables", "file": "acpidump.out"} in document["origin"]["sources"]


@pytest.mark.parametrize(
    ("collector", "ids"),
    [
        ("sos", ["linux-rmrr-ineligible"]),
        ("xen-bugtool", ["linux-rmrr-ineligible", "xen-shared-rmrr-refused"]),
        ("supportconfig", ["linux-rmrr-ineligible"]),
    ],
)
def test_without_a_text_the_logs_of_a_report_are_read(
    collector: str, ids: list[str], tmp_path: Path, capsys: Capture
) -> None:
    packed = tmp_path / "report.tar.gz"
    packed.write_bytes(PACKERS["tar.gz"](tar_of(REPORTS[collector], "r")))

    recognised = _answer(capsys, "why", packed)["recognised"]

    assert [one["id"] for one in recognised] == ids
    assert {device["sbdf"] for one in recognised for device in one["here"]["devices"]} == {
        "0000:00:1d.0"
    }


def test_a_log_that_is_not_read_to_its_end_is_named(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("support_reports.files", "support_reports.facts"):
        monkeypatch.setattr(f"dmaragent.collect.{module}.LARGEST_TEXT", len(DMESG))
    files = {f"{TABLES}/DMAR": DMAR, "dmesg.txt": DMESG + b"more\n", "lspci.txt": LSPCI_N}
    folder = write_files(tmp_path / "report", files)

    ran = run(capsys, "why", "--host", folder)

    assert "Device is ineligible" in ran.out
    assert "of dmesg.txt" in ran.out
    assert "of dmesg.txt" in run(capsys, "why", "--host", folder, "--json").err


def test_a_message_that_two_logs_have_is_told_once(tmp_path: Path, capsys: Capture) -> None:
    stamped = b"".join(
        b"Mar 02 10:11:12 host1 kernel: " + line.partition(b"] ")[2] + b"\n"
        for line in DMESG.splitlines()
    )
    files = {**REPORTS["sos"], "sos_commands/logs/journalctl_--no-pager_--boot": stamped}
    folder = write_files(tmp_path / "report", files)

    recognised = _answer(capsys, "why", folder)["recognised"]

    assert [(one["id"], one["count"]) for one in recognised] == [("linux-rmrr-ineligible", 1)]


def test_a_copied_file_counts_before_a_text(tmp_path: Path) -> None:
    usb = "sys/bus/pci/devices/0000:00:1d.0"
    files = {**REPORTS["sos"], f"{usb}/class": b"0x0c0330\n", f"{usb}/vendor": b"0x1912\n"}
    files["sys/class/dmi/id/product_name"] = b"another\n"

    snapshot = _snapshot(write_files(tmp_path / "report", files), DIRECTORY)

    assert not isinstance(snapshot.pci, Missing)
    by_name = {each.name: each for each in snapshot.pci}
    assert list(by_name) == ["0000:00:00.0", "0000:00:1a.0", "0000:00:1d.0"]
    assert by_name["0000:00:1d.0"].class_code == b"0x0c0330\n"
    assert by_name["0000:00:1d.0"].vendor == b"0x1912\n"
    assert by_name["0000:00:1d.0"].device == b"0x1d26\n"
    assert by_name["0000:00:1d.0"].config == EHCI_1D
    assert dict(snapshot.system.dmi)["product_name"] == b"another\n"
    assert dict(snapshot.system.dmi)["sys_vendor"] == b"Dell Inc.\n"


def test_a_class_without_its_interface_is_not_filled_in(tmp_path: Path, capsys: Capture) -> None:
    files = {"DMAR.bin": DMAR, "lspci.txt": LSPCI_N}
    folder = write_files(tmp_path / "report", files)

    (region,) = _answer(capsys, "inventory", folder)["regions"]

    assert region["owners"][0]["device"]["class_code"] is None
    assert region["owners"][0]["device"]["class"] == "USB controller"
    assert {one["type"] for one in region["linux"]} == {"direct-relaxable"}


@pytest.mark.parametrize(
    ("name", "listed"), [("usb", True), ("0c03", True), ("uhci", False), ("0c0300", False)]
)
def test_no_class_with_an_interface_means_a_device_without_one(
    name: str,
    listed: bool,  # noqa: FBT001 - a table
    tmp_path: Path,
    capsys: Capture,
) -> None:
    folder = write_files(tmp_path / "report", {"DMAR.bin": DMAR, "lspci.txt": LSPCI_N})

    ran = run(capsys, "devices", "--host", folder, "--class", name, "--csv")

    rows = list(csv.DictReader(ran.out.splitlines()))
    assert bool(rows) is listed
    assert {row["class_code"] for row in rows} <= {""}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "Reserved"),
        ({"proc/iomem": b"00000000-00000000 : Reserved\n"}, None),
        ({"sos_commands/kernel/dmesg": DMESG}, "reserved"),
        ({"sos_commands/kernel/dmesg": CUT}, "Reserved"),
        ({"sos_commands/kernel/dmesg": CUT, "var/log/dmesg": DMESG}, "reserved"),
        ({"sos_commands/kernel/dmesg": CUT, "proc/iomem": b""}, None),
    ],
    ids=[
        "iomem",
        "iomem without root",
        "the log before iomem",
        "iomem before the log that lost its begin",
        "the whole log before the other",
        "the log that lost its begin",
    ],
)
def test_the_memory_map_is_the_logs_and_else_that_of_iomem(
    files: dict[str, bytes], words: str | None, tmp_path: Path, capsys: Capture
) -> None:
    report = {f"{TABLES}/DMAR": DMAR, "proc/iomem": IOMEM, **files}
    folder = write_files(tmp_path / "report", report)

    (region,) = _answer(capsys, "inventory", folder)["regions"]

    assert region["memory_map"] == words


def test_what_no_file_has_was_not_collected(tmp_path: Path) -> None:
    snapshot = _snapshot(write_files(tmp_path / "r", {f"{TABLES}/DMAR": DMAR}), DIRECTORY)

    assert snapshot.pci == Missing(MissingKind.NOT_COLLECTED, "No such file or directory") or (
        isinstance(snapshot.pci, Missing) and snapshot.pci.kind is MissingKind.NOT_COLLECTED
    )
    assert isinstance(snapshot.boot_log, Missing)
    assert isinstance(snapshot.xen.info, Missing)
    assert isinstance(snapshot.system.kernel_release, Missing)
    assert snapshot.sources == ()


@pytest.mark.parametrize("top", ["r", ""])
@pytest.mark.parametrize(
    ("files", "said"),
    [
        (SOS, "sosreport"),
        ({"logs/lspci": LSPCI, "devices": b"", "host": b""}, "-dump-acpi"),
        (
            {"qubes-release": b"Qubes release 4.2\n", "xl-info": XL_INFO, "lspci": LSPCI},
            "Qubes HCL",
        ),
        ({"xl-info.out": XL_INFO, "xl-dmesg.out": SHARED}, "acpidump.out"),
        ({"basic-environment.txt": REPORTS["supportconfig"]["boot.txt"]}, "supportconfig"),
    ],
    ids=["sos", "hw-probe", "Qubes HCL", "xen-bugtool", "supportconfig"],
)
def test_a_report_without_a_table_says_so_and_how_to_get_it(
    files: dict[str, bytes], said: str, top: str, tmp_path: Path, capsys: Capture
) -> None:
    packed = tmp_path / "report.tar"
    packed.write_bytes(tar_of(files, top))

    ran = run(capsys, "inventory", "--host", packed)

    assert ran.code == 2
    assert "not collected" in ran.err
    assert said in ran.err
    assert "/sys/firmware/acpi/tables/DMAR" in ran.err


def test_links_out_of_a_report_are_not_followed(tmp_path: Path) -> None:
    outside = write_files(tmp_path / "outside", {"lspci.txt": LSPCI, "DMAR.bin": DMAR})
    folder = write_files(tmp_path / "report", {f"{TABLES}/DMAR": DMAR})
    (folder / "lspci.txt").symlink_to(outside / "lspci.txt")
    (folder / "logs").symlink_to(outside)
    (folder / "sos_commands").symlink_to(outside)

    assert isinstance(_snapshot(folder, DIRECTORY).pci, Missing)


def test_the_links_that_sos_makes_at_its_top_are_no_further_files(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "report", REPORTS["sos"])
    (folder / "lspci").symlink_to("sos_commands/pci/lspci_-nnvv")

    files = [file for _, file in _snapshot(folder, DIRECTORY).sources]

    assert "sos_commands/pci/lspci_-nnvv" in files
    assert "lspci" not in files


def test_a_bundle_of_a_report_answers_as_the_report(tmp_path: Path, capsys: Capture) -> None:
    folder = write_files(tmp_path / "report", REPORTS["sos"])
    bundle = tmp_path / "bundle.tar"

    run(capsys, "dump", "--host", folder, "-o", bundle)

    assert _answer(capsys, "inventory", bundle) == _answer(capsys, "inventory", folder)


def test_a_bundle_of_a_report_without_a_table_says_why_as_the_report(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    folder = write_files(tmp_path / "report", SOS)
    bundle = tmp_path / "bundle.tar"

    run(capsys, "dump", "--host", folder, "-o", bundle)

    worded(run(capsys, "inventory", "--host", folder).err)
    worded(run(capsys, "inventory", "--host", bundle).err)


def test_a_driver_that_two_files_contradict_each_other_in_is_unknown(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    listing = (
        b"00:1d.0 USB controller [0c03]: Intel Corporation Device [8086:1d26] (prog-if 20)\n"
        b"\tControl: I/O- Mem+\n\tKernel driver in use: vfio-pci\n"
    )
    report = write_files(tmp_path / "report", SOS | {"sos_commands/pci/lspci_-nnvv": listing})

    told = run(capsys, "explain", "00:1d.0", "--host", str(report), "--json")

    assert told.document["answer"]["function"]["driver"] is None
    worded(run(capsys, "explain", "00:1d.0", "--host", str(report)).out.splitlines()[0])


SLOT = b"""
Handle 0x0900, DMI type 9, 17 bytes
System Slot Information
\tDesignation: PCI1
\tBus Address: 0000:41:00.0
"""


def test_slots_options_and_missing_drivers_are_read_in_texts(tmp_path: Path) -> None:
    """The options are only in the boot log, and lspci has a function without a driver."""
    files = {name: text for name, text in SOS.items() if name != "proc/cmdline"}
    del files["proc/bus/pci/devices"]
    files["sos_commands/hardware/dmidecode"] += SLOT
    snapshot = _snapshot(write_files(tmp_path / "report", files), DIRECTORY)

    slots = snapshot.system.smbios_slots
    assert not isinstance(slots, Missing)
    assert [raw[15] for raw in slots if isinstance(raw, bytes)] == [0x41]
    assert dict(snapshot.sources)["SMBIOS slots"] == "sos_commands/hardware/dmidecode"
    assert snapshot.system.command_line == b"ro intel_iommu=on\n"
    assert snapshot.system.kernel_release == b"5.14.0-362.el9.x86_64\n"
    assert not isinstance(snapshot.pci, Missing)
    drivers = [reading.driver for reading in snapshot.pci]
    assert isinstance(drivers[0], Missing)
    assert drivers[0].kind is MissingKind.ABSENT
    assert [str(driver).rpartition("/")[2] for driver in drivers[1:]] == ["ehci-pci"] * 2


@pytest.mark.parametrize("cut_first", [False, True])
def test_of_two_logs_the_one_with_the_whole_memory_map_counts(
    tmp_path: Path, *, cut_first: bool
) -> None:
    names = ["sos_commands/kernel/dmesg", "var/log/dmesg"]
    cut = DMESG.replace(DMESG.splitlines(keepends=True)[2], b"")
    logs = dict(zip(names if cut_first else reversed(names), (cut, DMESG), strict=True))
    snapshot = _snapshot(write_files(tmp_path / "report", {**SOS, **logs}), DIRECTORY)

    assert isinstance(snapshot.boot_log, bytes)
    assert snapshot.boot_log.count(b"BIOS-e820") == 2
