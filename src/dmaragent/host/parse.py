"""Parse the bytes of a reading to a value, or report the problem."""

import re
from functools import lru_cache

from dmaragent.addresses import SBDF
from dmaragent.host import words
from dmaragent.readings import Missing, MissingKind

MOST_OF_A_KIND = 4096
"""At most this many structures of a kind in a table, or entries in a list of Xen, are examined.

For comparison: the largest captured table has 9 regions, libxl refuses a guest whose memory map
has 128 entries, and 65,536 regions make a table of 2 MiB.
"""


_WORD = re.compile(r"[!-~]+")


class Problems:
    """The readings that could not be read or understood, a sentence each, in order of discovery."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Add a sentence."""
        self.lines.append(line)

    def missing(self, what: str, missing: Missing, *, quiet: bool = True) -> None:
        """Report that `what` could not be read.

        With `quiet`, a reading that is absent or was not collected is not reported.
        """
        if quiet and missing.kind in (MissingKind.ABSENT, MissingKind.NOT_COLLECTED):
            return
        self.add(words.unreadable(what, missing))


def text(value: bytes | Missing) -> str | None:
    """Return the text of a one-line file, or None; bytes that are not UTF-8 are escaped."""
    if isinstance(value, Missing):
        return None
    return value.decode("utf-8", "backslashreplace").strip() or None


def whole_line(value: bytes | Missing) -> str | None:
    """Return the text of a one-line file; None if the final newline is missing: it was cut short."""
    whole = not isinstance(value, Missing) and value.endswith(b"\n")
    return text(value) if whole else None


def known_word(value: str | None, most: int, what: str, problems: Problems) -> str | None:
    """Return `value`; None, and report `what`, if it is not one word of at most `most` characters.

    A word is of printable ASCII.
    """
    if value is not None and (len(value) > most or _WORD.fullmatch(value) is None):
        problems.add(words.not_understood(what))
        return None
    return value


def functions_among(names: tuple[str, ...]) -> tuple[SBDF, ...]:
    """Return the PCI functions among `names`, by address.

    Other names are ignored: an IOMMU group can also have platform devices, and pciback's directory
    also has files.
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
    """Parse an unsigned number of at most `most`, in `base` 10 or 16.

    Raises:
        ValueError: the text is not a number, or the number is negative or too large.

    """
    if not _DIGITS[base].fullmatch(text):
        raise ValueError(words.not_a_number(text))
    value = int(text, base)
    if value > most:
        raise ValueError(words.number_too_large(text, most))
    return value


@lru_cache(maxsize=4096)
def _file_number(content: bytes, most: int, base: int) -> int:
    """Parse the number in a file; cached, as a host has few different classes, vendors and devices.

    The kernel ends each file with a newline.  Without it the number was cut short, so it is wrong.
    """
    if not content.endswith(b"\n"):
        raise ValueError(words.CUT_SHORT)
    return parse_number(content.decode("ascii").strip(), most, base)


def whole_number(value: object, most: int) -> int:
    """Return `value` of a JSON document if it is an unsigned whole number of at most `most`.

    Raises:
        ValueError: it is anything else.

    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(words.not_a_whole_number(str(value)[:40], most))
    return value


def lines_of(content: str) -> list[str]:
    """Return the lines of a file or an output. Only newlines separate them, as for the kernel."""
    lines = [line.removesuffix("\r") for line in content.split("\n")]
    if not lines[-1]:
        lines.pop()
    return lines


def number(  # noqa: PLR0913 - owner, name, reading, target, and how to parse it
    of: object,
    what: str,
    value: bytes | Missing,
    problems: Problems,
    *,
    most: int,
    base: int = 16,
) -> int | None:
    """Return the number in the file of `what` (a part of `of`); report it if it is unreadable."""
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
