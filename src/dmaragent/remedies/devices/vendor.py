"""The vendor's way: HPE servers leave a slot out of their regions; others have settings to look for.

HPE's advisory c04781229 and its conrep_rmrds.xml: a switch for each *physical slot*, not for
a PCI address, read by conrep of the scripting toolkit.
"""

import re

from dmaragent.host.firmware import Machine
from dmaragent.host.topology import PciFunction
from dmaragent.linux.vfio import IommuVendor
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.model import Safety, Step

_HPE = frozenset({"hp", "hpe", "hewlett-packard", "hewlett packard enterprise"})
_SLOT = re.compile(r"(?:.*\bslot[ _]*)?(\d{1,2})(?:-\d+)?", re.IGNORECASE)
_SETTINGS = {
    0x0C03: (
        "USB legacy support, XHCI hand-off",
        "the region is for keyboard and mouse before an operating system runs",
    ),
    0x03: (
        "the memory of internal graphics (DVMT), and which display is the primary one",
        "the region is the memory that internal graphics takes; a smaller one can be had, none not",
    ),
    0x02: (
        "network boot, and sharing the port with the management controller",
        "the region is for the option ROM, or for reports to the management controller",
    ),
    0x01: (
        "RAID mode and the option ROM of the controller",
        "the region is for booting from it, or for reports to the management controller",
    ),
    0x0780: ("Intel AMT and the Management Engine", "the region is the engine's"),
}


def is_hpe_server(machine: Machine) -> bool:
    """Tell by DMI whether it is an HPE ProLiant: HP's notebooks have no such switch."""
    vendor = (machine.vendor or "").strip().lower()
    return vendor in _HPE and (machine.model or "").strip().lower().startswith("proliant")


def slot_number(slot: str | None) -> int | None:
    """Give the number of a physical slot, of ``3``, ``3-1`` or ``PCI-E Slot 3``; None: no number."""
    found = _SLOT.fullmatch((slot or "").strip())
    return int(found[1]) or None if found else None


def vendor_step(device: DeviceContext, function: PciFunction) -> Step:
    """Give the firmware's way to take the regions away from `function`."""
    machine, known = device.inventory.host.machine, device.inventory.host.topology.known
    if device.vendor in (IommuVendor.AMD, IommuVendor.ARM):
        return _not_vtd(device.vendor)
    if is_hpe_server(machine):
        slots = any(one.slot is not None for one in known.values())
        return _conrep(machine, function, slots_known=slots)
    code = function.class_code
    keys = () if code is None else (code >> 8, code >> 16)
    setting, why = next(
        (_SETTINGS[key] for key in keys if key in _SETTINGS),
        ("legacy support, option ROM and management of the device", "no more is known of it"),
    )
    return Step(
        safety=Safety.FIRMWARE,
        side="",
        title="A firmware setting, or a firmware update",
        said=f"Look in the firmware setup for: {setting}. Probably {why}. What it is called, and "
        "whether it is there, differs from machine to machine and was not verified for this one. "
        "Afterwards `dmaragent inventory --device` shows whether the region is gone.",
    )


def _not_vtd(vendor: IommuVendor) -> Step:
    """Return the firmware's way on hosts without VT-d, which HPE's and Intel's settings are for."""
    what = {
        IommuVendor.AMD: "The region is an entry of the IVRS table (IVMD). Look in the firmware "
        "setup for 'Kernel DMA Protection' (on one B650 board a report says that changing it "
        "removed the region), for the device's option ROM and for RAID mode.",
        IommuVendor.ARM: "The region is an RMR node of the IORT table, or the device tree's. Look "
        "in the firmware setup for what boots from the device or displays on it.",
    }[vendor]
    return Step(
        safety=Safety.FIRMWARE,
        side="",
        title="A firmware setting, or a firmware update",
        said=f"{what} Which setting it is differs from machine to machine. Afterwards look at "
        "/sys/kernel/iommu_groups/*/reserved_regions again.",
    )


_NOT_COVERED = (
    "It does not cover embedded NICs and storage controllers, nor a MicroServer Gen8; and the "
    "management controller (iLO) no longer sees the slot: no temperatures, no health."
)


def _covered(machine: Machine) -> bool:
    """Tell whether conrep's switch is known for the model: Gen8 and Gen9, but the MicroServer."""
    model = (machine.model or "").lower()
    return any(one in model for one in ("gen8", "gen9")) and "microserver" not in model


def _conrep(machine: Machine, function: PciFunction, *, slots_known: bool) -> Step:
    """Give HPE's way: a switch of the slot that the card is in."""
    number = slot_number(function.slot)
    if not _covered(machine):
        return Step(
            safety=Safety.FIRMWARE,
            side="",
            title="HPE's setup, or a firmware update",
            said="HPE's switch for a slot (conrep, advisory c04781229) is known for ProLiant Gen8 "
            f"and Gen9 alone, not for this {machine.model}. Look in its setup for what shares "
            "memory with the management controller (iLO).",
        )
    if number is None and function.slot is None and slots_known:
        return Step(
            safety=Safety.FIRMWARE,
            side="",
            title="HPE's setup: it is in no slot",
            said=f"{function.sbdf} is in none of the slots that this host lists, so it is probably "
            "embedded. HPE's switch (conrep) is for slots and does not cover it; look in the setup "
            "whether it can be switched off or shared otherwise.",
        )
    if number is None:
        seen = "" if function.slot is None else f" ('{function.slot}' has no number)"
        return Step(
            safety=Safety.FIRMWARE,
            side="",
            title="HPE's switch for a slot, if it is in one",
            said=f"The physical slot of {function.sbdf} is not known{seen}. HPE's conrep leaves "
            "out slots by their number, never by PCI address: look for 'Physical Slot' in "
            f"`lspci -vv` or in iLO. {_NOT_COVERED}",
        )
    section = f"RMRDS_Slot{number}"
    return Step(
        safety=Safety.FIRMWARE,
        side="",
        title=f"HPE's switch for physical slot {number}",
        said=f"HPE ProLiant (Gen8 and Gen9): leave slot {number} out of the regions. The number is "
        "the physical slot's, not the bus's. conrep and conrep_rmrds.xml are in HPE's scripting "
        f"toolkit (advisory c04781229). {_NOT_COVERED} Reboot afterwards, and look again.",
        lines=(
            "printf '%s\\n' '<Conrep>' \\",
            f'\'<Section name="{section}" helptext=".">Endpoints_Excluded</Section>\' \\',
            "'</Conrep>' > exclude.dat",
            "conrep -l -x conrep_rmrds.xml -f exclude.dat",
            "conrep -s -x conrep_rmrds.xml -f verify.dat",
            f"grep {section} verify.dat",
        ),
        where="a root shell",
    )
