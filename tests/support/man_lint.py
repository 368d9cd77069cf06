"""What is wrong with a manual page, by mandoc, man and its lines at 80 columns (``make check``)."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs/man"
COLUMNS = 80
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "MANROFFSEQ": "",
    "MANWIDTH": str(COLUMNS),
    "PATH": "/usr/bin:/bin",
}


def pages() -> list[Path]:
    """Return the manual pages, in order."""
    return sorted(FOLDER.iterdir())


def mandoc_faults(page: Path) -> str:
    """Return what mandoc's linter reports about `page`, from warnings on."""
    done = _run("mandoc", "-T", "lint", "-W", "warning", str(page))
    return done.stdout + done.stderr if done.returncode else done.stdout


def man_faults(page: Path) -> str:
    """Return what groff warns about in `page`."""
    return _run("man", "--warnings", "-l", "-Tutf8", "-Z", str(page)).stderr


def rendered(page: Path) -> str:
    """Return `page` as man prints it on a terminal of 80 columns, without fonts."""
    return _run("man", "-P", "cat", "-l", str(page)).stdout


def wide_lines(page: Path) -> str:
    """Return the lines of `page` that are wider than 80 columns."""
    return "\n".join(line for line in rendered(page).splitlines() if len(line) > COLUMNS)


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT, check=False)


def _faults() -> Iterator[str]:
    """Yield the faults of all pages, by the tools that are installed."""
    checks = {"mandoc": (mandoc_faults,), "man": (man_faults, wide_lines)}
    for tool, functions in checks.items():
        if not shutil.which(tool):
            sys.stderr.write(f"manual pages are not checked by {tool}: it is not installed\n")
            continue
        for page in pages():
            yield from (f"{page.name}: {found}" for check in functions if (found := check(page)))


if __name__ == "__main__":
    faults = list(_faults())
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    sys.exit(bool(faults))
