"""The types of docs/schema/dump.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.present.json.schema.common import Count, HostOrigin, Ordinal


class Lost(TypedDict):
    """A reading that the host has and that failed."""

    what: str
    """A path, or the name of a call (docs/ledger.md)."""
    why: Annotated[str, ("enum", ("denied", "failed"))]
    detail: str
    """In the system's own words, or empty."""


class Answer(TypedDict):
    """What was written."""

    path: str
    """The file that was written."""
    size: Count
    """Of the file, in bytes."""
    readings: Count
    """How many questions were asked of the host; the bundle holds the answer to each, or why there
    is none."""
    lost: list[Lost]
    """What is there and could not be read. What the host does not have is not in this list."""
    redacted: bool
    """false with --no-redact."""
    replaced: dict[
        Annotated[str, ("pattern", "^(host|guest|uuid|mac)-[1-9][0-9]*$|^removed$")], Ordinal
    ]
    """What stands for something else in the bundle, as guest-1, and how often; 'removed' for lines
    whose value is not kept."""
    boot_words_left_out: Count
    """How many words of boot command lines are not kept, because no answer rests on them."""
    problems: list[str]
    """Files in derived/ that could not be made: a fault of this program, kept in the bundle."""


class DumpDocument(TypedDict):
    """dmaragent dump --json, version 1.

    What was written to a support bundle. The bundle itself is a tar with one folder, a recorded
    machine: its manifest.json lists every reading.
    """

    format: Literal["dmaragent.dump"]
    version: Literal[1]
    origin: HostOrigin
    answer: Answer
