"""The bash completion completions/dmaragent, written from the argument parser (``make docs``)."""

import argparse
import shlex
import sys
from collections.abc import Iterator

from dmaragent import cli

FILES = {"A", "B", "CFG", "DIR", "FILE", "FILE.json", "GUEST", "OUT", "PATH"}
"""The metavars that stand for a file or a folder."""

HEAD = """\
# bash completion for dmaragent, written by `make docs` from its argument parser.

_dmaragent()
{
    local cur prev words cword split
    _init_completion -s || return

    # The verb, and the one below it where the verb has its own; options come after them.
    local verb="" word
    for word in "${words[@]:1:cword-1}"; do
        [[ $word == -* ]] && break
        case "${verb:+$verb }$word" in
"""

VALUES = """\
            *) [[ $verb ]] && break || return ;;
        esac
    done

    # What an option takes.
    case "$verb:$prev" in
"""

OPTIONS = """\
    esac
    $split && return

    # What else can stand there.
    local options="" operands="" files=""
    case $verb in
"""

TAIL = """\
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        return
    fi
    COMPREPLY=($(compgen -W "$operands" -- "$cur"))
    [[ $files ]] && _filedir
    [[ ${COMPREPLY-} || $cur ]] || COMPREPLY=($(compgen -W "$options"))
} &&
    complete -F _dmaragent dmaragent
"""


def page(parser: argparse.ArgumentParser | None = None) -> str:
    """Give the file for `parser`, or for the program's own."""
    parsers = list(walk("", parser or cli._parser()))
    verbs = "|".join(shlex.quote(verb) for verb, _ in parsers if verb)
    lines = [HEAD, f"            {verbs}) verb+=${{verb:+ }}$word ;;\n", VALUES]
    for verb, each in parsers:
        lines += _values(verb, each)
    lines.append(OPTIONS)
    for verb, each in parsers:
        lines.append(_words(verb, each))
    return "".join([*lines, TAIL])


def walk(
    verb: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Give the parser of each verb under its words, the parser itself first."""
    yield verb, parser
    for name, child in _children(parser).items():
        yield from walk(f"{verb} {name}".strip(), child)


def _children(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def options_of(parser: argparse.ArgumentParser) -> list[str]:
    """Give the options in the parser's order; of a short and a long one the long."""
    return [each.option_strings[-1] for each in parser._actions if each.option_strings]


def _values(verb: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        # An option whose value may be left out can be followed by another option.
        if not action.option_strings or action.nargs in (0, "?"):
            continue
        names = "|".join(shlex.quote(f"{verb}:{name}") for name in action.option_strings)
        yield f"        {names}) {_value(action)}return ;;\n"


def _value(action: argparse.Action) -> str:
    if action.choices:
        words = " ".join(map(str, action.choices))
        return f'COMPREPLY=($(compgen -W "{words}" -- "$cur")); '
    return "_filedir; " if action.metavar in FILES else ""


def _words(verb: str, parser: argparse.ArgumentParser) -> str:
    positional = [each for each in parser._actions if not each.option_strings]
    found = [f"options={shlex.quote(' '.join(options_of(parser)))}"]
    if _children(parser):
        found.append(f"operands={shlex.quote(' '.join(_children(parser)))}")
    if any(each.metavar in FILES for each in positional):
        found.append("files=yes")
    return f"        {shlex.quote(verb)}) {' '.join(found)} ;;\n"


if __name__ == "__main__":
    sys.stdout.write(page())
