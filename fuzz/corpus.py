"""The stored inputs: read, and reduced by the parts of the program that they reach.

An input is kept if it reaches a line after another line in a way that no smaller input does. Parts
that it does not need for that are removed.
"""

import sys
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from fuzz.kinds import Kind
from fuzz.seeded import attempt

if TYPE_CHECKING:
    from _typeshed import TraceFunction

FOLDER = Path(__file__).parent / "corpus"
_PROGRAM = ("/src/dmaragent/", "/parsers/fwtables/")
Step = tuple[str, int, int]
"""A module, and two of its lines that ran one after the other."""
_TRIES = 60
"""The most attempts to remove a part of one input."""


def stored(kind: str) -> list[Path]:
    """Return the stored inputs of `kind`."""
    return sorted(each for each in (FOLDER / kind).iterdir() if each.is_file())


def pool(kind: Kind) -> list[bytes]:
    """Return the inputs that mutations start from: the seeds and the stored inputs."""
    known = (
        [each.read_bytes() for each in stored(kind.name)] if (FOLDER / kind.name).is_dir() else []
    )
    return list(dict.fromkeys([*kind.seeds(), *known]))


def steps_of(check: Callable[[bytes], None], data: bytes) -> frozenset[Step]:
    """Return the parts of the program that the harness reaches with `data`."""
    found: set[Step] = set()
    last: dict[FrameType, int] = {}

    def local(frame: FrameType, event: str, _: Any) -> "TraceFunction":
        if event == "line":
            name = frame.f_code.co_filename
            found.add((name, last.get(frame, 0), frame.f_lineno))
            last[frame] = frame.f_lineno
        elif event == "return":
            last.pop(frame, None)
        return local

    def called(frame: FrameType, _: str, __: Any) -> "TraceFunction | None":
        return local if any(part in frame.f_code.co_filename for part in _PROGRAM) else None

    before = sys.gettrace()
    sys.settrace(called)
    try:
        check(data)
    finally:
        sys.settrace(before)
    return frozenset(found)


def distil(kind: Kind, inputs: Iterable[bytes], most: int) -> list[bytes]:
    """Return at most `most` of the `inputs`, reduced, that together reach the same parts."""
    sound = [data for data in dict.fromkeys(inputs) if attempt(kind, data) is None]
    sound.sort(key=lambda data: (len(data), data))
    reached = {data: steps_of(kind.check, data) for data in sound}
    kept: list[bytes] = []
    covered: set[Step] = set()
    while sound and len(kept) < most:
        best = max(sound, key=lambda data: (_worth(reached[data] - covered, data), -len(data)))
        new = reached[best] - covered
        if not new:
            break
        small = _smaller(kind, best, new)
        kept.append(small)
        covered |= steps_of(kind.check, small)
    return kept


def _worth(new: frozenset[Step], data: bytes) -> float:
    """Return what an input reaches in relation to its size."""
    return len(new) / (256 + len(data))


def _smaller(kind: Kind, data: bytes, needed: frozenset[Step]) -> bytes:
    """Return `data` without the parts that it does not need to reach `needed`."""
    piece = len(data) // 2
    tries = _TRIES
    while piece and tries:
        at = 0
        while at < len(data) and tries:
            tries -= 1
            without = data[:at] + data[at + piece :]
            if attempt(kind, without) is None and needed <= steps_of(kind.check, without):
                data = without
            else:
                at += piece
        piece //= 2
    return data


def store(kind: Kind, inputs: Iterable[bytes]) -> int:
    """Replace the stored inputs of `kind`; return their number. The name of a file is its hash."""
    folder = FOLDER / kind.name
    folder.mkdir(parents=True, exist_ok=True)
    for path in stored(kind.name):
        path.unlink()
    names = {sha256(data).hexdigest()[:12]: data for data in inputs}
    for name, data in names.items():
        (folder / name).write_bytes(data)
    return len(names)
