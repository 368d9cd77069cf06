"""The rules of writing that a test can check: words to replace, and the length of a sentence.

``python tests/support/plain_words.py PATH...`` prints what breaks them in modules and pages.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

LONGEST = 30
"""Words of a sentence."""

REPLACED = {
    r"\bwhere (?!(it|they|that|this) (begins?|ends?|starts?|(is|are|was|were)( in| on| at|[.,;:)]|$)))"
    r"(it|they|there|nobody|nothing|none|no|that|this|he)\b": "if, when",
    r"\b(cannot|can not) be (said|told|known)\b|\b(is|are) not known\b": "unknown",
    r"\bwhat (comes of|it comes to|becomes of)\b|\bcomes to:|\bnothing comes of\b": "effect, result",
    r"\bwhat helps\b|\bthe safest first\b": "fixes, safest first",
    r"\blook at this\b": "the answer is no, or problems were found",
    r"\b(told|said|asked|foretold|foretells?)\b": "reported, listed, checked, predicted",
    r"\b(tell|tells|say|says) (whether|that|how|what|which|of)\b": "show, report, return whether",
    r"\bdoes not answer\b|\banswers (there|at)\b|\bthat answers?\b(?! (a|the|for|from|about)\b)": (
        "is present"
    ),
    r"\bmeets? (the|guest|others)\b": "overlaps",
    r"\b(is|are|was|were) taken (for|to)\b|\btaken to be\b|\btakes? (it|them|this|that) for\b": (
        "is treated as, assumed"
    ),
    r"\b(stands?|lies?) (in|on|at|there|below|above)\b": "is in",
    r"(?<!there )\b(is|are|was|were) no (?!(longer|more|less|fewer|better|worse|larger|smaller|later|"
    r"earlier|newer|older|wider)\b)\w+|\bno part of\b": "is not a",
    r"(?:^|(?<=[.:;] ))(?-i:Where) (the|these|this|that|it|its)\b[^.?!:;]*, ": "if, when",
    r"\b(say|says|said) so\b": "has a note about it, reports it",
    r"\btaken for\b": "counts as",
    r"\btakes? no place\b": "(leave it out)",
    r"\bof another kind\b|(?<!there )(?-i:\bis none\b)|\b(what|which|that) is no\b": "is not a",
    r"\blaid out around\b": "avoids",
    r"\bthe most with which\b": "the largest",
    r"\bneither policy\b": "not with either policy",
    r"\bmade[- ]up\b": "synthetic",
    r"\b(mend|mends|mended)\b|\bheld by (a|the) tests?\b": "fix, tested",
    r"\bheld against\b|\b(has|have) to be held\b": "compared with",
    r"\brests? on\b": "assumes, depends on",
    r"\bhouses?\b": "codebase",
    r"^Do:?$": "Fix",
    r"\bhost to carry\b": "a snapshot of this host",
    r"\bnot by trying\b": "(leave it out)",
    r"\bat (a|the) risk\b": "with risk",
    r"\bstory\b": "answer, verdicts",
    r"\bnobody\b": "no other",
    r"\b(lets?|let) (go|it go|every|all)\b": "relaxes, does not enforce",
    r"\bputs? (up|into words)\b": "accepts, return",
}
"""Patterns of words that were replaced, without regard to case, and what is written now.

"Room" and "walk" are not here: an archive has room for a file, and a driver walks a table.
"""

DOCSTRING_BEGINS = re.compile(r"(Give|Say|Tell|Put|Name(?! of)|Hold|Let)s? ")
"""How a docstring does not begin: write "Return", or the verb of what the function does."""

_CODES = re.compile(r"\bX(?:,\s+X)+\b")
"""A list of words in backquotes, which counts as one word."""
_TOOLS = re.compile(r"^(noqa|type:|pragma|fmt:|pylint|!)")


def docstrings(text: str) -> Iterator[tuple[int, str]]:
    """Yield each docstring of a module, those of its attributes included, with its line."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each text of a module or page that people read, with its line."""
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        yield from _strings(text)
        yield from _comments(text)
    elif path.suffix == ".md":
        yield from _page(text)
    else:
        yield from _man_page(text)


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield each comment; lines that follow each other are one."""
    lines: list[str] = []
    last = -1
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        words = token.string.lstrip("#:").strip()
        if _TOOLS.match(words):
            continue
        if token.start[0] != last + 1 and lines:
            yield last, " ".join(lines)
            lines = []
        lines.append(words)
        last = token.start[0]
    if lines:
        yield last, " ".join(lines)


def _page(text: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a Markdown page, without code, quotes and rows of tables.

    A word in backquotes is X.
    """
    fenced = False
    lines: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        starts = re.match(r"\s*([-*+]|\d+\.|#+)\s", line)
        skipped = fenced or line.startswith(("    ", "|", ">", "```"))
        if lines and (skipped or starts or not line.strip()):
            yield number - len(lines), " ".join(lines)
            lines = []
        if line.strip() and not skipped:
            lines.append(re.sub(r"`[^`]*`", "X", line.strip().lstrip("#-*+ ")))


def _man_page(text: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a manual page: its macros end one; a font macro's line is part of it."""
    lines: list[str] = []
    literal = False
    for number, line in enumerate([*text.splitlines(), ".PP"], 1):
        if line.startswith((".nf", ".EX")):
            literal = True
        elif line.startswith((".fi", ".EE")):
            literal = False
        macro = line.split(" ")[0] if line.startswith((".", "'")) else ""
        words = line
        if macro in (".B", ".I", ".BR", ".IR", ".RB", ".RI", ".BI", ".IB"):
            words = line.partition(" ")[2]
        elif macro:
            words = ""
        if words and not literal:
            lines.append(re.sub(r"\\f.|\\-|\\&|\\\(..", "", words))
        if macro and not words and lines:
            yield number - len(lines), " ".join(lines)
            lines = []


def _strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield each string of a module with its line; a value in an f-string is one word."""
    tree = ast.parse(text)
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
    """Yield the sentences of a text: paragraphs, then what ends with a full stop or a colon.

    A line that is indented by two spaces, such as an example in a help text, is a paragraph.
    """
    for paragraph in re.split(r"\n\s*\n|\n {2}(?=\S)", text):
        yield from re.split(r"(?<=[.?!:;])\s+", " ".join(paragraph.split()))


def broken_rules(path: Path) -> list[str]:
    """Return a line for each word to replace and each sentence that is too long in `path`.

    A string without white space is a value, such as an id or a key, and not a sentence.
    """
    found = []
    for line, text in texts(path):
        words = " ".join(text.split())
        if " " not in words:
            continue
        found += [
            f"{path.name}:{line}: {match[0]!r}, write {instead!r}: {words[:160]}"
            for pattern, instead in REPLACED.items()
            for match in re.finditer(pattern, words, re.IGNORECASE)
        ]
        found += [
            f"{path.name}:{line}: {len(sentence.split())} words: {sentence}"
            for sentence in sentences(_CODES.sub("X", text))
            if len(sentence.split()) > LONGEST
        ]
    if path.suffix == ".py":
        found += [
            f"{path.name}:{line}: begins with {match[0]!r}, write 'Return': {text[:160]}"
            for line, text in docstrings(path.read_text("utf-8"))
            if (match := DOCSTRING_BEGINS.match(text))
        ]
    return found


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        given = Path(argument)
        for path in sorted(given.rglob("*.py")) if given.is_dir() else [given]:
            sys.stdout.writelines(f"{line}\n" for line in broken_rules(path))
