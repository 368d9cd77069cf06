"""What every JSON document has: format, version, origin, answer; the schemas are in docs/schema.

``origin`` says where the answer comes from, and may differ between a host and its recording.
``answer`` is equal on both.
"""

from typing import Any

from dmaragent import __version__

TOOL = f"dmaragent {__version__}"


def document(name: str, origin: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """Return `answer` as the document ``dmaragent.NAME``, version 1."""
    return {
        "format": f"dmaragent.{name}",
        "version": 1,
        "origin": {"tool": TOOL, **origin},
        "answer": answer,
    }
