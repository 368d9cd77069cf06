"""The words and columns that answers are shown in."""

from textwrap import wrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.pci_classes import class_words
from dmaragent.present.escaping import identifier, visible
from dmaragent.present.screen import Screen, printed_on
from dmaragent.present.text.tables import _wrap, bytes_lines, folded, paragraph, render, row_words
from dmaragent.present.words.numbers import count, rough_size_words, size_words
from dmaragent.present.words.table import scope_words
from dmaragent.spans import span_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (4095, "4095 bytes"),
        (4096, "4 KiB"),
        (12288, "12 KiB"),
        (0x24A000, "2344 KiB"),
        (1 << 20, "1 MiB"),
        (0x8040000, "128.25 MiB"),
        (1 << 30, "1 GiB"),
        (1 << 64, "16777216 TiB"),
    ],
)
def test_sizes_are_exact_or_rounded_to_two_digits(size: int, words: str) -> None:
    assert size_words(size) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(12, "12 bytes"), (4096, "4 KiB"), (0x8021000, "about 128.1 MiB"), (0x180000, "1.5 MiB")],
)
def test_totals_are_rounded_and_say_so(size: int, words: str) -> None:
    assert rough_size_words(size) == words


def test_numbers_in_a_row_become_a_span() -> None:
    assert span_words([1, 2, 3, 5, 7, 8]) == "1-3 5 7-8"
    assert span_words([]) == ""


def test_one_is_singular() -> None:
    assert (count(1, "entry", "entries"), count(2, "entry", "entries")) == ("1 entry", "2 entries")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x0C0320, "USB controller (EHCI)"),
        (0x0C0399, "USB controller"),
        (0x060400, "PCI bridge"),
        (0x080020, "I/O APIC"),
        (0x080099, "interrupt controller"),
        (0x02FF00, "network controller"),
        (0xFE0000, "class fe"),
    ],
)
def test_class_codes_are_put_into_words(code: int, words: str) -> None:
    assert class_words(code) == words


def test_scope_types_are_put_into_words() -> None:
    assert (scope_words(2), scope_words(77)) == ("PCI sub-hierarchy", "scope type 77")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \u00e9", "plain \u00e9"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb", "a\\x0ab"),
        ("\u202eevil", "\\u202eevil"),
        ("\U000e0001", "\\U000e0001"),
        ("\udc80\udcff", "\\x80\\xff"),
    ],
)
def test_what_is_not_printable_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_an_identifier_loses_its_padding_and_nothing_else() -> None:
    assert identifier(b"HP    ") == '"HP"'
    assert identifier(b"\xd2\x04\0\0") == '"\u00d2\\x04"'


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert render([("a", "bb"), ("ccc", "d")]) == ["  a    bb", "  ccc  d"]
    assert render([("a", "1"), ("b", "22")], right=frozenset({1}), indent=0) == ["a   1", "b  22"]
    assert render([]) == []


def test_a_cell_too_wide_is_wrapped_and_never_cut() -> None:
    lines = render([("x", "word " * 40, "y")], width=40)

    assert all(len(line) <= 40 for line in lines)
    assert " ".join(lines).split().count("word") == 40
    assert lines[0].split()[0] == "x"


def test_a_paragraph_hangs_and_keeps_bound_words_together() -> None:
    with printed_on(Screen(width=11)):
        lines = paragraph("aaa bbb\N{NO-BREAK SPACE}ccc ddd", indent=1, hang=2)

    assert lines == [" aaa", "   bbb ccc", "   ddd"]


@given(
    text=st.text("ab- \N{NO-BREAK SPACE}é", max_size=24),
    width=st.integers(6, 24),
    first=st.integers(0, 3),
    others=st.integers(0, 3),
    hyphens=st.booleans(),
)
def test_what_fits_a_line_is_what_textwrap_makes_of_it(
    text: str, width: int, first: int, others: int, *, hyphens: bool
) -> None:
    expected = wrap(
        text,
        width,
        initial_indent=" " * first,
        subsequent_indent=" " * others,
        break_on_hyphens=hyphens,
    )

    assert _wrap(text, width, (first, others), hyphens=hyphens) == expected


def test_rows_that_follow_themselves_are_counted() -> None:
    rows = [("a", "b"), ("a", "b"), ("c", "d"), ("a", "b")]
    shown = [row_words(*one) for one in folded(rows)]

    assert shown == [("a", "b (2 times)"), ("c", "d"), ("a", "b")]


@pytest.mark.parametrize(("size", "left"), [(256, None), (257, "1 byte"), (300, "44 bytes")])
def test_bytes_beyond_256_are_counted(size: int, left: str | None) -> None:
    lines = list(bytes_lines(bytes(size)))

    assert sum(line.split().count("00") for line in lines) == 256
    assert [line.strip().startswith(f"{left} more") for line in lines[16:]] == [True] * bool(left)


def test_a_cell_that_is_copied_stays_on_its_line_while_others_are_wrapped() -> None:
    row = ("0x7b800000-0x7b80ffff", "some words about it", "12")
    whole = render([row], whole=frozenset({0}), width=36)

    assert whole[0].split()[0] == row[0]
    assert max(map(len, whole)) <= 36
    assert len(whole) > 1
    assert " ".join(line.replace("12", "") for line in whole).split()[1:] == row[1].split()
