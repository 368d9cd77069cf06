"""Writing Xen's ``ivmd=`` option: from regions in bytes to words of the command line.

Pure.  Xen adds several words up: ``nr_ivmd`` of drivers/passthrough/amd/iommu_acpi.c is static.  A
word for each region needs no quoting in any boot loader.
:mod:`dmaragent.xen.hypervisor.ivmd_ranges` reads what Xen accepts.
"""

from collections.abc import Iterator

from dmaragent.boot_option.ivmd_model import WantedIvmd
from dmaragent.boot_option.words import ivmd as words
from dmaragent.xen.hypervisor.ivmd_ranges import MOST_RANGES

_LONGEST = 127
"""The bytes of a word that Xen reads."""


def words_of(wanted: WantedIvmd) -> tuple[str, ...]:
    """Return the words for `wanted`: one, or several if Xen would cut it."""
    pages = f"ivmd=0x{wanted.first:x}"
    if wanted.last != wanted.first:
        pages += f"-0x{wanted.last:x}"
    return tuple(_with_devices(pages, wanted)) if wanted.devices else (pages,)


def _with_devices(pages: str, wanted: WantedIvmd) -> Iterator[str]:
    word = ""
    for span in wanted.devices:
        longer = f"{word},{span.text}" if word else f"{pages}={span.text}"
        if len(longer) > _LONGEST:
            yield word
            longer = f"{pages}={span.text}"
        word = longer
    yield word


def places_of(wanted: WantedIvmd) -> int:
    """Return how many of Xen's eight places `wanted` uses: one for each device or range."""
    return len(wanted.devices) or 1


def never_accepted(wanted: WantedIvmd) -> str:
    """Return why Xen cannot accept `wanted` on any host; empty: it can."""
    if wanted.limit < wanted.base:
        return words.ends_before_it_begins()
    if len(wanted.devices) > MOST_RANGES:
        return words.too_many_devices(len(wanted.devices), MOST_RANGES)
    for span in wanted.devices:
        if span.first.segment or span.last.segment:
            return words.other_segment(str(span))
        if span.last < span.first:
            return words.devices_inverted(str(span))
    return ""


def one_word(written: tuple[str, ...]) -> str | None:
    """Return the words of ``ivmd=`` as one with ``;``; None if Xen would cut it."""
    word = "ivmd=" + ";".join(text.removeprefix("ivmd=") for text in written)
    return word if len(word) <= _LONGEST else None
