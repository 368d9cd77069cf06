"""Restoring a pasted text as the program printed it: no colours, entities, typographic quotes.

No newline is added or removed, so lines keep their numbers.
"""

import html
import re
from functools import lru_cache

_CONTROLS = re.compile(r"\x1b\[[0-9;?]{0,40}[ -/]{0,4}[@-~]|\r(?=\n|$)")
_BLANKS = re.compile(
    r"[ \t\xa0\u2002-\u200a\u202f\u205f\u3000]{2,}|[\t\xa0\u2002-\u200a\u202f\u205f\u3000]"
)
_ENTITY = re.compile(
    r"&(?:amp;)?(?:#\d{2,5}|#[xX][0-9a-fA-F]{2,4}|amp|apos|quot|lt|gt|nbsp|[lr]squo|[lr]dquo|prime|"
    r"[nm]dash|minus|hellip|[A-Za-z](?:acute|grave|uml|circ|cedil|tilde|ring|slash|caron)|szlig);"
)
_ESCAPE = re.compile(r"\\u(00[2-7][0-9a-fA-F]|20[0-4][0-9a-fA-F])|'\\''|\\[tn]|\\(?=['\"])")
_MISREAD = re.compile(
    "\u00e2\u20ac[\u02dc\u2122\u0153\u009d\u201c\u201d\u00a6\u2039]|\u00e2\\x80[\\x90-\\xa6]"
)
"""UTF-8's quotes, dashes and ellipsis read as Windows-1252 or Latin-1."""
_MEANT = {
    "\u02dc": "'",
    "\u2122": "'",
    "\u0153": '"',
    "\u009d": '"',
    "\u201c": "-",
    "\u201d": "-",
    "\u00a6": "…",
}
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02b9\u2032\u00b4\uff07\udc91\udc92", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\uff02\udc93\udc94", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\uff0d\udc96\udc97", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        **{chr(code + 0xFEE0): chr(code) for code in b"()[]:;,./"},
        "\udc85": "\u2026",
    }
)
"""Characters of word processors, blogs, Windows-1252 and East Asian input methods."""


def cleaned(text: str) -> str:
    """Return `text` with the characters that programs print instead of their replacements."""
    if "\0" in text:  # UTF-16 read as UTF-8
        text = text.replace("\0", "")
    if "&" in text:
        text = _ENTITY.sub(lambda match: _entity(match[0]), text)
    if "\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    if not text.isascii():
        text = _MISREAD.sub(lambda match: _MEANT.get(match[0][-1], "'"), text).translate(_PLAIN)
    return _BLANKS.sub(" ", _CONTROLS.sub("", text))


@lru_cache(maxsize=256)
def _entity(written: str) -> str:
    text = html.unescape(html.unescape(written))
    return text.translate(_PLAIN) if text.isprintable() else " "


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16)).translate(_PLAIN)
    if match[0] in ("\\t", "\\n"):  # a tab or line end in JSON, as journalctl -o json writes it
        return " "
    return "'" if len(match[0]) > 1 else ""
