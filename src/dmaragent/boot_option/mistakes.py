"""What people get wrong in ``rmrr=``, seen in one range of it, and what they probably meant.

Pure.
"""

import re
from collections.abc import Iterator

from dmaragent.addresses import PAGE, AddressRange
from dmaragent.host.memory_map import MemoryMap, MemoryType
from dmaragent.xen.hypervisor.rmrr_words import MOST_PAGES, MOST_RANGES, UserRange

_FOUR_GIB = 1 << 32
_NUMBERS = re.compile(r"[^-=;]+(?:-[^-=;]+)?")


def mistakes(user: UserRange, memory_map: MemoryMap | None) -> Iterator[str]:
    """Say what is probably wrong with `user`, a sentence each, the likeliest first."""
    meant = bytes_meant(user, memory_map)
    if meant is not None:
        devices = user.text.partition("=")[2] or "SBDF"
        pages = f"0x{meant[0]:x}" if meant[0] == meant[1] else f"0x{meant[0]:x}-0x{meant[1]:x}"
        yield (
            "the numbers are pages of 4 KiB, and these look like addresses in bytes: "
            f"write {pages}={devices}"
        )
        return
    start, last = user.start_pfn, user.end_pfn
    if start is not None and last is not None and last - start >= MOST_PAGES:
        yield from _split(user, start, last)
    elif start is not None and "=" not in user.text:
        yield f"name the devices after it: {user.text}=SBDF, as in {user.text}=00:1d.0"
    yield from _decimal(user)


def bytes_meant(user: UserRange, memory_map: MemoryMap | None) -> tuple[int, int] | None:
    """Give the pages that were meant, where `user` is most likely in bytes.

    Firmware's regions begin on a page, so that their addresses end in three zeros, and end
    just before one; page numbers of such a shape lie where no machine has memory.
    """
    start, last = user.start_pfn, user.end_pfn
    if start is None or last is None or start % PAGE or start == 0 or last < start:
        return None
    if last % PAGE == PAGE - 1:  # a whole number of pages, if these were bytes
        return start // PAGE, last // PAGE
    end = None if memory_map is None else _end(memory_map)
    beyond = start * PAGE >= (_FOUR_GIB if end is None else end)
    if beyond and (last == start or last - start >= MOST_PAGES):
        return start // PAGE, max(start, last - (last % PAGE == 0)) // PAGE
    return None


def memory_doubt(memory_map: MemoryMap | None, pages: AddressRange | None) -> str:
    """Return what of `pages` the map of a dom0 does not settle; empty if it does, or is no dom0's.

    Linux arch/x86/xen/setup.c, ``xen_memory_setup``, leaves out the RAM that is not dom0's own.
    """
    if memory_map is None or pages is None or not memory_map.foreign_ram:
        return ""
    if memory_map.covered(pages, frozenset(MemoryType)):
        return ""
    return (
        f"0x{pages.start:x}-0x{pages.end - 1:x} is not all in dom0's memory map, which leaves "
        "out RAM of Xen and of guests: see that it is no RAM in Xen's own map "
        "(`xl dmesg`, after 'RAM map')"
    )


def _end(memory_map: MemoryMap) -> int:
    return max((each.range.end for each in memory_map.entries), default=_FOUR_GIB)


def _split(user: UserRange, start: int, last: int) -> Iterator[str]:
    parts = -(-(last - start + 1) // MOST_PAGES)
    if parts > MOST_RANGES:
        most = MOST_RANGES * MOST_PAGES
        yield f"all of rmrr= holds {most} pages ({MOST_RANGES} ranges of {MOST_PAGES})"
        return
    devices = user.text.partition("=")[2] or "SBDF"
    words = [
        f"rmrr=0x{at:x}-0x{min(at + MOST_PAGES - 1, last):x}={devices}"
        for at in range(start, last + 1, MOST_PAGES)
    ]
    yield "split it into: " + " ".join(words)


def _decimal(user: UserRange) -> Iterator[str]:
    """Warn of numbers that read as decimal: Xen takes every number for hexadecimal."""
    found = _NUMBERS.match(user.text)
    numbers = found[0].split("-") if found else []
    if numbers and all(re.fullmatch(r"[0-9]{2,}", one) for one in numbers):
        shown = " and ".join(f"{one} as 0x{one}" for one in numbers)
        yield f"Xen reads {shown}: if it was meant in decimal, convert it; else write the 0x"
