"""Where an HTML page is written to: a file, or standard output if it is not a terminal."""

import argparse
import sys

from dmaragent.collect.writing import write_new
from dmaragent.commands.shared.output import print_lines
from dmaragent.commands.shared.words import command_line as words
from dmaragent.present.words.host import wrote


def add_page_output(parser: argparse.ArgumentParser) -> None:
    """Add the file as an option."""
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="the file to write, - for standard output (the default)",
    )


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add whether an existing file is replaced."""
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")


def check_page_output(options: argparse.Namespace) -> None:
    """Check that the page does not go to a terminal, before the work is done.

    Raises:
        DmaragentError: it does.

    """
    if _to_output(options) and sys.stdout.isatty():
        raise words.report_to_terminal()


def write_page(text: str, options: argparse.Namespace) -> None:
    """Write a page to the file of `options`, or to standard output."""
    page = text.encode("utf-8")
    if _to_output(options):
        sys.stdout.flush()
        sys.stdout.buffer.write(page)
        sys.stdout.buffer.flush()
    else:
        write_new(options.output, page, force=options.force)
        print_lines([wrote(options.output, len(page))])


def _to_output(options: argparse.Namespace) -> bool:
    return options.output in (None, "-")
