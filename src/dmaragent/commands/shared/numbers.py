"""Numbers on the command line: types for argparse, with errors that quote the text."""

import argparse

from dmaragent.commands.shared.words import command_line as words


def whole_number(text: str) -> int:
    """Return the whole number in `text`.

    Raises:
        ArgumentTypeError: it is not one.

    """
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(words.not_a_whole_number(text)) from error


def decimal_number(text: str) -> float:
    """Return the number in `text`.

    Raises:
        ArgumentTypeError: it is not one.

    """
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(words.not_a_number(text)) from error
