"""The types of docs/schema/dump.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.present.json.schema.common import Count, HostOrigin, Ordinal


class Lost(TypedDict):
    """A reading that is present on the host but failed."""

    what: str
    """A path, or the name of a call (docs/ledger.md)."""
    why: Annotated[str, ("enum", ("denied", "failed"))]
    detail: str
    """The reason in the system's own words, or empty."""


class Answer(TypedDict):
    """A summary of the bundle."""

    path: str
    """The file that was written."""
    size: Count
    """The size of the file in bytes."""
    readings: Count
    """The number of questions to the host; the bundle contains each answer, or why there is none.
    """
    lost: list[Lost]
    """The readings that are present but failed. What the host does not have is not in this list."""
    redacted: bool
    """false with --no-redact."""
    replaced: dict[
        Annotated[str, ("pattern", "^(host|guest|uuid|mac)-[1-9][0-9]*$|^removed$")], Ordinal
    ]
    """The replacements in the bundle, such as guest-1, and how often each occurs; 'removed' counts
    lines whose value was deleted."""
    boot_words_left_out: Count
    """The number of boot options that were left out because no answer uses them."""
    problems: list[str]
    """Files in derived/ that could not be made because of an internal error; the bundle has the
    details."""


class DumpDocument(TypedDict):
    """dmaragent dump --json, version 1.

    A summary of a support bundle. The bundle itself is a tar with one folder, a recorded machine:
    its manifest.json lists every reading.
    """

    format: Literal["dmaragent.dump"]
    version: Literal[1]
    origin: HostOrigin
    answer: Answer
