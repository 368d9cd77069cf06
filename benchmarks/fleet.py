"""A folder of made-up bundles: ``dmaragent fleet`` as whole processes.

Each figure is of one run: processor seconds, and the peak of memory.  The bundles are of
tests/support/fleets.py.  ``python benchmarks/fleet.py`` prints the table alone.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "tests")]

from support.fleets import write_fleet  # noqa: E402 - the path above is needed

HEAD = ("what", "hosts, classes, functions", "processor seconds", "MiB", "target")
_GUEST = """\
name = "guest{number}"
type = "hvm"
memory = {memory}
rdm = "strategy={strategy},policy=relaxed"
pci = ["0000:00:{device:02x}.0,rdm_policy={policy}"]
"""


_XEN = ("--xen", "4.18.5")
"""A series that lists regions which name absent devices too, so each table makes a class."""
_START = """\
import os, sys
process = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
_, status, used = os.wait4(process, 0)
code = os.waitstatus_to_exitcode(status)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss, file=sys.stderr)
"""
"""Starts the measured process from a small one, because its peak includes that of its parent."""


class _Ran(NamedTuple):
    seconds: float
    """Of the processor, user and system."""
    peak: int
    """In KiB."""


def _run(*arguments: str, cache: str) -> _Ran:
    """Run ``dmaragent fleet`` and return what it used."""
    command = [sys.executable, "-c", _START, "-m", "dmaragent", "fleet", *arguments, *_XEN]
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    code, seconds, peak = done.stderr.splitlines()[-1].split()
    if code not in ("0", "1", "2"):
        raise RuntimeError(f"{command} ended with {code}")
    return _Ran(float(seconds), int(peak))


def _guests(folder: Path, number: int) -> None:
    """Write guests that differ in memory, device, strategy and policy: each is a kind of its own."""
    folder.mkdir()
    for each in range(number):
        text = _GUEST.format(
            number=each,
            memory=256 + 8 * each,
            strategy=("host", "none")[each % 2],
            device=each % 28,
            policy=("strict", "relaxed")[each // 2 % 2],
        )
        (folder / f"guest{each}.cfg").write_text(text)


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each question."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pool, cache = folder / "pool", str(folder / "cache")
        write_fleet(pool, 1000, classes=20, functions=256)
        shape = "1,000, 20, 256"
        for what, target in (("show, nothing cached", "120 s, 150 MiB"), ("show, cached", "3 s")):
            yield _row(what, shape, _run("show", str(pool), cache=cache), target)
        ran = _run("device", "8086:10d3", "--on", str(pool), cache=cache)
        yield _row("device, cached", shape, ran)
        many = folder / "many"
        write_fleet(many, 10_000, classes=100, functions=32)
        ran = _run("show", str(many), cache=cache)
        yield _row("show, nothing cached", "10,000, 100, 32", ran, "300 MiB")
        classes = folder / "classes"
        write_fleet(classes, 649, classes=649, functions=64)
        _run("show", str(classes), cache=cache)
        _guests(folder / "guests", 500)
        arguments = ("resolve", str(folder / "guests"), "--on", str(classes))
        ran = _run(*arguments, "--json", cache=cache)
        yield _row("resolve 500 kinds of guest, cached", "649, 649, 64", ran, "200 s")


def _row(what: str, shape: str, ran: _Ran, target: str = "") -> tuple[str, ...]:
    return (what, shape, f"{ran.seconds:.1f}", f"{ran.peak / 1024:.0f}", target)


if __name__ == "__main__":
    for row in (HEAD, ("---",) * len(HEAD), *rows()):
        print("| " + " | ".join(row) + " |", flush=True)
