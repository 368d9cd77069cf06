"""Compare the answers of this tree with those of a commit: ``python -m answers COMMIT``.

Both programs answer the questions that the commit's own machines, guests and messages allow,
and the tables of the corpus if it is there.  Exit codes: 0 no answer differs; 1 some do.
"""

import argparse
import difflib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from answers.prose import without_prose
from answers.questions import Question, questions

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("DMARAGENT_CORPUS", ROOT.parent / "shared" / "corpus"))
REPORT = ROOT / "build" / "answers.diff"
_WORKER = Path(__file__).with_name("answer.py")
_SHOWN = 20
"""Changed answers that are named on the terminal; the report has all."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A question that the two programs answer differently."""

    question: Question
    difference: tuple[str, ...]
    new_keys: frozenset[str] | None
    """The keys that objects gained, if that is all that differs; else None."""


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(prog="answers", description=__doc__)
    parser.add_argument("commit", help="the commit whose answers are the measure")
    parser.add_argument(
        "--without-prose",
        action="store_true",
        help="do not compare the strings that docs/schema marks with x-prose",
    )
    options = parser.parse_args()
    commit = options.commit
    corpus = CORPUS if CORPUS.is_dir() else None
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder)
        extract(commit, before)
        asked = questions(before, corpus)
        print(f"{len(asked)} questions, {'with' if corpus else 'without'} the corpus of tables")
        if not corpus:
            print(f"Not compared: captured tables ({CORPUS} is absent)")
        differing = compare(
            asked, programs=(before, ROOT), inputs=before, prose=not options.without_prose
        )
    REPORT.parent.mkdir(exist_ok=True)
    differing.sort(key=lambda change: change.new_keys is not None)
    REPORT.write_text("".join(_report(change) for change in differing), encoding="utf-8")
    _print(differing)
    print(f"{len(differing)} answers changed since {commit}" + f": {REPORT}" * bool(differing))
    return 1 if differing else 0


def _print(differing: list[Changed]) -> None:
    """Print what changed: first the answers that only gained keys, then the others by name."""
    gained = [change for change in differing if change.new_keys is not None]
    others = [change for change in differing if change.new_keys is None]
    names = sorted({key for change in gained for key in change.new_keys or ()})
    if gained:
        print(f"  {len(gained)} only gained keys: {', '.join(names)}")
    for verb, count in sorted(Counter(one.question.arguments[0] for one in others).items()):
        print(f"  {verb}: {count} changed in another way")
    for change in others[:_SHOWN]:
        print(f"    {change.question.name[:150]}")
    if len(others) > _SHOWN:
        print(f"    and {len(others) - _SHOWN} more")


def extract(commit: str, folder: Path) -> None:
    """Write the files of `commit` below `folder`."""
    archive = folder / ".tar"
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", f"--output={archive}", commit]
    subprocess.run(command, check=True)
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()


def compare(
    asked: list[Question], programs: tuple[Path, Path], inputs: Path, *, prose: bool = True
) -> list[Changed]:
    """Return the questions that the `programs` answer differently; paths are below `inputs`.

    Without `prose`, the words of sentences for people do not count.
    """
    with ThreadPoolExecutor() as pool:
        before, after = pool.map(lambda program: answers(asked, program, inputs), programs)
    if not prose:
        before, after = (
            [json.dumps(without_prose(json.loads(line)), sort_keys=True) for line in lines]
            for lines in (before, after)
        )
    return [
        Changed(question, _difference(old, new), new_keys(json.loads(old), json.loads(new)))
        for question, old, new in zip(asked, before, after, strict=True)
        if old != new
    ]


def answers(asked: list[Question], program: Path, inputs: Path) -> list[str]:
    """Return the answers of the `program`, a checkout, as lines of canonical JSON.

    Raises:
        RuntimeError: the program ended before it had answered everything.

    """
    path = os.pathsep.join(str(program / name) for name in ("src", "parsers"))
    lines = json.dumps([(question.arguments, question.standard_input) for question in asked])
    done = subprocess.run(
        [sys.executable, "-P", str(_WORKER)],
        input=lines,
        env={**os.environ, "PYTHONPATH": path},
        cwd=inputs,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    given = done.stdout.splitlines()
    if done.returncode or len(given) != len(asked):
        stopped = asked[len(given)].name if len(given) < len(asked) else "the last question"
        raise RuntimeError(f"{program} ended with {done.returncode} at {stopped}")
    return given


def new_keys(old: object, new: object) -> frozenset[str] | None:
    """Return the keys that `new` has beyond `old`; None if anything else differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        if not old.keys() <= new.keys():
            return None
        parts = [new_keys(value, new[key]) for key, value in old.items()]
        parts.append(frozenset(new.keys() - old.keys()))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        parts = [new_keys(*pair) for pair in zip(old, new, strict=True)]
    else:
        return frozenset() if old == new else None
    keys = [part for part in parts if part is not None]
    return frozenset().union(*keys) if len(keys) == len(parts) else None


def _difference(old: str, new: str) -> tuple[str, ...]:
    before, after = (_lines(answer) for answer in (old, new))
    return tuple(difflib.unified_diff(before, after, "before", "after", n=2, lineterm=""))


def _lines(answer: str) -> list[str]:
    return json.dumps(json.loads(answer), indent=1, ensure_ascii=False).split("\n")


def _report(change: Changed) -> str:
    return "\n".join([f"### {change.question.name}", *change.difference, "", ""])


if __name__ == "__main__":
    sys.exit(main())
