"""The source of a table, and the errors of a text without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.errors import HostError
from dmaragent.shell_words import in_command
from fwtables.signatures import DECODED_SIGNATURES

if TYPE_CHECKING:
    from fwtables.found_in_text import TextReading, TextTable


def other_tables_in_text(path: str, tables: int) -> HostError:
    """Return the error for text with a number of `tables`, none of them a DMAR or IVRS table."""
    count = "1 table" if tables == 1 else f"{tables} tables"
    return HostError(
        f"{path} contains {count}, but no {KINDS_OF_TABLES}",
        "dump all tables of that host: run acpidump without options, as root",
    )


def different_tables_in_text(path: str, tables: Sequence[TextTable]) -> HostError:
    """Return the error for text with different tables of IOMMUs."""
    places = ", ".join(
        f"{table.signature.decode('ascii')} at line {table.line}" for table in tables[:4]
    )
    more = f" and {len(tables) - 4} more" if len(tables) > 4 else ""
    return HostError(
        f"{path} contains different tables of the IOMMU: {places}{more}",
        "copy the rows of one table into a file of its own, and name that file; dmaragent decode shows each",
    )


def no_table_in_text(path: str, reading: TextReading, problem: str) -> HostError:
    """Return the error for text without a table; `problem` is what is wrong with its packing."""
    unread = f"; {problem}" if problem else ""
    return HostError(
        f"{path} is not a host: {why_no_table(reading)}{unread}", what_to_give(reading, path)
    )


KINDS_OF_TABLES = "DMAR, RMAD, XMAR or IVRS"
"""The tables that are read."""


def why_no_table(reading: TextReading) -> str:
    """Return why a text contains no table."""
    if reading.needs_iasl:
        return "it is iasl text without raw table data, which only iasl can compile"
    if reading.stopped:
        return "the search ended early: too many signatures, or too many lines after them, without a table"
    return f"it is not a {KINDS_OF_TABLES} table, an archive, or text that contains such a table"


def what_to_give(reading: TextReading, path: str) -> str:
    """Return the next step for a file without a table."""
    if reading.needs_iasl:
        return f"compile it (iasl {in_command(path)}) and name the .aml file"
    if reading.stopped:
        return "copy the rows of the table into a file of their own, and name that file"
    return (
        "name a table, a dump of it (acpidump, hexdump, xxd, od, iasl), a bundle, a sosreport, "
        "a recorded machine or a directory with a copy of /sys"
    )


FORMS = {
    "acpidump": "acpidump text",
    "iasl": "iasl text (its raw table data)",
    "iasl-fields": "iasl text (its fields, as there is no raw table data)",
    "hexdump-c": "hexdump -C text",
    "hexdump": "hexdump text",
    "xxd": "xxd text",
    "od": "od text",
    "format-hex": "PowerShell Format-Hex text",
    "hex-dump": "a hex dump",
    "hex": "hexadecimal digits",
    "c-source": "numbers of C or assembly source",
    "base64": "base64",
    "uuencode": "uuencode",
}
"""Words for each value of a ``TextForm``, whose module takes 6 ms to import."""


def packed_data(packing: str) -> str:
    """Return the source of a table that the tools `packing` packed; empty if it is not packed."""
    return f"{packing} data" if packing else ""


def tables_read_from(tables: Sequence[TextTable], packing: str = "") -> str:
    """Return the source of `tables`, with their lines; empty for acpidump text alone."""
    wanted = [table for table in tables if table.signature in DECODED_SIGNATURES]
    if not packing and all(table.form.value == "acpidump" for table in wanted):
        return ""
    places = "; ".join(table_read_from(table) for table in wanted[:4])
    more = f" and {len(wanted) - 4} more" if len(wanted) > 4 else ""
    return f"{places}{more}" + (f", in {packing} data" if packing else "")


def table_read_from(table: TextTable) -> str:
    """Return the source of one table."""
    order = f" ({8 * table.word}-bit words, low byte first)" if table.word > 1 else ""
    lines = f"line {table.line}"
    if table.last_line > table.line:
        lines = f"lines {table.line}-{table.last_line}"
    return f"{FORMS[table.form.value]}{order}, {lines}"
