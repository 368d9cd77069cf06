"""Fixes in Xen: assign the device, keep guest RAM out of its regions, relax its policy."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF
from dmaragent.inventory import Region
from dmaragent.passthrough.words import device_list, region_list, region_numbers
from dmaragent.remedies.devices.words import sentence

DOM0_SHELL = "a root shell in dom0"
GUEST_FILE = "the guest's xl.cfg"


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
        f"{before}{sentence(loss)} The device then belongs to the driver pciback. Xen moves the "
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
