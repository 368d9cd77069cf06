"""Harnesses that check the program's promises for any input, and their drivers.

A harness is a function of bytes that raises if a promise is broken. Three drivers share the
harnesses: ``guided`` (atheris), ``seeded`` (reproducible mutations, which work everywhere) and
``corpus`` (the stored inputs, which are ordinary tests too). ``python -m fuzz --help``.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def prepare() -> None:
    """Add the test support to the import path."""
    sys.path[:0] = [str(ROOT / "tests")]
