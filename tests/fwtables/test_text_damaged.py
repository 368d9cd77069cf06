"""Damage in text is told with its line, and no byte is made up: misread digits, moved rows."""

import re
from collections.abc import Iterator

import pytest

from fwtables.found_in_text import TextTable, find_in_text
from fwtables.text import encoded as text_encoded
from fwtables.text.rows import line_ends
from support.renderings import RENDERINGS
from support.tables import EVERY_STRUCTURE
from support.wording import Worded

OCTAL_ROWS_OF_4 = (
    "0000000 44 4d 41 52\n0000004 30 00 00 00\n0000010 01 3f 49 4e\n0000014 54 45 4c 20\n"
    "0000020 48 53 57 20\n0000024 00 00 00 00\n0000030 01 00 00 00\n0000034 49 4e 54 4c\n"
    "0000040 01 00 00 00\n0000044 26 01 00 00\n0000050 00 00 00 00\n*\n0000060\n"
)


def only(text: str) -> TextTable:
    """Return the only table of `text`."""
    (table,) = find_in_text(text.encode()).tables
    return table


def _row(text: str, number: int, row: str | None) -> str:
    """Replace the line `number`, from 1, by `row`, or leave it out."""
    lines = text.splitlines(keepends=True)
    lines[number - 1 : number] = [] if row is None else [row]
    return "".join(lines)


def plain(data: bytes) -> str:
    """Write rows of bytes without offsets."""
    return "".join(f"{data[at : at + 16].hex(' ')}\n" for at in range(0, len(data), 16))


@pytest.mark.parametrize("wrong", ["O0", "l0", "I0", "S0", "0?", "?0"])
def test_a_misread_digit_in_rows_without_offsets_is_told_with_its_line(wrong: str) -> None:
    text = plain(EVERY_STRUCTURE)
    third = text.splitlines(keepends=True)[2]

    table = only(_row(text, 3, third[:6] + wrong + third[8:]))

    assert table.damage.startswith("line 3: ")
    assert EVERY_STRUCTURE.startswith(table.data)


@pytest.mark.parametrize(("blank", "found"), [(0, True), (1, True), (2, True), (3, False)])
def test_at_most_two_blank_lines_are_between_the_rows_of_a_table(
    blank: int, *, found: bool
) -> None:
    text = plain(EVERY_STRUCTURE).replace("\n", "\n" * (blank + 1))

    tables = find_in_text(text.encode()).tables

    assert [(table.data, table.damage) for table in tables] == [(EVERY_STRUCTURE, "")] * found


def test_a_misread_offset_is_told_where_it_stands(worded: Worded) -> None:
    text = RENDERINGS["hexdump -C"](EVERY_STRUCTURE)
    second = text.splitlines(keepends=True)[1]

    table = only(_row(text, 2, second.replace("00000010", "00O00010")))

    worded(table.damage, "0x10")


def test_a_misread_first_offset_makes_no_bytes_of_the_others() -> None:
    text = RENDERINGS["Format-Hex 5.1"](EVERY_STRUCTURE).replace("00000000 ", "00000?00 ", 1)

    for table in find_in_text(text.encode()).tables:
        assert EVERY_STRUCTURE.startswith(table.data)
        assert table.damage


def test_a_question_mark_in_a_number_is_no_end_of_it() -> None:
    data = EVERY_STRUCTURE
    rows = [
        " ".join(
            f"{int.from_bytes(data[at + n : at + n + 2], 'little'):5}" for n in range(0, 16, 2)
        )
        for at in range(0, 48, 16)
    ]
    text = "".join(f"{16 * number:06x} {row}\n" for number, row in enumerate(rows))
    broken = re.sub(r"\d\d\n000020", "1?540\n000020", text, count=1)

    assert only(broken).damage.startswith("line 2: ")


def test_a_row_with_one_number_too_many_is_damage(worded: Worded) -> None:
    rows = [plain(EVERY_STRUCTURE[at : at + 16]).strip() for at in range(0, 64, 16)]
    rows[2] += " 00"
    text = "".join(f"{16 * number:08x} {row}\n" for number, row in enumerate(rows))

    worded(only(text).damage, "16")


def test_a_row_of_uuencode_that_was_cut_is_damage(worded: Worded) -> None:
    text = RENDERINGS["uuencode"](EVERY_STRUCTURE)
    third = text.splitlines(keepends=True)[2]

    table = only(_row(text, 3, third[:31] + "\n"))

    worded(table.damage, "30", "60")


def test_rows_of_characters_are_filled_with_blanks_only_if_the_checksum_says_so(
    worded: Worded,
) -> None:
    text = RENDERINGS["od -c"](EVERY_STRUCTURE)
    stripped = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    second = text.splitlines(keepends=True)[1]

    assert only(stripped).data == EVERY_STRUCTURE
    assert only(stripped).damage == ""
    worded(only(_row(text, 2, second[:31] + "\n")).damage)


def test_an_end_before_the_first_row_takes_no_byte_away(worded: Worded) -> None:
    *rows, _ = RENDERINGS["od -c"](EVERY_STRUCTURE).splitlines()
    moved = "".join(f"{int(row[:7], 8) + 0o400:07o}{row[7:]}\n" for row in rows)

    table = only(f"{moved}0000200\n")

    assert table.data == EVERY_STRUCTURE
    worded(table.damage, f"0x{len(EVERY_STRUCTURE):x}")


def test_the_end_of_a_dump_decides_between_octal_and_hexadecimal_offsets() -> None:
    """``od -x`` of 56 bytes: 060 is 48, after which 070 leaves the 8 bytes of the last row."""
    text = (
        b"0000000 4d44 5241 0000 0000 4d44 5241 0000 0000\n*\n"
        b"0000060 4d44 5241 0060 0000\n0000070\n"
    )

    (found,) = find_in_text(text).tables

    assert found.data == b"DMAR\0\0\0\0" * 6 + b"DMAR`\0\0\0"
    assert not found.damage


def test_octal_offsets_after_repeated_rows_are_octal() -> None:
    """``od -x`` of 72 bytes whose first two rows are equal: 040 is 32, and no 060 is a multiple of it."""
    text = (
        b"0000000 4d44 5241 0060 0000 5d01 454f 494d 2044\n*\n"
        b"0000040 454f 544d 4241 454c 0002 0000 5243 5254\n"
        b"0000060 0003 0000 012d 0000 0000 0000 0000 0000\n"
        b"0000100 0000 0018 0000 0000\n0000110\n"
    )

    (found,) = find_in_text(text).tables

    assert len(found.data) == 72
    assert found.data[16:32] == found.data[:16]
    assert "0x" not in found.damage


def test_octal_offsets_of_narrow_rows_are_octal() -> None:
    table = only(OCTAL_ROWS_OF_4)

    assert (len(table.data), table.damage) == (48, "")


def test_offsets_in_comments_tell_rows_that_were_moved(worded: Worded) -> None:
    rows = [
        ",".join(f"0x{byte:02X}" for byte in EVERY_STRUCTURE[at : at + 8]) + f",  /* {at:08X} */\n"
        for at in range(0, len(EVERY_STRUCTURE), 8)
    ]
    assert only("".join(rows)).damage == ""
    rows[4], rows[5] = rows[5], rows[4]

    worded(only("".join(rows)).damage, "0x28", "0x20")


def test_a_dump_of_gdb_with_the_name_of_a_variable_is_read() -> None:
    text = "".join(
        f"0x{0x555555558040 + at:x} <dmar{f'+{at}' if at else ''}>:\t"
        + "\t".join(f"0x{byte:02x}" for byte in EVERY_STRUCTURE[at : at + 8])
        + "\n"
        for at in range(0, len(EVERY_STRUCTURE), 8)
    )

    assert (only(text).data, only(text).damage) == (EVERY_STRUCTURE, "")


def test_acpidump_text_whose_blanks_a_page_folded_is_read() -> None:
    text = re.sub("  +", " ", RENDERINGS["acpidump"](EVERY_STRUCTURE))

    assert (only(text).data, only(text).damage) == (EVERY_STRUCTURE, "")


def test_a_dump_of_hexyl_is_read() -> None:
    text = "".join(
        f"│{at:08x}│ {EVERY_STRUCTURE[at : at + 8].hex(' '):23} ┊ "
        f"{EVERY_STRUCTURE[at + 8 : at + 16].hex(' '):23} │........┊........│\n"
        for at in range(0, len(EVERY_STRUCTURE), 16)
    )

    assert (only(text).data, only(text).damage) == (EVERY_STRUCTURE, "")


def test_base64_whose_length_no_table_has_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = 0

    def counted(text: str, at: int) -> Iterator[tuple[int, int]]:
        nonlocal read
        for span in line_ends(text, at):
            read += 1
            yield span

    monkeypatch.setattr(text_encoded, "line_ends", counted)

    assert find_in_text(b"RE1BU\n" * 20_000).tables == ()
    assert 0 < read < 20_000
