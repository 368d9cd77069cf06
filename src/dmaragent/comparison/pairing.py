"""Pairs of the same thing on two sides, by keys."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

_Thing = TypeVar("_Thing")


@dataclass(slots=True)
class Pairing(Generic[_Thing]):
    """The pairs found so far, and what is left of each side, in the given order."""

    left: list[_Thing]
    right: list[_Thing]
    pairs: list[tuple[_Thing, _Thing]]

    @classmethod
    def of(cls, left: Iterable[_Thing], right: Iterable[_Thing]) -> "Pairing[_Thing]":
        """Return a pairing without any pair."""
        return cls(list(left), list(right), [])

    def by(self, key: Callable[[_Thing], Hashable], *, unique: bool = False) -> None:
        """Pair what is left by `key`, the first with the first; a key of None pairs nothing.

        With `unique`, a key counts only if each side has one thing with it.  The order does not
        depend on which side is the left one, so swapped sides give swapped pairs.
        """
        lefts, rights = _grouped(self.left, key), _grouped(self.right, key)
        for name in lefts.keys() & rights.keys():
            ours, theirs = lefts[name], rights[name]
            if unique and (len(ours) > 1 or len(theirs) > 1):
                continue
            for left, right in zip(ours, theirs, strict=False):
                self.pairs.append((left, right))
        taken = {id(thing) for pair in self.pairs for thing in pair}
        self.left = [thing for thing in self.left if id(thing) not in taken]
        self.right = [thing for thing in self.right if id(thing) not in taken]


def _grouped(
    things: Iterable[_Thing], key: Callable[[_Thing], Hashable]
) -> dict[Hashable, list[_Thing]]:
    groups: dict[Hashable, list[_Thing]] = {}
    for thing in things:
        name = key(thing)
        if name is not None:
            groups.setdefault(name, []).append(thing)
    return groups
