"""Tables in base64 (RFC 4648, as mails and ``base64`` write it) and uuencode (POSIX)."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fwtables.signatures import DECODED_SIGNATURES
from fwtables.text.rows import line_ends

_LARGEST = 1 << 24
_SMALLEST = 36
_BASE64 = re.compile(r"[\s>|]*(?:\d{1,4}[.):]?\s+)?([A-Za-z0-9+/]+)(={0,2})[\s\"',;)]*$")
_URL_SAFE = str.maketrans("-_", "+/")
_BEGIN = re.compile(
    r"^([ \t>|]{0,80})(?:[^\n]{0,80}(?:<pre>|\[code\]))?begin [0-7]{3,4} [^\n]*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes that were decoded from lines of the text, from `start` to `end`."""

    start: int
    end: int
    data: bytes
    problem: str = ""
    problem_at: int = 0


def _begin(signature: bytes) -> str:
    """Return the characters of base64 that depend on the signature only."""
    return binascii.b2a_base64(signature).decode("ascii")[:5]


def base64_anchors(text: str, signatures: tuple[bytes, ...] = DECODED_SIGNATURES) -> Iterator[int]:
    """Yield where base64 of a table with one of `signatures` can begin."""
    for signature in signatures:
        for match in re.finditer(_begin(signature), text):
            if not re.match(r"[A-Za-z0-9+/=]", text[match.start() - 1 : match.start()]):
                yield match.start()


def read_base64(text: str, start: int) -> Encoded | None:
    """Return the table that the base64 from `start` on encodes; None if it is not a table."""
    parts: list[str] = []
    size = needed = 0
    problem, problem_at, last = "", 0, start
    widths: list[tuple[int, int]] = []
    for begin, end in line_ends(text, start):
        match = _BASE64.match(text, begin, end)
        if not match and begin == start:
            match = re.compile(r"([A-Za-z0-9+/]+)(={0,2})").match(text, begin, end)
            closed = True
        else:
            closed = bool(match and match[2])
        if not match:
            break
        if widths and size >= needed and len(match[1]) != widths[0][1]:
            break
        if widths and widths[-1][1] < widths[0][1]:
            problem = f"this row has {widths[-1][1]} characters, the first {widths[0][1]}"
            problem_at = widths[-1][0]
        parts.append(match[1])
        widths.append((begin, len(match[1])))
        size += len(match[1])
        needed = needed or (_needed("".join(parts)) if size >= 12 else 0)
        if size >= 12 and not needed:
            return None
        last = end if not closed or begin != start else match.end()
        if closed or size > 2 * _LARGEST:
            break
    joined = "".join(parts)
    data = binascii.a2b_base64(joined[: len(joined) // 4 * 4] + _tail(joined))
    length = int.from_bytes(data[4:8], "little")
    if len(data) < _SMALLEST or not _SMALLEST <= length <= _LARGEST:
        return None
    if length <= len(data) and sum(data[:length]) % 256 == 0:
        problem = ""
    return Encoded(start, last, data, problem, problem_at)


def _needed(joined: str) -> int:
    """Return the number of characters of the table that begins with `joined`; 0 if it is not a table."""
    length = int.from_bytes(binascii.a2b_base64(joined[:12])[4:8], "little")
    return -(-length * 4 // 3) if _SMALLEST <= length <= _LARGEST else 0


def _tail(joined: str) -> str:
    """Return the last, incomplete group of base64 with padding."""
    rest = joined[len(joined) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def uuencoded(text: str, signatures: tuple[bytes, ...] = DECODED_SIGNATURES) -> Iterator[Encoded]:
    """Yield each table with one of `signatures` in uuencode."""
    for match in _BEGIN.finditer(text) if "begin" in text else ():
        encoded = _read_uuencode(text, match.end() + 1, match[1], signatures)
        if encoded is not None:
            yield encoded


def _read_uuencode(
    text: str, start: int, quote: str, signatures: tuple[bytes, ...]
) -> Encoded | None:
    data = bytearray()
    last, problem, problem_at = start, "", 0
    for begin, end in line_ends(text, start):
        line = text[begin:end].removeprefix(quote)
        if line.rstrip() in ("end", "`", "") or len(data) > _LARGEST:
            break
        try:
            data += binascii.a2b_uu(line.encode("ascii", "replace"))
        except binascii.Error as error:
            problem, problem_at = f"not a line of uuencode: {error}", begin
            break
        last = end
        if len(data) >= 4 and data[:4] not in signatures:
            return None
        held, needed = len(line) - 1, -(-((ord(line[0]) - 32) % 64) // 3) * 4
        if held < needed and not problem:
            problem = f"this row holds {held} characters of {needed}"
            problem_at = begin
    if len(data) < _SMALLEST:
        return None
    length = int.from_bytes(data[4:8], "little")
    if length <= len(data) and sum(data[:length]) % 256 == 0:
        problem = ""  # blanks at the end of a row are zeros
    return Encoded(start, last, bytes(data), problem, problem_at)
