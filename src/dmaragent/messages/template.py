"""Templates of the wordings of messages, and the patterns made from them.

A template is the printed text, with each run of spaces as one space, and with

``<name>``   a value of one of the kinds in ``_VALUES``
``<=name>``  the value that <name> had before
``{...}``    a part that may be missing

All other text is literal.  A pattern is tried only around the longest literal text that the
message always has, and each value has a maximum length.  So no input takes long.
"""

import re
from dataclasses import dataclass
from functools import cache

_HEX = r"(?:0x)?[0-9a-fA-F]{1,16}"
_VALUES = {
    "sbdf": r"(?:[0-9a-fA-F]{1,8}:)?(?:0x)?[0-9a-fA-F]{1,2}:(?:0x)?[0-9a-fA-F]{1,2}\.[0-7]"
    r"(?![0-9a-fA-F])",
    "address": _HEX + r"(?![0-9a-fA-F])",
    "bare": r"(?!0x)[0-9a-fA-F]{1,16}(?![0-9a-fA-F])",
    "base": _HEX,
    "limit": _HEX,
    "end": _HEX,
    "size": _HEX,
    "bdf": r"(?:[0-9a-fA-F]{4}_)?[0-9a-fA-F]{2}_[0-9a-fA-F]{2}\.[0-7]",
    "nodedev": r"pci_[0-9a-fA-F]{4,8}_[0-9a-fA-F]{2}_[0-9a-fA-F]{2}_[0-7]",
    "page": _HEX,
    "stop": _HEX,
    "domain": r"(?:Dom|dom|d)(?:\d{1,10}|\[(?:IO|XEN|COW|IDLE)\])",
    "domid": r"\d{1,10}",
    "group": r"\d{1,10}",
    "errno": r"-?\d{1,5}",
    "error": r"[^\W\d_](?:[^\n\d:;,.\"<>{}\[\]|]|(?<=\bbzw)\.(?= )"  # German ENXIO
    r"|\"(?=ioctl\")|(?<=\"ioctl)\"){1,90}",  # Serbian ENOTTY
    "result": r"-?\d{1,5}",
    "reason": r"0x[0-9a-fA-F]{1,2}|\d{1,3}",
    "flags": r"0x[0-9a-fA-F]{1,4}(?![0-9a-fA-F])",
    "half": r"[0-9a-fA-F]{4}",
    "hexreason": r"(?:0x)?[0-9a-fA-F]{1,2}",
    "direction": r"Read|Write",
    "iommu": r"(?:DMAR-IR|DMAR|dmar|AMD-Vi|Intel-IOMMU|intel[-_]iommu|IOMMU|iommu): ?",
    "file": r"(?:[\w.-]{1,40}/){0,8}[\w.-]{1,40}\.[ch]:\d{1,5}:(?:d\S{1,12})? ?",
    "frame": r"(?:0x)?[0-9a-fA-F]{0,13}",
    "low": r"[0-9a-fA-F]{3}(?![0-9a-fA-F])",
    "rid": r"(?:0x)?[0-9a-fA-F]{1,4}(?![0-9a-fA-F])",
    "number": r"(?:0x)?[0-9a-fA-F]{1,16}",
    "word": r"[^\n`'\"]{0,80}",
    "written": r"[^\n`'\"]{0,80}?(?=unable to parse|Unknown |(?:lib)?xl: |\s*(?:>|\u2026)?\s*$|"
    r"\s*[\n`'\"])",
    "any": r"[^\n]{0,80}?",
}
"""The pattern of each kind of value.  A name can end in a digit: <base2> is a second <base>."""
_TOKEN = re.compile(r"<(=?)([a-z]+)(\d?)>|([{}])")
_QUOTE = re.compile(r"(?<=[A-Za-z])'(?=[a-z])|['`\"]")
"""A quote, or an apostrophe within a word: programs change both when people paste a text."""
_WITHIN_WORD = r"(?:['`?\"\ufffd]|''|%27|=27|=E2=80=99)?"
_AROUND = r"['`\"]{1,2}"
BEFORE, AFTER = 160, 480
"""How many characters before and after the anchor a pattern is applied to."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a template: the name of its group and its pattern."""

    name: str
    source: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of the value, compiled on first use."""
        return _compiled(self.source)


@dataclass(frozen=True, slots=True)
class Option:
    """Parts of a template that are optional together."""

    parts: tuple["Part", ...]


Part = str | Value | Option
"""A piece of text, a value, or an optional part."""


@dataclass(frozen=True, slots=True)
class Template:
    """One wording: its text with values, its pattern, the text to look for first, its parts."""

    text: str
    anchor: str
    source: str
    """Its pattern, not compiled: there are hundreds, and a text needs few of them."""
    parts: tuple[Part, ...]

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern, compiled on first use."""
        return _compiled(self.source)

    @classmethod
    def read(cls, text: str) -> "Template":
        """Return the template that `text` describes.

        Raises:
            KeyError: it has a value of an unknown kind.

        """
        pattern, at = "", 0
        open_parts: list[list[Part]] = [[]]
        for token in _TOKEN.finditer(text):
            literal = text[at : token.start()]
            pattern += _escaped(literal)
            if literal:
                open_parts[-1].append(literal)
            at = token.end()
            again, kind, number, brace = token.groups()
            if brace == "{":
                pattern += "(?:"
                open_parts.append([])
            elif brace:
                pattern += ")?"
                option = Option(tuple(open_parts.pop()))
                open_parts[-1].append(option)
            elif again:
                pattern += f"(?P={kind}{number})"
                open_parts[-1].append(_value("", kind))
            else:
                pattern += f"(?P<{kind}{number}>{_VALUES[kind]})"
                open_parts[-1].append(_value(kind + number, kind))
        pattern += _escaped(text[at:])
        if text[at:]:
            open_parts[-1].append(text[at:])
        parts = tuple(open_parts[0])
        texts = (piece for part in parts if isinstance(part, str) for piece in _QUOTE.split(part))
        anchor = max(texts, key=len, default="")
        return cls(text, anchor, pattern, parts)


def _escaped(text: str) -> str:
    """Return the pattern of `text`, with its quotes and apostrophes in any form."""
    pattern, at = "", 0
    for quote in _QUOTE.finditer(text):
        before, after = text[: quote.start()][-1:], text[quote.end() :][:1]
        inside = quote[0] == "'" and before.isalpha() and after.islower()
        pattern += re.escape(text[at : quote.start()]) + (_WITHIN_WORD if inside else _AROUND)
        at = quote.end()
    return pattern + re.escape(text[at:])


def _value(name: str, kind: str) -> Value:
    return Value(name, _VALUES[kind])


@cache
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(source)
