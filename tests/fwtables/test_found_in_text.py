"""Tables in text: every rendering is read back, and what is wrong is told with its line."""

import pytest

from fwtables import found_in_text
from fwtables.found_in_text import find_in_text
from fwtables.signatures import SIGNATURES
from fwtables.text.forms import TextForm
from support.ivrs_tables import EVERY_BLOCK
from support.renderings import RENDERINGS, SURROUNDINGS, hexdump_c, od_x, rows_of, xxd, xxd_p
from support.tables import EVERY_STRUCTURE, drhd, dump, rmrr, scope, table
from support.wording import Worded

SMALL = table(drhd(0xFED90000, scope(1, 0, (2, 0))))
REPETITIVE = table(*[drhd(0, size=0)] * 9)
"""Rows that are equal, which hexdump and od write as ``*``."""
ODD = EVERY_STRUCTURE + b"\x7f"
"""An odd number of bytes, one of them after the table."""
TABLES = {
    "every structure": EVERY_STRUCTURE,
    "none": table(),
    "an IVRS": EVERY_BLOCK,
    "small": SMALL,
    "repetitive": REPETITIVE,
    "odd": ODD,
    "as RMAD": table(rmrr(0x7DFFD000, 0x7DFFFFFF, scope(1, 0, (0x1D, 0))), signature=b"RMAD"),
    "as XMAR": table(drhd(0xFED90000, scope(1, 0, (2, 0))), signature=b"XMAR"),
    "wrong checksum": SMALL[:9] + bytes([SMALL[9] ^ 0xFF]) + SMALL[10:],
}


@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@pytest.mark.parametrize("rendering", RENDERINGS)
def test_every_rendering_is_read_back(rendering: str, surrounding: str) -> None:
    for name, data in TABLES.items():
        text = SURROUNDINGS[surrounding](RENDERINGS[rendering](data))

        tables = find_in_text(text).tables

        padded = b"\0" if rendering == "U-Boot" and name == "odd" else b""
        assert [(each.data, each.damage) for each in tables] == [(data + padded, "")], name


@pytest.mark.parametrize(
    "rendering", ["xxd", "xxd -p", "xxd -i", "iasl", "Format-Hex 7", "kernel log", "hex, rows"]
)
def test_a_zero_after_the_table_is_padding_only_within_a_larger_unit(rendering: str) -> None:
    data = EVERY_STRUCTURE + b"\0"

    (found,) = find_in_text(RENDERINGS[rendering](data).encode()).tables

    assert found.data == data


@pytest.mark.parametrize(
    ("rendering", "form", "word"),
    [
        ("acpidump", TextForm.ACPIDUMP, 1),
        ("iasl", TextForm.IASL, 1),
        ("hexdump -C", TextForm.HEXDUMP_C, 1),
        ("hexdump", TextForm.HEXDUMP, 2),
        ("xxd", TextForm.XXD, 1),
        ("xxd -e", TextForm.XXD, 4),
        ("xxd -i", TextForm.C_SOURCE, 1),
        ("xxd -p", TextForm.HEX, 1),
        ("od", TextForm.OD, 2),
        ("od -A x -t x1z -v", TextForm.OD, 1),
        ("Format-Hex 5.1", TextForm.FORMAT_HEX, 1),
        ("Format-Hex 7", TextForm.FORMAT_HEX, 1),
        ("base64", TextForm.BASE64, 1),
        ("uuencode", TextForm.UUENCODE, 1),
    ],
)
def test_what_the_text_was_taken_for_is_told(rendering: str, form: TextForm, word: int) -> None:
    (found,) = find_in_text(RENDERINGS[rendering](EVERY_STRUCTURE).encode()).tables

    assert (found.form, found.word) == (form, word)


def test_the_lines_of_a_table_are_told() -> None:
    text = f"one\ntwo\n{hexdump_c(SMALL)}four\n"

    (found,) = find_in_text(text.encode()).tables

    assert (found.line, found.last_line) == (3, 8)  # five rows, and the length
    assert len(SMALL) == 72


@pytest.mark.parametrize(("data", "rows"), [(SMALL, 5), (table(drhd(0xFED90000)), 4)])
def test_the_lines_of_a_table_of_acpidump_are_its_heading_and_its_rows(
    data: bytes, rows: int
) -> None:
    (found,) = find_in_text(dump(data).encode()).tables

    assert len(data) in (72, 64)
    assert (found.form, found.line, found.last_line) == (TextForm.ACPIDUMP, 1, 1 + rows)


def test_several_tables_of_one_text_are_read_each_in_its_own_form() -> None:
    text = f"first:\n{xxd(SMALL)}\nsecond:\n{xxd_p(EVERY_STRUCTURE)}\nthird:\n{od_x(REPETITIVE)}"

    tables = find_in_text(text.encode()).tables

    assert [each.data for each in tables] == [SMALL, EVERY_STRUCTURE, REPETITIVE]


@pytest.mark.parametrize("rendering", ["acpidump", "hexdump -C", "xxd", "od", "base64", "iasl"])
def test_a_text_with_both_kinds_of_tables_gives_both(rendering: str) -> None:
    render = RENDERINGS[rendering]
    text = f"{render(SMALL)}\n\n{render(EVERY_BLOCK)}".encode()

    assert [each.data for each in find_in_text(text).tables] == [SMALL, EVERY_BLOCK]


@pytest.mark.parametrize("rendering", ["hexdump -C", "xxd", "od", "base64", "uuencode"])
def test_only_tables_with_a_signature_asked_for_are_found(rendering: str) -> None:
    render = RENDERINGS[rendering]
    text = f"{render(SMALL)}\n\n{render(EVERY_BLOCK)}".encode()

    assert [each.data for each in find_in_text(text, SIGNATURES).tables] == [SMALL]
    assert [each.data for each in find_in_text(text, (b"IVRS",)).tables] == [EVERY_BLOCK]


def test_signatures_in_a_dump_of_memory_cost_no_more_than_their_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first is of a message; its "length" is text.  The last table is after the others."""
    monkeypatch.setattr(found_in_text, "_MOST_LINES", 20)
    other = table(drhd(0xFED90000, scope(1, 0, (2, 0))))
    memory = bytearray(0x1000)
    for at, data in ((0x40, b"DMAR table found"), (0x400, EVERY_STRUCTURE), (0x800, other)):
        memory[at : at + len(data)] = data
    memory = bytearray(byte or number % 251 for number, byte in enumerate(memory))
    for at, data in ((0x400, EVERY_STRUCTURE), (0x800, other)):
        memory[at : at + len(data)] = data

    found = find_in_text(hexdump_c(bytes(memory)).encode())

    assert [(one.data, one.damage) for one in found.tables] == [(EVERY_STRUCTURE, ""), (other, "")]
    lines = -(-len(EVERY_STRUCTURE) // 16)
    assert (found.tables[0].line, found.tables[0].last_line) == (0x41, 0x40 + lines)


def test_two_dumps_without_a_line_between_are_two_tables() -> None:
    tables = find_in_text((xxd(SMALL) + xxd(EVERY_STRUCTURE)).encode()).tables

    assert [each.data for each in tables] == [SMALL, EVERY_STRUCTURE]


@pytest.mark.parametrize("rendering", ["hexdump -C", "hexdump", "od", "od -x", "xxd", "iasl"])
def test_a_missing_row_is_told_with_the_line_of_the_next(rendering: str, worded: Worded) -> None:
    lines = RENDERINGS[rendering](EVERY_STRUCTURE).splitlines()
    first = next(n for n, line in enumerate(lines) if line.strip().startswith("0"))
    del lines[first + 3]

    (found,) = find_in_text("\n".join(lines).encode()).tables

    assert found.data == EVERY_STRUCTURE[:48]
    worded(found.damage, "0x40", first + 4)


@pytest.mark.parametrize("rendering", ["hexdump -C", "od -t x1", "xxd", "iasl"])
def test_a_row_that_lacks_a_byte_is_told_and_not_joined(rendering: str) -> None:
    lines = RENDERINGS[rendering](EVERY_STRUCTURE).splitlines()
    first = next(n for n, line in enumerate(lines) if line.strip().startswith("0"))
    number = first + 4
    row = lines[number]
    at = row.index(" ", len(row) - len(row.lstrip()) + 6) + 1
    while not row[at].strip():
        at += 1
    lines[number] = row[:at] + row[at + 3 :]

    (found,) = find_in_text("\n".join(lines).encode()).tables

    assert found.data[:64] == EVERY_STRUCTURE[:64]
    assert len(found.data) < len(EVERY_STRUCTURE)
    assert found.damage.startswith((f"line {number + 1}: ", f"line {number + 2}: "))


def test_a_row_with_what_is_no_byte_is_told() -> None:
    lines = hexdump_c(EVERY_STRUCTURE).splitlines()
    lines[4] = lines[4].replace(lines[4][13:15], "zz", 1)

    (found,) = find_in_text("\n".join(lines).encode()).tables

    assert found.data == EVERY_STRUCTURE[:65]
    assert found.damage.startswith("line 5: ")


@pytest.mark.parametrize("rendering", ["hexdump -C", "xxd", "xxd -p", "od -x", "base64", "xxd -i"])
def test_a_dump_that_was_cut_is_read_as_far_as_it_goes(rendering: str, worded: Worded) -> None:
    text = RENDERINGS[rendering](EVERY_STRUCTURE)
    cut = text[: text.rindex("\n", 0, len(text) * 3 // 4)]

    (found,) = find_in_text(cut.encode()).tables

    assert 48 < len(found.data) < len(EVERY_STRUCTURE)
    assert found.data == EVERY_STRUCTURE[: len(found.data)]
    worded(found.damage, "258", len(found.data))


def test_a_short_row_without_offsets_is_told_if_the_table_is_not_sound(worded: Worded) -> None:
    rows = [row.hex(" ") for _, row in rows_of(EVERY_STRUCTURE)]
    rows[5] = rows[5][3:]

    (found,) = find_in_text("\n".join(rows).encode()).tables

    worded(found.damage, "15", "16")


def test_rows_that_star_left_out_at_a_cut_are_not_made_up(worded: Worded) -> None:
    lines = hexdump_c(REPETITIVE).splitlines()
    cut = lines[: lines.index("*") + 1]

    (found,) = find_in_text("\n".join(cut).encode()).tables

    assert found.data == REPETITIVE[: len(found.data)]
    assert len(found.data) < len(REPETITIVE)
    worded(found.damage)


def test_other_lines_of_a_log_between_the_rows_are_passed_over() -> None:
    lines = RENDERINGS["kernel log"](EVERY_STRUCTURE).splitlines()
    lines[3:3] = ["[    9.9] usb 1-1: new high-speed USB device number 2", ""]

    (found,) = find_in_text("\n".join(lines).encode()).tables

    assert (found.data, found.damage) == (EVERY_STRUCTURE, "")


def test_the_other_lines_between_two_rows_are_counted_anew_after_each_row() -> None:
    rows = hexdump_c(EVERY_STRUCTURE).splitlines()
    other = "[  3.1] usb 1-1: new high-speed device\n" * 3
    assert len(rows) * 3 > 40

    (found,) = find_in_text("".join(f"{row}\n{other}" for row in rows).encode()).tables

    assert (found.data, found.damage) == (EVERY_STRUCTURE, "")


def test_a_heading_above_the_rows_gives_the_address() -> None:
    text = RENDERINGS["acpidump"](SMALL).replace("\n", "\n> ")

    (found,) = find_in_text(f"> {text}".encode()).tables

    assert (found.data, found.address) == (SMALL, 0xBF7BF000)
