"""Fixes in Linux: switch the IOMMU on, bind the device to vfio-pci, relax its regions."""

from dmaragent.addresses import SBDF
from dmaragent.linux.options import RELAX_RMRR
from dmaragent.passthrough.words import device_list
from dmaragent.remedies.devices.words import sentence

KERNEL_COMMAND_LINE = "the kernel's command line"


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


def unknown_class_warning(owner: str) -> str:
    """Return the warning before a device that may be a storage controller is taken from `owner`."""
    return (
        "Warning: the class of the device is unknown. If it is a storage controller, "
        f"{owner} loses every disk behind it. Stop here if {owner} boots from one."
    )


SWITCH_IOMMU_ON = "Enable the IOMMU"
SWITCH_UNKNOWN_IOMMU_ON = (
    "The vendor of the IOMMU is unknown. Enable it in the firmware setup (IOMMU, VT-d, AMD-Vi or "
    "SVM). Only Intel's can need a kernel option, intel_iommu=on."
)
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
    return f"{before}{sentence(loss)} The device then belongs to the driver vfio-pci.{rest}"


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
