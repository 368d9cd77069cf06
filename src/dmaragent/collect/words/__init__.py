"""The sentences of this package: errors with their next step, and the source of a table.

Each function returns one error or sentence; the code that decides calls it.

* ``files``: a file, a folder or standard input that the user named.
* ``hosts``: the host in a directory or an archive.
* ``tables``: the tables in a text, and the source of a table.
* ``recordings``: a recorded machine or a bundle.
* ``writing``: a file to write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind

if TYPE_CHECKING:
    pass

AS_ROOT = "run the same command as root (sudo)"
"""What to do about a file that this user cannot read."""
_NOTHING = "''"
"""An empty path in an error."""


def shown(name: str) -> str:
    """Return a name from an archive or folder for an error: quoted, escaped and shortened."""
    return repr(name if len(name) <= 160 else f"{name[:120]}[...]{name[-30:]}")


def unreadable(path: str, why: Missing) -> HostError:
    """Return the error for a file that cannot be read."""
    hint = AS_ROOT if why.kind is MissingKind.DENIED else "check the path"
    return HostError(f"{path or _NOTHING} cannot be read: {why.detail}", hint, where=path)
