"""A copied root file system in a tree: where it is, and the ACPI tables dumped beside it."""

from dmaragent.collect.dumps import DumpedTablesHost, find_dump, lacks_tables, named_tables
from dmaragent.collect.reader import HostReader
from dmaragent.collect.recorded import DirectoryHost, TableHost
from dmaragent.collect.tree import FileTree

_OF_SYS = ("/firmware/acpi", "/bus/pci")
"""What a directory holds that is itself a copied /sys."""


def copied_root(tree: FileTree) -> HostReader | None:
    """Find a copied root in `tree` or its root/, or a copied /sys that `tree` itself is.

    Where it has no DMAR table, those of acpidump text in it are its tables.
    """
    for root in (tree, tree.below("/root")):
        copied = DirectoryHost(root)
        has_sys = root.is_directory("/sys")
        dump = find_dump(root) if not has_sys or lacks_tables(copied) else None
        if dump is not None:
            return DumpedTablesHost(copied, TableHost(named_tables(dump)))
        if has_sys:
            return copied
    if any(map(tree.is_directory, _OF_SYS)):
        return DirectoryHost(tree, below="/sys")
    return None
