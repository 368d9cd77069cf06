"""The known word that is nearest to a mistyped one."""

from collections.abc import Iterable

_CANDIDATES = 8


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """Return the word in `known` that is nearest to `word`, or None if none is close.

    If several are equally close, the one with the longest common beginning wins.
    """
    from difflib import SequenceMatcher, get_close_matches  # noqa: PLC0415 - only for errors

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
    """Return the length of the common beginning."""
    same = (x == y for x, y in zip(a, b, strict=False))
    return next((place for place, equal in enumerate(same) if not equal), min(len(a), len(b)))
