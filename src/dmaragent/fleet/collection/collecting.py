"""Collect from hosts, some at once, and put what is a document into the folder."""

import contextlib
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from importlib.resources import files
from typing import NamedTuple

from dmaragent.collect.writing import write_new
from dmaragent.fleet.cache import cache_folder, read_cached
from dmaragent.fleet.collection import words
from dmaragent.fleet.collection.failures import LONGEST_DETAIL, SSH_FAILED, failure_of, last_line
from dmaragent.fleet.collection.model import Broken, Failure, Outcome, Received
from dmaragent.fleet.collection.ssh import Ran, Runner, SshOptions, command
from dmaragent.fleet.collection.stream import (
    MOST_TEXT,
    SUFFIXES,
    read_stream,
    script,
    suffix_of,
)
from dmaragent.fleet.documents import Document
from dmaragent.fleet.records import NoData
from dmaragent.question.context import Question

LOG = "collect.ndjson"
"""The file in the folder that has a line for each host of the last run."""


_ON_HOST = files(__package__).joinpath("on_host.sh").read_text("utf-8")


class Collection(NamedTuple):
    """From which hosts, how, and where the documents are kept."""

    hosts: Sequence[str]
    folder: str
    capture: str
    """The text of capture.sh."""
    ssh: SshOptions = SshOptions()
    fanout: int = 64
    timeout: float = 120


class _NotADocumentError(Exception):
    """What arrived cannot be read."""


class _Run(NamedTuple):
    """What the threads of a run share."""

    collection: Collection
    runner: Runner
    script: str
    """The path of the file that each host runs."""
    mark: str
    opening: threading.Lock
    """One document is opened at a time: a hostile one can need much memory."""


@contextmanager
def collected(collection: Collection) -> Iterator[Iterator[Outcome]]:
    """Return the outcomes of the hosts, as they end; at the end of the block no ssh runs."""
    mark = f"dmaragent-{secrets.token_hex(8)}"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="dmaragent-") as file:
        file.write(script(_ON_HOST, collection.capture, mark))
        file.flush()
        run = _Run(collection, Runner(), file.name, mark, threading.Lock())
        with ThreadPoolExecutor(min(collection.fanout, len(collection.hosts))) as threads:
            futures = [threads.submit(_collect, host, run) for host in collection.hosts]
            try:
                yield _as_they_end(futures)
            finally:
                threads.shutdown(wait=False, cancel_futures=True)
                run.runner.end()


def _as_they_end(futures: list[Future[Outcome]]) -> Iterator[Outcome]:
    for future in as_completed(futures):
        yield future.result()


def write_log(folder: str, outcomes: Sequence[Outcome]) -> None:
    """Write a line for each host into the folder."""
    lines = [json.dumps(log_line(outcome), ensure_ascii=True) for outcome in outcomes]
    data = "".join(f"{line}\n" for line in lines).encode()
    write_new(os.path.join(folder, LOG), data, force=True)


def log_line(outcome: Outcome) -> dict[str, object]:
    """Return the line of a host; docs/fleet.md has the keys."""
    broken = outcome.broken
    return {
        "host": outcome.host,
        "result": "collected" if broken is None else broken.failure.value,
        "detail": "" if broken is None else broken.detail,
        "file": outcome.file or None,
        "made_by": outcome.made_by or None,
        "earlier": outcome.kept or None,
        "at": outcome.at,
        "seconds": round(outcome.seconds, 3),
    }


def _collect(host: str, run: _Run) -> Outcome:
    """Collect from one host."""
    begin = time.monotonic()
    ran = run.runner.run(
        command(host, run.collection.ssh), run.script, run.collection.timeout, run.mark
    )
    seconds = time.monotonic() - begin
    received = _received(ran, run)
    if isinstance(received, Received):
        suffix = suffix_of(received.document)
        try:
            with run.opening:
                _keep(host, received, suffix, run.collection.folder)
        except _NotADocumentError as error:
            received = Broken(Failure.NOT_A_DOCUMENT, str(error))
        else:
            return Outcome(
                host, host + suffix, received.made_by, None, "", int(time.time()), seconds
            )
    kept = next(_earlier(host, run.collection.folder), "")
    return Outcome(host, "", "", received, kept, int(time.time()), seconds)


def _received(ran: Ran, run: _Run) -> Received | Broken:
    """Return the document that arrived, or why none did."""
    if len(ran.output) > MOST_TEXT:
        return Broken(Failure.TOO_LARGE)
    received = read_stream(ran.output, run.mark)
    if isinstance(received, Received):
        return received
    ended = ran.code is not None
    if received is not None and (ended or received.failure is not Failure.HALF):
        if received.failure is Failure.DUMP_FAILED or ran.code == SSH_FAILED:
            return received._replace(detail=last_line(ran.errors))
        return received  # its last line is not an error: capture.sh prints what it does
    output = ran.output[-LONGEST_DETAIL:].decode("utf-8", "replace")
    broken = failure_of(ran.code, ran.errors, output, sudo=run.collection.ssh.sudo)
    if broken.failure is Failure.TIMEOUT and not broken.detail:
        return broken._replace(detail=words.no_answer(run.collection.timeout))
    return broken


def _keep(host: str, received: Received, suffix: str, folder: str) -> None:
    """Write a document under its name, and remove what it replaces under another."""

    def check(path: str) -> None:
        record = read_cached(Document(host, path), Question(), cache_folder())
        if isinstance(record, NoData):
            raise _NotADocumentError(record.detail.replace(path, host))

    path = os.path.join(folder, host + suffix)
    write_new(path, received.document, force=True, check=check)
    for earlier in _earlier(host, folder):
        if earlier != host + suffix:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, earlier))


def _earlier(host: str, folder: str) -> Iterator[str]:
    """Yield the names of the documents of `host` in the folder."""
    for suffix in SUFFIXES:
        if os.path.isfile(os.path.join(folder, host + suffix)):
            yield host + suffix
