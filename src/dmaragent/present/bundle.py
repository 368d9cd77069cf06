"""A support bundle that was written: what its presenters tell."""

from dataclasses import dataclass

from dmaragent.readings import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBundle:
    """A bundle that was written."""

    path: str
    """Empty where it went to standard output."""
    size: int
    """In bytes."""
    host: str
    """The kind of host that it is of."""
    source: str
    """What the user gave for that host; empty for this machine."""
    readings: int
    lost: tuple[tuple[str, Missing], ...]
    """What was there and could not be read: its path or its call."""
    redacted: bool
    replaced: tuple[tuple[str, int], ...]
    """What stands for something else, and how often."""
    words_left_out: int
    """Of boot command lines."""
    problems: tuple[str, ...]
    """What of our own answers could not be made."""
