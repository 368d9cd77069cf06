"""``dmaragent encode``: the exact inverse of ``decode --json``."""

from __future__ import annotations

import argparse
import json
import sys

from dmaragent.collect.given_file import read_input
from dmaragent.collect.table_inputs import read_packed_input
from dmaragent.collect.writing import write_new
from dmaragent.commands.shared import words
from dmaragent.errors import DmaragentError, excerpt
from dmaragent.present.escaping import visible
from dmaragent.present.words.numbers import count
from fwtables import FirmwareTableError, encode, from_document, seal

DESCRIPTION = """\
Write the bytes of a table from the JSON of `decode --json`.  They are exactly
the bytes that were decoded, damage included.  If you edited the JSON, --seal
recomputes the length and the checksum in the header."""
EXAMPLES = """\
examples:
  dmaragent encode dmar.json -o copy.bin
  dmaragent encode edited.json --seal -o DMAR.bin --force

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
        type=int,
        help="the number of the table, from 1, if there are several",
    )
    parser.add_argument(
        "--seal", action="store_true", help="recompute the header's length and checksum"
    )
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")


def run(options: argparse.Namespace) -> int:
    """Write the table."""
    text = read_packed_input() if options.file == "-" else read_input(options.file)
    try:
        decoded = from_document(_table_document(text, options.file, options.table))
        data = encode(seal(decoded) if options.seal else decoded)
    except FirmwareTableError as error:
        raise DmaragentError(f"{options.file}: {error}") from error
    if options.output == "-":
        sys.stdout.buffer.write(data)
    else:
        write_new(options.output, data, force=options.force, private=False)
        print(words.wrote_table(visible(options.output), count(len(data), "byte")))
    return 0


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
