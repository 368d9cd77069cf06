"""What every JSON document has: format, version, origin, answer; the types are in ``schema``.

``origin`` says where the answer comes from, and may differ between a host and its recording.
``answer`` is equal on both.
"""

from dmaragent import __version__

TOOL = f"dmaragent {__version__}"
"""What made a document."""
