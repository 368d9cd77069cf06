"""ACPI tables as a host: what a table file or acpidump text answers."""

from collections.abc import Mapping

from dmaragent.collect.ledger import ACPI_TABLE, ACPI_TABLES, HostRequest
from dmaragent.readings import Missing, MissingKind

TABLE = "table"
"""A file of a table's bytes."""
_NOT_COLLECTED = Missing(MissingKind.NOT_COLLECTED)


class TableHost:
    """One or several ACPI tables and nothing else: a table file, acpidump text."""

    def __init__(self, tables: Mapping[str, bytes]) -> None:
        self._tables = {ACPI_TABLE.request(name).path: data for name, data in tables.items()}
        self._names = tuple(sorted(tables))

    @classmethod
    def of(cls, table: bytes) -> "TableHost":
        """Return the host of one table, named by its signature."""
        return cls({table[:4].decode("ascii"): table})

    def read(self, request: HostRequest) -> bytes | Missing:
        """Give the table of that name."""
        return self._tables.get(request.path, _NOT_COLLECTED)

    def list(self, request: HostRequest) -> tuple[str, ...] | Missing:
        """Give the names of the tables."""
        return self._names if request.path == ACPI_TABLES.path else _NOT_COLLECTED

    def link(self, request: HostRequest) -> str | Missing:
        """Say that there are no links."""
        return _NOT_COLLECTED

    def call(self, request: HostRequest) -> bytes | Missing:
        """Say that there are no calls."""
        return _NOT_COLLECTED


def packed_words(packing: str) -> str:
    """Return what a table was read from that the tools `packing` packed; empty if none did."""
    return f"{packing} data" if packing else ""
