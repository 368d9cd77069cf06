"""``dmaragent inventory`` as its user meets it: every kind of host, device, absence."""

import os
from pathlib import Path

import pytest

from dmaragent.collect.open_host import open_host
from dmaragent.readings import MissingKind
from support.cli import run
from support.damaged import CASES
from support.hosts import OneAnswer
from support.machines import MACHINES, NAMES
from support.tables import EVERY_STRUCTURE, rmrr, table

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]


def test_a_raw_table_is_a_host_whose_devices_nobody_looked_for(
    table_file: Path, capsys: Capture
) -> None:
    ran = run(capsys, "inventory", "--host", table_file)

    assert ran.code == 0
    assert "1  0x7dffd000-0x7dffffff  12 KiB  RMRR at 0x68, shared by 2" in ran.out
    assert "PCI      not collected: whether the owners are there cannot be said" in ran.out
    assert "absent" not in ran.out


def test_acpidump_text_is_a_host(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "acpidump.txt"
    rows = [
        f"    {at:04X}: {EVERY_STRUCTURE[at : at + 16].hex(' ').upper()}"
        for at in range(0, len(EVERY_STRUCTURE), 16)
    ]
    path.write_text("DMAR @ 0x00000000BF7BF000\n" + "\n".join(rows) + "\n\n")

    ran = run(capsys, "inventory", "--host", path, "--json")

    assert ran.code == 0
    assert ran.document["origin"]["host"]["kind"] == "acpidump"
    assert len(ran.document["answer"]["regions"]) == 1


def test_a_damaged_table_gives_what_there_is_and_says_that_regions_may_be_missing(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(CASES["structure past the end"].data)

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[1] == "THE TABLE IS DAMAGED: regions may be missing"
    assert "offset 0x62, length: the structure's 33 bytes end 1 past the table's end" in ran.out
    assert sum(" RMRR at 0x" in line for line in lines) == 1


def test_a_table_that_cannot_be_decoded_at_all_gives_no_answer(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(EVERY_STRUCTURE[:40])

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    assert "nothing could be decoded" in ran.out


@pytest.mark.parametrize("options", [(), ("--tree",), ("--device", "00:1d.0")], ids=str)
@pytest.mark.parametrize("name", [name for name in NAMES if "sosreport" not in name])
def test_no_line_of_an_inventory_is_wider_than_80_columns(
    name: str, options: tuple[str, ...], capsys: Capture
) -> None:
    ran = run(capsys, "inventory", "--host", os.path.relpath(MACHINES / name), *options)

    assert all(len(line) <= 80 for line in ran.out.splitlines())
    assert all(line.isprintable() for line in ran.out.splitlines())


def test_one_device_shows_only_its_regions(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", "01:00.4", "--json")

    assert ran.code == 0
    assert [region["base"] for region in ran.document["answer"]["regions"]] == ["0x7dff6000"]


def test_a_device_without_regions_says_so(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", "00:1f.0")

    assert ran.code == 0
    assert "Regions  none concerns 0000:00:1f.0" in ran.out


def test_an_absent_device_that_a_region_names_is_known(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", "00:1f.5")

    assert ran.code == 0
    assert "0000:00:1f.5 absent" in ran.out


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("00:05.0", "no function answers at 0000:00:05.0, and no region names it"),
        ("nonsense", "'nonsense' is not a PCI address"),
    ],
)
def test_an_unknown_device_cannot_be_answered_for(device: str, said: str, capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", device)

    assert ran.code == 2
    assert said in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("live", "said", "next_step"),
    [
        (OneAnswer(MissingKind.DENIED, ("APIC", "DMAR")), "is present but needs root", "sudo"),
        (OneAnswer(MissingKind.ABSENT, ("APIC",)), "is absent", "VT-d"),
        (
            OneAnswer(MissingKind.ABSENT, ("IVRS",)),
            "AMD machine (IVRS is there)",
            "not decoded yet",
        ),
        (OneAnswer(MissingKind.ABSENT), "shows no ACPI tables at all", "acpi=off"),
        (OneAnswer(MissingKind.FAILED, ("RMAD",)), "could not be read: /sys/firm", ""),
        (OneAnswer(MissingKind.NOT_COLLECTED), "was not collected", "copy /sys"),
    ],
)
def test_no_table_is_one_line_that_says_why_and_what_next(
    live: OneAnswer, said: str, next_step: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("dmaragent.collect.live.host.LiveHost", lambda: live)

    ran = run(capsys, "inventory")

    assert ran.code == 2
    first, *rest = ran.err.splitlines()
    assert said in first
    assert next_step in " ".join(rest)


def test_no_table_is_a_document_too(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(
        "dmaragent.collect.live.host.LiveHost", lambda: OneAnswer(MissingKind.DENIED, ("DMAR",))
    )

    ran = run(capsys, "inventory", "--json")

    assert ran.code == 2
    assert ran.document["answer"]["table"] == {
        "name": "DMAR",
        "state": "denied",
        "detail": "Permission denied",
    }


@pytest.mark.parametrize(
    ("live", "first"),
    [
        (OneAnswer(MissingKind.DENIED, ("DMAR",)), "present but needs root: sudo "),
        (OneAnswer(MissingKind.ABSENT, ()), "no DMAR table (absent). Where there is one: sudo "),
        (OneAnswer(MissingKind.FAILED, ("DMAR",)), "cannot be read: Permission denied. Try: sudo "),
    ],
)
def test_make_run_shows_a_recorded_machine_and_says_why_in_line_one(
    live: OneAnswer, first: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("dmaragent.collect.live.host.LiveHost", lambda: live)

    ran = run(capsys, "inventory", "--or-show", HP)

    assert ran.code == 0
    assert first in ran.out.splitlines()[0]
    assert ran.out.splitlines()[1].startswith("Shown instead is ")
    assert "Regions  9" in ran.out


def test_where_this_machine_has_a_table_nothing_else_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    reader = open_host(str(MACHINES / "qemu-q35-rmrr")).reader
    monkeypatch.setattr("dmaragent.collect.live.host.LiveHost", lambda: reader)

    ran = run(capsys, "inventory", "--or-show", HP)

    assert ran.code == 0
    assert ran.out.startswith("This machine\n")


def test_a_region_whose_limit_is_below_its_base_is_shown_as_it_is(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(table(rmrr(0x2000, 0x1000), rmrr(0, (1 << 64) - 1, segment=1)))

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 0
    assert "0x00002000-0x00001000  limit below base  RMRR at 0x30" in ran.out
    assert "no owner: its device scope is empty" in ran.out
    assert "segment 0001" in ran.out


def test_a_device_that_a_bare_table_cannot_place_is_not_told_to_have_no_regions(
    capsys: Capture,
) -> None:
    bare = HP / "root/sys/firmware/acpi/tables/DMAR"

    ran = run(capsys, "inventory", "--host", bare, "--device", "0a:00.0")
    document = run(capsys, "inventory", "--host", bare, "--device", "0a:00.0", "--json")

    assert ran.code == document.code == 2
    assert "none names 0000:0a:00.0 for certain; these paths could lead to it" in ran.out
    answer = document.document["answer"]
    assert (answer["device"], answer["complete"]) == ("0000:0a:00.0", False)
    assert "0000:00:1c.7>00.0" in answer["undetermined"]


def test_regions_keep_their_numbers_when_narrowed_to_a_device(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", MACHINES / "qemu-q35-rmrr", "--device", "01:00.0")

    assert "\n  3  0x3c110000-0x3c11ffff" in ran.out


@pytest.mark.parametrize("kept", [10, 100])
def test_a_table_that_was_not_decoded_whole_is_not_said_to_have_no_regions(
    kept: int, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes((HP / "root/sys/firmware/acpi/tables/DMAR").read_bytes()[:kept])

    ran = run(capsys, "inventory", "--host", path)

    assert "has no RMRR structure" not in ran.out


def test_a_dump_without_the_table_is_no_host_and_says_nothing_of_one(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "dump"
    path.write_text("SSDT @ 0x1000\n  0000: 53 53 44 54\n\n")

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    assert "holds 1 table, and none that is DMAR" in ran.err


def test_a_file_of_nothing_is_said_to_be_empty(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "server.tar.xz"
    path.touch()

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    assert f"{path} is empty\nNext: make it again" in ran.err


def test_an_unreadable_table_beside_a_readable_one_is_said_as_it_is(
    tmp_path: Path, capsys: Capture
) -> None:
    tables = tmp_path / "sys/firmware/acpi/tables"
    tables.mkdir(parents=True)
    (tables / "DMAR").mkdir()
    (tables / "RMAD").write_bytes(table(signature=b"RMAD"))

    ran = run(capsys, "inventory", "--host", tmp_path)
    decoded = run(capsys, "decode", tmp_path)

    assert "RMAD, 48 bytes" in ran.out
    assert "DMAR could not be read" in " ".join(ran.out.split())
    assert decoded.code == 1
    assert "RMAD  length 48" in decoded.out
    assert "DMAR cannot be read: Is a directory" in decoded.err


def test_a_copied_sys_itself_is_a_host(tmp_path: Path, capsys: Capture) -> None:
    tables = tmp_path / "firmware/acpi/tables"
    tables.mkdir(parents=True)
    (tables / "DMAR").write_bytes(EVERY_STRUCTURE)

    assert run(capsys, "inventory", "--host", tmp_path).code == 0


def test_the_notice_of_another_host_does_not_get_into_the_document(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(
        "dmaragent.collect.live.host.LiveHost", lambda: OneAnswer(MissingKind.ABSENT, ())
    )

    ran = run(capsys, "inventory", "--or-show", HP, "--json")

    assert ran.document["origin"]["host"]["kind"] == "recorded"
    assert "no DMAR table" in ran.err


def test_or_show_does_not_go_with_a_host(capsys: Capture) -> None:
    assert run(capsys, "inventory", "--host", HP, "--or-show", HP).code == 2


@pytest.mark.parametrize("name", ["synthetic-pvh-dom0", "lenovo-laptop"])
def test_a_refused_device_is_told_on_one_screen(name: str, capsys: Capture) -> None:
    device = {"synthetic-pvh-dom0": "00:19.0", "lenovo-laptop": "3d:00.0"}[name]

    ran = run(capsys, "inventory", "--host", MACHINES / name, "--device", device)

    assert ran.code == 0
    assert len(ran.out.splitlines()) <= 24
    if name == "lenovo-laptop":
        assert "Group    2, with 0000:00:1d.0" in ran.out
        assert "Slot     1" in ran.out
        assert "Unit     DRHD at 0x48, registers 0xfed91000" in ran.out


def test_wide_shows_all_columns(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", MACHINES / "lenovo-laptop", "--wide")

    assert "Intel Corporation UHD Graphics 620" in ran.out
    assert "0xfed90000" in ran.out


def test_the_tree_has_every_function_below_its_unit(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", MACHINES / "dell-r820", "--tree")

    lines = ran.out.splitlines()
    assert "DRHD at 0x30  segment 0000, registers 0xcf000000, NUMA node 1" in lines
    assert "  0000:40:02.0  PCI bridge, pcieport, ATS" in lines
    assert "    0000:41:00.0  RAID controller, megaraid_sas" in lines
    assert "  IOAPIC 2 at 0000:40:05.4" in lines
    assert "  0000:40:01.0  PCI sub-hierarchy, absent" in lines
    assert "  INCLUDE_PCI_ALL: 3 functions that no other unit names" in lines
    assert "    0000:00:1a.0  USB controller (EHCI), ehci-pci  region 1-2" in lines
