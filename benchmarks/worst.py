"""The slowest input of each kind that the fuzzers support, at three sizes.

Thousands of families of inputs, each of which repeats something, are compared at two sizes. The
families that were slowest or grew most are then measured at three. Times are of the fuzzer's
harness, which does everything for such an input, mostly twice, and checks the results.
"""

from collections.abc import Iterator

from fuzz.every import KINDS
from fuzz.worst import worst

SIZES = (4096, 16384, 65536)


def rows() -> Iterator[tuple[str, ...]]:
    """Search; return a row for each kind of input."""
    for name, kind in KINDS.items():
        found = worst(kind, SIZES)
        slowest = found.worst[-1]
        yield (
            name,
            f"{found.families:,}",
            *(f"{one.seconds:.3f}" for one in found.worst),
            f"{slowest.size / 1024:.0f} KiB: {_quoted(slowest.name)}",
            f"{found.growth:.1f} (≤ 2)",
            _quoted(found.grown),
        )


def _quoted(name: str) -> str:
    """Return a family's name for a cell of a Markdown table."""
    return f"`{name}`".replace("|", "\\|") if "'" in name else name


HEAD = (
    "input",
    "families",
    *(f"slowest of {size >> 10} KiB, s" for size in SIZES),
    "the slowest",
    "most growth",
    "which",
)
