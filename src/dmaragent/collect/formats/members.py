"""What an archive of any format is read as: its members, one after the other."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, Protocol

MOST_MEMBERS = 1 << 20
"""Ten times what a large sosreport has; a copy of a large host's /sys has 300,000."""
LONGEST_NAME = 4096
"""In bytes, of a name or a link's target: PATH_MAX of Linux."""


class MemberKind(Enum):
    """What a member is."""

    FILE = "a file"
    FOLDER = "a directory"
    SYMBOLIC_LINK = "a symbolic link"
    HARD_LINK = "a hard link"
    OTHER = "a device, a pipe or something else"


class Member(NamedTuple):
    """One member of an archive, as it is written there; nothing of it is to be trusted."""

    name: str
    """Bytes that are not UTF-8 as ``os.fsdecode`` has them."""
    kind: MemberKind
    size: int
    target: str = ""
    """Of a link."""


class Members(Protocol):
    """The members of an archive in their order; iterated over once."""

    def __iter__(self) -> Iterator[Member]: ...

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes of the member that the iterator is at."""
