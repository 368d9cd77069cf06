"""Messages that a terminal or a mail split over lines, and their pieces."""

from dataclasses import dataclass

from dmaragent.messages.counting import Occurrence
from dmaragent.messages.model import Names


@dataclass(frozen=True, slots=True)
class Piece:
    """One message that was found, and its text."""

    seen: Occurrence
    matched: str


def put_together(pieces: list[Piece], joined: Occurrence, last: int, *, continued: bool) -> bool:
    """Add `joined`, found in lines up to `last`, to `pieces`; return whether it is new.

    It replaces its own pieces if it names more than they do.
    `continued`: its device is in the line before the one that it begins in.
    """
    lines = range(joined.number, last + 1)
    near = [piece for piece in pieces if piece.seen.number in lines]
    same = [piece for piece in near if piece.seen.message.id == joined.message.id]
    parts = [
        piece
        for piece in near
        if (piece in same or _begins(joined, piece)) and _covers(joined.names, piece.seen.names)
    ]
    if any(piece.seen.key == joined.key and piece.seen.names == joined.names for piece in parts):
        return False
    if not parts and ((same and not continued) or any(p.seen.key == joined.key for p in pieces)):
        return False
    place = pieces.index(parts[0]) if parts else len(pieces)
    pieces[place : place + 1] = [Piece(joined, joined.text)]
    for piece in parts[1:]:
        pieces.remove(piece)
    return True


def _begins(joined: Occurrence, piece: Piece) -> bool:
    """Return whether `piece`, another message, names something and is the beginning of `joined`."""
    return piece.seen.names != Names() and joined.text.startswith(piece.matched)


def _covers(names: Names, part: Names) -> bool:
    """Return whether `names` has everything in `part`."""
    return all(
        getattr(part, kind) in (None, (), "", getattr(names, kind))
        for kind in ("devices", "spans", "domain", "group", "error", "result", "reason", "word")
    )
