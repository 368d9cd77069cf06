"""ACPI tables as a host: a table file, or text that contains tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dmaragent.collect.ledger import ACPI_TABLE, ACPI_TABLES, HostRequest
from dmaragent.readings import NOT_COLLECTED, Missing
from fwtables.signatures import SIGNATURE_NAMES

if TYPE_CHECKING:
    from fwtables.acpidump import DumpedTable
    from fwtables.found_in_text import TextTable

TABLE = "table"
"""The kind of a binary table file."""


class TableHost:
    """One or several ACPI tables and nothing else: a table file, acpidump text."""

    def __init__(self, tables: Mapping[str, bytes]) -> None:
        self._tables = {ACPI_TABLE.request(name).path: data for name, data in tables.items()}
        self._names = tuple(sorted(tables))

    @classmethod
    def of(cls, table: bytes) -> TableHost:
        """Return the host of one table, named by its signature."""
        return cls({table[:4].decode("ascii"): table})

    @classmethod
    def of_text(cls, tables: Sequence[DumpedTable | TextTable]) -> TableHost:
        """Return the host of the tables in a text."""
        return cls(name_tables(tables))

    def read(self, request: HostRequest) -> bytes | Missing:
        """Return the table of that name."""
        return self._tables.get(request.path, NOT_COLLECTED)

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Return the names of the tables."""
        return self._names if request.path == ACPI_TABLES.path else NOT_COLLECTED

    def link(self, request: HostRequest) -> str | Missing:
        """Return that no link was collected."""
        return NOT_COLLECTED

    def call(self, request: HostRequest) -> bytes | Missing:
        """Return that no call was collected."""
        return NOT_COLLECTED


def name_tables(tables: Sequence[DumpedTable | TextTable]) -> dict[str, bytes]:
    """Return `tables` under the kernel's names: with a number if there are several."""
    numbers = Counter(table.signature for table in tables)
    counted: Counter[bytes] = Counter()
    named: dict[str, bytes] = {}
    for table in tables:
        counted[table.signature] += 1
        number = counted[table.signature] if numbers[table.signature] > 1 else ""
        named[f"{table.signature.decode('ascii')}{number}"] = table.data
    return named


def differ(tables: Mapping[str, bytes]) -> bool:
    """Return whether `tables`, of one text, contain different tables of IOMMUs.

    A host with several is rare. Far more often, such a text has the tables of two hosts.
    """
    ours = {data for name, data in tables.items() if name.startswith(SIGNATURE_NAMES)}
    return len(ours) > 1
