"""AMD's table is read wherever Intel's is: files, texts, folders, archives, reports, recordings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.collect.bundling import ask_host, keep_answers, pack
from dmaragent.collect.collect import collect
from dmaragent.collect.live.host import OverlayHost
from dmaragent.collect.open_host import open_host
from dmaragent.collect.outputs import boot_lines
from dmaragent.collect.table_inputs import read_tables
from dmaragent.host import join
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.readings import HostSnapshot, Missing, MissingKind
from support.bundles import PACKERS, tar_of, zip_of
from support.cli import run
from support.collectors import REPORTS, write_files
from support.hosts import FakeHost, fake_host
from support.ivrs_hosts import qemu
from support.ivrs_tables import EVERY_BLOCK, ivmd
from support.renderings import RENDERINGS
from support.tables import dump, table

IVRS = qemu(ivmd(0x90000000, 0x1000))
OTHER = qemu(ivmd(0x90000000, 0x2000))
PLACE = "/sys/firmware/acpi/tables"
APIC = b"APIC\x2c\0\0\0\1" + bytes(35)


def _snapshot(path: Path) -> HostSnapshot:
    return collect(open_host(str(path)).reader)


def _is_amd(snapshot: HostSnapshot, content: bytes = IVRS) -> None:
    (reading,) = snapshot.tables
    assert (reading.name, reading.content) == ("IVRS", content)
    host = join(snapshot)
    assert host.reading is reading
    assert iommu_vendor(host) is IommuVendor.AMD


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_a_text_with_an_ivrs_is_a_host(rendering: str, tmp_path: Path) -> None:
    text = dump(IVRS, "IVRS") if rendering == "acpidump" else RENDERINGS[rendering](IVRS)
    (tmp_path / "table.txt").write_text(text, "utf-8")

    _is_amd(_snapshot(tmp_path / "table.txt"))


@pytest.mark.parametrize("end", PACKERS)
def test_a_packed_ivrs_is_a_host(end: str, tmp_path: Path) -> None:
    (tmp_path / "IVRS.bin").write_bytes(PACKERS[end](IVRS))

    _is_amd(_snapshot(tmp_path / "IVRS.bin"))


def _folder(place: Path, files: dict[str, bytes]) -> Path:
    return write_files(place / "given", files)


def _tar(place: Path, files: dict[str, bytes]) -> Path:
    (place / "given.tar").write_bytes(tar_of(files, ""))
    return place / "given.tar"


def _zip(place: Path, files: dict[str, bytes]) -> Path:
    (place / "given.zip").write_bytes(zip_of(files, "top"))
    return place / "given.zip"


@pytest.mark.parametrize("given", [_folder, _tar, _zip])
@pytest.mark.parametrize(
    "files",
    [
        {"acpi/ivrs.dat": IVRS, "acpi/apic.dat": APIC},
        {"SysReport/ACPI/IVRS-1.aml": IVRS, "SysReport/PCI/PCIInfo.txt": b"x"},
        {"a/b/anything.bin": IVRS, "notes.txt": b"IVRS: is text, with more than a header in it\n"},
        {"x/tables.txt": dump(IVRS, "IVRS").encode()},
        {"ivrs.txt.gz": PACKERS["tar.gz"](RENDERINGS["xxd"](IVRS).encode()), "y": b"x"},
    ],
    ids=["dat", "SysReport", "deep", "acpidump", "packed text"],
)
def test_the_only_ivrs_is_the_host(
    given: Callable[[Path, dict[str, bytes]], Path], files: dict[str, bytes], tmp_path: Path
) -> None:
    _is_amd(_snapshot(given(tmp_path, files)))


@pytest.mark.parametrize("collector", REPORTS)
def test_a_report_with_an_ivrs_is_an_amd_host(collector: str, tmp_path: Path) -> None:
    files = {}
    for path, content in REPORTS[collector].items():
        if path.endswith("/DMAR"):
            files[path.replace("DMAR", "IVRS")] = IVRS
        elif b"DMAR @" in content:
            files[path] = dump(IVRS, "IVRS").encode()
        else:
            files[path] = content
    if not any(path.endswith("IVRS") or b"IVRS @" in text for path, text in files.items()):
        pytest.skip("this report has no table")

    _is_amd(_snapshot(_tar(tmp_path, files)))


def test_decode_shows_the_ivrs_of_a_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = write_files(tmp_path / "host", {f"{PLACE[1:]}/IVRS": EVERY_BLOCK})

    assert [each.data for each in read_tables(str(host), named=True).tables] == [EVERY_BLOCK]
    document = run(capsys, "decode", host, "--json").document
    assert [each["table"]["signature"] for each in document["answer"]["tables"]] == ["IVRS"]


def test_a_bundle_keeps_the_ivrs_and_replays_it(tmp_path: Path) -> None:
    answers = ask_host(fake_host([], {"IVRS": IVRS, "APIC": APIC}), lambda _: ())
    (tmp_path / "host.tar").write_bytes(pack(keep_answers(answers, redact=True).files, "top", 0))

    _is_amd(_snapshot(tmp_path / "host.tar"))


def test_intels_table_comes_before_amds() -> None:
    host = join(collect(fake_host([], {"IVRS": IVRS, "DMAR": table()})))

    assert host.reading is not None
    assert host.reading.name == "DMAR"
    assert [each.name for each in host.other_tables] == ["IVRS"]
    assert iommu_vendor(host) is IommuVendor.INTEL


def test_of_several_ivrs_tables_the_first_is_in_effect() -> None:
    host = join(collect(fake_host([], {"IVRS2": OTHER, "IVRS1": IVRS})))

    assert host.reading is not None
    assert (host.reading.name, host.reading.content) == ("IVRS1", IVRS)
    assert [each.content for each in host.other_tables] == [OTHER]


def test_a_table_that_a_bundle_of_an_older_release_lacks_was_not_collected() -> None:
    """Release 0.1.0 read the list of tables, but no IVRS."""
    older = FakeHost(directories={PLACE: ("APIC", "IVRS")}, complete=())

    (reading,) = collect(older).tables
    assert isinstance(reading.content, Missing)
    assert reading.content.kind is MissingKind.NOT_COLLECTED


@pytest.mark.parametrize(
    "line",
    [
        "ACPI: IVRS 0x000000009B4F3000 0001A4 (v02 AMD    AmdTable 00000001 AMD  00000001)",
        "ACPI: Reserving IVRS table memory at [mem 0x9b4f3000-0x9b4f31a3]",
        "ACPI: IVRS ACPI table found in initrd [kernel/firmware/acpi/ivrs.aml][0x1a4]",
        "ACPI: Table Upgrade: override [IVRS-AMD   -AmdTable]",
        "AMD-Vi: Using global IVHD EFR:0x246577efa2254afa, EFR2:0x0",
        "AMD-Vi: [Firmware Bug]: : IOAPIC[33] not in IVRS table",
        "AMD-Vi: IVMD_TYPE_RANGE: devid_start: 0000:00:00.0 devid_end: 0000:0f:1f.7",
        "pci 0000:00:00.2: AMD-Vi: Found IOMMU cap 0x40",
        "vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU mapping",
    ],
)
def test_what_the_boot_log_says_of_amds_table_is_kept(line: str) -> None:
    log = f"[    0.004521] {line}\n[    0.004522] usb 1-1: SerialNumber: 0123\n".encode()

    assert boot_lines(log) == f"[    0.004521] {line}\n".encode()


def test_a_table_in_the_boot_log_alone_has_its_name() -> None:
    fake = FakeHost(calls={"boot-log": b"[0.1] ACPI: IVRS 0x000000009B4F3000 0001A4 (v02 AMD)\n"})
    host = join(collect(fake))

    assert host.logged_table is not None
    assert host.logged_table.name == "IVRS"
    assert iommu_vendor(host) is IommuVendor.AMD


def test_the_service_reads_the_ivrs_that_root_captured() -> None:
    """A user other than root may list the table, and not read it."""
    denied = fake_host([], {"IVRS": IVRS})
    denied.files[f"{PLACE}/IVRS"] = Missing(MissingKind.DENIED, "Permission denied")

    _is_amd(collect(OverlayHost(denied, fake_host([], {"IVRS": IVRS}))))
