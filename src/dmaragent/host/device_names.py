"""Parse the spellings that other programs use for a PCI function.

Pure.  Hexadecimal:

* lspci, xl, QEMU: 0000:0a:00.0
* libvirt: pci_0000_0a_00_0, and the attributes of its XML
* Qubes: dom0:0a_00.0
* lshw: pci@0000:0a:00.0
* devlink and DPDK: pci/… and pci:…
* Proxmox: 0000:0a:00 for all functions
* xenstore: 0000-0a-00-0
* paths in sysfs

Decimal: Xorg (PCI:10:0:0), FreeBSD (pci0:10:0:0), Windows ("PCI bus 10, device 0, function 0").
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host import words

_MOST = 256
_PREFIX = r"(?:pci[@_/:-]|dom0:|(?:pci-stub|vfio-pci),host=|host=|hostpci[0-9]{1,2}:\s*|bdf=)"
_NUMBER = r"(?:0x)?([0-9a-f]{1,8})"
_PARTS = rf"{_NUMBER}([:_.-]){_NUMBER}(?:([:_.-]){_NUMBER})?(?:([:_.-]){_NUMBER})?([.:_-]?)\*?"
_ATTRIBUTE = r"\b(domain|bus|slot|function)\s*=\s*['\"]?(0x[0-9a-f]{1,8}|[0-9]{1,10})\b"
_XORG = r"pci:([0-9]{1,3})(?:@([0-9]{1,5}))?:([0-9]{1,2})(?::([0-9]))?"
_FREEBSD = r"(?:[a-z0-9_]+@)?pci([0-9]{1,5}):([0-9]{1,3}):([0-9]{1,2}):([0-9])"
_WINDOWS = r"(?:pci )?bus ([0-9]{1,3}), device ([0-9]{1,2})(?:, function ([0-9]))?"
_VMWARE = r"[0-9]{3,5}:[0-9]{3}:[0-9]{2}\.[0-7]"


class DeviceName(NamedTuple):
    """A PCI function as the user wrote it."""

    text: str
    segment: int
    bus: int
    device: int
    function: int | None
    """None if the text leaves it out."""
    decimal: str = ""
    """The program whose decimal notation was used, or empty."""

    @property
    def sbdf(self) -> SBDF | None:
        """Its address, or None without a function."""
        if self.function is None:
            return None
        return SBDF(self.segment, self.bus, self.device, self.function)

    @property
    def place(self) -> str:
        """The address without the function."""
        return f"{self.segment:04x}:{self.bus:02x}:{self.device:02x}"

    def functions_among(self, functions: Iterable[SBDF]) -> tuple[SBDF, ...]:
        """Return those of `functions` that the text can mean, by address."""
        return tuple(
            sbdf
            for sbdf in sorted(functions)
            if (sbdf.segment, sbdf.bus, sbdf.device) == (self.segment, self.bus, self.device)
            and self.function in (None, sbdf.function)
        )


_LISTED = re.compile(
    r"((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[01][0-9a-f]\.[0-7])\s+(?!.*:[01][0-9a-f]\.[0-7])[0-9a-z]"
)
"""A line of lspci: the address and the description."""


def parse_device_name(text: str) -> DeviceName:
    """Parse `text` in any of the spellings above.

    Raises:
        ValueError: the text has another form, is ambiguous, or has a number out of range.

    """
    if len(text) > _MOST:
        raise ValueError(words.address_too_long(text[:40]))
    bare = text.strip(" \t\r\n'\"[](),;:").lower()
    listed = _LISTED.match(bare)
    bare = listed[1] if listed else bare
    name = (
        _decimal_name(text, bare) or _attributes_name(text, bare) or _hexadecimal_name(text, bare)
    )
    if name is None:
        raise ValueError(words.not_an_address(text))
    SBDF(name.segment, name.bus, name.device, name.function or 0)  # raises if out of range
    return name


def _decimal_name(text: str, bare: str) -> DeviceName | None:
    """Read what Xorg, FreeBSD and Windows write; refuse what VMware writes."""
    if match := re.fullmatch(_XORG, bare):
        bus, domain, device, function = match.groups()
        return _name(text, (domain or "0", bus, device, function), 10, "Xorg")
    if match := re.fullmatch(_FREEBSD, bare):
        return _name(text, match.groups(), 10, "FreeBSD")
    if match := re.fullmatch(_WINDOWS, bare):
        return _name(text, ("0", *match.groups()), 10, "Windows")
    if re.fullmatch(_VMWARE, bare):
        raise ValueError(words.decimal_address(text))
    return None


def _attributes_name(text: str, bare: str) -> DeviceName | None:
    """Read the attributes of libvirt's <address> element, decimal or with 0x."""
    if "bus" not in bare or "=" not in bare:
        return None
    pairs = re.findall(_ATTRIBUTE, bare)
    numbers = {name: int(value, 0 if value[:2] == "0x" else 10) for name, value in pairs}
    if len(numbers) < len(pairs):
        raise ValueError(words.two_addresses(text))  # a <hostdev> has that of the guest too
    if "bus" not in numbers or "slot" not in numbers:
        return None
    return DeviceName(
        text, numbers.get("domain", 0), numbers["bus"], numbers["slot"], numbers.get("function")
    )


def _hexadecimal_name(text: str, bare: str) -> DeviceName | None:
    """Read numbers with separators between them, after a known prefix or the path of sysfs."""
    if "/" in bare and not bare.startswith("pci/"):
        bare = bare.rstrip("/").rpartition("/")[2]
    bare = bare.partition(",")[0] if "host=" not in bare else bare.rpartition("host=")[2]
    if bare.startswith("pci:") and "." not in bare:
        return None  # neither Xorg's notation nor DPDK's
    bare = re.sub(_PREFIX, "", bare, count=1) if re.match(_PREFIX, bare) else bare
    match = re.fullmatch(_PARTS, bare.partition(",")[0])
    if match is None:
        return None
    numbers = [number for number in match.group(1, 3, 5, 7) if number is not None]
    marks = [mark for mark in match.group(2, 4, 6) if mark is not None]
    open_end = match[8] != "" or bare.endswith("*")
    if len(numbers) == 4:
        return None if open_end else _name(text, numbers, 16)
    if len(numbers) == 3:
        return _three_numbers(text, numbers, marks, open_end=open_end)
    if marks[0] == ".":
        return None  # 1d.0: a device and its function, on no bus
    if marks[0] == ":" and [len(number) for number in numbers] == [4, 4]:
        raise ValueError(words.vendor_and_device(text, bare[:9]))
    return _name(text, ("0", *numbers, None), 16)


def _three_numbers(
    text: str, numbers: list[str], marks: list[str], *, open_end: bool
) -> DeviceName | None:
    """Read three numbers: bus, device, function, or segment, bus, device."""
    first, _, last = numbers
    if marks[1] == "." and marks[0] != "." and not open_end:
        return _name(text, ("0", *numbers), 16)
    if len(first) > 2 or open_end:
        return _name(text, (*numbers, None), 16)
    if marks[1] == "." or marks in (["_", "_"], ["-", "-"]):
        return _name(text, ("0", *numbers), 16)
    if len(last) > 1:
        raise ValueError(words.address_incomplete(text))
    if all(number.isdecimal() for number in numbers) and any(int(part) > 9 for part in numbers):
        raise ValueError(words.maybe_decimal_address(text))
    return _name(text, ("0", *numbers), 16)


def _name(text: str, numbers: Iterable[str | None], base: int, decimal: str = "") -> DeviceName:
    segment, bus, device, function = (
        None if number is None else int(number, base) for number in numbers
    )
    return DeviceName(text, segment or 0, bus or 0, device or 0, function, decimal)
