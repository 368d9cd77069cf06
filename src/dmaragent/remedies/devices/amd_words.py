"""Sentences of the fixes for devices of AMD hosts: title, effect, cost and risk."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF
from dmaragent.inventory import Region
from dmaragent.passthrough.words import device_list, region_numbers

SETUP = "Disable pre-boot DMA protection in the firmware setup"
_SETUP_COST = "reboot; devices can then use DMA before the system starts"
OVERRIDE_COST = "reboot, Secure Boot off; DMA to the region then faults"
WITHOUT = "Use a device without a region, or Linux 6.5 or older"
WITHOUT_COST = "another device; with an older kernel few guests start"
ALL_COVERED = "Boot Linux 6.5 or older"
ALL_COVERED_EFFECT = (
    "Linux 6.5 and older do not refuse the device. But they cannot map guest RAM over the region "
    "(EINVAL), and guest RAM overlaps nearly every region below 4 GiB."
)
ALL_COVERED_COST = "few guests start"
WITHOUT_OLD = "Use a device without a region"
WITHOUT_OLD_COST = "another device"
UPDATE_XEN_COST = "reboot"
_LIKELY = {
    True: "The table shows that the firmware uses the IOMMU before boot, so this is likely to help.",
    False: "The table shows that the firmware does not use the IOMMU before boot, so this is less "
    "likely to help.",
    None: "",
}


def setup_cost(*, preboot: bool | None, board: str) -> str:
    """Return the cost of the setting, after what makes it likely that it does not help."""
    if board:
        return f"{board}; {_SETUP_COST}"
    return f"may already be off; {_SETUP_COST}" if preboot is False else _SETUP_COST


def setup(*, preboot: bool | None, board: str) -> str:
    """Return what to set; `preboot`: whether the table shows the setting; `board`: what is known."""
    sentences = (
        (
            "The region is an entry of the IVRS table (IVMD). In the firmware setup, set IOMMU to "
            "Enabled instead of Auto: some boards show the next entry only then. Disable Pre-boot DMA "
            "Protection, also named Kernel DMA Protection. If there is no such entry, update the "
            "firmware."
        ),
        "" if board else _LIKELY[preboot],
        board and f"{board}.",
        "Afterwards, check /sys/kernel/iommu_groups/*/reserved_regions again.",
    )
    return " ".join(sentence for sentence in sentences if sentence)


def override(regions: Sequence[Region]) -> str:
    """Return the title of a copy of the table without `regions`."""
    return f"Boot with a copy of the table without {region_numbers(regions)}"


def override_effect(needs: Sequence[str], risks: Sequence[str], edit: str) -> str:
    """Return the effect of such a copy, with what it needs and its risks."""
    return " ".join(("No region then holds the device.", *needs, *risks, *([edit] if edit else [])))


def without(free: Sequence[SBDF], number: int, *, old_kernel: bool) -> str:
    """Return the devices that Linux allows, `free` of `number`, and what an older kernel does."""
    if number:
        others = f", and {number - len(free)} more" if number > len(free) else ""
        first = f"No region holds {device_list(tuple(free))}{others}."
    else:
        first = "Every known device with an IOMMU has a region or shares a group with one."
    if old_kernel:
        return first
    return f"{first} {ALL_COVERED_EFFECT}"


def update_xen_to(releases: str) -> str:
    """Return the title of the fix that newer `releases` of Xen are."""
    return f"Update Xen to one of {releases.removeprefix('Xen ')}"


def update_xen(releases: str) -> str:
    """Return which newer `releases` accept the table."""
    return f"{releases} keeps AMD-Vi on with this table (predicted)."
