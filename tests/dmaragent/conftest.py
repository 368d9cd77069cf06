"""Files that the tests of several verbs begin with."""

from pathlib import Path

import pytest

from support.cli import run
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
