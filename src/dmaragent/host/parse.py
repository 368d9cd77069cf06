"""From the bytes of a reading to a value, or to a problem line that says why not."""

import re
from functools import lru_cache

from dmaragent.addresses import SBDF
from dmaragent.host import words
from dmaragent.readings import Missing, MissingKind

MOST_OF_A_KIND = 4096
"""Structures of a kind in a table, and entries of a list of Xen's, that are examined.

The largest captured table has 9 regions, and libxl refuses a guest whose memory map has 128
entries.  65,536 regions are a table of 2 MiB.
"""


class Problems:
    """What could not be read or understood, a sentence each, in the order met."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def missing(self, what: str, missing: Missing, *, quiet: bool = True) -> None:
        """Add a line where `what` should be there and could not be read.

        What the host does not have or nobody asked for is no problem, unless not `quiet`.
        """
        if quiet and missing.kind in (MissingKind.ABSENT, MissingKind.NOT_COLLECTED):
            return
        self.add(words.unreadable(what, missing))


def text(value: bytes | Missing) -> str | None:
    """Give the text of a one-line file, or None; bytes that do not decode are escaped."""
    if isinstance(value, Missing):
        return None
    return value.decode("utf-8", "backslashreplace").strip() or None


def whole_line(value: bytes | Missing) -> str | None:
    """Return the text of a one-line file that ends with a newline, or None: it was cut short."""
    whole = not isinstance(value, Missing) and value.endswith(b"\n")
    return text(value) if whole else None


def functions_among(names: tuple[str, ...]) -> tuple[SBDF, ...]:
    """Give the PCI functions that are listed, in order.

    An IOMMU group has platform devices besides, which have no address, and pciback's directory
    has files of its own.
    """
    addresses = []
    for name in names:
        try:
            addresses.append(SBDF.parse(name))
        except ValueError:
            continue
    return tuple(sorted(addresses))


_DIGITS = {
    10: re.compile(r"[0-9]{1,20}"),
    16: re.compile(r"(?:0x)?([0-9a-f]{1,16})", re.IGNORECASE),
}


def parse_number(text: str, most: int, base: int = 16) -> int:
    """Read an unsigned number of at most `most`, in `base` 10 or 16.

    Raises:
        ValueError: it is none, is negative, or is too large.

    """
    if not _DIGITS[base].fullmatch(text):
        raise ValueError(words.not_a_number(text[:40]))
    value = int(text, base)
    if value > most:
        raise ValueError(words.number_too_large(text, most))
    return value


@lru_cache(maxsize=4096)
def _file_number(content: bytes, most: int, base: int) -> int:
    """Read a file's number; a host has few different classes, vendors and devices.

    The kernel ends each with a newline: without it the number was cut short, and is another.
    """
    if not content.endswith(b"\n"):
        raise ValueError(words.CUT_SHORT)
    return parse_number(content.decode("ascii").strip(), most, base)


def whole_number(value: object, most: int) -> int:
    """Give a JSON value that must be an unsigned whole number of at most `most`.

    Raises:
        ValueError: it is something else.

    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(words.not_a_whole_number(str(value)[:40], most))
    return value


def number(  # noqa: PLR0913 - whose, what, where from, where to, and how to read it
    of: object,
    what: str,
    value: bytes | Missing,
    problems: Problems,
    *,
    most: int,
    base: int = 16,
) -> int | None:
    """Read a file that holds `what` of `of`, one number of at most `most`, or say why not."""
    if isinstance(value, Missing):
        if value.kind is not MissingKind.NOT_COLLECTED:
            problems.missing(words.part_of(of, what), value, quiet=False)
        return None
    try:
        return _file_number(value, most, base)
    except ValueError:
        shown = value[:40].decode("ascii", "backslashreplace")
        problems.add(words.reading_not_a_number(of, what, shown))
        return None
