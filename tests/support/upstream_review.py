"""The functions of Xen or Linux that the code cites and that changed between two releases.

``make upstream-review SRC=tree TAG=RELEASE-4.21.0 BASE=RELEASE-4.20.0`` prints them, for whoever
adds a release (docs/new-release.md). A citation is a file name and, after it in the same sentence,
names of functions; the tree is a git repository, bare or not. The list ends with what else changed
in the cited files: functions that no code cites yet, and texts that only the new release has.
"""

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_FILE = re.compile(r"(?<![\w/])([\w./-]+\.[chS])\b")
_FUNCTION = re.compile(r"``([a-z_]\w{3,})``|\b([a-z]+(?:_[a-z0-9]+)+)\b")
_SENTENCE = re.compile(r"[.;]\s|\)\.|\Z")
_TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?:\s*"((?:[^"\\\n]|\\.)*)")*')
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PROSE = re.compile(r'[A-Za-z]{2,} [A-Za-z%"\\]')
"""Two words: a text that somebody may read."""
_LONGEST = 400
"""Characters after a file's name in which its functions are looked for."""


class Citation(NamedTuple):
    """A function of a file that our code cites."""

    file: str
    """As cited: the end of a path."""
    function: str
    places: tuple[str, ...]
    """Where it is cited, as ``path:line`` in this repository."""


class Change(NamedTuple):
    """A cited function whose text differs between the two releases."""

    path: str
    function: str
    how: str
    """``changed``, ``gone`` or ``new``."""
    places: tuple[str, ...]


def citations(sources: Iterable[Path]) -> tuple[Citation, ...]:
    """Return what the modules cite, by file and function."""
    places: dict[tuple[str, str], list[str]] = {}
    for path in sources:
        for line, text in _texts(path.read_text("utf-8")):
            for file, function in cited(text):
                shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
                places.setdefault((file, function), []).append(f"{shown}:{line}")
    return tuple(
        Citation(file, function, tuple(dict.fromkeys(found)))
        for (file, function), found in sorted(places.items())
    )


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Yield the files of `text`, each with the functions that follow it."""
    files = list(_FILE.finditer(text))
    for number, file in enumerate(files):
        following = files[number + 1].start() if number + 1 < len(files) else len(text)
        rest = text[file.end() : min(following, file.end() + _LONGEST)]
        end = _SENTENCE.search(rest)
        for function in _FUNCTION.finditer(rest[: end.start()] if end else rest):
            yield file[1], function[1] or function[2]


def _texts(source: str) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module, each with its line, in one line of text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, " ".join(node.value.split())


class OtherChanges(NamedTuple):
    """What else a new release has in a cited file."""

    path: str
    functions: tuple[str, ...]
    """Functions that differ, came or went, and that nothing cites."""
    texts: tuple[str, ...]
    """Texts of at least two words that the old file does not have."""


class Tree:
    """A release of a program, in a git repository."""

    def __init__(self, repository: Path, tag: str) -> None:
        self.repository = repository
        self.tag = tag
        self.paths = tuple(self._git("ls-tree", "-r", "--name-only", tag).splitlines())

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.repository), *words], capture_output=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"upstream-review: {done.stderr.decode('utf-8', 'replace').strip()}")
        return done.stdout.decode("utf-8", "replace")

    def matching(self, file: str) -> list[str]:
        """Return the paths that end with `file`."""
        return [path for path in self.paths if f"/{path}".endswith(f"/{file.lstrip('/')}")]

    @cache  # noqa: B019 - two trees live as long as the program
    def source(self, path: str) -> str:
        """Return the text of a file, empty if there is none."""
        return self._git("show", f"{self.tag}:{path}") if path in self.paths else ""

    @cache  # noqa: B019 - likewise
    def functions(self, path: str) -> Mapping[str, str]:
        """Return the functions that a file defines, each with its text."""
        return defined(self.source(path))


def defined(source: str) -> dict[str, str]:
    """Return the functions that C text defines: from the line of the name to a ``}`` at its start."""
    found: dict[str, str] = {}
    for match in re.finditer(
        r"^(?!#|\s|/|\*|\})[^;{}=]*?\b(\w+)\s*\([^;{}]*\)[^;{}]*\{.*?^\}",
        source,
        re.MULTILINE | re.DOTALL,
    ):
        found[match[1]] = " ".join(match[0].split())
    return found


def texts(source: str) -> dict[str, None]:
    """Return the strings of C text that have words, in their order; adjacent ones are one."""
    found: dict[str, None] = {}
    for match in _TEXT.finditer(_COMMENT.sub(" ", source)):
        whole = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', match[0]))
        if _PROSE.search(whole):
            found[whole] = None
    return found


def other_changes(
    cited_functions: Iterable[Citation], found: Iterable[Change], old: Tree, new: Tree
) -> list[OtherChanges]:
    """Return what else changed in the files with a cited function, beside the changes `found`."""
    shown = {(change.path, change.function) for change in found}
    paths = {
        path
        for citation in cited_functions
        for path in new.matching(citation.file)
        if citation.function in new.functions(path) or citation.function in old.functions(path)
    }
    others = []
    for path in sorted(paths):
        before, after = old.functions(path), new.functions(path)
        functions = sorted(
            name
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name) and (path, name) not in shown
        )
        came = [text for text in texts(new.source(path)) if text not in texts(old.source(path))]
        if functions or came:
            others.append(OtherChanges(path, tuple(functions), tuple(came)))
    return others


def changes(
    cited_functions: Iterable[Citation], old: Tree, new: Tree
) -> tuple[list[Change], list[Citation]]:
    """Return the cited functions that differ, and the citations that neither release defines."""
    found: dict[tuple[str, str], Change] = {}
    undefined = []
    for citation in cited_functions:
        defined_in = []
        for path in dict.fromkeys((*old.matching(citation.file), *new.matching(citation.file))):
            before = old.functions(path).get(citation.function)
            after = new.functions(path).get(citation.function)
            if before is not None or after is not None:
                defined_in.append(path)
            if before == after:
                continue
            how = "new" if before is None else "gone" if after is None else "changed"
            key = (path, citation.function)
            places = (*(found[key].places if key in found else ()), *citation.places)
            found[key] = Change(path, citation.function, how, tuple(dict.fromkeys(places)))
        if not defined_in:
            undefined.append(citation)
    return [found[key] for key in sorted(found)], undefined


def main(arguments: list[str]) -> int:
    """Print what changed."""
    parser = argparse.ArgumentParser(prog="upstream-review", description=__doc__)
    parser.add_argument("source", type=Path, help="a git repository of Xen or Linux")
    parser.add_argument("base", help="the last release that was reviewed, a tag")
    parser.add_argument("tag", help="the release to review")
    options = parser.parse_args(arguments)
    old, new = Tree(options.source, options.base), Tree(options.source, options.tag)
    all_cited = citations(sorted((ROOT / "src").rglob("*.py")))
    here = [citation for citation in all_cited if old.matching(citation.file)]
    found, undefined = changes(here, old, new)
    for change in found:
        more = f" and {len(change.places) - 1} more" if len(change.places) > 1 else ""
        sys.stdout.write(
            f"{change.how:8}{change.function}  {change.path}\n"
            f"        cited in {change.places[0]}{more}\n"
        )
    if undefined:
        sys.stdout.write("\nNo function of either release (a macro, a table, another program's):\n")
    for citation in undefined:
        sys.stdout.write(f"        {citation.function}  {citation.file}, {citation.places[0]}\n")
    sys.stdout.write("\nOther changes of these files:\n")
    for other in other_changes(here, found, old, new):
        sys.stdout.write(f"{other.path}\n")
        if other.functions:
            sys.stdout.write(f"        functions: {', '.join(other.functions)}\n")
        for text in other.texts:
            sys.stdout.write(f"        text: {text}\n")
    sys.stdout.write(
        f"\n{len(found)} cited functions differ between {options.base} and {options.tag}; "
        f"{len(here) - len(undefined)} of {len(here)} citations were compared\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
