"""The command line: verbs, and the only place that turns an error into an exit code.

Exit codes: 0 success; 1 the answer is no, or problems were found; 2 no answer, with an error on
standard error. If the reader of a pipe closes it (``| head``), SIGPIPE ends the program.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from dmaragent import __version__
from dmaragent.commands import GROUPS, OTHER_NAMES, VERBS, load
from dmaragent.commands.shared.output import next_lines, print_document
from dmaragent.commands.shared.suggest import nearest
from dmaragent.commands.shared.terminal import screen_of
from dmaragent.commands.shared.words import command_line as words
from dmaragent.errors import DmaragentError
from dmaragent.gc_control import without_gc
from dmaragent.present.escaping import visible
from dmaragent.present.json.error import error_document
from dmaragent.present.screen import printed_on

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

UNANSWERED = 2
ENDED_BY_PIPE = 128 + signal.SIGPIPE
"""The exit code that a shell shows for a program that SIGPIPE ended."""
_REPORT_IT = "report this bug with the following lines:"
DEPENDENCIES = ("construct", "h11", "psutil", "pyudev")
"""The modules that dmaragent needs besides the standard library."""
_OWN_OPTIONS = ("--help", "--version")
"""The options of the program itself."""
HELP = "help"
"""``dmaragent help VERB`` is ``dmaragent VERB --help``."""
DEVICES = "__devices"
"""What shell completion runs to list the devices of a host. It is not a verb and is in no help."""
EXAMPLES = """\
examples:
  sudo dmaragent                              this machine in ten lines
  sudo dmaragent inventory                    the reserved regions of this host
  sudo dmaragent explain 00:1d.0              why a device is blocked, and fixes
  sudo dmaragent resolve win10.cfg            whether this guest will start
  dmaragent check --host for-support.tar.xz   errors in another host's table
  dmaragent demo                              try it on a recorded machine
  dmaragent help resolve                      a verb's options, with examples

Exit codes: 0 success; 1 the answer is no, or problems were found; 2 no answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code.

    With ``--json``, an error is a document on standard output as well as text on standard error.
    """
    if sys.stderr is None:  # print would use standard output instead, and damage a bundle there
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays open until the end
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
    except BrokenPipeError:  # the reader closed the pipe
        _drop_output()
        return _end_by_pipe() if arguments is None else ENDED_BY_PIPE
    except OSError as error:
        if error.filename is None:  # the output itself
            _drop_output()
        return _print_error(_failure(error), line)
    except KeyboardInterrupt:
        return 130
    except MemoryError:
        hint = "raise the limit (see ulimit -v), or name fewer inputs at a time"
        return _print_error(DmaragentError("there is not enough memory to answer", hint), line)
    except Exception as error:  # noqa: BLE001 - exit code 1 is an answer, and a bug must not look like one
        return _print_bug(error, line)
    return code


def _run(arguments: Sequence[str]) -> int:
    if arguments == ["--version"]:
        print(f"dmaragent {__version__}")  # argparse would not report a failed write
        return 0
    if arguments and arguments[0] == HELP:
        arguments = [*arguments[1:], "--help"]
    if not arguments:
        return _overview()
    if arguments[0] == DEVICES:
        from dmaragent.commands.shared.complete import print_devices  # noqa: PLC0415 - as of a verb

        return print_devices(arguments[1] if len(arguments) > 1 else None)
    arguments = _with_present_names(arguments)
    if arguments[0] == "demo" and len(arguments) > 1 and arguments[1] in VERBS:
        arguments = _demo_arguments(arguments[1:])
    first = arguments[0].partition("=")[0] if arguments else ""
    if first.startswith("-") and first not in ("-h", *_OWN_OPTIONS):
        hint = f"write dmaragent VERB {first} …; dmaragent --help lists the verbs"
        raise DmaragentError(f"{first}: the verb must come first", hint)
    verb = arguments[0] if arguments else ""
    if verb and not first.startswith("-") and verb not in VERBS:
        raise words.no_such_verb(verb, nearest(verb, (*VERBS, HELP)))
    parser = _verb_parser(verb, arguments) if verb in VERBS else _parser(arguments)
    try:
        options, unknown = parser.parse_known_args(arguments[1:] if verb in VERBS else arguments)
    except SystemExit as error:  # argparse printed its help or the error
        return error.code if isinstance(error.code, int) else UNANSWERED
    if unknown:
        named = _named_parser(parser, arguments)
        raise words.no_such_argument(
            named.prog.removeprefix("dmaragent "),
            " ".join(unknown),
            _nearest_option(named, unknown),
            takes_host=hasattr(options, "host"),
        )
    with printed_on(screen_of(sys.stdout, getattr(options, "color", "auto"))):
        code: int = options.run(options)
    return code


def _with_present_names(arguments: Sequence[str]) -> Sequence[str]:
    """Return `arguments` with the present name of a verb that has an earlier one."""
    at = 1 if arguments[0] == "demo" and len(arguments) > 1 else 0
    name = OTHER_NAMES.get(arguments[at], arguments[at])
    return [*arguments[:at], name, *arguments[at + 1 :]]


def _demo_arguments(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a verb with the machine of ``demo`` as its host."""
    from dmaragent.commands.demo import demo_host  # noqa: PLC0415 - as of a verb

    if "--host" not in _option_names(_verb_parser(arguments[0])):
        raise words.no_verb_of_demo(arguments[0])
    if any(word.partition("=")[0] == "--host" for word in arguments):
        raise words.host_with_demo()
    return [arguments[0], "--host", demo_host(), *arguments[1:]]


def _overview() -> int:
    """Print this host in ten lines."""
    from dmaragent.commands.shared.overview import print_overview  # noqa: PLC0415 - as of a verb

    with printed_on(screen_of(sys.stdout, "auto")):
        return print_overview(None)


def _own_parsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    """Return the parsers of a verb's own verbs, such as ``fleet show``, by name."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of options
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor a public name for it
            return cast("Mapping[str, argparse.ArgumentParser]", action.choices)
    return {}


def _named_parser(
    parser: argparse.ArgumentParser, arguments: Sequence[str]
) -> argparse.ArgumentParser:
    """Return the parser of the verb's own verb in `arguments`, or `parser` if it has none."""
    own = _own_parsers(parser)
    return next((own[word] for word in arguments[1:] if word in own), parser)


def _nearest_option(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> str | None:
    """Return the option of `parser` that is nearest to the first unknown one, or None."""
    for word in unknown:
        option = word.partition("=")[0]
        if option.startswith("--"):
            return nearest(option, _option_names(parser))
    return None


def _option_names(parser: argparse.ArgumentParser) -> list[str]:
    """Return the long options of `parser`."""
    return [
        name
        for action in parser._actions  # noqa: SLF001 - argparse has no public list of options
        for name in action.option_strings
        if name.startswith("--")
    ]


def _escape_what_cannot_be_encoded() -> None:
    """Escape characters that the terminal's encoding lacks, so that no answer is lost."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _failure(error: OSError) -> DmaragentError:
    """Return the error to print for `error`; without a file's name it is from the output."""
    why = error.strerror or str(error)
    if error.filename is None:
        return DmaragentError(f"the output could not be written: {why}")
    name = os.fsdecode(error.filename)
    return DmaragentError(f"{name}: {why}", where=name)


def _drop_output() -> None:
    """Discard what is buffered: the interpreter's own flush at exit would fail again."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # not a file (in a test), or closed


def _end_by_pipe() -> int:
    """End by the signal, like ``ls`` and ``git``, when the reader closes the pipe."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    return ENDED_BY_PIPE  # the signal is blocked


def _print_error(error: DmaragentError, line: Sequence[str]) -> int:
    """Print `error` and return the exit code. It can contain text from a stranger."""
    _print_to_stderr(f"dmaragent: {error.message}")
    if error.hint:
        _print_to_stderr(*next_lines(error.hint))
    _print_error_document(error, line)
    return UNANSWERED


def _print_error_document(error: DmaragentError, line: Sequence[str]) -> None:
    """Print `error` as a document, if ``--json`` is set."""
    if "--json" not in line:
        return
    try:
        print_document(error_document(error, line))
        sys.stdout.flush()
    except OSError:
        _drop_output()  # the exit code and the text remain


def _print_to_stderr(*lines: str) -> None:
    """Print lines of an error."""
    try:
        for line in lines:
            print(visible(line), file=sys.stderr)
    except OSError:
        return  # only the exit code remains


def _print_bug(error: Exception, line: Sequence[str]) -> int:
    if isinstance(error, ModuleNotFoundError) and error.name in DEPENDENCIES:
        return _print_error(words.module_missing(error.name), line)  # dmaragent.pyz has only some
    failure = DmaragentError(f"internal error: {type(error).__name__}: {error}", _REPORT_IT)
    code = _print_error(failure, line)
    import traceback  # noqa: PLC0415 - it imports the tokenizer: 3 ms, only for a crash

    for frame in "".join(traceback.format_exception(error)).splitlines():
        _print_to_stderr(frame)
    return code


class _Parser(argparse.ArgumentParser):
    """A parser that reports an error if its help cannot be written; argparse is silent then.

    Options are not abbreviated: a new option could change what a prefix means.
    """

    line: Sequence[str] = ()
    """The command line that it parses."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        hint = f"{self.prog} --help shows the options and examples"
        _print_to_stderr(f"{self.prog}: error: {message}")
        _print_to_stderr(*next_lines(hint))
        _print_error_document(DmaragentError(message, hint), self.line)
        self.exit(UNANSWERED)


def _fixed_width(prog: str) -> argparse.HelpFormatter:
    """Return a formatter that does not query the width of the terminal.

    ``add_argument`` makes one only to check the option's metavar. The query, in shutil, takes 1 ms.
    """
    return argparse.HelpFormatter(prog, width=80)


def _verb_parser(name: str, line: Sequence[str] = ()) -> _Parser:
    """Return the parser for the options of the verb `name` on the command line `line`."""
    parser = _Parser(prog=f"dmaragent {name}", formatter_class=_fixed_width)
    _add_verb(parser, name)
    for each in (parser, *_own_parsers(parser).values()):
        each.line = line  # type: ignore[attr-defined] # all are of the same class
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    return parser


def _add_verb(parser: argparse.ArgumentParser, name: str) -> None:
    """Add the options and the help of the verb `name` to `parser`."""
    verb = load(name)
    parser.description = verb.DESCRIPTION
    parser.epilog = verb.EXAMPLES
    verb.add_arguments(parser)
    parser.set_defaults(run=verb.run, verb=name)


def _parser(line: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the program, with every verb: for its help, and lines without a verb."""
    parser = _Parser(
        prog="dmaragent",
        usage="dmaragent [--help] [--version] VERB [OPTIONS]",
        description="Show the memory that this host's firmware reserves for devices, the\n"
        "devices and guests that it blocks on Xen and Linux, and fixes.\n\n"
        + "\n".join(_grouped_verbs()),
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
    """Yield the verbs, one per line, below the name of their group."""
    column = max(map(len, VERBS)) + 2
    for title, verbs in GROUPS.items():
        yield f"{title}:"
        yield from (f"  {verb:{column}}{VERBS[verb]}" for verb in verbs)
