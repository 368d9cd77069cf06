"""The types of docs/schema/status.v1.json."""

from typing import Literal, TypedDict

from dmaragent.present.json.schema.common import Count, Digest, Ordinal, ToolOrigin


class Answer(TypedDict):
    """The state of the service."""

    units: dict[str, str]
    """Each unit's ActiveState in systemd, or why it is unknown."""
    running: bool
    """Whether dmaragent.service is active, also while it reads the host again."""
    published: bool
    """Whether there is a published inventory that can be read."""
    problem: str
    """Why there is none, or empty."""
    generation: Ordinal | None
    digest: Digest | None
    changed: float | None
    """When the published inventory last changed, in seconds since 1970."""
    regions: Count | None
    captured: float | None
    """When root's capture was made, in seconds since 1970; null if it is absent or hidden from this
    user."""
    may_read_capture: bool
    socket: bool
    """Whether the socket of the local API exists."""


class StatusDocument(TypedDict):
    """dmaragent status --json, version 1.

    The state of the service, seen from outside.
    """

    format: Literal["dmaragent.status"]
    version: Literal[1]
    origin: ToolOrigin
    answer: Answer
