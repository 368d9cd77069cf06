"""The sentences on what is unknown of a host and what settles it: each name is an id.

A part of a sentence stands above the sentence that it completes.
"""

from collections.abc import Sequence

from dmaragent.addresses import SBDF
from dmaragent.readings import Missing, MissingKind

_MOST = 3
"""Places that are named; how many more there are is said."""
_MISSING = {
    MissingKind.NOT_COLLECTED: "not collected",
    MissingKind.DENIED: "permission denied",
    MissingKind.ABSENT: "absent",
    MissingKind.FAILED: "reading failed",
}


def why_missing(missing: Missing) -> str:
    return missing.detail or _MISSING[missing.kind]


# What settles it ------------------------------------------------------------------------

READ_HOST = "run dmaragent on the host as root, or ask about a bundle of it (`dmaragent dump`)"
READ_BRIDGES = (
    "read the configuration space of the bridges as root (`lspci -vv`), or run dmaragent on the "
    "host as root"
)
READ_GROUPS = "copy /sys/kernel/iommu_groups as well, or run dmaragent on the host"
READ_VIRT_CAPS = "run `xl info` in dom0 as root, and look for hvm_directio in virt_caps"
NAME_RELEASE = "name it, as in --xen 4.19.4; `xl info` prints it as xen_version"
READ_AGAIN = "run dmaragent on the host as root again, and look in `xl dmesg` for RMRR"
READ_XENS_LOG = "look in `xl dmesg` for RMRR and VT-d: Xen says there what it did with the table"


def read_regions_of(group: int) -> str:
    return f"read /sys/kernel/iommu_groups/{group}/reserved_regions"


# Functions and bridges ------------------------------------------------------------------

KIND_UNKNOWN = "its kind is unknown: neither its class nor its configuration space could be read"


def functions_unknown(missing: Missing) -> str:
    return (
        f"the PCI functions are unknown ({why_missing(missing)}), and so are the "
        "device's kind and the bridges above it"
    )


def _bridges(bridges: Sequence[SBDF]) -> str:
    return " ".join(sorted(map(str, bridges)))


def conventional_pci_unknown(bridges: Sequence[SBDF]) -> str:
    return (
        "whether it is behind a bridge to conventional PCI is unknown: the buses "
        f"behind {_bridges(bridges)} could not be read"
    )


def unit_unknown(bridges: Sequence[SBDF]) -> str:
    """A unit may serve a device through bridges whose buses are unknown."""
    return (
        f"the buses behind {_bridges(bridges)} could not be read, "
        "and a unit (DRHD) may serve it there"
    )


def region_may_name(region: str, path: str, reason: str) -> str:
    return f"{region} may name it: the path {path} may lead to it ({reason})"


def region_covers_bridge(region: str, bridge: SBDF) -> str:
    return (
        f"{region} covers what is behind the bridge {bridge}, and its bus numbers could not be read"
    )


# Xen ------------------------------------------------------------------------------------

LISTS_WITHOUT_IOMMU = (
    "whether Xen's IOMMU works is unknown: Xen lists regions, but virt_caps of "
    "`xl info` has no directio"
)
VIRT_CAPS_UNKNOWN = "whether Xen's IOMMU works is unknown: `xl info` (virt_caps) could not be read"
OWNERS_UNKNOWN = (
    "its regions are unknown: Xen's list does not say whose they are, and Xen "
    "was not asked about each device"
)


def regions_by_point_release(releases: str) -> str:
    return f"its regions are unknown: {releases} differ on them, and the point release is unknown"


def regions_contradicted(why: str) -> str:
    return f"its regions are unknown: {why}, and nothing that was read says why"


def list_lacks(places: Sequence[str]) -> str:
    """Xen's list lacks `places` that it has by its rules."""
    more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
    return (
        f"Xen's list lacks {', '.join(places[:_MOST])}{more}, which Xen accepts by its "
        "rules, and nothing that was read says why"
    )


# Linux ----------------------------------------------------------------------------------


def groups_unknown(missing: Missing) -> str:
    return (
        f"its IOMMU group is unknown ({why_missing(missing)}), and Linux gives a group away whole"
    )


def groups_unread(numbers: Sequence[int]) -> str:
    shown = " ".join(map(str, numbers))
    return f"its IOMMU group is unknown: the devices of group {shown} could not be read"


def mate_of_unknown_kind(group: int, mate: SBDF) -> str:
    return f"IOMMU group {group} holds {mate} too, whose kind is unknown"


def group_regions_unread(group: int) -> str:
    return f"the reserved regions that Linux reports for IOMMU group {group} could not be read"


CORRECT_TABLE = "update the firmware, or load a corrected IVRS table"
