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
from support.tables import EVERY_STRUCTURE, drhd, rmrr, scope, table
from support.wording import Worded, lines_about

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]


def test_a_raw_table_is_a_host_whose_devices_nobody_looked_for(
    table_file: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "inventory", "--host", table_file, "--details")

    assert ran.code == 0
    worded(lines_about(ran.out, "0x7dffd000-0x7dffffff", "PCI "), "12 KiB", "0x68", "not collected")
    assert "absent" not in ran.out.replace("possibly absent", "")


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
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(CASES["structure past the end"].data)

    ran = run(capsys, "inventory", "--host", path, "--details")

    assert ran.code == 1
    lines = ran.out.splitlines()
    worded(lines[1])
    worded(lines_about(ran.out, "offset 0x62"), "length", "33 bytes")
    assert sum(" RMRR at 0x" in line for line in lines) == 1


def test_a_table_that_cannot_be_decoded_at_all_gives_no_answer(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(EVERY_STRUCTURE[:40])

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    worded(ran.out)


@pytest.mark.parametrize("options", [(), ("--tree",), ("--device", "00:1d.0")], ids=str)
@pytest.mark.parametrize("name", [name for name in NAMES if "sosreport" not in name])
def test_no_line_of_an_inventory_is_wider_than_80_columns(
    name: str, options: tuple[str, ...], capsys: Capture
) -> None:
    ran = run(capsys, "inventory", "--host", os.path.relpath(MACHINES / name), *options)

    lines = ran.out.splitlines()
    wide = [line for line in lines if len(line) > 80]
    assert all(" --host " in line for line in wide)  # a command is one line, for pasting
    assert len(wide) <= 2
    assert all(line.isprintable() for line in lines)


def test_one_device_shows_only_its_regions(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", "01:00.4", "--json")

    assert ran.code == 0
    assert [region["base"] for region in ran.document["answer"]["regions"]] == ["0x7dff6000"]


def test_a_device_without_regions_says_so(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", "00:1f.0")

    assert ran.code == 0
    worded(ran.out, "0000:00:1f.0")


def test_an_absent_device_that_a_region_names_is_known(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", "00:1f.5")

    assert ran.code == 0
    assert "0000:00:1f.5: not present" in ran.out


@pytest.mark.parametrize(
    "device",
    [
        "00:05.0",
        "nonsense",
    ],
)
def test_an_unknown_device_cannot_be_answered_for(
    device: str, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "inventory", "--host", HP, "--device", device)

    assert ran.code == 2
    worded(ran.err)
    assert ran.out == ""


@pytest.mark.parametrize(
    "live",
    [
        OneAnswer(MissingKind.DENIED, ("APIC", "DMAR")),
        OneAnswer(MissingKind.ABSENT, ("APIC", "FACP")),
        OneAnswer(MissingKind.ABSENT, ("IVRS",)),
        OneAnswer(MissingKind.ABSENT),
        OneAnswer(MissingKind.FAILED, ("RMAD",)),
        OneAnswer(MissingKind.NOT_COLLECTED),
        OneAnswer(MissingKind.ABSENT, ("data", "dynamic")),
    ],
)
def test_no_table_is_one_line_that_says_why_and_what_next(
    live: OneAnswer, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    monkeypatch.setattr("dmaragent.collect.live.host.LiveHost", lambda: live)

    ran = run(capsys, "inventory")

    assert ran.code == 2
    first, *rest = ran.err.splitlines()
    worded(first)
    worded(rest)


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
    "live",
    [
        OneAnswer(MissingKind.DENIED, ("DMAR",)),
        OneAnswer(MissingKind.ABSENT, ("FACP",)),
        OneAnswer(MissingKind.FAILED, ("DMAR",)),
    ],
)
def test_make_run_shows_a_recorded_machine_and_says_why_in_line_one(
    live: OneAnswer, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    monkeypatch.setattr("dmaragent.collect.live.host.LiveHost", lambda: live)
    monkeypatch.setattr("sys.argv", ["dmaragent"])

    ran = run(capsys, "inventory", "--or-show", HP)

    assert ran.code == 0
    worded(ran.out.splitlines()[0])
    worded(ran.out.splitlines()[1])
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
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(table(rmrr(0x2000, 0x1000), rmrr(0, (1 << 64) - 1, segment=1)))

    ran = run(capsys, "inventory", "--host", path, "--details")

    assert ran.code == 0
    worded(ran.out.partition("Reserved regions")[2], "0x00002000-0x00001000", "0x30")
    assert "segment 0001" in ran.out


def test_a_device_that_a_bare_table_cannot_place_is_not_told_to_have_no_regions(
    capsys: Capture, worded: Worded
) -> None:
    bare = HP / "root/sys/firmware/acpi/tables/DMAR"

    ran = run(capsys, "inventory", "--host", bare, "--device", "0a:00.0")
    document = run(capsys, "inventory", "--host", bare, "--device", "0a:00.0", "--json")

    assert ran.code == document.code == 2
    worded(ran.out, "0000:0a:00.0")
    answer = document.document["answer"]
    assert (answer["device"], answer["complete"]) == ("0000:0a:00.0", False)
    assert "0000:00:1c.7>00.0" in answer["undetermined"]


@pytest.mark.parametrize(("device", "regions", "code"), [("0a:00.0", [2], 1), ("0b:00.0", [], 2)])
def test_a_path_that_may_lead_to_a_device_leaves_its_certain_regions_an_answer(
    device: str, regions: list[int], code: int, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(
        table(
            drhd(0xFED90000, flags=1),
            rmrr(0x7A000000, 0x7A00FFFF, scope(1, 0, (0x19, 0))),
            rmrr(0x7B000000, 0x7B00FFFF, scope(1, 0x0A, (0, 0))),
            rmrr(0x7C000000, 0x7C00FFFF, scope(1, 0, (0x1C, 0), (0, 0))),
        )
    )

    ran = run(capsys, "inventory", "--host", path, "--device", device, "--json")

    answer = ran.document["answer"]
    assert [each["number"] for each in answer["regions"]] == regions
    assert (answer["undetermined"], ran.code) == (["0000:00:1c.0>00.0"], code)


def test_regions_keep_their_numbers_when_narrowed_to_a_device(capsys: Capture) -> None:
    ran = run(capsys, "inventory", "--host", MACHINES / "qemu-q35-rmrr", "--device", "01:00.0")

    assert "\n  3  0x3c110000-0x3c11ffff" in ran.out


@pytest.mark.parametrize("kept", [10, 100])
def test_a_table_that_was_not_decoded_whole_is_not_said_to_have_no_regions(
    kept: int, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes((HP / "root/sys/firmware/acpi/tables/DMAR").read_bytes()[:kept])

    document = run(capsys, "inventory", "--host", path, "--json").document

    assert document["answer"]["complete"] is False
    worded(lines_about(run(capsys, "inventory", "--host", path).out, "Regions"))


def test_a_dump_without_the_table_is_no_host_and_says_nothing_of_one(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "dump"
    path.write_text("SSDT @ 0x1000\n  0000: 53 53 44 54\n\n")

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    worded(ran.err)


def test_a_file_of_nothing_is_said_to_be_empty(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "server.tar.xz"
    path.touch()

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    worded(ran.err, path)


def test_an_unreadable_table_beside_a_readable_one_is_said_as_it_is(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    tables = tmp_path / "sys/firmware/acpi/tables"
    tables.mkdir(parents=True)
    (tables / "DMAR").mkdir()
    (tables / "RMAD").write_bytes(table(signature=b"RMAD"))

    ran = run(capsys, "inventory", "--host", tmp_path)
    decoded = run(capsys, "decode", tmp_path)

    assert "RMAD, 48 bytes" in ran.out
    worded(lines_about(ran.out, "DMAR"))
    assert decoded.code == 1
    assert "RMAD  length 48" in decoded.out
    worded(decoded.err, "Is a directory")


def test_a_copied_sys_itself_is_a_host(tmp_path: Path, capsys: Capture) -> None:
    tables = tmp_path / "firmware/acpi/tables"
    tables.mkdir(parents=True)
    (tables / "DMAR").write_bytes(EVERY_STRUCTURE)

    assert run(capsys, "inventory", "--host", tmp_path).code == 0


def test_the_notice_of_another_host_does_not_get_into_the_document(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    monkeypatch.setattr("sys.argv", ["dmaragent"])
    monkeypatch.setattr(
        "dmaragent.collect.live.host.LiveHost", lambda: OneAnswer(MissingKind.ABSENT, ("FACP",))
    )

    ran = run(capsys, "inventory", "--or-show", HP, "--json")

    assert ran.document["origin"]["host"]["kind"] == "recorded"
    worded(ran.err)


def test_or_show_does_not_go_with_a_host(capsys: Capture) -> None:
    assert run(capsys, "inventory", "--host", HP, "--or-show", HP).code == 2


@pytest.mark.parametrize("name", ["synthetic-pvh-dom0", "lenovo-laptop"])
def test_a_refused_device_is_told_on_one_screen(name: str, capsys: Capture, worded: Worded) -> None:
    device = {"synthetic-pvh-dom0": "00:19.0", "lenovo-laptop": "3d:00.0"}[name]

    ran = run(capsys, "inventory", "--host", MACHINES / name, "--device", device)

    assert ran.code == 0
    assert len(ran.out.splitlines()) <= 24
    if name == "lenovo-laptop":
        assert "Group    2, with 0000:00:1d.0" in ran.out
        assert "Slot     1" in ran.out
        worded(ran.out, "0x48", "0xfed91000")


def test_wide_shows_all_columns(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "inventory", "--host", MACHINES / "lenovo-laptop", "--wide")

    worded(ran.out, "620")
    assert "0xfed90000" in ran.out


def test_the_tree_has_every_function_below_its_unit(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "inventory", "--host", MACHINES / "dell-r820", "--tree")

    lines = ran.out.splitlines()
    drhd = next(number for number, line in enumerate(lines) if line.startswith("DRHD at 0x30"))
    below = lines[drhd + 1 :]
    bridge = below.index("  0000:40:02.0  PCI bridge, pcieport, ATS")
    worded(below[bridge + 1], "0000:41:00.0")
    assert "  IOAPIC 2 at 0000:40:05.4" in below
    rest = next(number for number, line in enumerate(lines) if "INCLUDE_PCI_ALL" in line)
    assert any(line.split()[0] == "0000:00:1a.0" for line in lines[rest + 1 : rest + 4])
