"""The parts of a libvirt domain that matter for passthrough, and its sizes."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from dmaragent.addresses import KIB, SBDF
from dmaragent.errors import DmaragentError
from dmaragent.guests import words
from dmaragent.guests.config import Complaint
from dmaragent.guests.xml_tree import Element

_UNIT = re.compile(r"(?:b|bytes?|([kmgtpe])(ib|b)?)", re.IGNORECASE)
_MOST = 1 << 63


class HostDevice(NamedTuple):
    """A PCI function of the host that is assigned to a domain."""

    sbdf: SBDF
    line: int
    text: str
    managed: bool
    no_strict_reset: bool
    driver: str
    iommufd: bool = False
    """Whether it uses iommufd."""
    unassigned: bool = False
    """Whether its own address is of type ``unassigned``."""


@dataclass(slots=True)
class Domain:
    """The parts of a domain that matter for passthrough. Sizes are in bytes."""

    element: Element
    source: str
    name: str = ""
    devices: list[HostDevice] = field(default_factory=list)
    unknown: list[Complaint] = field(default_factory=list)
    notes: list[Complaint] = field(default_factory=list)

    def place(self, element: Element | int) -> str:
        """Return ``FILE:LINE``."""
        return f"{self.source}:{element if isinstance(element, int) else element.line}"

    def text(self, *path: str) -> str:
        """Return the text of the element at `path`, or an empty text."""
        element = self.element.first(*path)
        return "" if element is None else element.text.strip()

    def fail(self, element: Element, why: str) -> DmaragentError:
        """Return the error for what libvirt does not accept."""
        message = words.domain_refused(self.place(element), why)
        return DmaragentError(message, words.GIVE_LIBVIRT_XML, self.source)


def initial_memory(domain: Domain) -> tuple[int | None, bool]:
    """Return the RAM at start in bytes, and whether there are memory devices above it.

    When libvirt defines or creates a domain, the NUMA cells decide if there are any. Otherwise
    ``<memory>`` does, and includes the memory devices.
    """
    devices = [*domain.element.all("devices", "memory")]
    total = domain.element.first("memory")
    more = bool(devices) or domain.element.first("maxMemory") is not None
    in_cells = sum(cell_sizes(domain))
    if in_cells or total is None or not size_of(domain, total):
        return in_cells or None, more
    memory = size_of(domain, total) - sum(memory_device_sizes(domain))
    if memory < 0:
        raise domain.fail(total, words.DEVICES_EXCEED_MEMORY)
    return memory or None, more


def cell_sizes(domain: Domain) -> tuple[int, ...]:
    """Return the size of each NUMA cell in bytes."""
    cells = domain.element.all("cpu", "numa", "cell")
    return tuple(
        _size_in_bytes(domain, cell, cell.get("memory"), cell.get("unit")) for cell in cells
    )


def memory_device_sizes(domain: Domain) -> list[int]:
    """Return the size of each memory device in bytes."""
    devices = domain.element.all("devices", "memory")
    sizes = (device.first("target", "size") for device in devices)
    return [0 if size is None else size_of(domain, size) for size in sizes]


def size_of(domain: Domain, element: Element) -> int:
    """Return the size in `element` in bytes, rounded up to KiB as libvirt does."""
    return _size_in_bytes(domain, element, element.text, element.get("unit"))


def _size_in_bytes(domain: Domain, element: Element, text: str, unit: str) -> int:
    number = text.strip()
    match = _UNIT.fullmatch(unit or "KiB")
    if not number.isdecimal() or not number.isascii() or len(number) > 20 or match is None:
        written = f"{number} {unit}".strip()
        raise domain.fail(element, words.no_size(written))
    letter, suffix = match.groups()
    power = 0 if letter is None else "kmgtpe".index(letter.lower()) + 1
    scale = int((1000 if (suffix or "").lower() == "b" else 1024) ** power)
    size = -(-int(number) * scale // KIB) * KIB
    if size >= _MOST:
        raise domain.fail(element, words.size_too_large(number, unit))
    return size
