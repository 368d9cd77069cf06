"""The types of docs/schema/health.v1.json."""

from typing import Literal, TypedDict

from dmaragent.present.json.schema.common import Digest, Ordinal, ToolOrigin


class Host(TypedDict):
    """The machine that the agent runs on."""

    kind: Literal["live"]
    path: Literal[""]


class Origin(ToolOrigin):
    """The program that made the document, and its host."""

    host: Host


class Answer(TypedDict):
    """The agent has read its host."""

    generation: Ordinal
    """The generation of the inventory: it increases with every change, from 1 at the agent's start.
    """
    digest: Digest
    """The SHA-256 of the inventory's answer."""
    scanned: float
    """The time of the last scan, in seconds since 1970."""
    scans: Ordinal
    """The number of scans since the agent's start."""
    table_present: bool
    """Whether a DMAR or IVRS table was read."""
    complete: bool
    """Whether the inventory is complete: no region can be missing."""


class HealthDocument(TypedDict):
    """GET /v1/health of the agent's local API, version 1.

    The agent has read its host, with the time. If it has not, the answer is a problem with status
    503.
    """

    format: Literal["dmaragent.health"]
    version: Literal[1]
    origin: Origin
    answer: Answer
