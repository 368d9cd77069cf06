"""SMBIOS: the names of the machine and of its physical slots."""

from collections.abc import Mapping
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.parse import Problems, text
from dmaragent.readings import Missing, MissingKind, SystemReading


class Machine(NamedTuple):
    """What machine this is, in its firmware's words; None: not known."""

    vendor: str | None
    model: str | None
    board: str | None
    firmware: str | None
    """Vendor, version and date of the firmware."""


def join_machine(system: SystemReading) -> Machine:
    """Make the machine's names."""
    dmi = {name: text(value) for name, value in system.dmi}
    firmware = [dmi.get(name) for name in ("bios_vendor", "bios_version", "bios_date")]
    return Machine(
        vendor=dmi.get("sys_vendor"),
        model=dmi.get("product_name"),
        board=dmi.get("board_name"),
        firmware=" ".join(word for word in firmware if word) or None,
    )


def join_slots(system: SystemReading, problems: Problems) -> Mapping[tuple[int, int, int], str]:
    """Name the slot of each (segment, bus, device): the kernel's name, else SMBIOS' own.

    The kernel's comes from the hotplug and ACPI drivers; SMBIOS 3.6, 7.10, has what is
    printed on the board, where it gives an address.
    """
    slots: dict[tuple[int, int, int], str] = {}
    if not isinstance(system.smbios_slots, Missing):
        for raw in system.smbios_slots:
            if not isinstance(raw, Missing):
                slots |= _smbios_slot(raw)
    elif system.smbios_slots.kind is MissingKind.FAILED:
        problems.missing("the SMBIOS slots", system.smbios_slots)
    if not isinstance(system.slots, Missing):
        for name, address in system.slots:
            place = text(address)
            try:
                sbdf = SBDF.parse(f"{place}.0")
            except ValueError:
                continue  # a slot without a device has no address, or one without a bus
            slots[sbdf.segment, sbdf.bus, sbdf.device] = name
    return slots


def _smbios_slot(raw: bytes) -> dict[tuple[int, int, int], str]:
    """Read a type 9 structure: designation at 4, segment at 13, bus at 15, devfn at 16."""
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
