"""Decoding one IVRS table, compared with a plain struct walk in one run.

The plain walk unpacks every field into tuples and checks nothing: it is the lower limit.
"""

from collections.abc import Iterator
from statistics import median

from fwtables import decode
from fwtables.ivrs import decoding as ivrs_decoding
from rounds import micros, ratio
from support.ivrs_tables import ENTRIES, acpi_device, every_device, ivhd, ivmd, ivrs
from support.ivrs_walk import plain_walk
from tables import CORPUS


def _written_tables() -> dict[str, bytes]:
    """Return a notebook's table, one of 4,864 IVMD blocks, and one of every device ID."""
    uart = acpi_device(b"AMDI0020", 0x00A5, b"\\_SB.FUR0")
    notebook = ivrs(
        ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11), ivhd(*ENTRIES, uart, kind=0x40), ivmd(1 << 31, 1)
    )
    ranges = ivrs(*[ivmd(page << 12, 0x1000) for page in range(4864)])
    return {"notebook": notebook, "4,864 IVMDs": ranges, "65,536 devices": every_device()}


def first_time(data: bytes) -> object:
    """Decode without any cached device entry."""
    ivrs_decoding._entry.cache_clear()
    return decode(data)


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each set of tables."""
    sets = {name: [data] for name, data in _written_tables().items()}
    captured = [path.read_bytes() for path in sorted(CORPUS.glob("ivrs/*.ivrs"))]
    if captured:
        sets[f"{len(captured)} captured"] = captured
    for name, tables in sets.items():
        ours, first, floor = micros([decode, first_time, plain_walk], tables)
        yield (
            name,
            f"{sum(map(len, tables)) // len(tables)}",
            *(f"{median(times):.0f}" for times in (ours, first, floor)),
            f"{ratio(ours, floor):.1f}",
            f"{ratio(first, floor):.1f}",
        )


HEAD = (
    "table",
    "bytes",
    "dmaragent µs",
    "first time µs",
    "plain struct µs",
    "dmaragent / struct",
    "first time / struct",
)
