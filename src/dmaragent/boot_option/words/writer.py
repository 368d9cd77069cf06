"""Why no range of ``rmrr=`` can be written for a wanted region."""

from collections.abc import Iterable

from dmaragent.addresses import SBDF
from dmaragent.xen.hypervisor.rmrr_option import MOST_DEVICES, MOST_PAGES, MOST_RANGES


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
