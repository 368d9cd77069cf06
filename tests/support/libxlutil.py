"""The libxlutils that the tests compare with, each asked in a process of its own."""

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import LibxluBehaviour, toolstack_behaviours
from support import libxlutil_child

_FOLDER = Path(__file__).parent.parent.parent / "build/libxlutil"
READS_BINARY = {"4.14": False, "4.17": False, "4.20": True}
"""Debian's libraries, and whether 0b is a prefix of numbers: ``__isoc23_strtol`` in place of strtol.

Debian 11, 12 and 13 have them.
"""
SERIES = tuple(READS_BINARY)
EVERY_RUN = ("4.17", "4.20")
"""Those that CI has."""
COUNT = int(os.environ.get("DMARAGENT_LIBXLUTIL_TEXTS", "5000"))
"""How many texts of each kind a test generates."""


def distinct(draw: Callable[[], str]) -> list[str]:
    """Return `COUNT` different texts of those that `draw` makes, the same each time."""
    texts: dict[str, None] = {}
    while len(texts) < COUNT:
        texts[draw()] = None
    return list(texts)


def parser(series: str) -> LibxluBehaviour:
    """Return what is modelled of the library."""
    return toolstack_behaviours(Release.parse(series))[0].parser


def command(series: str) -> tuple[list[str], dict[str, str]]:
    """Return the start of a command that runs Python with the library, and its environment.

    A library that tests/libxlutil/fetch.sh unpacked is preferred to one that is installed.
    """
    python = [os.path.realpath(sys.executable), "-P", "-s"]
    environment = {**os.environ, "PYTHONHOME": sys.base_prefix}
    folders = sorted({found.parent for found in (_FOLDER / series).glob("**/*.so.*")})
    if not folders:
        installed(series)
        return python, environment
    path = ":".join(map(str, folders))
    loader = next((_FOLDER / series).glob("**/ld-linux-*.so.*"), None)
    if loader is None:
        return python, {**environment, "LD_LIBRARY_PATH": path}
    return [str(loader), "--library-path", path, *python], environment


def installed(series: str) -> None:
    """Skip unless the library is installed; fail in CI if that has it."""
    try:
        ctypes.CDLL(f"libxlutil.so.{series}")
    except OSError:
        message = f"no libxlutil {series}: libxenmisc{series}, or tests/libxlutil/fetch.sh {series}"
        if os.environ.get("CI") == "true" and series in EVERY_RUN:
            pytest.fail(message)
        pytest.skip(message)


def ask(series: str, questions: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Return the library's answers to `questions`, which are put as ``libxlutil_child`` says."""
    start, environment = command(series)
    asked = [json.dumps(question) for question in questions]
    ran = subprocess.run(
        [*start, libxlutil_child.__file__, series],
        input="".join(f"{question}\n" for question in asked),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == len(asked), f"{series} died of {asked[len(answers)]}: {ran.stderr}"
    return answers
