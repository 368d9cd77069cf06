"""The text of xl.cfg files: tables of what is read and refused, and libxlutil itself."""

import random
import re
from dataclasses import replace

import pytest

from dmaragent.guests.xlcfg import (
    ConfigError,
    Item,
    XlConfig,
    XlSetting,
    read_xl_config,
    whole_number,
)
from support.libxlutil import COUNT, READS_BINARY, SERIES, ask, distinct

Nested = str | list["Nested"]
"""A value; a list is a list of such."""

Plain = dict[str, Nested]

ACCEPTED: list[tuple[str, Plain]] = [
    ("", {}),
    ("\n;; \t\n# a comment\n", {}),
    ("a=1\n", {"a": "1"}),
    ("a=1", {"a": "1"}),
    (" \ta = 0x1f ;b=010;", {"a": "0x1f", "b": "010"}),
    ("a_2.b=12fx # words of digits keep their text\n", {"a_2.b": "12fx"}),
    ("a='x'\na=\"y\"\n", {"a": "y"}),
    ("a='x'\na=['y']\n", {"a": ["y"]}),
    ("a='x\"y'; b=\"x'y # no comment\"", {"a": 'x"y', "b": "x'y # no comment"}),
    (r"""a="\"\'\\\a\b\f\n\r\t\v" """, {"a": "\"'\\\a\b\f\n\r\t\v"}),
    (r"a='\101|\1234|\1 1|\1+1|\7 -1|\1-12|\199999'", {"a": "||||||99"}),
    ("a='é\udcff\r'", {"a": "é\udcff\r"}),
    ("# comments may end as in DOS\r\na=1\n", {"a": "1"}),
    ("a=1!", {"a": "1"}),  # the last byte of all is passed over where no word begins with it
    ("a=1\n\udcff", {"a": "1"}),
    ("#", {}),
    ("# \0\na=1\n\0", {"a": "1"}),
    ("a=[]", {"a": []}),
    ("a=[\n\n'1' # one\n\n,\n2\n,\n]\n", {"a": ["1", "2"]}),
    ("a=[['1',['2']],'3',[]]", {"a": [["1", ["2"]], "3", []]}),
    ("a+='x'\na += 1", {"a": "x1"}),
    ("a=1\na+=2", {"a": "12"}),
    ("a=['x']\na+=[]\na+=['y']", {"a": ["x", "y"]}),
    ("a='x'\na=['y']\na+=['z']", {"a": ["y", "z"]}),
]

QUOTES = "a number, a quoted string or a list; a word or a negative number needs quotes"
NUMBER = "a number, or quotes around the value"
AFTER = "the end of the line, or ';', after the value"
NAME = "a setting: its name begins with a small letter"
ALONE = "a name of small letters, digits, _ and . alone"
ITEM = "an item, or the ] of the list that begins on line 1"
COMMA = "a comma, or the ] of the list that begins on line 1, after the value"
ESCAPES = r"""one of \" \' \\ \a \b \f \n \r \t \v; a backslash itself is \\"""
STRAIGHT = "straight quotes, ' or \""

REFUSED: list[tuple[str, int, str, str]] = [
    ("memory = 2048M\n", 1, "M", NUMBER),
    ("\nmemory = 2048m\n", 2, "m", NUMBER),
    ("memory = 1.5\n", 1, ".5", NUMBER),
    ("memory = 2048 MB\n", 1, "MB", AFTER),
    ("name = win\n", 1, "win", QUOTES),
    ("pae = True\n", 1, "True", QUOTES),
    ("a = -1\n", 1, "-1", QUOTES),
    ("a = é\n", 1, "é", QUOTES),
    ("a = !", 1, "!", "a number, a quoted string or a list"),
    ("a = '", 1, "'", "the closing quote ' on the same line"),
    ("a=1\né", 2, "é", NAME),
    ("a=1;! ", 1, "!", NAME),
    ("a = ]\n", 1, "]", "a number, a quoted string or a list"),
    (
        "a = 'it's'\n",
        1,
        "s",
        AFTER.replace("value", "closing quote") + "; a quote within the text needs a backslash",
    ),
    ('name = "win # \n"\n', 1, '"win # ', 'the closing quote " on the same line'),
    (
        "name = 'x\\'\r\n",
        1,
        "'x\\'",
        "the closing quote ' on the same line; a quote after a backslash is text",
    ),
    ("name = \u2018win\u2019", 1, "\u2018", STRAIGHT),
    (r"a = 'C:\qemu'", 1, r"\q", ESCAPES),
    (r"a = '\x41'", 1, r"\x", ESCAPES),
    (r"a = '\8'", 1, r"\8", ESCAPES),
    (r"a = '\12'", 1, r"\1", ESCAPES),
    (r"a = '\0+ 1'", 1, r"\0", ESCAPES),
    ("a =\n1\n", 1, "", "the value on the same line as the ="),
    ("a =", 1, "", "a number, a quoted string or a list"),
    ("a\n\n", 1, "", "= or += after the name"),
    ("import os\n", 1, "os", "= or += after the name"),
    ("on_Crash = 1", 1, "Crash", ALONE),
    ("a-b = 1", 1, "-b", ALONE),
    ("#\nMemory = 1", 2, "Memory", NAME),
    ("= 1", 1, "=", NAME),
    ("a=1 b=2\n", 1, "b", AFTER),
    ("a=1,2\n", 1, ",", AFTER),
    ("a=[1]]", 1, "]", AFTER),
    ("a='x' 'y'\n", 1, "'y'", AFTER),
    ("a=1 + 2\n", 1, "+", AFTER),
    ("a=[,]", 1, ",", ITEM),
    ("a=[1,\n,2]", 2, ",", ITEM),
    ("a=[\n\n", 1, "", ITEM),
    ("a=[on]", 1, "on", ITEM + "; a word or a negative number needs quotes"),
    ("a=[1;]", 1, ";", COMMA),
    ("a=[1,\n2\n\n", 2, "", COMMA),
    ("a=['x',\n'y'\nb=1\n", 3, "b", COMMA),
    ("a=[2048M]", 1, "M", NUMBER),
    ("a=['x']\na+='y'", 2, "'y'", "a list, which is what a holds since line 1"),
    ("a='x'\na+=['y']", 2, "[", "a single value, which is what a holds since line 1"),
    ("a=1 # last", 1, "# last", "a newline after the comment, which ends the file without one"),
    ("\na=1\r\n", 2, "\r", "lines that end with a newline alone; this one has a DOS line end"),
    ("a=1\r;", 1, "\r", "a newline, or nothing; not a carriage return"),
    ("\ufeffa=1", 1, "\ufeff", "no byte order mark"),
    ("a=1\nb='\0'", 2, "\0", "no NUL character in a string: libxlutil aborts at one"),
    ("a=1\n\0b=1", 2, "\0", "no NUL character outside comments"),
    ("a=" + "[" * 201, 1, "[", "at most 200 lists within one another"),
]


def _plain(value: str | tuple[Item, ...]) -> Nested:
    return value if isinstance(value, str) else [_plain(item.value) for item in value]


def _read(text: str) -> XlConfig:
    config = read_xl_config(text)
    assert isinstance(config, XlConfig), config
    return config


@pytest.mark.parametrize(("text", "values"), ACCEPTED, ids=lambda part: repr(part)[:40])
def test_what_xl_accepts_is_read_as_it_reads_it(text: str, values: Plain) -> None:
    settings = _read(text).settings
    assert {name: _plain(setting.value) for name, setting in settings.items()} == values


@pytest.mark.parametrize(
    ("text", "line", "near", "expected"), REFUSED, ids=lambda part: repr(part)[:40]
)
def test_a_refusal_says_where_and_what_should_stand_there(
    text: str, line: int, near: str, expected: str
) -> None:
    assert read_xl_config(text) == ConfigError(line, near, expected)


def test_settings_and_items_know_the_line_on_which_they_begin() -> None:
    assert _read("a=1\n\na=[ #\n'x', [\n2]]\nb=1\nb+=\t2").settings == {
        "a": XlSetting("a", (Item("x", 4), Item((Item("2", 5),), 4)), 3),
        "b": XlSetting("b", "12", 7, added=True),
    }


def test_each_question_answers_none_for_what_it_is_not_about() -> None:
    config = _read("one=1\nword='x'\nlist=['1']\nsum=1\nsum+=1\nhuge=0x8000000000000000\n")
    names = ("one", "word", "list", "sum", "huge", "unset")
    assert [config.text(name) for name in names] == [
        *("1", "x", None, "11", "0x8000000000000000", None)
    ]
    # xl refuses to take what += has made for a number, even if it looks like one
    assert [config.number(name) for name in names] == [1, None, None, None, None, None]
    assert [config.items(name) for name in names] == [
        *(None, None, (Item("1", 3),), None, None, None)
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0", 0), ("12", 12), ("010", 8), ("0x1F", 31), ("0Xa", 10), ("00", 0)],
        *[(" \t\n\v\f\r-0x10", -16), ("+7", 7), ("-010", -8)],
        *[("9223372036854775807", (1 << 63) - 1), ("-9223372036854775808", -(1 << 63))],
        *[("9223372036854775808", None), ("-0x8000000000000001", None), ("9" * 5000, None)],
        *[("", None), (" ", None), ("-", None), ("- 1", None), ("12 ", None), ("12k", None)],
        *[("08", None), ("0x", None), ("0b1", None), ("1_0", None), ("٣", None), ("1f", None)],
        *[("\u00a01", None), ("\x1c1", None), ("+-1", None)],
    ],
)
def test_a_whole_number_is_what_strtol_reads_to_the_end(text: str, number: int | None) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[
            ("0b10000", 16),
            ("0B1", 1),
            (" -0b11", -3),
            ("+0b0", 0),
            (f"0b{'1' * 63}", (1 << 63) - 1),
        ],
        *[("0b", None), ("0b2", None), ("0b12", None), ("0b 1", None), (f"0b{'1' * 64}", None)],
        *[("0xb1", 0xB1), ("010", 8), ("12", 12), ("b1", None), ("0b0x1", None)],
    ],
)
def test_the_strtol_of_c23_reads_binary_numbers_as_well(text: str, number: int | None) -> None:
    assert whole_number(text, binary=True) == number


NAMES = ("a", "b", "c_1", "memory")
_PIECES = (
    *("x", "12", "0x1f", " ", "-7", "é", "\udcff", "#", ";", "\t", "\r", "08"),
    *(r"\"", r"\'", r"\\", r"\n", r"\101", r"\1 2", r"\7-19", r"\0+1"),
)
_WRONG_PIECES = (r"\x41", r"\12", r"\q", r"\8", "\\", "'", '"', "\n", r"\1+ 1")
_NUMBERS = (
    *("0", "1", "12", "0x10", "010", "08", "1f", "9x", "9223372036854775807"),
    *("0b1", "0b10000", "0b", "0b2", "'0B11'", "' -0b10'", f"0b{'1' * 63}"),
)
_HUGE = (f"0b{'1' * 64}", "9223372036854775808", "99999999999999999999999")
_NOISE = "\n\r\t ;,=+[]#'\"\\-.ax0M!é\ufeff\v"


class _Author:
    """Writes texts: mostly ones that xl accepts, some with a few characters changed."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)  # noqa: S311 - the same texts each time

    def text(self) -> str:
        draw = self._draw
        text = "".join(self._statement() for _ in range(draw.choice((1, 1, 2, 3, 4))))
        for _ in range(draw.choice((0, 0, 0, 1, 1, 2))):
            at = draw.randrange(len(text) + 1)
            text = text[:at] + draw.choice((*_NOISE, "")) + text[at + draw.randrange(2) :]
        return text

    def _statement(self) -> str:
        draw = self._draw
        if draw.random() < 0.1:
            return draw.choice(("\n", ";", " \t\n", "# it's a comment\n", "#\r\n"))
        operation = draw.choice(("=", " = ", "=", "\t=", "+=", " += "))
        end = draw.choice(("\n", "\n", ";", " ;\n", " # [\n"))
        return self._blank() + draw.choice(NAMES) + operation + self._value(2) + end

    def _blank(self) -> str:
        return self._draw.choice(("", "", "", " ", "\t"))

    def _value(self, depth: int) -> str:
        draw = self._draw
        if depth and draw.random() < 0.3:
            items = [
                self._gap() + self._value(depth - 1) + self._gap()
                for _ in range(draw.choice((0, 1, 1, 2, 3)))
            ]
            trailing = draw.choice(("", "", ",", ",\n")) if items else self._gap()
            return "[" + ",".join(items) + trailing + "]"
        if draw.random() < 0.4:
            return draw.choice(_NUMBERS * 4 + _HUGE)
        quote = draw.choice("'\"")
        pieces = draw.choices(_PIECES, k=draw.choice((0, 1, 1, 2, 3)))
        if draw.random() < 0.05:
            pieces.append(draw.choice(_WRONG_PIECES))
        return quote + "".join(pieces) + quote

    def _gap(self) -> str:
        return self._draw.choice(("", "", "", " ", "\n", "\n\n ", " # ,\n"))


def _lines_told(printed: str) -> range:
    """Give the lines that the library's first message may mean."""
    match = re.match(r"F:(\d+): config parsing error near (`#|<newline>)?", printed)
    assert match, printed
    line = int(match[1])
    if re.search(r"can't add|unexpected \$end", printed.partition("\n")[0]):
        # told where the value or the file ends, or a line short of it; we say where it is
        return range(1, line + 2 if "$end" in printed else line + 1)
    return range(line, line + 2 if match[2] else line + 1)  # a newline is told a line short


@pytest.mark.slow
@pytest.mark.parametrize("series", SERIES)
def test_libxlutil_itself_reads_texts_in_the_same_way(series: str) -> None:
    texts = distinct(_Author(0).text)
    readings = [read_xl_config(text) for text in texts]
    # characters changed in a name make another one
    names = [
        sorted({*NAMES, *(ours.settings if isinstance(ours, XlConfig) else ())})
        for ours in readings
    ]
    questions = (("config", text, asked) for text, asked in zip(texts, names, strict=True))
    theirs = ask(series, questions)
    accepted = 0
    for text, ours, (accepts, printed, held) in zip(texts, readings, theirs, strict=True):
        assert isinstance(ours, XlConfig) == accepts, (text, ours, printed)
        if isinstance(ours, ConfigError):
            assert ours.line in _lines_told(printed), (text, ours, printed)
            continue
        accepted += 1
        read = replace(ours, binary=READS_BINARY[series])
        for name, answer in held.items():
            items = read.items(name)
            plain = None if items is None else _plain(items)
            assert [read.text(name), read.number(name), plain] == answer, (text, name)
    assert COUNT * 0.3 <= accepted <= COUNT * 0.9


@pytest.mark.parametrize("series", SERIES)
def test_libxlutil_itself_accepts_the_table_of_what_is_accepted(series: str) -> None:
    questions = [("config", text, list(values)) for text, values in ACCEPTED]
    for (text, values), (accepts, printed, held) in zip(
        ACCEPTED, ask(series, questions), strict=True
    ):
        assert accepts, (text, printed)
        read = {name: word if items is None else items for name, (word, _, items) in held.items()}
        assert read == values, text


@pytest.mark.parametrize("series", SERIES)
def test_libxlutil_itself_refuses_the_table_of_what_is_refused(series: str) -> None:
    # a NUL makes it abort, and it takes deeper lists than we do
    texts = [text for text, *_ in REFUSED if "\0" not in text and "[[" not in text]
    answers = ask(series, (("config", text, []) for text in texts))
    assert [text for text, (accepts, *_) in zip(texts, answers, strict=True) if accepts] == []
