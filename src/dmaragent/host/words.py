"""The sentences on what of a host could not be read or understood: each name is an id.

A part of a sentence stands above the sentence that it completes.  What is read has its names in
``unreadable.py`` and beside the code that reads it.
"""

from collections.abc import Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.readings import Missing

# Any reading ----------------------------------------------------------------------------


def unreadable(what: str, missing: Missing) -> str:
    return f"{what} could not be read: {missing.detail or missing.kind.value}"


def part_of(whole: object, part: str) -> str:
    """The name of a reading that is a part of another."""
    return f"{whole}: {part}"


CUT_SHORT = "the line is cut short"


def not_a_number(text: str) -> str:
    return f"{text!r} is not a number"


def number_too_large(text: str, most: int) -> str:
    return f"{text} is more than {most:#x}"


def not_a_whole_number(text: str, most: int) -> str:
    return f"{text} is no whole number up to {most:#x}"


def reading_not_a_number(whole: object, part: str, shown: str) -> str:
    return f"{whole}: {part} is not a number: {shown!r}"


# The memory map -------------------------------------------------------------------------

FOREIGN_RAM = "dom0's memory map leaves out RAM of Xen and of guests"
NO_MEMORY_MAP = "no map in sysfs or the boot log"
LOGGED_LINE_UNREADABLE = "a line of the memory map in the boot log could not be read"
LOG_LACKS_BEGINNING = "the boot log lacks the beginning of the memory map"
MAP_ENDS_BELOW = "the firmware's memory map ends below it"
NOT_IN_MAP = "not in the map"


def map_entry_unreadable(entry: str) -> str:
    return f"entry {entry} of the firmware's memory map could not be read"


def map_entry_missing(entry: str) -> str:
    return f"entry {entry} of the firmware's memory map is missing"


def map_entries_overlap(place: AddressRange) -> str:
    return f"entries of the memory map overlap at {span(place)}"


def addresses_unknown(why: str) -> str:
    """`why` a line or an entry of the memory map is not known."""
    return f"{why}: what is at its addresses is unknown"


def overlap_unknown(why: str) -> str:
    """As :func:`addresses_unknown`, of several entries."""
    return f"{why}: what is at their addresses is unknown"


# PCI functions --------------------------------------------------------------------------


def functions_unreadable(why: str) -> str:
    return f"the PCI functions could not be listed: {why}"


def function_name_unreadable(error: object) -> str:
    return f"a PCI function's name cannot be read: {error}"


def function_name_strange(sbdf: SBDF, name: str, *, beside: bool) -> str:
    """With `beside` it is listed by its own name too."""
    too = f", beside {sbdf}: that one counts" if beside else ""
    return f"{sbdf}: it is listed as {name!r}, as Linux never writes it{too}"


def function_vanished(sbdf: SBDF) -> str:
    return f"{sbdf}: it was listed, and gone when it was read"


def bus_behind_unreadable(sbdf: SBDF) -> str:
    return f"{sbdf}: the bus behind this bridge could not be read"


def bus_behind_contradicted(sbdf: SBDF, attribute: int, config: int) -> str:
    return (
        f"{sbdf}: its secondary_bus_number is {attribute}, its configuration space has {config}: "
        "the bus behind this bridge is unknown"
    )


def no_bus_behind(sbdf: SBDF) -> str:
    return f"{sbdf}: no bus is behind this bridge: its secondary bus number is 0"


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
    return f"the bus {bus:02x} behind this bridge is behind {shown} too"


def impossible_bridge(sbdf: SBDF, why: str) -> str:
    return f"{sbdf}: {why}: no host is so, and what is behind it is unknown"


# Where a device scope leads -------------------------------------------------------------

NO_PATH = "the entry has no path"
FUNCTIONS_NOT_COLLECTED = "the PCI functions were not collected"


def impossible_step(number: int, step: str, error: object) -> str:
    return f"step {number} ({step}) cannot exist: {error}"


def bus_unknown_without_functions(sbdf: SBDF) -> str:
    return f"the bus behind {sbdf} is not known without the PCI functions"


def no_bridge_at(sbdf: SBDF) -> str:
    return f"no bridge answers at {sbdf}"


def bridge_unnumbered(sbdf: SBDF) -> str:
    return (
        f"no bus is behind the bridge {sbdf}: its secondary bus number is 0 (Linux finds "
        "no device there, Xen takes bus 00 for it)"
    )


def bus_unknown(sbdf: SBDF) -> str:
    return f"the bus behind {sbdf} is not known"


def not_a_bridge(sbdf: SBDF) -> str:
    return f"{sbdf} is not a bridge"


def no_device_at(sbdf: SBDF) -> str:
    return f"no device answers at {sbdf}"


# IOMMU groups ---------------------------------------------------------------------------


def group_name_not_a_number(name: str) -> str:
    return f"an IOMMU group's name is no number: {name!r}"


def group_without_devices(group: str) -> str:
    return f"{group}: its list of devices is empty, which no group's is"


def group_regions_cut(group: str) -> str:
    return f"{group}: its reserved regions are cut short"


def group_region_unreadable(group: str, line: str) -> str:
    return f"{group}: a reserved region cannot be read: {line!r}"


# The system -----------------------------------------------------------------------------

RESOURCES_NOT_UNDERSTOOD = "memory and boot time cannot be understood"
BOOT_TIME_NOT_UNDERSTOOD = "the boot time cannot be understood: was the clock set back?"

# Xen ------------------------------------------------------------------------------------

XENS_LIST_NOT_UNDERSTOOD = "the hypervisor's reserved device memory cannot be understood"
DEVICE_LISTS_NOT_UNDERSTOOD = "the reserved device memory of each device cannot be understood"
DEVICE_LISTED_TWICE = "the reserved device memory of each device lists a device twice"
NOT_THE_JSON = "not the JSON that was expected"
LISTED_TWICE = "a device is listed twice"
NAME_TWICE = "a name is there twice"
NO_LIST = "not a list of entries"


def hypervisor_kind_cut(kind: str) -> str:
    return f"the kind of hypervisor is cut short: {kind!r}"


def options_cut(most: int) -> str:
    return f"Xen reports the first {most} bytes of its options: others are unknown"


def too_many_entries(number: int, most: int) -> str:
    return f"it has {number:,} entries, and more than {most:,} are not examined"


# A device as somebody wrote it ----------------------------------------------------------

LIKE = "0000:00:1d.0 or 00:1d.0"


def address_too_long(begin: str) -> str:
    return f"{begin!r}… is too long for a PCI address"


def not_an_address(text: str) -> str:
    return f"{text!r} is not a PCI address like {LIKE}"


def decimal_address(text: str) -> str:
    return f"{text!r} is decimal (VMware); write it in hexadecimal, like {LIKE}"


def maybe_decimal_address(text: str) -> str:
    return f"{text!r} may be decimal (FreeBSD) or hexadecimal; write it in hexadecimal, like {LIKE}"


def vendor_and_device(text: str, ids: str) -> str:
    return f"{text!r} is a vendor and a device ID; `lspci -Dd {ids}` lists the addresses"


def address_incomplete(text: str) -> str:
    return f"{text!r} may leave out the segment or the function; write all of it, like {LIKE}"
