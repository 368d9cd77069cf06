"""Collectors of reports, told by what they leave, and whether they take the ACPI tables."""

from dmaragent.collect.formats.tree import FileTree
from dmaragent.collect.reports.files import PLUGINS, names_in

_KNOWN: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset({"logs"}),
        frozenset({"devices", "host"}),
        "hw-probe takes the ACPI tables only with -dump-acpi",
    ),
    (frozenset({PLUGINS}), frozenset({PLUGINS}), "this sosreport holds none"),
    (
        frozenset({"qubes-release"}),
        frozenset({"qubes-release"}),
        "a Qubes HCL report never holds ACPI tables",
    ),
    (
        frozenset({"basic-environment.txt"}),
        frozenset({"basic-environment.txt"}),
        "supportconfig takes no ACPI tables",
    ),
    (
        frozenset(),
        frozenset({"xl-info.out", "xl-dmesg.out", "xapi-db.xml"}),
        "this xen-bugtool report has no acpidump.out",
    ),
)
"""Names at the top of a report: all of the first and one of the second; why it has no table."""
_MARKERS = frozenset(name for every, some, _ in _KNOWN for name in every | some)


def is_marker(path: str) -> bool:
    """Return whether the name at the absolute `path` of a report tells its collector."""
    return path[1:] in _MARKERS


def no_table_words(tree: FileTree) -> str:
    """Return why the report `tree` holds no table; nothing if its collector is not known."""
    names = set(names_in(tree, ""))
    return next((words for every, some, words in _KNOWN if every <= names and some & names), "")
