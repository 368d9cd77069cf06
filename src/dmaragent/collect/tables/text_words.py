"""What a table was read from, in words; and why a text holds none."""

import shlex
from collections.abc import Sequence

from fwtables.found_in_text import TextReading, TextTable
from fwtables.signatures import SIGNATURES
from fwtables.text.forms import TextForm

_FORMS = {
    TextForm.ACPIDUMP: "acpidump text",
    TextForm.IASL: "iasl text (its raw table data)",
    TextForm.IASL_FIELDS: "iasl text (its fields, as there is no raw table data)",
    TextForm.HEXDUMP_C: "hexdump -C text",
    TextForm.HEXDUMP: "hexdump text",
    TextForm.XXD: "xxd text",
    TextForm.OD: "od text",
    TextForm.FORMAT_HEX: "PowerShell Format-Hex text",
    TextForm.HEX_DUMP: "a hex dump",
    TextForm.HEX: "hexadecimal digits",
    TextForm.C_SOURCE: "numbers of C or assembly source",
    TextForm.BASE64: "base64",
    TextForm.UUENCODE: "uuencode",
}


def reading_words(tables: Sequence[TextTable], packing: str = "") -> str:
    """Return what `tables` were read from, and on which lines; empty for acpidump text alone."""
    wanted = [each for each in tables if each.signature in SIGNATURES]
    if not packing and all(each.form is TextForm.ACPIDUMP for each in wanted):
        return ""
    words = "; ".join(table_words(each) for each in wanted[:4])
    more = f" and {len(wanted) - 4} more" if len(wanted) > 4 else ""
    return f"{words}{more}" + (f", in {packing} data" if packing else "")


def table_words(table: TextTable) -> str:
    """Return what one table was read from."""
    order = f" ({8 * table.word}-bit words, low byte first)" if table.word > 1 else ""
    lines = f"line {table.line}"
    if table.last_line > table.line:
        lines = f"lines {table.line}-{table.last_line}"
    return f"{_FORMS[table.form]}{order}, {lines}"


def no_table_words(reading: TextReading) -> str:
    """Return why a text holds no table."""
    if reading.needs_iasl:
        return "it is iasl text whose fields only iasl can compile"
    if reading.stopped:
        return "too many signatures in it head no table, so that it was not searched to its end"
    return "no DMAR, RMAD or XMAR table, no text that holds one, no archive"


def next_step(reading: TextReading, path: str) -> str:
    """Return what to do about a file that holds no table."""
    if reading.needs_iasl:
        return f"compile it (iasl {shlex.quote(path)}), and give the .aml file"
    return (
        "give a table, a dump of it (acpidump, hexdump, xxd, od, iasl), a bundle, a sosreport, "
        "a recorded machine or a directory that holds sys/"
    )


def count_tables(number: int) -> str:
    """Return ``1 table`` or ``2 tables``."""
    return "1 table" if number == 1 else f"{number} tables"
