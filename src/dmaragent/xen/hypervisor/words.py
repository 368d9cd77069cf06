"""The sentences on what Xen makes of a table and of its command line: each name is an id.

A part of a sentence stands above the sentence that it completes.
"""

from collections.abc import Sequence

from dmaragent.addresses import AddressRange
from dmaragent.releases import Release
from fwtables import Damage

# The release ----------------------------------------------------------------------------


def release_unknown(assumed: str) -> str:
    return f"as of {assumed}: the release is not known"


def release_not_modelled(release: Release, nearest: tuple[int, int]) -> str:
    return f"as of Xen {nearest[0]}.{nearest[1]}: Xen {release} is not modelled"


def listed_by_some(listing: str, others: str) -> str:
    """The releases `listing` list a region; the `others` do not."""
    return f"listed by {listing}, not by {others}"


def lists_by_release(counts: Sequence[tuple[str, int]]) -> str:
    """The point releases have lists of different lengths; `counts` are releases and lengths."""
    numbers = ", ".join(f"{releases} lists {count}" for releases, count in counts)
    return f"the point release is unknown: {numbers}"


def vtd_off_by_release(off: str, why: str, on: str) -> str:
    """The releases `off` switch VT-d off, and those of `on` do not."""
    return f"the point release is unknown: {off} switches VT-d off ({why}), {on} does not"


def option_ignored_by_release(releases: str, reason: str) -> str:
    """Some of the point releases ignore a range of ``rmrr=``."""
    return f"the point release is unknown, and {releases} ignores it: {reason}"


def note_of_releases(releases: str, note: str) -> str:
    """A note that holds for some of the point releases."""
    return f"{releases}: {note}"


def devices_by_release(releases: Sequence[str]) -> str:
    """The groups of point releases that report different regions for a device."""
    return " and ".join(releases)


# VT-d off, or unknown -------------------------------------------------------------------


def switched_off(word: str) -> str:
    """An option of Xen's command line switches the IOMMU off."""
    return f"{word} stands on Xen's command line"


def switched_off_by_release(word: str, off: Sequence[str], on: Sequence[str]) -> str:
    return f"{word} switches the IOMMU off for {', '.join(off)}, not for {', '.join(on)}"


NO_ADDRESS_WIDTH = "the table's host address width is 0 (EINVAL)"
NO_REMAPPING_UNIT = "the table has no remapping unit (ENODEV)"


def damage_ends_walk(flaw: Damage) -> str:
    return f"{flaw} (EINVAL)"


def structure_refused(name: str, offset: int, reason: str) -> str:
    """The structure at `offset` switches VT-d off."""
    return f"the {name} at offset 0x{offset:x}: {reason}"


TOO_SHORT = "it is too short for its type (EINVAL)"


def impossible_registers(address: int) -> str:
    return f"its register address is 0x{address:x} (ENODEV), and Xen looks for an AMD IOMMU instead"


def too_many_units(xen: str, most: int) -> str:
    return f"{xen} drives at most {most} remapping units (ENOMEM)"


def repeated_flag(flag: str) -> str:
    return f"it is the second in segment 0 with {flag} (EINVAL)"


def scope_entry_too_short(length: int) -> str:
    return f"an entry of its scope has length {length} (EINVAL)"


def pages_in_use(start: int, words: str) -> str:
    return (
        f"its pages from 0x{start:x} are {words} in the memory map, "
        "which cannot be made reserved (EIO)"
    )


def limit_below_base(limit: int) -> str:
    return f"its limit 0x{limit:x} is below its base (EFAULT)"


def overlaps_region(region: tuple[int, int]) -> str:
    """An RMRR overlaps one that is registered; `region` are its first and its last byte."""
    return f"{range_overlaps_region(region)} (EEXIST)"


def region_may_be_in_ram(unknown: str, start: int) -> str:
    """Xen switches VT-d off or not, by memory that is `unknown`."""
    return f"{unknown}, and Xen switches VT-d off if the region at 0x{start:x} is in RAM"


# The fate of a region -------------------------------------------------------------------

LISTED = "Xen accepts it and lists it"
LISTED_EMPTY = f"{LISTED}, with 0 pages (before 4.16)"
NEVER_REPORTED = "the first device of its scope is 00:00.0, where Xen's iteration over it ends"
ROUNDED_AWAY = "its base is its limit and page aligned, which Xen rounds to 0 pages"
ACCEPTED_IN_VAIN = "Xen accepted it, but VT-d is off"
NO_DEVICES = "its scope has no entry that Xen counts as a device"


def not_reached(error: str) -> str:
    """`error` switched VT-d off before."""
    return f"Xen did not come to it: {error}"


def no_device_present(reasons: Sequence[str]) -> str:
    return f"no device of its scope answers: {'; '.join(reasons)}"


def bridge_not_readable(segment: int) -> str:
    """A path leads through a bridge that old releases cannot read when they parse the table."""
    return f"Xen cannot read the bridges of segment {segment:#06x} yet, and takes bus 0xff"


# Notes on a prediction ------------------------------------------------------------------

EVERY_DEVICE_PRESENT = "the PCI functions are not known: every device is taken to answer"
MEMORY_NOT_CHECKED = "map unknown: whether it is reserved memory was not checked"
NOT_RESERVED_WARNED = "not in reserved memory: Xen only warns (before 4.19)"
MAY_BE_IN_RAM = "whether it is in RAM is unknown: the memory map is incomplete"
NOT_ALL_RESERVED = "not all reserved memory: Xen warns, and reserves what its map leaves out"
SCOPE_PAST_END = "its last scope entry runs past its end: what Xen reads is not predicted"
SCOPE_CUT_AT_ZERO = "Xen does not see the devices from 00:00.0 on in its scope"


def read_not_predicted(flaw: Damage) -> str:
    """Xen reads on where the table is damaged."""
    return f"{flaw}; what Xen reads there is not predicted"


def segment_unknown(segment: int) -> str:
    return (
        f"segment 0x{segment:x} has no known function: Xen does not look whether its devices answer"
    )


def absent_device_counts(reason: str) -> str:
    return f"{reason}; it still counts as a device of the scope"


def device_unknown(reason: str) -> str:
    return f"one of its devices is not known: {reason}"


def last_page_lost(limit: int) -> str:
    return (
        f"the last page 0x{limit:x} is lost: Xen rounds the limit down because it is page aligned"
    )


# rmrr=: as it is read -------------------------------------------------------------------

NO_PAGE_NUMBER = "it does not begin with a page number (EINVAL)"
NO_LAST_PAGE = "no page number follows '-' (EINVAL)"
NO_DEVICE = "it names no device, so Xen ignores it"
SEGMENTS_DIFFER = "its devices are of different segments, so Xen ignores it"


def reading_stopped(text: str) -> str:
    """An error in the range `text` keeps Xen from reading the rest."""
    return f"Xen stopped reading the option at {text!r}"


def too_many_ranges(most: int) -> str:
    return f"Xen takes {most} ranges at most (E2BIG)"


def ranges_overrun(xen: str, most: int) -> str:
    """An old release writes a range behind the end of its array."""
    return f"{xen} writes more than {most} ranges over other memory of its own"


def wrong_size(start: int, end: int, most: int) -> str:
    """A range ends before it starts, or has too many pages."""
    why = "it ends before it starts" if end < start else f"it has {end - start + 1} pages"
    return f"{why}; Xen takes 1 to {most}"


def too_large(start: int, end: int, most: int) -> str:
    """As :func:`wrong_size`; Xen stops reading there."""
    return f"{wrong_size(start, end, most)} (E2BIG)"


def not_an_address(text: str) -> str:
    return f"{text!r} is not a PCI address (EINVAL)"


def rest_not_read(rest: str) -> str:
    return f"Xen does not read {rest!r} and what follows (EINVAL)"


def segment_of_first_device(segment: int) -> str:
    return f"Xen takes all its devices to be of segment 0x{segment:x}"


def word_cut(most: int) -> str:
    """A word of the command line is longer than Xen reads."""
    return f"Xen reads {most} characters of a word and drops this"


def releases_read_otherwise(releases: Sequence[str], newest: str) -> str:
    """The `newest` release's reason is empty if it accepts the range."""
    rest = f"; the newest: {newest}" if newest else ""
    return f"{', '.join(releases)} reads it differently from the newest release{rest}"


# rmrr=: as it is set up -----------------------------------------------------------------

NEVER_REPORTED_RANGE = "its first device is 00:00.0, so it is never reported"
NO_DEVICE_PRESENT = "none of its devices answers"


def no_rmrr_option(xen: str) -> str:
    return f"{xen} has no such option"


def vtd_is_off(why: str) -> str:
    return f"VT-d is off: {why}"


def range_overlaps_region(region: tuple[int, int]) -> str:
    """A range overlaps a registered region; `region` are its first and its last byte."""
    return f"it overlaps the region 0x{region[0]:x}-0x{region[1]:x}"


def overlaps_unsure_range(other: AddressRange) -> str:
    """A range overlaps one whose fate is unknown."""
    return f"it overlaps the range at 0x{other.start:x}, which Xen may accept or not"


def range_fate_unknown(text: str, reason: str) -> str:
    return f"whether Xen accepts {text} of rmrr= is unknown: {reason}"


# Page frames ----------------------------------------------------------------------------

MEMORY_MAP_UNKNOWN = "the firmware's memory map is unknown"
FRAMES_BY_MAP = "by the memory map Xen may have a frame for its pages or not"


def page_beyond_address(pfn: int) -> str:
    return f"page 0x{pfn:x} is beyond 52 bits of address"


def page_past_ram(pfn: int, last: int) -> str:
    """`last` is the last byte of RAM."""
    return f"page 0x{pfn:x} is past all RAM (0x{last:x} is its last byte)"


def no_ram_near(pfn: int) -> str:
    return f"there is no RAM near page 0x{pfn:x}, so Xen has no frame for it"


def ram_limited(option: str) -> str:
    return f"{option} on Xen's command line limits the RAM"


def frame_unknown(why: str) -> str:
    return f"{why}; Xen ignores a range with a page that it has no frame for"
