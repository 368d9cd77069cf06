"""The types of docs/schema/watch.v1.json."""

from typing import Annotated, Literal, TypedDict

from dmaragent.checks.common.model import Severity
from dmaragent.present.json.schema.common import Count, HostOrigin, Ordinal, Prose, Sbdf

CHANGES = (
    "watching",
    "events-lost",
    "table-changed",
    "table-gone",
    "table-absent",
    "device-added",
    "device-removed",
    "driver-changed",
    "devices-unknown",
    "devices-known",
    "finding-appeared",
    "finding-gone",
    "finding-unknown",
)


class Watched(TypedDict):
    """What is watched; null: unknown."""

    functions: Count | None
    """The PCI functions of the host."""
    regions: Count | None
    """Its reserved regions."""
    findings: Count | None
    unknown: list[Prose]
    """What cannot be watched, and why."""


class Finding(TypedDict):
    """A finding of dmaragent check."""

    id: str
    severity: Annotated[str, Severity]
    message: Prose


class Answer(TypedDict):
    """One change."""

    time: float
    """When it was seen, in seconds since 1970."""
    change: Annotated[str, ("enum", CHANGES)]
    """What changed. The first line is always watching."""
    sentence: Prose
    devices: list[Sbdf]
    """The functions that it is about: several, if virtual functions changed alike."""
    physical_function: Sbdf | None
    """The physical function of virtual functions; null for others."""
    regions: list[Ordinal]
    """The numbers of the reserved regions of the devices."""
    driver: str | None
    """The driver of the devices after the change; null: none or unknown."""
    driver_before: str | None
    finding: Finding | None
    watched: Watched | None
    """Only in the first line, and after events were lost."""


class WatchDocument(TypedDict):
    """dmaragent watch --json, version 1: one line.

    Each line of the output is such a document (NDJSON).
    """

    format: Literal["dmaragent.watch"]
    version: Literal[1]
    origin: HostOrigin
    answer: Answer
