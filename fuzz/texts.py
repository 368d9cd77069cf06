"""Text that can contain tables: dumps of any program, with anything around them."""

import re

from fuzz import acpidump
from fuzz.kinds import Kind, hold, hold_printable
from fwtables import decode, encode
from fwtables.found_in_text import find_in_text
from fwtables.text.dumps import LARGEST
from fwtables.text.forms import TextForm
from support.renderings import RENDERINGS, SURROUNDINGS, hexdump_c, od_x, xxd
from support.tables import EVERY_STRUCTURE, drhd, rmrr, scope, table

_LINE = re.compile(r"line ([0-9]+): .")
_SMALL = table(drhd(0xFED90000, scope(1, 0, (2, 0))), rmrr(0x7DFFD000, 0x7DFFFFFF))
_UUENCODED_ROW = 63
"""The most bytes of a row of uuencode, whose first character has 6 bits; programs write 45."""
_MOST_REPEATED = 1 << 24
"""The most bytes of a table whose rows can be abbreviated by ``*``."""


def check(data: bytes) -> None:
    """Look for tables in `data` and check every promise of the reader."""
    reading = find_in_text(data)
    hold(find_in_text(data) == reading, "the same text is read differently")
    lines = 1 + len(re.findall(rb"[\r\n\x0a\x0d]", data))
    stars = data.count(b"*")
    end = 0
    for each in reading.tables:
        short = each.form is TextForm.UUENCODE  # mailers cut the blanks at the end of a row
        most = _UUENCODED_ROW * lines if short else len(data)
        hold(len(each.data) <= most or stars, "there are more bytes than text")
        hold(len(each.data) <= 2 * _MOST_REPEATED, "a table is larger than any may be")
        hold(1 <= each.line <= lines, f"a table is on no line: {each.line}")
        if each.form is not TextForm.ACPIDUMP:
            hold(each.line <= each.last_line <= lines, f"it ends on no line: {each.last_line}")
            hold(each.signature == each.data[:4], "its signature is not its first four bytes")
            hold(each.line >= end, "tables are not in the order of their lines")
            end = each.line
        if each.damage:
            said = _LINE.match(each.damage)
            hold(said and 1 <= int(said[1]) <= lines, f"no such line: {each.damage}")
            hold_printable(
                [each.damage.encode("ascii", "backslashreplace").decode()], "it", width=200
            )
        hold(encode(decode(each.data)) == each.data, "the bytes written are not those read")
        if len(each.data) >= 48 and each.data[:4] in (b"DMAR", b"RMAD", b"XMAR"):
            _check_written(each.data)


def _check_written(data: bytes) -> None:
    """Check that dumps of what was read give the same again, if they show it clearly."""
    # a longer one, low byte first, can be a plausible one, high byte first: `xxd -e` of a RAMD
    possible = int.from_bytes(data[4:8], "little") <= LARGEST
    # "*" after the first row: the next offset can be octal or hexadecimal
    repeated = data[:16] == data[16:32]
    if repeated or not possible:
        return
    for rendering in (xxd, hexdump_c, od_x):
        tables = find_in_text(rendering(data[:4096]).encode()).tables
        hold(
            tables and tables[0].data[: len(data[:4096])] == data[:4096], "a dump is read otherwise"
        )


def seeds() -> list[bytes]:
    """Return a text of each rendering, in some surrounding."""
    places = list(SURROUNDINGS.values())
    texts = [
        places[number % len(places)](rendering(_SMALL))
        for number, rendering in enumerate(RENDERINGS.values())
    ]
    return [*texts, xxd(EVERY_STRUCTURE).encode(), *acpidump.seeds()[:2]]


WORDS = (
    *acpidump.WORDS[:8],
    *(b"44 4d 41 52", b"444d4152", b"4d44 5241", b"52414d44", b"0x44, 0x4d, ", b"RE1BU", b"*\n"),
    *(b"00000000: ", b"00000000  ", b"0000020 ", b"|DMAR|", b"> ", b"```", b"<pre>", b"[code]"),
    *(
        b"begin 644 x\n",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x1b[0m",
        b'[000h 0000   4]  Signature : "DMAR"\n',
    ),
    *(b"046504 051101", b"68 77 65 82", b"   D   M   A   R", b"01000100 01001101", b"-1", b"h,"),
)

KIND = Kind(name="texts", check=check, seeds=seeds, words=WORDS, text=True, largest=8192)
