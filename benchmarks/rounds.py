"""Time functions in turn, round by round, to measure decoding.

It is processor time, because other processes of the machine take most of the time on the clock.
"""

from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time
from timeit import timeit

_ROUNDS = 15


def micros(functions: list[Callable[[bytes], object]], tables: list[bytes]) -> list[list[float]]:
    """Return the microseconds per table, a list of rounds for each function, measured in turn."""
    number = max(1, 40000 // sum(map(len, tables)))
    taken: list[list[float]] = [[] for _ in functions]
    for _ in range(_ROUNDS):
        for function, times in zip(functions, taken, strict=True):
            seconds = timeit(partial(_all, function, tables), timer=process_time, number=number)
            times.append(seconds / number / len(tables) * 1e6)
    return taken


def _all(function: Callable[[bytes], object], tables: list[bytes]) -> None:
    for data in tables:
        function(data)


def ratio(ones: list[float], others: list[float]) -> float:
    """Return the median of the ratios round by round, which changes of the machine do not affect."""
    return median(one / other for one, other in zip(ones, others, strict=True))
