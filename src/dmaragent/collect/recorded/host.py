"""Hosts other than this machine: a recording and a copied root.

A reading that a recording lacks was *not collected*, which proves nothing about the host.
"""

import os
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import TypeVar

from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.ledger import ACPI_TABLES, HostRequest, Operation
from dmaragent.collect.recorded.manifest import LoggedReading
from dmaragent.collect.words import recordings as words
from dmaragent.readings import LINK_NOT_IN_COPY, NOT_COLLECTED, Missing, MissingKind

_EMPTY = Missing(MissingKind.FAILED, "the copied file is empty")
_PATH_MAX = 4096
_LINK_AS_TEXT = re.compile(rb"\.\./[!-~]+")
"""The links that are requested are those of sysfs, which are all relative."""
_Answer = TypeVar("_Answer")


class RecordedHost:
    """A recorded machine in `tree`, described by its log; `where` names it in errors.

    A reading raises HostError if its bytes are missing or differ from the hash in the log: the
    recording was changed or damaged.
    """

    def __init__(
        self, where: str, tree: FileTree, log: Mapping[tuple[Operation, str], LoggedReading]
    ) -> None:
        self._where = where
        self._tree = tree
        self._log = log

    def read(self, request: HostRequest) -> bytes | Missing:
        """Return the recorded bytes."""
        return self._content(Operation.READ, request)

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Return the recorded names."""
        reading = self._log.get((Operation.LIST, request.path))
        if reading is None:
            return NOT_COLLECTED
        return reading.entries if reading.missing is None else reading.missing

    def link(self, request: HostRequest) -> str | Missing:
        """Return the recorded target."""
        content = self._content(Operation.LINK, request)
        return content if isinstance(content, Missing) else os.fsdecode(content)

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return the recorded output."""
        return self._content(Operation.CALL, request)

    def was_redacted(self, request: HostRequest) -> bool:
        """Return whether the log marks the answer as redacted."""
        reading = self._log.get((request.operation, request.path))
        return reading is not None and reading.redacted

    def _content(self, operation: Operation, request: HostRequest) -> bytes | Missing:
        reading = self._log.get((operation, request.path))
        if reading is None:
            return NOT_COLLECTED
        if reading.missing is not None:
            return reading.missing
        content = self._tree.read(f"/{reading.file}", request)
        if isinstance(content, Missing):
            raise words.recording_unreadable(self._where, reading.file, content)
        if sha256(content).hexdigest() != reading.sha256:
            raise words.recording_changed(self._where, reading.file)
        return content


class DirectoryHost:
    """A tree in the shape of a root file system: a copied /sys, a sosreport."""

    def __init__(self, tree: FileTree, below: str = "") -> None:
        """Use `tree` as the copy of /, or of the directory `below`."""
        self._tree = tree
        self._below = below

    def _path(self, request: HostRequest) -> str:
        """Return the path of `request` in the copy; a path with no file if it is outside."""
        if self._below and not request.path.startswith(f"{self._below}/"):
            return "/.not-in-this-copy"
        return request.path.removeprefix(self._below)

    def read(self, request: HostRequest) -> bytes | Missing:
        """Read the copied file.

        A table that a copy without root's rights left empty cannot be read.
        """
        content = _absent_as_not_collected(self._tree.read(self._path(request), request))
        if content == b"" and request.path.startswith(f"{ACPI_TABLES.path}/"):
            return _EMPTY
        return content

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """List the copied directory."""
        return _absent_as_not_collected(self._tree.list(self._path(request)))

    def link(self, request: HostRequest) -> str | Missing:
        """Read the copied link, or the text that some programs write in place of one."""
        path = self._path(request)
        target = self._tree.link(path)
        if isinstance(target, Missing) and target.kind is MissingKind.FAILED:
            target = self._link_as_text(path) or target
        if isinstance(target, Missing) and target.kind is MissingKind.ABSENT:
            return LINK_NOT_IN_COPY
        return target

    def _link_as_text(self, path: str) -> str | None:
        """Return the target in a file that replaced a link; None if `path` is not such a file.

        Git without core.symlinks and some zip programs write a link as a file that contains its
        target.
        """
        request = HostRequest(
            operation=Operation.READ, path=path, limit=_PATH_MAX, window=_PATH_MAX
        )
        content = self._tree.read(path, request)
        if isinstance(content, Missing) or not _LINK_AS_TEXT.fullmatch(content):
            return None
        return os.fsdecode(content)

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return that no call was collected: a copy has none."""
        return NOT_COLLECTED


def _absent_as_not_collected(answer: _Answer | Missing) -> _Answer | Missing:
    if isinstance(answer, Missing) and answer.kind is MissingKind.ABSENT:
        return NOT_COLLECTED
    return answer
