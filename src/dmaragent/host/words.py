"""Sentences about readings of a host that could not be read or understood.

The names of the readings are in ``unreadable.py`` and beside the code that reads them.
"""

from collections.abc import Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.readings import Missing

_LONGEST_QUOTE = 62
"""The most characters of what is quoted, escaped as it is shown: a word of a line is not wrapped."""

# Any reading ----------------------------------------------------------------------------


def unreadable(what: str, missing: Missing) -> str:
    return f"{what} could not be read: {missing.detail or missing.kind.value}"


def _quoted(text: str) -> str:
    """Return `text` in quotes; if it is long as it is written there, its begin."""
    shown = repr(text)
    if len(shown) <= _LONGEST_QUOTE:
        return shown
    fits = max(n for n in range(_LONGEST_QUOTE) if len(repr(text[:n])) <= _LONGEST_QUOTE)
    return f"{text[:fits]!r}…"


def part_of(whole: object, part: str) -> str:
    return f"{whole}: {part}"


CUT_SHORT = "the line is cut short"


def not_a_number(text: str) -> str:
    return f"{_quoted(text)} is not a number"


def number_too_large(text: str, most: int) -> str:
    return f"{text} is more than {most:#x}"


def not_a_whole_number(text: str, most: int) -> str:
    return f"{text} is not a whole number up to {most:#x}"


def reading_not_a_number(whole: object, part: str, shown: str) -> str:
    return f"{whole}: {part} is not a number: {_quoted(shown)}"


# The memory map -------------------------------------------------------------------------

FOREIGN_RAM = "dom0's memory map leaves out the RAM of Xen and of guests"
NO_MEMORY_MAP = "neither sysfs nor the boot log has a memory map"
LOGGED_LINE_UNREADABLE = "a line of the memory map in the boot log could not be read"
LOG_LACKS_BEGINNING = "the boot log lacks the beginning of the memory map"
PAGE_0_BY_LINUX = (
    "/proc/iomem has page 0 as Linux reserves it, not as the firmware's memory map has it"
)
MAP_ENDS_BELOW = "the firmware's memory map ends below it"
NOT_IN_MAP = "not in the map"
NOT_KNOWN = "unknown"
"""The type of memory that the map does not have, if entries of it are missing."""


def map_entry_unreadable(entry: str) -> str:
    return f"entry {entry} of the firmware's memory map could not be read"


def map_entry_missing(entry: str) -> str:
    return f"entry {entry} of the firmware's memory map is missing"


def map_entries_overlap(place: AddressRange) -> str:
    return f"entries of the memory map overlap at {span(place)}"


def addresses_unknown(why: str) -> str:
    """Return the sentence for one line or entry of the map that cannot be used."""
    return f"{why}: the memory type at its addresses is unknown"


def overlap_unknown(why: str) -> str:
    """Return the sentence for several entries of the map that cannot be used."""
    return f"{why}: the memory type at their addresses is unknown"


# PCI functions --------------------------------------------------------------------------


def functions_unreadable(why: str) -> str:
    return f"the PCI functions could not be listed: {why}"


def function_name_unreadable(error: object) -> str:
    return f"the name of a PCI function cannot be understood: {error}"


def function_name_strange(sbdf: SBDF, name: str, *, beside: bool) -> str:
    """Return the sentence; with `beside`, the function is also listed under its usual name."""
    too = f"; the entry {sbdf} is used instead" if beside else ""
    return f"{sbdf}: listed as {name!r}, a spelling that Linux does not use{too}"


def function_vanished(sbdf: SBDF) -> str:
    return f"{sbdf}: the device was listed, but disappeared before it was read"


def bus_behind_unreadable(sbdf: SBDF) -> str:
    return f"{sbdf}: the bus behind this bridge could not be read"


def bus_behind_contradicted(sbdf: SBDF, attribute: int, config: int) -> str:
    return (
        f"{sbdf}: the bus behind this bridge is unknown: secondary_bus_number is {attribute}, "
        f"but configuration space has {config}"
    )


def no_bus_behind(sbdf: SBDF) -> str:
    return f"{sbdf}: there is no bus behind this bridge: its secondary bus number is 0"


# Bridges that contradict each other -----------------------------------------------------


def bus_not_above(secondary: int, own: int) -> str:
    return f"the bus {secondary:02x} behind this bridge is not above its own, {own:02x}"


def highest_bus_below_first(subordinate: int, secondary: int) -> str:
    return (
        f"the highest bus behind this bridge, {subordinate:02x}, is below the first, "
        f"{secondary:02x}"
    )


def bus_behind_others(bus: int, others: Sequence[SBDF]) -> str:
    shown = " ".join(map(str, others))
    return f"the bus {bus:02x} behind this bridge is also behind {shown}"


def impossible_bridge(sbdf: SBDF, why: str) -> str:
    return f"{sbdf}: {why}. This is impossible, so the buses behind it are treated as unknown"


# Following a device scope ---------------------------------------------------------------

NO_PATH = "the device scope entry has no path"
FUNCTIONS_NOT_COLLECTED = "the PCI functions were not collected"


def impossible_step(number: int, step: str, error: object) -> str:
    return f"step {number} of its path ({step}) is impossible: {error}"


def bus_unknown_without_functions(sbdf: SBDF) -> str:
    return f"the bus behind {sbdf} is unknown: the PCI functions were not collected"


def no_bridge_at(sbdf: SBDF) -> str:
    return f"no bridge is present at {sbdf}"


def bridge_unnumbered(sbdf: SBDF) -> str:
    return (
        f"there is no bus behind bridge {sbdf}: its secondary bus number is 0 (Linux finds "
        "no device there, Xen uses bus 00 instead)"
    )


def bus_unknown(sbdf: SBDF) -> str:
    return f"the bus behind {sbdf} is unknown"


def not_a_bridge(sbdf: SBDF) -> str:
    return f"{sbdf} is not a bridge"


def no_device_at(sbdf: SBDF) -> str:
    return f"no device is present at {sbdf}"


# IOMMU groups ---------------------------------------------------------------------------


def group_name_not_a_number(name: str) -> str:
    return f"the name of an IOMMU group is not a number: {_quoted(name)}"


def group_without_devices(group: str) -> str:
    return f"{group}: its list of devices is empty, but every group has a device"


def group_regions_cut(group: str) -> str:
    return f"{group}: its list of reserved regions is cut short"


def group_region_unreadable(group: str, line: str) -> str:
    return f"{group}: a reserved region cannot be understood: {_quoted(line)}"


# The system -----------------------------------------------------------------------------

KERNELS_RELEASE = "the kernel's release"
GUEST_TYPE = "the guest type of this kernel (/sys/hypervisor/guest_type)"
UNSAFE_INTERRUPTS = "VFIO's parameter allow_unsafe_interrupts"
XENS_VERSION = "the last part of Xen's version"


def not_understood(what: str) -> str:
    """Return that a reading is not what it can be."""
    return f"{what} cannot be understood"


RESOURCES_NOT_UNDERSTOOD = "the memory size and boot time cannot be understood"
BOOT_TIME_NOT_UNDERSTOOD = (
    "the boot time is invalid: the clock may have been set back to before 1970"
)

# Xen ------------------------------------------------------------------------------------

XENS_LIST_NOT_UNDERSTOOD = "Xen's list of reserved device memory cannot be understood"
DEVICE_LISTS_NOT_UNDERSTOOD = "Xen's reserved device memory by device cannot be understood"
DEVICE_LISTED_TWICE = "Xen's reserved device memory by device has a device twice"
NOT_THE_JSON = "not the expected JSON"
LISTED_TWICE = "a device is listed twice"
NAME_TWICE = "a name appears twice"
NO_LIST = "not a list of entries"


def hypervisor_kind_cut(kind: str) -> str:
    return f"the kind of hypervisor is cut short: {_quoted(kind)}"


def options_cut(most: int) -> str:
    return f"Xen reports only the first {most} bytes of its boot options: later ones are unknown"


def too_many_entries(number: int, most: int) -> str:
    return f"it has {number:,} entries; dmaragent examines lists of at most {most:,}"


# An address as the user wrote it --------------------------------------------------------

LIKE = "0000:00:1d.0 or 00:1d.0"


def address_too_long(begin: str) -> str:
    return f"{begin!r}… is too long for a PCI address"


def not_an_address(text: str) -> str:
    return f"{text!r} is not a PCI address like {LIKE}"


def two_addresses(text: str) -> str:
    return f"{text!r} has more than one PCI address; write the one of the host, like {LIKE}"


def decimal_address(text: str) -> str:
    return f"{text!r} is decimal (VMware); write it in hexadecimal, like {LIKE}"


def maybe_decimal_address(text: str) -> str:
    return f"{text!r} may be decimal (FreeBSD) or hexadecimal; write it in hexadecimal, like {LIKE}"


def vendor_and_device(text: str, ids: str) -> str:
    return (
        f"{text!r} is a vendor and device ID, not an address; "
        f"`lspci -Dd {ids}` on the host lists the addresses"
    )


def address_incomplete(text: str) -> str:
    return f"{text!r} lacks the segment or the function; write the whole address, like {LIKE}"
