"""Sentences about Xen's list of reserved device memory."""

from collections.abc import Sequence

from dmaragent.addresses import AddressRange, span

# Differences from the prediction --------------------------------------------------------


def listed_by_option(place: AddressRange) -> str:
    return f"Xen lists {span(place)}: `rmrr=` on its command line adds it"


MAYBE_OPTION = "`rmrr=` on Xen's command line (which is unknown)"
MAYBE_OTHER_RULE = "a rule of Xen that dmaragent does not know"


def maybe_console(*, page_more: bool) -> str:
    """Return the cause; with `page_more`, this Xen lists one page too many for the console."""
    more = ", with one page too many" if page_more else ""
    return f"the XHCI debug console (dbgp=xhci{more})"


def listed_unexplained(place: AddressRange, causes: Sequence[str]) -> str:
    return (
        f"Xen lists {span(place)}, which no RMRR structure has. "
        f"Possible cause: {', or '.join(causes)}"
    )


PREDICTED_AND_NOT_LISTED = "Xen does not list it, although its rules would"
ORDER_DIFFERS = "Xen's list is not in reverse table order, although its rules would produce that"


def listed_all_the_same(reason: str) -> str:
    """Return that Xen lists a region that its rules drop for this `reason`."""
    return f"Xen lists it, although its rules would drop it ({reason})"


def rounded_to_pages(place: AddressRange) -> str:
    return f"Xen reserves only whole pages, {span(place)}; if the limit is page-aligned, it drops that page"


def option_unknown(text: str, reason: str) -> str:
    return f"Xen may or may not accept {text} of `rmrr=`: {reason}"


def option_not_listed(text: str) -> str:
    return f"Xen does not list {text} of `rmrr=`, so it did not accept it"


def option_not_accepted(text: str, reason: str) -> str:
    return f"Xen does not accept {text} of `rmrr=`: {reason}"


def device_list_has_more(place: AddressRange) -> str:
    return f"Xen reports {span(place)} for it, but its whole list lacks this range"


def device_list_lacks(place: AddressRange) -> str:
    return f"Xen does not report {span(place)} for it, although its rules would"


# Why a region is not listed, or the list is empty ---------------------------------------

NOT_LISTED = "Xen does not list it"
NO_RMRR = "the table has no RMRR structure"
NO_RMRR_DECODED = "the decoded part of the table has no RMRR structure"
NONE_ACCEPTED = "Xen accepts none of the table's regions"
IOMMU_OFF = "Xen's IOMMU is off: virt_caps in `xl info` has no directio"
EMPTY_UNEXPLAINED = "the reason is unknown; look for VT-d in the host's `xl dmesg`"

# Limits of a prediction -----------------------------------------------------------------

RELEASES_DIFFER = "releases of Xen differ for some regions"


def memory_map_unreadable(why: str) -> str:
    return f"the firmware's memory map could not be read ({why})"


COMMAND_LINE_UNKNOWN = "Xen's command line is unknown (`xl info`): its options can add regions, or switch the IOMMU off"
MEMORY_MAP_LOST = "the firmware's memory map was not collected"


def list_uncertain(doubt: str) -> str:
    return f"this is not certain: {doubt}"


def options_by_release(releases: str) -> str:
    return f"{releases} accept other ranges of rmrr= than the newest release"


# AMD ------------------------------------------------------------------------------------

NO_IVMD = "the table has no IVMD block"
NOTHING_BEFORE_4_16 = "Xen before 4.16 lists nothing on AMD"
EMPTY_UNEXPLAINED_ON_AMD = "the reason is unknown; look for AMD-Vi in the host's `xl dmesg`"
NO_IVMD_DECODED = "no IVMD block in what could be decoded"


def ivmd_not_read(text: str, reason: str) -> str:
    return f"Xen does not accept {text} of `ivmd=`: {reason}"


def ivmd_without_effect(text: str, reason: str) -> str:
    return f"{text} of `ivmd=` has no effect: {reason}"


def no_ivmd_has(place: AddressRange) -> str:
    return (
        f"Xen lists {span(place)}, which no IVMD block predicts: an option that is unknown, the "
        "XHCI debug console, or a rule that is not modelled"
    )


def listed_by_ivmd(place: AddressRange) -> str:
    return f"Xen lists {span(place)}: `ivmd=` on its command line adds it"
