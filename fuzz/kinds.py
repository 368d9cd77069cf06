"""What a kind of input is to the drivers, and the promises that several harnesses share."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


class BrokenError(Exception):
    """A promise is broken; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of input."""

    name: str
    check: Callable[[bytes], None]
    """The harness: raises :class:`BrokenError`, or what no input may make the program raise."""
    seeds: Callable[[], list[bytes]]
    """Good inputs and their near misses, from which mutations begin."""
    words: tuple[bytes, ...]
    """What means something in such inputs."""
    text: bool
    """Whether it is text; else it is bytes with lengths in them."""
    repair: Callable[[bytes], bytes] = bytes
    """Makes a checksum right again that would hide what lies behind it."""
    largest: int = 4096
    """Bytes of an input, at most."""


def broken(why: str) -> NoReturn:
    """Say which promise is broken."""
    raise BrokenError(why)


def hold(true: object, why: str) -> None:
    """Hold a promise."""
    if not true:
        broken(why)


def hold_bounded(size: int, data: bytes, what: str, *, each: int, free: int) -> None:
    """Hold that an output of `size` grows with the input alone: `each` for a byte, after `free`."""
    most = free + each * len(data)
    hold(size <= most, f"{what} has {size} characters, more than {most} for {len(data)} bytes")


def hold_printable(lines: Iterable[str], what: str, *, width: int = 80) -> int:
    """Hold that no line commands a terminal or is wider; give how many characters there are."""
    size = 0
    for line in lines:
        size += len(line) + 1
        hold(line.isprintable(), f"{what} has a control: {line!r:.120}")
        hold(len(line) <= width, f"{what} has a line of {len(line)} characters: {line!r:.200}")
    return size


def hold_document(document: Mapping[str, Any]) -> str:
    """Hold that `document` is JSON of ASCII that every reader takes; give its text."""
    text = json.dumps(document, allow_nan=False)
    hold(text.isascii(), "the document is not ASCII")
    return text


def as_text(data: bytes) -> str:
    """Decode as the program does what it reads from a file."""
    return data.decode("utf-8", "surrogateescape")
