"""What is to be known of the ``rmrr=`` option on a host beyond its single ranges.

Pure.
"""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.boot_option.mistakes import memory_doubt
from dmaragent.boot_option.model import JudgedRange, OptionHost
from dmaragent.boot_option.rmrr_writer import RmrrText, WantedRegion
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.frames import frames_of
from dmaragent.xen.hypervisor.option_words import option_rules
from dmaragent.xen.hypervisor.rmrr_words import MOST_PAGES

_LIKELY_PAGES = 1 << 24
"""Below it an address that is no page's is rather a page number, of memory below 64 GiB."""


def checked_notes(
    on: OptionHost, text: str | None, line: str, ranges: Sequence[JudgedRange]
) -> Iterator[str]:
    """Say what is to be known of a checked option: quoting, releases, what was not checked."""
    yield from _own_quoting(line) if text is None else _quoting(text)
    large = any(one.read.start_pfn is not None and _pages(one) > MOST_PAGES for one in ranges)
    if large and not any(rules.stops_at_large for rules in option_rules(on.release)):
        yield (
            "before Xen 4.17 a range of more than 16 pages is ignored alone, and Xen reads on "
            "after it"
        )
    yield from _host_notes(on)


def page_numbers(wanted: Sequence[WantedRegion]) -> Iterator[str]:
    """Ask about regions whose bytes are rather page numbers, as the option itself has them."""
    for one in wanted:
        if one.rounded and one.limit < _LIKELY_PAGES:
            meant = f"0x{one.base * PAGE:x}-0x{(one.limit + 1) * PAGE - 1:x}"
            yield f"a REGION is in bytes: if {one} are page numbers, as in rmrr=, write {meant}"


def written_notes(on: OptionHost, written: Sequence[RmrrText]) -> Iterator[str]:
    """Say what was changed of what was wanted, and what was not checked."""
    for one in written:
        first, last = one.ranges[0].start_pfn, one.ranges[-1].end_pfn
        if one.wanted.rounded:
            yield (
                f"{one.wanted} is rounded outwards to whole pages: "
                f"0x{first * PAGE:x}-0x{(last + 1) * PAGE - 1:x}"
            )
        if len(one.ranges) > 1:
            yield (
                f"{one.wanted} has {last - first + 1} pages and is split into "
                f"{len(one.ranges)} ranges: Xen takes {MOST_PAGES} pages a range"
            )
        pages = AddressRange(first * PAGE, (last + 1) * PAGE)
        if doubt := memory_doubt(on.memory_map, pages):
            yield doubt
        frames = frames_of(first, last, on.memory_map, on.command_line or "")
        if frames.exist is None:
            yield f"unknown whether Xen accepts {one.wanted}: {frames.reason}"
        yield from _absent(on, one.wanted)
    if written and on.command_line is None:
        yield "Xen's command line is not known: ranges that stand there already were not counted"
    if written and on.memory_map is None:
        yield (
            "the memory map is not known: make sure that the region is no RAM, as Xen does "
            "not check it"
        )
    yield from _host_notes(on)


def _absent(on: OptionHost, wanted: WantedRegion) -> Iterator[str]:
    functions = on.host.topology.functions
    if not isinstance(functions, Missing):
        for device in dict.fromkeys(wanted.devices):
            if device not in functions:
                yield f"no device answers at {device} on this host: is the address right?"


def _host_notes(on: OptionHost) -> Iterator[str]:
    if on.table is not None:
        if isinstance(on.host.topology.functions, Missing):
            yield "the PCI functions are not known: every device is taken to answer"
        return
    if on.amd:
        yield "this is an AMD machine, where Xen does not use rmrr=: ivmd= is its option there"
    else:
        yield (
            "there is no DMAR table here to check against: overlaps with its regions, and "
            "whether VT-d is on, were not checked (--host names another machine)"
        )


def _pages(one: JudgedRange) -> int:
    start, last = one.read.start_pfn, one.read.end_pfn
    return 0 if start is None or last is None else last - start + 1


def _quoting(text: str) -> Iterator[str]:
    unescaped = text.replace("\\;", "")
    if ";" in unescaped:
        yield (
            "in GRUB's files ';' must be written '\\;': else GRUB ends the line there, and Xen "
            "gets only the first range. A word rmrr= for each range needs none of it"
        )
    elif ";" in text:
        yield "read as GRUB hands it on: '\\;' is ';' for Xen"


def _own_quoting(line: str) -> Iterator[str]:
    words = [word for word in line.split(" ") if word.startswith("rmrr=")]
    if any("\\" in word or '"' in word or "'" in word for word in words):
        yield (
            "a backslash or a quotation mark has reached Xen, which knows neither: it is quoted "
            "once too often in the boot loader's file"
        )
    elif len(words) == 1 and ";" not in words[0] and line.rsplit(maxsplit=1)[-1] == words[0]:
        yield (
            "rmrr= is the last word of the command line and has one range: if more were written, "
            "GRUB has ended the line at a ';' that was not written '\\;'"
        )
