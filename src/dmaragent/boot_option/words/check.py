"""The result for a wanted region and for a range of an option, and how ranges look mistaken."""

from collections.abc import Sequence

from dmaragent.addresses import AddressRange
from dmaragent.boot_option.words import bytes_of
from dmaragent.releases import Release


def release_without_option(release: Release) -> str:
    """Refuse all regions for a Xen that is too old."""
    return f"Xen {release} has no rmrr= option: Xen 4.9 introduced it"


def amd_reads_ivmd() -> str:
    """Refuse all regions on an AMD machine."""
    return "this is an AMD machine: Xen reads ivmd= here, not rmrr="


def iommu_off() -> str:
    """Refuse all regions on a host whose running Xen does not use the IOMMU."""
    return "Xen's IOMMU is off on this host (virt_caps in `xl info` has no directio)"


def iommu_off_now() -> str:
    """Return why it is unknown whether a range of another command line has an effect."""
    return f"{iommu_off()}; whether it is on with this command line is unknown"


def changed_by_an_error_before() -> str:
    """Refuse a region whose range Xen would not read as it is written."""
    return "Xen would read it differently, because of an error in the rmrr= that is already there"


def wanted_in_ram(ram: AddressRange) -> str:
    """Refuse a region that is in use, though Xen would accept it."""
    return (
        f"the memory map has RAM at {bytes_of(ram)}. Xen would accept the range, and the device "
        "could then overwrite memory of the host or of a guest"
    )


def reserved_already(entry: AddressRange) -> str:
    """Refuse a region that the running Xen already reserves."""
    return f"the running Xen already reserves {bytes_of(entry)}"


# How Xen treats a range that is checked ----------------------------------------------------
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
        f"it is in RAM ({bytes_of(ram)} in the memory map). Xen does not check that: the device "
        "can then overwrite memory that is in use"
    )


def devices_absent(devices: str) -> str:
    """Warn of a range whose `devices` are not present."""
    return f"no device is present at {devices}; Xen lists the range for that address alone"


def given_by_table(region: int, *, dropped: bool, whole: bool) -> str:
    """Explain a range that the table's region has, for the same devices; `whole`: all of it."""
    if not whole:
        return (
            f"region {region} of the table already covers a part of it for the device, and Xen "
            "ignores a range that overlaps a region. Name only the other pages"
        )
    end = ", but Xen does not accept that region" if dropped else "; no option is needed"
    return f"region {region} of the table already covers it for the device{end}"


def given_to_other_devices(region: int, *, whole: bool) -> str:
    """Explain a range that the table's region has, for other devices; `whole`: all of it."""
    what = "it" if whole else "a part of it"
    return (
        f"region {region} of the table covers {what}, but for other devices. Xen has no option "
        "that adds a device to a region"
    )


def in_table(region: int, *, whole: bool) -> str:
    """Explain a range without devices whose pages a region of the table has."""
    return f"region {region} of the table covers {'it' if whole else 'a part of it'}"


# What people get wrong in a range ----------------------------------------------------------
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
        f"{bytes_of(pages)} is not wholly in dom0's memory map, which leaves out RAM of Xen and "
        "of guests. Check in Xen's own map that it is not RAM (`xl dmesg`, after 'RAM map')"
    )
