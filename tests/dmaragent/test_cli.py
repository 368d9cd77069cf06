"""The program as its user meets it: verbs, exit codes, messages, 80 columns."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent import __version__
from dmaragent.collect.opening import open_host
from dmaragent.commands.output import progress
from dmaragent.snapshot import Missing, MissingKind
from support.cli import run
from support.damaged import CASES, Case
from support.machines import MACHINES, NAMES
from support.tables import EVERY_STRUCTURE, patched, resummed, rmrr, scope, table

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    """Give a file with a table of every structure."""
    path = tmp_path / "DMAR.bin"
    path.write_bytes(EVERY_STRUCTURE)
    return path


# inventory -----------------------------------------------------------------------------


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


class _Live:
    """This machine, answering one thing to everything."""

    def __init__(self, kind: MissingKind, names: tuple[str, ...] | None = None) -> None:
        self._missing = Missing(kind, os.strerror(13))
        self._names = names

    def read(self, _: object) -> Missing:
        return self._missing

    link = call = read

    def list(self, _: object) -> tuple[str, ...] | Missing:
        return self._missing if self._names is None else self._names


@pytest.mark.parametrize(
    ("live", "said", "next_step"),
    [
        (_Live(MissingKind.DENIED, ("APIC", "DMAR")), "is present but needs root", "sudo"),
        (_Live(MissingKind.ABSENT, ("APIC",)), "is absent", "VT-d"),
        (_Live(MissingKind.ABSENT, ("IVRS",)), "AMD machine (IVRS is there)", "not decoded yet"),
        (_Live(MissingKind.ABSENT), "is absent", "VT-d"),
        (_Live(MissingKind.FAILED, ("RMAD",)), "could not be read: /sys/firm", ""),
        (_Live(MissingKind.NOT_COLLECTED), "was not collected", "copy /sys"),
    ],
)
def test_no_table_is_one_line_that_says_why_and_what_next(
    live: _Live, said: str, next_step: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("dmaragent.collect.opening.LiveHost", lambda: live)

    ran = run(capsys, "inventory")

    assert ran.code == 2
    first, *rest = ran.err.splitlines()
    assert said in first
    assert next_step in " ".join(rest)


def test_no_table_is_a_document_too(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(
        "dmaragent.collect.opening.LiveHost", lambda: _Live(MissingKind.DENIED, ("DMAR",))
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
        (_Live(MissingKind.DENIED, ("DMAR",)), "present but needs root: sudo "),
        (_Live(MissingKind.ABSENT, ()), "no DMAR table (absent). Where there is one: sudo "),
        (_Live(MissingKind.FAILED, ("DMAR",)), "cannot be read: Permission denied. Try: sudo "),
    ],
)
def test_make_run_shows_a_recorded_machine_and_says_why_in_line_one(
    live: _Live, first: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("dmaragent.collect.opening.LiveHost", lambda: live)

    ran = run(capsys, "inventory", "--or-show", HP)

    assert ran.code == 0
    assert first in ran.out.splitlines()[0]
    assert ran.out.splitlines()[1].startswith("Shown instead is ")
    assert "Regions  9" in ran.out


def test_where_this_machine_has_a_table_nothing_else_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    reader = open_host(str(MACHINES / "qemu-q35-rmrr")).reader
    monkeypatch.setattr("dmaragent.collect.opening.LiveHost", lambda: reader)

    ran = run(capsys, "inventory", "--or-show", HP)

    assert ran.code == 0
    assert ran.out.startswith("This machine\n")


# What firmware and strangers write ------------------------------------------------------


def test_terminal_controls_from_firmware_are_shown_and_not_sent(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    hostile = b"\x1b]0;x\x07"
    path.write_bytes(resummed(patched(EVERY_STRUCTURE, [(10, hostile), (16, b"\x9b2J\xffabcd")])))

    for verb in ("inventory", "decode"):
        ran = run(capsys, verb, *(["--host"] if verb == "inventory" else []), path)
        assert '"\\x1b]0;x\\x07"' in ran.out
        assert "\x1b" not in ran.out
        assert "\x9b" not in ran.out


def test_a_file_name_cannot_address_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x\x1b[2J.bin"
    path.write_bytes(b"hello")

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    assert "\x1b" not in ran.err


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


# decode --------------------------------------------------------------------------------


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
        "type 99  length 17  type 99, kept as it is",
    ):
        assert words in ran.out or words in " ".join(ran.out.split())
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_damage_is_told_and_the_exit_code_says_whether_anything_was_decoded(
    case: Case, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "table"
    path.write_bytes(case.data)

    ran = run(capsys, "decode", path)
    document = run(capsys, "decode", path, "--json")

    assert ran.code == document.code == (1 if case.structures is not None else 2)
    told = " ".join(ran.out.split())
    (entry,) = document.document["answer"]["tables"]
    assert [one["kind"] for one in entry["damage"]] == list(case.kinds)
    for one in entry["damage"]:
        assert f"offset 0x{one['offset']:x}, {one['field']}: {one['reason']}" in told
    if case.undecoded:
        assert f"{case.undecoded} byte" in told


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_encode_is_the_inverse_of_decode_on_every_damaged_table(
    case: Case, tmp_path: Path, capsys: Capture
) -> None:
    source, document, out = tmp_path / "in", tmp_path / "x.json", tmp_path / "out"
    source.write_bytes(case.data)
    document.write_text(run(capsys, "decode", source, "--json").out)

    assert run(capsys, "encode", document, "-o", out).code == 0
    assert out.read_bytes() == case.data


def test_encode_is_the_inverse_of_decode_on_every_captured_table(
    corpus_tables: dict[str, bytes], tmp_path: Path, capsys: Capture
) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    for number, data in enumerate(corpus_tables.values()):
        (folder / f"{number:03}").write_bytes(data)
    document = tmp_path / "all.json"
    ran = run(capsys, "decode", folder, "--json")
    document.write_text(ran.out)
    assert (ran.code, len(ran.document["answer"]["tables"])) == (0, 164)

    for number, data in enumerate(corpus_tables.values()):
        out = tmp_path / f"out{number}"
        assert run(capsys, "encode", document, "--table", number + 1, "-o", out).code == 0
        assert out.read_bytes() == data


def test_a_folder_is_told_a_line_a_file_and_other_tables_are_passed_over(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "a").write_bytes(EVERY_STRUCTURE)
    (tmp_path / "b").write_bytes(CASES["wrong checksum"].data)
    (tmp_path / "c").write_bytes(table(signature=b"APIC"))
    (tmp_path / "d").write_bytes(EVERY_STRUCTURE[:20])

    ran = run(capsys, "decode", tmp_path)

    lines = ran.out.splitlines()
    assert ran.code == 1
    assert lines[0].endswith(
        "DMAR, 258 bytes: 2 DRHD, 1 RMRR, 1 ATSR, 1 RHSA, 1 ANDD, 1 SATC, 1 SIDP, 1 type 99"
    )
    assert "DAMAGED: offset 0x9, checksum" in lines[1]
    assert "not decoded: offset 0x14, oem_table_id: the bytes end here" in lines[2]
    assert "passed over: this is a table of another kind (APIC)" in lines[3]
    assert lines[4] == "1 sound table, 1 damaged, 1 not decoded"


def test_a_folder_of_sound_tables_is_fine(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "DMAR").write_bytes(EVERY_STRUCTURE)
    (tmp_path / "APIC").write_bytes(table(signature=b"APIC"))
    (tmp_path / "notes.txt").write_text("hello")

    ran = run(capsys, "decode", tmp_path)

    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "1 sound table, 0 damaged"


def test_a_recorded_machine_is_decoded_by_its_table(capsys: Capture) -> None:
    ran = run(capsys, "decode", MACHINES / "xen-pv-dom0")

    assert ran.code == 0
    assert ran.out.startswith("RMAD  length 416")


def test_several_tables_of_one_dump_are_all_decoded(tmp_path: Path, capsys: Capture) -> None:
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
    assert "line 6: DMAR, 258 bytes" in ran.out
    assert "DAMAGED TEXT: line 28: the offset is 0x30 and should be 0x20" in ran.out
    assert "passed over: APIC" in ran.out
    assert [entry["source"]["line"] for entry in document["answer"]["tables"]] == [6, 25]
    assert document["answer"]["others"][0]["reason"] == "holds APIC, a table of another kind"


def test_a_dump_without_the_table_says_so(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "dump.txt"
    path.write_text("APIC @ 0x1000\n  0000: 41 50 49 43\n\n")

    ran = run(capsys, "decode", path)

    assert ran.code == 2
    assert "holds no DMAR, RMAD or XMAR table" in ran.err


def test_what_cannot_be_read_is_said_beside_what_can(table_file: Path, capsys: Capture) -> None:
    ran = run(capsys, "decode", table_file, table_file.parent / "gone")

    assert ran.code == 1
    assert "gone: " in ran.out
    assert "cannot be read: No such file or directory" in ran.out
    assert ran.out.splitlines()[-1] == "1 sound table, 0 damaged, 1 not decoded"


def test_standard_input_is_decoded(table_file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dmaragent", "decode", "-"],
        input=table_file.read_bytes(),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert b"RHSA  length 20" in done.stdout


# encode --------------------------------------------------------------------------------


@pytest.fixture
def document_file(table_file: Path, tmp_path: Path, capsys: Capture) -> Path:
    """Give a file with the document of a decoded table."""
    path = tmp_path / "table.json"
    path.write_text(run(capsys, "decode", table_file, "--json").out)
    return path


def test_an_edited_table_is_sealed_on_demand(
    document_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    document = json.loads(document_file.read_text())
    document["answer"]["tables"][0]["table"]["structures"].pop()
    document_file.write_text(json.dumps(document))
    plain, sealed = tmp_path / "plain", tmp_path / "sealed"

    assert run(capsys, "encode", document_file, "-o", plain).code == 0
    assert run(capsys, "encode", document_file, "--seal", "-o", sealed).code == 0

    assert run(capsys, "decode", plain).code == 1
    assert run(capsys, "decode", sealed).code == 0
    assert sealed.read_bytes()[48:] == EVERY_STRUCTURE[48:-17]


def test_nothing_is_overwritten_without_force(
    document_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    out.write_text("precious")

    refused = run(capsys, "encode", document_file, "-o", out)
    assert (refused.code, out.read_text()) == (2, "precious")
    assert "--force" in refused.err

    assert run(capsys, "encode", document_file, "-o", out, "--force").code == 0
    assert out.read_bytes() == EVERY_STRUCTURE


def test_a_directory_that_cannot_be_written_is_one_line(
    document_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    ran = run(capsys, "encode", document_file, "-o", tmp_path / "gone" / "out")

    assert ran.code == 2
    assert "cannot be written: No such file or directory" in ran.err.splitlines()[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not what `dmaragent decode --json` prints"),
        ('{"format":"dmaragent.inventory","answer":{"tables":[]}}', "is not what"),
        ('{"format":"dmaragent.decode","version":2,"answer":{"tables":[]}}', "version 2"),
        ('{"format":"dmaragent.decode","version":1,"answer":{"tables":[]}}', "holds 0 tables"),
        ('{"format":"dmaragent.decode","version":1,"answer":{"tables":[3]}}', "not an object"),
        (
            '{"format":"dmaragent.decode","version":1,"answer":{"tables":[{"table":{}}]}}',
            "table: the key",
        ),
        ("[" * 100000, "is not JSON"),
    ],
)
def test_json_that_describes_no_table_is_refused(
    text: str, said: str, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)

    ran = run(capsys, "encode", path, "-o", tmp_path / "out")

    assert ran.code == 2
    assert said in ran.err
    assert not (tmp_path / "out").exists()


def test_one_of_several_tables_must_be_chosen(
    table_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "two.json"
    path.write_text(run(capsys, "decode", table_file, table_file, "--json").out)

    assert "choose one with --table" in run(capsys, "encode", path, "-o", tmp_path / "out").err
    assert (
        "there is no table 3"
        in run(capsys, "encode", path, "--table", 3, "-o", tmp_path / "out").err
    )


def test_a_table_goes_through_a_pipe_both_ways(table_file: Path) -> None:
    program = f"{sys.executable} -m dmaragent"
    command = f"{program} decode {table_file} --json | {program} encode - -o -"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)

    assert done.stdout == EVERY_STRUCTURE


# The program ---------------------------------------------------------------------------


def test_the_version_is_printed(capsys: Capture) -> None:
    ran = run(capsys, "--version")

    assert (ran.code, ran.out) == (0, f"dmaragent {__version__}\n")


def test_the_version_is_an_option_beside_others(capsys: Capture) -> None:
    ran = run(capsys, "--version", "inventory")

    assert (ran.code, ran.out) == (0, f"dmaragent {__version__}\n")


@pytest.mark.parametrize("verb", ["inventory", "decode", "encode"])
def test_help_has_examples_and_exit_codes_within_80_columns(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ran = run(capsys, verb, "--help")

    assert ran.code == 0
    assert "examples:\n" in ran.out
    assert "Exit codes: 0 " in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(table(*[rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1D, 0)))] * 5000))
    command = f"{sys.executable} -m dmaragent decode {path} | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)

    assert done.stdout.startswith(b"DMAR  length")
    assert done.stderr == b""


# What a first review broke --------------------------------------------------------------


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


@pytest.mark.parametrize("verb", ["decode", "inventory"])
def test_a_pipe_is_read_to_its_end(verb: str, table_file: Path) -> None:
    """The writer holds the pipe open between two halves until the reader has had time to end."""
    option = "--host" if verb == "inventory" else ""
    fifo = table_file.parent / "fifo"
    os.mkfifo(fifo)
    program = f"{sys.executable} -m dmaragent {verb} {option} {fifo}"
    reader = subprocess.Popen(["sh", "-c", program], stdout=subprocess.PIPE)
    with fifo.open("wb", buffering=0) as writer:
        writer.write(EVERY_STRUCTURE[:100])
        writer.write(EVERY_STRUCTURE[100:])
    out, _ = reader.communicate(timeout=60)

    assert reader.returncode == 0
    assert b"DAMAGED" not in out


def test_a_checksum_that_could_not_be_checked_is_not_called_ok(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(EVERY_STRUCTURE[:200])

    assert "not checked, as the length is wrong" in run(capsys, "decode", path).out


def test_what_a_folder_holds_is_never_passed_over_without_a_word(
    tmp_path: Path, table_file: Path, capsys: Capture
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "host").symlink_to(HP)

    ran = run(capsys, "decode", tmp_path)
    empty = run(capsys, "decode", tmp_path / "empty")

    assert "link: a link to a folder, not followed" in ran.out
    assert "pipe: not a regular file" in ran.out
    assert ran.code == 1
    assert (empty.code, "there is no file in this folder" in empty.err) == (2, True)


def test_hosts_in_a_folder_are_decoded_by_their_tables(capsys: Capture) -> None:
    ran = run(capsys, "decode", MACHINES)

    lines = ran.out.splitlines()
    assert any(
        line.startswith(f"{HP}:/sys/firmware/acpi/tables/DMAR: DMAR, 1286") for line in lines
    )
    assert "passed over" not in ran.out
    assert any("sosreport" in line and "was not collected" in line for line in lines)


def test_a_dump_without_the_table_is_no_host_and_says_nothing_of_one(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "dump"
    path.write_text("SSDT @ 0x1000\n  0000: 53 53 44 54\n\n")

    ran = run(capsys, "inventory", "--host", path)

    assert ran.code == 2
    assert "holds 1 tables, none of them DMAR" in ran.err


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


def test_a_device_node_is_never_replaced(
    document_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    os.mkfifo(tmp_path / "node")

    ran = run(capsys, "encode", document_file, "-o", tmp_path / "node", "--force")

    assert ran.code == 2
    assert "no regular file" in ran.err
    assert (tmp_path / "node").is_fifo()


def test_nothing_is_left_behind_where_writing_fails(
    document_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "replace", fail)

    ran = run(capsys, "encode", document_file, "-o", tmp_path / "out")

    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("stream", [">&-", ">/dev/full", "2>&- >/dev/full"])
@pytest.mark.parametrize("what", ["--version", "decode {}", "inventory --host {}"])
def test_a_closed_or_full_output_is_one_line_and_no_traceback(
    what: str, stream: str, table_file: Path
) -> None:
    command = f"{sys.executable} -m dmaragent {what.format(table_file)} {stream}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (0 if "2>" in stream else 1)


@pytest.mark.parametrize("what", ["decode -", "encode - -o -"])
def test_a_closed_input_is_one_line_and_no_traceback(what: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m dmaragent {what} <&-"], capture_output=True, check=False
    )

    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr


def test_the_notice_of_another_host_does_not_get_into_the_document(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr("dmaragent.collect.opening.LiveHost", lambda: _Live(MissingKind.ABSENT, ()))

    ran = run(capsys, "inventory", "--or-show", HP, "--json")

    assert ran.document["origin"]["host"]["kind"] == "recorded"
    assert "no DMAR table" in ran.err


def test_or_show_does_not_go_with_a_host(capsys: Capture) -> None:
    assert run(capsys, "inventory", "--host", HP, "--or-show", HP).code == 2


@pytest.mark.parametrize("value", ['"0x' + "f" * 5000 + '"', "9" * 400])
def test_numbers_of_thousands_of_digits_are_refused(
    value: str, document_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    text = document_file.read_text().replace('"0xfed90000"', value)
    document_file.write_text(text)

    assert run(capsys, "encode", document_file, "-o", tmp_path / "out").code == 2


def test_a_progress_bar_shows_on_a_terminal_once_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("dmaragent.commands.output.time.monotonic", lambda: next(clock))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    assert list(progress(range(4), "decoding")) == [0, 1, 2, 3]

    shown = capsys.readouterr().err
    assert "decoding [" in shown
    assert "3/4" in shown
    assert shown.endswith("\r\x1b[K")


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
