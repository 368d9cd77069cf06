"""The text of an xl.cfg file, as libxlutil of a release reads it.

A statement is ``name=value`` or ``name+=value`` and ends with its line or a ``;``; a
value is a number, a string in quotes, or a list in brackets, which may span lines.  xl
refuses a file with any error in it, so reading stops at the first.  The library has a lexer
(libxlu_cfg_l.l) below its grammar, and so has this module.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dmaragent.errors import excerpt
from dmaragent.xen.toolstack.libxl import XLCFG_ERAS, XlcfgBehaviour


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list, which may be a list itself, and the line on which it begins."""

    value: str | tuple["Item", ...]
    line: int


@dataclass(frozen=True, slots=True)
class XlSetting:
    """The value of a name after the whole file."""

    name: str
    value: str | tuple[Item, ...]
    line: int
    """The start of the value in its last statement."""
    added: bool = False
    """Whether that statement was ``+=``: xl then does not read the value as a number."""


@dataclass(frozen=True, slots=True)
class ConfigError:
    """The first error in a file, for which xl refuses it."""

    line: int
    """From 1."""
    near: str
    """The text at the error; empty at the end of a line or of the file."""
    expected: str
    """What is expected there, in words."""


# A run of more than 19 digits overflows in decimal, and int() refuses thousands of them.
_WHOLE = re.compile(
    r"[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]{0,18})|0[bB]([01]+))"
)
_BINARY = re.compile(r"[ \t\n\v\f\r]*[+-]?0[bB][01]+")


@dataclass(frozen=True, slots=True)
class XlConfig:
    """The settings of a file that xl accepts, each under its name."""

    settings: Mapping[str, XlSetting]
    binary: bool = False
    """Whether the C library reads 0b as the prefix of a binary number, as C23 has it."""

    def text(self, name: str) -> str | None:
        """Return a single value; None if it is unset or a list."""
        setting = self.settings.get(name)
        return setting.value if setting and isinstance(setting.value, str) else None

    def number(self, name: str) -> int | None:
        """Return the number that xl reads from the value; None if it reads none."""
        setting = self.settings.get(name)
        if setting is None or setting.added or not isinstance(setting.value, str):
            return None
        return whole_number(setting.value, binary=self.binary)

    @property
    def has_binary_numbers(self) -> bool:
        """Whether a value is a number only if the C library reads 0b as the prefix of one."""
        values = (setting.value for setting in self.settings.values())
        return any(isinstance(value, str) and _BINARY.fullmatch(value) for value in values)

    def items(self, name: str) -> tuple[Item, ...] | None:
        """Return the entries of a list; None if it is unset or a single value."""
        setting = self.settings.get(name)
        return setting.value if setting and isinstance(setting.value, tuple) else None


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of the file; `kind` is a class of words, or the punctuation itself."""

    kind: str
    text: str
    line: int
    touches: bool
    """Whether it follows the token before it directly."""
    wrong: str = ""
    """What is expected here instead, if the word alone shows it."""


class _RefusedError(Exception):
    """The first error, which ends the reader."""

    def __init__(self, error: ConfigError) -> None:
        super().__init__(error)
        self.error = error


def whole_number(text: str, *, binary: bool = False) -> int | None:
    """Return `text` as C's strtol reads it in base 0; None unless all of it is a 64-bit number.

    From C23 on strtol reads 0b as the prefix of a `binary` number. glibc has both functions from
    2.38 on: a program uses the one of the headers that it was compiled with.
    """
    match = _WHOLE.fullmatch(text)
    if match is None:
        return None
    sign, *digits = match.groups()
    base = next(base for base, written in zip((16, 8, 10, 2), digits, strict=True) if written)
    if base == 2 and not binary:
        return None
    number = int(sign + "".join(written or "" for written in digits), base)
    return number if -(1 << 63) <= number < 1 << 63 else None


def read_xl_config(text: str, behaviour: XlcfgBehaviour = XLCFG_ERAS[-1]) -> XlConfig | ConfigError:
    """Return the settings of a file's text, as xl reads it, decoded without loss of bytes."""
    try:
        return XlConfig(_settings(_read_tokens(text), behaviour))
    except _RefusedError as refused:
        return refused.error


def _settings(tokens: Iterator[_Token], behaviour: XlcfgBehaviour) -> dict[str, XlSetting]:
    """Return the settings after all statements, each applied to the result of those before it."""
    settings: dict[str, XlSetting] = {}
    for name in tokens:
        if name.kind in ("newline", ";", "end"):
            continue
        if name.kind != "name":
            raise _refusal(name, "a setting: its name begins with a small letter")
        operation = next(tokens)
        if operation.kind not in ("=", "+="):
            raise _refusal(
                operation,
                "a name of small letters, digits, _ and . alone"
                if operation.touches and operation.kind == "bad"
                else "= or += after the name",
            )
        if operation.kind == "+=" and not behaviour.adds:
            raise _refusal(operation, "=; xl up to 4.12 does not read +=")
        first = next(tokens)
        item = _value(first, tokens, behaviour)
        settings[name.text] = _setting_after(settings, name, operation, first, item)
        after = next(tokens)
        if after.kind not in ("newline", ";", "end"):
            raise _refusal(after, _expected_after(first, after, "the end of the line, or ';',"))
    return settings


def _setting_after(
    settings: dict[str, XlSetting], name: _Token, operation: _Token, first: _Token, item: Item
) -> XlSetting:
    """Return the value of the name after this statement."""
    earlier = settings.get(name.text)
    value, adds = item.value, operation.kind == "+="
    if adds and earlier is not None:
        match earlier.value, value:
            case (str(start), str(more)):
                value = start + more
            case (tuple(entries), tuple(further)):
                value = entries + further
            case _:
                kind = "a list" if isinstance(value, str) else "a single value"
                expected = (
                    f"{kind}, which is what {excerpt(name.text)} holds since line {earlier.line}"
                )
                raise _refusal(first, expected)
    return XlSetting(name.text, value, item.line, adds)


_DEEPEST = 200
"""The most nested lists. libxlutil gives up between 1999 and 4996 of them, depending on the list.
Even ten are unusual, and thousands would exhaust Python's stack when an Item is compared or
printed."""


def _value(first: _Token, tokens: Iterator[_Token], behaviour: XlcfgBehaviour) -> Item:
    """Return the value that begins with `first`."""
    if first.kind in ("string", "number"):
        return _atom(first, behaviour)
    if first.kind == "newline":
        raise _refusal(first, "the value on the same line as the =")
    if first.kind != "[":
        raise _refusal(first, _no_value("a number, a quoted string or a list", first))
    return _list(first, tokens, behaviour)


def _list(first: _Token, tokens: Iterator[_Token], behaviour: XlcfgBehaviour) -> Item:
    """Return the list that begins with the bracket `first`; without recursion, however deep it is."""
    unfinished: list[tuple[_Token, list[Item]]] = [(first, [])]
    before, complete = first, False
    while True:
        token = next(tokens)
        bracket, items = unfinished[-1]
        if token.kind == "newline":
            before = token
            continue
        if token.kind == "]":
            unfinished.pop()
            item = Item(tuple(items), bracket.line)
            if not unfinished:
                return item
            unfinished[-1][1].append(item)
        elif complete and token.kind != ",":
            close = f"a comma, or the ] of the list that begins on line {bracket.line},"
            raise _refusal(token, _expected_after(before, token, close))
        elif not complete:
            _begin_item(token, unfinished, behaviour)
        before, complete = token, token.kind in ("string", "number", "]")


def _begin_item(
    token: _Token, unfinished: list[tuple[_Token, list[Item]]], behaviour: XlcfgBehaviour
) -> None:
    """Accept a token at the place of an item of the innermost list."""
    bracket, items = unfinished[-1]
    if token.kind in ("string", "number"):
        items.append(_atom(token, behaviour))
    elif token.kind != "[":
        close = f"an item, or the ] of the list that begins on line {bracket.line}"
        raise _refusal(token, _no_value(close, token))
    elif len(unfinished) == _DEEPEST:
        raise _refusal(token, f"at most {_DEEPEST} lists within one another")
    else:
        unfinished.append((token, []))


def _no_value(expected: str, token: _Token) -> str:
    """Return what is expected in place of something that begins no value."""
    unquoted = token.kind in ("name", "bad")
    return f"{expected}; a word or a negative number needs quotes" if unquoted else expected


def _expected_after(before: _Token, token: _Token, expected: str) -> str:
    """Return what is expected after a value; `before` is its last or only token."""
    touches = token.touches and token.kind in ("name", "bad", "string")
    if touches and before.kind == "number":
        return "a number, or quotes around the value"
    if touches and before.kind == "string":
        return f"{expected} after the closing quote; a quote within the text needs a backslash"
    return f"{expected} after the value"


def _refusal(token: _Token, expected: str) -> _RefusedError:
    near = "" if token.kind == "newline" else token.text
    return _RefusedError(ConfigError(token.line, near, token.wrong or expected))


_CHARACTERS = {
    **{character: character for character in "\"'\\"},
    **dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)),
}
# The library intends octal, but calls strtoul() in base 10 for the three characters after the first
# digit, which accepts blanks and a sign. It requires two of them to be used, skips those, and adds
# nothing. After \x it skips a character and then requires more than there can be.
_ESCAPE = re.compile(
    r"""\\(?:(["'\\abfnrtv])
    |[0-7](?:[0-9]{2,3}|[+-][0-9]{1,2}|[ \t\v\f\r](?:[0-9]{1,2}|[ \t\v\f\r+-][0-9]))
    |(.))""",
    re.VERBOSE | re.DOTALL,
)


def _atom(token: _Token, behaviour: XlcfgBehaviour) -> Item:
    """Return the text of a number or a string."""

    def character(match: re.Match[str]) -> str:
        other = match[2]
        if other and behaviour.drops_unknown_escapes and other not in "01234567x":
            return _to_text(_to_bytes(other)[1:])  # one byte of a multi-byte character vanishes
        if other:
            expected = r"""one of \" \' \\ \a \b \f \n \r \t \v; a backslash itself is \\"""
            raise _RefusedError(ConfigError(token.line, match[0], expected))
        return _CHARACTERS[match[1]] if match[1] else ""

    if token.kind != "string":
        return Item(token.text, token.line)
    if "\0" in token.text:
        expected = "no NUL character in a string: libxlutil aborts at one"
        raise _RefusedError(ConfigError(token.line, "\0", expected))
    return Item(_to_text(_to_bytes(_ESCAPE.sub(character, token.text[1:-1]))), token.line)


def _to_bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _to_text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


# The words of the file ------------------------------------------------------------------

_WORD = re.compile(
    r"""(?P<name>[a-z][._0-9a-z]*)
    |(?P<number>[0-9][0-9a-fx]*)
    |(?P<string>'[^'\\\n]*(?:\\.[^'\\\n]*)*'|"[^"\\\n]*(?:\\.[^"\\\n]*)*")
    |(?P<newline>(?:\#.*)?\n)
    |(?P<mark>\+?=|[;,[\]])
    |(?P<blank>[ \t]+)""",
    re.VERBOSE,
)


def _read_tokens(text: str) -> Iterator[_Token]:
    """Yield the words of `text` and an end; the first invalid word is the last.

    The library ignores an invalid word if it is the last byte of all.
    """
    at, line, last, touches = 0, 1, 1, False
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            near, wrong = _unreadable(text, at)
            dropped = at + 1 == len(text) and len(text[at].encode(errors="surrogateescape")) == 1
            yield _Token("end" if dropped else "bad", near, line, touches, wrong)
            return
        at = match.end()
        kind = str(match.lastgroup)
        if kind == "blank":
            touches = False
            continue
        yield _Token(match[0] if kind == "mark" else kind, match[0], line, touches)
        touches = True
        if kind == "newline":
            line += 1
        else:
            last = line
    # After blank lines people look at the line in which something is missing.
    yield _Token("end", "", last, touches)


_MEANT = {
    "\r\n": "lines that end with a newline alone; this one has a DOS line end",
    "\r": "a newline, or nothing; not a carriage return",
    "#": "a newline after the comment, which ends the file without one",
    "'": "the closing quote ' on the same line",
    '"': 'the closing quote " on the same line',
    "\ufeff": "no byte order mark",
    "\0": "no NUL character outside comments",
    **dict.fromkeys("\u2018\u2019\u201c\u201d", "straight quotes, ' or \""),
}
"""What is expected instead of an invalid word, by how it begins."""


def _unreadable(text: str, at: int) -> tuple[str, str]:
    """Return the invalid text at `at`, and what is expected; empty if unknown."""
    line = text[at:].partition("\n")[0].rstrip("\r")
    for beginning, wrong in _MEANT.items():
        if text.startswith(beginning, at):
            escaped = beginning in "'\"" and f"\\{beginning}" in line
            hint = "; a quote after a backslash is text" if escaped else ""
            return line if beginning in "'\"#" else text[at], wrong + hint
    return re.split(r"(?<=.)[\s,;=+#'\"[\]]", line, maxsplit=1)[0], ""
