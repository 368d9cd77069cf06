"""Making the bundle of a host with 4,096 functions: ``dump`` and ``inventory`` of its recording.

Whole processes on the same recording run in turn, so that their ratio is meaningful.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from dmaragent.collect.recorded.recording import record, write_files
from support.large import large_host

FUNCTIONS, REGIONS = 4096, 250
_RUNS = 3
_PROGRAM = """
import resource, sys
from dmaragent.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def _run(*words: str) -> tuple[float, int]:
    """Return the seconds of a process, and the KiB that it needed."""
    begin = perf_counter()
    command = [sys.executable, "-c", _PROGRAM, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return perf_counter() - begin, int(done.stderr.split()[-1])


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return the one row."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(record(large_host(FUNCTIONS, REGIONS))[1], f"{folder}/machine")
        bundle = Path(folder, "bundle")
        asked, dumped = [], []
        for _ in range(_RUNS):
            asked.append(_run("inventory", "--json", "--host", f"{folder}/machine"))
            dumped.append(_run("dump", "--force", "--host", f"{folder}/machine", "-o", str(bundle)))
        inventory, dump = (median(seconds for seconds, _ in each) for each in (asked, dumped))
        yield (
            f"{inventory:.2f}",
            f"{dump:.2f} (≤ 5)",
            f"{dump / inventory:.1f}",
            f"{max(kib for _, kib in dumped) / 1024:.0f} (≤ 100)",
            f"{bundle.stat().st_size / (1 << 20):.1f}",
        )


HEAD = (
    "inventory, seconds",
    "dump, seconds",
    "dump / inventory",
    "dump, MiB at the peak",
    "bundle, MiB",
)
