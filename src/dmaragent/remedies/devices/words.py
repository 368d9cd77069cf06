"""Sentences of the fixes for devices: title, effect, cost and risk.

A constant ending in ``_IN_SHORT`` or a function ending in ``_in_short`` is for the one-line list
of fixes.
"""

from collections.abc import Sequence

from dmaragent.addresses import SBDF
from dmaragent.inventory import Region
from dmaragent.linux.options import RELAX_RMRR
from dmaragent.passthrough.words import device_list, region_list, region_numbers

# Places for lines -----------------------------------------------------------------------

ROOT_SHELL = "a root shell"
DOM0_SHELL = "a root shell in dom0"
GUEST_FILE = "the guest's xl.cfg"
KERNEL_COMMAND_LINE = "the kernel's command line"

# What the host or dom0 loses ------------------------------------------------------------


def driver_unknown(owner: str) -> str:
    """Return what `owner` loses if the driver of the device is unknown."""
    return f"{owner} loses the device, whose driver is unknown"


def no_driver(owner: str) -> str:
    """Return that no driver of `owner` has the device."""
    return f"{owner} does not use the device"


def held_already(driver: str, owner: str) -> str:
    """Return that `driver`, which only reserves devices for guests, has the device."""
    return f"{owner} loses nothing: {driver} already has the device"


def taken_from(driver: str, owner: str, *, disks: bool) -> str:
    """Return what `owner` loses when the device is taken from its `driver`."""
    lost = "the disks" if disks else "the device"
    return f"{owner} loses {lost} (driver {driver})"


def disks_warning(owner: str) -> str:
    """Return the warning before a storage controller is taken from `owner`."""
    return f"Warning: {owner} loses every disk behind it. Stop here if {owner} boots from one."


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


# Xen ------------------------------------------------------------------------------------

MAKE_ASSIGNABLE = "Make it assignable"
GIVE_IT = "Pass it through"
GIVE_WITHOUT_REGION = "Pass it through without its region"
KEEP_RAM_OUT = "Keep guest RAM out of the region"
RELAX_DEVICE = "Relax the policy of this device"
NOTHING_ELSE = "Nothing else is needed."
NO_COST = "no cost"
RELAX_COST = "guest, device and firmware share memory"


def make_assignable(loss: str, warning: str) -> str:
    """Return the effect of xl pci-assignable-add; `loss`: what dom0 loses."""
    before = f"{warning} " if warning else ""
    return (
        f"{before}{_sentence(loss)} The device then belongs to the driver pciback. Xen moves the "
        "device to its quarantine (domain 32753), which is always relaxed. A warning that names "
        "d[IO] or Dom32753 is about the quarantine, not about a guest."
    )


def goes_without(regions: Sequence[Region]) -> str:
    """Return the effect if only Linux applies a region to the device, and Xen does not."""
    return (
        f"The guest does not map {region_list(regions)}. DMA of the device or its firmware there "
        "fails, so this works only if the device does not need the region."
    )


def goes_without_in_short(regions: Sequence[Region]) -> str:
    """Return the same in a few words."""
    return f"DMA to {region_numbers(regions)} fails"


def keep_ram_out(effect: str) -> str:
    """Return the effect of moving guest RAM; `effect`: see the remedies for guests."""
    return (
        f"{effect}. With this setting a guest with 4096 MiB starts with the strict policy. "
        "Run `dmaragent resolve` to get the value for your guest."
    )


def keep_ram_out_in_short(settings: Sequence[str]) -> str:
    """Return the settings that keep RAM out."""
    return ", ".join(text.replace(" = ", "=") for text in settings)


KEEP_RAM_OUT_COST = "for 4096 MiB; dmaragent resolve computes yours"


def relax_device(*, ram_moved: bool, unmovable: Sequence[Region], sharers: tuple[SBDF, ...]) -> str:
    """Return the effect and the risk of the policy relaxed.

    `ram_moved`: a second line moves RAM.  `unmovable`: regions that no setting moves RAM out of.
    """
    sentences = [
        "Xen assigns the device anyway.",
        "Risk: device, firmware and guest can use the same memory by DMA.",
        "If guest RAM overlaps the region, firmware DMA overwrites it.",
    ]
    if ram_moved:
        which = "the other regions" if unmovable else "the regions"
        sentences.append(f"With rdm_mem_boundary, libxl moves guest RAM out of {which}.")
    if unmovable:
        low = region_list(unmovable)
        sentences.append(f"No setting moves RAM out of regions below 1 MiB: {low}.")
    if sharers:
        sentences.append(
            f"{device_list(sharers)} can use the same memory. Assign these devices to the same "
            "guest only, and only those that the host does not need."
        )
    return " ".join(sentences)


def relax_device_in_short(settings: Sequence[str]) -> str:
    """Return the change with the `settings` that move RAM."""
    return ", ".join(["rdm_policy=relaxed", *(text.replace(" = ", "=") for text in settings)])


def relax_cost(unmovable: Sequence[Region]) -> str:
    """Return the risk of the policy relaxed in a few words."""
    if not unmovable:
        return RELAX_COST
    stays = "stays" if len(unmovable) == 1 else "stay"
    return f"{region_numbers(unmovable)} {stays} in guest RAM: firmware DMA can overwrite it"


# Linux ----------------------------------------------------------------------------------

SWITCH_IOMMU_ON = "Enable the IOMMU"
SWITCH_AMD_IOMMU_ON = (
    "Linux uses an AMD IOMMU without any option. Enable it in the firmware setup "
    "(IOMMU, AMD-Vi or SVM). If it is enabled there, look for 'AMD-Vi:' in the boot log."
)
CLEAR_OPT_OUT = (
    "No kernel option helps: since Linux 7.3 the flag REMAP_OPT_OUT of the firmware's table wins. "
    "Look for VT-d, DMA remapping or DMA protection in the firmware setup, or update the firmware."
)
SWITCH_SMMU_ON = (
    "Linux uses an SMMU without any option, if the firmware describes it (IORT table or "
    "device tree) and the kernel has its driver. Look for 'arm-smmu' in the boot log."
)
BIND = "Bind it to vfio-pci"
BIND_WITH_GROUP = "Bind it and the rest of its IOMMU group to vfio-pci"
BIND_REST_OF_GROUP = "Bind the rest of its IOMMU group to vfio-pci"
EXPLAIN_LOCKED_MATES = "Explain the device that blocks its group"
GIVE_TO_GUEST = "Add it to the guest."
GROUP_BOUND_TOO = (
    "The rest of its IOMMU group is bound too, or has no host driver. Add it to the guest."
)
RELAX_OPTION = f"Boot a Proxmox kernel with {RELAX_RMRR}"
RELAX_OPTION_COST = "memory corruption or host hang possible"
REBOOT_COST = "reboot"


def iommu_on_without_effect(option: str) -> str:
    """Return the fix if the command line already has `option`, which switches the IOMMU on."""
    return (
        f"The command line has {option}, but this kernel does not use the IOMMU. VT-d is off in "
        "the firmware setup, or the kernel rejects the table. `dmaragent check` shows why."
    )


def switch_vtd_on(*, options_known: bool) -> str:
    """Return the fix if no option switches VT-d on, or the command line is unknown."""
    default = (
        "Without the option, the kernel uses its own default (CONFIG_INTEL_IOMMU_DEFAULT_ON). "
        "If the option does not help, "
        if options_known
        else "If the option is set, "
    )
    return (
        f"This kernel does not use the IOMMU. {default}VT-d is off in the firmware setup, or "
        "the kernel rejects the table. `dmaragent check` shows why."
    )


def change_off_option(option: str, replacement: str) -> str:
    """Return the title of changing `option`, which switches the IOMMU off."""
    what = f"Replace {option}" if replacement else f"Remove {option}"
    return f"{what} on the kernel's command line"


def option_switches_off(option: str, replacement: str, earlier: str) -> str:
    """Return what to write instead of `option`; `earlier`: an option that it cancels."""
    beside = f" It cancels {earlier} before it." if earlier else ""
    if replacement:
        what = f"Write {replacement} instead. The last of several such options counts."
    elif option.startswith("iommu="):
        what = "On Intel, also add intel_iommu=on unless the kernel's default is on."
    else:
        what = "Linux uses this IOMMU without any option."
    return f"This option disables the IOMMU.{beside} {what}"


def bound_already(driver: str) -> str:
    """Return the title if `driver`, one of VFIO, has the device and its group is ready."""
    return f"Bound to {driver}: nothing to do"


def bind_rest_of_group(driver: str, mates: tuple[SBDF, ...]) -> str:
    """Return what else to bind if `driver`, one of VFIO, has only this device of the group."""
    return (
        f"The device is bound to {driver}. Other devices of its group are not: "
        f"{device_list(mates)}. The host loses them."
    )


def bind_to_vfio(loss: str, mates: tuple[SBDF, ...], warning: str) -> str:
    """Return the effect of binding to vfio-pci; `loss`: what the host loses."""
    before = f"{warning} " if warning else ""
    rest = (
        f" The rest of its IOMMU group must be bound too, and the host loses it: "
        f"{device_list(mates)}."
        if mates
        else ""
    )
    return f"{before}{_sentence(loss)} The device then belongs to the driver vfio-pci.{rest}"


def bind_cost(loss: str, mates: tuple[SBDF, ...]) -> str:
    """Return the cost of binding in a few words; without `loss`, only that of `mates`."""
    rest = f"the host loses {device_list(mates, 3)}" if mates else ""
    return "; ".join(part for part in (loss, rest) if part)


def explain_locked_mates(mates: tuple[SBDF, ...]) -> str:
    """Return that devices of the group are locked, and the fix."""
    return (
        f"A region blocks {device_list(mates)} in the same IOMMU group. A firmware setting that "
        "removes that region also helps this device. In another slot, the device may be in "
        "another group."
    )


def relax_every_region(*, has_option: bool | None, release_known: bool) -> str:
    """Return the effect and the risk of relax_rmrr; `has_option`: whether the kernel has it."""
    here = (
        "This kernel has the option."
        if has_option
        else "Only Proxmox kernels have the option; others ignore it and log that it is unknown."
    )
    if has_option is None and not release_known:
        here = f"{here} The host's kernel is unknown."
    return (
        f"The option makes every RMRR of the host relaxable. {here} Risk: if firmware or the "
        "management controller still uses the memory, its DMA overwrites guest RAM. The guest's "
        "data is then corrupted, or the host hangs. A kernel patched for this has the same risk."
    )


# Virtual functions ----------------------------------------------------------------------


REMOVE_VIRTUAL_FUNCTIONS = "Remove its virtual functions (SR-IOV)"
USE_VIRTUAL_FUNCTION = "Pass a virtual function through instead"


def remove_virtual_functions(existing: tuple[SBDF, ...], used: tuple[SBDF, ...]) -> str:
    """Return the effect of removing virtual functions; `used`: those that guests may use."""
    guests = f" Guests may use {device_list(used)}: detach those first." if used else ""
    return (
        f"This removes {device_list(existing)}.{guests} Alternatively, leave the device to the "
        "host and pass one of them through."
    )


def virtual_functions_cost(existing: tuple[SBDF, ...], used: tuple[SBDF, ...]) -> str:
    """Return the same in a few words."""
    guests = f"; detach {device_list(used, 2)} from guests first" if used else ""
    return f"removes {device_list(existing, 2)}{guests}"


def use_virtual_function(most: int, existing: tuple[SBDF, ...]) -> str:
    """Return the effect of using a virtual function; the device supports `most` of them."""
    there = f" These exist: {device_list(existing)}." if existing else ""
    return (
        f"The device supports {most} virtual functions, and no region applies to them. "
        f"The device itself stays with the host and keeps its driver.{there}"
    )


VIRTUAL_FUNCTION_COST = "the guest gets a virtual function, not the whole device"

# Firmware -------------------------------------------------------------------------------

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
