"""Notes on the ``rmrr=`` option of a host that concern more than one range.

Pure.
"""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.boot_option.ivmd_model import WantedIvmd
from dmaragent.boot_option.mistakes import memory_doubt
from dmaragent.boot_option.model import JudgedRange, OptionHost
from dmaragent.boot_option.rmrr_writer import RmrrText, WantedRegion
from dmaragent.boot_option.words import notes as words
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor import words as hypervisor_words
from dmaragent.xen.hypervisor.command_line import option_rules
from dmaragent.xen.hypervisor.frames import frames_of
from dmaragent.xen.hypervisor.rmrr_option import MOST_PAGES

_LIKELY_PAGES = 1 << 24
"""An unaligned address below this is probably a page number of memory below 64 GiB."""


def checked_notes(
    on: OptionHost, text: str | None, line: str, ranges: Sequence[JudgedRange]
) -> Iterator[str]:
    """Yield the notes on a checked option: quoting, releases, what was not checked."""
    yield from (
        own_quoting(line, "rmrr", words.perhaps_cut_by_grub()) if text is None else quoting(text)
    )
    large = any(
        judged.read.start_pfn is not None and _page_count(judged) > MOST_PAGES for judged in ranges
    )
    if large and not any(rules.stops_at_large for rules in option_rules(on.release)):
        yield words.large_ranges_ignored_alone()
    yield from _host_notes(on)


def page_numbers(wanted: Sequence[WantedRegion | WantedIvmd]) -> Iterator[str]:
    """Yield a note on each region whose addresses look like page numbers."""
    for region in wanted:
        if region.rounded and region.limit < _LIKELY_PAGES:
            yield words.page_numbers_for_bytes(str(region), region.base, region.limit)


def written_notes(on: OptionHost, written: Sequence[RmrrText]) -> Iterator[str]:
    """Yield how the written ranges differ from the wanted regions, and what was not checked."""
    for region in written:
        name, ranges = str(region.wanted), region.ranges
        first, last = ranges[0].start_pfn, ranges[-1].end_pfn
        if region.wanted.rounded:
            yield words.rounded_to_pages(name, first, last)
        if len(ranges) > 1:
            yield words.split_into_ranges(name, last - first + 1, len(ranges))
        pages = AddressRange(first * PAGE, (last + 1) * PAGE)
        if doubt := memory_doubt(on.memory_map, pages):
            yield doubt
        frames = frames_of(first, last, on.memory_map, on.command_line or "")
        if frames.exist is None:
            yield words.acceptance_unknown(name, frames.reason)
        yield from _absent_devices(on, region.wanted)
    if written and on.command_line is None:
        yield words.ranges_there_not_counted()
    if written and on.memory_map is None:
        yield words.memory_map_unknown()
    yield from _host_notes(on)


def _absent_devices(on: OptionHost, wanted: WantedRegion) -> Iterator[str]:
    functions = on.host.topology.functions
    if not isinstance(functions, Missing):
        for device in dict.fromkeys(wanted.devices):
            if device not in functions:
                yield words.wanted_device_absent(device)


def _host_notes(on: OptionHost) -> Iterator[str]:
    if on.table is not None:
        if isinstance(on.host.topology.functions, Missing):
            yield hypervisor_words.EVERY_DEVICE_PRESENT
        return
    if on.amd:
        yield words.ivmd_on_amd()
    else:
        yield words.no_table_to_check_against()


def _page_count(judged: JudgedRange) -> int:
    start, last = judged.read.start_pfn, judged.read.end_pfn
    return 0 if start is None or last is None else last - start + 1


def quoting(text: str) -> Iterator[str]:
    """Yield what GRUB makes of a `text` with ``;``."""
    unescaped = text.replace("\\;", "")
    if ";" in unescaped:
        yield words.semicolon_ends_grub_line()
    elif ";" in text:
        yield words.read_as_grub_hands_it_on()


def own_quoting(line: str, name: str, cut: str) -> Iterator[str]:
    """Yield what a boot loader did to the options `name` of `line`; `cut`: that GRUB may have."""
    options = [word for word in line.split(" ") if word.startswith(f"{name}=")]
    if any("\\" in word or '"' in word or "'" in word for word in options):
        yield words.quoted_too_often()
    elif len(options) == 1 and ";" not in options[0] and line.rsplit(maxsplit=1)[-1] == options[0]:
        yield cut
