"""Make strings from firmware, devices and files safe to show on a terminal."""

from collections.abc import Iterable


def visible(text: str) -> str:
    r"""Return `text` with all but printable characters as ``\xNN`` or ``\uNNNN``.

    Terminal controls, bidirectional overrides and undecodable bytes become visible. So no text from
    firmware or a stranger acts as a terminal command.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def text_of(lines: Iterable[str]) -> str:
    """Return `lines` as the content of a text file: each is escaped and ends with a line end."""
    return "".join(f"{visible(line)}\n" for line in lines)


def _escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # an undecodable byte, as os.fsdecode keeps it
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def identifier(raw: bytes) -> str:
    """Return a fixed-width identifier of a table header in quotes, without its padding."""
    return '"' + visible(raw.rstrip(b"\0 ").decode("latin-1")) + '"'


def shorten(text: str, most: int = 240) -> str:
    """Return `text` without its middle if it is too long for a heading; the whole is shown below."""
    text = visible(text)
    if len(text) <= most:
        return text
    begin, end = text[: most * 2 // 3], text[-most // 3 :]
    if " " in begin and " " in end:  # words stay whole
        begin, end = begin.rpartition(" ")[0], end.partition(" ")[2]
    return f"{begin} … {end}"
