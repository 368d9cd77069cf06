"""Starting the program: against a bare interpreter, and against importing what the verb imports.

The import floor of a verb is a process that imports, by name, every module the
verb's own process ends with, and does nothing.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from tables import written_tables

_RUNS = 21
_PROBE = """
import json, sys
from dmaragent.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print(json.dumps(sorted(set(sys.modules) - {{"__main__"}})), file=sys.stderr)
"""


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _program(arguments: list[str]) -> list[str]:
    code = f"import sys; from dmaragent.cli import main; sys.exit(main({arguments!r}))"
    return _python(code)


def _floor(arguments: list[str]) -> list[str]:
    probe = _python(_PROBE.format(arguments=arguments))
    done = subprocess.run(probe, capture_output=True, text=True, check=True)
    names: list[str] = json.loads(done.stderr)
    code = (
        "import importlib\n"
        f"for name in {names!r}:\n"
        "    try:\n        importlib.import_module(name)\n    except ImportError:\n        pass"
    )
    return _python(code)


def _milliseconds(commands: list[list[str]]) -> list[float]:
    """Time the commands in turn, so that drift of the machine meets all; give the medians."""
    times: list[list[float]] = [[] for _ in commands]
    for run in range(_RUNS + 1):
        for command, taken in zip(commands, times, strict=True):
            begin = perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            if run:  # the first is a warm-up
                taken.append((perf_counter() - begin) * 1000)
    return [median(taken) for taken in times]


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; give a row for each command."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "DMAR")
        path.write_bytes(written_tables()["server"])
        verb = ["inventory", "--host", str(path)]
        bare, version, floor, inventory = _milliseconds(
            [_python("pass"), _program(["--version"]), _floor(verb), _program(verb)]
        )
    yield ("bare interpreter", f"{bare:.0f}", "", "")
    yield ("`dmaragent --version`", f"{version:.0f}", f"{version / bare:.2f} x bare", "≤ 3")
    yield ("import floor of the next", f"{floor:.0f}", f"{floor / bare:.2f} x bare", "≤ 9")
    yield (
        "`dmaragent inventory --host TABLE`",
        f"{inventory:.0f}",
        f"{inventory / floor:.2f} x its import floor",
        "≤ 1.05",
    )


HEAD = ("process", "ms (median)", "ratio", "target")
