"""The manifest of a recorded machine: a log of the questions to a host and of its answers.

A recorded machine is a directory; a bundle is a tar of one::

    manifest.json   format, version, tool, summary of the redaction, and every reading:
                    operation, path, outcome
    root/…          the bytes read, at their original paths; a link is a file with its target
    calls/…         the output of each call
    origin.toml     testdata only: the origin of the machine
    derived/…       for people; never read back

Outcomes are ``value`` and the kinds of :class:`~dmaragent.readings.MissingKind`.
A manifest can come from a stranger, so every path and every hash is checked.
"""

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.collect.words import recordings as words
from dmaragent.errors import excerpt
from dmaragent.readings import Missing, MissingKind

FORMAT = "dmaragent.recording"
VERSION = 1
NAME = "manifest.json"
LARGEST = 1 << 27
"""Bytes: a host of 4,096 functions has a manifest of 6 MiB, one of 65,536 has one of 103 MiB."""
MOST_VALUES = 1 << 23
"""Values in a manifest: 65,536 functions have 3,000,000. An empty list takes twenty times its text
in memory, so a limit on the size alone is not enough."""

Value = bytes | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedReading:
    """One reading in the log: the question, and the answer or its path."""

    operation: Operation
    path: str
    missing: Missing | None = None
    entries: tuple[str, ...] = ()
    """The answer to a ``list``."""
    sha256: str = ""
    """The hash of an answer to a ``read``, ``link`` or ``call``, which is kept in :attr:`file`."""
    arguments: tuple[str, ...] = ()
    """The arguments of a call."""
    redacted: bool = False

    @property
    def file(self) -> str:
        """The path of the answer in the recording."""
        return f"calls/{self.path}" if self.operation is Operation.CALL else f"root{self.path}"


def log_reading(
    request: HostRequest, answer: Value | Missing, *, redacted: bool = False
) -> LoggedReading:
    """Return the log's entry for an `answer`."""
    return LoggedReading(
        operation=request.operation,
        path=request.path,
        missing=answer if isinstance(answer, Missing) else None,
        entries=answer if isinstance(answer, tuple) else (),
        sha256=sha256(answer_bytes(answer)).hexdigest() if isinstance(answer, bytes | str) else "",
        arguments=request.arguments,
        redacted=redacted,
    )


def answer_bytes(answer: bytes | str) -> bytes:
    """Return the bytes that a recording keeps of an answer; a link's target can be undecodable."""
    return answer if isinstance(answer, bytes) else answer.encode("utf-8", "surrogateescape")


def dump_manifest(
    readings: Iterable[LoggedReading], tool: str, redaction: Mapping[str, Any] | None = None
) -> bytes:
    """Return a manifest with one line per reading, in their order.

    `redaction` states what was replaced, and how often; None without redaction.
    """
    start: dict[str, Any] = {"format": FORMAT, "version": VERSION, "tool": tool}
    if redaction is not None:
        start["redaction"] = redaction
    written = io.BytesIO()  # line by line: a large host has megabytes of them
    written.write(f'{json.dumps(start, indent=1)[:-2]},\n "readings": ['.encode("ascii"))
    between = b"\n  "
    for reading in readings:
        written.write(between + json.dumps(_document(reading)).encode("ascii"))
        between = b",\n  "
    written.write(b"\n ]\n}\n")
    return written.getvalue()


def load_manifest(data: bytes, where: str) -> Mapping[tuple[Operation, str], LoggedReading]:
    """Parse a manifest; `where` names it in errors.

    Raises:
        HostError: it is not a manifest, has another version, exceeds a limit, or contains an
            invalid reading.

    """
    if (
        sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES
    ):  # every value needs at least one of these
        raise words.too_many_values(where, MOST_VALUES)
    try:
        document = json.loads(data, object_hook=_reading_or_object)
    except (ValueError, RecursionError) as error:
        raise words.manifest_not_json(where, error) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise words.not_a_manifest(where)
    if document.get("version") != VERSION:
        raise words.other_version(where, document.get("version"), VERSION)
    readings = document.get("readings")
    if not isinstance(readings, list):
        raise words.no_readings(where)
    log: dict[tuple[Operation, str], LoggedReading] = {}
    for number, value in enumerate(readings):
        try:
            reading = value if isinstance(value, LoggedReading) else _reading(value)
        except (ValueError, TypeError, KeyError) as error:
            raise words.wrong_reading(where, number, _reason(error)) from error
        if (reading.operation, reading.path) in log:
            raise words.double_reading(where, number, reading.path)
        log[reading.operation, reading.path] = reading
    return log


def _reason(error: Exception) -> str:
    """Return what is wrong with a reading; Python would quote the whole invalid value of an enum."""
    quoted, is_enum, kind = str(error).rpartition(" is not a valid ")
    return f"{excerpt(quoted)}{is_enum}{kind}"


def _document(reading: LoggedReading) -> dict[str, Any]:
    document: dict[str, Any] = {"operation": reading.operation.value, "path": reading.path}
    if reading.arguments:
        document["arguments"] = list(reading.arguments)
    if reading.missing is not None:
        document["outcome"] = reading.missing.kind.value
        document["detail"] = reading.missing.detail
        if reading.missing.by_collector:
            document["by_collector"] = True
        return document
    document["outcome"] = "value"
    if reading.operation is Operation.LIST:
        document["entries"] = list(reading.entries)
    else:
        document["sha256"] = reading.sha256
    document["redacted"] = reading.redacted
    return document


def _reading_or_object(document: dict[str, Any]) -> LoggedReading | dict[str, Any]:
    """Return a reading in place of each object that is one: objects take far more memory."""
    try:
        return _reading(document)
    except (ValueError, TypeError, KeyError):
        return document  # something else, or an invalid reading, which is reported later with its number


def _reading(document: Mapping[str, Any]) -> LoggedReading:
    operation = Operation(document["operation"])
    path = _name(document["path"])
    _check_path(operation, path)
    outcome = _string(document["outcome"])
    if outcome != "value":
        detail = _string(document.get("detail", ""))
        missing = _missing(outcome, detail, by_collector=document.get("by_collector") is True)
        return LoggedReading(operation=operation, path=path, missing=missing)
    redacted = document.get("redacted", False) is True
    if operation is Operation.LIST:
        if not isinstance(document["entries"], list):
            raise TypeError("its entries are not a list")
        entries = tuple(_name(name) for name in document["entries"])
        return LoggedReading(operation=operation, path=path, entries=entries, redacted=redacted)
    digest = sys.intern(_string(document["sha256"]))  # many files of sysfs are equal
    return LoggedReading(operation=operation, path=path, sha256=digest, redacted=redacted)


@lru_cache(maxsize=64)
def _missing(outcome: str, detail: str, *, by_collector: bool) -> Missing:
    """Return the same object for the same words, which thousands of a large host's readings have."""
    return Missing(MissingKind(outcome), detail, by_collector=by_collector)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{excerpt(str(value))!r} is not a string")
    return value


def _name(value: object) -> str:
    """Return a path, or the name of a file; reject one that no file can have."""
    name = _string(value)
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise ValueError(f"{excerpt(name, error.start)!r} is not a file name") from error
    return name


def _check_path(operation: Operation, path: str) -> None:
    """Reject a path that leads out of the recording."""
    if operation is Operation.CALL:
        plain = path.replace("-", "").replace(".", "").isalnum() and ".." not in path
        if not plain or not path.isascii():
            raise ValueError(f"{excerpt(path, len(path))!r} is not the name of a call")
        return
    steps = path.split("/")
    if steps[0] or any(step in ("", ".", "..") for step in steps[1:]) or "\0" in path:
        raise ValueError(f"{excerpt(path, len(path))!r} is not a plain absolute path")
