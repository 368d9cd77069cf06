"""What the tools themselves write of a table is read back, byte for byte."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fwtables.found_in_text import find_in_text
from fwtables.text.forms import TextForm
from support.ivrs_tables import EVERY_BLOCK
from support.tables import EVERY_STRUCTURE, drhd, scope, table

COMMANDS = (
    *("hexdump", "hexdump -v", "hexdump -C", "hexdump -x", "hexdump -b", "hexdump -c"),
    *("hexdump -d", "hexdump -o", 'hexdump -ve 1/1_"%.2x"', 'hexdump -ve 1/1_"0x%.2x,"'),
    *("xxd", "xxd -u", "xxd -a", "xxd -e", "xxd -b", "xxd -d", "xxd -g1", "xxd -g4", "xxd -c 8"),
    *("xxd -c 32", "xxd -c 256", "xxd -p", "xxd -p -c 1000", "xxd -p -c 17", "xxd -i", "xxd -C -i"),
    *("od", "od -v", "od -b", "od -c", "od -d", "od -i", "od -o", "od -s", "od -x"),
    *("od -t x1", "od -t x1z", "od -t x4", "od -t x8", "od -t u1", "od -t d1", "od -t u4"),
    *("od -t o4", "od -t x1 -t c", "od -w8 -t x1", "od -w32 -t x1", "od -A n -t x1 -v"),
    *("od -A d -w8 -t x1", "od -A d -w4 -t x4", "od -A d -w32 -t d2"),
    *("od -A d -t x1", "od -A x -t x1z -v", "od -A n -x -v", "base64", "base64 -w0"),
    *("busybox hexdump -C", "busybox xxd", "busybox od -x"),
)
TABLES = {
    "every structure": EVERY_STRUCTURE,
    "every block of an IVRS": EVERY_BLOCK,
    "odd": table(drhd(0xFED90000, scope(1, 0, (2, 0)))) + b"\x01",
    "repetitive": table(*[drhd(0)] * 9),
    "zeros at its end": table(bytes(24)),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", TABLES)
def test_what_a_tool_writes_is_read_back(
    command: str, name: str, tmp_path: Path, require: Callable[[str], None]
) -> None:
    words = [word.replace("_", " ") for word in command.split()]
    require(words[0])
    path = tmp_path / "DMAR"
    path.write_bytes(TABLES[name])
    done = subprocess.run([*words, path], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"this {words[0]} has no such option")

    (found,) = find_in_text(done.stdout).tables

    if command == "od -A n -x -v" and name == "odd":
        assert found.data == TABLES[name] + b"\0"  # a word is written whole
        return
    assert (found.data, found.damage) == (TABLES[name], "")


@pytest.mark.skipif(not shutil.which("iasl"), reason="iasl (acpica-tools) is not installed")
def test_what_iasl_disassembles_is_read_back_with_its_bytes_and_by_its_fields_alone(
    tmp_path: Path,
) -> None:
    data = table(
        drhd(0xFED90000, scope(1, 0, (2, 0))),
        drhd(0xFED91000, scope(3, 0xF0, (0x1F, 0), enumeration_id=2), flags=1),
    )
    (tmp_path / "DMAR.bin").write_bytes(data)
    subprocess.run(["iasl", "-d", tmp_path / "DMAR.bin"], capture_output=True, check=True)
    text = (tmp_path / "DMAR.dsl").read_text()

    (whole,) = find_in_text(text.encode()).tables
    (fields,) = find_in_text(text.partition("Raw Table Data")[0].encode()).tables

    assert (whole.form, whole.data, whole.damage) == (TextForm.IASL, data, "")
    assert (fields.form, fields.data, fields.damage) == (TextForm.IASL_FIELDS, data, "")
