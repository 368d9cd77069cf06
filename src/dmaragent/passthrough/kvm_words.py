"""Sentences on whether a KVM guest starts with its PCI devices."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.guests.kvm_guest import KvmDevice
from dmaragent.inventory import Gap
from dmaragent.passthrough.words import (
    device_list,
)

# KVM guests ------------------------------------------------------------------------------

HOST_RUNS_XEN = (
    "this host runs Xen, which owns the IOMMU: dom0's Linux has no IOMMU groups, so "
    "VFIO cannot pass devices through"
)


def slot_functions_unknown(setting: KvmDevice, slot: str) -> str:
    """Return that `setting` names all functions of a slot, and that they are unknown."""
    return (
        f"{setting.text} names the slot {slot} and so all of its functions, which are "
        "unknown (the host's PCI functions were not collected)"
    )


def slot_empty(slot: str) -> str:
    """Return the message of Proxmox for a slot without functions."""
    return f"no PCI device found for '{slot}'"


def assigned_twice(sbdf: SBDF, first: KvmDevice) -> str:
    """Return that a function is assigned twice; `first`: the first setting that assigns it."""
    return f"{sbdf} is assigned twice, first by {first.text} ({first.place})"


# What a device is

WITHOUT_CACHING_MODE = (
    "the guest has an emulated Intel IOMMU without caching mode, with which QEMU accepts no assigned "
    "device: set caching_mode='on' (QEMU: caching-mode=on)"
)
CACHING_MODE_MESSAGE = "We need to set caching-mode=on for intel-iommu to enable device assignment with IOMMU protection."
GUEST_IOMMU_UNCERTAIN = (
    "the guest has an emulated IOMMU. Whether QEMU starts with it and an assigned device depends on "
    "QEMU's release and on the settings of that IOMMU"
)
INTERFACE_MESSAGE = "Interface type hostdev is currently supported on SR-IOV Virtual Functions only"
VF_REFUSED_MESSAGE = "VF token required to access device"


def interface_of_no_virtual_function(sbdf: SBDF) -> str:
    """Return that libvirt takes only virtual functions as network interfaces."""
    return (
        f"{sbdf} is not a virtual function (SR-IOV), and <interface type='hostdev'> accepts nothing "
        "else: use <hostdev>"
    )


MAPPING_MESSAGE = "PCI device mapping invalid (hardware probably changed)"


def mapping_differs(sbdf: SBDF, name: str, expected: str, found: str) -> str:
    """Return that the host has another value for `name` than the mapping of the device."""
    has = f"has {name}={expected}" if expected else f"lacks {name}"
    return f"the mapping of {sbdf} {has}, and the host has {found}: change the mapping"


def mapping_not_compared(sbdf: SBDF, name: str) -> str:
    """Return that the host's value for `name` of a mapping is unknown."""
    return f"it is unknown whether the host has the {name} that the mapping of {sbdf} has"


def may_be_no_virtual_function(sbdf: SBDF) -> str:
    """Return that it is unknown whether libvirt takes the function as a network interface."""
    return (
        f"it is unknown whether {sbdf} is a virtual function (SR-IOV), and <interface type='hostdev'> "
        "accepts nothing else"
    )


def assigned_with_physical(sbdf: SBDF, physical: SBDF) -> str:
    """Return that a guest cannot have a virtual function and its physical function."""
    return (
        f"{sbdf} is a virtual function of {physical}, which the guest gets too. vfio-pci binds "
        f"{physical} only after its virtual functions are removed, so {sbdf} is then missing"
    )


def token_missing(sbdf: SBDF, physical: SBDF) -> str:
    """Return that a virtual function of a device of vfio-pci needs its token."""
    return (
        f"{sbdf} is a virtual function of {physical}, which vfio-pci has: VFIO gives it only to a "
        "program with the token of its physical function (QEMU: vf-token=UUID)"
    )


def token_may_be_needed(sbdf: SBDF, physical: SBDF) -> str:
    """Return that a virtual function needs a token if vfio-pci has its physical function."""
    return (
        f"the driver of {physical} was not read: if it is vfio-pci, {sbdf}, its virtual function, needs a "
        "vf-token"
    )


def token_in_vain(sbdf: SBDF, physical: SBDF) -> str:
    """Return that VFIO accepts no token for a virtual function whose device it does not have."""
    return f"{sbdf} has a vf-token, which VFIO accepts only while vfio-pci has {physical}"


def kernel_without_cdev(sbdf: SBDF) -> str:
    """Return that this kernel has no character device for QEMU's iommufd."""
    return f"{sbdf} uses iommufd, for which QEMU needs Linux 6.6"


def iommufd_unknown(sbdf: SBDF) -> str:
    """Return that it is unknown whether this kernel has what QEMU's iommufd needs."""
    return (
        f"{sbdf} uses iommufd, for which QEMU needs what Linux 6.6 added: it is unknown whether this "
        "kernel has it"
    )


def token_unknown(sbdf: SBDF, physical: SBDF) -> str:
    """Return that it is unknown whether a token is the one that the program with the device set."""
    return (
        f"it is unknown whether the vf-token of {sbdf} is right: the program that uses {physical} "
        "chose it"
    )


def not_present(sbdf: SBDF) -> str:
    """Return that the host does not have the function."""
    return f"{sbdf} is not present on this host"


def of_function(sbdf: SBDF, why: str) -> str:
    """Return why a guest cannot have a function: the verdict, or a case, of `explain`."""
    return f"{sbdf}: {why}"


def function_in_no_group(sbdf: SBDF) -> str:
    """Return that Linux has the function in no IOMMU group."""
    return f"{sbdf} is in no IOMMU group, so VFIO cannot attach it"


def group_of_function_unknown(sbdf: SBDF, *, collected: bool) -> str:
    """Return that the IOMMU group of the function is unknown; `collected`: other groups are not."""
    why = "does not show it" if collected else "was not collected"
    return (
        f"the IOMMU group of {sbdf} is unknown (/sys/kernel/iommu_groups {why}), and "
        "VFIO attaches only whole groups"
    )


def group_not_viable(group: int) -> str:
    """Return the message of QEMU for a group that a host driver uses."""
    return f"group {group} is not viable"


def group_busy(group: int, sbdf: SBDF, mates: tuple[SBDF, ...]) -> str:
    """Return that host drivers use `mates` of the function's group."""
    return (
        f"IOMMU group {group} of {sbdf} also contains {device_list(mates)}, which host drivers "
        "use: bind them to vfio-pci, or assign them to this guest too"
    )


def bridges_busy(group: int, sbdf: SBDF, bridges: tuple[SBDF, ...]) -> str:
    """Return that drivers of bridges in the function's group keep VFIO from it."""
    return (
        f"IOMMU group {group} of {sbdf} also contains {device_list(bridges)}, bridges with another "
        "driver than pcieport: unbind it"
    )


def bridges_may_be_busy(group: int, sbdf: SBDF, bridges: tuple[SBDF, ...]) -> str:
    """Return that drivers of bridges in the function's group may keep VFIO from it."""
    return (
        f"IOMMU group {group} of {sbdf} also contains the bridges {device_list(bridges)}: since Linux "
        "5.19, VFIO refuses the group if one has another driver than pcieport"
    )


def group_is_taken(group: int, sbdf: SBDF, mates: tuple[SBDF, ...]) -> str:
    """Return that the host loses `mates` of the function's group when the guest starts."""
    return (
        f"all of IOMMU group {group} of {sbdf} is bound to vfio-pci when the guest starts: the host "
        f"loses {device_list(mates)}"
    )


def group_drivers_unknown(group: int, sbdf: SBDF, mates: tuple[SBDF, ...]) -> str:
    """Return that the drivers of `mates` of the function's group are unknown."""
    return (
        f"IOMMU group {group} of {sbdf} also contains {device_list(mates)}, whose drivers are "
        "unknown: VFIO refuses a group that a host driver uses"
    )


def bind_to_vfio_first(sbdf: SBDF, driver: str | None, *, known: bool) -> str:
    """Return the step before the guest can start; `known`: whether the driver could be read."""
    if not known:
        return f"bind {sbdf} to vfio-pci, if it is not (its driver is unknown)"
    has = "it has no driver" if driver is None else f"its driver is {driver}"
    return f"bind {sbdf} to vfio-pci ({has})"


# Reserved regions ------------------------------------------------------------------------

ONE_TO_ONE_REFUSED = "firmware requires that it stays mapped 1:1"
TYPE_NOT_KNOWN = "no known Linux release has this type of region, so its effect is unknown"
RAM_NOT_MAPPED = "guest RAM overlaps it, and VFIO does not map RAM there"
RAM_UNKNOWN_NOT_MAPPED = "VFIO maps no RAM there, and the addresses of guest RAM are unknown"
RAM_UNKNOWN_MAY_BE_OVERWRITTEN = (
    "VFIO does not map it 1:1. DMA of the firmware there reaches guest RAM, or faults"
)
RAM_MAY_BE_OVERWRITTEN = (
    "VFIO does not map it 1:1, and guest RAM overlaps it: firmware DMA can overwrite guest RAM"
)
FIRMWARE_DMA_FAULTS = "VFIO does not map it, so DMA of the firmware there faults"
NO_RAM_NO_EFFECT = "no effect: guest RAM does not overlap it"


KERNEL_RELEASE_UNKNOWN = "its release (uname -r) is unknown"
VENDOR_UNKNOWN = "the IOMMU's vendor is unknown"
DEVICE_OF_REGION_UNKNOWN = "it is unknown which device of the IOMMU group has the region"


def may_have_later_checks(kernel: str) -> str:
    """Return that the release of an enterprise kernel does not show its checks."""
    return f"{kernel[:60]} may have checks of later releases"


def region_effect_by_kernel(
    region: AddressRange,
    kind: str,
    sbdf: SBDF,
    why_open: str,
    effects: Sequence[tuple[str, bool, str]],
) -> str:
    """Return that the effect of a region depends on the kernel, with the effect by release.

    `effects` are triples: the releases, whether the effect is on Intel only, and the effect.
    """
    by_release = "; ".join(
        f"{releases}{' on Intel' if intel else ''}: {effect}" for releases, intel, effect in effects
    )
    return (
        f"the effect of {span(region)} ({kind}) on {sbdf} depends on the kernel, and "
        f"{why_open}. {by_release}"
    )


def region_effect_unknown(region: AddressRange, kind: str, sbdf: SBDF, why: str) -> str:
    """Return that the effect of a region is unknown on any kernel."""
    return f"{span(region)} ({kind}) of {sbdf}: {why}"


def predicted_region_in_doubt(region: AddressRange, kind: str, sbdf: SBDF, gap: Gap) -> str:
    """Return that a gap leaves it open whether a predicted region refuses the device."""
    return (
        f"{sbdf} has the reserved region {span(region)} ({kind}) by the table, but {gap.unknown}. "
        f"Next: {gap.next_step}"
    )


def region_may_be_relaxed(region: AddressRange, kind: str, sbdf: SBDF) -> str:
    """Return that relax_rmrr, which the kernel may have, decides about a region."""
    return (
        f"{sbdf} has the reserved region {span(region)} ({kind}). relax_rmrr is on the kernel's "
        "command line, and it is unknown whether this kernel has the option"
    )


def region_effect(
    region: AddressRange,
    kind: str,
    sbdf: SBDF,
    effect: str,
    errors: Sequence[tuple[str, str]],
) -> str:
    """Return the effect of a region; `errors`: pairs of an errno and its releases."""
    differing = (
        f" ({'; '.join(f'{error}: {releases}' for error, releases in errors)})"
        if len(errors) > 1
        else ""
    )
    return f"{sbdf} has the reserved region {span(region)} ({kind}): {effect}{differing}"


def reserved_regions_unknown(sbdf: SBDF) -> str:
    """Return that the reserved regions of the function are unknown."""
    return (
        f"the reserved regions of {sbdf} are unknown. Next: read the whole table, or "
        "/sys/kernel/iommu_groups/*/reserved_regions of the host"
    )
