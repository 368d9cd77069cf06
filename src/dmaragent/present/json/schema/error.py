"""The types of docs/schema/error.v1.json."""

from typing import Literal, TypedDict

from dmaragent.present.json.schema.common import Prose, ToolOrigin


class Error(TypedDict):
    """What is wrong, and what to do."""

    what: Prose
    """What is wrong, as a sentence."""
    where: str | None
    """The file, folder or host that the error is about, as it was typed; null if there is none."""
    next: Prose | None
    """What to do, as a sentence; null if nothing is known."""


class ErrorDocument(TypedDict):
    """An error of a command with --json, version 1.

    Printed on standard output in place of the answer when the exit code is 2; the same text is on
    standard error.
    """

    format: Literal["dmaragent.error"]
    version: Literal[1]
    origin: ToolOrigin
    error: Error
