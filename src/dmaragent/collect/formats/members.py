"""The common form of archives: their members, one after the other."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, Protocol

MOST_MEMBERS = 1 << 20
"""Ten times the number in a large sosreport; a copy of a large host's /sys has 300,000."""
LONGEST_NAME = 4096
"""The most bytes of a name or a link's target: PATH_MAX of Linux."""


class MemberKind(Enum):
    """The kind of a member."""

    FILE = "a file"
    FOLDER = "a directory"
    SYMBOLIC_LINK = "a symbolic link"
    HARD_LINK = "a hard link"
    OTHER = "a device, a pipe or something else"


class Member(NamedTuple):
    """One member of an archive, as the archive describes it; none of it is trusted."""

    name: str
    """The name, decoded like ``os.fsdecode`` if it is not UTF-8."""
    kind: MemberKind
    size: int
    target: str = ""
    """The target of a link."""


class Members(Protocol):
    """The members of an archive in their order; can be iterated over once."""

    def __iter__(self) -> Iterator[Member]: ...

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes of the iterator's current member."""
