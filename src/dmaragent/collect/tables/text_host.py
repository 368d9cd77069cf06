"""From text to a host: the tables in it, whatever program wrote them."""

from dmaragent.collect.formats.packed_file import Unpacked
from dmaragent.collect.reader import HostReader
from dmaragent.collect.reports.acpidump_files import name_tables
from dmaragent.collect.tables.host import TABLE, TableHost, packed_words
from dmaragent.collect.tables.text_words import (
    count_tables,
    next_step,
    no_table_words,
    reading_words,
)
from dmaragent.errors import HostError
from fwtables.found_in_text import find_in_text
from fwtables.signatures import SIGNATURES
from fwtables.table_or_text import is_binary_table


def open_text(content: bytes, path: str, given: Unpacked) -> tuple[HostReader, str, str, str]:
    """Return the host of the tables in `content`, its kind, what it was read from and what is wrong.

    Raises:
        HostError: there are none.

    """
    found = find_in_text(content)
    if not found.tables and is_binary_table(content):
        return TableHost.of(content), TABLE, packed_words(given.packing), given.problem
    if found.tables:
        tables = [each for each in found.tables if each.signature in SIGNATURES]
        if not tables:
            raise HostError(
                f"{path} holds {count_tables(len(found.tables))}, and none that is DMAR, RMAD or "
                "XMAR",
                "dump all tables of the host: acpidump without options, as root",
            )
        damage = [each.damage for each in tables if each.damage]
        return (
            TableHost(name_tables(found.tables)),
            tables[0].form.value,
            reading_words(tables, given.packing),
            "; ".join(filter(None, (given.problem, *damage))),
        )
    unread = f"; {given.problem}" if given.problem else ""
    raise HostError(
        f"{path} is not a host: {no_table_words(found)}{unread}", next_step(found, path)
    )
