"""Where the work of a fleet is done: in this process, in several, or by an executor of others.

Tasks are pure functions of what they are given, so an engine changes no answer.  A task that raises
ends the run: the functions of this package return what a document causes as a value.
"""

import copyreg
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from types import MappingProxyType
from typing import Any, TypeVar

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
CHUNK = 25
"""Documents of one task: the work that a process or a worker gets at once."""


def _read_only(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)


def _reduced(mapping: Mapping[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    """Return how to make a read-only mapping of a guest again in another process."""
    return _read_only, (dict(mapping),)


copyreg.pickle(MappingProxyType, _reduced)


def answers(
    function: Callable[[_Task], _Result], tasks: Sequence[_Task], executor: Executor | None
) -> Iterator[_Result]:
    """Yield what `function` returns for each of `tasks`, in their order."""
    if executor is None:
        yield from map(function, tasks)
        return
    chunks = [tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK)]
    for results in executor.map(_each, [function] * len(chunks), chunks):
        yield from results


def _each(function: Callable[[_Task], _Result], tasks: Sequence[_Task]) -> list[_Result]:
    return [function(task) for task in tasks]
