"""Starting the program, compared with a bare interpreter and with importing the verb's modules.

The import floor of a verb is a process that imports, by name, every module in the verb's process at
its end, and does nothing. The garbage collector runs as in the verb's process: enabled until
``dmaragent.cli`` is imported, then disabled, without a collection at the end. Times are processor
times, because other processes affect wall-clock times. All processes use compiled files.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

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
    words = ["dmaragent", *arguments]
    return _python(
        f"import sys; sys.argv = {words!r}; from dmaragent.cli import main; sys.exit(main())"
    )


def _floor(arguments: list[str]) -> list[str]:
    probe = _python(_PROBE.format(arguments=arguments))
    done = subprocess.run(probe, capture_output=True, text=True, check=True)
    names: list[str] = json.loads(done.stderr)
    code = (
        "import gc, importlib\n"
        "import dmaragent.cli\n"
        "gc.disable()\n"
        f"for name in {names!r}:\n"
        "    try:\n        importlib.import_module(name)\n    except ImportError:\n        pass\n"
        "gc.freeze()"
    )
    return _python(code)


def _milliseconds(commands: list[list[str]], compiled: str) -> list[float]:
    """Return the median of each command's processor time; `compiled` is the folder of cached files.

    The commands run in turn, so that changes of the machine affect all.
    """
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    times: list[list[float]] = [[] for _ in commands]
    for run in range(_RUNS + 1):
        for command, taken in zip(commands, times, strict=True):
            begin = _processor_time()
            done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False, env=environment)
            if done.returncode > 1:  # 1 is an answer: `status` of a machine without the service
                raise subprocess.CalledProcessError(done.returncode, command)
            if run:  # the first run compiles, and fills the caches
                taken.append((_processor_time() - begin) * 1000)
    return [median(taken) for taken in times]


def _processor_time() -> float:
    """Return the processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rows() -> Iterator[tuple[str, ...]]:
    """Measure; return a row for each command."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "DMAR")
        path.write_bytes(written_tables()["server"])
        verb = ["inventory", "--host", str(path)]
        bare, version, status, construct, floor, inventory = _milliseconds(
            [
                _python("pass"),
                _program(["--version"]),
                _program(["status"]),
                _python("import construct"),
                _floor(verb),
                _program(verb),
            ],
            str(Path(folder, "compiled")),
        )
    for name, taken, target in (
        ("bare interpreter", bare, ""),
        ("`dmaragent --version`", version, "≤ 3"),
        ("`dmaragent status`", status, "≤ 3"),
        ("`import construct`", construct, ""),
        ("import floor of the next", floor, ""),
        ("`dmaragent inventory --host TABLE`", inventory, "≤ 5"),
    ):
        ratio = "" if taken == bare else f"{taken / bare:.1f}"
        yield (name, f"{taken:.0f}", ratio, target)
    yield ("the same, compared with its import floor", "", f"{inventory / floor:.2f}", "≤ 1.05")


HEAD = ("process", "ms of processor time (median)", "ratio to bare", "target")


if __name__ == "__main__":
    for row in (HEAD, *rows()):
        print(" | ".join(row))
