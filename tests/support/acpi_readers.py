"""The programs of other Debian suites that read ACPI tables, and what they print of an IVRS."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent.parent.parent / "build/acpi_readers"
EVERY_RUN = ("trixie",)
"""The suites that CI has."""

Field = tuple[int, int, str, int | str]
"""Offset and number of bytes of a field, its name, and its value: a number or a text."""


def command(suite: str, program: str) -> list[str]:
    """Return the start of a command that runs `program` of `suite` with its own libraries, or skip."""
    root = _FOLDER / suite
    found = root / "usr/bin" / program
    if not found.exists():
        message = f"no {program} of {suite}: tests/acpi_readers/fetch.sh {suite}"
        if os.environ.get("CI") == "true" and suite in EVERY_RUN:
            pytest.fail(message)
        pytest.skip(message)
    folders = sorted({str(library.parent) for library in root.glob("usr/lib/**/*.so.*")})
    loader = next(root.glob("usr/lib/**/ld-linux-*.so.*"))
    return [str(loader), "--library-path", ":".join(folders), str(found)]


def disassembled(
    iasl: list[str], tables: Mapping[str, bytes], folder: Path
) -> dict[str, tuple[list[Field], set[int]]]:
    """Return the fields that `iasl` finds in each of `tables`, and the types of the blocks it skips."""
    for name, data in tables.items():
        (folder / name).write_bytes(data)
    subprocess.run([*iasl, "-d", *tables], cwd=folder, check=True, capture_output=True)
    texts = {name: (folder / name).with_suffix(".dsl").read_text("latin-1") for name in tables}
    return {
        name: (_fields(text), {int(kind, 16) for kind in _UNKNOWN_BLOCK.findall(text)})
        for name, text in texts.items()
    }


_UNKNOWN_BLOCK = re.compile(r"Unknown IVRS subtable type 0x(\w+)")
_FIELD = re.compile(
    r'^\[\w+h (?P<at>\d+) +(?P<size>\w+)\] +(?P<name>.*?)(?: \(decoded below\))? : (?:"(?P<text>.*)"|(?P<hex>[0-9A-F]+))(?: |$)',
    re.MULTILINE,
)
"""A line of iasl; before 2023 the number of bytes is decimal, later hexadecimal with an ``h``."""


def _fields(text: str) -> list[Field]:
    return [
        (
            int(line["at"]),
            int(line["size"].rstrip("h"), 16),
            line["name"],
            int(line["hex"], 16) if line["text"] is None else line["text"],
        )
        for line in _FIELD.finditer(text)
    ]


def validated(fwts: list[str], data: bytes, folder: Path) -> list[dict[str, int]]:
    """Return the fields that `fwts` prints of each block of the table `data`, by its names for them."""
    (folder / "IVRS.dat").write_bytes(data)
    share = str(Path(fwts[-1]).parent.parent / "share/fwts")
    options = ["-j", share, f"--table-path={folder}", "-r", "stdout", "ivrs"]
    # It fails for each device entry, which it reads as a block.
    done = subprocess.run([*fwts, *options], check=False, capture_output=True, text=True)
    blocks: list[dict[str, int]] = []
    for line in done.stdout.splitlines():
        if line.startswith("  I/O Virtualization "):
            blocks.append({})
        elif blocks and (field := re.fullmatch(r" +([\w .]+?):\s+0x([0-9a-f]+)", line)):
            blocks[-1][field[1]] = int(field[2], 16)
    return blocks
