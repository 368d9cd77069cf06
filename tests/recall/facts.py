"""The committed list: every format string on the paths, and the message that it is."""

from collections.abc import Iterable
from pathlib import Path

from recall.measure import Fact

PATH = Path(__file__).with_name("messages.tsv")
_HEAD = "program\treleases\tfile\tfunction\tmessage\tformat\n"


def written(facts: Iterable[Fact]) -> str:
    """Return `facts` as text, a line each."""
    return _HEAD + "".join(
        f"{one.program}\t{one.releases}\t{one.file}\t{one.function}\t{one.message}\t{one.text}\n"
        for one in facts
    )


def read() -> tuple[Fact, ...]:
    """Return the committed facts."""
    rows = (line.split("\t", 5) for line in PATH.read_text("utf-8").splitlines()[1:])
    return tuple(
        Fact(program, releases, file, function, text, message)
        for program, releases, file, function, message, text in rows
    )
