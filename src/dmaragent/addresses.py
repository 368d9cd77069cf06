"""The address of a PCI function and a range of memory."""

import re
from dataclasses import dataclass
from typing import Self

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
FOUR_GIB = 4 * GIB
PAGE = 4096
"""The bytes of a page; Xen counts reserved device memory in pages."""
MAX_FIRMWARE_SEGMENT = 0xFFFF
"""The highest segment that firmware tables, PCI Express and Xen's hypercalls can address."""
_SBDF = re.compile(
    r"(?:(?P<segment>[0-9a-f]{1,8}):)?(?P<bus>[0-9a-f]{1,2}):"
    r"(?P<device>[0-9a-f]{1,2})\.(?P<function>[0-7])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class SBDF:
    """The address of a PCI function: segment, bus, device, function.

    ``str()`` returns ``dddd:bb:dd.f``. A segment can have more than four digits: Linux numbers the
    buses behind Intel VMD from 0x10000 (drivers/pci/controller/vmd.c).
    """

    segment: int
    bus: int
    device: int
    function: int

    def __post_init__(self) -> None:
        if (
            0 <= self.segment <= 0xFFFFFFFF
            and 0 <= self.bus <= 0xFF
            and 0 <= self.device <= 0x1F
            and 0 <= self.function <= 7
        ):
            return
        limits = {"segment": 0xFFFFFFFF, "bus": 0xFF, "device": 0x1F, "function": 7}
        for name, limit in limits.items():
            if not 0 <= getattr(self, name) <= limit:
                raise ValueError(
                    f"{name} {getattr(self, name):#x} is out of range (0 to {limit:#x})"
                )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``dddd:bb:dd.f`` or ``bb:dd.f`` (segment 0), in hexadecimal.

        Raises:
            ValueError: `text` is not such an address, or a number is out of range.

        """
        found = _SBDF.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a PCI address like 0000:00:1d.0 or 00:1d.0")
        segment, bus, device, function = found.groups(default="0")
        return cls(int(segment, 16), int(bus, 16), int(device, 16), int(function, 16))

    @property
    def beyond_xen(self) -> bool:
        """Whether Xen cannot address it: its hypercalls have 16 bits for a segment."""
        return self.segment > MAX_FIRMWARE_SEGMENT

    def __str__(self) -> str:
        return f"{self.segment:04x}:{self.bus:02x}:{self.device:02x}.{self.function:x}"


@dataclass(frozen=True, slots=True, order=True)
class AddressRange:
    """A half-open range of physical addresses in bytes: it includes `start` and excludes `end`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a range cannot run from {self.start:#x} to {self.end:#x}")

    @classmethod
    def from_inclusive(cls, base: int, limit: int) -> Self:
        """Return the range from `base` to its last byte, `limit`, as firmware tables state it.

        Raises:
            ValueError: `limit` is below `base`.

        """
        if limit < base:
            raise ValueError(f"the limit {limit:#x} is below the base {base:#x}")
        return cls(base, limit + 1)

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return self.end - self.start

    def overlaps(self, other: "AddressRange") -> bool:
        """Return whether the two ranges share a byte."""
        return max(self.start, other.start) < min(self.end, other.end)


def span(addresses: AddressRange) -> str:
    """Return a range in words, with its last byte."""
    if not addresses.size:
        return f"{addresses.start:#x} (no pages)"
    return f"{addresses.start:#x}-{addresses.end - 1:#x}"
