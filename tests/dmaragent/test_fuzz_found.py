"""What fuzzing and the search for the slowest input found, each held by its own bytes."""

from collections.abc import Callable
from functools import partial

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.answers.guest import answer
from dmaragent.collect.tables.host import name_tables
from dmaragent.present.html.picture import Box, _lanes
from dmaragent.present.text.decode import decode_line, decode_text
from dmaragent.question.context import read_guests
from fwtables import decode
from fwtables.acpidump import read_acpidump
from support.guests import answer as resolve
from support.tables import dump, patched, structure, table
from support.wording import Worded
from support.work import calls


def test_a_length_of_ten_digits_keeps_the_first_line_within_80_columns(worded: Worded) -> None:
    data = patched(table(), [(4, (3489661056).to_bytes(4, "little")), (8, b"\xff"), (9, b"\x7d")])

    lines = decode_text(decode(data))

    worded(lines, "3489661056", "255", "0x7d")
    assert max(map(len, lines)) <= 80


def test_a_table_of_made_up_structures_is_still_told_in_a_line(worded: Worded) -> None:
    data = table(*(structure(number, b"") for number in range(100, 1100)))

    said = decode_line(decode(data))

    worded(said, "4048", "100", "101", "102", "119", "980")


def test_of_tables_whose_signature_ends_with_a_digit_none_is_lost() -> None:
    first, second = table(signature=b"ABC1"), table(structure(9, b"x"), signature=b"ABC1")

    named = name_tables(read_acpidump((dump(first, "ABC1") + dump(second, "ABC1")).encode()))

    assert named == {"ABC11": first, "ABC12": second}


def _headings(number: int) -> None:
    named = name_tables(read_acpidump(b"DMAR @ 0x0\n" * number))
    assert len(named) == number


def _devices(number: int) -> None:
    """Resolve a guest of devices that are all alike, and that the manual pages do not allow."""
    text = "name='a'\ntype='hvm'\nbuilder='hvm'\npci=[" + "'-0:14.0'," * number + "]\n"
    (guest,) = read_guests(text, "guest")
    answer(resolve(guest), whole=False)
    told = answer(resolve(guest)).differences
    assert told is not None
    assert len(told) >= number


def _boxes(number: int) -> None:
    """Put boxes side by side that all overlap."""
    boxes = [
        Box(
            range=AddressRange(start, 1 << 20),
            kind="region",
            description="",
            label="",
            reached=False,
        )
        for start in range(number)
    ]
    lanes, _ = _lanes(boxes)
    assert len(lanes) == number


@pytest.mark.parametrize("work", [_headings, _devices, _boxes])
def test_twice_the_input_is_twice_the_work(work: Callable[[int], None]) -> None:
    work(10)  # what is made once is made

    assert calls(partial(work, 400)) <= 2.2 * calls(partial(work, 200))
