"""The nearest known word to one that was mistyped."""

from collections.abc import Iterable

_CANDIDATES = 8


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """Return the one of `known` that `word` was probably meant to be, or None if none is close.

    Of several that are equally close it is the one that begins like `word`.
    """
    from difflib import SequenceMatcher, get_close_matches  # noqa: PLC0415 - for mistakes alone

    close = get_close_matches(word, known, _CANDIDATES, cutoff)
    if not close:
        return None
    return max(
        close,
        key=lambda candidate: (
            SequenceMatcher(None, candidate, word).ratio(),
            _same_beginning(candidate, word),
        ),
    )


def _same_beginning(a: str, b: str) -> int:
    """Return how many characters at the beginning of both are the same."""
    same = (x == y for x, y in zip(a, b, strict=False))
    return next((place for place, equal in enumerate(same) if not equal), min(len(a), len(b)))
