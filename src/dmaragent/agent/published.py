"""What the parts of the agent pass to each other."""

from dataclasses import dataclass

from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory


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
    """From 1; it increases with every change of the answer."""
    digest: str
    """The SHA-256 of the answer, in hexadecimal."""
    scanned: float
    """The time of the last scan, in seconds since 1970."""
    scans: int
    """How many times the host was read since the agent's start."""
