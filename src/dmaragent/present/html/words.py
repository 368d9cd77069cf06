"""Sentences and labels that only the report has."""

from collections.abc import Sequence

from dmaragent.answers.devices import Verdict
from dmaragent.iommu.model import Owner
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Verdict as GuestVerdict
from dmaragent.policy.layout import Placement
from dmaragent.present.words.devices import SIDES, verdict_words
from dmaragent.present.words.numbers import count
from dmaragent.present.words.region import owner_words

NOTHING = "-"
"""In a cell: the device or the region has none."""

# The page -------------------------------------------------------------------------------

UNNAMED_HOST = "a host"
SKIP = "Skip to the report"
CONTENTS = "Contents"
COPY = "Copy"


def title(host: str) -> str:
    """Return the title of the page."""
    return f"Reserved device memory of {host}"


def made_by(version: str) -> str:
    """Return what wrote the page."""
    return f"Written by dmaragent {version}."


def copy(what: str) -> str:
    """Return the name of a button that copies `what`."""
    return f"{COPY}: {what}"


# At a glance ----------------------------------------------------------------------------

GLANCE = "At a glance"
NO_TABLE = "No table"
NEXT = "Next"
DAMAGED = "The table is damaged"


def devices_in_short(number: int, total: int, verdict: Verdict, side: str) -> str:
    """Return how many devices have a verdict from `side`: ``8 of 13 devices blocked on Linux``."""
    what = f"{verdict_words(verdict)} on {SIDES[side]}"
    if verdict == Verdict(Can.CONDITIONS):
        what = f"allowed on {SIDES[side]} under conditions"
    if number == total:
        return f"{'The one device is' if total == 1 else f'All {total} devices'} {what}"
    return f"{number} of {count(total, 'device')} {what}"


def guests_in_short(number: int, total: int, verdict: GuestVerdict) -> str:
    """Return how many guests have a verdict: ``1 of 3 guests will not start``."""
    which = f"All {total} guests" if number == total else f"{number} of {total} guests"
    return f"{which}{_GUESTS[verdict]}"


def guest_alone(name: str, verdict: GuestVerdict) -> str:
    """Return the verdict on the only guest of a report."""
    return f"Guest {name}{_GUESTS[verdict]}"


_GUESTS = {
    GuestVerdict.REFUSED: " will not start",
    GuestVerdict.UNDECIDED: ": unknown",
    GuestVerdict.STARTS: " will start",
}


def guests_with_risk(number: int, total: int) -> str:
    """Return how many guests start although DMA can overwrite their RAM."""
    which = "The guest" if total == 1 else f"{number} of {total} guests"
    verb = "starts" if number == 1 else "start"
    return f"{which} {verb}, but DMA can overwrite guest RAM"


def more_guests(number: int) -> str:
    """Return how many guests a short list leaves out."""
    return f"{count(number, 'more guest')}: see the list of guests"


def cases(number: int) -> str:
    """Return how often a check found its problem."""
    return count(number, "case")


def damage_effect(*, decoded: bool) -> str:
    """Return what damage of the table means for the report."""
    return "regions may be missing" if decoded else "nothing could be decoded"


# What is unknown ------------------------------------------------------------------------

UNKNOWN = "Unknown or assumed"
UNKNOWN_LEAD = "These limits apply to the answers above."


def open_paths(paths: Sequence[str]) -> str:
    """Return which paths of the table lead through a bridge whose bus number is unknown."""
    return f"These paths lead through a bridge whose bus number is unknown: {', '.join(paths)}."


def not_read(problem: str) -> str:
    """Return what could not be read."""
    return f"Not read: {problem}"


# The host -------------------------------------------------------------------------------

HOST = "Host"

# Devices --------------------------------------------------------------------------------

DEVICES = "Devices"
DEVICE_COLUMNS = ("What it is", "Driver", "Slot", "Regions", "Group")
DEVICE_COLUMN = "Device"
MATRIX = "Each device with the verdicts of Xen and Linux"
OTHERS_CAPTION = "Bridges, chipset functions and absent devices"
FIX = "Fix"
FIXES = "Fixes, safest first"
NOTES = "Notes"


def side_note(side: str, sentence: str) -> str:
    """Return what is special about the verdicts of a side that does not decide on the host."""
    return f"{SIDES[side]}: {sentence}."


HOW_TO_READ = "Devices with the same verdicts, regions and fix are together."
EXPLAIN_HAS_MORE = "For the reasons and every fix, run: dmaragent explain DEVICE"


def functions_of(first: str, last: str) -> str:
    """Return several functions of one device: ``0000:03:00.0-3``."""
    return f"{first}-{last.rpartition('.')[2]}"


def other_devices(number: int) -> str:
    """Return how many functions are not passed through as a rule."""
    return count(
        number,
        "bridge, chipset function or absent device",
        "bridges, chipset functions and absent devices",
    )


def details_of(device: str) -> str:
    """Return the label of the reasons and fixes for one device."""
    return f"Reasons, facts and every fix for {device}"


def details_of_each(number: int) -> str:
    """Return the label of the reasons and fixes for several devices."""
    return f"Reasons, facts and every fix for each of these {number}"


def one_of_several(device: str) -> str:
    """Return whose facts stand for those of several devices."""
    return (
        f"Addresses, facts and commands are those of {device}. "
        "For another device, run: dmaragent explain DEVICE"
    )


def lost_paths(number: int) -> str:
    """Return how many paths of the table lead to no known device."""
    return f"{count(number, 'path')} of the table to unknown or absent devices"


def lines_for(where: str) -> str:
    """Return where the lines of a fix belong."""
    return f"In {where}:"


# The address space ----------------------------------------------------------------------

ADDRESS_SPACE = "Address space"
ADDRESS_COLUMNS = ("From", "To", "What it is", "Size")
SAME_AS_TABLE = "The address space as a table"
PICTURE_OF_HOST = "Address space of the host"
NOTHING_TO_DRAW = "Unknown: neither a region nor the memory map could be read."
MAP_UNKNOWN = "The firmware's memory map is unknown."
MAP_UNKNOWN_LABEL = "unknown"
MEMORY_COLUMN = "memory"
REGIONS_COLUMN = "regions"
SCALE = (
    "Addresses grow downwards. The scale is not linear: every range is at least one line high, "
    "so that 4 KiB is visible beside 2 GiB."
)
MAP_LEGEND = (
    ("region", "reserved region, with its number"),
    ("xen", "in Xen's list only (dotted)"),
    ("published", "reported by Linux only (striped)"),
    ("ram", "RAM"),
    ("reserved", "reserved by the firmware (hatched)"),
    ("firmware", "other firmware ranges (dotted)"),
    ("hole", "hole: the memory map has no such range (dashed)"),
    ("unknown", "unknown: the memory map could not be read"),
    ("odd", "region whose limit is below its base (triangle)"),
)
ZOOM = (
    ("in", "+", "Zoom in"),
    ("out", "\N{MINUS SIGN}", "Zoom out"),
    ("whole", "Whole", "Show the whole picture"),
)
ZOOM_KEYS = "Keys: + \N{MINUS SIGN} 0 and arrows; Tab moves to the next region."


def region_in_picture(number: int, place: str, size: str, segment: str, owners: str) -> str:
    """Return the description of a region in the picture of the host."""
    return f"Region {number}: {place}, {size}{segment}; owners: {owners}"


def in_segment(segment: int) -> str:
    """Return the PCI segment of a region, to follow its size; nothing for segment 0."""
    return f", segment {segment:04x}" if segment else ""


def region_name(number: int) -> str:
    """Return the name of a region."""
    return f"region {number}"


def published_label(size: str, kind: str) -> str:
    """Return the label of a region that Linux publishes."""
    return f"Linux: {size}, {kind}"


BY_OPTION = "an option on its command line"
NOT_EXPLAINED = "the table does not explain it"
NO_TABLE_TO_EXPLAIN = "no table to explain it"


def on_xens_list(place: str, size: str, why: str) -> str:
    """Return the description of a range that only Xen lists."""
    return f"In Xen's list only: {place}, {size}; {why}"


def xen_label(size: str, why: str) -> str:
    """Return the label of a range that only Xen lists."""
    return f"Xen: {size}, {why}"


def hole_words(place: str) -> str:
    """Return the description of a hole in the memory map."""
    return f"Hole: {place}, in no range of the memory map"


HOLE = "hole"

# Regions --------------------------------------------------------------------------------

REGIONS = "Reserved regions"
REGIONS_CAPTION = "Reserved regions in table order; regions with the same verdicts are together"
REGION_COLUMNS = ("Region", "Range and size", "Owners", "Xen", "Linux", "Memory map")
PUBLISHED = "Regions that only Linux reports"
DIFFERENCES = "Differences between the table, Xen and Linux"
NO_OWNER = "none: its device scope is empty"


def region_range(number: int, place: str, size: str, structure: str, offset: int) -> str:
    """Return a region with its number, range, size and place in the table."""
    return f"{number}: {place}, {size}, {structure} at {offset:#x}"


def shared_by(number: int) -> str:
    """Return how many devices share a region."""
    return f"shared by {number}: "


def same_owners(shared: str, region: int) -> str:
    """Return that a region has the owners of another."""
    return f"{shared}the same as region {region}"


def owner(owner: Owner) -> str:
    """Return an owner of a region, with spaces at which a line may break."""
    return owner_words(owner).replace("\N{NO-BREAK SPACE}", " ")


def of_region(number: int | None, sentence: str) -> str:
    """Return a sentence with the region that it is about, if it is about one."""
    return f"Region {number}: {sentence}" if number else sentence


# Findings -------------------------------------------------------------------------------

FINDINGS = "Findings"
EFFECT_ON = {"xen": "Effect on Xen", "linux": "Effect on Linux"}


def more_cases(number: int) -> str:
    """Return how many cases of a finding the report leaves out."""
    return f"{count(number, 'more case')}: dmaragent check lists all."


def evidence(number: int) -> str:
    """Return the label of the bytes that a finding is about."""
    return f"Evidence: {count(number, 'place')} in the table"


def more_pieces(number: int) -> str:
    """Return how many pieces of evidence are left out."""
    return f"and {number} more"


# Units and the table --------------------------------------------------------------------

UNITS = "Units and scopes"
TABLE = "The table"


def functions_left_out(number: int) -> str:
    """Return how many functions the tree leaves out."""
    return f"The tree leaves out {count(number, 'function')} that no region names."


def structure_by_structure(name: str) -> str:
    """Return the label of the whole decoded table."""
    return f"{name}, structure by structure"


# Guests ---------------------------------------------------------------------------------

GUESTS = "Guests"
REASONS = "Reasons"
WARNINGS = "Warnings"
SETTINGS = "Settings in effect"
MEMORY = "Guest memory"
REGIONS_OF_GUEST = "Regions of the guest's devices"
GUEST_REGION_COLUMNS = ("Range and size", "Owner", "Policy", "Decided by", "Outcome")
CONFIGURATION_LINES = "lines for the configuration"
NO_REGION_RESERVED = "No region is reserved, so libxl does not change the guest's memory layout."
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
    return f"If {' or '.join(assumptions)}: it{_GUESTS[verdict]}"


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


def capital(words: str) -> str:
    """Return `words` with a capital letter."""
    return f"{words[:1].upper()}{words[1:]}"


def sentence(words: str) -> str:
    """Return `words` with a capital letter and a full stop."""
    return f"{capital(words)}."
