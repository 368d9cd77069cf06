"""Reject files that are from two hosts: the devices of one are never joined to another's regions."""

from collections.abc import Mapping

from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.ledger import ACPI_TABLES
from dmaragent.collect.support_reports.acpidump_files import find_dump
from dmaragent.collect.support_reports.facts import ReportFacts
from dmaragent.collect.tables.files import FoundTables, are_among, search_tables, text_damage
from dmaragent.collect.tables.host import differ, name_tables
from dmaragent.collect.words import hosts as hosts_words
from fwtables.acpidump import read_acpidump
from fwtables.signatures import SIGNATURE_NAMES

_OF_TABLES = frozenset({"acpi", "acpi_tables", "acpitables", "dmar", "firmware", "ivrs", "tables"})
"""Directories beside a report that have its tables, by their names."""


def refuse_two_hosts(where: str, facts: ReportFacts) -> None:
    """Reject a report whose files are not from one host.

    Raises:
        HostError: they are not.

    """
    found = facts.contradiction()
    if found is not None:
        path, other, what = found
        raise hosts_words.not_one_host(where, [path.lstrip("/"), other.lstrip("/")], what)


def refuse_other_tables(
    where: str, facts: ReportFacts, place: str, tables: Mapping[str, bytes]
) -> None:
    """Reject the `tables` of a report, at `place`, if they differ or its boot log lists others.

    Raises:
        HostError: they do, or it does.

    """
    if differ(tables):
        raise hosts_words.different_tables(where, [place])
    ours = [data for name, data in tables.items() if name.startswith(SIGNATURE_NAMES)]
    log = facts.other_tables_logged(ours)
    if log:
        raise hosts_words.not_one_host(where, [place, log.lstrip("/")], "tables of the IOMMU")


def refuse_second_tables(
    where: str, root: FileTree, facts: ReportFacts, tables: Mapping[str, bytes]
) -> None:
    """Reject a copied /sys with `tables` if a file beside it has other ones, or the log lists such.

    Raises:
        HostError: one has, or it does.

    """
    if not tables:
        return
    log = facts.other_tables_logged(tables.values())
    if log:
        paths = [ACPI_TABLES.path[1:], log.lstrip("/")]
        raise hosts_words.not_one_host(where, paths, "tables of the IOMMU")
    files = search_tables(root, deepest=0).found
    dump = find_dump(root)
    if dump is not None:
        dumped = read_acpidump(dump[1])
        files.append(FoundTables(dump[0], name_tables(dumped), text_damage(dumped)))
    for file in files:
        if not file.problem and not are_among(file.tables, tables):
            raise hosts_words.different_tables(where, [ACPI_TABLES.path[1:], file.path[1:]])


def refuse_table_elsewhere(where: str, top: str, table: str) -> None:
    """Reject the report in the directory `top` if its only table is in another directory.

    Raises:
        HostError: it is, so the table can be that of another host.

    """
    folder = table[1:].partition("/")[0] if "/" in table[1:] else top
    if top and folder != top and folder.lower() not in _OF_TABLES:
        raise hosts_words.table_elsewhere(where, top, table[1:])
