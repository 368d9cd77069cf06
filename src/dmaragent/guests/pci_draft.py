"""What all readers of an entry of ``pci=[...]`` share: its numbers, pairs and the settings so far."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dmaragent.addresses import SBDF
from dmaragent.guests.pci_text import PciText, PolicyWord

FLAGS = ("msitranslate", "power_mgmt", "permissive", "seize")
KEYS = ("bdf", "vslot", "name", "rdm_policy", *FLAGS)
ADDRESS = "an address like 36:00.0 or 0000:36:00.0"
NAME = re.compile(r"[^\s,\0]+")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the string: its name, its documented width in digits, its limit."""

    name: str
    width: int
    limit: int

    @property
    def expected(self) -> str:
        """What is expected in its place, in words."""
        star = " or *" if self.name == "function" else ""
        return f"a {self.name}, hexadecimal and up to {self.limit:x}{star}"


SEGMENT, BUS = Number("segment", 4, 0xFFFF), Number("bus", 2, 0xFF)
DEVICE, FUNCTION = Number("device", 2, 0x1F), Number("function", 1, 7)
SLOT = Number("slot", 2, 0xFF)  # the manual's own example is 20


@dataclass(frozen=True, slots=True)
class Address:
    """The device's address, and its end in the string."""

    sbdf: SBDF
    all_functions: bool
    end: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One ``key=value``, and the positions of its parts."""

    key_at: int
    key: str
    value_at: int
    value: str
    end: int


@dataclass(slots=True)
class Draft:
    """The settings read so far."""

    address: Address | None = None
    name: str | None = None
    vslot: int = 0
    policy: PolicyWord | None = None
    flags: dict[str, bool] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)

    def finish(self) -> PciText:
        """Return the settings of the whole string."""
        return PciText(
            sbdf=self.address.sbdf if self.address else None,
            name=self.name,
            all_functions=self.address is not None and self.address.all_functions,
            vslot=self.vslot,
            policy=self.policy,
            ignored=tuple(self.ignored),
            **self.flags,
        )


def pairs(text: str, at: int) -> Iterator[Pair]:
    """Yield the pairs of `text` from `at` on; a part without ``=`` is a pair without a value."""
    while at < len(text):
        equals = text.find("=", at)
        if equals < 0:
            yield Pair(at, text[at:], -1, "", len(text))
            return
        comma = text.find(",", equals)
        end = len(text) if comma < 0 else comma
        yield Pair(at, text[at:equals], equals + 1, text[equals + 1 : end], end)
        at = end + 1


def uint32(sign: str, digits: str) -> int:
    """Return the low 32 bits of strtoul's result, which has 64 bits, all set on overflow."""
    value = int(digits.lower().removeprefix("0x") or "0", 16)
    if value >= 1 << 64:
        value = -1
    elif sign == "-":
        value = -value
    return value & 0xFFFFFFFF


_DECIMAL = re.compile(r"[ \t-\r]*([+-]?)0*([0-9]*)")  # atoi


def is_true(value: str) -> bool:
    """Return whether atoi returns anything but 0: an int from a long, with its limits."""
    match = _DECIMAL.match(value)
    number = int(match[2][:20] or "0") if match else 0
    number = max(-number, -(1 << 63)) if match and match[1] == "-" else min(number, (1 << 63) - 1)
    return number & 0xFFFFFFFF != 0
