"""What tests of ``pci=`` share: the two parsers, devices as they are read, words of refusals."""

from dataclasses import dataclass
from typing import Any

from dmaragent.addresses import SBDF
from dmaragent.guests.pci_text import PciText

FUNCTION = "a function, hexadecimal and up to 7 or *"
ADDRESS = "an address like 36:00.0 or 0000:36:00.0"


@dataclass(frozen=True)
class Era:
    """Stands in for LibxluBehaviour."""

    pci_strictly: bool
    star_aborts: bool | None = None


NEW, OLD = Era(pci_strictly=True), Era(pci_strictly=False)


def at(segment: int, bus: int, device: int, function: int, **settings: Any) -> PciText:
    """Give a device by its address."""
    return PciText(sbdf=SBDF(segment, bus, device, function), name=None, **settings)


def device(**settings: Any) -> PciText:
    """Give 36:00.0, which is what most rows are about."""
    return at(0, 0x36, 0, 0, **settings)


def named(name: str, **settings: Any) -> PciText:
    """Give a device by its name."""
    return PciText(sbdf=None, name=name, **settings)
