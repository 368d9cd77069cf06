"""Parts of the report of a fleet: long tables, names of hosts, values that hosts have."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dmaragent.fleet.classes import HostClass, folded
from dmaragent.fleet.html import words
from dmaragent.present.escaping import visible
from dmaragent.present.html import parts
from dmaragent.present.html.markup import Child, Markup, element, several
from dmaragent.present.html.parts import RowGroup, grouped_table

_SHOWN = 25
"""Groups of rows of a table that are in view."""
_CHUNK = 100
"""Groups of rows in one disclosure below it."""
_MOST_TEXT = 160
"""Characters of a text from a document."""
_IN_VIEW = 300
"""Characters of names that are not folded away."""
_VALUES = 3
_LABELS = 12
_LETTERS = 2
MOST_CLASSES = 702
"""The classes of a page: those with labels of up to two letters, A to ZZ."""


class Place(NamedTuple):
    """Which classes a link leads to."""

    prefix: str
    """What is before a label: nothing, or that it is a class for KVM guests."""
    key: str
    """The beginning of an id."""


XEN, KVM = Place("", "class"), Place("KVM ", "kvm-class")


def cut(text: str, most: int = _MOST_TEXT) -> str:
    """Return a text from a document, printable, without its end if it is too long."""
    text = visible(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def long_table(
    caption: str, head: Sequence[str], groups: Sequence[RowGroup], *, most: int, rest: str
) -> Markup:
    """Return a table with the first groups of rows in view, and the others in disclosures.

    Args:
        caption: of the table.
        head: its columns.
        groups: all groups of rows.
        most: the groups of rows that the page has.
        rest: the command that shows those that it leaves out.

    """
    written, total = groups[:most], len(groups)
    folds = []
    for first in range(_SHOWN, len(written), _CHUNK):
        chunk = written[first : first + _CHUNK]
        which = words.part(first + 1, first + len(chunk), total)
        folds.append(parts.folded(which, grouped_table(f"{caption}: {which}", head, chunk)))
    left = total - len(written)
    more = element("p", words.more_rows(left, rest), class_="note") if left else None
    shown = grouped_table(caption, head, written[:_SHOWN])
    return element("div", shown, folds, more, class_="wide")


def names_of(hosts: Sequence[str], most: int | None) -> Markup:
    """Return the names of hosts, folded; long lists are in a disclosure.

    Args:
        hosts: their names.
        most: the characters of them that the page has; None: all.

    """
    text = visible(folded(hosts))
    if most is None or len(text) <= most:
        shown, left = text, 0
    else:
        kept = _fitting(hosts, most)
        shown, left = cut(folded(kept), most), len(hosts) - len(kept)
    more = f" {words.more_hosts(left)}" if left else ""
    if len(shown) <= _IN_VIEW:
        return several(shown, more)
    return parts.folded(words.host_names(len(hosts)), element("p", shown, more))


def _fitting(hosts: Sequence[str], most: int) -> list[str]:
    """Return the first of the names whose characters fit, at least one."""
    kept: list[str] = []
    room = most
    for name in sorted(hosts):
        room -= len(visible(name)) + 1
        if kept and room < 0:
            break
        kept.append(name)
    return kept


def most_characters(groups: Iterable[Sequence[str]], budget: int) -> int | None:
    """Return how many characters each list of names can have; None: all of them.

    A page stays usable with names that do not fold.
    """
    lists = list(groups)
    size = sum(len(several(folded(names)).source) for names in lists)
    return None if size <= budget else max(_MOST_TEXT, budget // (6 * len(lists)))


def values(texts: Iterable[str], *, whole: bool = False) -> Child:
    """Return the values that hosts have, the most frequent first; at most three.

    Args:
        texts: the value of each host; empty if it is unknown.
        whole: whether the words of each stay on one line.

    """
    counted = Counter(texts).most_common()
    shown = [cut(text) if text else words.UNKNOWN for text, _ in counted[:_VALUES]]
    left = len(counted) - len(shown)
    more = f" {words.more_values(left)}" if left else None
    if whole:
        return [[parts.short(text), " "] for text in shown], more
    return ", ".join(shown), more


def labels(classes: Sequence[HostClass], place: Place) -> Markup:
    """Return the labels of classes, at most twelve, with links to those that the page has."""
    links = [several(_label(of.label, place), " ") for of in classes[:_LABELS]]
    left = len(classes) - len(links)
    return several(links, words.more_classes(left) if left else None)


def _label(label: str, place: Place) -> Child:
    shown = f"{place.prefix}{label}"
    if len(label) > _LETTERS:
        return shown
    return element("a", shown, href=f"#{place.key}-{label}")
