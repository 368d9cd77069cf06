"""``dmaragent encode`` as its user meets it: the exact inverse, and what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent.cli import main
from fwtables import decode
from fwtables.without_regions import regions_of
from support.cli import run
from support.damaged import CASES, Case
from support.damaged_ivrs import CASES as IVRS_CASES
from support.ivrs_tables import ENTRIES, EVERY_BLOCK, ivhd, ivmd, ivrs
from support.machines import MACHINES
from support.tables import EVERY_STRUCTURE
from support.wording import Worded

HP = MACHINES / "hp-dl380e-gen8"
Capture = pytest.CaptureFixture[str]


def test_a_table_is_not_written_to_a_terminal(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes can be a stranger's, and so commands for the terminal."""
    document = tmp_path / "x.json"
    document.write_text(run(capsys, "decode", "--host", HP, "--json").out)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    ran = run(capsys, "encode", document, "-o", "-")

    assert (ran.code, ran.out) == (2, "")
    assert "-o FILE" in ran.err


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_encode_is_the_inverse_of_decode_on_every_damaged_table(
    case: Case, tmp_path: Path, capsys: Capture
) -> None:
    source, document, out = tmp_path / "in", tmp_path / "x.json", tmp_path / "out"
    source.write_bytes(case.data)
    document.write_text(run(capsys, "decode", source, "--json").out)

    assert run(capsys, "encode", document, "-o", out).code == 0
    assert out.read_bytes() == case.data


@pytest.mark.parametrize(
    "data", [EVERY_BLOCK, *(case.data for case in IVRS_CASES.values())], ids=["sound", *IVRS_CASES]
)
def test_encode_is_the_inverse_of_decode_on_every_ivrs(
    data: bytes, tmp_path: Path, capsys: Capture
) -> None:
    source, document, out = tmp_path / "in", tmp_path / "x.json", tmp_path / "out"
    source.write_bytes(data)
    document.write_text(run(capsys, "decode", source, "--json").out)

    assert run(capsys, "encode", document, "-o", out).code == 0
    assert out.read_bytes() == data


@pytest.mark.slow
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


def test_what_was_written_is_said_with_its_size(
    document_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out.bin"

    ran = run(capsys, "encode", document_file, "-o", out)

    assert (ran.out, ran.err) == (f"Wrote {out}: {out.stat().st_size} bytes\n", "")


def test_a_table_that_a_document_does_not_hold_is_answered_with_how_many_it_has(
    document_file: Path, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "encode", document_file, "--table", "3", "-o", tmp_path / "out.bin")

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err, document_file)
    assert (
        run(capsys, "encode", document_file, "--table", "0", "-o", tmp_path / "out.bin").code == 2
    )


def test_a_table_in_the_place_of_its_json_is_told_without_words_of_python(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    table = tmp_path / "DMAR.bin"
    table.write_bytes(EVERY_STRUCTURE)

    ran = run(capsys, "encode", table, "-o", tmp_path / "out.bin")

    worded(ran.err, table)


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
    document_file: Path, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "encode", document_file, "-o", tmp_path / "gone" / "out")

    assert ran.code == 2
    worded(ran.err.splitlines()[0])


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"format":"dmaragent.inventory","answer":{"tables":[]}}',
        '{"format":"dmaragent.decode","version":2,"answer":{"tables":[]}}',
        '{"format":"dmaragent.decode","version":1,"answer":{"tables":[]}}',
        '{"format":"dmaragent.decode","version":1,"answer":{"tables":[3]}}',
        '{"format":"dmaragent.decode","version":1,"answer":{"tables":[{"table":{}}]}}',
        "[" * 100000,
    ],
)
def test_json_that_describes_no_table_is_refused(
    text: str, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)

    ran = run(capsys, "encode", path, "-o", tmp_path / "out")

    assert ran.code == 2
    worded(ran.err)
    assert not (tmp_path / "out").exists()


def test_one_of_several_tables_must_be_chosen(
    table_file: Path, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "two.json"
    path.write_text(run(capsys, "decode", table_file, table_file, "--json").out)

    worded(run(capsys, "encode", path, "-o", tmp_path / "out").err)
    worded(run(capsys, "encode", path, "--table", 3, "-o", tmp_path / "out").err)


def test_a_table_goes_through_a_pipe_both_ways(table_file: Path) -> None:
    program = f"{sys.executable} -m dmaragent"
    command = f"{program} decode {table_file} --json | {program} encode - -o -"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)

    assert done.stdout == EVERY_STRUCTURE


def test_a_device_node_is_never_replaced(
    document_file: Path, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    os.mkfifo(tmp_path / "node")

    ran = run(capsys, "encode", document_file, "-o", tmp_path / "node", "--force")

    assert ran.code == 2
    worded(ran.err)
    assert (tmp_path / "node").is_fifo()


def test_nothing_is_left_behind_where_writing_fails(
    document_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "link", fail)

    ran = run(capsys, "encode", document_file, "-o", tmp_path / "out")

    assert ran.code == 2
    assert "out cannot be written: No space left on device" in ran.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("value", ['"0x' + "f" * 5000 + '"', "9" * 400])
def test_numbers_of_thousands_of_digits_are_refused(
    value: str, document_file: Path, tmp_path: Path, capsys: Capture
) -> None:
    text = document_file.read_text().replace('"0xfed90000"', value)
    document_file.write_text(text)

    assert run(capsys, "encode", document_file, "-o", tmp_path / "out").code == 2


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--without", "1"], 1),
        (["--without", "all"], 0),
        (["--without", "1", "--without", "2"], 0),
        (["--without", "0x14c"], 1),
    ],
)
def test_regions_are_left_out_by_number_by_offset_or_all(
    arguments: list[str], left: int, tmp_path: Path, capsys: Capture
) -> None:
    table = ivrs(ivhd(*ENTRIES), ivmd(0x90000000, 0x1000), ivmd(0x91000000, 0x1000))
    first = table.index(b"\x21\x08")
    arguments = [word.replace("0x14c", f"{first:#x}") for word in arguments]
    source, document, out = tmp_path / "in", tmp_path / "x.json", tmp_path / "out"
    source.write_bytes(table)
    document.write_text(run(capsys, "decode", source, "--json").out)

    ran = run(capsys, "encode", document, "-o", out, *arguments)

    assert (ran.code, ran.out.count("Left out region")) == (0, 2 - left)
    decoded = decode(out.read_bytes())
    assert decoded.table is not None
    assert (len(regions_of(decoded.table)), decoded.damage) == (left, ())
    assert decoded.table.oem_revision == 3


@pytest.mark.parametrize("name", ["0", "9", "x", "0x0", "-1", "9" * 40, "0x" + "f" * 40])
def test_a_region_that_is_not_there_is_refused(name: str, tmp_path: Path, capsys: Capture) -> None:
    document, out = tmp_path / "x.json", tmp_path / "out"
    source = tmp_path / "in"
    source.write_bytes(EVERY_BLOCK)
    document.write_text(run(capsys, "decode", source, "--json").out)

    ran = run(capsys, "encode", document, "-o", out, f"--without={name}")

    assert (ran.code, ran.out, out.exists()) == (2, "", False)
    assert name in ran.err


def test_bytes_on_standard_output_have_no_words_among_them(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source, document = tmp_path / "in", tmp_path / "x.json"
    source.write_bytes(EVERY_BLOCK)
    assert main(["decode", str(source), "--json"]) == 0
    document.write_bytes(capfdbinary.readouterr().out)

    assert main(["encode", str(document), "--without", "all", "-o", "-"]) == 0

    written = capfdbinary.readouterr()
    assert decode(written.out).damage == ()
    assert b"Left out" in written.err
