"""What the parts of the agent pass to each other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory


class Stamp(NamedTuple):
    """What the agent adds to each document that it returns."""

    generation: int
    digest: str

    def put_in(self, document: Any) -> None:
        """Add it to the origin of `document`."""
        document["origin"].update(self._asdict())


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The published answers about the host at one moment."""

    inventory: Inventory
    checked: Checked
    findings: bytes | None
    """The document of ``dmaragent check``, made once per scan; None if there is no table."""
    document: bytes
    """The inventory document, as in inventory.json."""
    xen_class: str
    """The class of the host for Xen guests; empty if no Xen runs, or its release is unknown."""
    generation: int
    """From 1; it increases with every change of what is published."""
    digest: str
    """The SHA-256 of the answer, in hexadecimal."""
    started: float
    """The time of the first scan, in seconds since 1970."""
    scanned: float
    """The time of the last scan, in seconds since 1970."""
    scans: int
    """How many times the host was read since the agent's start."""

    @property
    def tag(self) -> str:
        """The entity tag of this generation: also unique if another agent counted as far."""
        return f"{self.generation}-{self.started:.3f}"

    @property
    def stamp(self) -> Stamp:
        """The generation and the digest, as documents have them in ``origin``."""
        return Stamp(self.generation, self.digest)
