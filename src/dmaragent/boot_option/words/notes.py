"""Notes on an option that is written or checked."""

from dmaragent.addresses import PAGE, SBDF
from dmaragent.xen.hypervisor.rmrr_option import MOST_PAGES


def large_ranges_ignored_alone() -> str:
    """Note how other releases read a range of too many pages."""
    return "before Xen 4.17, Xen ignores a range of more than 16 pages and reads those after it"


def page_numbers_for_bytes(wanted: str, first: int, last: int) -> str:
    """Note that a wanted region looks like the page numbers `first` to `last`."""
    meant = f"0x{first * PAGE:x}-0x{(last + 1) * PAGE - 1:x}"
    return f"a REGION is in bytes. If {wanted} are page numbers, as in Xen's option, write {meant}"


def rounded_to_pages(wanted: str, first: int, last: int) -> str:
    """Note that the pages `first` to `last` are more than was wanted."""
    return f"{wanted} is rounded to whole pages: 0x{first * PAGE:x}-0x{(last + 1) * PAGE - 1:x}"


def split_into_ranges(wanted: str, pages: int, ranges: int) -> str:
    """Note that a wanted region became several ranges."""
    return (
        f"{wanted} has {pages} pages and is split into {ranges} ranges: "
        f"Xen accepts {MOST_PAGES} pages a range"
    )


def acceptance_unknown(wanted: str, reason: str) -> str:
    """Note that the frames of a wanted region may not exist for Xen."""
    return f"unknown whether Xen accepts {wanted}: {reason}"


def ranges_there_not_counted() -> str:
    """Note that Xen's command line was not read."""
    return "Xen's command line is unknown, so ranges that are already on it were not counted"


def memory_map_unknown() -> str:
    """Note that nothing shows whether a wanted region is RAM."""
    return (
        "the memory map is unknown. Make sure that the region is not RAM: Xen does not check that"
    )


def wanted_device_absent(device: SBDF) -> str:
    """Note that a wanted device is not present."""
    return f"no device is present at {device} on this host: check the address"


def ivmd_on_amd() -> str:
    """Note that the host's Xen does not use the option."""
    return "this is an AMD machine: Xen ignores rmrr= here and reads ivmd="


def no_table_to_check_against() -> str:
    """Note what was not checked."""
    return (
        "this host has no DMAR table to check against. Overlaps with its regions and whether VT-d "
        "is on were not checked (--host reads another machine)"
    )


def semicolon_ends_grub_line() -> str:
    """Note what GRUB does to the text that was given."""
    return (
        "in GRUB's files, write ';' as '\\;'. Otherwise GRUB ends the line there, and Xen "
        "gets only the first range. An option for each range needs no quoting"
    )


def read_as_grub_hands_it_on() -> str:
    """Note that the backslashes of the text are GRUB's."""
    return "the text is read as GRUB passes it to Xen: '\\;' becomes ';'"


def quoted_too_often() -> str:
    """Note that Xen got characters that only a boot loader knows."""
    return (
        "Xen got a backslash or a quotation mark, which it does not understand. Remove one level "
        "of quoting from the boot loader's file"
    )


def perhaps_cut_by_grub() -> str:
    """Note that the command line ends as one does that GRUB cut."""
    return (
        "rmrr= is the last word of the command line and has one range. If you wrote more ranges, "
        "GRUB ended the line at a ';' without a backslash: write '\\;'"
    )
