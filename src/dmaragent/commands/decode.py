"""``dmaragent decode``: DMAR and IVRS tables, structure by structure."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.collect.table_inputs import Input, InputTable, find_inputs, read_tables
from dmaragent.commands.shared.output import (
    add_json,
    next_lines,
    print_document,
    print_lines,
    progress,
)
from dmaragent.commands.shared.words import hosts as hosts_words
from dmaragent.commands.shared.words import tables as tables_words
from dmaragent.present.json.decode import decode_document
from dmaragent.present.text.decode import decode_line, decode_text
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.numbers import count
from fwtables import Decoded, Table, decode

if TYPE_CHECKING:
    from dmaragent.present.json.schema import decode as schema
    from dmaragent.present.json.schema.common import PassedOver

DESCRIPTION = """\
Decode DMAR tables (also named RMAD and XMAR) and AMD's IVRS tables with their
whole content, damage included.  PATH is a table, text that contains one
(acpidump, hexdump, xxd, od, iasl, base64, plain hexadecimal), or a folder of
them.  It can also be a host as for `inventory --host`, or - for standard input.
The default is this machine.  From a host, its DMAR is read, else its IVRS.  A
table or text can be packed with gzip, bzip2, xz or zstd."""
EXAMPLES = """\
examples:
  sudo dmaragent decode                         this machine's table
  dmaragent decode DMAR.bin                     one table
  dmaragent decode IVRS.bin                     AMD's table
  dmaragent decode tables/                      a folder, a line each
  dmaragent decode DMAR.bin --json > dmar.json  and back: dmaragent encode

Exit codes: 0 every table was decoded whole; 1 there is damage, or one of
several PATHs is not such a table; 2 nothing was decoded."""

_OTHER_KINDS = ("another-table", "not-a-table")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="a table, text, folder or host to decode"
    )
    parser.add_argument("--host", metavar="PATH", help="a host to decode, the same as PATH")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the decoded tables."""
    paths = options.paths + ([] if options.host is None else [options.host])
    named = [item for path in paths for item in find_inputs(path)]
    inputs: list[Input] = []
    decoded: list[tuple[Input, InputTable, Decoded[Table]]] = []
    this_machine: tuple[None, bool] = (None, True)
    for item in progress(named if paths else [this_machine], "decoding"):
        owner = read_tables(item[0], named=item[1]) if isinstance(item, tuple) else item
        inputs.append(owner)
        decoded += [(owner, table, decode(table.data)) for table in owner.tables]
    skipped = [row for row in decoded if _is_passed_over(row)]
    rows = [row for row in decoded if not _is_passed_over(row)]
    if options.json:
        print_document(_document(inputs, rows, skipped))
    elif len(named) > 1 or len(rows) > 1 or skipped:
        _print_lines(inputs, rows, skipped)
    else:
        _print_whole(inputs, rows)
    return _exit_code(inputs, [(table, result) for _, table, result in rows])


def _is_passed_over(row: tuple[Input, InputTable, Decoded[Table]]) -> bool:
    """Return whether a file in a folder is another table or no table, and so is not an error."""
    owner, _, result = row
    return not owner.named and any(damage.kind.value in _OTHER_KINDS for damage in result.damage)


def _exit_code(inputs: Sequence[Input], rows: Sequence[tuple[InputTable, Decoded[Table]]]) -> int:
    if not any(result.table for _, result in rows):
        return 2
    whole = all(not result.damage and not table.problem for table, result in rows)
    return 0 if whole and not any(owner.error for owner in inputs) else 1


def _document(
    inputs: Sequence[Input],
    rows: Sequence[tuple[Input, InputTable, Decoded[Table]]],
    skipped: Sequence[tuple[Input, InputTable, Decoded[Table]]],
) -> schema.DecodeDocument:
    others: list[PassedOver] = [
        {"path": owner.path, "reason": owner.reason} for owner in inputs if owner.error
    ]
    others += [
        {"path": owner.path, "reason": tables_words.another_kind_of_table(name)}
        for owner in inputs
        for name in owner.others
    ]
    others += [{"path": table.path, "reason": str(r.damage[0])} for _, table, r in skipped]
    tables = []
    for _, table, result in rows:
        source: schema.Source = {
            "path": table.path,
            "form": table.form,
            "address": None if table.address is None else f"0x{table.address:x}",
            "line": table.line,
            "problem": table.problem,
        }
        if table.last_line is not None and table.form != "acpidump":
            source["last_line"] = table.last_line
        if table.packing:
            source["packing"] = table.packing
        tables.append((source, result))
    return decode_document(tables, others)


def _damage(table: InputTable) -> str:
    return tables_words.damaged_table(table.problem, in_text=table.form != "table")


def _print_whole(
    inputs: Sequence[Input], rows: Sequence[tuple[Input, InputTable, Decoded[Table]]]
) -> None:

    for owner, table, result in rows:
        if table.no_table:
            said = f"dmaragent: {table.path}: {table.no_table}"
            print_lines([said, *next_lines(owner.hint)], sys.stderr)
            continue
        if table.reading:
            print_lines([hosts_words.read_from(table.reading)])
        if table.problem:
            print_lines(paragraph(_damage(table), hang=2))
        print_lines(decode_text(result))
    for owner in inputs:
        if owner.error:
            error = owner.message or f"{owner.path or 'this machine'}: {owner.error}"
            hint = next_lines(owner.hint) if owner.hint else []
            print_lines([f"dmaragent: {error}", *hint], sys.stderr)
        if owner.others:
            print_lines(["", tables_words.other_kinds_of_tables(" ".join(owner.others))])


def _print_lines(
    inputs: Sequence[Input],
    rows: Sequence[tuple[Input, InputTable, Decoded[Table]]],
    skipped: Sequence[tuple[Input, InputTable, Decoded[Table]]],
) -> None:

    for _, table, result in rows:
        place = table.path if table.line is None else f"{table.path}, line {table.line}"
        reading = f" (read from {table.reading})" if table.reading else ""
        problem = f"; {_damage(table)}" if table.problem else ""
        outcome = table.no_table or decode_line(result)
        print_lines([f"{place}: {outcome}{reading}{problem}"])
    for _, table, result in skipped:
        reason = table.no_table or result.damage[0].reason
        print_lines([tables_words.passed_over(table.path, reason)])
    for owner in inputs:
        if owner.error:
            print_lines([f"{owner.path}: {owner.reason}"])
        if owner.others:
            print_lines([tables_words.passed_over(owner.path, " ".join(owner.others))])
    sound = sum(not result.damage and not table.problem for _, table, result in rows)
    damaged = sum(bool(result.table) for _, _, result in rows) - sound
    totals = [f"{count(sound, 'sound table')}", f"{damaged} damaged"]
    undecoded = len(rows) - sound - damaged + sum(bool(owner.error) for owner in inputs)
    totals += [f"{undecoded} not decoded"] if undecoded else []
    print_lines([", ".join(totals)])
