"""Files that the tests of several verbs begin with."""

import shutil
from pathlib import Path

import pytest

from support.altered import dom0_with_hap
from support.cli import run
from support.machines import MACHINES
from support.tables import EVERY_STRUCTURE

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def table_file(tmp_path: Path) -> Path:
    """Give a file with a table of every structure."""
    path = tmp_path / "DMAR.bin"
    path.write_bytes(EVERY_STRUCTURE)
    return path


@pytest.fixture
def document_file(table_file: Path, tmp_path: Path, capsys: Capture) -> Path:
    """Give a file with the document of a decoded table."""
    path = tmp_path / "table.json"
    path.write_text(run(capsys, "decode", table_file, "--json").out)
    return path


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Make a folder with two alike hosts, two others, and a file that is no host."""
    for name in ("xen001", "xen002"):
        dom0_with_hap(tmp_path / "pool" / name)
    for name, machine in {"hp": "hp-dl380e-gen8", "amd": "synthetic-am5-desktop"}.items():
        shutil.copytree(MACHINES / machine, tmp_path / "pool" / name)
    (tmp_path / "pool" / "broken.tar.xz").write_bytes(b"\xfd7zXZ\0 damaged")
    return tmp_path / "pool"
