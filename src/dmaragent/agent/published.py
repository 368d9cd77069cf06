"""What the agent's parts hand to each other."""

from dataclasses import dataclass

from dmaragent.checks.common.model import Checked
from dmaragent.inventory import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the agent says of the host at one moment."""

    inventory: Inventory
    checked: Checked
    findings: bytes | None
    """The document of ``dmaragent check``, made once a scan; None: there is no table."""
    document: bytes
    """The inventory document, as it is in inventory.json."""
    generation: int
    """From 1, counted up with every change of the answer."""
    digest: str
    """The SHA-256 of the answer, in hexadecimal."""
    scanned: float
    """When the host was last read, in seconds since 1970."""
    scans: int
    """How often the host was read since the agent's start."""
