"""Mistakes that people make in a range of ``rmrr=`` or ``ivmd=``, and what they probably meant.

Pure.
"""

import re
from collections.abc import Iterator

from dmaragent.addresses import FOUR_GIB, PAGE, AddressRange
from dmaragent.boot_option.words import check as check_words
from dmaragent.boot_option.words import writer as writer_words
from dmaragent.host.memory_map import MemoryMap, MemoryType
from dmaragent.xen.hypervisor.rmrr_option import MOST_PAGES, MOST_RANGES, UserRange

_NUMBERS = re.compile(r"[^-=;]+(?:-[^-=;]+)?")


def mistakes(user: UserRange, memory_map: MemoryMap | None) -> Iterator[str]:
    """Yield the probable mistakes in `user`, a sentence each, the likeliest first."""
    meant = bytes_meant(user, memory_map)
    if meant is not None:
        devices = user.text.partition("=")[2] or "SBDF"
        yield check_words.numbers_look_like_bytes(meant, devices)
        return
    start, last = user.start_pfn, user.end_pfn
    if start is not None and last is not None and last - start >= MOST_PAGES:
        yield from _split_words(user, start, last)
    elif start is not None and "=" not in user.text:
        yield check_words.range_without_devices(user.text)
    yield from decimal_words(user.text)


def bytes_meant(user: UserRange, memory_map: MemoryMap | None) -> tuple[int, int] | None:
    """Return the pages that were meant, if `user` is probably in bytes."""
    start, last = user.start_pfn, user.end_pfn
    return None if start is None or last is None else pages_meant(start, last, memory_map)


def pages_meant(
    start: int, last: int, memory_map: MemoryMap | None, *, any_number: bool = False
) -> tuple[int, int] | None:
    """Return the pages that were meant, if the page numbers `start` and `last` look like bytes.

    A region of the firmware begins on a page and ends just before one, so its first address ends
    in three zeros.  A range of bytes for a whole number of pages has more page numbers than
    ``rmrr=`` accepts.  With `any_number` the option has no limit, and such page numbers are a
    mistake only if the machine has no memory there.
    """
    if start % PAGE or start == 0 or last < start:
        return None
    end = None if memory_map is None else _end_of(memory_map)
    beyond = start * PAGE >= (FOUR_GIB if end is None else end)
    if last % PAGE == PAGE - 1:  # a whole number of pages, if these were bytes
        pages = AddressRange(start * PAGE, (last + 1) * PAGE)
        if any_number and not beyond and _may_have(memory_map, pages):
            return None
        return start // PAGE, last // PAGE
    if beyond and (last == start or last - start >= MOST_PAGES):
        return start // PAGE, max(start, last - (last % PAGE == 0)) // PAGE
    return None


def memory_doubt(memory_map: MemoryMap | None, pages: AddressRange | None) -> str:
    """Return what the memory map of a dom0 leaves open about `pages`; empty: nothing.

    It contains only dom0's own RAM: Linux arch/x86/xen/setup.c, ``xen_memory_setup``.
    """
    if memory_map is None or pages is None or not memory_map.foreign_ram:
        return ""
    if memory_map.covered(pages, frozenset(MemoryType)):
        return ""
    return check_words.not_all_in_dom0_map(pages)


def _may_have(memory_map: MemoryMap | None, pages: AddressRange) -> bool:
    """Return whether the machine may have memory at `pages`."""
    if memory_map is None or memory_map.incomplete or memory_map.foreign_ram:
        return True
    return any(memory_map.within(pages))


def _end_of(memory_map: MemoryMap) -> int:
    return max((entry.range.end for entry in memory_map.entries), default=FOUR_GIB)


def _split_words(user: UserRange, start: int, last: int) -> Iterator[str]:
    parts = -(-(last - start + 1) // MOST_PAGES)
    if parts > MOST_RANGES:
        yield writer_words.most_pages()
        return
    devices = user.text.partition("=")[2] or "SBDF"
    ranges = [
        f"rmrr=0x{at:x}-0x{min(at + MOST_PAGES - 1, last):x}={devices}"
        for at in range(start, last + 1, MOST_PAGES)
    ]
    yield check_words.split_into(ranges)


def decimal_words(text: str) -> Iterator[str]:
    """Warn of numbers in `text` that look decimal: Xen reads every number as hexadecimal."""
    match = _NUMBERS.match(text)
    numbers = match[0].split("-") if match else []
    if numbers and all(re.fullmatch(r"[0-9]{2,}", number) for number in numbers):
        yield check_words.numbers_look_decimal(numbers)
