"""The sentences on Xen's list of reserved device memory: each name is an id.

A part of a sentence stands above the sentence that it completes.
"""

from collections.abc import Sequence

from dmaragent.addresses import AddressRange, span

# Where the list is not what the table predicts ------------------------------------------


def listed_by_option(place: AddressRange) -> str:
    return f"Xen lists {span(place)}: `rmrr=` on its command line adds it"


MAYBE_OPTION = "`rmrr=` on Xen's command line, which is not known"
MAYBE_OTHER_RULE = "a rule not modelled here"


def maybe_console(*, page_more: bool) -> str:
    """With `page_more` this Xen lists a page too many of the console's memory."""
    more = ", listed with a page too many" if page_more else ""
    return f"the XHCI debug console (dbgp=xhci{more})"


def listed_unexplained(place: AddressRange, causes: Sequence[str]) -> str:
    return f"Xen lists {span(place)}, which no RMRR structure has: {', or '.join(causes)}"


PREDICTED_AND_NOT_LISTED = "the rules predict it in Xen's list; it is not there"
ORDER_DIFFERS = "Xen's list is not in reverse table order, as its rules predict"


def listed_all_the_same(reason: str) -> str:
    """Xen lists a region that it drops by its rules, for this `reason`."""
    return f"the rules predict that Xen drops it ({reason}); it is listed all the same"


def rounded_to_pages(place: AddressRange) -> str:
    return (
        f"Xen reserves {span(place)}: whole pages, and the page of a "
        "limit that is page aligned is lost"
    )


def option_unknown(text: str, reason: str) -> str:
    return f"unknown whether Xen accepts {text} of `rmrr=`: {reason}"


def option_not_accepted(text: str, reason: str) -> str:
    return f"Xen does not take {text} of `rmrr=`: {reason}"


def device_list_has_more(place: AddressRange) -> str:
    return f"Xen reports {span(place)} for it, which its whole list lacks"


def device_list_lacks(place: AddressRange) -> str:
    return f"Xen's list for it lacks {span(place)}, which is its by Xen's rules"


# Why a region is not listed, or the list is empty ---------------------------------------

NOT_LISTED = "Xen does not list it"
NO_RMRR = "the table has no RMRR structure"
NO_RMRR_DECODED = "none in what could be decoded"
NONE_ACCEPTED = "Xen accepts none of the table's regions"
IOMMU_OFF = "Xen's IOMMU is off: virt_caps of `xl info` has no directio"
EMPTY_UNEXPLAINED = "why is not known; `xl dmesg` may say"

# What limits a prediction ---------------------------------------------------------------

RELEASES_DIFFER = "releases differ on some regions"


def memory_map_unreadable(why: str) -> str:
    return f"the firmware's memory map could not be read ({why})"


def options_by_release(releases: str) -> str:
    return f"{releases} accept other ranges of rmrr= than the newest release"


# AMD ------------------------------------------------------------------------------------

NO_IVMD = "the table has no IVMD block"
NOTHING_BEFORE_4_16 = "Xen before 4.16 lists nothing on AMD"
NO_IVMD_DECODED = "no IVMD block in what could be decoded"


def ivmd_not_read(text: str, reason: str) -> str:
    return f"Xen does not accept {text} of `ivmd=`: {reason}"


def no_ivmd_has(place: AddressRange) -> str:
    return (
        f"Xen lists {span(place)}, which no IVMD block predicts: an option that is unknown, the "
        "XHCI debug console, or a rule that is not modelled"
    )


def listed_by_ivmd(place: AddressRange) -> str:
    return f"Xen lists {span(place)}: `ivmd=` on its command line adds it"
