"""A domain of libvirt: what its XML holds that matters for passthrough, and the sizes in it."""

import re
from dataclasses import dataclass, field

from dmaragent.addresses import SBDF
from dmaragent.errors import DmaragentError, excerpt
from dmaragent.guests.config import Complaint
from dmaragent.guests.xml_tree import Element

_UNIT = re.compile(r"(?:b|bytes?|([kmgtpe])(ib|b)?)", re.IGNORECASE)
_KIB = 1 << 10
_MOST = 1 << 63
GIVE = "give what `virsh dumpxml NAME` prints"
"""What to do about a document that is not a sound domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDevice:
    """A PCI function of the host that a domain is given."""

    sbdf: SBDF
    line: int
    text: str
    managed: bool
    no_strict_reset: bool
    driver: str


@dataclass(slots=True)
class Domain:
    """What a domain holds that matters for passthrough.  Sizes are in bytes."""

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
        """Return the text of the element at `path`, or nothing."""
        found = self.element.first(*path)
        return "" if found is None else found.text.strip()

    def fail(self, element: Element, why: str) -> DmaragentError:
        """Return the error for what libvirt does not accept."""
        said = f"{self.place(element)}: {why}: libvirt refuses this domain"
        return DmaragentError(said, GIVE, self.source)


def initial_memory(domain: Domain) -> tuple[int | None, bool]:
    """Return the RAM at start in bytes, and whether memory devices lie above it.

    ``<memory>`` counts the memory devices too; NUMA cells stand in for it if it is missing.
    """
    devices = [*domain.element.all("devices", "memory")]
    plugged = 0
    for one in devices:
        size = one.first("target", "size")
        plugged += 0 if size is None else size_of(domain, size)
    total = domain.element.first("memory")
    more = bool(devices) or domain.element.first("maxMemory") is not None
    if total is not None and size_of(domain, total):
        return max(0, size_of(domain, total) - plugged), more
    cells = [*domain.element.all("cpu", "numa", "cell")]
    sizes = [_scaled(domain, one, one.get("memory"), one.get("unit")) for one in cells]
    return (sum(sizes) if sizes else None), more


def size_of(domain: Domain, element: Element) -> int:
    """Return the size that `element` holds, in bytes, rounded up to KiB as libvirt does."""
    return _scaled(domain, element, element.text, element.get("unit"))


def _scaled(domain: Domain, element: Element, text: str, unit: str) -> int:
    number = text.strip()
    match = _UNIT.fullmatch(unit or "KiB")
    if not number.isdecimal() or not number.isascii() or len(number) > 20 or match is None:
        written = f"{number} {unit}".strip()
        raise domain.fail(element, f"'{excerpt(written)}' is not a size")
    letter, suffix = match.groups()
    power = 0 if letter is None else "kmgtpe".index(letter.lower()) + 1
    scale = int((1000 if (suffix or "").lower() == "b" else 1024) ** power)
    size = -(-int(number) * scale // _KIB) * _KIB
    if size >= _MOST:
        raise domain.fail(element, f"{number} {unit} is more than 64 bits can hold")
    return size
