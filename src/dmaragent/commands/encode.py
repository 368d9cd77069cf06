"""``dmaragent encode``: the exact inverse of ``decode --json``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence

from dmaragent.collect.given_file import read_input
from dmaragent.collect.table_inputs import read_packed_input
from dmaragent.collect.writing import write_new
from dmaragent.commands.shared.numbers import whole_number
from dmaragent.commands.shared.output import print_lines
from dmaragent.commands.shared.words import command_line as command_line_words
from dmaragent.commands.shared.words import tables as words
from dmaragent.errors import DmaragentError, excerpt
from dmaragent.present.words.ivrs import memory_facts
from dmaragent.present.words.numbers import count
from fwtables import (
    IVMD,
    Decoded,
    FirmwareTableError,
    Table,
    decode,
    encode,
    from_document,
    seal,
)
from fwtables.without_regions import TableRegion, regions_of, without_regions

DESCRIPTION = """\
Write the bytes of a table from the JSON of `decode --json`.  They are exactly
the bytes that were decoded, damage included.  If you edited the JSON, --seal
recomputes the length and the checksum in the header.

--without leaves reserved regions out (an RMRR, or an IVMD of AMD), so that the
result can be loaded instead of the firmware's table: it is sealed, and its OEM
revision is higher.  dmaragent(8) has the risks and how to load it."""
EXAMPLES = """\
examples:
  dmaragent encode dmar.json -o copy.bin
  dmaragent encode edited.json --seal -o DMAR.bin --force
  dmaragent encode dmar.json --without 1 -o DMAR.aml

Exit codes: 0 written; 2 not written."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "file", metavar="FILE.json", help="the output of `decode --json`; - for standard input"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help="the file to write; - for standard output",
    )
    parser.add_argument(
        "--table",
        metavar="N",
        type=whole_number,
        help="the number of the table, from 1, if there are several",
    )
    parser.add_argument(
        "--seal", action="store_true", help="recompute the header's length and checksum"
    )
    parser.add_argument(
        "--without",
        metavar="REGION",
        action="append",
        default=[],
        help="leave a region out: its number in table order, its 0xOFFSET, or all (can be repeated)",
    )
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")


def run(options: argparse.Namespace) -> int:
    """Write the table."""
    if options.output == "-" and sys.stdout.isatty():
        raise command_line_words.table_to_terminal()
    text = read_packed_input() if options.file == "-" else read_input(options.file)
    try:
        decoded = from_document(_table_document(text, options.file, options.table))
        left_out: tuple[TableRegion, ...] = ()
        if options.without:
            decoded = decode(encode(decoded))  # with its damage
            left_out = _named_regions(decoded, options.without, options.file)
            decoded = without_regions(decoded, [region.number for region in left_out])
        data = encode(seal(decoded) if options.seal else decoded)
    except FirmwareTableError as error:
        raise DmaragentError(f"{options.file}: {error}") from error
    output = sys.stderr if options.output == "-" else sys.stdout
    for region in left_out:
        name = f"{type(region.structure).__name__} at 0x{region.offset:x}"
        print_lines([words.left_out_region(region.number, name, _region_facts(region))], output)
    if options.output == "-":
        sys.stdout.buffer.write(data)
    else:
        write_new(options.output, data, force=options.force, private=False)
        print_lines([words.wrote_table(options.output, count(len(data), "byte"))])
    if left_out:
        print_lines([words.load_override()], output)
    return 0


def _named_regions(
    decoded: Decoded[Table], names: Sequence[str], path: str
) -> tuple[TableRegion, ...]:
    """Return the regions of `decoded` that `names` are: numbers, offsets, or all."""
    regions = () if decoded.table is None else regions_of(decoded.table)
    if not regions:
        raise words.no_region_to_leave_out(path)
    chosen = set()
    for name in names:
        found = [region for region in regions if _is_named(region, name)]
        if not found:
            shown = ", ".join(f"{region.number} (0x{region.offset:x})" for region in regions)
            raise words.no_such_region(name, shown)
        chosen.update(found)
    return tuple(sorted(chosen, key=lambda region: region.number))


def _is_named(region: TableRegion, name: str) -> bool:
    if name == "all":
        return True
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", name):
        return region.offset == int(name, 16)
    return name.isdecimal() and len(name) < 10 and region.number == int(name)


def _region_facts(region: TableRegion) -> str:
    """Return what a region is, in words."""
    structure = region.structure
    if isinstance(structure, IVMD):
        return memory_facts(structure)
    return f"0x{structure.base_address:x}-0x{structure.limit_address:x}"


def _table_document(text: bytes, path: str, number: int | None) -> dict[str, object]:
    """Return the chosen table in the JSON `text`, without its source."""
    try:
        document = json.loads(text)
        tables = document["answer"]["tables"]
        known = document["format"] == "dmaragent.decode" and isinstance(tables, list)
    except (ValueError, RecursionError) as error:
        why = words.not_text() if isinstance(error, UnicodeDecodeError) else error
        raise words.not_json(path, why) from error
    except (KeyError, TypeError):
        known, document, tables = False, {}, []
    if not known:
        raise words.not_of_decode(path)
    if document.get("version") is True or document.get("version") != 1:
        raise words.other_version(path, excerpt(repr(document.get("version"))))
    held = count(len(tables), "table")
    if not tables or (number is None and len(tables) != 1):
        raise words.not_one_table(path, held, some=bool(tables))
    if number is not None and not 1 <= number <= len(tables):
        raise words.no_such_table(path, held, number, several=len(tables) > 1)
    table = tables[(number or 1) - 1]
    if not isinstance(table, dict):
        raise words.table_not_object(path, number or 1)
    return {name: value for name, value in table.items() if name != "source"}
