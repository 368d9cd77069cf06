"""The whole program compared with other programs, and its decoder with chipsec's, in one run.

Whole processes start in turn. Each gets the same input and prints what it knows. A program that is
not installed is reported and not measured.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from dmaragent.collect.recorded.recording import record
from dmaragent.present.text.decode import decode_text
from fwtables import decode
from support.large import large_host
from tables import written_tables

_PROGRAM = "import sys; from dmaragent.cli import main; sys.exit(main(sys.argv[1:]))"
_RUNS = 11

Row = tuple[str, ...]
Work = Callable[[], object]


def rows() -> Iterator[Row]:
    """Measure; return a row for each peer and input."""
    yield from _chipsec()
    with tempfile.TemporaryDirectory() as folder:
        yield from _iasl(folder)
        yield from _lspci(folder)


def _in_turn(ours: Work, theirs: Work, runs: int = _RUNS) -> tuple[float, float, float]:
    """Return the medians of seconds and of the ratios run by run; the first run is a warm-up."""
    times = [(_seconds(ours), _seconds(theirs)) for _ in range(runs + 1)][1:]
    mine, others = (median(each) for each in zip(*times, strict=True))
    return mine, others, median(one / other for one, other in times)


def _seconds(work: Work) -> float:
    begin = perf_counter()
    work()
    return perf_counter() - begin


def _row(what: str, given: str, peer: str, times: tuple[float, float, float]) -> Row:
    mine, others, ratio = times
    return what, given, f"{mine * 1000:.2f}", peer, f"{others * 1000:.2f}", f"{ratio:.2f}"


def _lacking(what: str, peer: str) -> Row:
    return what, "", "", peer, "not installed", ""


def _ours(*words: str) -> Work:
    return _process([sys.executable, "-c", _PROGRAM, *words])


def _process(command: list[str]) -> Work:
    return lambda: subprocess.run(command, capture_output=True, check=True)


def _chipsec() -> Iterator[Row]:
    """Compare bytes to structures, and to text: chipsec makes most of the text while it decodes."""
    what = "bytes of a table to {}"
    try:
        from chipsec.hal.acpi_tables import DMAR  # noqa: PLC0415 - can be missing
    except ImportError:
        yield _lacking(what.format("text"), "chipsec")
        return

    def decoded(data: bytes) -> object:
        table = DMAR()
        table.parse(data[36:])  # it gets the bytes after the header
        return table

    kinds: dict[str, tuple[Callable[[bytes], object], Callable[[bytes], object]]] = {
        "structures": (decode, decoded),
        "text": (lambda data: decode_text(decode(data)), lambda data: str(decoded(data))),
    }
    for kind, (ours, theirs) in kinds.items():
        for name, data in written_tables().items():
            many = max(1, 20000 // len(data))
            mine, others, ratio = _in_turn(_often(ours, data, many), _often(theirs, data, many))
            times = mine / many, others / many, ratio
            yield _row(what.format(kind), f"{name}, {len(data)} bytes", "chipsec", times)


def _often(work: Callable[[bytes], object], data: bytes, many: int) -> Work:
    return lambda: [work(data) for _ in range(many)]


def _iasl(folder: str) -> Iterator[Row]:
    what, peer = "`decode`, a process", "`iasl -d`"
    if shutil.which("iasl") is None:
        yield _lacking(what, peer)
        return
    for name, data in written_tables().items():
        path = Path(folder, f"{name.replace(' ', '-')}.dat")
        path.write_bytes(data)
        theirs = _process(["iasl", "-p", f"{folder}/out", "-d", str(path)])
        times = _in_turn(_ours("decode", str(path)), theirs)
        yield _row(what, f"{name}, {len(data)} bytes", peer, times)


def _lspci(folder: str) -> Iterator[Row]:
    what, peer = "`inventory` of a copied /sys", "`lspci -D -n`"
    if shutil.which("lspci") is None:
        yield _lacking(what, peer)
        return
    for functions in (64, 1024):
        root = Path(folder, str(functions))
        _write_sysfs(functions, root)
        theirs = ["lspci", "-D", "-n", "-A", "linux-sysfs", "-O", f"sysfs.path={root}/sys/bus/pci"]
        listed = subprocess.run(theirs, capture_output=True, check=True).stdout.splitlines()
        assert len(listed) == functions
        times = _in_turn(_ours("inventory", "--host", str(root)), _process(theirs), 5)
        yield _row(what, f"{functions:,} functions", peer, times)


def _write_sysfs(functions: int, root: Path) -> None:
    """Write a sysfs of files and links, with the two more files that lspci needs."""
    host = large_host(functions, functions // 16)
    _, files = record(host)
    for name, content in files.items():
        if name.startswith("root/sys/devices/") and not name.endswith("/driver"):
            path = root / name.removeprefix("root/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    tables = root / "sys/firmware/acpi/tables"
    tables.mkdir(parents=True)
    (tables / "DMAR").write_bytes(files["root/sys/firmware/acpi/tables/DMAR"])
    listing = root / "sys/bus/pci/devices"
    listing.mkdir(parents=True)
    for each in json.loads(host.calls["udev-pci"]):  # type: ignore[arg-type]
        path = each["path"].removeprefix("/")
        (root / path / "resource").write_text("0x0 0x0 0x0\n" * 7, "ascii")
        (root / path / "irq").write_text("0\n", "ascii")
        (listing / each["name"]).symlink_to(f"../../../../{path}")


HEAD = ("what", "of", "dmaragent ms", "peer", "peer ms", "dmaragent / peer")
