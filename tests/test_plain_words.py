"""Rewritten modules keep to plain words and short sentences; the next ones join the list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "dmaragent"

REWRITTEN = (
    "answers/device.py",
    "commands/explain.py",
    "passthrough/*.py",
    "present/text/explain.py",
    "present/words/device.py",
    "present/words/passthrough.py",
    "remedies/devices/*.py",
)
"""Modules whose sentences, docstrings and help texts were rewritten; patterns below SOURCE."""

LONGEST = 30
"""Words of a sentence."""

REPLACED = {
    r"\bwhere (it|they|there|nobody|no|that|this|he)\b": "if, when",
    r"\b(cannot|can not) be (said|told|known)\b|\b(is|are) not known\b": "unknown",
    r"\bwhat (comes of|it comes to|becomes of)\b|\bcomes to:": "effect, result",
    r"\bwhat helps\b|\bthe safest first\b": "fixes, safest first",
    r"\blook at this\b": "the answer is no, or problems were found",
    r"\b(told|said|asked|foretold|foretell)\b": "reported, listed, checked, predicted",
    r"\b(tell|tells|say|says) (whether|that|how|what|which|of)\b": "show, report, return whether",
    r"\bdoes not answer\b|\banswers (there|at)\b|\bthat answers?\b": "is present",
    r"\bmeets? (the|guest|others)\b": "overlaps",
    r"\b(is|are|was|were) taken (for|to)\b|\btaken to be\b": "is treated as, assumed",
    r"\b(stands?|lies?) (in|on|at|there|below|above)\b": "is in",
    r"\bof another kind\b|\bis none\b|\b(what|which|that) is no\b": "is not a",
    r"\blaid out around\b": "avoids",
    r"\bthe most with which\b": "the largest",
    r"\bneither policy\b": "not with either policy",
    r"\bmade[- ]up\b": "synthetic",
    r"\b(mend|mends|mended)\b|\bheld by a test\b": "fix, tested",
    r"\bhost to carry\b": "a snapshot of this host",
    r"\bnot by trying\b": "(leave it out)",
    r"\bat (a|the) risk\b": "with risk",
    r"\bstory\b": "answer, verdicts",
    r"\bnobody\b": "no other",
    r"\b(lets?|let) (go|it go|every|all)\b": "relaxes, does not enforce",
    r"\bputs? (up|into words)\b": "accepts, return",
    r"^(Give|Say|Tell|Put|Name)\b": "Return (docstrings)",
}
"""Patterns of words that were replaced, without regard to case, and what is written now."""


def modules() -> list[Path]:
    """Return the rewritten modules."""
    return sorted({path for pattern in REWRITTEN for path in SOURCE.glob(pattern)})


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each string of a module with its line; a value in an f-string is one word."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in inside:
            yield node.lineno, "".join(_part(part) for part in node.values)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.lineno, node.value


def _part(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "X"


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text: paragraphs, then what ends with a full stop or a colon."""
    for paragraph in re.split(r"\n\s*\n", text):
        yield from re.split(r"(?<=[.?!:;])\s+", " ".join(paragraph.split()))


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_rewritten_module_has_no_word_that_was_replaced(path: Path) -> None:
    found = [
        f"{path.name}:{line}: {match[0]!r}, write {instead!r}: {' '.join(text.split())[:160]}"
        for line, text in texts(path)
        for pattern, instead in REPLACED.items()
        for match in re.finditer(pattern, " ".join(text.split()), re.IGNORECASE)
    ]

    assert found == [], "\n".join(found)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_rewritten_module_has_short_sentences(path: Path) -> None:
    found = [
        f"{path.name}:{line}: {len(sentence.split())} words: {sentence}"
        for line, text in texts(path)
        for sentence in sentences(text)
        if len(sentence.split()) > LONGEST
    ]

    assert found == [], "\n".join(found)


def test_every_pattern_of_rewritten_modules_names_some() -> None:
    assert [pattern for pattern in REWRITTEN if not list(SOURCE.glob(pattern))] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It cannot be said whether the guest starts.", True),
        ("The result is unknown: the table could not be read.", False),
        ("The region lies below 1 MiB.", True),
        ("The region is below 1 MiB.", False),
    ],
)
def test_a_replaced_word_is_found(text: str, *, wrong: bool) -> None:
    assert any(re.search(pattern, text, re.IGNORECASE) for pattern in REPLACED) is wrong
