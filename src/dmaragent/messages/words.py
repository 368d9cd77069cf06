"""Sentences that messages of several programs share."""

from collections.abc import Sequence

_MOST_PATHS = 3
IOMMU_ON = (
    "Enable VT-d (AMD: IOMMU) in the firmware setup. On Intel, also add intel_iommu=on to the "
    "kernel's command line. Reboot, and check /proc/cmdline."
)
"""The advice if the kernel does not use the IOMMU, for every program."""
NO_REGION = " A reserved region is not the reason."
"""The end of the meaning of a message that is often mistaken for one about reserved memory."""
NOT_STRATEGY_HOST = (
    'Do not use rdm = "strategy=host": Xen\'s list on AMD hosts has a range once for each device ID, '
    "which can be thousands of entries."
)
"""Why a guest on an AMD host needs the regions of its own devices only."""
TABLE_DAMAGED = "The table is damaged, so it may have regions that are not named here (dmaragent decode shows where)."
_AMD_SETUP = (
    "In the firmware setup, set IOMMU to Enabled instead of Auto. Then disable Pre-boot DMA "
    "Protection or Kernel DMA Protection, which some boards show only with that setting. If there is "
    "no such entry, update the firmware."
)
_AMD_OVERRIDE = (
    "Replace the IVRS table from the initrd with one without the block. The kernel needs "
    "CONFIG_ACPI_TABLE_UPGRADE; Secure Boot and lockdown must be off. dmaragent encode --without makes "
    "the table; dmaragent explain DEVICE --details prints the commands. If the firmware still uses the "
    "memory, its DMA is then blocked. Do not set the block's flags to 0 instead: Xen then switches "
    "AMD-Vi off."
)
_OLD_KERNEL = (
    "A kernel before 6.6 does not refuse the device, but a guest whose RAM overlaps the region then "
    "fails."
)


def amd_ways_out(*, all_blocked: bool = False, setup_last: bool = False) -> str:
    """Return how to pass through a device that Linux blocks for an IVMD block, a line each.

    The safest is first. `all_blocked`: Linux blocks every device of the host. `setup_last`: the board
    is known not to have the setting, so it comes last, as among the fixes of ``explain``.
    """
    other = (
        "Boot Linux 6.5 or older." if all_blocked else "Pass through a device that no block covers."
    )
    ways = [_AMD_SETUP, _AMD_OVERRIDE, f"{other} {_OLD_KERNEL}"]
    if setup_last:
        ways.append(ways.pop(0))
    return "\n".join(f"{number}. {way}" for number, way in enumerate(ways, 1))


AMD_WAYS_OUT = amd_ways_out()
"""The ways out on a host of which nothing is known."""
NO_REMAPPING_ON_AMD = {
    1: "EPERM: interrupt remapping is missing. On AMD hosts, no region gives this error."
}
"""The meaning of EPERM from VFIO on AMD hosts."""
INTERRUPTS_ON_AMD = (
    "Enable the IOMMU in the firmware setup, and look for intremap=off on the kernel's command line. If "
    'dmesg has "AMD-Vi: Disabling interrupt remapping", the firmware\'s table (IVRS) lacks an I/O APIC: '
    "update the firmware, or name it with ivrs_ioapic=. allow_unsafe_interrupts=1 removes this "
    "protection: use it only for guests that you trust."
)
"""The advice if Linux does not remap interrupts on an AMD host."""


def open_paths(paths: Sequence[str]) -> str:
    """Return that each device may have a region to which one of `paths` leads."""
    more = len(paths) - _MOST_PATHS
    shown = ", ".join(paths[:_MOST_PATHS]) + (f" and {more} more" if more > 0 else "")
    return f"A bridge has no known bus number, so any device may have the regions of {shown}."
