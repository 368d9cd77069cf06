"""Sentences about how Xen treats a table and its command line."""

from collections.abc import Sequence

from dmaragent.addresses import AddressRange
from dmaragent.releases import Release
from fwtables import Damage

# The release ----------------------------------------------------------------------------


def release_unknown(assumed: str) -> str:
    """Return the assumption; `assumed` is ``Xen`` with the newest modelled release."""
    return f"assumes {assumed}, the newest known release (the host's release is unknown)"


def release_not_modelled(release: Release, nearest: tuple[int, int]) -> str:
    return (
        f"assumes the behaviour of Xen {nearest[0]}.{nearest[1]}: dmaragent does not know "
        f"Xen {release}"
    )


def listed_by_some(listing: str, others: str) -> str:
    """Return that the releases `listing` list a region and the `others` do not."""
    return f"listed by {listing}, not by {others}"


def lists_by_release(counts: Sequence[tuple[str, int]]) -> str:
    """Return that the point releases have different lists; `counts` are releases and lengths."""
    numbers = ", ".join(f"{releases} lists {count}" for releases, count in counts)
    return f"the point release is unknown: {numbers}"


def vtd_off_by_release(off: str, why: str, on: str) -> str:
    """Return that the releases `off` switch VT-d off and those of `on` do not."""
    return f"the point release is unknown: {off} switches VT-d off ({why}), {on} does not"


def option_ignored_by_release(releases: str, reason: str) -> str:
    """Return that some of the point releases ignore a range of ``rmrr=``."""
    return f"the point release is unknown, and {releases} ignores it: {reason}"


def note_of_releases(releases: str, note: str) -> str:
    """Return a note that applies only to some of the point releases."""
    return f"{releases}: {note}"


def devices_by_release(releases: Sequence[str]) -> str:
    """Return the groups of point releases that report different regions for a device."""
    return " and ".join(releases)


# VT-d off, or unknown -------------------------------------------------------------------


def switched_off(word: str) -> str:
    return f"Xen's command line has {word}"


def switched_off_by_release(word: str, off: Sequence[str], on: Sequence[str]) -> str:
    return f"{word} switches the IOMMU off in {', '.join(off)}, but not in {', '.join(on)}"


NO_ADDRESS_WIDTH = "the table's host address width is 0 (EINVAL)"
NO_REMAPPING_UNIT = "the table has no remapping unit (ENODEV)"


def damage_ends_walk(flaw: Damage) -> str:
    return f"{flaw} (EINVAL)"


def structure_refused(name: str, offset: int, reason: str) -> str:
    """Return that the structure at `offset` switches VT-d off."""
    return f"Xen rejects the {name} at offset 0x{offset:x}: {reason}"


TOO_SHORT = "it is too short for its type (EINVAL)"


def impossible_registers(address: int) -> str:
    return f"its register address is 0x{address:x} (ENODEV), so Xen looks for an AMD IOMMU instead"


def too_many_units(xen: str, most: int) -> str:
    return f"{xen} supports at most {most} remapping units (ENOMEM)"


def repeated_flag(flag: str) -> str:
    return f"it is the second structure in segment 0 with {flag} (EINVAL)"


def scope_entry_too_short(length: int) -> str:
    return f"an entry of its scope has length {length} (EINVAL)"


def pages_in_use(start: int, words: str) -> str:
    return (
        f"its pages from 0x{start:x} are {words} in the memory map, which Xen cannot reserve (EIO)"
    )


def limit_below_base(limit: int) -> str:
    return f"its limit 0x{limit:x} is below its base (EFAULT)"


def overlaps_region(region: tuple[int, int]) -> str:
    """Return that an RMRR overlaps the registered `region`, given by its first and last byte."""
    return f"{range_overlaps_region(region)} (EEXIST)"


def region_may_be_in_ram(unknown: str, start: int) -> str:
    """Return that Xen may switch VT-d off; `unknown` is why the memory type is unknown."""
    return f"{unknown}, and Xen switches VT-d off if the region at 0x{start:x} is in RAM"


# The fate of a region -------------------------------------------------------------------

LISTED = "Xen accepts it and lists it"
LISTED_EMPTY = f"{LISTED}, with 0 pages (before 4.16)"
NEVER_REPORTED = (
    "the first device of its scope is 00:00.0, and Xen's loop over the scope ends there"
)
ROUNDED_AWAY = "its base equals its limit and is page-aligned, so Xen rounds it to 0 pages"
ACCEPTED_IN_VAIN = "Xen accepts it, but VT-d is off"
NO_DEVICES = "its scope has no entry that Xen counts as a device"


def not_reached(error: str) -> str:
    return f"Xen stops reading the table before it, because {error}"


def no_device_present(reasons: Sequence[str]) -> str:
    return f"no device of its scope is present: {'; '.join(reasons)}"


def bridge_not_readable(segment: int) -> str:
    """Return that old releases cannot read a bridge while they parse the table."""
    return (
        f"this release cannot read bridges of segment {segment:#06x} while it reads the table, "
        "so it uses bus 0xff"
    )


# Notes on a prediction ------------------------------------------------------------------

EVERY_DEVICE_PRESENT = "assumes that every device is present (the PCI functions are unknown)"
MEMORY_NOT_CHECKED = "the memory type was not checked: the memory map is unknown"
NOT_RESERVED_WARNED = "not in reserved memory: Xen only warns (before 4.19)"
MAY_BE_IN_RAM = "it may be in RAM: the memory map is incomplete"
NOT_ALL_RESERVED = "not all reserved memory: Xen warns, and reserves the parts outside its map"
SCOPE_PAST_END = "its last scope entry exceeds the structure: what Xen reads there is not predicted"
SCOPE_CUT_AT_ZERO = "Xen ignores the devices from 00:00.0 on in its scope"


def read_not_predicted(flaw: Damage) -> str:
    return f"{flaw}; what Xen reads there is not predicted"


def segment_unknown(segment: int) -> str:
    return (
        f"segment 0x{segment:x} has no known function: Xen does not check whether its devices are "
        "present"
    )


def absent_device_counts(reason: str) -> str:
    return f"{reason}; Xen still counts the device in the scope"


def device_unknown(reason: str) -> str:
    return f"one of its devices is unknown: {reason}"


def last_page_lost(limit: int) -> str:
    return f"its last page 0x{limit:x} is not reserved: Xen rounds a page-aligned limit down"


# rmrr=: parsing -------------------------------------------------------------------------

NO_PAGE_NUMBER = "it does not begin with a page number (EINVAL)"
NO_LAST_PAGE = "no page number follows '-' (EINVAL)"
NO_DEVICE = "it names no device, so Xen ignores it"
SEGMENTS_DIFFER = "its devices are in different segments, so Xen ignores it"


def reading_stopped(text: str) -> str:
    return f"Xen stops reading the option at {text!r}"


def too_many_ranges(most: int) -> str:
    return f"Xen accepts at most {most} ranges (E2BIG)"


def ranges_overrun(xen: str, most: int) -> str:
    return f"{xen} overwrites its own memory if there are more than {most} ranges"


def wrong_size(start: int, end: int, most: int) -> str:
    why = "it ends before it starts" if end < start else f"it has {end - start + 1} pages"
    return f"{why}; Xen accepts 1 to {most}"


def too_large(start: int, end: int, most: int) -> str:
    """Return the sentence of :func:`wrong_size` for a release that stops reading there."""
    return f"{wrong_size(start, end, most)} (E2BIG)"


def not_an_address(text: str) -> str:
    return f"{text!r} is not a PCI address (EINVAL)"


def rest_not_read(rest: str) -> str:
    return f"Xen ignores {rest!r} and everything after it (EINVAL)"


def segment_of_first_device(segment: int) -> str:
    return f"Xen uses segment 0x{segment:x} for all its devices"


def word_cut(most: int) -> str:
    return f"Xen reads only {most} characters of a word and ignores the rest"


def releases_read_otherwise(releases: Sequence[str], newest: str) -> str:
    """Return the sentence; `newest` is the newest release's reason, empty if it accepts."""
    rest = f" ({newest})" if newest else ""
    return f"{', '.join(releases)} reads it differently from the newest release{rest}"


# rmrr=: setup ---------------------------------------------------------------------------

NEVER_REPORTED_RANGE = "its first device is 00:00.0, so Xen never reports it"
NO_DEVICE_PRESENT = "none of its devices is present"


def no_rmrr_option(xen: str) -> str:
    return f"{xen} does not have this option"


def vtd_is_off(why: str) -> str:
    return f"VT-d is off: {why}"


def range_overlaps_region(region: tuple[int, int]) -> str:
    """Return that a range overlaps a registered `region`, given by its first and last byte."""
    return f"it overlaps the region 0x{region[0]:x}-0x{region[1]:x}"


def overlaps_unsure_range(other: AddressRange) -> str:
    return f"it overlaps the range at 0x{other.start:x}, which Xen may or may not accept"


def range_fate_unknown(text: str, reason: str) -> str:
    return f"Xen may or may not accept {text} of rmrr=: {reason}"


# Page frames ----------------------------------------------------------------------------

MEMORY_MAP_UNKNOWN = "the firmware's memory map is unknown"
FRAMES_BY_MAP = "the memory map does not show whether Xen has a frame for its pages"


def page_beyond_address(pfn: int) -> str:
    return f"page 0x{pfn:x} is beyond the 52-bit address limit"


def page_past_ram(pfn: int, last: int) -> str:
    """Return the sentence; `last` is the last byte of RAM."""
    return f"page 0x{pfn:x} is beyond all RAM (which ends at 0x{last:x})"


def no_ram_near(pfn: int) -> str:
    return f"there is no RAM near page 0x{pfn:x}, so Xen has no frame for it"


def ram_limited(option: str) -> str:
    return f"{option} on Xen's command line limits the RAM"


def frame_unknown(why: str) -> str:
    return f"{why}; Xen ignores a range if a page of it has no frame"
