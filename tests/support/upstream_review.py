"""The functions of Xen or Linux that the code cites and that changed between two releases.

``make upstream-review SRC=tree TAG=RELEASE-4.21.0 [BASE=RELEASE-4.20.0]`` prints them, for whoever
adds a release (docs/new-release.md). A citation is a file name and, after it in the same sentence,
names of functions; the tree is a git repository, bare or not.
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
    def functions(self, path: str) -> Mapping[str, str]:
        """Return the functions that a file defines, each with its text."""
        if path not in self.paths:
            return {}
        return defined(self._git("show", f"{self.tag}:{path}"))


def defined(source: str) -> dict[str, str]:
    """Return the functions that C text defines: from the line of the name to a ``}`` at its start."""
    found = {}
    for match in re.finditer(
        r"^(?!#|\s|/|\*|\})[^;{}=]*?\b(\w+)\s*\([^;{}]*\)[^;{}]*\{.*?^\}",
        source,
        re.MULTILINE | re.DOTALL,
    ):
        found[match[1]] = " ".join(match[0].split())
    return found


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
    """Print what changed; return 1 if anything did."""
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
    sys.stdout.write(
        f"\n{len(found)} functions differ between {options.base} and {options.tag}; "
        f"{len(here) - len(undefined)} of {len(here)} citations were compared\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
