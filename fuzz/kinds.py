"""A kind of input, as drivers see it, and the promises that several harnesses share."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


class BrokenError(Exception):
    """A promise is broken; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of input."""

    name: str
    check: Callable[[bytes], None]
    """The harness: raises :class:`BrokenError`, or an exception that no input may cause."""
    seeds: Callable[[], list[bytes]]
    """Good inputs and nearly good ones, which mutations start from."""
    words: tuple[bytes, ...]
    """Words with a meaning in such inputs."""
    text: bool
    """Whether it is text; else it consists of bytes with lengths."""
    repair: Callable[[bytes], bytes] = bytes
    """Corrects a checksum that would hide the parts after it."""
    largest: int = 4096
    """The most bytes of an input."""


def broken(why: str) -> NoReturn:
    """Raise the error for a broken promise."""
    raise BrokenError(why)


def hold(true: object, why: str) -> None:
    """Check a promise."""
    if not true:
        broken(why)


def hold_bounded(size: int, data: bytes, what: str, *, each: int, free: int) -> None:
    """Check that an output of `size` is bounded: `each` per byte of input, after `free`."""
    most = free + each * len(data)
    hold(size <= most, f"{what} has {size} characters, more than {most} for {len(data)} bytes")


def hold_printable(lines: Iterable[str], what: str, *, width: int = 80) -> int:
    """Check that lines are printable and not too wide; return the number of characters."""
    size = 0
    for line in lines:
        size += len(line) + 1
        hold(line.isprintable(), f"{what} has a control: {line!r:.120}")
        hold(len(line) <= width, f"{what} has a line of {len(line)} characters: {line!r:.200}")
    return size


def hold_document(document: Mapping[str, Any]) -> str:
    """Check that `document` is JSON in ASCII that every parser accepts; return its text."""
    text = json.dumps(document, allow_nan=False)
    hold(text.isascii(), "the document is not ASCII")
    return text


def as_text(data: bytes) -> str:
    """Decode text like the program does for a file."""
    return data.decode("utf-8", "surrogateescape")
