"""The slowest input that was found for each kind a stranger may send, at three sizes.

Searched among some ten thousand families of inputs (fuzz/worst.py), each measured at 2 and
16 KiB; the five slowest of a kind are then made larger.  The time is the whole harness's:
decoding, every answer, and the promises that it holds of them.
"""

from collections.abc import Iterator

from fuzz import prepare

prepare()

from fuzz.every import KINDS  # noqa: E402 - what they share with the tests is found now
from fuzz.worst import worst  # noqa: E402 - likewise

_SIZES = (4096, 16384, 65536)


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; give a row for each kind."""
    for name, kind in KINDS.items():
        small, middle, large = worst(kind, _SIZES)
        growth = large.seconds / middle.seconds / (large.size / middle.size)
        yield (
            name,
            *(f"{each.seconds * 1000:.0f} of {each.size:,}" for each in (small, middle, large)),
            f"{growth:.1f}",
            large.name.replace("|", "&#124;"),
        )


HEAD = ("input", *("ms of bytes",) * 3, "growth, by bytes", "the largest is")
