"""``dmaragent decode`` as its user meets it: tables, folders, dumps, hosts, damage."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent.collect.table_inputs import find_inputs
from support.cli import run
from support.collectors import write_files
from support.damaged import CASES, Case
from support.damaged_ivrs import CASES as IVRS_CASES
from support.ivrs_tables import (
    EVERY_BLOCK,
    alias,
    entry,
    every_device,
    ivhd,
    ivmd,
    ivrs,
    special,
)
from support.machines import MACHINES
from support.renderings import RENDERINGS
from support.tables import EVERY_STRUCTURE, patched, table
from support.wording import Worded

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]


def test_a_table_is_told_structure_by_structure(table_file: Path, capsys: Capture) -> None:
    ran = run(capsys, "decode", table_file)

    assert ran.code == 0
    for words in (
        "DMAR  length 258, revision 1, checksum 0x",
        "46-bit addresses, flags: INTR_REMAP",
        "0x030  DRHD  length 24  segment 0000, registers 0xfed90000 (64 KiB), flags: none",
        "flags: INCLUDE_PCI_ALL",
        "IOAPIC                 bus f0  1f.0  id 2",
        "RMRR  length 42  segment 0000, 0x7dffd000-0x7dffffff (12 KiB)",
        "PCI endpoint           bus 00  1c.7 > 00.2",
        "ATSR  length 16  segment 0001",
        "RHSA  length 20  registers 0xfed90000, proximity domain 7",
        "ANDD  length 27  device 1, \\_SB.PCI0.I2C0",
        "SATC  length 16  segment 0000, flags: ATC_REQUIRED",
        "flags: REQ_WO_PASID_NESTED_NOTALLOWED",
        "type 99  length 17  unknown type 99",
    ):
        assert words in ran.out or words in " ".join(ran.out.split())
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize(
    "case",
    [*CASES.values(), *IVRS_CASES.values()],
    ids=[*CASES, *(f"IVRS: {c}" for c in IVRS_CASES)],
)
def test_every_damage_is_told_and_the_exit_code_says_whether_anything_was_decoded(
    case: Case, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "table"
    path.write_bytes(case.data)

    ran = run(capsys, "decode", path)
    document = run(capsys, "decode", path, "--json")

    assert ran.code == document.code == (1 if case.structures is not None else 2)
    told = " ".join(ran.out.split())
    (entry,) = document.document["answer"]["tables"]
    assert [one["kind"] for one in entry["damage"]] == list(case.kinds)
    if case.kinds == ("not-a-table",):  # the case is text: a line says so, and no more
        assert ran.out == ""
        worded(ran.err)
        return
    for one in entry["damage"]:
        assert f"offset 0x{one['offset']:x}, {one['field']}: {one['reason']}" in told
    if case.undecoded:
        assert f"{case.undecoded} byte" in told


def test_an_ivrs_is_told_block_by_block(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "IVRS"
    path.write_bytes(EVERY_BLOCK)

    ran = run(capsys, "decode", path)

    assert ran.code == 0
    text = " ".join(ran.out.split())
    for words in (
        "48-bit physical addresses, 64-bit DMA addresses, 48-bit guest addresses",
        "flags: EFR_SUP, DMA_REMAP_SUP.",
        "IVHD 0x10 length 64 IOMMU 0000:00:00.2, registers 0xfeb80000",
        "range 00:01.0-ff:1f.6",
        "range with alias ff:00.0-ff:1f.7, requests as 00:14.5",
        "IOAPIC 33 requests as 00:14.0",
        "ACPI device 00:14.5, AMDI0020, UID \\_SB.FUR0",
        "exclusion range for device 01:00.0, 0x9a000000-0x9a027fff (160 KiB)",
        "exclusion range for devices 00:00.0-0f:1f.7, 0x9b000000-0x9b000000 (1 byte)",
        "unity map (read and write) for all devices, 0x9c000000-0x9c000fff (4 KiB)",
        "unity map (read) for all devices of IOMMU 00:00.2",
        "neither unity map nor exclusion range for device 01:00.0",
        "type 0x51 length 32 unknown type, flags 0x08",
    ):
        assert words in text, words
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        (
            (entry(3, 0x08), entry(4, 0x10, 0x01)),
            ["range 00:01.0, no range end follows", "range end 00:02.0, settings: INIT_PASS"],
        ),
        ((entry(3, 0x08, 0x01), entry(4, 0x10)), ["range 00:01.0-00:02.0, settings: INIT_PASS"]),
        (
            (alias(0x43, 0x08, 0xA0), entry(4, 0x10, 0x01)),
            [
                "range with alias 00:01.0, no range end follows, requests as 00:14.0",
                "range end 00:02.0, settings: INIT_PASS",
            ],
        ),
        (
            (entry(3, 0x08), entry(2, 0x10)),
            ["range 00:01.0, no range end follows", "device 00:02.0"],
        ),
        ((entry(2, 0x08), entry(4, 0x10)), ["device 00:01.0", "range end 00:02.0"]),
        (
            (entry(3, 0x08), entry(4, 0x10), entry(4, 0x20)),
            ["range 00:01.0-00:02.0", "range end 00:04.0"],
        ),
        ((entry(1), entry(1, 0x10)), ["all devices", "all devices 00:02.0"]),
        ((entry(0), entry(0, 0x10)), ["padding", "padding 00:02.0"]),
        (
            (alias(0x42, 0x08, 0xA0)[:-1] + b"\x07",),
            ["device with alias 00:01.0, requests as 00:14.0, reserved bytes 00 07"],
        ),
        (
            (entry(0x48, 0x10) + special(1, 33, 0xA0)[4:],),
            ["IOAPIC 33 requests as 00:14.0, device 00:02.0"],
        ),
        ((special(3, 33, 0xA0),), ["variety 3 33 requests as 00:14.0"]),
    ],
)
def test_device_entries_are_shown_with_all_their_bytes(
    entries: tuple[bytes, ...], lines: list[str], tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "IVRS"
    path.write_bytes(ivrs(ivhd(*entries)))

    _, found, shown = run(capsys, "decode", path).out.partition("features 0x80048824\n")

    assert found
    assert " ".join(shown.split()) == " ".join(lines)


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (ivmd(0x9A000000, 0x1000, auxiliary=0x40), "auxiliary data 0x40"),
        (ivmd(0x9A000000, 0x1000, kind=0x22, auxiliary=0x140), ""),
        (ivmd(0x9A000000, 0x1000, reserved=b"\1" + bytes(7)), "not zero: 01 00 00 00 00 00 00 00"),
        (ivmd(0x9A000000, 0x1000), ""),
    ],
)
def test_bytes_of_an_ivmd_without_a_meaning_are_shown_if_they_are_not_zero(
    block: bytes, shown: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "IVRS"
    path.write_bytes(ivrs(block))

    _, found, rest = run(capsys, "decode", path).out.partition("flags: EXCLUSION_RANGE\n")

    assert found
    assert rest.strip().endswith(shown) if shown else rest.strip() == ""


def test_a_table_of_every_device_id_is_decoded_whole(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "IVRS"
    path.write_bytes(every_device())

    ran = run(capsys, "decode", path)

    assert ran.code == 0
    assert sum(line.startswith("       device  ") for line in ran.out.splitlines()) == 65536


@pytest.mark.parametrize("rendering", ["acpidump", "hexdump -C", "xxd"])
def test_a_text_of_both_kinds_gives_both(rendering: str, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "text"
    path.write_text("\n".join(map(RENDERINGS[rendering], (EVERY_STRUCTURE, EVERY_BLOCK))))

    document = run(capsys, "decode", path, "--json").document

    tables = document["answer"]["tables"]
    assert [each["table"]["signature"] for each in tables] == ["DMAR", "IVRS"]
    assert document["answer"]["others"] == []


def test_a_folder_is_told_a_line_a_file_and_other_tables_are_passed_over(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    (tmp_path / "a").write_bytes(EVERY_STRUCTURE)
    (tmp_path / "b").write_bytes(CASES["wrong checksum"].data)
    (tmp_path / "c").write_bytes(table(signature=b"APIC"))
    (tmp_path / "d").write_bytes(EVERY_STRUCTURE[:20])

    ran = run(capsys, "decode", tmp_path)

    lines = ran.out.splitlines()
    assert ran.code == 1
    worded(lines[0], "258", "99")
    worded(lines[1], "0x9")
    worded(lines[2], "0x14")
    worded(lines[3])
    worded(lines[4])


def test_a_folder_whose_only_file_is_no_table_names_it(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "readme").write_text("no table\n")

    ran = run(capsys, "decode", tmp_path)

    assert ran.code == 2
    assert str(tmp_path / "readme") in ran.out


def test_a_folder_of_sound_tables_is_fine(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    (tmp_path / "DMAR").write_bytes(EVERY_STRUCTURE)
    (tmp_path / "APIC").write_bytes(table(signature=b"APIC"))
    (tmp_path / "notes.txt").write_text("hello")

    ran = run(capsys, "decode", tmp_path)

    assert ran.code == 0
    worded(ran.out.splitlines()[-1])


def test_a_recorded_machine_is_decoded_by_its_table(capsys: Capture) -> None:
    ran = run(capsys, "decode", MACHINES / "xen-pv-dom0")

    assert ran.code == 0
    assert ran.out.startswith("RMAD  length 416")


def test_several_tables_of_one_dump_are_all_decoded(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    def dump(data: bytes, name: str) -> str:
        rows = [f"  {at:04X}: {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16)]
        return f"{name} @ 0x1000\n" + "\n".join(rows) + "\n\n"

    path = tmp_path / "dump.txt"
    apic = table(signature=b"APIC")
    broken = dump(EVERY_STRUCTURE, "DMAR").replace("  0020:", "  0030:")
    path.write_text(dump(apic, "APIC") + dump(EVERY_STRUCTURE, "DMAR") + broken)

    ran = run(capsys, "decode", path)
    document = run(capsys, "decode", path, "--json").document

    assert ran.code == 1
    worded(line.partition("dump.txt")[2] for line in ran.out.splitlines())
    assert [entry["source"]["line"] for entry in document["answer"]["tables"]] == [6, 25]
    worded(document["answer"]["others"][0]["reason"], "APIC")


def test_a_dump_without_the_table_says_so(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    path = tmp_path / "dump.txt"
    path.write_text("APIC @ 0x1000\n  0000: 41 50 49 43\n\n")

    ran = run(capsys, "decode", path)

    assert ran.code == 2
    worded(ran.err)


def test_what_cannot_be_read_is_said_beside_what_can(
    table_file: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "decode", table_file, table_file.parent / "gone")

    assert ran.code == 1
    assert "gone: " in ran.out
    worded(ran.out)
    worded(ran.out.splitlines()[-1])


def test_standard_input_is_decoded(table_file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dmaragent", "decode", "-"],
        input=table_file.read_bytes(),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert b"RHSA  length 20" in done.stdout


def test_a_small_table_is_read_where_memory_is_scarce(table_file: Path) -> None:
    """The largest file that may be has 64 MiB; so much is not set aside for a small one."""
    few = 60_000 << 10
    done = subprocess.run(
        [sys.executable, "-m", "dmaragent", "inventory", "--host", str(table_file)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (few, few)),
        capture_output=True,
        check=False,
    )

    assert done.stderr == b""
    assert done.returncode == 0


def test_a_checksum_that_could_not_be_checked_is_not_called_ok(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(EVERY_STRUCTURE[:200])

    worded(run(capsys, "decode", path).out)


_CUT = len(EVERY_STRUCTURE) - 8
"""A length that ends within the last structure."""


@pytest.mark.parametrize(
    ("length", "summed", "verdicts"),
    [
        (len(EVERY_STRUCTURE), True, ["ok"]),
        (len(EVERY_STRUCTURE), False, ["wrong"]),
        (36, True, []),
        (_CUT, True, []),
        (_CUT, False, ["wrong"]),
    ],
)
def test_a_checksum_is_ok_only_if_the_length_is(
    length: int, *, summed: bool, verdicts: list[str], tmp_path: Path, capsys: Capture
) -> None:
    """If the damage lists a wrong checksum, the line of the header has it too."""
    data = patched(EVERY_STRUCTURE, [(4, length.to_bytes(4, "little")), (9, b"\0")])
    total = sum(data[:length])
    path = tmp_path / "DMAR"
    path.write_bytes(patched(data, [(9, bytes([(-total if summed else 1 - total) % 256]))]))

    out = run(capsys, "decode", path).out

    assert [word for word in ("ok", "wrong") if f"({word})" in out] == verdicts
    assert ("offset 0x9, checksum" in out) is ("wrong" in verdicts)


def test_what_a_folder_holds_is_never_passed_over_without_a_word(
    tmp_path: Path, table_file: Path, capsys: Capture, worded: Worded
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "host").symlink_to(HP)

    ran = run(capsys, "decode", tmp_path)
    empty = run(capsys, "decode", tmp_path / "empty")

    worded(ran.out)
    assert ran.code == 1
    assert empty.code == 2
    worded(empty.err)


def test_hosts_in_a_folder_are_decoded_by_their_tables(capsys: Capture) -> None:
    ran = run(capsys, "decode", MACHINES)

    lines = ran.out.splitlines()
    assert any(
        line.startswith(f"{HP}:/sys/firmware/acpi/tables/DMAR: DMAR, 1286") for line in lines
    )
    assert "passed over" not in ran.out
    assert any("sosreport" in line and "was not collected" in line for line in lines)


def test_each_of_two_hosts_beside_each_other_is_one_input(tmp_path: Path) -> None:
    hosts = [tmp_path / "a", tmp_path / "b"]
    for host in hosts:
        write_files(host, {"sys/firmware/acpi/tables/DMAR": table()})

    assert find_inputs(str(tmp_path)) == [(str(host), True) for host in hosts]


@pytest.mark.parametrize(
    ("outcome", "detail", "why"),
    [
        ("failed", "Input/output error", "is unknown: the list of ACPI tables cannot be read"),
        ("denied", "Permission denied", "is unknown: the list of ACPI tables cannot be read"),
        ("absent", "No such file or directory", "is absent"),
        ("not-collected", "", "was not collected"),
    ],
)
def test_a_table_is_absent_only_if_the_list_of_tables_shows_it(
    tmp_path: Path, capsys: Capture, outcome: str, detail: str, why: str
) -> None:
    path = "/sys/firmware/acpi/tables"
    listed = {"operation": "list", "path": path, "outcome": outcome, "detail": detail}
    recording = {"format": "dmaragent.recording", "version": 1, "readings": [listed]}
    (tmp_path / "manifest.json").write_text(json.dumps(recording))

    ran = run(capsys, "decode", tmp_path)

    assert ran.code == 2
    assert f"the DMAR or IVRS table {why}" in ran.err
    assert ("run it as root" in ran.err) == (outcome == "denied")
    if why.startswith("is unknown"):
        assert detail in ran.err
