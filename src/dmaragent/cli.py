"""The command line: verbs, and the only place where an error becomes an exit code.

Exit codes: 0 fine; 1 the answer is "no" or there is something to look at; 2 the
question could not be answered, with one line that says why.  A reader that goes away
(``| head``) ends it by SIGPIPE.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from dmaragent import __version__
from dmaragent.commands import GROUPS, VERBS, load
from dmaragent.commands.shared import words
from dmaragent.commands.shared.output import next_lines, print_document
from dmaragent.commands.shared.suggest import nearest
from dmaragent.commands.shared.terminal import screen_of
from dmaragent.errors import DmaragentError
from dmaragent.gc_control import without_gc
from dmaragent.present.escaping import visible
from dmaragent.present.json.error import error_document
from dmaragent.present.screen import printed_on

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

UNANSWERED = 2
ENDED_BY_PIPE = 128 + signal.SIGPIPE
"""What a shell shows of a program that SIGPIPE ended."""
_REPORT_IT = "report it, with these lines:"
DEPENDENCIES = ("construct", "h11", "psutil", "pyudev")
"""The modules that are not the library's."""
_OWN_OPTIONS = ("--help", "--version")
"""What is asked of the program itself, or the beginning of it."""
HELP = "help"
"""``dmaragent help VERB`` is ``dmaragent VERB --help``."""
DEVICES = "__devices"
"""What completions ask for: the devices of a host.  It is no verb, and in no help."""
EXAMPLES = """\
examples:
  sudo dmaragent                                this machine in ten lines
  sudo dmaragent inventory                      what this machine reserves
  sudo dmaragent explain 00:1d.0                why a passthrough is refused
  sudo dmaragent resolve win10.cfg              whether this guest will start
  dmaragent check --host for-support.tar.xz     what is wrong with another host
  dmaragent demo                                a recorded machine, to try it
  dmaragent help resolve                        a verb's options, with examples

Exit codes: 0 fine; 1 the answer is no, or problems were found; 2 no answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; give its exit code.

    With ``--json`` an error is a document on standard output as well as a text on standard error.
    """
    if sys.stderr is None:  # print would take standard output instead, and spoil a bundle there
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays until the end
    if sys.stdout is None:
        _print_to_stderr("dmaragent: standard output is closed")
        return UNANSWERED
    _escape_what_cannot_be_encoded()
    line = sys.argv[1:] if arguments is None else arguments
    try:
        with without_gc(at_exit=arguments is None):
            code = _run(line)
        sys.stdout.flush()
    except DmaragentError as error:
        return _print_error(error, line)
    except BrokenPipeError:  # the reader has seen enough
        _drop_output()
        return _end_by_pipe() if arguments is None else ENDED_BY_PIPE
    except OSError as error:
        if error.filename is None:  # the output itself
            _drop_output()
        return _print_error(_failure(error), line)
    except KeyboardInterrupt:
        return 130
    except MemoryError:
        hint = "give it more (ulimit -v shows a limit), or ask about less at a time"
        return _print_error(DmaragentError("there is not enough memory to answer", hint), line)
    except Exception as error:  # noqa: BLE001 - 1 means "look at this"; a bug of ours is no answer
        return _print_bug(error, line)
    return code


def _run(arguments: Sequence[str]) -> int:
    if arguments == ["--version"]:
        print(f"dmaragent {__version__}")  # argparse would not report an output that fails
        return 0
    if arguments and arguments[0] == HELP:
        arguments = [*arguments[1:], "--help"]
    if not arguments:
        return _overview()
    if arguments[0] == DEVICES:
        from dmaragent.commands.shared.complete import print_devices  # noqa: PLC0415 - as of a verb

        return print_devices(arguments[1] if len(arguments) > 1 else None)
    if arguments[0] == "demo" and len(arguments) > 1 and arguments[1] in VERBS:
        from dmaragent.commands.demo import demo_host  # noqa: PLC0415 - as of a verb

        arguments = [*arguments[1:], "--host", demo_host()]
    first = arguments[0].partition("=")[0] if arguments else ""
    if first.startswith("-") and not any(
        option.startswith(first) for option in ("-h", *_OWN_OPTIONS)
    ):
        hint = f"dmaragent VERB {first} …; dmaragent --help has the verbs"
        raise DmaragentError(f"{first}: the verb comes first", hint)
    verb = arguments[0] if arguments else ""
    if verb and not first.startswith("-") and verb not in VERBS:
        raise words.no_such_verb(verb, nearest(verb, (*VERBS, HELP)))
    parser = _verb_parser(verb, arguments) if verb in VERBS else _parser(arguments)
    try:
        options, unknown = parser.parse_known_args(arguments[1:] if verb in VERBS else arguments)
    except SystemExit as error:  # argparse has printed its help, or what is wrong
        return error.code if isinstance(error.code, int) else UNANSWERED
    if unknown:
        raise words.no_such_argument(
            options.verb,
            " ".join(unknown),
            _nearest_option(parser, unknown),
            takes_host=hasattr(options, "host"),
        )
    with printed_on(screen_of(sys.stdout, getattr(options, "color", "auto"))):
        code: int = options.run(options)
    return code


def _overview() -> int:
    """Print this host in ten lines."""
    from dmaragent.commands.shared.overview import print_overview  # noqa: PLC0415 - as of a verb

    with printed_on(screen_of(sys.stdout, "auto")):
        return print_overview(None)


def _nearest_option(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> str | None:
    """Return the option of `parser` that the first unknown one was probably meant to be."""
    for word in unknown:
        option = word.partition("=")[0]
        if option.startswith("--"):
            return nearest(option, _option_names(parser))
    return None


def _option_names(parser: argparse.ArgumentParser) -> list[str]:
    """Return the long options of `parser`."""
    return [
        name
        for action in parser._actions  # noqa: SLF001 - argparse has no other way to ask
        for name in action.option_strings
        if name.startswith("--")
    ]


def _escape_what_cannot_be_encoded() -> None:
    """Let no encoding of the terminal lose an answer: what it lacks is shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _failure(error: OSError) -> DmaragentError:
    """Say what failed and why.  What has no file's name is the output: whoever reads names it."""
    why = error.strerror or str(error)
    if error.filename is None:
        return DmaragentError(f"the output could not be written: {why}")
    name = os.fsdecode(error.filename)
    return DmaragentError(f"{name}: {why}", where=name)


def _drop_output() -> None:
    """Let the interpreter's own flush at exit go nowhere: it would fail once more."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # not a file: a test's, or closed


def _end_by_pipe() -> int:
    """End as ``ls`` and ``git`` do when their reader goes away: by the signal."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    return ENDED_BY_PIPE  # the signal is blocked


def _print_error(error: DmaragentError, line: Sequence[str]) -> int:
    """Print `error`; give the exit code.  It may hold a name or a text that a stranger chose."""
    _print_to_stderr(f"dmaragent: {error.message}")
    if error.hint:
        _print_to_stderr(*next_lines(error.hint))
    _print_error_document(error, line)
    return UNANSWERED


def _print_error_document(error: DmaragentError, line: Sequence[str]) -> None:
    """Print `error` as a document, if the user asked for one."""
    if "--json" not in line:
        return
    try:
        print_document(error_document(error, line))
        sys.stdout.flush()
    except OSError:
        _drop_output()  # the exit code and the text are all that is left to tell


def _print_to_stderr(*lines: str) -> None:
    """Print lines of an error."""
    try:
        for line in lines:
            print(visible(line), file=sys.stderr)
    except OSError:
        return  # the exit code is all that is left to tell


def _print_bug(error: Exception, line: Sequence[str]) -> int:
    if isinstance(error, ModuleNotFoundError) and error.name in DEPENDENCIES:
        return _print_error(words.module_missing(error.name), line)  # dmaragent.pyz has only some
    failure = DmaragentError(f"internal error: {type(error).__name__}: {error}", _REPORT_IT)
    code = _print_error(failure, line)
    for frame in "".join(traceback.format_exception(error)).splitlines():
        _print_to_stderr(frame)
    return code


class _Parser(argparse.ArgumentParser):
    """A parser whose help, if it cannot be written, is an error: argparse's is silence."""

    line: Sequence[str] = ()
    """The command line that it parses."""

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        hint = f"{self.prog} --help has examples"
        _print_to_stderr(f"{self.prog}: error: {message}")
        _print_to_stderr(*next_lines(hint))
        _print_error_document(DmaragentError(message, hint), self.line)
        self.exit(UNANSWERED)


def _fixed_width(prog: str) -> argparse.HelpFormatter:
    """Return a formatter that does not ask for the terminal's width.

    ``add_argument`` makes one only to try the option's metavar, and shutil, which asks, costs 1 ms.
    """
    return argparse.HelpFormatter(prog, width=80)


def _verb_parser(name: str, line: Sequence[str] = ()) -> _Parser:
    """Return the parser of what follows the verb `name` on the command line `line`."""
    parser = _Parser(prog=f"dmaragent {name}", formatter_class=_fixed_width)
    _add_verb(parser, name)
    parser.line = line
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    return parser


def _add_verb(parser: argparse.ArgumentParser, name: str) -> None:
    """Make `parser` that of the verb `name`."""
    verb = load(name)
    parser.description = verb.DESCRIPTION
    parser.epilog = verb.EXAMPLES
    verb.add_arguments(parser)
    parser.set_defaults(run=verb.run, verb=name)


def _parser(line: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the program, with every verb: its help, and lines without a verb."""
    parser = _Parser(
        prog="dmaragent",
        usage="dmaragent [--help] [--version] VERB [OPTIONS]",
        description="Show which memory this host's firmware reserves for devices (RMRR), and which\n"
        "devices and guests that blocks, and why.\n\n" + "\n".join(_grouped_verbs()),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.line = line
    parser.add_argument("--version", action="version", version=f"dmaragent {__version__}")
    verbs = parser.add_subparsers(
        prog="dmaragent", metavar="VERB", required=True, help=argparse.SUPPRESS
    )
    for name in VERBS:
        child = verbs.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter)
        _add_verb(child, name)
    return parser


def _grouped_verbs() -> Iterator[str]:
    """Yield the verbs, a line each, below the name of their group."""
    column = max(map(len, VERBS)) + 2
    for title, verbs in GROUPS.items():
        yield f"{title}:"
        yield from (f"  {verb:{column}}{VERBS[verb]}" for verb in verbs)
