"""Numbers in words: counts, sizes and lists of numbers."""

from collections.abc import Iterable

from dmaragent.spans import few_spans

_UNITS = ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))


def size_words(size: int) -> str:
    """Return a number of bytes exactly, in the largest unit of which it is whole eighths."""
    for shift, unit in _UNITS:
        if size >= 1 << shift and size % (1 << shift - 3) == 0:
            eighths = size >> shift - 3
            part = f"{eighths % 8 / 8:g}".removeprefix("0")
            return f"{eighths // 8}{part} {unit}"
    return count(size, "byte")


def rough_size_words(size: int) -> str:
    """Return a number of bytes to a tenth of the largest unit, with "about" if it is rounded."""
    for shift, unit in _UNITS:
        if size >= 1 << shift:
            tenths = (size * 10 + (1 << shift - 1)) >> shift
            about = "" if size * 10 == tenths << shift else "about "
            part = f".{tenths % 10}" if tenths % 10 else ""
            return f"{about}{tenths // 10}{part} {unit}"
    return count(size, "byte")


def count(number: int, singular: str, plural: str = "") -> str:
    """Return ``1 region`` or ``2 regions``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def known_regions(number: int | None, noun: str = "region") -> str:
    """Return a number of regions; None: unknown."""
    return "regions unknown" if number is None else count(number, noun)


def numbered_regions(numbers: Iterable[int]) -> str:
    """Return ``region 5`` or ``regions 1-3, 5``; of many spans the first, and how many are left."""
    ordered = sorted(set(numbers))
    return f"{'region' if len(ordered) == 1 else 'regions'} {few_spans(ordered)}"
