"""Sentences of verdicts on devices that concern both Xen and Linux."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF, span
from dmaragent.host.groups import KernelRegion
from dmaragent.inventory import Gap, Region
from dmaragent.linux.options import RELAX_RMRR
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.spans import few_spans

# Verdict words --------------------------------------------------------------------------

CAN_WORDS = {
    Can.YES: "allowed",
    Can.CONDITIONS: "allowed with conditions",
    Can.NO: "blocked",
    Can.UNKNOWN: "unknown",
    Can.NOT_APPLICABLE: "not applicable",
}
"""The verdict words of devices, the same in every verb and in the report."""
ALLOWED_WITH_RISK = "allowed with risk"


def verdict_word(can: Can, *, risk: bool = False) -> str:
    """Return the verdict word; `risk`: device, firmware or guest can overwrite memory."""
    return ALLOWED_WITH_RISK if risk and can in (Can.YES, Can.CONDITIONS) else CAN_WORDS[can]


def with_verdict_word(can: Can, reason: str, *, risk: bool = False) -> str:
    """Return a verdict with its reason, or with its condition, which begins with "if" or "with"."""
    return f"{''.join(before_reason(can, reason, risk=risk))}{reason}"


def before_reason(can: Can, reason: str, *, risk: bool = False) -> tuple[str, str]:
    """Return the verdict word, and what separates it from the reason or condition."""
    if can is not Can.NO and not risk and reason.startswith(("if ", "with ")):
        return CAN_WORDS[Can.YES], " "
    if can is Can.CONDITIONS and not risk:
        return CAN_WORDS[Can.YES], ": "
    return verdict_word(can, risk=risk), ", " if reason.startswith("if ") else ": "


# Lists ----------------------------------------------------------------------------------

_MOST_RANGES = 3
_NAMED_WITH_RANGE = 2
"""Up to this many regions are listed with their ranges, more only by number."""


def region_list(regions: Sequence[Region]) -> str:
    """Return `regions` with their ranges if they are few, else by number."""
    if len(regions) <= _NAMED_WITH_RANGE:
        return " and ".join(region.words for region in regions)
    return region_numbers(regions)


def region_numbers(regions: Sequence[Region]) -> str:
    """Return `regions` by number, without ranges."""
    numbers = few_spans(sorted(region.number for region in regions))
    return f"region {numbers}" if len(regions) == 1 else f"regions {numbers}"


def device_list(devices: tuple[SBDF, ...], most: int = 6) -> str:
    """Return the first addresses of `devices`, and how many more there are."""
    shown = " ".join(map(str, devices[:most]))
    return shown if len(devices) <= most else f"{shown} and {len(devices) - most} more"


def published_ranges(regions: Sequence[KernelRegion]) -> str:
    """Return the first ranges of `regions`, and how many more there are."""
    shown = ", ".join(span(region.range) for region in regions[:_MOST_RANGES])
    left = len(regions) - _MOST_RANGES
    return shown if left <= 0 else f"{shown} and {left} more"


def typed_ranges(regions: Sequence[KernelRegion]) -> str:
    """Return the ranges of `regions` with their types, ``direct`` first."""
    by_type: dict[str, list[KernelRegion]] = {}
    for region in sorted(
        regions, key=lambda region: (region.type != "direct", region.type, region.base)
    ):
        by_type.setdefault(region.type, []).append(region)
    return " and ".join(f"{published_ranges(alike)} ({kind})" for kind, alike in by_type.items())


def capital(words: str) -> str:
    """Return `words` with a capital letter at the start."""
    return words[:1].upper() + words[1:]


def predicted_mark(*, predicted: bool) -> str:
    """Return the mark of a predicted verdict, or empty."""
    return " (predicted)" if predicted else ""


# Verdicts of either side ----------------------------------------------------------------

NOT_PRESENT = "no device is present at this address"


def unknown_for_gap(gap: Gap, known: PlatformVerdict) -> str:
    """Return why a verdict is unknown, how to find out, and the verdict apart from the gap."""
    verdict = with_verdict_word(known.can, known.explanation, risk=known.risk)
    rest = "" if known.can is Can.UNKNOWN else f". Apart from that, it is {verdict}"
    return f"{gap.unknown}. Next: {gap.next_step}{rest}"


# SR-IOV ---------------------------------------------------------------------------------

IF_VIRTUAL_FUNCTIONS_REMOVED = "if its virtual functions are removed first"
VIRTUAL_FUNCTION_ON_LINUX = (
    "Linux applies a region to physical functions only, unless the region names a bridge above "
    "them."
)


def virtual_functions_block_vfio(
    existing: tuple[SBDF, ...], possible: tuple[SBDF, ...] = ()
) -> str:
    """Return that vfio-pci does not bind to a device that has, or may have, virtual functions."""
    return (
        f"{_virtual_functions(existing, possible)} vfio-pci does not bind to it until "
        "they are removed. A guest that uses one of them loses it."
    )


def _virtual_functions(existing: tuple[SBDF, ...], possible: tuple[SBDF, ...]) -> str:
    """Return the virtual functions of a device; if none is known, those that it may have."""
    if existing:
        return f"It has virtual functions ({device_list(existing)})."
    return (
        f"It may have virtual functions ({device_list(possible)}): the links to their physical "
        "function were not read."
    )


def virtual_function_on_xen(physical: SBDF) -> str:
    """Return that regions of the physical function do not apply to a virtual one."""
    return (
        f"Regions name the physical function {physical}. dom0 registers a virtual function under "
        "its own address, which no region's scope contains. So Xen applies no region to this "
        "device, and a guest with it reserves none."
    )


def virtual_functions_vanish(existing: tuple[SBDF, ...], possible: tuple[SBDF, ...] = ()) -> str:
    """Return that virtual functions disappear when the device is bound to pciback."""
    return (
        f"{_virtual_functions(existing, possible)} They disappear when pciback replaces "
        "its dom0 driver, and a guest that uses one loses it. Some drivers (igb, ixgbe) keep them "
        "while a guest uses one."
    )


# Intel VMD ------------------------------------------------------------------------------

VMD_UNKNOWN = (
    "its segment is above ffff, as behind Intel VMD, and the device above it was not "
    "collected (its directory in sysfs, or the driver of its parent)"
)
NOT_REGISTERED_WITH_XEN = "This kernel does not register the device with Xen."


def behind_vmd_on_linux(endpoint: SBDF) -> str:
    """Return Linux's reason on a function behind VMD."""
    return f"it is behind Intel VMD and can only be passed through together with {endpoint}"


def behind_vmd_case(endpoint: SBDF) -> str:
    """Return why Linux does not pass a function behind VMD through alone."""
    return (
        f"The VMD endpoint {endpoint} does the DMA of this device, so both have the same remapping "
        "unit and IOMMU group. VFIO attaches only whole groups, and the driver vmd uses the "
        "endpoint."
    )


def behind_vmd_on_xen(endpoint: SBDF) -> str:
    """Return Xen's reason on a function behind VMD whose segment Xen can name."""
    return f"it is behind Intel VMD, and {endpoint} does its DMA"


def segment_beyond_xen(endpoint: SBDF | None) -> str:
    """Return Xen's reason for a segment above ffff; `endpoint`: the VMD endpoint, if any."""
    behind = "" if endpoint is None else f"; the device is behind Intel VMD {endpoint}"
    return f"Xen cannot address a segment above ffff{behind}"


def segment_case(registration: str, cut: SBDF) -> str:
    """Return how Xen knows the device: as `cut`, its address with a segment of 16 bits."""
    return (
        "Xen's hypercalls have 16 bits for a segment. "
        f"{registration} What Xen reports for {cut} is not about this device."
    )


def registered_as(cut: SBDF) -> str:
    """Return how a kernel before 6.15 registers the device with Xen."""
    return (
        f"A dom0 kernel before Linux 6.15 (stable kernels: before mid-2025) registers it as {cut}, "
        "which may be another device or none. Later kernels do not register it."
    )


# Notes ----------------------------------------------------------------------------------

CONVENTIONAL_PCI = (
    "If this is a conventional PCI device behind a bridge, Xen since XSA-400 refuses it under "
    "either policy (EOPNOTSUPP)."
)
GROUP_UNKNOWN = "Its IOMMU group is unknown. Linux passes a group through only as a whole."
TABLE_NEEDS_ROOT = (
    "Every user can read the regions that Linux reports. The table, which names their devices, "
    "needs root."
)
LACKS_RELAX_RMRR = (
    f"This kernel does not have {RELAX_RMRR}, an option of Proxmox kernels from 6.2.16-13 on."
)


def regions_shared(sharers: tuple[SBDF, ...]) -> str:
    """Return that other devices have the same regions."""
    return (
        f"It shares its regions with {device_list(sharers)}. Guests that have different devices "
        "of this set share the memory of the regions."
    )


def regions_name_others(sharers: tuple[SBDF, ...]) -> str:
    """Return the same if it is unknown whether the other devices are present."""
    return (
        f"Its regions also name {device_list(sharers)}. It is unknown whether those are present: "
        "the PCI functions were not collected."
    )


def xens_list(notes: Sequence[str]) -> str:
    """Return the assumptions and limits of Xen's list."""
    return f"Xen's list: {'; '.join(notes)}."


def vmd_endpoint(behind: tuple[SBDF, ...]) -> str:
    """Return the warning for a VMD endpoint: what the host loses."""
    return (
        "Warning: it is an Intel VMD endpoint. If you pass it through, the host loses "
        f"{device_list(behind)} and the disks there."
    )


def exists_by_physical_function(physical: SBDF) -> str:
    """Return that a virtual function depends on its physical function."""
    return (
        f"It exists only while its physical function {physical} has its driver. Unbinding that "
        "driver, or passing that function through, removes this device."
    )


REGIONS_OF_ARM = (
    "The regions that Linux reports come from RMR nodes of the IORT table (not decoded), or from the "
    "device tree."
)


def useless_in_dom0(options: Sequence[str]) -> str:
    """Return that Linux's options have no effect under Xen."""
    return (
        f"'{' '.join(options)}' on dom0's command line has no effect: Xen enforces the regions, "
        "not dom0."
    )


def splits_groups_only(option: str) -> str:
    """Return that pcie_acs_override does not help against a region."""
    return f"'{option}' splits IOMMU groups, with risk. It does not help against a region."


def interrupts_only(option: str) -> str:
    """Return that allow_unsafe_interrupts does not help against a region."""
    return (
        f"'{option}' is for machines without interrupt remapping, which this host has. It does "
        "not help against a region."
    )


def options_that_do_not_help(groups_option: str) -> str:
    """Return which options are often recommended but do not help against a region."""
    return (
        f"Two options that are often used with {RELAX_RMRR} do not help against a region: "
        f"{groups_option} (IOMMU groups) and allow_unsafe_interrupts (interrupt remapping)."
    )


def board_without_setting(version: str, firmware: str | None) -> str:
    """Return that `version` of a board's firmware lacks the setting; `firmware`: that of the host."""
    return (
        f"Users found no such entry in the setup of this board's firmware {version}. "
        f"{_own_firmware(version, firmware)}. Replacing the table was reported to work there"
    )


def board_in_short(version: str, firmware: str | None) -> str:
    """Return the same in a few words."""
    own = _own_firmware(version, firmware)
    return f"firmware {version} of this board has no such entry; {own[0].lower()}{own[1:]}"


def _own_firmware(version: str, firmware: str | None) -> str:
    if firmware is None:
        return "This host's firmware version is unknown"
    if version in firmware.split():
        return "This host has that version"
    return f"This host has {firmware}"
