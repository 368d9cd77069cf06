"""acpidump text: every table in it with its bytes, or an error with its line."""

import re

from fuzz.kinds import Kind, hold, hold_printable
from fwtables import decode, encode
from fwtables.acpidump import is_acpidump, read_acpidump
from support.tables import EVERY_STRUCTURE, dump

_LINE = re.compile(r"line ([0-9]+): .")


def check(data: bytes) -> None:
    """Read `data` and check every promise of the reader."""
    tables = read_acpidump(data)
    hold(read_acpidump(data) == tables, "the same text is read differently")
    hold(b"\0" in data or is_acpidump(data) == bool(tables), "what is a dump is not agreed on")
    hold(3 * sum(len(each.data) for each in tables) <= len(data), "there are more bytes than text")
    lines = len(data.splitlines())
    hold(len(tables) <= lines, "there are more tables than lines")
    for each in tables:
        hold(len(each.signature) == 4, "a signature has not four bytes")
        hold(0 < each.line <= lines, "a heading is on no line")
        hold(0 <= each.address < 1 << 64, "an address is out of range")
        if each.damage:
            said = _LINE.match(each.damage)
            hold(said and each.line <= int(said[1]) <= lines, f"no such line: {each.damage}")
            hold_printable([each.damage], "the damage", width=200)
        hold(each.damage or each.data, "a table without bytes is not damaged")
        hold(encode(decode(each.data)) == each.data, "the bytes written are not those read")
        _check_written(each.data, each.signature.decode("ascii"), each.address)


def _check_written(data: bytes, signature: str, address: int) -> None:
    """Check that a dump of what was read gives the same again."""
    if not data:
        return
    (again,) = read_acpidump(dump(data, signature, address).encode("ascii"))
    written = (again.data, again.signature.decode("ascii"), again.address)
    hold(written == (data, signature, address), "a dump of a table is not that table")


def seeds() -> list[bytes]:
    """Return dumps in the usual forms."""
    one = dump(EVERY_STRUCTURE)
    two = dump(EVERY_STRUCTURE[:64], "APIC") + dump(EVERY_STRUCTURE[:50])
    forms = (one, two, one.replace("\n", "\r\n"), one.rstrip(), f"\ufeff{two}", f"x\n\n{two}y\n\nz")
    bare = re.sub(r"  [^ ]+$", "", two, flags=re.MULTILINE)
    return [form.encode() for form in (*forms, bare)]


WORDS = (
    *(b"DMAR @ 0x0000000000000000", b"APIC @ (nil)", b"\n", b"\r\n", b"\r", b"\n\n", b" ", b"  "),
    *(b"    0000: 44 4D 41 52", b"0000: ", b": ", b" 00", b" @ ", b"0x", b"\xef\xbb\xbf", b"\0"),
    *(b"\x0b", b"\x0c", b"\x1c", b"\x85", b"FFFFFFFF", b"    0010: 00" + b" 00" * 15 + b"\n"),
)

KIND = Kind(name="acpidump", check=check, seeds=seeds, words=WORDS, text=True, largest=8192)
