"""The golden sentences of tests/screens/words: what is said in a case that no screen shows.

A test hands the words that it got to the fixture ``worded``, which compares them with the file of
the test's module, and names the facts that no wording may lose: addresses, numbers, names of
errors.  ``make screens`` writes the files, so no test has to change with a sentence.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "screens"
WORDS = FOLDER / "words"

_HEAD = "== "
_BETWEEN = "--"
_NOTHING = "(nothing)"

Sections = dict[str, list[str]]
"""What a module's tests were told, by the name of the test."""


def read_sections(path: Path) -> Sections:
    """Read the golden sentences of a module."""
    sections: Sections = {}
    text = path.read_text("utf-8") if path.exists() else ""
    for part in re.split(rf"^{_HEAD}", text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        sections[name] = re.split(rf"^{_BETWEEN}\n", body.rstrip("\n"), flags=re.MULTILINE)
        sections[name] = [told.removesuffix("\n") for told in sections[name]]
    return sections


def write_sections(path: Path, sections: Sections) -> None:
    """Write the golden sentences of a module."""
    path.parent.mkdir(exist_ok=True)
    between = f"\n{_BETWEEN}\n"
    parts = (f"{_HEAD}{name}\n{between.join(told)}\n" for name, told in sections.items())
    path.write_text("\n".join(parts), "utf-8")


@dataclass
class Wording:
    """The sentences of the tests of this run: compared, or kept to be written."""

    writes: bool
    golden: dict[Path, Sections] = field(default_factory=dict)
    written: dict[Path, Sections] = field(default_factory=dict)
    names: dict[Path, list[str]] = field(default_factory=dict)
    """The tests of each module, those included that were skipped."""

    def sections(self, path: Path) -> Sections:
        """Return the golden sentences of a module, which are read once."""
        if path not in self.golden:
            self.golden[path] = read_sections(path)
        return self.golden[path]

    def write(self) -> None:
        """Write the files of the modules that ran; a test that was skipped keeps its sentences."""
        for path, sections in self.written.items():
            every = {**read_sections(path), **sections}
            kept = {name: every[name] for name in self.names[path] if name in every}
            write_sections(path, kept)


@dataclass
class Worded:
    """The fixture: called with the words that a test got."""

    wording: Wording
    path: Path
    name: str
    golden: list[str]
    places: dict[str, str]
    """Paths of this machine and its version, and what stands for them."""
    told: list[str] = field(default_factory=list)

    def __call__(self, words: str | Iterable[str], *facts: object) -> None:
        """Compare the words, or the lines, with the golden file; they hold the `facts` besides."""
        text = words if isinstance(words, str) else "\n".join(words)
        for fact in facts:
            assert str(fact) in " ".join(text.split())
        self._compare(text)

    def _compare(self, words: str) -> None:
        told = words
        for place, name in self.places.items():
            words = words.replace(place, name)
        if words != told:  # where lines break depends on the length of the path: a line a paragraph
            paragraphs = words.strip("\n").split("\n\n")
            words = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
        words = "\n".join(line.rstrip() for line in words.strip("\n").split("\n")) or _NOTHING
        self.told.append(words)
        if self.wording.writes:
            self.wording.written.setdefault(self.path, {})[self.name] = self.told
            return
        at = len(self.told) - 1
        expected = self.golden[at] if at < len(self.golden) else ""
        if words != expected:
            lines = expected.splitlines(), words.splitlines()
            diff = difflib.unified_diff(lines[0], lines[1], self.name, "said now", lineterm="")
            pytest.fail("\n".join([*diff, "", "make screens, then read the diff"]))


def lines_about(text: str, *facts: str) -> list[str]:
    """Return the lines of `text` that hold one of `facts`."""
    return [line for line in text.splitlines() if any(fact in line for fact in facts)]
