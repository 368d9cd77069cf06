"""Decoding an IVRS table, compared with edk2-pytool-library and a plain struct walk in one run.

The plain walk unpacks every field into tuples and checks nothing: it is the lower limit.
"""

from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from statistics import median

from edk2toollib.acpi.ivrs_parser import IVRS_TABLE

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
    yield _Measured(_notebook()).row("notebook")
    yield from _captured()
    yield from _growth("IVMD blocks", {count: _ranges(count) for count in (608, 4864)})
    yield from _growth("devices", {count: every_device(count=count) for count in (8192, 65536)})


class _Measured:
    """The times of one table, measured in turn.

    There are none of edk2-pytool-library if it does not read the table, or for a large table: its
    time grows quadratically.
    """

    def __init__(self, data: bytes, *, large: bool = False) -> None:
        self.data = data
        self.without = "not measured" if large else "does not read it"
        functions: list[Callable[[bytes], object]] = [decode, plain_walk]
        if not large and _edk2_reads(data):
            functions.append(IVRS_TABLE)
        self.ours, self.floor, *self.edk2 = micros(functions, [data])
        self.to_floor = ratio(self.ours, self.floor)

    def row(self, name: str, growth: str = "") -> Row:
        """Return the row of the table."""
        peer, to_peer = self.without, ""
        if self.edk2:
            peer, to_peer = f"{median(self.edk2[0]):.0f}", f"{ratio(self.ours, self.edk2[0]):.2f}"
        return (
            name,
            f"{len(self.data)}",
            f"{median(self.ours):.0f}",
            peer,
            f"{median(self.floor):.0f}",
            to_peer,
            f"{self.to_floor:.1f}",
            growth,
        )


def _edk2_reads(data: bytes) -> bool:
    """Whether edk2-pytool-library reads the table: it ends the process at a structure that it lacks."""
    try:
        with redirect_stdout(StringIO()):
            IVRS_TABLE(data)
    except SystemExit:
        return False
    return True


def _captured() -> Iterator[Row]:
    """Measure each captured table; return those with the lowest, median and highest ratio.

    The ratio is that to the plain walk for all tables, and to edk2-pytool-library for those it reads.
    """
    measured = [_Measured(path.read_bytes()) for path in sorted(CORPUS.glob("ivrs/*.ivrs"))]
    both = [each for each in measured if each.edk2]
    measured.sort(key=lambda each: each.to_floor)
    both.sort(key=lambda each: ratio(each.ours, each.edk2[0]))
    for what, tables in (
        (f"{len(measured)} captured", measured),
        (f"{len(both)} of them that edk2 reads", both),
    ):
        places = {"lowest": 0, "median": len(tables) // 2, "highest": -1} if tables else {}
        for name, place in places.items():
            yield tables[place].row(f"{what}, {name} ratio")


def _growth(name: str, tables: dict[int, bytes]) -> Iterator[Row]:
    """Measure two tables, of a number of structures and of eight times as many."""
    before: list[float] = []
    for count, data in tables.items():
        measured = _Measured(data, large=bool(before))
        growth = f"{ratio(measured.ours, before):.1f} (8 is linear)" if before else ""
        yield measured.row(f"{count:,} {name}", growth)
        before = measured.ours


HEAD = (
    "table",
    "bytes",
    "dmaragent µs",
    "edk2-pytool-library µs",
    "plain struct µs",
    "dmaragent / edk2",
    "dmaragent / struct",
    "time / that of the row before",
)
