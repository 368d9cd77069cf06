"""The forms of a table in text: the program that probably printed a dump."""

import re
from enum import Enum

from fwtables.text.dumps import Dump
from fwtables.text.units import CHARACTERS, HEX

HEADING = re.compile(r"([A-Z]{4}) @ (?:0x)?([0-9A-Fa-f]{1,16})\s*$")
"""The line above a table in acpidump text."""
_FORMAT_HEX = re.compile(r"(?i)offset|label:|path:|\b0E 0F\b")
"""The lines above a table that PowerShell's Format-Hex writes."""


class TextForm(Enum):
    """The form in which the bytes of a table were."""

    ACPIDUMP = "acpidump"
    IASL = "iasl"
    IASL_FIELDS = "iasl-fields"
    HEXDUMP_C = "hexdump-c"
    HEXDUMP = "hexdump"
    XXD = "xxd"
    OD = "od"
    FORMAT_HEX = "format-hex"
    HEX_DUMP = "hex-dump"
    """Rows of an offset and bytes, as many programs write them."""
    HEX = "hex"
    """Bytes without offsets."""
    C_SOURCE = "c-source"
    BASE64 = "base64"
    UUENCODE = "uuencode"


def form_of(dump: Dump, above: str) -> TextForm:
    """Return the program that probably printed a dump; `above` is the text before it."""
    reader = dump.reader
    if reader.marker:
        return TextForm.C_SOURCE
    if not dump.base:
        return TextForm.HEX if reader.style is HEX else TextForm.OD
    if "Raw Table Data" in above or dump.first.rest.strip().startswith("//"):
        return TextForm.IASL
    if HEADING.search(above):
        return TextForm.ACPIDUMP
    return _of_bytes(dump, above) if reader.style is HEX else _of_words(dump)


def _of_bytes(dump: Dump, above: str) -> TextForm:
    """Return the program that writes hexadecimal bytes in this way."""
    rest, size = dump.first.rest.strip(), len(dump.first.offset)
    if ":" in dump.reader.after:
        return TextForm.XXD if size == 8 else TextForm.HEX_DUMP
    if dump.base != 16 or rest.startswith(">"):
        return TextForm.OD
    if rest.startswith("|"):
        return TextForm.HEXDUMP_C
    if _FORMAT_HEX.search(above):
        return TextForm.FORMAT_HEX
    return TextForm.OD if size in (6, 7) else TextForm.HEX_DUMP


def _of_words(dump: Dump) -> TextForm:
    """Return the program that writes words, characters or other numbers in this way."""
    if ":" in dump.reader.after:
        return TextForm.XXD
    if dump.base == 16 and dump.reader.style.width <= 2 and len(dump.first.offset) == 7:
        return TextForm.HEXDUMP
    if dump.base == 16 and dump.reader.style is CHARACTERS:
        return TextForm.HEXDUMP
    return TextForm.OD
