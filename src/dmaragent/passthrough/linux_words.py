"""Sentences of Linux's verdicts on devices (VFIO)."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF
from dmaragent.host.groups import KernelRegion
from dmaragent.inventory import Region
from dmaragent.iommu.model import Meaning
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.vfio import VfioEffect
from dmaragent.passthrough.model import PlatformVerdict
from dmaragent.passthrough.words import (
    capital,
    device_list,
    predicted_mark,
    published_ranges,
    region_list,
    typed_ranges,
    with_verdict_word,
)

# Before the regions ----------------------------------------------------------------------

DENIED = "vfio-pci does not bind it: a guest with it can crash the host (denylist)"
MAY_BE_DENIED = (
    "vfio-pci of this kernel may refuse it (denylist): a guest with it can crash the host. Next: bind it "
    "to vfio-pci and read the kernel's log"
)
DENYLIST_CASE = (
    "It is on vfio-pci's denylist of accelerators with which a guest can crash the host. The option "
    "disable_denylist=1 of vfio-pci binds it all the same. dmaragent finds that option only on the "
    "kernel's command line, not in /etc/modprobe.d."
)


def denylist_message(ids: tuple[int | None, int | None]) -> str:
    """Return the line of the kernel about a device on the denylist; empty if its IDs are unknown."""
    vendor, device = ids
    if vendor is None or device is None:
        return ""
    return (
        f"{vendor:04x}:{device:04x} exists in vfio-pci device denylist, driver probing disallowed."
    )


BRIDGE_NOT_PASSED = "it is a bridge, which VFIO does not pass through"
BRIDGE_CASE = "VFIO accepts only functions with an endpoint's header."
CHIPSET_NOT_JUDGED = "part of the chipset, which the host needs; dmaragent gives no verdict on it"


def no_table(vendor: IommuVendor) -> str:
    """Return that the table of a host is missing."""
    return f"the {vendor.table_name} table is missing"


XEN_OWNS_IOMMU = (
    "Xen owns the IOMMU, and no option or patch of dom0's kernel changes what Xen enforces"
)
XEN_OWNS_IOMMU_IN_SHORT = "Xen owns the IOMMU; dom0's options have no effect"


def without_xen(verdict: PlatformVerdict) -> str:
    """Return that Linux does not decide on a Xen host; `verdict`: the one without Xen."""
    alone = with_verdict_word(verdict.can, verdict.explanation, risk=verdict.risk)
    return f"{XEN_OWNS_IOMMU}. Without Xen: {alone}"


UNKNOWN_WITH_IOMMU = "no region or group is known"

# Regions ---------------------------------------------------------------------------------

RELAXABLE_TO_KERNEL_CASE = (
    "The kernel reports its regions as relaxable, although this class is normally locked: "
    "the kernel has relax_rmrr or another patch. Risk: device and guest can write to the same "
    "memory."
)
RELAXABLE_SINCE = (
    "USB controllers since Linux 3.17, display devices since 2015 "
    "(18436afdc11a); direct-relaxable in reserved_regions since 5.3"
)
HAS_RELAX_RMRR_CASE = (
    "This kernel has the option: intel_iommu=on,relax_rmrr makes every region relaxable, with risk."
)
IF_RELAX_RMRR = "if the option relax_rmrr is on the command line"
LACKS_RELAX_RMRR_CASE = (
    "relax_rmrr is on the command line, but this kernel does not have the option. "
    "Proxmox kernels since 6.2.16-13 have it; other kernels log that it is unknown."
)
MAY_HAVE_RELAX_RMRR_CASE = (
    "relax_rmrr is on the command line. Proxmox kernels since 6.2.16-13 have the option; other "
    "kernels log that it is unknown. The release of this kernel is unknown."
)
RELAXED_BY_OPTION = "relax_rmrr makes every region relaxable: DMA can overwrite guest memory"


def mates_relaxed_case(mates: tuple[SBDF, ...]) -> str:
    """Return the effect of ``relax_rmrr`` on a device whose group has `mates` with regions."""
    return (
        f"Firmware requires a 1:1 mapping for {device_list(mates)} in its IOMMU group. relax_rmrr "
        "makes every region relaxable, with risk."
    )


def mates_relaxed_by_option(mates: tuple[SBDF, ...]) -> str:
    """Return the risk of ``relax_rmrr`` for a guest with a device of the group of `mates`."""
    return (
        f"relax_rmrr makes every region relaxable, also for {device_list(mates)} in its IOMMU "
        "group: DMA can overwrite guest memory"
    )


GROUP_HOLDS_PHYSICAL_FUNCTION = "its IOMMU group also contains its physical function"
IN_NO_GROUP = "it is in no IOMMU group"
REGIONS_MISSING = "regions may be missing: the table is damaged or was not read"
NO_REGION = "Linux applies no region to it"
NO_REGION_IN_TABLE = (
    "no region of the table applies to it, but its presence, class and IOMMU group were not "
    "collected"
)
ONLY_BY_CLASS = "if it is a USB controller or a display device"
BRIDGE_MAY_COVER = "a region may apply to it through a bridge"
IF_OLD_KERNEL_RELAXES = "if this old kernel relaxes regions of display devices"
IF_WORKS_UNMAPPED = "if the device works without DMA to the region"


def relaxable_by_class(regions: Sequence[Region]) -> str:
    """Return that Linux does not enforce regions on the class of the device."""
    return (
        f"Linux does not enforce {region_list(regions)} for USB controllers and display devices. "
        "It assumes that their firmware stops using the memory once the host's driver has run."
    )


def class_unknown(regions: Sequence[Region]) -> str:
    """Return that the class of the device decides and is unknown."""
    return (
        f"{capital(region_list(regions))} {'name' if len(regions) > 1 else 'names'} it. Linux "
        "relaxes the regions of USB controllers and display devices, and blocks all other devices. "
        "The class of this device was not collected."
    )


def class_and_group_unknown(regions: Sequence[Region]) -> str:
    """Return that a region blocks the device unless its class is exempt, and that it is unknown."""
    return (
        f"{region_list(regions)} {'block' if len(regions) > 1 else 'blocks'} it unless it is a USB "
        "controller or a display device, but its class and IOMMU group were not collected"
    )


def locked_before_6_6(regions: Sequence[Region]) -> str:
    """Return the effect of a locked region on Linux up to 6.5."""
    return (
        f"{capital(region_list(regions))} must stay mapped for the device, which Linux cannot "
        "ensure in a guest's address space. Attaching it fails with EPERM (Operation not permitted)."
    )


def locked_before_6_6_releases(since: str, *, through_bridge: bool) -> str:
    """Return the releases of this case; `through_bridge`: the regions name a bridge above it."""
    through = ", as the region names a bridge above it" if through_bridge else ""
    return f"Linux {since} to 6.5{through}"


def locked_since_6_6(regions: Sequence[Region]) -> str:
    """Return the effect of a locked region on Linux 6.6 and later."""
    return (
        f"{capital(region_list(regions))} must stay mapped 1:1, and VFIO first attaches a domain "
        "that blocks all DMA. That fails with EINVAL (Invalid argument)."
    )


def not_checked_before(since: str, regions: Sequence[Region]) -> str:
    """Return the effect of a region on a kernel older than the check."""
    return (
        f"Linux before {since} does not check regions. It attaches the device but does not map "
        f"{region_list(regions)}, so the device's DMA there reaches guest RAM, or fails."
    )


def locked(regions: Sequence[Region], *, predicted: bool) -> str:
    """Return the reason if `regions` lock the device."""
    why = f"firmware requires a 1:1 mapping of {region_list(regions)}"
    return f"{why}{predicted_mark(predicted=predicted)}"


_IVMD_EFFECTS = {
    VfioEffect.REFUSED: "must stay mapped 1:1, and VFIO first attaches a domain that blocks all DMA. "
    "That fails with EINVAL (Invalid argument). No kernel option changes it.",
    VfioEffect.MAPPING_FAILS: "cannot be guest RAM: VFIO accepts the device, but VFIO_MAP_DMA fails "
    "there with EINVAL, so a guest with RAM there does not start.",
    VfioEffect.NOT_MAPPED: "is not checked: VFIO accepts the device and does not map the region. DMA "
    "of the firmware there reaches guest RAM, or faults if the guest has no RAM there.",
}


_EXCLUSION_NOT_MAPPED = (
    "is not checked: VFIO accepts the device. Linux writes an exclusion range to registers of the "
    "IOMMU, which have room for one. DMA of the device there is not translated and reaches host memory"
)


def ivmd_effect(regions: Sequence[Region], effect: VfioEffect) -> str:
    """Return the effect of `regions` of AMD's table in a span of kernels."""
    excluded = [region for region in regions if region.reserved.meaning is Meaning.EXCLUSION]
    if effect is not VfioEffect.NOT_MAPPED or not excluded:
        return f"{capital(region_list(regions))} {_IVMD_EFFECTS[effect]}"
    others = [region for region in regions if region not in excluded]
    own = f"{capital(region_list(excluded))} {_EXCLUSION_NOT_MAPPED}."
    return f"{ivmd_effect(others, effect)} {own}" if others else own


def ivmd_by_release(why: str) -> str:
    """Return that the kernel's release decides; `why`: the regions."""
    return (
        f"{why}. Linux 6.6 and later refuse the device, older kernels do not, and the release is "
        "unknown"
    )


def ivmd_unless_ram(regions: Sequence[Region], mates: tuple[SBDF, ...], *, predicted: bool) -> str:
    """Return the condition before Linux 6.6: of the device's own regions, or those of `mates`."""
    what = (
        region_list(regions)
        if regions
        else f"the regions of {device_list(mates)} in its IOMMU group"
    )
    return f"if guest RAM does not overlap {what}{predicted_mark(predicted=predicted)}"


def ivmd_unprotected(why: str) -> str:
    """Return the risk on a kernel that checks nothing."""
    return f"{why}, and this kernel does not enforce it"


NO_IVHD = "no remapping unit (IVHD) of the table serves it, so it is in no IOMMU group (predicted)"


def linux_uses_no_iommu(why: str) -> str:
    """Return that Linux does not use the IOMMU, by what it reads in the table."""
    return f"{why} (predicted)"


def group_holds_locked(mates: tuple[SBDF, ...], *, predicted: bool) -> str:
    """Return the reason if `mates` of the device's group are locked."""
    why = f"firmware requires a 1:1 mapping for {device_list(mates)} in its IOMMU group"
    return f"{why}{predicted_mark(predicted=predicted)}"


WITH_REST_OF_GROUP = "if the rest of its IOMMU group is bound to vfio-pci too"
KERNEL_TOO_OLD_TO_LOOK = (
    "if it works without DMA to its region, which this old kernel does not map for VFIO"
)


def on_conditions(conditions: str, *, predicted: bool) -> str:
    """Return `conditions`, which begin with "if"."""
    return f"{conditions}{predicted_mark(predicted=predicted)}"


def regions_relaxable(*, by_class: bool, predicted: bool) -> str:
    """Return the reason if the regions are relaxable: by the device's class or the kernel."""
    if by_class:
        why = "Linux does not enforce the regions of this class of device"
    else:
        why = "this kernel relaxes its regions: DMA can overwrite guest memory"
    return f"{why}{predicted_mark(predicted=predicted)}"


# Published regions ---------------------------------------------------------------

_EFFECTS = {
    VfioEffect.REFUSED: "VFIO refuses the device, so the guest does not start.",
    VfioEffect.MAPPING_FAILS: "VFIO accepts the device. If guest RAM overlaps the range, "
    "VFIO_MAP_DMA fails and the guest does not start.",
    VfioEffect.NOT_MAPPED: "VFIO accepts the device and does not map the range for it. DMA of the "
    "firmware there reaches guest RAM, or faults if the guest has no RAM there.",
    VfioEffect.UNKNOWN: "Linux up to 6.19 has no such type, so the effect is unknown.",
}
KERNEL_RELEASE_DECIDES = "the kernel's release"
VENDOR_DECIDES = "the IOMMU's vendor"
DEVICE_OF_REGION_DECIDES = "which device of the group has the region"
IF_RAM_AVOIDS_RANGE = "if guest RAM does not overlap the range"


def published_effect(
    regions: Sequence[KernelRegion], kind: str, group: int, devices: int, effect: VfioEffect
) -> str:
    """Return the effect of published regions of the type `kind`; the group has `devices`."""
    several = (
        f" Linux publishes the regions of the whole group, so it is unknown which of its {devices} "
        "devices has the region. VFIO attaches only whole groups."
        if devices > 1
        else ""
    )
    return (
        f"Linux reports {published_ranges(regions)} ({kind}) for IOMMU group {group}. "
        f"{_EFFECTS[effect]}{several}"
    )


def _published_for(regions: Sequence[KernelRegion], group: int) -> str:
    return f"Linux reports {typed_ranges(regions)} for IOMMU group {group}"


def published_refused(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the reason if `regions` stop the device on every kernel that may run."""
    return _published_for(regions, group)


def published_undecided(regions: Sequence[KernelRegion], group: int, decides: str) -> str:
    """Return the reason if `regions` may stop it; `decides`: the unknown fact that decides."""
    return f"{_published_for(regions, group)}; the effect depends on {decides}, which is unknown"


def published_type_unknown(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the reason if a region has a type that no known Linux release has."""
    return f"{_published_for(regions, group)}, and the type is unknown"


def published_unprotected(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the risk if the kernel does not check `regions`."""
    return f"{_published_for(regions, group)}, and this kernel does not enforce it"


def published_unless_ram(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the condition if guest RAM decides."""
    return (
        f"if guest RAM does not overlap {typed_ranges(regions)}, which Linux reports for "
        f"IOMMU group {group}"
    )


def published_relaxable(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the reason if all of `regions` are relaxable."""
    return f"{_published_for(regions, group)}, and VFIO does not enforce or map it"


# The IOMMU group -------------------------------------------------------------------------

IN_NO_GROUP_CASE = (
    "The device is in no IOMMU group: Linux uses no remapping unit for it. "
    "vfio-pci does not bind to it."
)


def in_noiommu_group_case(group: int) -> str:
    """Return that VFIO made `group`, in which the device is, without an IOMMU."""
    return (
        f"Linux uses no remapping unit for the device. VFIO made its group {group} without an IOMMU "
        f"(vfio-noiommu). QEMU and libvirt open /dev/vfio/{group}, but only /dev/vfio/noiommu-{group} "
        "exists."
    )


def alone_in_group(group: int, *, by_itself: bool) -> str:
    """Return that no other device of the group matters; `by_itself`: there is no other."""
    if by_itself:
        return f"It is alone in IOMMU group {group}."
    return f"IOMMU group {group} contains only this device and its dependent functions."


def group_has_physical_function(group: int, physical: SBDF) -> str:
    """Return that the device's physical function is in its group."""
    return (
        f"IOMMU group {group} also contains its physical function {physical}. VFIO attaches only "
        "whole groups, and this device disappears when the physical function loses its driver."
    )


def group_has_locked(group: int, mates: tuple[SBDF, ...]) -> str:
    """Return that `mates` in the group are locked to a region."""
    return (
        f"IOMMU group {group} also contains {device_list(mates)}, for which firmware requires a "
        "1:1 mapping. VFIO attaches only whole groups."
    )


WITHOUT_DRIVERS_OF_BRIDGES = "if the bridges of its IOMMU group have no other driver than pcieport"


def drivers_of_bridges(group: int, bridges: tuple[SBDF, ...]) -> str:
    """Return that the drivers of bridges in the group keep VFIO from it, or may."""
    return (
        f"IOMMU group {group} also contains the bridges {device_list(bridges)}. Since Linux 5.19, VFIO "
        "refuses the group if one has another driver than pcieport, for example shpchp."
    )


def group_must_be_bound(group: int, mates: tuple[SBDF, ...], *, drivers_known: bool) -> str:
    """Return that host drivers have `mates`, or may have them."""
    drivers = "host drivers use them" if drivers_known else "their drivers are unknown"
    return (
        f"IOMMU group {group} also contains {device_list(mates)}, and {drivers}. Every device of "
        "the group must be bound to vfio-pci or to no driver, and the host loses all of them."
    )


def group_does_not_hinder(group: int, mates: tuple[SBDF, ...]) -> str:
    """Return that `mates` in the group are ready for VFIO."""
    return f"IOMMU group {group} also contains {device_list(mates)}. None of them prevents passthrough."
