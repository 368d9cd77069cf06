"""Sentences about the unknown facts of a host and how to find them out."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.readings import Missing, MissingKind

_MOST = 3
"""A sentence names this many places and counts the rest."""
_MISSING = {
    MissingKind.NOT_COLLECTED: "not collected",
    MissingKind.DENIED: "permission denied",
    MissingKind.ABSENT: "absent",
    MissingKind.FAILED: "reading failed",
}


def why_missing(missing: Missing) -> str:
    return missing.detail or _MISSING[missing.kind]


# How to find out ------------------------------------------------------------------------

READ_HOST = "run dmaragent on the host as root, or record the host with `dmaragent dump`"
READ_BRIDGES = (
    "run dmaragent on the host as root, or read the configuration space of the bridges as root "
    "(`lspci -vv`)"
)
READ_GROUPS = "run dmaragent on the host, or copy /sys/kernel/iommu_groups as well"
READ_VIRT_CAPS = "run `xl info` in the host's dom0 as root, and look for hvm_directio in virt_caps"
BOOT_PV_DOM0 = "boot Xen without dom0=pvh: a PV dom0 can pass devices through"
READ_GUEST_TYPE = "run `cat /sys/hypervisor/guest_type` in the host's dom0"
READ_OPTIONS = "run `xl info` in the host's dom0 as root, and read xen_commandline"
NAME_RELEASE = "add the full release, for example --xen 4.19.4 (`xl info` on the host: xen_version)"


def read_kernel(*, release_known: bool) -> str:
    if not release_known:
        return "run dmaragent on the host, or copy /proc/sys/kernel/osrelease as well"
    return "look for direct-relaxable in drivers/iommu/iommu.c of the source of this kernel"


def read_again(vendor: IommuVendor) -> str:
    structure = vendor.region_structure
    return f"run dmaragent on the host as root again, and look for {structure} in its `xl dmesg`"


def read_xens_log(vendor: IommuVendor) -> str:
    return (
        f"look for {vendor.region_structure} and {vendor.technology} in the host's `xl dmesg`: Xen "
        "logs how it treats the table"
    )


def read_regions_of(group: int) -> str:
    return f"read /sys/kernel/iommu_groups/{group}/reserved_regions on the host"


def read_name_of(group: int) -> str:
    return f"read /sys/kernel/iommu_groups/{group}/name on the host; most groups have no such file"


# Functions and bridges ------------------------------------------------------------------

KIND_UNKNOWN = "its class is unknown: neither class nor configuration space could be read"


def functions_unknown(missing: Missing) -> str:
    return (
        f"the PCI functions are unknown ({why_missing(missing)}), and with them the "
        "device's class and the bridges above it"
    )


def _bridges(bridges: Sequence[SBDF]) -> str:
    return " ".join(sorted(map(str, bridges)))


def conventional_pci_unknown(bridges: Sequence[SBDF]) -> str:
    return (
        "it may be behind a bridge to conventional PCI: the buses "
        f"behind {_bridges(bridges)} could not be read"
    )


def unit_unknown(bridges: Sequence[SBDF]) -> str:
    return (
        f"the buses behind {_bridges(bridges)} could not be read, "
        "so a remapping unit may serve the device through them"
    )


def region_may_name(region: str, path: str, reason: str) -> str:
    return f"{region} may name it: the path {path} may lead to it ({reason})"


def region_covers_bridge(region: str, bridge: SBDF) -> str:
    return (
        f"{region} applies to everything behind bridge {bridge}, whose bus numbers could not be "
        "read"
    )


# Xen ------------------------------------------------------------------------------------

LISTS_WITHOUT_IOMMU = (
    "the state of Xen's IOMMU is unknown: Xen lists regions, but virt_caps in "
    "`xl info` has no directio"
)
PVH_DOM0 = (
    "Xen does not support passthrough from a PVH dom0, which this host has: before 4.20 Xen refuses "
    "to map the device's interrupt (ENOSYS), and later releases need support in dom0's kernel"
)
DOM0_TYPE_UNKNOWN = (
    "dom0 may be PVH, and Xen does not support passthrough from a PVH dom0: "
    "/sys/hypervisor/guest_type was not read"
)
VIRT_CAPS_UNKNOWN = "the state of Xen's IOMMU is unknown: virt_caps (`xl info`) could not be read"
OWNERS_UNKNOWN = (
    "its regions are unknown: Xen's list does not name owners, and the list of each device was "
    "not read"
)


def regions_by_point_release(releases: str) -> str:
    return f"its regions are unknown: {releases} differ, and the host's point release is unknown"


def regions_contradicted(why: str) -> str:
    return f"its regions are unknown: {why}, and no reading explains it"


def list_lacks(places: Sequence[str]) -> str:
    more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
    return (
        f"Xen's list lacks {', '.join(places[:_MOST])}{more}, which Xen's rules accept, "
        "and no reading explains it"
    )


# Linux ----------------------------------------------------------------------------------


def groups_unknown(missing: Missing) -> str:
    return (
        f"the IOMMU group is unknown ({why_missing(missing)}), and Linux assigns a group only as "
        "a whole"
    )


def groups_unread(numbers: Sequence[int]) -> str:
    shown = " ".join(map(str, numbers))
    return f"the IOMMU group is unknown: the devices of group {shown} could not be read"


def mate_of_unknown_kind(group: int, mate: SBDF) -> str:
    return f"IOMMU group {group} also has {mate}, whose class is unknown"


def groups_in_spite_of(error: str) -> str:
    return (
        f"its regions on Linux are unknown: by Linux's rules, {error}, but this kernel has IOMMU "
        "groups, and their reserved regions were not read"
    )


def type_may_be_missing(group: int, devices: Sequence[SBDF]) -> str:
    shown = ", ".join(map(str, devices[:_MOST]))
    more = f" and {len(devices) - _MOST} more" if len(devices) > _MOST else ""
    return (
        f"Linux reports direct for {shown}{more} in IOMMU group {group}. Kernels without the type "
        "direct-relaxable (before Linux 5.3) report this for every class, but do not enforce it for "
        "USB controllers and display devices. It is unknown whether this kernel has the type"
    )


RELAX_RMRR_UNKNOWN = (
    "relax_rmrr is on the kernel's command line, and the kernel's release is unknown: only Proxmox "
    "kernels since 6.2.16-13 have this option, which relaxes every region"
)


OPTIONS_OF_LINUX_UNKNOWN = (
    "the kernel's command line could not be read. It may have intremap=off, with which VFIO refuses "
    "every device"
)
READ_OPTIONS_OF_LINUX = (
    'copy /proc/cmdline as well, or the kernel\'s log with "Enabled IRQ remapping" or "Interrupt '
    'remapping enabled"'
)


def may_be_of_no_iommu(group: int, *, empty: bool) -> str:
    """Return that VFIO may have made `group`; `empty`: its file of regions is, else it was not read."""
    regions = "is empty" if empty else "was not read"
    return (
        f"it is unknown whether group {group} is one of an IOMMU: its list of reserved regions {regions}, "
        "and its name was not read. VFIO makes groups without an IOMMU (vfio-noiommu)"
    )


def group_regions_unread(group: int) -> str:
    return f"the reserved regions that Linux reports for IOMMU group {group} could not be read"


CORRECT_TABLE = "update the firmware, or load a corrected IVRS table"
