"""The sentences about Xen's ``rmrr=`` option: one function each, under the sentence's name.

They are clauses: most begin in lower case and have no full stop, as answers list them.
"""

from collections.abc import Iterable, Sequence

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.rmrr_option import MOST_DEVICES, MOST_PAGES, MOST_RANGES

EXAMPLE = "0xbdf3e000-0xbdf5dfff=00:1d.0 or 0xbdf3e000+128K=00:1d.0"
"""Regions as the command line takes them."""


def _bytes_of(pages: AddressRange) -> str:
    return f"0x{pages.start:x}-0x{pages.end - 1:x}"


# A region that a user asks for cannot be read.


def address_expected() -> str:
    """Begin a region."""
    return "a region begins with its address in bytes"


def last_byte_expected() -> str:
    """Follow the ``-`` of a region."""
    return "after '-' comes the address of the last byte"


def prefix_expected(expected: str, digits: str) -> str:
    """Return what is `expected` where there is no ``0x``, but perhaps `digits`."""
    hint = f"; write 0x{digits} if it is one in hexadecimal" if digits else ""
    return f"{expected}, with 0x{hint}"


def last_byte_before_first(base: int, limit: int) -> str:
    """Refuse a region that ends before it begins."""
    return f"the last byte 0x{limit:x} is before 0x{base:x}"


def sign_expected() -> str:
    """Follow the address of a region."""
    return f"'-' or '+' comes here, as in {EXAMPLE}"


def address_too_high(limit: int) -> str:
    """Refuse a region that ends where no physical address is."""
    return f"0x{limit:x} is beyond 52 bits, so it is no address"


def devices_expected() -> str:
    """Follow the addresses of a region."""
    return "'=' and the devices come here, as in =00:1d.0"


def size_too_large() -> str:
    """Refuse a size that no region can have."""
    return "the size is beyond 52 bits"


def size_expected() -> str:
    """Follow the ``+`` of a region."""
    return "after '+' comes a size in bytes, as 0x20000 or 128K"


def function_expected(device: str) -> str:
    """Refuse the name of a device that may be several functions."""
    return f"{device!r} does not name the function, as in 0000:0a:00.0"


# Xen cannot take a wanted region.


def no_device_named() -> str:
    """Refuse a region without a device."""
    return "it names no device, and Xen ignores a range without one"


def ends_before_it_begins() -> str:
    """Refuse a region whose limit is below its base."""
    return "it ends before it begins"


def more_pages_than_all_ranges(pages: int) -> str:
    """Refuse a region that all ranges of the option together do not hold."""
    most = MOST_RANGES * MOST_PAGES
    return f"it has {pages} pages; all of rmrr= holds {most} ({MOST_RANGES} ranges of {MOST_PAGES})"


def most_pages() -> str:
    """Return what the whole option holds: advice on a range that is larger."""
    return f"all of rmrr= holds {MOST_RANGES * MOST_PAGES} pages ({MOST_RANGES} ranges of {MOST_PAGES})"


def too_many_devices(devices: int) -> str:
    """Refuse a region with more devices than a range may have."""
    return f"it has {devices} devices; Xen takes {MOST_DEVICES} of one range"


def devices_of_several_segments(segments: Iterable[int]) -> str:
    """Refuse a region that one range cannot name the devices of."""
    shown = ", ".join(f"{segment:04x}" for segment in segments)
    return (
        f"its devices are of different segments ({shown}): Xen ignores such a range, and two "
        "ranges over the same pages overlap, which Xen ignores too"
    )


def segment_unknown_to_xen(segment: int) -> str:
    """Refuse a device behind Intel VMD, which Linux alone numbers."""
    return f"segment 0x{segment:x} is Linux's own (Intel VMD); Xen knows 16 bits"


def device_that_xen_never_reports(device: SBDF) -> str:
    """Refuse a region of 00:00.0, which ends Xen's list of devices."""
    return (
        f"Xen never reports a device at {device}, nor those named after it: its walk over "
        "the devices of a region ends at 00:00.0"
    )


def word_too_long(devices: int, longest: int) -> str:
    """Refuse a region whose range Xen would cut off."""
    return (
        f"its {devices} devices make a word of more than {longest} "
        "characters, and Xen drops what is beyond"
    )


def no_room_for_ranges(needed: int, room: int) -> str:
    """Refuse a region that needs more ranges than Xen has left."""
    ranges = "1 range" if needed == 1 else f"{needed} ranges"
    pages = f" of at most {MOST_PAGES} pages" if needed > 1 else ""
    left = f"{room} of its {MOST_RANGES} ranges {'is' if room == 1 else 'are'} left"
    return f"it takes {ranges}{pages}, and Xen has room for no more: {left}"


def page_in_common(other: str) -> str:
    """Refuse the later of two wanted regions that overlap; `other` is the earlier."""
    return (
        f"it has a page in common with {other}, and Xen ignores the second of two ranges "
        "that overlap: give both as one region with all their devices"
    )


def release_without_option(release: Release) -> str:
    """Refuse all regions for a Xen that is too old."""
    return f"Xen {release} has no rmrr= option; 4.9 is the first that has"


def amd_reads_ivmd() -> str:
    """Refuse all regions on an AMD machine."""
    return "this is an AMD machine, where Xen reads ivmd= and not rmrr="


def changed_by_an_error_before() -> str:
    """Refuse a region whose range Xen would not read as it is written."""
    return "an error in the rmrr= that is there already changes how Xen reads it"


def wanted_in_ram(ram: AddressRange) -> str:
    """Refuse a region that Xen would take although it is in use."""
    return (
        f"the memory map has RAM at {_bytes_of(ram)}: Xen would take it, "
        "and the device could then overwrite memory of the host or of a guest"
    )


def reserved_already(entry: AddressRange) -> str:
    """Refuse a region that the running Xen has on its list."""
    return f"the running Xen reserves {_bytes_of(entry)} already"


# What Xen makes of a range that is checked.


def behaviour_without_option(behaviour: str) -> str:
    """Refuse a range for releases without the option."""
    return f"{behaviour} has no such option"


def listed_by_running_xen() -> str:
    """Settle a range that was unknown: the running Xen has it."""
    return "the running Xen lists it"


def listed_against_the_rules() -> str:
    """Correct a range that the rules refuse: the running Xen has it."""
    return "the rules would not let Xen take it, and the running Xen lists it all the same"


def not_listed_by_running_xen(unknown: str | None) -> str:
    """Correct a range that the rules accept; with `unknown`, settle one for which they cannot."""
    if unknown is not None:
        return f"the running Xen does not list it. What was unknown: {unknown}"
    return "the running Xen does not list it, though nothing in it is wrong"


def xl_dmesg_says_why() -> str:
    """Advise on a range that the running Xen does not list."""
    return "`xl dmesg | grep -i rmrr` says why"


def checked_in_ram(ram: AddressRange) -> str:
    """Warn of a range that Xen takes although it is in use."""
    return (
        f"it is in RAM ({_bytes_of(ram)} in the memory map), which Xen "
        "does not check: the device may then overwrite memory that is in use"
    )


def devices_absent(devices: str) -> str:
    """Warn of a range whose `devices` are not present."""
    return f"no device answers at {devices}; Xen lists it for the address alone"


def given_by_table(region: int, *, dropped: bool) -> str:
    """Explain a range that the table's region has, for the same devices."""
    end = ", and Xen does not take that region" if dropped else ": no option is needed"
    return f"region {region} of the table gives it to the device{end}"


def given_to_other_devices(region: int) -> str:
    """Explain a range that the table's region has, for other devices."""
    return (
        f"region {region} of the table has it, for other devices: Xen has no option "
        "that adds a device to a region"
    )


# What people get wrong in a range.


def numbers_look_like_bytes(pages: tuple[int, int], devices: str) -> str:
    """Correct addresses that were written for page numbers; `pages` are those meant."""
    shown = f"0x{pages[0]:x}" if pages[0] == pages[1] else f"0x{pages[0]:x}-0x{pages[1]:x}"
    return (
        "the numbers are pages of 4 KiB, and these look like addresses in bytes: "
        f"write {shown}={devices}"
    )


def range_without_devices(text: str) -> str:
    """Correct a range that names no device."""
    return f"name the devices after it: {text}=SBDF, as in {text}=00:1d.0"


def split_into(words: Sequence[str]) -> str:
    """Correct a range that is too large for one."""
    return "split it into: " + " ".join(words)


def numbers_look_decimal(numbers: Sequence[str]) -> str:
    """Warn of numbers without a letter or 0x: Xen takes every number for hexadecimal."""
    shown = " and ".join(f"{number} as 0x{number}" for number in numbers)
    return f"Xen reads {shown}: if it was meant in decimal, convert it; else write the 0x"


def not_all_in_dom0_map(pages: AddressRange) -> str:
    """Warn that the memory map of a dom0 does not settle whether `pages` are RAM."""
    return (
        f"{_bytes_of(pages)} is not all in dom0's memory map, which leaves "
        "out RAM of Xen and of guests: see that it is no RAM in Xen's own map "
        "(`xl dmesg`, after 'RAM map')"
    )


# Notes on an option beyond its single ranges.


def large_ranges_ignored_alone() -> str:
    """Note how releases that are not asked about read a range of too many pages."""
    return (
        "before Xen 4.17 a range of more than 16 pages is ignored alone, and Xen reads on after it"
    )


def page_numbers_for_bytes(wanted: str, first: int, last: int) -> str:
    """Note that a wanted region reads like the page numbers `first` to `last`."""
    meant = f"0x{first * PAGE:x}-0x{(last + 1) * PAGE - 1:x}"
    return f"a REGION is in bytes: if {wanted} are page numbers, as in rmrr=, write {meant}"


def rounded_to_pages(wanted: str, first: int, last: int) -> str:
    """Note that the pages `first` to `last` are more than was wanted."""
    return (
        f"{wanted} is rounded outwards to whole pages: "
        f"0x{first * PAGE:x}-0x{(last + 1) * PAGE - 1:x}"
    )


def split_into_ranges(wanted: str, pages: int, ranges: int) -> str:
    """Note that a wanted region became several ranges."""
    return (
        f"{wanted} has {pages} pages and is split into "
        f"{ranges} ranges: Xen takes {MOST_PAGES} pages a range"
    )


def acceptance_unknown(wanted: str, reason: str) -> str:
    """Note that the frames of a wanted region may not exist for Xen."""
    return f"unknown whether Xen accepts {wanted}: {reason}"


def ranges_there_not_counted() -> str:
    """Note that Xen's command line was not read."""
    return "Xen's command line is not known: ranges that stand there already were not counted"


def memory_map_unknown() -> str:
    """Note that nothing says whether a wanted region is RAM."""
    return (
        "the memory map is not known: make sure that the region is no RAM, as Xen does not check it"
    )


def wanted_device_absent(device: SBDF) -> str:
    """Note that a wanted device is not present."""
    return f"no device answers at {device} on this host: is the address right?"


def ivmd_on_amd() -> str:
    """Note that the host's Xen does not use the option."""
    return "this is an AMD machine, where Xen does not use rmrr=: ivmd= is its option there"


def no_table_to_check_against() -> str:
    """Note what was not checked."""
    return (
        "there is no DMAR table here to check against: overlaps with its regions, and "
        "whether VT-d is on, were not checked (--host names another machine)"
    )


def semicolon_ends_grub_line() -> str:
    """Note what GRUB does to the text that was given."""
    return (
        "in GRUB's files ';' must be written '\\;': else GRUB ends the line there, and Xen "
        "gets only the first range. A word rmrr= for each range needs none of it"
    )


def read_as_grub_hands_it_on() -> str:
    """Note that the backslashes of the text were taken for GRUB's."""
    return "read as GRUB hands it on: '\\;' is ';' for Xen"


def quoted_too_often() -> str:
    """Note that Xen was given characters that only a boot loader knows."""
    return (
        "a backslash or a quotation mark has reached Xen, which knows neither: it is quoted "
        "once too often in the boot loader's file"
    )


def perhaps_cut_by_grub() -> str:
    """Note that the command line ends as one does that GRUB cut."""
    return (
        "rmrr= is the last word of the command line and has one range: if more were written, "
        "GRUB has ended the line at a ';' that was not written '\\;'"
    )


# DMA faults that no range is written for.


def counted(number: int, fault: str) -> str:
    """Count the faults that one sentence is about."""
    return f"{number} x {fault}"


def translated_by_linux() -> str:
    """Drop a fault whose address is probably the IOMMU's own."""
    return (
        "logged by Linux, whose kernel is not known to run with iommu=pt: its addresses are then "
        "the IOMMU's own, no physical ones"
    )


def fault_in_region(device: SBDF, region: int, place: str, *, listed: bool) -> str:
    """Drop a fault whose address a region of the table gives the device."""
    end = "" if listed else ", which Xen does not take"
    return f"{device} in region {region} of the table, {place}{end}"


def page_zero() -> str:
    """Drop a fault at page 0."""
    return "page 0, which a device uses that was told no address"


def interrupt_message() -> str:
    """Drop a fault in the interrupt address range."""
    return "an interrupt message (0xfee00000-0xfeefffff), no memory"


def beyond_physical_addresses() -> str:
    """Drop a fault at an address that no machine has."""
    return "an address beyond 52 bits, which is no physical one"


def fault_in_ram(ram: AddressRange) -> str:
    """Drop a fault in memory of the system."""
    return f"in RAM at {_bytes_of(ram)}, which is for the system's own use"
