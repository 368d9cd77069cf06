"""Files of two hosts in one folder are never read as one, and packed texts are read."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.errors import HostError
from support.bundles import tar_of
from support.collectors import ACPIDUMP, DMAR, DMESG, LSPCI, TABLES, write_files

OTHER = b"00:00.0 Host bridge [0600]: Intel [8086:0c00]\n41:00.0 Ethernet [0200]: Broadcom [14e4:165f]\n"
SOS = {f"{TABLES}/DMAR": DMAR, "sos_commands/pci/lspci_-nnvv": LSPCI}
WITHOUT_TABLE = {"sos_commands/pci/lspci_-nnvv": OTHER, "sos_commands/kernel/dmesg": DMESG}


def _below(top: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{top}/{name}": content for name, content in files.items()}


def _functions(path: Path) -> list[str]:
    pci = collect(open_host(str(path)).reader).pci
    assert isinstance(pci, tuple)
    return sorted(reading.name for reading in pci)


@pytest.mark.parametrize(
    "beside",
    [WITHOUT_TABLE, {"lspci.txt": OTHER}, {"acpidump.txt": ACPIDUMP}, {"dmesg.txt": DMESG}],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_report_beside_a_copied_root_is_a_second_host(
    beside: dict[str, bytes], *, packed: bool, tmp_path: Path
) -> None:
    files = {**_below("alpha", SOS), **_below("beta", beside)}
    folder = write_files(tmp_path / "case", files)
    if packed:
        folder = tmp_path / "case.tar"
        folder.write_bytes(tar_of(files, "case"))

    with pytest.raises(HostError) as raised:
        open_host(str(folder))

    assert "'alpha'" in raised.value.message
    assert "'beta'" in raised.value.message


def test_the_table_of_one_folder_is_not_that_of_a_report_in_another(tmp_path: Path) -> None:
    files = {"alpha/DMAR.bin": DMAR, **_below("beta", WITHOUT_TABLE)}

    with pytest.raises(HostError) as raised:
        open_host(str(write_files(tmp_path / "case", files)))

    assert "'alpha/DMAR.bin'" in raised.value.message


@pytest.mark.parametrize("place", ["DMAR.bin", "beta/DMAR.bin", "beta/acpi/DMAR.bin"])
def test_a_table_in_or_above_a_report_is_its_own(place: str, tmp_path: Path) -> None:
    files = {place: DMAR, **_below("beta", WITHOUT_TABLE)}
    folder = write_files(tmp_path / "case", files)

    assert [table.content for table in collect(open_host(str(folder)).reader).tables] == [DMAR]


@pytest.mark.parametrize("table", [{"DMAR.bin": DMAR}, {"acpidump.txt": ACPIDUMP}, SOS])
def test_two_lists_of_different_functions_are_not_one_host(
    table: dict[str, bytes], tmp_path: Path
) -> None:
    files = {**table, "lspci-alpha.txt": LSPCI, "lspci-beta.txt": OTHER}

    with pytest.raises(HostError) as raised:
        open_host(str(write_files(tmp_path / "case", files)))

    assert "lspci-beta.txt" in raised.value.message


def test_a_list_that_was_cut_off_is_of_the_same_host(tmp_path: Path) -> None:
    cut = b"".join(LSPCI.splitlines(keepends=True)[:3])
    files = {"DMAR.bin": DMAR, "lspci-nn.txt": cut, "lspci-nnk.txt": LSPCI}

    assert len(_functions(write_files(tmp_path / "case", files))) == 3


@pytest.mark.parametrize(
    "saved",
    [
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: text.decode().encode("utf-16"),
        lambda text: b"\xfe\xff" + text.decode().encode("utf-16-be"),
        lambda text: text.replace(b"\n", b"\r\n"),
    ],
)
def test_texts_that_windows_saved_are_read_whole(
    saved: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    files = {"DMAR.bin": DMAR, "lspci.txt": saved(LSPCI), "dmesg.txt": saved(DMESG)}
    folder = write_files(tmp_path / "case", files)

    assert _functions(folder) == ["0000:00:00.0", "0000:00:1a.0", "0000:00:1d.0"]
    log = collect(open_host(str(folder)).reader).boot_log
    assert isinstance(log, bytes)
    assert b"BIOS-e820: [mem 0x0000000000000000" in log


@pytest.mark.parametrize("pack", [False, True])
def test_packed_texts_of_a_report_are_read(*, pack: bool, tmp_path: Path) -> None:
    files = {
        f"{TABLES}/DMAR": DMAR,
        "sos_commands/pci/lspci_-nnvv.gz": gzip.compress(LSPCI),
        "Dmesg.txt.gz": gzip.compress(DMESG),
    }
    folder = write_files(tmp_path / "case", files)
    if pack:
        folder = tmp_path / "case.tar"
        folder.write_bytes(tar_of(files, "case"))

    assert len(_functions(folder)) == 3
    assert isinstance(collect(open_host(str(folder)).reader).boot_log, bytes)


def test_a_packed_text_that_is_damaged_is_not_collected(tmp_path: Path) -> None:
    files = {f"{TABLES}/DMAR": DMAR, "lspci.txt.gz": b"\x1f\x8b" + bytes(20)}
    snapshot = collect(open_host(str(write_files(tmp_path / "case", files))).reader)

    assert [table.content for table in snapshot.tables] == [DMAR]
    assert not isinstance(snapshot.pci, tuple)
