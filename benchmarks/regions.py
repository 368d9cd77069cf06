"""Tables with as many regions as are examined, and with more: each verb on a recorded host.

4,096 regions are compared with 512, in the shapes of ``tests/support/many_regions.py``: 8 is
linear. A table of 65,536 regions is decoded; the other verbs report that they do not examine it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dmaragent.collect.recorded.recording import record, write_files
from dmaragent.host.parse import MOST_OF_A_KIND
from support.many_regions import SHAPES, host_of

_FEW, _BEYOND = 512, 65536
_GUEST = ("--memory", "4096", "--pci", "00:14.0")
_VERBS = {
    "inventory": ("inventory",),
    "inventory --json": ("inventory", "--json"),
    "explain": ("explain", "00:14.0"),
    "check": ("check",),
    "resolve": ("resolve", *_GUEST),
    "resolve, strategy=host": ("resolve", *_GUEST, "--rdm", "strategy=host"),
    "report": ("report", "--force", "-o", os.devnull),
    "dump": ("dump", "--force", "-o", "{folder}/bundle.tar.gz"),
}
_DECODE = {"decode": ("decode",), "decode --json": ("decode", "--json")}


def _run(words: tuple[str, ...], folder: str, host: tuple[str, ...]) -> tuple[float, float]:
    """Return the processor seconds and the peak in MiB of a whole process."""
    program = "import sys; from dmaragent.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, *words, *host]
    with subprocess.Popen(
        [word.format(folder=folder) for word in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1, 2), words
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each verb: the slowest of all shapes."""
    with tempfile.TemporaryDirectory() as folder:
        hosts = {}
        for shape, table in SHAPES.items():
            for count in (_FEW, MOST_OF_A_KIND):
                path = f"{folder}/{shape} {count}"
                write_files(record(host_of(table(count)))[1], path)
                hosts[shape, count] = path
        beyond = f"{folder}/beyond"
        table_file = Path(folder) / "DMAR.bin"
        table_file.write_bytes(SHAPES["a device each"](_BEYOND))
        write_files(record(host_of(table_file.read_bytes()))[1], beyond)
        for name, words in _VERBS.items():
            took = {
                key: _run(words, folder, ("--host", hosts[key]))
                for key in hosts
                if key[1] == MOST_OF_A_KIND
            }
            (shape, _), (seconds, memory) = max(took.items(), key=lambda one: one[1][0])
            few, _ = _run(words, folder, ("--host", hosts[shape, _FEW]))
            refused, _ = _run(words, folder, ("--host", beyond))
            yield (f"`{name}`", shape, *_figures(few, seconds, memory), f"{refused:.2f}, refused")
        for name, words in _DECODE.items():
            few, _ = _run(words, folder, (hosts["a device each", _FEW],))
            seconds, _ = _run(words, folder, (hosts["a device each", MOST_OF_A_KIND],))
            more, memory = _run(words, folder, (str(table_file),))
            figures = _figures(few, seconds, memory)
            yield (f"`{name}`", "a device each", *figures, f"{more:.2f} (≤ 5)")


def _figures(few: float, many: float, memory: float) -> tuple[str, ...]:
    return (
        f"{few:.2f}",
        f"{many:.2f} (≤ 5)",
        f"{many / few:.1f} (8 is linear)",
        f"{memory:.0f} (≤ 300)",
    )


HEAD = (
    "verb",
    "slowest shape",
    "512 regions, s",
    "4,096 regions, s",
    "4,096 / 512",
    "MiB at the peak",
    "65,536 regions, s",
)
