"""Tables in text, as people publish them: dumps of od, hexdump and xxd, iasl's text, base64.

One reader finds the bytes, and reports their form and their lines.  It begins at a signature in
one of its forms, and follows the rows from there.  So it reads nothing without a signature, and
its time grows with the text only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from fwtables.acpidump import is_acpidump, read_acpidump
from fwtables.signatures import DECODED_SIGNATURES
from fwtables.table_or_text import plain_text
from fwtables.text.dumps import Dump, read_offsets
from fwtables.text.encoded import Encoded, base64_anchors, read_base64, uuencoded
from fwtables.text.forms import HEADING, TextForm, form_of
from fwtables.text.iasl_fields import read_fields
from fwtables.text.layout import layout_of
from fwtables.text.plain import read_plain
from fwtables.text.rows import LONGEST_ROW, Reader
from fwtables.text.units import CHARACTERS, anchors

Signatures = tuple[bytes, ...]

_MOST_FAILURES = 2000
"""Maximum number of signatures without a table; the search ends after them."""
_MOST_LINES = 200_000
"""Maximum number of lines that are read in vain after such signatures: each can read to the end."""
_MOST_TABLES = 1024
"""Maximum number of each kind in a text; a host has one."""
_MARKUP = re.compile(
    r"</?(?:pre|code|tt|p|div|span|font|br|td|tr)\b[^<>\n]{0,200}>|\[/?(?:code|quote|pre)\b[^\[\]\n]{0,60}\]",
    re.IGNORECASE,
)
"""The markup that pages and forums put around a dump."""
_SYMBOL = re.compile(r"(?<=[0-9a-f])[ \t]<[^<>\n]{1,100}>(?=:)")
"""The symbol that gdb writes between an address and its colon: ``<dmar+8>``."""
_ENTITIES = (
    ("&gt;", ">"),
    ("&lt;", "<"),
    ("&quot;", '"'),
    ("&nbsp;", " "),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&amp;", "&"),
)
_ABOVE = 200
"""Characters above a dump in which its heading is searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """One table of a text: its bytes, and the damage of its text.

    `form` is the kind of dump, `signature` the first four bytes of the table, `data` all bytes that
    were read.  `line` and `last_line` count from 1.  `address` is the physical address in the
    heading, if there is one.  `word` is the number of bytes in a unit of the text, low byte first.
    `damage` is a sentence with its line number, or empty; the bytes up to that line are kept.
    """

    form: TextForm
    signature: bytes
    data: bytes
    line: int
    last_line: int
    address: int | None = None
    word: int = 1
    damage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReading:
    """The tables of a text; or, if `needs_iasl`, it has fields that only iasl can compile."""

    tables: tuple[TextTable, ...] = ()
    needs_iasl: bool = False
    stopped: bool = False
    """Whether the search ended early, after too many signatures, or lines, without a table."""


def find_in_text(data: bytes, signatures: Signatures = DECODED_SIGNATURES) -> TextReading:
    """Read every table with one of `signatures` in the text `data`, and all tables of acpidump text.

    Never raises; the result has no table if `data` is not text, or is text without one.
    """
    text = plain_text(data)
    if text is None:
        return TextReading()
    if is_acpidump(text):
        dumped = tuple(_acpidump(text))
        if any(table.data or table.signature in signatures for table in dumped):
            if _is_sound(dumped, signatures):
                return TextReading(tables=dumped)
            return _read_reformatted(text, dumped, signatures)
    return _Search(text.decode("latin-1"), signatures).reading()


def _is_sound(tables: tuple[TextTable, ...], signatures: Signatures) -> bool:
    return not any(table.damage for table in tables if table.signature in signatures)


def _read_reformatted(
    text: bytes, dumped: tuple[TextTable, ...], signatures: Signatures
) -> TextReading:
    """Return the tables of acpidump text whose blanks a page or a mail changed.

    If a table of `dumped` is then not whole, return `dumped`.
    """
    reading = _Search(text.decode("latin-1"), signatures).reading()
    wanted = [table.line for table in dumped if table.signature in signatures]
    whole = len(reading.tables) == len(wanted) and _is_sound(reading.tables, signatures)
    if not whole or any(sum(table.data) % 256 for table in reading.tables):
        return TextReading(tables=dumped)
    return TextReading(
        tables=(*reading.tables, *(table for table in dumped if table.signature not in signatures))
    )


def _acpidump(text: bytes) -> Iterator[TextTable]:
    for table in read_acpidump(text):
        yield TextTable(
            form=TextForm.ACPIDUMP,
            signature=table.signature,
            data=table.data,
            line=table.line,
            last_line=table.line + -(-len(table.data) // 16),
            address=table.address,
            damage=table.damage,
        )


def _without_markup(text: str) -> str:
    """Return `text` without tags and entities, with the same lines."""
    if "<" in text or "[" in text:
        text = _MARKUP.sub("\v", text)
    for entity, character in _ENTITIES if "&" in text else ():
        text = text.replace(entity, character)
    return _SYMBOL.sub("", text) if ">:" in text else text


class _Search:
    """One pass over a text."""

    def __init__(self, text: str, signatures: Signatures) -> None:
        self.signatures = signatures
        self.raw = text
        """The text with its markup, because a line of uuencode can look like markup."""
        self.text = _without_markup(text)
        self._counted = (0, 1)
        self.stopped = False

    def reading(self) -> TextReading:
        tables = sorted(self._tables(), key=lambda table: table.line)
        if tables:
            return TextReading(tables=tuple(tables), stopped=self.stopped)
        fields = read_fields(self.text, self.signatures)
        if fields is None:
            return TextReading(stopped=self.stopped)
        if not fields.data:
            return TextReading(needs_iasl=True)
        encoded = Encoded(fields.start, fields.end, fields.data)
        return TextReading(tables=(self._encoded_table(TextForm.IASL_FIELDS, encoded),))

    def _tables(self) -> Iterator[TextTable]:
        yield from islice(self._dumps(), _MOST_TABLES)
        self._counted = (0, 1)
        yield from islice(self._base64(), _MOST_TABLES)
        self._counted = (0, 1)
        for encoded in islice(uuencoded(self.raw, self.signatures), _MOST_TABLES):
            yield self._encoded_table(TextForm.UUENCODE, encoded)

    def _dumps(self) -> Iterator[TextTable]:
        end = failures = lines = 0
        lowered = self.text.encode("latin-1").lower().decode("latin-1")
        for anchor in anchors(lowered, self.signatures):
            if anchor.start < end:
                continue
            reader = Reader(self.text, anchor)
            dump = read_dump(reader)
            if dump is not None:
                end = dump.end
                yield self._dump_table(dump)
                continue
            failures += 1
            lines += reader.lines
            if failures > _MOST_FAILURES or lines > _MOST_LINES:
                self.stopped = True
                return

    def _base64(self) -> Iterator[TextTable]:
        end = failures = 0
        for start in base64_anchors(self.text, self.signatures):
            if start < end:
                continue
            encoded = read_base64(self.text, start)
            if encoded is not None:
                end = encoded.end
                yield self._encoded_table(TextForm.BASE64, encoded)
                continue
            failures += 1
            if failures > _MOST_FAILURES:
                self.stopped = True
                return

    def line(self, at: int) -> int:
        """Return the number of the line that `at` is in, from 1."""
        before, number = self._counted
        if at < before:
            before, number = 0, 1
        number += self.text.count("\n", before, at)
        self._counted = (at, number)
        return number

    def _dump_table(self, dump: Dump) -> TextTable:
        heading = HEADING.search(self.text[max(0, dump.first.start - 80) : dump.first.start])
        return self._table(
            form_of(dump, self.text[max(0, dump.first.start - _ABOVE) : dump.first.start]),
            bytes(dump.data),
            (dump.first.start, dump.end),
            (dump.problem, dump.problem_at),
            address=int(heading[2], 16) if heading else None,
            word=dump.reader.style.width,
        )

    def _encoded_table(self, form: TextForm, encoded: Encoded) -> TextTable:
        return self._table(
            form, encoded.data, (encoded.start, encoded.end), (encoded.problem, encoded.problem_at)
        )

    def _table(  # noqa: PLR0913 - every kind of reading has them
        self,
        form: TextForm,
        data: bytes,
        span: tuple[int, int],
        problem: tuple[str, int],
        *,
        address: int | None = None,
        word: int = 1,
    ) -> TextTable:
        first = self.line(span[0])
        damage = f"line {self.line(problem[1])}: {problem[0]}" if problem[0] else ""
        length = int.from_bytes(data[4:8], "little")
        if not damage and len(data) >= 8 and length > len(data):
            damage = f"line {first}: the table's length is {length} bytes, the text has {len(data)}"
        return TextTable(
            form=form,
            signature=data[:4],
            data=data,
            line=first,
            last_line=self.line(span[1]),
            address=address,
            word=word,
            damage=damage,
        )


def read_dump(reader: Reader) -> Dump | None:
    """Return the dump that begins at the anchor of `reader`; None if there is only a signature."""
    if not reader.has_offset:
        return None if reader.style is CHARACTERS else read_plain(reader)
    if reader.is_within_row():
        return None
    base, width = layout_of(reader, reader.first(LONGEST_ROW))
    return read_offsets(reader, base, width) if base else read_plain(reader)
