"""Search of a text for many fixed pieces of text, most of which are not in it.

A search for one piece reads the whole text.  So the words of the text are collected first: a
piece can be in it only if all its inner words are.
"""

from collections.abc import Iterable, Iterator

_CHUNK = 1 << 20
"""How many characters of a text are split into words at a time."""


class AnchorSearch:
    """Finds the places of fixed pieces of text."""

    def __init__(self, anchors: Iterable[str]) -> None:
        self._wordless: list[str] = []
        self._by_word: dict[str, list[tuple[str, frozenset[str]]]] = {}
        """By their longest inner word: anchors with all their inner words."""
        self._words: set[str] = set()
        for anchor in dict.fromkeys(anchors):
            words = frozenset(_inner_words(anchor))
            self._words |= words
            if words:
                longest = max(sorted(words), key=len)
                self._by_word.setdefault(longest, []).append((anchor, words))
            else:
                self._wordless.append(anchor)
        self._longest = max(map(len, self._words), default=0)

    def places(self, text: str) -> list[tuple[int, str]]:
        """Return where each anchor begins in `text`, in the order of the text."""
        present = self._present(text)
        possible = [
            anchor
            for word in present
            for anchor, words in self._by_word.get(word, ())
            if words <= present
        ]
        return sorted(
            (at, anchor) for anchor in (*self._wordless, *possible) for at in _places(text, anchor)
        )

    def _present(self, text: str) -> set[str]:
        """Return the words of anchors that are in `text`."""
        present: set[str] = set()
        for start in range(0, len(text), _CHUNK):
            chunk = text[start : start + _CHUNK + self._longest]  # a word may begin at its end
            present |= self._words.intersection(chunk.split())
        return present


def _inner_words(anchor: str) -> list[str]:
    """Return the words of `anchor` with blanks on both sides: these are whole words of a text."""
    words = anchor.split()
    first = 0 if anchor[:1].isspace() else 1
    last = len(words) if anchor[-1:].isspace() else len(words) - 1
    return words[first:last]


def _places(text: str, anchor: str) -> Iterator[int]:
    at = text.find(anchor)
    while at >= 0:
        yield at
        at = text.find(anchor, at + len(anchor))
