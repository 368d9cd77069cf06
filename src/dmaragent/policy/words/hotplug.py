"""What happens to a device that is attached to a running guest, and the guest's MMIO hole."""

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.guests.config import Vga
from dmaragent.guests.pci_text import PciRefusal, PciUndefined
from dmaragent.releases import Release

NO_IOMMU_CONTEXT = (
    "the guest was created without a device and without passthrough=, so it has no IOMMU "
    "context (strategy=host alone does not make one)"
)
NO_IOMMU_CONTEXT_AFTER_MIGRATION = (
    "the guest is migrated without its devices and then created again. Its configuration has no "
    'passthrough="enabled", so it has no IOMMU context on the target. Write that setting before '
    "the guest is started"
)
NOTHING_KNOWN = "nothing is known about it"


def guest_unknown(why: str) -> str:
    return f"the running guest is unknown: {why}"


def guest_start_unknown(why: str) -> str:
    return f"unknown whether the guest itself starts: {why}"


def guest_ram_unknown(why: str) -> str:
    return f"this guest would not start, so its memory layout is unknown: {why}"


def attached_undefined(text: str, undefined: PciUndefined) -> str:
    return f"the result of '{text}' is unknown: {undefined.why}"


def attached_refused(text: str, refusal: PciRefusal) -> str:
    return f"in '{text}', xl expects {refusal.expected} at character {refusal.position + 1}"


def _of_region(region: AddressRange, sbdf: SBDF, part: AddressRange) -> str:
    at = "" if part == region else f" at {span(part)}"
    return f"region {span(region)} of {sbdf}{at}"


def pages_in_strict_region(region: AddressRange, sbdf: SBDF, part: AddressRange, what: str) -> str:
    return (
        f"the guest has {what} in {_of_region(region, sbdf, part)}, and the device is "
        "strict, so the region cannot be mapped"
    )


def pages_in_relaxed_region(region: AddressRange, sbdf: SBDF, part: AddressRange, what: str) -> str:
    return (
        f"the guest has {what} in {_of_region(region, sbdf, part)}. Xen does not map those "
        "pages, and DMA to the region overwrites them"
    )


def hole_unknown_of_strict(region: AddressRange, sbdf: SBDF, part: AddressRange, why: str) -> str:
    return (
        f"unknown what the guest has in {_of_region(region, sbdf, part)}: {why}. "
        "`lspci -v` in the guest shows where its BARs are"
    )


def hole_unknown_of_relaxed(region: AddressRange, sbdf: SBDF, part: AddressRange, why: str) -> str:
    return (
        f"unknown what the guest has in {_of_region(region, sbdf, part)}: {why}. "
        "If guest memory is there, Xen does not map those pages, and DMA overwrites them"
    )


def hole_unknown_of_exclusion(
    region: AddressRange, sbdf: SBDF, part: AddressRange, why: str
) -> str:
    return (
        f"unknown what the guest has in {_of_region(region, sbdf, part)}: {why}. It is an exclusion "
        "range: if guest RAM is there, DMA of the device there reaches host memory"
    )


def region_under_emulated(  # noqa: PLR0913 - each is in the sentence
    region: AddressRange,
    sbdf: SBDF,
    part: AddressRange,
    what: str,
    *,
    certain: bool,
    strict: bool,
) -> str:
    """Return that a region is where the BARs of an emulated device are, or may be."""
    overlaps = "overlaps" if certain else "may overlap"
    refused = ". If Xen drivers of the guest keep pages there, Xen refuses it (EBUSY)"
    return (
        f"{_of_region(region, sbdf, part)} {overlaps} {what}. Xen maps the region there, and "
        "the guest then reaches host memory instead of that device"
        f"{refused if strict and certain else ''}"
    )


# What a guest's MMIO hole holds: parts of the sentences above -----------------------------

HVMLOADERS_OWN = "hvmloader and the local APIC use it"
PASSED_BARS_UNKNOWN = "the BAR sizes of the guest's passed-through devices are unknown"
SMALL_BARS_DECIDE = "the sizes of the small BARs decide where the BARs begin"
EMULATED_UNKNOWN = "the configuration does not show which devices are emulated, and what boots it"
DEVICE_MODEL_NOT_MODELLED = (
    "the device model is qemu-xen-traditional or in a stub domain, which is not modelled"
)
QXL_NOT_MODELLED = "the BARs of qxl are not modelled"
CIRRUS_SIZES = "QEMU's cirrus accepts 4, 8 or 16 MiB of video memory"
STDVGA_SIZES = "QEMU's stdvga accepts up to 512 MiB of video memory"
PLATFORM_BAR = "the Xen platform device's BAR"
CIRRUS_BAR = "the BAR of the display adapter (cirrus)"
STDVGA_FRAMEBUFFER = "the framebuffer of the display adapter (stdvga)"
SMALL_BARS = "the BARs of network cards, USB controllers and other emulated devices"


def reserved_ranges_stepped_over(release: Release) -> str:
    return f"hvmloader of {release} may place BARs over some reserved ranges"


def video_memory(vga: Vga) -> str:
    return f"the video memory of its display adapter ({vga.value})"
