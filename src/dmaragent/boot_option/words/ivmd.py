"""The sentences about Xen's ``ivmd=`` option, one function each.

Most are clauses that begin in lower case and have no full stop: answers list them.
"""

from collections.abc import Sequence

from dmaragent.addresses import AddressRange, span
from dmaragent.releases import Release

EXAMPLE = "0xbdf3e000-0xbdf5dfff=00:1d.0, 0xbdf3e000+128K=00:1d.0-00:1d.7 or 0xbdf3e000+128K"
"""Regions as the command line accepts them on AMD."""

# A region on the command line cannot be read.


def devices_expected() -> str:
    """Return what can follow the addresses of a region."""
    return "expected '=' and the devices here, as in =00:1d.0 or =00:1d.0-00:1d.7"


# Xen cannot accept a wanted region.


def ends_before_it_begins() -> str:
    """Refuse a region whose limit is below its base."""
    return "it ends before it begins"


def too_many_devices(devices: int, most: int) -> str:
    """Refuse a region that needs more places than Xen has."""
    return (
        f"it has {devices} devices, and Xen accepts {most} ranges of ivmd= in all, one for each "
        "device. Name a range of devices, as in 00:1d.0-00:1d.7, which counts as one"
    )


def other_segment(device: str) -> str:
    """Refuse a device that Xen's parser refuses."""
    return f"{device} is not in PCI segment 0, the only one that ivmd= can name"


def devices_inverted(devices: str) -> str:
    """Refuse a range of devices that ends before it begins."""
    return f"the last device of {devices} is below the first"


def no_room(needed: int, room: int, most: int) -> str:
    """Refuse a region that needs more places than Xen has left."""
    ranges = "1 range" if needed == 1 else f"{needed} ranges"
    left = f"{room} of Xen's {most} ranges {'is' if room == 1 else 'are'} free"
    return f"it needs {ranges} of ivmd=; {left}"


def release_without_option(release: Release) -> str:
    """Refuse all regions for a Xen that is too old."""
    return f"Xen {release} has no ivmd= option: Xen 4.16 introduced it"


def intel_reads_rmrr() -> str:
    """Refuse all regions on an Intel machine."""
    return "this is an Intel machine: Xen reads rmrr= here, not ivmd="


def off_already(reason: str) -> str:
    """Refuse all regions on a host where Xen does not use its IOMMU."""
    return f"AMD-Vi is off on this host, whatever ivmd= adds: {reason}"


def would_switch_off(reason: str) -> str:
    """Refuse a region that would cost the host its IOMMU."""
    return f"Xen would switch AMD-Vi off for the whole host: {reason}"


def listed_already(pages: AddressRange) -> str:
    """Refuse a region that the devices already have."""
    return f"Xen already reserves {span(pages)} for every device named, so no option is needed"


# How Xen treats a range that is checked.


def not_checked() -> str:
    """Return why the effect of a range is unknown without the table."""
    return "there is no IVRS table to check it against"


def memory_unknown() -> str:
    """Return why the effect of a range is unknown without a memory map."""
    return "the memory map is unknown, and Xen switches AMD-Vi off if the range is in RAM"


def listed_by_running_xen() -> str:
    """Settle a range that was unknown or refused: the running Xen has it."""
    return "the running Xen lists it"


def not_listed_by_running_xen() -> str:
    """Correct a range that the rules accept: the running Xen does not have it."""
    return "the running Xen does not list it, although no error in it is known"


def xl_dmesg_shows_why() -> str:
    """Advise on a range that the running Xen does not list."""
    return "`xl dmesg | grep -E 'IVMD|AMD-Vi'` shows why"


def for_every_device() -> str:
    """Warn of a range without devices."""
    return (
        "it names no device, so it is for every device of the host. Add the devices if only some "
        "need it: =00:1d.0"
    )


def range_of_one(device: str) -> str:
    """Correct a range of devices from one to itself."""
    return f"a range needs two different devices. Write {device} once"


def absent_devices(devices: Sequence[str]) -> str:
    """Warn of a range whose devices are not present."""
    return f"no device is present at {', '.join(devices)}"


def numbers_look_like_bytes(pages: tuple[int, int], devices: str) -> str:
    """Correct addresses that were written for page numbers; `pages` are those meant."""
    shown = f"0x{pages[0]:x}" if pages[0] == pages[1] else f"0x{pages[0]:x}-0x{pages[1]:x}"
    return (
        "the numbers must be pages of 4 KiB, and these look like addresses in bytes. "
        f"Write {shown}{devices}"
    )


# Notes on an option beyond its single ranges.


def only_adds() -> str:
    """Note what the option cannot do."""
    return (
        "ivmd= only adds regions. Nothing on Xen's command line removes an IVMD of the table; "
        "`dmaragent encode --without` makes a table to load instead"
    )


def error_switches_off() -> str:
    """Note what an error costs, before somebody reboots with the option."""
    return (
        "if Xen refuses a range of ivmd=, it switches AMD-Vi off for the whole host, so no guest "
        "with a PCI device starts. Keep a boot entry without the option"
    )


def no_table_to_check_against() -> str:
    """Note what was not checked."""
    return (
        "this host has no IVRS table to check against. Whether devices have an IOMMU and whether "
        "unity maps overlap was not checked (--host reads another machine)"
    )


def on_intel() -> str:
    """Note that the host's Xen does not use the option."""
    return "this is an Intel machine: Xen ignores ivmd= here and reads rmrr="


def rounded_to_pages(wanted: str, pages: AddressRange) -> str:
    """Note that the whole pages are more than was wanted."""
    return f"{wanted} is rounded to whole pages: {span(pages)}"


def unknown_effect(wanted: str, reason: str) -> str:
    """Note that it is unknown whether Xen accepts a wanted region."""
    return f"unknown whether Xen accepts {wanted}: {reason}"


def command_line_unknown() -> str:
    """Note that Xen's command line was not read."""
    return "Xen's command line is unknown, so an ivmd= that is already on it was not counted"


def perhaps_cut_by_grub() -> str:
    """Note that the command line ends as one does that GRUB cut."""
    return (
        "ivmd= is the last word of the command line and has one range. If you wrote more ranges, "
        "GRUB ended the line at a ';' without a backslash: write '\\;'"
    )
