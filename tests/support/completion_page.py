"""The completions of bash, zsh and fish, written from the argument parser (``make docs``)."""

import argparse
import shlex
from collections.abc import Iterator
from pathlib import Path

from dmaragent import cli
from dmaragent.commands import VERBS
from dmaragent.xen.hypervisor.behaviour import NEWEST_RELEASE

FILES = {
    "A",
    "AFTER",
    "B",
    "BEFORE",
    "CFG",
    "DIR",
    "FILE",
    "FILE.json",
    "GUEST",
    "HOST",
    "OUT",
    "PATH",
}
"""The metavars that stand for a file or a folder."""

DEVICES = {"SBDF", "SPEC"}
"""The metavars that stand for a device of the host."""
RELEASES = " ".join(f"{NEWEST_RELEASE[0]}.{minor}" for minor in range(6, NEWEST_RELEASE[1] + 1))
"""What ``--xen`` can name: the releases that know reserved device memory."""
FOLDER = Path(__file__).parents[2] / "completions"

HEAD = """\
# bash completion for dmaragent, written by `make docs` from its argument parser.

# The devices of the host that --host names, else of this machine.
_dmaragent_devices()
{
    local n host=""
    for ((n = 1; n < cword; n++)); do
        [[ ${words[n]} == --host ]] && host=${words[n + 1]}
        [[ ${words[n]} == --host=* ]] && host=${words[n]#*=}
    done
    COMPREPLY=($(compgen -W "$(dmaragent __devices ${host:+"$host"} 2>/dev/null)" -- "$cur"))
    __ltrim_colon_completions "$cur"
}

_dmaragent()
{
    local cur prev words cword split
    _init_completion -s -n : || return

    # The verb, and the one below it where the verb has its own; options come after them.
    if [[ $cword -eq 2 && $prev == help ]]; then
        COMPREPLY=($(compgen -W "@VERBS@" -- "$cur"))
        return
    fi
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
    local options="" operands="" files="" devices=""
    case $verb in
"""

TAIL = """\
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        return
    fi
    COMPREPLY=($(compgen -W "$operands" -- "$cur"))
    [[ $devices ]] && _dmaragent_devices
    [[ $files ]] && _filedir
    [[ ${COMPREPLY-} || $cur ]] || COMPREPLY=($(compgen -W "$options"))
} &&
    complete -F _dmaragent dmaragent
"""


def page(parser: argparse.ArgumentParser | None = None) -> str:
    """Give the file for `parser`, or for the program's own."""
    parsers = list(walk("", parser or cli._parser()))
    verbs = "|".join(shlex.quote(verb) for verb, _ in parsers if verb)
    lines = [
        HEAD.replace("@VERBS@", " ".join(_children(parsers[0][1]))),
        f"            {verbs}) verb+=${{verb:+ }}$word ;;\n",
        VALUES,
    ]
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


def _about(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Return what each verb below `parser` does, as its help has it."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return {choice.dest: choice.help or "" for choice in action._choices_actions}
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
    if action.metavar in DEVICES:
        return "_dmaragent_devices; "
    if action.metavar == "RELEASE":
        return f'COMPREPLY=($(compgen -W "{RELEASES}" -- "$cur")); '
    return "_filedir; " if action.metavar in FILES else ""


def _words(verb: str, parser: argparse.ArgumentParser) -> str:
    positional = [each for each in parser._actions if not each.option_strings]
    found = [f"options={shlex.quote(' '.join(options_of(parser)))}"]
    if _children(parser):
        found.append(f"operands={shlex.quote(' '.join(_children(parser)))}")
    if any(each.metavar in FILES for each in positional):
        found.append("files=yes")
    if any(each.metavar in DEVICES for each in positional):
        found.append("devices=yes")
    return f"        {shlex.quote(verb)}) {' '.join(found)} ;;\n"


ZSH_HEAD = """\
#compdef dmaragent
# zsh completion for dmaragent, written by `make docs` from its argument parser.

# The devices of the host that --host names, else of this machine.
_dmaragent_devices() {
    local n host=""
    for ((n = 2; n < CURRENT; n++)); do
        [[ $words[n] == --host ]] && host=$words[n+1]
        [[ $words[n] == --host=* ]] && host=${words[n]#*=}
    done
    compadd -- ${(f)"$(dmaragent __devices ${host:+"$host"} 2>/dev/null)"}
}

_dmaragent() {
    local verb="" word prev=$words[CURRENT-1]
    for word in $words[2,CURRENT-1]; do
        [[ $word == -* ]] && break
        case "${verb:+$verb }$word" in
"""
ZSH_TAIL = """\
    esac
}

_dmaragent "$@"
"""


def zsh_page(parser: argparse.ArgumentParser | None = None) -> str:
    """Return the completion of zsh for `parser`, or for the program's own."""
    parsers = list(walk("", parser or cli._parser()))
    verbs = "|".join(shlex.quote(verb) for verb, _ in parsers if verb)
    lines = [ZSH_HEAD, f'            {verbs}) verb+="${{verb:+ }}$word" ;;\n']
    lines.append('            *) break ;;\n        esac\n    done\n    case "$verb:$prev" in\n')
    lines.append(f"        :help) compadd -- {' '.join(_children(parsers[0][1]))}; return ;;\n")
    for verb, each in parsers:
        for action in each._actions:
            if action.option_strings and action.nargs not in (0, "?"):
                names = "|".join(shlex.quote(f"{verb}:{name}") for name in action.option_strings)
                lines.append(f"        {names}) {_zsh_value(action)}return ;;\n")
    lines.append('    esac\n    case "$verb" in\n')
    for verb, each in parsers:
        operands = [action for action in each._actions if not action.option_strings]
        offers = [f"compadd -- {' '.join(_children(each))}"] if _children(each) else []
        offers += ["_files"] if any(action.metavar in FILES for action in operands) else []
        devices = any(action.metavar in DEVICES for action in operands)
        offers += ["_dmaragent_devices"] if devices else []
        offers.append(f"compadd -- {' '.join(options_of(each))}")
        lines.append(f"        {shlex.quote(verb)}) {'; '.join(offers)} ;;\n")
    return "".join([*lines, ZSH_TAIL])


def _zsh_value(action: argparse.Action) -> str:
    if action.choices:
        return f"compadd -- {' '.join(map(str, action.choices))}; "
    if action.metavar in DEVICES:
        return "_dmaragent_devices; "
    if action.metavar == "RELEASE":
        return f"compadd -- {RELEASES}; "
    return "_files; " if action.metavar in FILES else ""


FISH_HEAD = """\
# fish completion for dmaragent, written by `make docs` from its argument parser.

# The devices of the host that --host names, else of this machine.
function __dmaragent_devices
    set -l words (commandline -opc)
    set -l host
    for n in (seq (count $words))
        if test "$words[$n]" = --host
            set host $words[(math $n + 1)]
        else if string match -q -- '--host=*' "$words[$n]"
            set host (string replace -- --host= '' "$words[$n]")
        end
    end
    dmaragent __devices $host 2>/dev/null
end

complete -c dmaragent -f
"""


def fish_page(parser: argparse.ArgumentParser | None = None) -> str:
    """Return the completion of fish for `parser`, or for the program's own."""
    lines = [FISH_HEAD]
    parsers = dict(walk("", parser or cli._parser()))
    for verb, each in parsers.items():
        words = verb.split()
        seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in words)
        # `fleet resolve` is not `resolve`.
        seen += "".join(
            f"; and not __fish_seen_subcommand_from {name}"
            for name, other in parsers.items()
            if len(words) == 1 and name and " " not in name and verb in _children(other)
        )
        when = seen or "__fish_use_subcommand"
        abouts = _about(each) if words else VERBS
        for child in _children(each):
            about = f" -d {shlex.quote(abouts[child])}" if abouts.get(child) else ""
            condition = (
                f"{when}; and not __fish_seen_subcommand_from {' '.join(_children(each))}"
                if words
                else when
            )
            lines.append(f"complete -c dmaragent -n '{condition}' -a {child}{about}\n")
        lines += dict.fromkeys(  # two operands of one kind are one line
            f"complete -c dmaragent -n '{when}'{_fish_action(action)}\n"
            for action in each._actions
            if action.option_strings or action.metavar in FILES | DEVICES
        )
    verbs = " ".join(VERBS)
    lines.append(f"complete -c dmaragent -n '__fish_seen_subcommand_from help' -a '{verbs}'\n")
    return "".join(lines)


def _fish_action(action: argparse.Action) -> str:
    text = "".join(
        f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}"
        for name in action.option_strings
    )
    if action.option_strings and action.nargs not in (0, "?"):
        text += " -r"
    if action.choices:
        return f"{text} -a '{' '.join(map(str, action.choices))}'"
    if action.metavar in DEVICES:
        return f"{text} -a '(__dmaragent_devices)'"
    if action.metavar == "RELEASE":
        return f"{text} -a '{RELEASES}'"
    return f"{text} -F" if action.metavar in FILES else text


PAGES = {"dmaragent": page, "_dmaragent": zsh_page, "dmaragent.fish": fish_page}
"""The files of completions/, for bash, zsh and fish, as these shells name them."""


if __name__ == "__main__":
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), "utf-8")
