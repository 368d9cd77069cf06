"""A support bundle in words: what was read, what was replaced, what could not be read."""

from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent.present.words.host import host_words
from dmaragent.present.words.numbers import count
from dmaragent.readings import Missing, MissingKind

_KINDS = {
    "host": "host name",
    "guest": "guest name",
    "uuid": "UUID",
    "mac": "MAC address",
    "removed": "other text",
}
_MOST_LOST = 12


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


def bundle_readings(written: WrittenBundle) -> str:
    """Return how many readings a bundle holds, and of which host."""
    host = host_words(written.host, written.source)
    return f"{count(written.readings, 'reading')} of {host[:1].lower()}{host[1:]}"


def bundle_redaction(written: WrittenBundle) -> str:
    """Return what was replaced and left out, by kind and number."""
    if not written.redacted:
        return "nothing is replaced: names, identifiers and boot options are as they were read"
    kinds: dict[str, int] = {}
    for name, places in written.replaced:
        kind, numbered, _ = name.partition("-")
        kinds[kind] = kinds.get(kind, 0) + (1 if numbered else places)
    parts = [count(number, _KINDS[kind]) for kind, number in kinds.items() if kind in _KINDS]
    replaced = f"replaced: {', '.join(parts)}" if parts else "nothing had to be replaced"
    left_out = f"; left out: {count(written.words_left_out, 'boot option')}"
    return replaced + (left_out if written.words_left_out else "")


def bundle_lost(written: WrittenBundle) -> str:
    """Return how many readings could not be had; the list of them follows."""
    return f"{count(len(written.lost), 'reading')} could not be had:"


def bundle_lost_readings(written: WrittenBundle) -> Iterator[str]:
    """Yield the readings that could not be had and why; of many the first, and how many more."""
    for path, missing in written.lost[:_MOST_LOST]:
        yield f"{path}: {missing.detail or missing.kind.value}"
    more = len(written.lost) - _MOST_LOST
    if more > 0:
        yield f"and {more} more: they are in the bundle's manifest.json"


def bundle_how_to_get_the_rest(written: WrittenBundle) -> str:
    """Return who could read what was denied; empty if nothing was."""
    if all(missing.kind is not MissingKind.DENIED for _, missing in written.lost):
        return ""
    if written.source:
        return "Whoever collected that was not allowed to: root, there, has the rest."
    return "Run it as root (sudo) for the rest."


def bundle_problem(problem: str) -> str:
    """Return that an answer of our own could not be made while a bundle was written."""
    return f"an answer failed, and the bundle holds how: {problem}"


LOOK_BEFORE_SENDING = "Look at what it says before you send it:"
