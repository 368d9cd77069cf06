"""``dmaragent schema``: the JSON Schemas of the documents."""

from __future__ import annotations

import argparse
import os
import sys

from dmaragent.commands.shared.installed import installed_folder
from dmaragent.commands.shared.output import print_lines
from dmaragent.commands.shared.suggest import nearest
from dmaragent.commands.shared.words import command_line as words

DESCRIPTION = """\
Print the JSON Schema of a document.  Without NAME, list the documents.  The
fields "format" and "version" of a document identify its schema."""
EXAMPLES = """\
examples:
  dmaragent schema                  list the documents
  dmaragent schema inventory        the output of `inventory --json`
  dmaragent schema error.v1         an error with --json

Exit codes: 0 printed; 2 no such schema."""
_SUFFIX = ".json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="a document, such as inventory or inventory.v2"
    )


def run(options: argparse.Namespace) -> int:
    """Print a schema, or the names of all."""
    folder = installed_folder("schema")
    names = sorted(
        name.removesuffix(_SUFFIX) for name in os.listdir(folder) if name.endswith(_SUFFIX)
    )
    if options.name is None:
        print_lines(names)
        return 0
    versions = [name for name in names if options.name in (name, name.rpartition(".v")[0])]
    if not versions:
        bare = [name.rpartition(".v")[0] for name in names]
        raise words.no_such_schema(options.name, nearest(options.name, bare))
    with open(os.path.join(folder, versions[-1] + _SUFFIX), encoding="utf-8") as file:
        sys.stdout.write(file.read())
    return 0
