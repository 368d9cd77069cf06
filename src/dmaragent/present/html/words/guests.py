"""The guests with their pictures."""

from collections.abc import Sequence

from dmaragent.policy.decisions import Verdict as GuestVerdict
from dmaragent.policy.layout import Placement
from dmaragent.present.html.words import GUEST_VERDICTS

GUESTS = "Guests"
REASONS = "Reasons"
WARNINGS = "Warnings"
SETTINGS = "Settings in effect"
MEMORY = "Guest memory"
REGIONS_OF_GUEST = "Regions of the guest's devices"
GUEST_REGION_COLUMNS = ("Range and size", "Owner", "Policy", "Decided by", "Outcome")
CONFIGURATION_LINES = "lines for the configuration"
NO_REGION_RESERVED = "No region is reserved, so libxl does not change the guest's memory layout."
NO_REGION_KNOWN = "No region is known. This is the guest's memory without regions."
KVM_LABELS = ("Guest memory", "Regions from", "Next")
KVM_DEVICES = "Devices of the guest"
KVM_DEVICE_COLUMNS = ("Device", "Setting", "Line", "Verdict")
RAM = "RAM"
RAM_BEFORE = "before"
RAM_AFTER = "after"
OVERWRITTEN = "DMA can overwrite guest RAM"
DMA_INTO_RAM = "DMA into RAM"
DMA = "DMA"
CONFLICT = "conflict"
PLACEMENT_WORDS = {
    Placement.CLEAR: "kept free of RAM",
    Placement.MOVED: "RAM moved away",
    Placement.HIDDEN: "hidden from the guest",
    Placement.CONFLICT: "conflict with RAM",
}
LINUX_BLOCKS = "Linux blocks the device"
REGION_OF_DEVICE = "region of a device"
GUEST_LEGEND = (
    ("ram", "guest RAM"),
    ("overwritten", "DMA into guest RAM: it can overwrite the guest's memory (crossed)"),
    ("conflict", "conflict: guest RAM is in the region, so the guest is refused (hatched)"),
    ("cleared", "region without guest RAM"),
    ("hidden", "region that the guest does not see (dotted)"),
    ("region", "region of a device of the guest"),
)


def guest_title(name: str) -> str:
    """Return the heading of a guest."""
    return f"Guest {name}"


def picture_of_guest(name: str) -> str:
    """Return the title of the picture of a guest's memory."""
    return f"Memory of guest {name}"


def region_of_guest(number: int | None, place: str, outcome: str) -> str:
    """Return the description of a region in the picture of a guest."""
    return f"{f'Region {number}: ' if number else ''}{place}: {outcome}"


def region_label(number: int | None, size: str, outcome: str) -> str:
    """Return the label beside a region in the picture of a guest."""
    return f"{f'{number}: ' if number else ''}{size}, {outcome}"


def ram_words(column: str, place: str) -> str:
    """Return the description of a range of guest RAM, in the column that is named `column`."""
    return f"{ram_name(column)}: {place}"


def ram_name(column: str) -> str:
    """Return the name of the RAM in a column."""
    return RAM if column == RAM else f"{RAM} {column}"


def overlap_words(place: str, outcome: str) -> str:
    """Return the description of guest RAM that is in a region."""
    return f"RAM in a region: {place}: {outcome}"


def moved(size: str) -> str:
    """Return how much RAM moves."""
    return f"libxl moves {size} of RAM to above 4 GiB."


def with_assumptions(assumptions: Sequence[str]) -> str:
    """Return on which assumptions the picture rests."""
    return f"Assumed for the picture: {' or '.join(assumptions)}."


def other_outcome(assumptions: Sequence[str], verdict: GuestVerdict) -> str:
    """Return the verdict on other assumptions."""
    return f"If {' or '.join(assumptions)}: it{GUEST_VERDICTS[verdict]}"


def likewise(places: str, left: int) -> str:
    """Return the other regions for which a reason is the same."""
    more = f" and {left} more" if left > 0 else ""
    return f"The same for {places}{more}."


def more_of_guest(number: int) -> str:
    """Return how many rows of a guest the report leaves out."""
    return f"{number} more: dmaragent resolve --details lists all."


def before_start(line: str) -> str:
    """Return what must be done before a guest can start."""
    return f"Before the guest can start: {line}"


def documented_otherwise(line: str) -> str:
    """Return where the release differs from its manual."""
    return f"The release differs from its manual: {line}"


def reported(line: str) -> str:
    """Return what others reported of the release."""
    return f"Reported by others, not confirmed here: {line}"
