"""Where the work of a fleet is done: in this process, in several, or on workers elsewhere.

Tasks are pure functions of what they are given, so an engine changes no answer.  A task that raises
ends the run: the functions of this package return what a document causes as a value.
"""

import copyreg
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from dmaragent.fleet.engine_words import PROCESS_KILLED
from dmaragent.fleet.seen_files import Seen, look_at, working_in

CHUNK = 25
"""Documents of one task: the work that a process or a worker gets at once."""


class OfDocument(Protocol):
    """A task about one document."""

    @property
    def path(self) -> str:
        """The document."""


_Task = TypeVar("_Task", bound=OfDocument)
_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


class Elsewhere(ABC):
    """Workers that may be on other machines, and see other files."""

    @abstractmethod
    def results(
        self, function: Callable[[_Argument], _Result], arguments: Iterator[_Argument]
    ) -> Iterator[_Result]:
        """Yield what `function` returns on a worker for each of `arguments`, in their order.

        Raises:
            DmaragentError: no worker can do it.

        """

    @abstractmethod
    def read_here(self, path: str) -> None:
        """Note that no worker sees the document at `path`, so it is read in this process."""


Engine = Executor | Elsewhere | None
"""None: this process."""


def _read_only(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)


def _reduced(mapping: Mapping[Any, Any]) -> tuple[Any, tuple[dict[Any, Any]]]:
    """Return how to make a read-only mapping of a guest again in another process."""
    return _read_only, (dict(mapping),)


copyreg.pickle(MappingProxyType, _reduced)


def answers(
    function: Callable[[_Task], _Result], tasks: Sequence[_Task], engine: Engine
) -> Iterator[_Result]:
    """Yield what `function` returns for each of `tasks`, in their order."""
    if engine is None:
        yield from map(function, tasks)
        return
    chunks = [tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK)]
    if isinstance(engine, Elsewhere):
        yield from _elsewhere(function, chunks, engine)
        return
    done = 0
    try:
        for results in engine.map(_each, [function] * len(chunks), chunks):
            done += 1
            yield from results
    except BrokenExecutor:  # a process was killed, perhaps for the memory that it took
        yield from _once_more(function, chunks[done:])


def _once_more(
    function: Callable[[_Task], _Result], chunks: Sequence[Sequence[_Task]]
) -> Iterator[_Result]:
    """Yield results from one new process.

    Raises:
        DmaragentError: that is killed too.

    """
    with ProcessPoolExecutor(1) as executor:
        try:
            for results in executor.map(_each, [function] * len(chunks), chunks):
                yield from results
        except BrokenExecutor as error:
            raise PROCESS_KILLED from error


def _each(function: Callable[[_Task], _Result], tasks: Sequence[_Task]) -> list[_Result]:
    return [function(task) for task in tasks]


# Elsewhere ------------------------------------------------------------------------------

_Chunk = tuple[Sequence[_Task], Callable[[_Task], _Result], Sequence[Seen], str]
"""Tasks, their function, how this machine sees their documents, and the directory that paths are
relative to.  The function is not first: Dask 2022.12.1 would call it with the rest of the tuple.
"""


def _elsewhere(
    function: Callable[[_Task], _Result], chunks: Sequence[Sequence[_Task]], engine: Elsewhere
) -> Iterator[_Result]:
    """Yield results of workers, or of this process if they do not see the same document."""
    paths = [task.path for chunk in chunks for task in chunk]
    directory = "" if all(map(os.path.isabs, paths)) else os.getcwd()
    arguments: Iterator[_Chunk[_Task, _Result]] = (
        (chunk, function, [look_at(task.path) for task in chunk], directory) for chunk in chunks
    )
    for chunk, results in zip(chunks, engine.results(_each_seen, arguments), strict=True):
        for task, result in zip(chunk, results, strict=True):
            if result:
                yield result[0]
            else:
                engine.read_here(task.path)
                yield function(task)


def _each_seen(chunk: _Chunk[_Task, _Result]) -> list[tuple[_Result] | tuple[()]]:
    """Return the result of each task on a worker; nothing for one whose document differs here."""
    tasks, function, seen, directory = chunk
    with working_in(directory) as found:
        return [
            (function(task),) if found and look_at(task.path) == there else ()
            for task, there in zip(tasks, seen, strict=True)
        ]
