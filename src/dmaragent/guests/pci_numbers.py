"""The numbers of a ``pci=`` entry, as documented and as the C library reads them."""

import re
from dataclasses import dataclass

from dmaragent.guests.pci_model import PciRefusal

_PLAIN = re.compile(r"()([0-9a-fA-F]+)")
_SCANNED = re.compile(r"[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]*|[0-9a-fA-F]+)")  # sscanf, glibc
_CONVERTED = re.compile(r"[ \t-\r]*([+-]?)((?:0[xX])?[0-9a-fA-F]+)")  # strtoul of a whole token
_DECIMAL = re.compile(r"[ \t-\r]*([+-]?)0*([0-9]*)")  # atoi


@dataclass(frozen=True, slots=True)
class Field:
    """A number of the string: its name, its documented width in digits, its limit."""

    name: str
    width: int
    limit: int

    @property
    def expected(self) -> str:
        """What should stand in its place, in words."""
        star = " or *" if self.name == "function" else ""
        return f"a {self.name}, hexadecimal and up to {self.limit:x}{star}"


def read_number(text: str, at: int, place: Field, *, plain: bool) -> tuple[int, int] | PciRefusal:
    """Read a number at `at`, and say where it ends."""
    found = (_PLAIN if plain else _SCANNED).match(text, at)
    if found and not (plain and len(found[0]) > place.width):
        value = _wrapped(found[1], found[2])
        if value <= place.limit:
            return value, found.end()
    return PciRefusal(at, place.expected, silent=not plain)


def converted(token: str) -> int | None:
    """Convert a whole token, or give None; only 32 bits of it are held against the limit."""
    found = _CONVERTED.fullmatch(token)
    return _wrapped(found[1], found[2]) if found else None


def _wrapped(sign: str, digits: str) -> int:
    """Give the low 32 bits of what strtoul makes of it: 64 bits, all set if it is longer."""
    value = int(digits.lower().removeprefix("0x") or "0", 16)
    if value >= 1 << 64:
        value = -1
    elif sign == "-":
        value = -value
    return value & 0xFFFFFFFF


def truth(value: str) -> bool:
    """Tell whether atoi gives anything but 0: an int out of a long, which has its limits."""
    found = _DECIMAL.match(value)
    number = int(found[2][:20] or "0") if found else 0
    number = max(-number, -(1 << 63)) if found and found[1] == "-" else min(number, (1 << 63) - 1)
    return number & 0xFFFFFFFF != 0
