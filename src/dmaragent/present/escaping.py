"""Strings from firmware, devices and files, made safe to show on a terminal."""


def visible(text: str) -> str:
    r"""Give `text` with everything that is not a printable character as ``\xNN`` or ``\uNNNN``.

    Terminal controls, bidirectional overrides and undecodable bytes all become
    visible; nothing that firmware or a stranger wrote reaches the terminal as a command.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def _escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # a byte that did not decode, as os.fsdecode keeps it
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def identifier(raw: bytes) -> str:
    """Give a fixed-width identifier of a table header in quotes, its padding dropped."""
    return '"' + visible(raw.rstrip(b"\0 ").decode("latin-1")) + '"'


def shorten(text: str, most: int = 240) -> str:
    """Leave out the middle of a text that is too long for the head; it stands whole below."""
    text = visible(text)
    if len(text) <= most:
        return text
    begin, end = text[: most * 2 // 3], text[-most // 3 :]
    if " " in begin and " " in end:  # words are left whole
        begin, end = begin.rpartition(" ")[0], end.partition(" ")[2]
    return f"{begin} … {end}"
