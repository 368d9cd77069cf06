"""The command line: verbs, and the only place where an error becomes an exit code.

Exit codes: 0 fine; 1 the answer is "no" or there is something to look at; 2 the
question could not be answered, with one line that says why.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from dmaragent import __version__
from dmaragent.commands import VERBS
from dmaragent.errors import DmaragentError

UNANSWERED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; give its exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except DmaragentError as error:
        print(f"dmaragent: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"Next: {error.hint}", file=sys.stderr)
        return UNANSWERED
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNANSWERED
    except OSError as error:
        print(f"dmaragent: {error}", file=sys.stderr)
        return UNANSWERED
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dmaragent",
        description="What reserved device memory (RMRR) this host has, and who owns it.",
        epilog="Exit codes: 0 fine, 1 look at this, 2 could not be answered.",
    )
    parser.add_argument("--version", action="version", version=f"dmaragent {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for verb in VERBS:
        child = verbs.add_parser(
            verb.NAME,
            help=verb.HELP,
            description=verb.DESCRIPTION,
            epilog=verb.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_arguments(child)
        child.set_defaults(run=verb.run)
    return parser
