"""The manifest of a recorded machine: the log of what was asked of a host and answered.

A recorded machine is a directory, or as a bundle a tar of one::

    manifest.json   format, version, tool, what was replaced, and every reading:
                    operation, path, outcome
    root/…          the bytes read, at their original paths; a link is a file of its target
    calls/…         the output of each call
    origin.toml     testdata only: where the machine comes from
    derived/…       for people; never read back

Outcomes are ``value`` and the kinds of :class:`~dmaragent.readings.MissingKind`.
Whoever reads a manifest checks every path and every hash: it may come from a stranger.
"""

import io
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from dmaragent.collect import words
from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.errors import excerpt
from dmaragent.readings import Missing, MissingKind

FORMAT = "dmaragent.recording"
VERSION = 1
NAME = "manifest.json"
LARGEST = 1 << 27
"""In bytes: a host of 4,096 functions has one of 6 MiB, one of 65,536 of 103 MiB."""
MOST_VALUES = 1 << 23
"""In a manifest: 65,536 functions have 3,000,000.  One empty list takes as much memory as twenty
times its text, so the size alone does not tell what reading it takes."""

Value = bytes | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedReading:
    """One line of the log: what was asked, and the answer or where it is kept."""

    operation: Operation
    path: str
    missing: Missing | None = None
    entries: tuple[str, ...] = ()
    """The answer to a ``list``."""
    sha256: str = ""
    """Of the answer to a ``read``, ``link`` or ``call``, which is kept in :attr:`file`."""
    arguments: tuple[str, ...] = ()
    """Of a call."""
    redacted: bool = False

    @property
    def file(self) -> str:
        """Where in the recording the answer is kept."""
        return f"calls/{self.path}" if self.operation is Operation.CALL else f"root{self.path}"


def log_reading(
    request: HostRequest, answer: Value | Missing, *, redacted: bool = False
) -> LoggedReading:
    """Make the log's line of an `answer`."""
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
    """Return the bytes a recording keeps of an answer; a link's target may be undecodable."""
    return answer if isinstance(answer, bytes) else answer.encode("utf-8", "surrogateescape")


def dump_manifest(
    readings: Iterable[LoggedReading], tool: str, redaction: Mapping[str, Any] | None = None
) -> bytes:
    """Write a manifest, a line a reading, in their order.

    `redaction` says what was replaced, and how often; None where nothing was to be.
    """
    start: dict[str, Any] = {"format": FORMAT, "version": VERSION, "tool": tool}
    if redaction is not None:
        start["redaction"] = redaction
    written = io.BytesIO()  # line by line: of a large host they are megabytes
    written.write(f'{json.dumps(start, indent=1)[:-2]},\n "readings": ['.encode("ascii"))
    between = b"\n  "
    for reading in readings:
        written.write(between + json.dumps(_document(reading)).encode("ascii"))
        between = b",\n  "
    written.write(b"\n ]\n}\n")
    return written.getvalue()


def load_manifest(data: bytes, where: str) -> Mapping[tuple[Operation, str], LoggedReading]:
    """Read a manifest; `where` names it in errors.

    Raises:
        HostError: it is no manifest, of another version, too much, or a line of it is wrong.

    """
    if sum(map(data.count, (b",", b"[", b"{"))) > MOST_VALUES:  # no value comes without one
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
    """Return what is wrong with a reading; Python quotes the whole value that an enum lacks."""
    quoted, is_enum, kind = str(error).rpartition(" is not a valid ")
    return f"{excerpt(quoted)}{is_enum}{kind}"


def _document(reading: LoggedReading) -> dict[str, Any]:
    document: dict[str, Any] = {"operation": reading.operation.value, "path": reading.path}
    if reading.arguments:
        document["arguments"] = list(reading.arguments)
    if reading.missing is not None:
        document["outcome"] = reading.missing.kind.value
        document["detail"] = reading.missing.detail
        return document
    document["outcome"] = "value"
    if reading.operation is Operation.LIST:
        document["entries"] = list(reading.entries)
    else:
        document["sha256"] = reading.sha256
    document["redacted"] = reading.redacted
    return document


def _reading_or_object(document: dict[str, Any]) -> LoggedReading | dict[str, Any]:
    """Make a reading of what is one as soon as it is parsed: as objects they take far more room."""
    try:
        return _reading(document)
    except (ValueError, TypeError, KeyError):
        return document  # something else, or a wrong reading, which is told with its number


def _reading(document: Mapping[str, Any]) -> LoggedReading:
    operation = Operation(document["operation"])
    path = _string(document["path"])
    _check_path(operation, path)
    outcome = _string(document["outcome"])
    if outcome != "value":
        missing = _missing(outcome, _string(document.get("detail", "")))
        return LoggedReading(operation=operation, path=path, missing=missing)
    redacted = document.get("redacted", False) is True
    if operation is Operation.LIST:
        if not isinstance(document["entries"], list):
            raise TypeError("its entries are no list")
        entries = tuple(_string(name) for name in document["entries"])
        return LoggedReading(operation=operation, path=path, entries=entries, redacted=redacted)
    digest = sys.intern(_string(document["sha256"]))  # many files of sysfs are alike
    return LoggedReading(operation=operation, path=path, sha256=digest, redacted=redacted)


@lru_cache(maxsize=64)
def _missing(outcome: str, detail: str) -> Missing:
    """Return the same one for the same words: thousands of a large host's readings have them."""
    return Missing(MissingKind(outcome), detail)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{excerpt(str(value))!r} is not a string")
    return value


def _check_path(operation: Operation, path: str) -> None:
    """Refuse a path that could lead out of the recording."""
    if operation is Operation.CALL:
        plain = path.replace("-", "").replace(".", "").isalnum() and ".." not in path
        if not plain or not path.isascii():
            raise ValueError(f"{excerpt(path, len(path))!r} is no name of a call")
        return
    steps = path.split("/")
    if steps[0] or any(step in ("", ".", "..") for step in steps[1:]) or "\0" in path:
        raise ValueError(f"{excerpt(path, len(path))!r} is not a plain absolute path")
