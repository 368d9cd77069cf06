"""The command line: verbs, and the only place where an error becomes an exit code.

Exit codes: 0 fine; 1 the answer is "no" or there is something to look at; 2 the
question could not be answered, with one line that says why.
"""

from __future__ import annotations

import io
import os
import sys

from dmaragent import __version__
from dmaragent.errors import DmaragentError

TYPE_CHECKING = False  # mypy takes it for typing's; importing typing would cost 4 ms
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import NoReturn

    from _typeshed import SupportsWrite

UNANSWERED = 2
_OWN_OPTIONS = ("--help", "--version")
"""What is asked of the program itself, or the beginning of it."""
EXAMPLES = """\
examples:
  sudo dmaragent inventory                      what this machine reserves
  sudo dmaragent explain 00:1d.0                why a passthrough is refused
  sudo dmaragent resolve win10.cfg              whether this guest will start
  dmaragent check --host for-support.tar.xz     what is wrong with another host
  dmaragent resolve --help                      the examples of a verb

Exit codes: 0 fine, 1 look at this, 2 could not be answered."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; give its exit code."""
    if sys.stderr is None:  # print would take standard output instead, and spoil a bundle there
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays until the end
    if sys.stdout is None:
        _complain("dmaragent: standard output is closed")
        return UNANSWERED
    _escape_what_cannot_be_encoded()
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except DmaragentError as error:
        _complain(f"dmaragent: {error.message}")
        if error.hint:
            _complain(f"Next: {error.hint}")
        return UNANSWERED
    except BrokenPipeError:  # the reader has seen enough
        _drop_output()
        return UNANSWERED
    except OSError as error:
        _drop_output()
        _complain(f"dmaragent: {_failure(error)}")
        return UNANSWERED
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - 1 means "look at this"; a bug of ours is no answer
        _complain_of_unexpected(error)
        return UNANSWERED
    return code


def _run(arguments: Sequence[str]) -> int:
    if arguments == ["--version"]:
        print(f"dmaragent {__version__}")  # asked for by scripts: worth no option parser
        return 0
    first = arguments[0].partition("=")[0] if arguments else ""
    if first.startswith("-") and not any(one.startswith(first) for one in ("-h", *_OWN_OPTIONS)):
        hint = f"dmaragent VERB {first} …; dmaragent --help has the verbs"
        raise DmaragentError(f"{first}: the verb comes first", hint)
    try:
        options, unknown = _parser().parse_known_args(arguments)
    except SystemExit as error:  # argparse has printed its help, or what is wrong
        return error.code if isinstance(error.code, int) else UNANSWERED
    if unknown:
        host = "a host is given with --host PATH; " if hasattr(options, "host") else ""
        raise DmaragentError(
            f"{options.verb}: {' '.join(unknown)}: there is no such argument",
            f"{host}dmaragent {options.verb} --help has examples",
        )
    code: int = options.run(options)
    return code


def _escape_what_cannot_be_encoded() -> None:
    """Let no encoding of the terminal lose an answer: what it lacks is shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _failure(error: OSError) -> str:
    """Say what failed and why.  What has no file's name is the output: whoever reads names it."""
    why = error.strerror or str(error)
    if error.filename is None:
        return f"the output could not be written: {why}"
    return f"{os.fsdecode(error.filename)}: {why}"


def _drop_output() -> None:
    """Let the interpreter's own flush at exit go nowhere: it would fail once more."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # not a file: a test's, or closed


def _complain(line: str) -> None:
    """Print an error; it may hold a name or a text that a stranger chose."""
    from dmaragent.present.escaping import visible  # noqa: PLC0415 - start-up time

    try:
        print(visible(line), file=sys.stderr)
    except OSError:
        return  # the exit code is all that is left to tell


def _complain_of_unexpected(error: Exception) -> None:
    if isinstance(error, MemoryError):
        _complain("dmaragent: there is not enough memory to answer")
        _complain("Next: give it more (ulimit -v shows a limit), or ask about less at a time")
        return
    import traceback  # noqa: PLC0415 - for bugs only

    _complain(f"dmaragent: internal error: {type(error).__name__}: {error}")
    _complain("Next: report it, with these lines:")
    for line in "".join(traceback.format_exception(error)).splitlines():
        _complain(line)


def _parser() -> argparse.ArgumentParser:
    import argparse  # noqa: PLC0415 - start-up time

    from dmaragent.commands import VERBS  # noqa: PLC0415 - likewise

    class Parser(argparse.ArgumentParser):
        """A parser whose help, if it cannot be written, is an error: argparse's is silence."""

        def print_help(self, file: SupportsWrite[str] | None = None) -> None:
            (file or sys.stdout).write(self.format_help())

        def error(self, message: str) -> NoReturn:
            self.print_usage(sys.stderr)
            _complain(f"{self.prog}: error: {message}")
            _complain(f"Next: {self.prog} --help has examples")
            self.exit(UNANSWERED)

    parser = Parser(
        prog="dmaragent",
        description="What reserved device memory (RMRR) this host has, who owns it, and what\n"
        "Xen will do with a guest.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        child.set_defaults(run=verb.run, verb=verb.NAME)
    return parser
