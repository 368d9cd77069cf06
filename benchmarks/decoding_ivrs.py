"""Decoding an IVRS table, compared with a plain struct walk in one run.

The plain walk unpacks every field into tuples and checks nothing: it is the lower limit.
"""

from collections.abc import Iterator
from statistics import median

from fwtables import decode
from rounds import micros, ratio
from support.ivrs_tables import ENTRIES, acpi_device, every_device, ivhd, ivmd, ivrs
from support.ivrs_walk import plain_walk
from tables import CORPUS

Row = tuple[str, ...]


def _notebook() -> bytes:
    uart = acpi_device(b"AMDI0020", 0x00A5, b"\\_SB.FUR0")
    return ivrs(
        ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11), ivhd(*ENTRIES, uart, kind=0x40), ivmd(1 << 31, 1)
    )


def _ranges(size: int) -> bytes:
    return ivrs(*[ivmd(page << 12, 0x1000) for page in range(size)])


def rows() -> Iterator[Row]:
    """Measure; return a row for each table."""
    notebook = _notebook()
    ours, floor = micros([decode, plain_walk], [notebook])
    yield _row("notebook", notebook, ours, floor)
    yield from _captured()
    yield from _growth("IVMD blocks", {count: _ranges(count) for count in (608, 4864)})
    yield from _growth("devices", {count: every_device(count=count) for count in (8192, 65536)})


def _row(name: str, data: bytes, ours: list[float], floor: list[float], growth: str = "") -> Row:
    times = (f"{median(each):.0f}" for each in (ours, floor))
    return name, f"{len(data)}", *times, f"{ratio(ours, floor):.1f}", growth


def _captured() -> Iterator[Row]:
    """Measure each captured table; return those with the lowest, median and highest ratio."""
    measured = []
    for path in sorted(CORPUS.glob("ivrs/*.ivrs")):
        data = path.read_bytes()
        ours, floor = micros([decode, plain_walk], [data])
        measured.append((ratio(ours, floor), data, ours, floor))
    measured.sort()
    places = {"lowest": 0, "median": len(measured) // 2, "highest": -1} if measured else {}
    for name, place in places.items():
        _, data, ours, floor = measured[place]
        yield _row(f"{len(measured)} captured, {name} ratio", data, ours, floor)


def _growth(name: str, tables: dict[int, bytes]) -> Iterator[Row]:
    """Measure two tables, of a number of structures and of eight times as many."""
    before: list[float] = []
    for count, data in tables.items():
        ours, floor = micros([decode, plain_walk], [data])
        growth = f"{ratio(ours, before):.1f} (8 is linear)" if before else ""
        yield _row(f"{count:,} {name}", data, ours, floor, growth)
        before = ours


HEAD = (
    "table",
    "bytes",
    "dmaragent µs",
    "plain struct µs",
    "dmaragent / struct",
    "time / that of the row before",
)
