"""Whether a file is text or the bytes of a table, and the text as UTF-8."""

import re

from fwtables.signatures import DECODED_SIGNATURES

SMALLEST = 36
"""Bytes of an ACPI header: fewer bytes without an offset are a signature in prose."""
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ANSI = rb"\x1b\[[0-9;]*[A-Za-z]"


def plain_text(data: bytes) -> bytes | None:
    """Return `data` as UTF-8 without marks, with newlines only; None if it is not text.

    UTF-16, which PowerShell's ``>`` writes, is recognised by its mark or by its NULs.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace").encode("utf-8", "replace")
    elif b"\0" in data:
        name = _utf16_without_mark(data)
        if not name:
            return None
        text = data.decode(name, "replace").encode("utf-8", "replace")
    else:
        text = data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in text:
        return None
    if b"\x1b" in text:
        text = re.sub(_ANSI, b"", text)
    if b"\xe2\x94" in text:
        text = text.replace("\u2502".encode(), b"|").replace(" \u250a ".encode(), b"  ")
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\xc2\xa0", b" ").replace(b"\r\n", b"\n")
    return text.replace(b"\r", b"\n")


def _utf16_without_mark(data: bytes) -> str:
    """Return the name of the UTF-16 of `data`, if its ASCII characters show one."""
    head = data[:512]
    even, odd = head[0::2], head[1::2]
    if odd and not any(odd) and all(even):
        return "utf-16-le"
    return "utf-16-be" if even and not any(even) and all(odd) else ""


def is_binary_table(data: bytes, signatures: tuple[bytes, ...] = DECODED_SIGNATURES) -> bool:
    """Return whether `data` are the bytes of a table with one of `signatures`, and not text."""
    if not any(signature.startswith(data[:4]) for signature in signatures):
        return False
    return b"\0" in data or len(data) < SMALLEST or _CONTROLS.search(data) is not None
