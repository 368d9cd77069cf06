"""The workers of a Dask cluster as an engine.

Dask.distributed is optional, and only this module imports it.  The scheduler and the workers are the
user's: nothing is started or configured here.
"""

import itertools
import logging
import platform
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any, NamedTuple, TypeVar

from dmaragent import __version__
from dmaragent.fleet import engine_words as words
from dmaragent.fleet.engine import Elsewhere

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")
_CONNECT = "10s"
"""How long the scheduler may take to answer."""
_LOOK = 2.0
"""Seconds between looks at which workers are left, while a result is waited for."""
_AHEAD = 4
"""Arguments that are sent for each worker, besides those that it works on."""
_LOGGERS = ("distributed", "distributed.client", "distributed.core", "distributed.comm")


class _Versions(NamedTuple):
    dmaragent: str
    python: str


@contextmanager
def dask_workers(address: str, tell: Callable[[str], None]) -> Iterator[Elsewhere]:
    """Use the workers of the scheduler at `address`; `tell` is called with what the user must know.

    Raises:
        DmaragentError: distributed is not installed, the scheduler cannot be reached, or no worker
            has the versions of this process.

    """
    try:
        from distributed import Client  # noqa: PLC0415 - optional
    except ImportError as error:
        raise words.needs_dask(address) from error
    for name in _LOGGERS:  # an error is reported once, by `tell` or as an exception
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        raise words.no_scheduler(address, error) from error
    with client:
        workers = _DaskWorkers(client, address, tell)
        yield workers
        workers.close()


class _Sent(NamedTuple):
    future: Future[Any]
    argument: Any
    again: bool
    """Whether it was sent before, and lost."""


class _DaskWorkers(Elsewhere):
    def __init__(self, client: Any, address: str, tell: Callable[[str], None]) -> None:
        self._client = client
        self._address = address
        self._tell = tell
        self._told: set[str] = set()
        self._not_there = 0
        self._first = ""
        self._use()

    def _use(self) -> None:
        """Use all workers that have the versions of this process.

        Raises:
            DmaragentError: none has.

        """
        own = _Versions(__version__, _minor(platform.python_version()))
        found = self._versions()
        for worker, versions in sorted(found.items()):
            if versions != own and worker not in self._told:
                self._told.add(worker)
                self._tell(words.other_worker(worker, *versions))
        self._workers = sorted(worker for worker in found if found[worker] == own)
        if not self._workers:
            raise words.no_worker(self._address, len(found), *own)
        self._executor: Executor = self._client.get_executor(
            workers=self._workers, pure=False, retries=1
        )

    def _versions(self) -> dict[str, _Versions]:
        """Return the versions of each worker; empty ones if dmaragent is not installed there."""
        try:
            of_python = self._client.run(platform.python_version, on_error="return")
            of_dmaragent = self._client.run(
                resolve_name, "dmaragent:__version__", on_error="return"
            )
        except OSError as error:
            raise words.engine_gone(self._address) from error
        return {
            worker: _Versions(_text(of_dmaragent.get(worker)), _minor(_text(python)))
            for worker, python in of_python.items()
        }

    def results(
        self, function: Callable[[_Argument], _Result], arguments: Iterator[_Argument]
    ) -> Iterator[_Result]:
        """Yield what `function` returns on a worker for each of `arguments`, in their order.

        A lost worker is reported, and Dask does its work again on another one.  What then still
        fails is sent once more.

        Raises:
            DmaragentError: it failed again, or no worker is left.

        """
        waiting: deque[_Sent] = deque()
        rest = iter(arguments)
        while True:
            room = _AHEAD * len(self._workers) - len(waiting)
            waiting.extend(
                self._send(function, argument) for argument in itertools.islice(rest, max(room, 0))
            )
            if not waiting:
                return
            yield self._result(function, waiting)

    def _send(
        self, function: Callable[..., Any], argument: object, *, again: bool = False
    ) -> _Sent:
        return _Sent(self._executor.submit(function, argument), argument, again)

    def _result(self, function: Callable[..., Any], waiting: deque[_Sent]) -> Any:
        """Return the result that was sent first, and take it from `waiting`."""
        while True:
            sent = waiting[0]
            try:
                result = sent.future.result(timeout=_LOOK)
            except NotYet:
                if self._is_left():
                    continue
            except CancelledError:
                pass
            except Exception as error:
                if not _is_of_dask(error):
                    raise
            else:
                waiting.popleft()
                return result
            if sent.again:
                raise words.engine_gone(self._address)
            self._use()
            again = [self._send(function, lost.argument, again=True) for lost in waiting]
            waiting.clear()
            waiting.extend(again)

    def _is_left(self) -> bool:
        """Return whether a worker is left, and report lost ones."""
        try:
            now = set(self._client.nthreads())
        except OSError:
            return False
        for worker in set(self._workers) - now - self._told:
            self._told.add(worker)
            self._tell(words.lost_worker(worker))
        return not now.isdisjoint(self._workers)

    def read_here(self, path: str) -> None:
        """Note that no worker sees the document at `path`, so it is read in this process."""
        self._not_there += 1
        self._first = self._first or path

    def close(self) -> None:
        """Report lost workers, and documents that were read here."""
        self._is_left()
        if self._not_there:
            self._tell(words.read_here(self._not_there, self._first))


def _is_of_dask(error: Exception) -> bool:
    """Return whether `error` is about a worker or the scheduler, not from the task."""
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] == "distributed"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
