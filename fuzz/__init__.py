"""Harnesses that hold the program to what it promises of any input, and what drives them.

A harness is a function from bytes to nothing that raises where a promise is broken.  Three
drivers share the harnesses: ``guided`` (atheris), ``seeded`` (mutations by a seed, everywhere)
and ``corpus`` (the stored inputs, which are ordinary tests too).  ``python -m fuzz --help``.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def prepare() -> None:
    """Let the harnesses find what they share with the tests."""
    sys.path[:0] = [str(ROOT / "tests")]
