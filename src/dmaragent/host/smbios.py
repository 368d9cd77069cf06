"""SMBIOS: the names of the machine and of its physical slots."""

from collections.abc import Mapping
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.parse import Problems, text
from dmaragent.readings import Missing, MissingKind, SystemReading


class Machine(NamedTuple):
    """The machine's names, as its firmware gives them; None: unknown."""

    vendor: str | None
    model: str | None
    board: str | None
    firmware: str | None
    """Vendor, version and date of the firmware."""


def join_machine(system: SystemReading) -> Machine:
    """Return the machine's names."""
    dmi = {name: _name(text(value)) for name, value in system.dmi}
    firmware = [dmi.get(name) for name in ("bios_vendor", "bios_version", "bios_date")]
    return Machine(
        vendor=dmi.get("sys_vendor"),
        model=dmi.get("product_name"),
        board=dmi.get("board_name"),
        firmware=" ".join(word for word in firmware if word) or None,
    )


def _name(content: str | None) -> str | None:
    """Return a name in one line: a copied file can have more."""
    return None if content is None else " ".join(filter(None, map(str.strip, content.split("\n"))))


def join_slots(system: SystemReading, problems: Problems) -> Mapping[tuple[int, int, int], str]:
    """Return the slot name by (segment, bus, device): the kernel's name, else the one in SMBIOS.

    The kernel's name comes from the hotplug and ACPI drivers.  SMBIOS (3.6, 7.10) has the name
    printed on the board, but not always an address, and some firmware has one address for several
    slots: these have no name.
    """
    printed: dict[tuple[int, int, int], set[str]] = {}
    if not isinstance(system.smbios_slots, Missing):
        for raw in system.smbios_slots:
            if not isinstance(raw, Missing):
                for place, name in _smbios_slot(raw).items():
                    printed.setdefault(place, set()).add(name)
    elif system.smbios_slots.kind is MissingKind.FAILED:
        problems.missing("the SMBIOS slots", system.smbios_slots)
    slots = {place: min(names) for place, names in printed.items() if len(names) == 1}
    if not isinstance(system.slots, Missing):
        for name, address in system.slots:
            bus = text(address)
            try:
                sbdf = SBDF.parse(f"{bus}.0")
            except ValueError:
                continue  # an empty slot has no address, or an address without a bus
            slots[sbdf.segment, sbdf.bus, sbdf.device] = name
    return slots


def _smbios_slot(raw: bytes) -> dict[tuple[int, int, int], str]:
    """Parse a type 9 structure: designation at 4, segment at 13, bus at 15, devfn at 16."""
    length = raw[1] if len(raw) > 1 else 0
    if length < 17 or len(raw) < length or raw[0] != 9:
        return {}
    segment, bus, devfn = int.from_bytes(raw[13:15], "little"), raw[15], raw[16]
    strings = raw[length:].split(b"\0")
    index = raw[4]
    if (segment, bus, devfn) == (0xFFFF, 0xFF, 0xFF) or not 0 < index <= len(strings):
        return {}
    name = strings[index - 1].decode("latin-1").strip()
    return {(segment, bus, devfn >> 3): name} if name else {}
