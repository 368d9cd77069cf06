"""The questions whose answers are compared: command lines made from the files of a checkout.

They come from the earlier of the two commits, so that each had an answer before.
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

MACHINES = "testdata/dmar_dumps"
_MESSAGES_HOST = "hp-dl380e-gen8"
_RELEASES = ("4.14.6", "4.17.5", "4.22", "documented")
"""One release of each era of xl, and the manual pages."""
_TABLE_GUEST = ("--memory", "4096", "--rdm", "strategy=host")


@dataclass(frozen=True, slots=True)
class Question:
    """A command line, and what it reads from standard input."""

    arguments: tuple[str, ...]
    standard_input: str = ""

    @property
    def name(self) -> str:
        """The command line as it is typed, with the input if there is one."""
        line = " ".join(self.arguments)
        return f"{line} < {self.standard_input!r}" if self.standard_input else line


def questions(checkout: Path, corpus: Path | None) -> list[Question]:
    """Return all questions about the machines of `checkout` and the tables of `corpus`."""
    machines = sorted(path for path in (checkout / MACHINES).iterdir() if path.is_dir())
    asked = [question for machine in machines for question in _of_machine(checkout, machine)]
    for before, after in pairwise(machines):
        paths = (str(path.relative_to(checkout)) for path in (before, after))
        asked.append(_ask("diff", *paths))
    asked += _of_messages(checkout)
    if corpus is not None:
        for table in sorted((corpus / "dmar").iterdir()):
            asked += _of_table(table)
        asked += [
            _ask("inventory", "--host", str(one)) for one in sorted((corpus / "ivrs").iterdir())
        ]
    return asked


def _ask(*arguments: str, standard_input: str = "") -> Question:
    return Question((*arguments, "--json"), standard_input)


def _of_machine(checkout: Path, machine: Path) -> Iterator[Question]:
    where = str(machine.relative_to(checkout))
    host = ("--host", where)
    guests = [
        str(path.relative_to(checkout)) for path in sorted((machine / "guests").glob("*.cfg"))
    ]
    devices = _devices(machine)
    for verb in ("inventory", "devices", "check", "why", "decode"):
        yield _ask(verb, *host)
    yield _ask("rmrr-option", "--check", *host)
    for device in devices:
        yield _ask("explain", device, *host)
        yield _ask("inventory", "--device", device, *host)
        for guest in guests:
            yield _ask("hotplug", device, "--into", guest, *host)
    if guests:
        yield _ask("resolve", *guests, *host)
    for guest in guests:
        for release in _RELEASES:
            yield _ask("resolve", guest, *host, "--xen", release)
        for toolstack in ("libvirt", "qubes", "xapi"):
            yield _ask("resolve", guest, *host, "--toolstack", toolstack)


def _devices(machine: Path) -> list[str]:
    """Return the addresses of the functions that were recorded."""
    recorded = machine / "calls" / "udev-pci"
    if not recorded.is_file():
        return []
    functions: list[dict[str, str]] = json.loads(recorded.read_text(encoding="utf-8"))
    return sorted(function["name"] for function in functions)


def _of_messages(checkout: Path) -> Iterator[Question]:
    """Yield a question for each line that the tests of messages have."""
    host = f"{MACHINES}/{_MESSAGES_HOST}"
    for path in sorted((checkout / "tests" / "support").glob("message_lines_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Tuple(elts=[ast.Constant(value=str()), ast.Constant(value=str(line)), *_]):
                    yield _ask("why", "-", "--host", host, standard_input=line)
                case _:
                    continue


def _of_table(table: Path) -> Iterator[Question]:
    yield _ask("decode", str(table))
    host = ("--host", str(table))
    yield _ask("inventory", *host)
    yield _ask("check", *host)
    yield _ask("resolve", *_TABLE_GUEST, *host)
