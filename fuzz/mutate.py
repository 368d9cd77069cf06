"""Mutations of an input: reproducible, and aware of the structure of the input."""

import re
from collections.abc import Callable, Sequence
from random import Random

from fuzz.kinds import Kind

_NUMBER = re.compile(rb"[0-9]+")
_ODD = (0, 1, 2, 3, 4, 6, 7, 8, 16, 24, 47, 48, 127, 128, 254, 255, 256, 32767, 32768, 65535)
_DIGITS = (b"0", b"1", b"-1", b"255", b"256", b"65536", b"4294967296", b"9" * 20, b"9" * 60)
_BYTES = (
    b"\0",
    b"\n",
    b" ",
    b"\xff",
    b"\x1b",
    b"\x7f",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xed\xa0\x80",
)


def mutate(kind: Kind, pool: Sequence[bytes], chance: Random) -> bytes:
    """Return an input of `kind`, made from one of `pool` by one to eight changes."""
    data = bytearray(chance.choice(pool))
    changes = _TEXT if kind.text else _BINARY
    for _ in range(1 + min(chance.getrandbits(3), chance.getrandbits(3))):
        chance.choice(changes)(data, kind, pool, chance)
    del data[kind.largest :]
    made = bytes(data)
    return kind.repair(made) if chance.getrandbits(1) else made


def _span(data: bytearray, chance: Random, longest: int = 64) -> tuple[int, int]:
    """Return a part of `data`, usually a short one."""
    at = chance.randrange(len(data) + 1)
    most = longest if chance.getrandbits(2) else len(data)
    return at, min(len(data), at + 1 + chance.randrange(max(1, most)))


def _flip(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice(_ODD) & 0xFF


def _truncate(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _delete(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    begin, end = _span(data, chance)
    del data[begin:end]


def _repeat(data: bytearray, kind: Kind, __: Sequence[bytes], chance: Random) -> None:
    begin, end = _span(data, chance)
    times = 1 + chance.randrange(8 if chance.getrandbits(2) else 200)
    data[end:end] = (bytes(data[begin:end]) * times)[: kind.largest]


def _swap(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    begin, end = _span(data, chance)
    part = bytes(data[begin:end])
    del data[begin:end]
    at = chance.randrange(len(data) + 1)
    data[at:at] = part


def _splice(data: bytearray, _: Kind, pool: Sequence[bytes], chance: Random) -> None:
    other = chance.choice(pool)
    begin = chance.randrange(len(other) + 1)
    at, end = _span(data, chance)
    data[at : end if chance.getrandbits(1) else len(data)] = other[begin:]


def _word(data: bytearray, kind: Kind, __: Sequence[bytes], chance: Random) -> None:
    at, end = _span(data, chance, 8)
    data[at : end if chance.getrandbits(1) else at] = chance.choice(kind.words)


def _known_word(data: bytearray, kind: Kind, __: Sequence[bytes], chance: Random) -> None:
    """Replace one word by another."""
    word = chance.choice(kind.words)
    at = data.find(word, chance.randrange(len(data) + 1))
    if at >= 0:
        data[at : at + len(word)] = chance.choice(kind.words)


def _length(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    """Write an unusual number of one, two or four bytes, or change one by 1."""
    size = chance.choice((1, 2, 2, 4))
    if len(data) < size:
        return
    at = chance.randrange(len(data) - size + 1)
    old = int.from_bytes(data[at : at + size], "little")
    new = chance.choice((old + 1, old - 1, old * 2, chance.choice(_ODD), len(data), len(data) - at))
    data[at : at + size] = (new % (1 << 8 * size)).to_bytes(size, "little")


def _structure(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    """Follow the lengths of a table from its fixed part, and change the length of one structure."""
    at = 48
    places: list[int] = []
    while at + 4 <= len(data) and len(places) < 64:
        places.append(at)
        at += max(4, int.from_bytes(data[at + 2 : at + 4], "little"))
    if places:
        at = chance.choice(places)
        field = chance.choice((at, at + 2, at + 2, at + chance.randrange(4, 40)))
        if field < len(data):
            data[field] = (data[field] + chance.choice((1, -1, 2, 8, 128))) & 0xFF


def _digits(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    """Replace one number by another."""
    found = _NUMBER.search(data, chance.randrange(len(data) + 1))
    if found:
        data[found.start() : found.end()] = chance.choice(_DIGITS)


def _line(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    """Double, delete or move a line."""
    lines = bytes(data).split(b"\n")
    one = chance.randrange(len(lines))
    taken = lines[one] if chance.getrandbits(1) else lines.pop(one)
    lines.insert(chance.randrange(len(lines) + 1), taken)
    if chance.getrandbits(1):
        lines.remove(taken)
    data[:] = b"\n".join(lines)


def _strange(data: bytearray, _: Kind, __: Sequence[bytes], chance: Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(_BYTES)


Change = Callable[[bytearray, Kind, Sequence[bytes], Random], None]
_ALL: tuple[Change, ...] = (
    *(_flip, _set, _truncate, _delete, _repeat, _swap, _splice, _word, _known_word),
)
_TEXT: tuple[Change, ...] = (*_ALL, _word, _digits, _line, _strange)
_BINARY: tuple[Change, ...] = (*_ALL, _length, _length, _structure)
