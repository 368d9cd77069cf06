"""Replaying the bundle of a host with 4,096 functions: ``inventory --host BUNDLE``, a process.

The same recording as a directory, a plain tar, and packed by gzip and xz. Also the parts of the
time: starting and importing, reading and checking the archive.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from dmaragent.collect.recorded.recording import record, write_files
from support.bundles import PACKERS, tar_of
from support.large import large_host

FUNCTIONS, REGIONS = 4096, 250
_RUNS = 3
_PROGRAM = "import sys; from dmaragent.cli import main; sys.exit(main(sys.argv[1:]))"
_OPEN = """
import sys
from time import perf_counter
from dmaragent.collect.open_host import open_host
import dmaragent.collect.open_tree
begin = perf_counter()
open_host(sys.argv[1])
print(perf_counter() - begin)
"""


def _inventory(path: Path) -> float:
    begin = perf_counter()
    command = [sys.executable, "-c", _PROGRAM, "inventory", "--json", "--host", str(path)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - begin


def _opening(path: Path) -> float:
    command = [sys.executable, "-c", _OPEN, str(path)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each form of the recording."""
    with tempfile.TemporaryDirectory() as folder:
        files = record(large_host(FUNCTIONS, REGIONS))[1]
        write_files(files, f"{folder}/machine")
        paths = {"directory": Path(folder, "machine")}
        tar = tar_of(files)
        for end, pack in PACKERS.items():
            paths[end] = Path(folder, f"bundle.{end}")
            paths[end].write_bytes(pack(tar))
        for form, path in paths.items():
            size = 0 if path.is_dir() else path.stat().st_size
            yield (
                form,
                f"{len(files):,}",
                f"{size / (1 << 20):.1f}" if size else "",
                f"{median(_opening(path) for _ in range(_RUNS)):.2f}",
                f"{median(_inventory(path) for _ in range(_RUNS)):.2f} (≤ 3)",
            )


HEAD = ("recording", "files", "MiB", "seconds to open and check", "seconds of the process")
