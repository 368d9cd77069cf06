"""What the sections of a comparison share: a fact, old and new, on a line or on three."""

from collections.abc import Iterator

from dmaragent.comparison.model import Changed
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import WIDTH, paragraph
from dmaragent.present.words.comparison import name_words


def changed_text(change: Changed, *, indent: int) -> Iterator[str]:
    """Say what a fact was and is: ``name: old -> new``, or A and B below where that is too long."""
    name = name_words(change.what)
    line = f"{'':{indent}}{name}: {visible(change.old)} -> {visible(change.new)}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{'':{indent}}{name}"
    for side, value in (("A", change.old), ("B", change.new)):
        yield from paragraph(f"{side}  {value}", indent=indent + 2, hang=3)
