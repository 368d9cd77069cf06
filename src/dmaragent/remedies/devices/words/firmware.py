"""Fixes in the firmware setup."""

from dmaragent.addresses import SBDF

FIRMWARE_SETTING = "Change or update the firmware"
HPE_SETUP = "Change or update HPE's firmware"
HPE_NO_SLOT = "Change HPE's firmware setup"
HPE_SWITCH_IF_IN_SLOT = "Exclude its physical slot in the firmware (HPE conrep), if it is in one"
UNVERIFIED_COST = "reboot; not verified on this machine"
HPE_SLOT_COST = "reboot; iLO loses the slot's temperature and health data"
VMD_OFF_COST = "reboot; RAID sets made by VMD are lost to the host"
LEGACY_SUPPORT = (
    "legacy support, option ROM and management of the device",
    "The purpose of the region is unknown",
)
"""The settings to look for, and why, for classes that are not in the table below."""
SETTINGS_BY_CLASS = {
    0x0C03: (
        "USB legacy support, XHCI hand-off",
        "The region is probably for keyboard and mouse until an operating system runs",
    ),
    0x03: (
        "the memory of internal graphics (DVMT), and the choice of the primary display",
        "The region is probably the memory of internal graphics: it can shrink but not go away",
    ),
    0x02: (
        "network boot, and sharing the port with the management controller",
        "The region is probably for the option ROM, or for reports to the management controller",
    ),
    0x01: (
        "RAID mode and the option ROM of the controller",
        "The region is probably for booting from it, or for reports to the management controller",
    ),
    0x0780: (
        "Intel AMT and the Management Engine",
        "The region probably belongs to the Management Engine",
    ),
}
"""The settings to look for and why, by the class code's upper 8 or 16 bits."""
AMD_SETTING = (
    "The region is an entry of the IVRS table (IVMD). In the firmware setup, look for 'Kernel DMA "
    "Protection', for the option ROM of the device and for RAID mode. On one B650 board, "
    "changing 'Kernel DMA Protection' is reported to have removed the region."
)
ARM_SETTING = (
    "The region is an RMR node of the IORT table, or comes from the device tree. In the firmware "
    "setup, look for settings that boot from the device or use it as a display."
)
SWITCH_VMD_OFF = "Disable VMD in the firmware setup"
SWITCH_VMD_OFF_EFFECT = (
    "Warning: RAID sets made by VMD (RST, VROC) are lost to the host. Look for VMD or RST in the "
    "firmware setup. The devices behind VMD then appear on segment 0, each with its own remapping "
    "unit and group. Afterwards, run dmaragent explain for its new address."
)
_NOT_COVERED = (
    "This does not cover embedded NICs and storage controllers, nor a MicroServer Gen8. The "
    "management controller (iLO) then no longer reports the slot's temperature and health."
)


def look_for_setting(setting: str, why: str) -> str:
    """Return the settings to look for if no fix of the machine's vendor is known."""
    return (
        f"In the firmware setup, look for: {setting}. {why}. The name of the setting differs by "
        "machine, and this machine may not have it (not verified). Afterwards, "
        "`dmaragent inventory --device` shows whether the region is gone."
    )


def look_for_setting_without_vtd(where: str) -> str:
    """Return the settings to look for without VT-d: AMD_SETTING or ARM_SETTING."""
    return (
        f"{where} The setting differs by machine. Afterwards, check "
        "/sys/kernel/iommu_groups/*/reserved_regions again."
    )


def hpe_switch_unknown_for(model: str | None) -> str:
    """Return that HPE does not document the switch for `model`."""
    return (
        "HPE documents its per-slot setting (conrep, advisory c04781229) for ProLiant Gen8 "
        f"and Gen9 only, not for this {model}. In the firmware setup, look for devices that share "
        "memory with the management controller (iLO)."
    )


def hpe_switch_not_for_embedded(sbdf: SBDF) -> str:
    """Return that HPE's switch does not cover `sbdf`, which is in no slot."""
    return (
        f"{sbdf} is in none of the slots that this host lists, so it is probably embedded. "
        "HPE's per-slot setting (conrep) does not cover it. In the firmware setup, check whether "
        "it can be disabled or shared differently."
    )


def hpe_slot_unknown(sbdf: SBDF, slot: str | None) -> str:
    """Return how to find the number of the physical slot; `slot` is a name without a number."""
    seen = "" if slot is None else f" ('{slot}' has no number)"
    return (
        f"The physical slot of {sbdf} is unknown{seen}. HPE's conrep excludes slots by their "
        "number, never by PCI address. Find the number under 'Physical Slot' in `lspci -vv`, or "
        f"in iLO. {_NOT_COVERED}"
    )


def hpe_switch(slot: int) -> str:
    """Return the title of HPE's switch for a slot."""
    return f"Exclude physical slot {slot} in the firmware (HPE conrep)"


def hpe_leave_slot_out(slot: int) -> str:
    """Return the effect of HPE's switch for a slot, and what it does not cover."""
    return (
        f"This removes slot {slot} from the regions on HPE ProLiant Gen8 and Gen9. The number is "
        "that of the physical slot, not of the bus. conrep and conrep_rmrds.xml are in HPE's "
        f"scripting toolkit (advisory c04781229). {_NOT_COVERED} Reboot, then run dmaragent "
        "explain again."
    )


def pass_vmd_endpoint(endpoint: SBDF) -> str:
    """Return the title of passing a VMD endpoint through with everything behind it."""
    return f"Pass the whole VMD endpoint {endpoint} through, or see 2"


def vmd_endpoint_loss(count: int) -> str:
    """Return the warning for a VMD endpoint with `count` functions behind it."""
    return (
        f"Warning: the host loses all {count} functions behind the endpoint, with every disk "
        "there. Stop here if the host boots from one of them. The guest needs a driver for VMD."
    )


def vmd_endpoint_cost(count: int) -> str:
    """Return the same in a few words."""
    return (
        f"the host loses {count} functions and their disks (not possible if it boots from one); "
        "the guest needs a VMD driver"
    )
