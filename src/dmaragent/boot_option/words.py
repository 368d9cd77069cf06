"""The sentences about Xen's ``rmrr=`` option and about boot loaders, one function each.

Most are clauses that begin in lower case and have no full stop: answers list them.
"""

from collections.abc import Iterable, Sequence

from dmaragent.addresses import PAGE, SBDF, AddressRange
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.rmrr_option import MOST_DEVICES, MOST_PAGES, MOST_RANGES

EXAMPLE = "0xbdf3e000-0xbdf5dfff=00:1d.0 or 0xbdf3e000+128K=00:1d.0"
"""Regions as the command line accepts them."""


def _bytes_of(pages: AddressRange) -> str:
    return f"0x{pages.start:x}-0x{pages.end - 1:x}"


# A region on the command line cannot be read.


def address_expected() -> str:
    """Return what the beginning of a region must be."""
    return "a region begins with its address in bytes"


def last_byte_expected() -> str:
    """Return what must follow the ``-`` of a region."""
    return "'-' must be followed by the address of the last byte"


def prefix_expected(expected: str, digits: str) -> str:
    """Return that ``0x`` is missing from what is `expected`; `digits`: what is there instead."""
    hint = f"; write 0x{digits} if this is the hexadecimal address" if digits else ""
    return f"{expected}, with 0x{hint}"


def last_byte_before_first(base: int, limit: int) -> str:
    """Refuse a region that ends before it begins."""
    return f"the last byte 0x{limit:x} is before the first, 0x{base:x}"


def sign_expected() -> str:
    """Return what must follow the address of a region."""
    return f"expected '-' or '+' here, as in {EXAMPLE}"


def address_too_high(limit: int) -> str:
    """Refuse a region that ends beyond all physical addresses."""
    return f"0x{limit:x} needs more than the 52 bits of a physical address"


def devices_expected() -> str:
    """Return what must follow the addresses of a region."""
    return "expected '=' and the devices here, as in =00:1d.0"


def size_too_large() -> str:
    """Refuse a size that no region can have."""
    return "the size needs more than 52 bits"


def size_expected() -> str:
    """Return what must follow the ``+`` of a region."""
    return "'+' must be followed by a size in bytes, such as 0x20000 or 128K"


def function_expected(device: str) -> str:
    """Refuse the name of a device that can be several functions."""
    return f"{device!r} has no function number; write it as in 0000:0a:00.0"


# Xen cannot accept a wanted region.


def no_device_named() -> str:
    """Refuse a region without a device."""
    return "it has no device, and Xen ignores a range without one"


def ends_before_it_begins() -> str:
    """Refuse a region whose limit is below its base."""
    return "it ends before it begins"


def more_pages_than_all_ranges(pages: int) -> str:
    """Refuse a region that is larger than all ranges of the option together."""
    most = MOST_RANGES * MOST_PAGES
    return (
        f"it has {pages} pages; rmrr= accepts at most {most} "
        f"({MOST_RANGES} ranges of {MOST_PAGES} pages)"
    )


def most_pages() -> str:
    """Return the limit of the whole option: advice on a range that is larger."""
    return (
        f"rmrr= accepts at most {MOST_RANGES * MOST_PAGES} pages "
        f"({MOST_RANGES} ranges of {MOST_PAGES} pages)"
    )


def too_many_devices(devices: int) -> str:
    """Refuse a region with more devices than a range can have."""
    return f"it has {devices} devices; Xen accepts at most {MOST_DEVICES} for a range"


def devices_of_several_segments(segments: Iterable[int]) -> str:
    """Refuse a region whose devices do not fit in one range."""
    shown = ", ".join(f"{segment:04x}" for segment in segments)
    return (
        f"its devices are on different PCI segments ({shown}). Xen ignores a range with several "
        "segments, and ignores the second of two ranges over the same pages"
    )


def segment_unknown_to_xen(segment: int) -> str:
    """Refuse a device behind Intel VMD, which Linux alone numbers."""
    return f"segment 0x{segment:x} exists in Linux only (Intel VMD); Xen's segments have 16 bits"


def device_that_xen_never_reports(device: SBDF) -> str:
    """Refuse a region of 00:00.0, which ends Xen's list of devices."""
    return (
        f"Xen never reports the region for {device}, nor for devices after it: it stops "
        "at 00:00.0 when it lists the devices of a region"
    )


def word_too_long(devices: int, longest: int) -> str:
    """Refuse a region whose range Xen would cut off."""
    return (
        f"with its {devices} devices the word is over {longest} characters long, and Xen drops "
        "the rest"
    )


def no_room_for_ranges(needed: int, room: int) -> str:
    """Refuse a region that needs more ranges than Xen has left."""
    ranges = "1 range" if needed == 1 else f"{needed} ranges"
    pages = f" of at most {MOST_PAGES} pages" if needed > 1 else ""
    left = f"{room} of Xen's {MOST_RANGES} ranges {'is' if room == 1 else 'are'} free"
    return f"it needs {ranges}{pages}; {left}"


def page_in_common(other: str) -> str:
    """Refuse the later of two wanted regions that overlap; `other` is the earlier."""
    return (
        f"it shares a page with {other}, and Xen ignores the second of two ranges that overlap. "
        "Give both as one region with all their devices"
    )


def release_without_option(release: Release) -> str:
    """Refuse all regions for a Xen that is too old."""
    return f"Xen {release} has no rmrr= option: Xen 4.9 introduced it"


def amd_reads_ivmd() -> str:
    """Refuse all regions on an AMD machine."""
    return "this is an AMD machine: Xen reads ivmd= here, not rmrr="


def changed_by_an_error_before() -> str:
    """Refuse a region whose range Xen would not read as it is written."""
    return "Xen would read it differently, because of an error in the rmrr= that is already there"


def wanted_in_ram(ram: AddressRange) -> str:
    """Refuse a region that is in use, though Xen would accept it."""
    return (
        f"the memory map has RAM at {_bytes_of(ram)}. Xen would accept the range, and the device "
        "could then overwrite memory of the host or of a guest"
    )


def reserved_already(entry: AddressRange) -> str:
    """Refuse a region that the running Xen already reserves."""
    return f"the running Xen already reserves {_bytes_of(entry)}"


# How Xen treats a range that is checked.


def behaviour_without_option(behaviour: str) -> str:
    """Refuse a range for releases without the option."""
    return f"{behaviour} has no rmrr= option"


def listed_by_running_xen() -> str:
    """Settle a range that was unknown: the running Xen has it."""
    return "the running Xen lists it"


def listed_against_the_rules() -> str:
    """Correct a range that the rules refuse: the running Xen has it."""
    return "the running Xen lists it, although the known rules refuse it"


def not_listed_by_running_xen(unknown: str | None) -> str:
    """Correct a range that the rules accept; with `unknown`, settle one for which they cannot."""
    if unknown is not None:
        return f"the running Xen does not list it. What was unknown: {unknown}"
    return "the running Xen does not list it, although no error in it is known"


def xl_dmesg_shows_why() -> str:
    """Advise on a range that the running Xen does not list."""
    return "`xl dmesg | grep -i rmrr` shows why"


def checked_in_ram(ram: AddressRange) -> str:
    """Warn of a range that Xen accepts although it is in use."""
    return (
        f"it is in RAM ({_bytes_of(ram)} in the memory map). Xen does not check that: the device "
        "can then overwrite memory that is in use"
    )


def devices_absent(devices: str) -> str:
    """Warn of a range whose `devices` are not present."""
    return f"no device is present at {devices}; Xen lists the range for that address alone"


def given_by_table(region: int, *, dropped: bool) -> str:
    """Explain a range that the table's region has, for the same devices."""
    end = ", but Xen does not accept that region" if dropped else "; no option is needed"
    return f"region {region} of the table already covers it for the device{end}"


def given_to_other_devices(region: int) -> str:
    """Explain a range that the table's region has, for other devices."""
    return (
        f"region {region} of the table covers it, but for other devices. Xen has no option "
        "that adds a device to a region"
    )


# What people get wrong in a range.


def numbers_look_like_bytes(pages: tuple[int, int], devices: str) -> str:
    """Correct addresses that were written for page numbers; `pages` are those meant."""
    shown = f"0x{pages[0]:x}" if pages[0] == pages[1] else f"0x{pages[0]:x}-0x{pages[1]:x}"
    return (
        "the numbers must be pages of 4 KiB, and these look like addresses in bytes. "
        f"Write {shown}={devices}"
    )


def range_without_devices(text: str) -> str:
    """Correct a range that names no device."""
    return f"add the devices: {text}=SBDF, as in {text}=00:1d.0"


def split_into(words: Sequence[str]) -> str:
    """Correct a range that is too large."""
    return "split it into: " + " ".join(words)


def numbers_look_decimal(numbers: Sequence[str]) -> str:
    """Warn of numbers without a letter or 0x: Xen reads every number as hexadecimal."""
    shown = " and ".join(f"{number} as 0x{number}" for number in numbers)
    return f"Xen reads {shown}. Convert the number if it is decimal; otherwise add the 0x"


def not_all_in_dom0_map(pages: AddressRange) -> str:
    """Warn that the memory map of a dom0 does not settle whether `pages` are RAM."""
    return (
        f"{_bytes_of(pages)} is not wholly in dom0's memory map, which leaves out RAM of Xen and "
        "of guests. Check in Xen's own map that it is not RAM (`xl dmesg`, after 'RAM map')"
    )


# Notes on an option beyond its single ranges.


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


# DMA faults that no range is written for.


def counted(number: int, fault: str) -> str:
    """Return how many faults one sentence is about."""
    return f"{number} x {fault}"


def translated_by_linux() -> str:
    """Drop a fault whose address is probably the IOMMU's own."""
    return (
        "logged by Linux, whose kernel options do not show iommu=pt. Its addresses are then the "
        "IOMMU's own, not physical ones"
    )


def fault_in_region(device: SBDF, region: int, place: str, *, listed: bool) -> str:
    """Drop a fault whose address is in a region that the table gives the device."""
    end = "" if listed else ", which Xen does not accept"
    return f"{device} in region {region} of the table, {place}{end}"


def page_zero() -> str:
    """Drop a fault at page 0."""
    return "page 0: a device uses it before it gets an address"


def interrupt_message() -> str:
    """Drop a fault in the interrupt address range."""
    return "an interrupt message (0xfee00000-0xfeefffff), not memory"


def hypertransport() -> str:
    """Drop a fault in the range of HyperTransport."""
    return "an address of HyperTransport (0xfd00000000-0xffffffffff), not memory"


def beyond_physical_addresses() -> str:
    """Drop a fault at an address that no machine has."""
    return "an address of more than 52 bits, which is not a physical address"


def fault_in_ram(ram: AddressRange) -> str:
    """Drop a fault in memory of the system."""
    return f"in RAM at {_bytes_of(ram)}, which the system itself uses"


# Boot loaders.

LOADER_TITLES = {
    "grub": "GRUB",
    "grubby": "GRUB (Fedora, RHEL)",
    "proxmox-boot-tool": "systemd-boot on Proxmox VE",
    "systemd-boot": "systemd-boot",
    "xen.cfg": "Xen's EFI loader (xen.efi without GRUB)",
    "xen-cmdline": "XCP-ng, XenServer",
}
"""The loaders under the names that people know, by their ids."""
KERNEL_LINE_NEEDED = (
    "If /etc/kernel/cmdline does not exist, first write the options of /proc/cmdline to it, "
    "without initrd=."
)


def append_to_xen_cfg(key: str, options: str) -> str:
    """Return how to add options in the file of Xen's EFI loader; `key`: the line."""
    after = ", after the file name" if key == "kernel=" else ""
    return (
        "In xen.cfg beside xen.efi on the EFI system partition, append this to the line "
        f"{key} of the section that boots{after}, without quotes: {options}"
    )


def undo_xen_cfg(key: str) -> str:
    """Return how to remove options from the file of Xen's EFI loader."""
    return f"Undo: delete the option from {key} in xen.cfg and reboot."


def note_earlier_value(command: str, *, ranges: bool) -> str:
    """Return what to do before xen-cmdline sets an option; `command` shows the present value."""
    keep = " Include its ranges in the new value." if ranges else ""
    return (
        f"xen-cmdline replaces the present value. Note it first: {command}.{keep} If there was "
        "one, undo by setting it again; deleting the option would lose it."
    )


def ranges_too_long_for_xen_cmdline(name: str, options: str) -> str:
    """Return what to do if the ranges of the option `name` make a word too long for Xen."""
    return (
        f"xen-cmdline keeps one {name}=, and Xen cuts a word this long. In grub.cfg, append these "
        f"words to the multiboot2 line: {options}"
    )


UNDO_GRUB_CFG = "Undo: delete the words from grub.cfg and reboot."


def undo_grub(lines: int) -> str:
    """Return how to take back `lines` in /etc/default/grub."""
    what = "that line" if lines == 1 else "those lines"
    return (
        f"Undo: delete {what} from /etc/default/grub, run the last command again and reboot. If "
        "the host does not boot, press e in GRUB's menu and delete the option for one boot."
    )


UNDO_COMMANDS = "Undo (then reboot):"


def undo_comment(command: str) -> str:
    """Return a command of an undo as a comment of a shell."""
    return f"# Undo: {command}"


def undo_edit(back: str, refresh: str) -> str:
    """Return that an edit is undone by `back`, then `refresh` if that is not empty."""
    again = ", run the command again" if refresh else ""
    return f"Undo: {back[:1].lower()}{back[1:].rstrip('.')}{again} and reboot."


def replace_in(place: str, old: str, new: str) -> str:
    """Return how to replace an option in a file; an empty `new` removes it."""
    return f"In {place}, replace {old} with {new}." if new else f"In {place}, delete {old}."


def append_to(place: str, option: str) -> str:
    """Return how to add an option in a file."""
    return f"In {place}, add {option} again."


THEN_REBOOT = "Then reboot and check /proc/cmdline."
_KERNEL_PLACES = {
    "grub": "GRUB_CMDLINE_LINUX_DEFAULT in /etc/default/grub, then update-grub or grub2-mkconfig.",
    "grubby": "grubby --update-kernel=ALL --args=OPTION, undone by --remove-args=OPTION.",
    "proxmox-boot-tool": "/etc/kernel/cmdline, then proxmox-boot-tool refresh.",
    "systemd-boot": "/etc/kernel/cmdline, then kernel-install add.",
}


def unknown_kernel_loader(loaders: Iterable[str]) -> str:
    """Return where each of `loaders`, by their ids, has the kernel's options."""
    places = (f"{LOADER_TITLES[loader]}: {_KERNEL_PLACES[loader]}" for loader in loaders)
    return (
        f"The boot loader is unknown. {' '.join(places)} Undo: delete the option in the same place, "
        "run the same command and reboot."
    )
