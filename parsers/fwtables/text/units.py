"""The styles in which programs write bytes in text: a unit of each, and signatures in it.

The styles are those of od (coreutils), hexdump (util-linux), xxd (Vim), C and assembly
sources.  A unit of several bytes is written low byte first, as these programs print
numbers on x86; groups of hexadecimal bytes in the order of the file are the style ``HEX``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge

from fwtables.signatures import DECODED_SIGNATURES

_BETWEEN = r"[\s,:;\"'h>|\-]{0,8}(?:0x|\\x|0(?=[0-9a-f]{2}h)|\$)?"
"""What can be between two hexadecimal bytes: C, assembly, MAC-like and plain lists."""
_GAP = r"[\s,]{1,20}(?:0x)?"
_ESCAPES = {"\\0": 0, "\\a": 7, "\\b": 8, "\\t": 9, "\\n": 10, "\\v": 11, "\\f": 12, "\\r": 13}
"""The escapes of ``od -c`` and ``hexdump -c``."""


@dataclass(frozen=True, slots=True)
class Style:
    """One way to write bytes as text."""

    name: str
    width: int
    """Bytes of a unit, low byte first; 1 for bytes in the order of the file."""
    unit: re.Pattern[str]
    """One unit; its first group is the number."""
    base: int
    signature: Callable[[bytes], str]
    """Returns a pattern for a table's signature in lower case, which begins with literal characters."""
    gap: int = 1
    """Maximum number of additional blanks between two units of a row."""

    def value(self, digits: str) -> bytes:
        """Return the bytes of the unit `digits`; none if it is out of range."""
        if self.base == _HEX_BYTES:
            digits = digits.zfill(2)  # 0x0 is a byte
            return bytes.fromhex(digits) if len(digits) % 2 == 0 else b""
        number = int(digits, self.base)
        if not -(1 << 8 * self.width - 1) <= number < 1 << 8 * self.width:
            return b""
        size = len(digits) // 2 if self.base == 16 else self.width
        return (number % (1 << 8 * self.width)).to_bytes(self.width, "little")[:size]


_HEX_BYTES = 0


def _hex_bytes(signature: bytes) -> str:
    return _BETWEEN.join(f"{byte:02x}" for byte in signature)


def _numbers(form: str, width: int) -> Callable[[bytes], str]:
    """Return the function that writes a signature in units of `width` bytes in `form`."""

    def pattern(signature: bytes) -> str:
        parts = [signature[at : at + width] for at in range(0, 4, width)]
        return _GAP.join(format(int.from_bytes(part, "little"), form) for part in parts)

    return pattern


def _high_half(signature: bytes) -> str:
    return f"{int.from_bytes(signature, 'little'):08x}"


def _characters(signature: bytes) -> str:
    return " {3}".join(signature.decode("ascii").lower())


def _style(name: str, width: int, digits: str, form: str) -> Style:
    """Return the style of units of `width` bytes, as ``format`` writes them with `form`."""
    base = {"x": 16, "o": 8, "d": 10, "b": 2}[form[-1]]
    blanks = 3 * width + 5 if base == 10 else 1
    return Style(name, width, re.compile(digits), base, _numbers(form, width), blanks)


HEX = Style(
    "hex",
    1,
    re.compile(
        r"(?:0[xX]|\\x|0(?=[0-9a-fA-F]{2}[hH])|\$)?([0-9a-fA-F]{2,}|(?<=0[xX])[0-9a-fA-F])[hH]?(?![0-9a-zA-Z?!$&@#~^])"
    ),
    _HEX_BYTES,
    _hex_bytes,
)
CHARACTERS = Style("characters", 1, re.compile(r"(\d{3})"), 8, _characters)
_X = r"(?:0[xX])?([0-9a-fA-F]{%s})(?![0-9a-zA-Z?!$&@#~^])"
STYLES = (
    HEX,
    _style("hex-16", 2, _X % 4, "04x"),
    _style("hex-32", 4, _X % "2,8", "08x"),
    Style("hex-64", 8, re.compile(_X % "2,16"), 16, _high_half),
    _style("octal", 1, r"([0-3][0-7]{2})(?![\w?!$&@#~^])", "03o"),
    _style("octal-16", 2, r"([01][0-7]{5})(?![\w?!$&@#~^])", "06o"),
    _style("octal-32", 4, r"([0-3][0-7]{10})(?![\w?!$&@#~^])", "011o"),
    _style("decimal", 1, r"(-?\d{1,3})(?![\w?!$&@#~^])", "d"),
    _style("decimal-16", 2, r"(-?\d{1,5})(?![\w?!$&@#~^])", "d"),
    _style("decimal-32", 4, r"(-?\d{1,10})(?![\w?!$&@#~^])", "d"),
    _style("binary", 1, r"([01]{8})(?![\w?!$&@#~^])", "08b"),
    CHARACTERS,
)


@dataclass(frozen=True, slots=True, order=True)
class Anchor:
    """The place of a signature in a text, and its style."""

    start: int
    rank: int
    end: int

    @property
    def style(self) -> Style:
        """The style."""
        return STYLES[self.rank]


def anchors(lowered: str, signatures: tuple[bytes, ...] = DECODED_SIGNATURES) -> Iterator[Anchor]:
    """Yield the places of `signatures` in `lowered`, a text in lower case, in order."""
    return merge(
        *(
            _anchors(lowered, rank, style.signature(signature))
            for rank, style in enumerate(STYLES)
            for signature in signatures
        )
    )


def _anchors(lowered: str, rank: int, pattern: str) -> Iterator[Anchor]:
    back = 8 if STYLES[rank].name == "hex-64" else 0
    for match in re.finditer(pattern, lowered):
        start = max(0, match.start() - back)
        for prefix in ("0x", "\\x", "$"):
            if lowered.startswith(prefix, start - len(prefix)):
                start -= len(prefix)
        if lowered.startswith("h", match.end()) and lowered.startswith("0", start - 1):
            start -= 1
        if not (start and lowered[start - 1].isalnum()):
            yield Anchor(start, rank, match.end())


def characters(text: str, width: int) -> bytes:
    """Return the bytes of the cells of ``od -c``: four columns each, `width` of them at most.

    Fewer are returned if a cell is not one that od or hexdump writes.
    """
    data = bytearray()
    if not text.strip():
        return b""
    for at in range(0, min(4 * width, len(text)), 4):
        cell = text[at : at + 4].strip()
        if not cell:
            data.append(0x20)
        elif cell in _ESCAPES:
            data.append(_ESCAPES[cell])
        elif len(cell) == 3 and re.fullmatch("[0-3][0-7]{2}", cell):
            data.append(int(cell, 8))
        elif len(cell) == 1 and " " < cell <= "~":
            data.append(ord(cell))
        else:
            break
    return bytes(data)
