"""What ``dmaragent dump`` says of the bundle that it wrote."""

import shlex
from collections.abc import Iterator

from dmaragent.present.bundle import WrittenBundle
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.host import host_words, wrote
from dmaragent.present.words.numbers import count
from dmaragent.readings import MissingKind

_MOST_LOST = 12


def dump_text(written: WrittenBundle) -> Iterator[str]:
    """Yield the lines."""
    where = visible(written.path) or "to standard output"
    yield wrote(where, written.size)
    host = host_words(written.host, written.source)
    said = f"{count(written.readings, 'reading')} of {host[:1].lower()}{host[1:]}"
    yield from paragraph(said, indent=2)
    yield from paragraph(_redaction(written), indent=2)
    yield from _lost(written)
    for problem in written.problems:
        yield from paragraph(f"an answer failed, and the bundle holds how: {problem}", indent=2)
    if written.path:
        yield ""
        yield "Look at what it says before you send it:"
        yield f"  dmaragent inventory --host {shlex.quote(written.path)}"


def _redaction(written: WrittenBundle) -> str:
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


_KINDS = {
    "host": "host name",
    "guest": "guest name",
    "uuid": "UUID",
    "mac": "MAC address",
    "removed": "other text",
}


def _lost(written: WrittenBundle) -> Iterator[str]:
    if not written.lost:
        return
    yield from paragraph(f"{count(len(written.lost), 'reading')} could not be had:", indent=2)
    for path, missing in written.lost[:_MOST_LOST]:
        yield from paragraph(f"{path}: {missing.detail or missing.kind.value}", indent=4)
    more = len(written.lost) - _MOST_LOST
    if more > 0:
        yield f"    and {more} more: they are in the bundle's manifest.json"
    if any(missing.kind is MissingKind.DENIED for _, missing in written.lost):
        rest = "Run it as root (sudo) for the rest."
        if written.source:
            rest = "Whoever collected that was not allowed to: root, there, has the rest."
        yield f"  {rest}"
