"""What libxl, libxc and hvmloader refuse when a guest is built, and where guest RAM is."""

from dmaragent.addresses import MIB, SBDF, AddressRange, span
from dmaragent.guests.config import Vga
from dmaragent.policy.words import capitalized, size_words
from dmaragent.releases import Release

# What libxl refuses before it builds anything ---------------------------------------------

PVH_WITHOUT_DEVICES = "a PVH guest cannot have PCI devices"
PASSTHROUGH_DISABLED = "the guest has devices, and passthrough is disabled"
SHARE_PT_OF_PV_GUEST = "passthrough = share_pt is not valid for a PV guest"
SHARE_PT_UNSUPPORTED = (
    "this host does not support passthrough = share_pt: `xl info` lists no iommu_hap_pt_share"
)
SHARE_PT_WITHOUT_HAP = "passthrough = share_pt is only valid for guests with HAP"
SHARE_PT_UNKNOWN = (
    "unknown whether the host supports passthrough = share_pt: virt_caps of `xl info` does not "
    "show iommu_hap_pt_share"
)


def iommu_off(why: str) -> str:
    return f"no device can be passed through. {capitalized(why)}"


def passthrough_of_pvh_guest(passthrough: str | None) -> str:
    return f"passthrough = {passthrough} is not valid for a PVH guest, with or without devices"


def memory_below_maxmem(memory: int, maximum: int) -> str:
    return (
        f"memory ({memory // MIB} MiB) is less than maxmem ({maximum // MIB} MiB): "
        "populate on demand does not work with passthrough"
    )


NODES_OF_PV_GUEST = "libxl does not support vnuma for a PV guest"


def nodes_without_all_memory(memory: int, maximum: int) -> str:
    return (
        f"memory ({memory // MIB} MiB) is less than maxmem ({maximum // MIB} MiB): "
        "populate on demand does not work with vnuma"
    )


def nodes_mismatch(nodes: int, maximum: int) -> str:
    return f"the nodes of vnuma have {nodes // MIB} MiB, and maxmem is {maximum // MIB} MiB"


def first_node_too_small(node: int, video: int) -> str:
    return f"the first node of vnuma has {node // MIB} MiB, and the video memory {video // MIB} MiB"


def device_model_removed(release: Release) -> str:
    return f"Xen {release} has no qemu-xen-traditional: 4.20 was the last release with it"


GRAPHICS_NOT_INTELS = (
    "gfx_passthru = 1 works only with graphics of Intel, and none of the guest's devices is that"
)
GRAPHICS_UNKNOWN = (
    "gfx_passthru = 1 works only with graphics of Intel, and it is unknown whether one of the "
    "guest's devices is that"
)


def adapter_missing(device_model: str, vga: Vga) -> str:
    return f"{device_model} does not have {vga.value}"


def videoram_too_small(video: int, vga: Vga, least: int) -> str:
    return f"videoram is {video // MIB} MiB, and {vga.value} needs {least // MIB} MiB"


# How a guest is built ---------------------------------------------------------------------

STRATEGY_OF_PVH_GUEST = (
    "strategy=host for a PVH guest: libxl reserves regions by settings of another type of guest. "
    "The effect is unknown"
)
SHADOW_MISSING = "hap=0 needs shadow paging, and this Xen was built without it"
HAP_MISSING = "hap=1 needs HAP, and `xl info` does not list it for this host"
NO_PAGING = (
    "this Xen runs no HVM or PVH guests: virt_caps of `xl info` lists neither hap nor shadow, so the "
    "guest would have no paging"
)
HVM_MISSING = (
    "this Xen runs no HVM or PVH guests: virt_caps of `xl info` does not list hvm. The processor lacks "
    "VT-x or AMD-V, the firmware switched it off, or Xen was built without CONFIG_HVM"
)
PV_MISSING = (
    "this Xen runs no PV guests: virt_caps of `xl info` does not list pv. Xen was built without "
    "CONFIG_PV"
)
PV_MISSING_FOR_STUB_DOMAIN = (
    "the device model's stub domain is a PV guest, and this Xen runs none: virt_caps of `xl info` "
    "does not list pv"
)
HVM_UNKNOWN = (
    "unknown whether this Xen runs HVM and PVH guests: virt_caps (`xl info`) could not be read. "
    "Run `xl info` in the host's dom0 as root, and look for hvm in virt_caps"
)
PV_UNKNOWN = (
    "unknown whether this Xen runs PV guests: virt_caps of `xl info` does not show it. "
    "Run `xl info` in the host's dom0 as root, and look for pv in virt_caps"
)
PAGING_UNKNOWN = (
    "unknown whether this Xen has HAP or shadow paging: virt_caps of `xl info` lists neither, and "
    "the release, which may list them, is unknown"
)
SHADOW_UNKNOWN = (
    "hap=0 needs shadow paging, and it is unknown whether this Xen has it: virt_caps of `xl info` "
    "does not show it. Xen's log (`xl dmesg`) or a guest with hap=0 settles it"
)


def video_exceeds_memory(video: int, memory: int) -> str:
    return (
        f"the guest has {video // MIB} MiB of video memory, more than its {memory // MIB} MiB of "
        "memory: the size wraps around"
    )


def low_ram_below_loader(lowmem_end: int, loader: int) -> str:
    """Return that the guest has no RAM at `loader`, where hvmloader is copied to."""
    wraps = ". Its size in the memory map wraps around" if lowmem_end < loader else ""
    return (
        f"low RAM ends at {lowmem_end:#x}, so the guest has no RAM at {loader:#x}, where "
        f"hvmloader is loaded{wraps}"
    )


def too_many_map_entries(number: int, most: int, *, repeated: int = 0) -> str:
    """Refuse a memory map; `repeated`: how many entries Xen's list adds, if it repeats regions."""
    reason = f"the memory map would have {number:,} entries, and libxl accepts {most}"
    if not repeated:
        return reason
    return (
        f"{reason}. strategy=host adds {repeated:,}: on AMD, Xen lists a region for each device ID"
    )


def hvmloader_meets_region(region: AddressRange, own: AddressRange) -> str:
    return (
        f"the guest halts at start: the reserved range {span(region)} overlaps {span(own)}, "
        "hvmloader's own memory"
    )


def hvmloader_may_meet_region(region: AddressRange, own: AddressRange, until: str) -> str:
    """Return that `own` is hvmloader's memory only before the point release `until`."""
    return (
        f"unknown whether the guest halts at start: the reserved range {span(region)} overlaps "
        f"{span(own)}, which is hvmloader's own memory before Xen {until}"
    )


def hvmloader_without_low_ram(lowmem_end: int) -> str:
    return f"the guest halts at start: low RAM ends at {lowmem_end:#x}, below 2 MiB"


# Where a region is once RAM moved: parts of the two sentences below, and of tables

NO_RAM_THERE = "no guest RAM overlaps the region"
POLICY_UNSET = "the region has no policy, and libxl up to 4.13 then leaves it out of the memory map"
CROSSES_FOUR_GIB = "the region crosses 4 GiB, and libxl up to 4.13 always counts that as an overlap"
EMPTY_ABOVE_FOUR_GIB = (
    "the region is above 4 GiB and has no pages, and libxl counts it as an overlap"
)
ABOVE_FOUR_GIB = "the region is above 4 GiB, and libxl moves no RAM there"
UNDER_MOVED_RAM = "libxl moved other guest RAM to above 4 GiB, into the region"


def below_boundary(boundary: int) -> str:
    return (
        f"the region starts at or below rdm_mem_boundary ({size_words(boundary)}), so libxl leaves guest "
        "RAM there"
    )


def empty_below_boundary(boundary: int) -> str:
    return f"{below_boundary(boundary)}; it has no pages, and libxl counts it as an overlap"


def ram_moved(boundary: int, lowmem_end: int) -> str:
    return (
        f"the region starts above rdm_mem_boundary ({size_words(boundary)}), so libxl moves guest RAM "
        f"away: low RAM ends at {lowmem_end:#x}"
    )


RDM_MAKES_STRICT = "rdm= makes the region strict"


def device_makes_strict(sbdf: SBDF, *, explicit: bool) -> str:
    default = "" if explicit else ", the default without rdm_policy"
    return f"{sbdf} is strict{default}"


def strict_region_in_ram(region: AddressRange, why: str, makes_strict: str) -> str:
    return f"guest RAM overlaps {span(region)}, and {makes_strict}. {capitalized(why)}"


def region_hidden(region: AddressRange, why: str) -> str:
    return f"the guest's memory map does not show {span(region)} as reserved. {capitalized(why)}"
