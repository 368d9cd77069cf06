"""Ascending numbers in words, as spans."""

from collections.abc import Iterable, Sequence

MOST_SPANS = 12
"""The most spans that are named; of more the first, and how many numbers are left."""


def span_words(numbers: Iterable[int]) -> str:
    """Return ascending numbers as spans: ``1-3 5``."""
    return " ".join(_spans(numbers))


def few_spans(numbers: Sequence[int]) -> str:
    """Return ascending numbers like ``1-3, 5``; of many spans the first, and how many are left."""
    spans = _spans(numbers)
    if len(spans) <= MOST_SPANS:
        return ", ".join(spans)
    shown = spans[: MOST_SPANS - 1]
    last = int(shown[-1].rpartition("-")[2])
    left = sum(number > last for number in numbers)
    return f"{', '.join(shown)} and {left} more"


def _spans(numbers: Iterable[int]) -> list[str]:
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in spans]
