"""Files that contradict each other are not joined to one host, and no file is left out silently."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.errors import HostError
from support.bundles import tar_of
from support.collectors import (
    ACPIDUMP,
    DMAR,
    DMESG,
    DMIDECODE,
    FACP,
    LSPCI,
    REPORTS,
    TABLES,
    UNAME,
    XL_INFO,
    write_files,
)
from support.tables import drhd, dump, table

OTHER = table(drhd(0xFED90000, flags=1))
MAP = b"[    0.000000] BIOS-e820"
BASE = {
    "DMAR.bin": DMAR,
    "lspci.txt": LSPCI,
    "dmesg.txt": DMESG,
    "dmidecode.txt": DMIDECODE,
    "uname.txt": UNAME,
}


def logged(line: bytes) -> bytes:
    """Return the boot log with one more line."""
    return DMESG.replace(MAP, b"[    0.000000] " + line + b"\n" + MAP, 1)


def syslog(host: bytes) -> bytes:
    return b"".join(b"Mar  2 10:11:12 %s kernel: %s\n" % (host, x) for x in DMESG.splitlines())


MIXED = b"".join(
    b"\n".join(pair) + b"\n"
    for pair in zip(syslog(b"host1").splitlines(), syslog(b"host2").splitlines(), strict=True)
)
TABLE_LINE = b"ACPI: DMAR 0x00000000BDDAD200 %06X (v01 %-6.6s %-8.8s 00000001 INTL 00000001)"
OF_OTHERS = {
    "machine": {"dmesg.txt": logged(b"DMI: HP ProLiant DL380e Gen8, BIOS P73 05/24/2019")},
    "longer product": {"dmesg.txt": logged(b"DMI: Dell Inc. PowerEdge R820x/0XX, BIOS 2.9.0 1")},
    "dmi_id": {"dmi_id": b"sys_vendor: HP\nproduct_name: PowerEdge R820\n"},
    "kernel": {"uname.txt": UNAME.replace(b"5.14.0", b"6.1.0")},
    "kernel of xl": {"xl-info.txt": XL_INFO.replace(b"5.14.0", b"4.19.0")},
    "name": {"dmesg.txt": b"", "syslog": syslog(b"host2")},
    "mixed log": {"uname.txt": b"", "dmesg.txt": b"", "syslog": MIXED},
    "table": {"dmesg.txt": logged(TABLE_LINE % (len(DMAR) + 8, b"OEMID", b"OEMTABLE"))},
    "maker of the table": {"dmesg.txt": logged(TABLE_LINE % (len(DMAR), b"HP", b"ProLiant"))},
}
OF_THE_SAME = {
    "alone": {},
    "machine": {"dmesg.txt": logged(b"DMI: Dell Inc.  PowerEdge R820/066N7P, BIOS 2.9.0 1/9/20")},
    "no board": {"dmesg.txt": logged(b"DMI: Dell Inc. PowerEdge R820, BIOS 2.7.0 01/09/2018")},
    "memory": {"dmesg.txt": logged(b"DMI: Memory slots populated: 4/4")},
    "full name": {"dmesg.txt": b"", "syslog": syslog(b"Host1.example.org")},
    "name of the initrd": {
        "dmesg.txt": b"",
        "syslog": syslog(b"initrd") + b"Mar  2 10:11:13 host1 kernel: DMAR: IOMMU enabled\n",
    },
    "no name yet": {"dmesg.txt": b"", "syslog": syslog(b"localhost")},
    "table": {"dmesg.txt": logged(TABLE_LINE % (len(DMAR), b"OEMID", b"OEMTABLE"))},
    "earlier boot": {"var/log/dmesg": DMESG.replace(b"5.14.0", b"5.10.0")},
}


@pytest.mark.parametrize("files", OF_OTHERS.values(), ids=OF_OTHERS)
@pytest.mark.parametrize("copied", [False, True])
def test_files_of_two_hosts_are_refused(
    files: dict[str, bytes], *, copied: bool, tmp_path: Path
) -> None:
    files = {**BASE, **files, **({f"{TABLES}/DMAR": DMAR} if copied else {})}

    with pytest.raises(HostError) as raised:
        open_host(str(write_files(tmp_path / "case", files)))

    assert "is not one host" in raised.value.message


@pytest.mark.parametrize("files", OF_THE_SAME.values(), ids=OF_THE_SAME)
def test_files_of_one_host_are_joined(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = write_files(tmp_path / "case", {**BASE, **files})

    assert isinstance(collect(open_host(str(folder)).reader).boot_log, bytes)


def test_the_log_of_an_earlier_boot_is_not_this_boots(tmp_path: Path) -> None:
    old = DMESG.replace(b"5.14.0", b"5.10.0")
    folder = write_files(tmp_path / "case", {**BASE, "dmesg.txt": b"", "var/log/dmesg": old})

    assert not isinstance(collect(open_host(str(folder)).reader).boot_log, bytes)


@pytest.mark.parametrize(
    "beside", [{"DMAR.bin": OTHER}, {"acpidump.out": (FACP + dump(OTHER)).encode()}]
)
def test_a_second_table_beside_a_copied_one_is_refused(
    beside: dict[str, bytes], tmp_path: Path
) -> None:
    with pytest.raises(HostError) as raised:
        open_host(str(write_files(tmp_path / "case", {**REPORTS["sos"], **beside})))

    assert repr(next(iter(beside))) in raised.value.message


@pytest.mark.parametrize("name", ["DMAR", "RMAD"])
def test_the_same_table_beside_a_copied_one_is_no_second(name: str, tmp_path: Path) -> None:
    renamed = bytearray(DMAR)
    renamed[:4] = name.encode()
    renamed[9] = (renamed[9] - sum(renamed)) % 256
    files = {**REPORTS["sos"], f"{TABLES}/DMAR": bytes(renamed), "acpidump.out": ACPIDUMP}
    del files[f"{TABLES}/APIC"]

    host = open_host(str(write_files(tmp_path / "case", files))).reader

    assert [each.content for each in collect(host).tables] == [bytes(renamed)]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("loose", [{"lspci.txt": LSPCI}, {"dmesg.txt": DMESG}, {"DMAR.bin": OTHER}])
def test_files_above_a_report_are_not_ignored(
    loose: dict[str, bytes], *, packed: bool, tmp_path: Path
) -> None:
    files = {**loose, **{f"sos/{name}": content for name, content in REPORTS["sos"].items()}}
    place = write_files(tmp_path / "case", files)
    if packed:
        place = tmp_path / "case.tar"
        place.write_bytes(tar_of(files, "case"))

    with pytest.raises(HostError) as raised:
        open_host(str(place))

    assert next(iter(loose)) in raised.value.message


def test_notes_above_a_report_are_no_files_of_a_host(tmp_path: Path) -> None:
    files = {"notes.txt": b"to do\n", **{f"sos/{n}": data for n, data in REPORTS["sos"].items()}}

    assert open_host(str(write_files(tmp_path / "case", files)))


def _text(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _folder(path: Path, text: str) -> Path:
    return write_files(path, {"acpidump.txt": text.encode(), "lspci.txt": LSPCI})


@pytest.mark.parametrize("place", [_text, _folder])
@pytest.mark.parametrize("before", ["", FACP])
@pytest.mark.parametrize("between", ["\n", FACP])
def test_different_tables_in_one_text_are_refused(
    place: Callable[[Path, str], Path], before: str, between: str, tmp_path: Path
) -> None:
    text = before + dump(DMAR) + between + dump(OTHER)

    with pytest.raises(HostError):
        open_host(str(place(tmp_path / "case", text)))


def test_a_text_with_a_table_twice_is_one_host(tmp_path: Path) -> None:
    assert open_host(str(_text(tmp_path / "case", dump(DMAR) + "\n" + dump(DMAR))))


@pytest.mark.parametrize("beside", [LSPCI, DMESG, REPORTS["xen-bugtool"]["lspci-n.out"], b"x\n"])
def test_other_output_in_a_text_with_a_table_is_named(beside: bytes, tmp_path: Path) -> None:
    opened = open_host(str(_text(tmp_path / "case", beside.decode() + dump(DMAR))))

    assert bool(opened.unused) == (beside != b"x\n")
