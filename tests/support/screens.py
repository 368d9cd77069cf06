"""The golden screens of tests/screens: what each verb prints, as a user sees it.

A screen is a file ``VERB/NAME.txt`` of commands and what they print.  A command is a line
``$ dmaragent …``; standard output follows, then standard error with ``2> `` before each line, then
the exit code.  Of an HTML page the words are kept.  A first line ``# this machine: NAME`` makes
that recorded machine the one that the command runs on.

``python -m support.screens`` (``make screens``) runs every command again and writes what it prints.
To add a screen, write its commands into a new file and run that.
"""

import contextlib
import io
import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from unittest.mock import patch

from dmaragent import __version__
from dmaragent.agent.status import Status, read_status
from dmaragent.cli import main
from dmaragent.collect.live.commands import Ended
from dmaragent.collect.open_host import open_host
from support.collectors import REPORTS, write_files
from support.damaged_ivrs import CASES as IVRS_CASES
from support.ivrs_tables import EVERY_BLOCK
from support.machines import MACHINES, NAMES
from support.published import GENERATION, SCANNED
from support.tables import EVERY_STRUCTURE, dump, patched
from support.wording import FOLDER, WORDS

INPUTS = FOLDER / "inputs"
EVERY_MACHINE = {
    "inventory": "inventory --host {name}",
    "check": "check --host {name}",
    "devices": "devices --host {name}",
    "decode": "decode {name}",
    "report": "report --host {name}",
    "resolve": "resolve {name}/guests --host {name}",
    "why": "why --host {name}",
    "boot-option": "boot-option --check --host {name}",
}
"""What is asked of a recorded machine that has no screen of the verb yet."""
PUBLISHED = json.dumps(
    {
        "origin": {"generation": GENERATION, "digest": "0" * 64},
        "answer": {
            "table": {"state": "decoded", "damage": []},
            "absence": None,
            "regions": [{}, {}],
        },
    }
)
"""What `status` reads of a published inventory."""
_PROMPT = "$ dmaragent "
_MACHINE = "# this machine: "
_INLINE = frozenset(
    ("a", "abbr", "b", "code", "em", "i", "kbd", "small", "span", "strong", "td", "th")
)
_UNREAD = frozenset(("style", "script"))
_SPOKEN = ("aria-label", "alt", "title")
"""Attributes that a browser shows or a screen reader speaks."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Commands, and the recorded machine that they run on if it matters."""

    commands: tuple[str, ...]
    machine: str = ""

    @classmethod
    def read(cls, path: Path) -> "Screen":
        """Read the commands of a golden file."""
        lines = path.read_text("utf-8").splitlines()
        machine = lines[0].removeprefix(_MACHINE) if lines[0].startswith(_MACHINE) else ""
        commands = [line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT)]
        return cls(tuple(commands), machine)

    def text(self) -> str:
        """Run the commands in a folder of their own and return the file that shows them."""
        parts = [f"{_MACHINE}{self.machine}\n"] if self.machine else []
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            lay_out(Path())
            parts += [_shown(command, self.machine) for command in self.commands]
        return "\n".join(parts)


def screen_files() -> list[Path]:
    """Return the golden files."""
    return sorted(path for path in FOLDER.glob("*/*.txt") if path.parent not in (INPUTS, WORDS))


def lay_out(folder: Path) -> None:
    """Put the files that commands name into `folder`: the recorded machines, and other inputs."""
    for path in (*(MACHINES / name for name in NAMES), *INPUTS.iterdir()):
        (folder / path.name).symlink_to(path)
    write_files(folder / "sosreport-x", REPORTS["sos"])
    damaged = patched(EVERY_STRUCTURE, [(9, b"\0")])
    files = {
        "DMAR.bin": EVERY_STRUCTURE,
        "damaged.bin": damaged,
        "cut.bin": EVERY_STRUCTURE[:100],
        "IVRS.bin": EVERY_BLOCK,
        "damaged-IVRS.bin": IVRS_CASES["two blocks with damage"].data,
        "both.txt": (dump(EVERY_STRUCTURE) + dump(EVERY_BLOCK, "IVRS")).encode(),
        "random.bin": bytes(range(256)),
        "empty.bin": b"",
        "tables/damaged.bin": damaged,
        "tables/whole.bin": EVERY_STRUCTURE,
        "tables/other.bin": b"APIC" + bytes(60),
        "no-host/readme.txt": b"nothing\n",
    }
    write_files(folder, files)
    for name in ("inventory.json", "capture.tar", "api.sock"):
        published = folder / "published" / name
        published.parent.mkdir(exist_ok=True)
        published.write_text(PUBLISHED, "utf-8")
        os.utime(published, (SCANNED, SCANNED))


def _shown(command: str, machine: str) -> str:
    """Run `command` and return it with what it prints and its exit code."""
    line, _, source = command.partition(" < ")
    given = Path(source).read_bytes() if source else b""
    code, out, err = _run(shlex.split(line), given, machine)
    if out.startswith("<!DOCTYPE html>"):
        out = page_words(out)
    errors = "".join(f"2> {complaint}\n" for complaint in err.splitlines())
    end = "" if not out or out.endswith("\n") else "\n"
    return f"{_PROMPT}{command}\n{_without_version(out)}{end}{errors}[exit {code}]\n"


def _run(words: Sequence[str], given: bytes, machine: str) -> tuple[int, str, str]:
    source, out, err = (
        io.TextIOWrapper(io.BytesIO(content), encoding="utf-8") for content in (given, b"", b"")
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        stack.enter_context(patch.object(sys, "stdin", source))
        stack.enter_context(patch.object(sys, "argv", ["dmaragent"]))
        stack.enter_context(patch.dict(os.environ, {"COLUMNS": "80", "LC_ALL": "C.UTF-8"}))
        stack.enter_context(patch("dmaragent.commands.status.read_status", _status))
        if machine:
            live = open_host(str(MACHINES / machine)).reader
            stack.enter_context(patch("dmaragent.collect.live.host.LiveHost", lambda: live))
            stack.enter_context(patch("os.geteuid", lambda: 0))  # a capture would be laid over it
        code = main(list(words))
    return code, _written(out), _written(err)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _status(runtime: str) -> Status:
    """Return how a service is whose files are all in `runtime`: running if there are some."""
    state = b"active\n" if Path(runtime).is_dir() else b"inactive\n"
    with (
        patch("dmaragent.agent.status._SYSTEMD", "."),
        patch("dmaragent.agent.status.run_within", lambda *_: Ended(0, state, b"")),
    ):
        return read_status(runtime, f"{runtime}/capture.tar", f"{runtime}/api.sock")


def _without_version(text: str) -> str:
    """Leave out what a release, or another library that packs, changes."""
    text = text.replace(f"dmaragent {__version__}", "dmaragent VERSION")
    return re.sub(r"^(Wrote .*: )\d+ KiB$", r"\1N KiB", text, flags=re.MULTILINE)


@dataclass
class _PageWords(HTMLParser):
    """A parser that collects what a page shows, a line for each block; cells have `` | `` between."""

    lines: list[str] = field(default_factory=lambda: [""])

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self.lines.append("")
        elif tag in ("td", "th") and self.lines[-1]:
            self.lines[-1] += " | "
        self._unread += tag in _UNREAD
        for name, value in attrs:
            if name in _SPOKEN and value:
                self.lines[-1] += f"[{value}] "

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in _UNREAD
        if tag not in _INLINE:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.lines[-1] += data


def page_words(page: str) -> str:
    """Return the words of an HTML page, a line for each block."""
    parser = _PageWords()
    parser.feed(page)
    parser.close()
    lines = (re.sub(r"\s+", " ", line).strip() for line in parser.lines)
    return "".join(f"{line}\n" for line in lines if line)


def unwritten() -> Iterator[tuple[Path, Screen]]:
    """Yield the screens that a recorded machine lacks, by :data:`EVERY_MACHINE`."""
    for verb, command in EVERY_MACHINE.items():
        for name in NAMES:
            path = FOLDER / verb / f"{name}.txt"
            if not path.exists():
                yield path, Screen((command.format(name=name),))


def write() -> None:
    """Write every golden screen."""
    screens = {path: Screen.read(path) for path in screen_files()}
    for path, screen in {**screens, **dict(unwritten())}.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(screen.text(), "utf-8")


if __name__ == "__main__":
    write()
