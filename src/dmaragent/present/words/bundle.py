"""The words about a support bundle: readings, replacements, failed readings."""

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
    """Empty if it went to standard output."""
    size: int
    """In bytes."""
    host: str
    """The kind of its host."""
    source: str
    """The path of that host as the user typed it; empty for this machine."""
    readings: int
    lost: tuple[tuple[str, Missing], ...]
    """The readings, paths or calls, that are present on the host but could not be read."""
    redacted: bool
    replaced: tuple[tuple[str, int], ...]
    """Each replacement and how often it occurs."""
    words_left_out: int
    """The number of boot options that were left out."""
    problems: tuple[str, ...]
    """The answers that could not be made."""


def bundle_readings(written: WrittenBundle) -> str:
    """Return how many readings a bundle contains, and of which host."""
    host = host_words(written.host, written.source)
    return f"{count(written.readings, 'reading')} of {host[:1].lower()}{host[1:]}"


def bundle_redaction(written: WrittenBundle) -> str:
    """Return what was replaced and left out, by kind and number."""
    if not written.redacted:
        return "not redacted: names, identifiers and boot options are as they were read"
    kinds: dict[str, int] = {}
    for name, places in written.replaced:
        kind, numbered, _ = name.partition("-")
        kinds[kind] = kinds.get(kind, 0) + (1 if numbered else places)
    parts = [count(number, _KINDS[kind]) for kind, number in kinds.items() if kind in _KINDS]
    replaced = f"replaced: {', '.join(parts)}" if parts else "nothing to replace"
    left_out = f"; left out: {count(written.words_left_out, 'boot option')}"
    return replaced + (left_out if written.words_left_out else "")


def bundle_lost(written: WrittenBundle) -> str:
    """Return how many readings failed; their list follows."""
    return f"{count(len(written.lost), 'reading')} failed:"


def bundle_lost_readings(written: WrittenBundle) -> Iterator[str]:
    """Yield the failed readings with their reasons; of many the first, and how many more."""
    for path, missing in written.lost[:_MOST_LOST]:
        yield f"{path}: {missing.detail or missing.kind.value}"
    more = len(written.lost) - _MOST_LOST
    if more > 0:
        yield f"and {more} more, listed in the bundle's manifest.json"


def bundle_how_to_get_the_rest(written: WrittenBundle) -> str:
    """Return who can read what was denied; empty if nothing was."""
    if all(missing.kind is not MissingKind.DENIED for _, missing in written.lost):
        return ""
    if written.source:
        return "The collector did not run as root on that host, so these readings were denied."
    return "Run dmaragent dump as root (sudo) to include them."


def bundle_problem(problem: str) -> str:
    """Return that one of the answers failed while a bundle was written."""
    return f"an answer failed (the bundle contains the traceback): {problem}"


LOOK_BEFORE_SENDING = "Check its content before you send it:"
