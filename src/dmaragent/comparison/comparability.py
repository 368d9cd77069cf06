"""Which parts of two hosts can be compared, and why the others cannot."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dmaragent.comparison import words
from dmaragent.comparison.model import NotCompared, Side
from dmaragent.inventory import Inventory
from dmaragent.iommu.kinds import CERTAINLY_NONE, AbsenceKind
from dmaragent.iommu.no_table import may_hide_table
from dmaragent.linux.view import LinuxState
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListSource
from fwtables import Damage


class TableState(Enum):
    """Whether a host's table can be compared."""

    THERE = "there"
    NONE = "none"
    """The host is known to have no table."""
    UNKNOWN = "unknown"
    """It was not collected, could not be read, or nothing of it could be decoded."""


def table_state(inventory: Inventory) -> TableState:
    """Return whether the table of `inventory` can be compared."""
    if not isinstance(inventory.iommu, Missing):
        return TableState.UNKNOWN if inventory.iommu.header is None else TableState.THERE
    return TableState.NONE if _has_none(inventory) else TableState.UNKNOWN


def _has_none(inventory: Inventory) -> bool:
    """Return whether the host certainly has no table, for a known reason or for another one.

    The list of ACPI tables shows that, unless Xen may leave the table out of it.
    """
    absence = inventory.absence
    if absence is not None and absence.kind is AbsenceKind.UNKNOWN:
        return not may_hide_table(inventory.host)
    return absence is not None and absence.kind in CERTAINLY_NONE


def damage_of(inventory: Inventory) -> tuple[Damage, ...]:
    """Return the damage of its table; empty if it has no table."""
    return () if isinstance(inventory.iommu, Missing) else inventory.iommu.damage


def hides_structures(inventory: Inventory) -> bool:
    """Return whether damage of its table may hide a structure."""
    return not isinstance(inventory.iommu, Missing) and inventory.iommu.hides_structures


def knows_functions(inventory: Inventory) -> bool:
    """Return whether its PCI functions were collected."""
    return not isinstance(inventory.host.topology.functions, Missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """Which parts both sides know, so that they can be compared."""

    tables: bool
    functions: bool
    xen_list: bool
    linux: bool


def comparable_parts(a: Inventory, b: Inventory) -> Comparable:
    """Return which parts `a` and `b` both know."""
    source = a.xen.list.source
    sources = source is b.xen.list.source and source is not ListSource.UNKNOWN
    functions = knows_functions(a) and knows_functions(b)
    alike = _know_alike(a, b) and _doubted_list(a, b) is None
    states = {a.linux.state, b.linux.state}
    return Comparable(
        tables=TableState.UNKNOWN not in (table_state(a), table_state(b)),
        functions=functions,
        xen_list=sources and (source is ListSource.HYPERVISOR or alike),
        linux=functions and LinuxState.UNDER_XEN not in states,
    )


def blocker(a: Inventory, b: Inventory) -> NotCompared | None:
    """Return why nothing can be compared: a table is unknown, and so is a list of Xen."""
    if a.xen.list.source is b.xen.list.source is ListSource.HYPERVISOR:
        return None
    states = {Side.A: table_state(a), Side.B: table_state(b)}
    for side, state in states.items():
        if state is TableState.UNKNOWN:
            return NotCompared("table", side, _why_no_table(a if side is Side.A else b))
    if set(states.values()) == {TableState.NONE}:
        return NotCompared("table", None, words.neither_has_a_table())
    return None


def not_compared(a: Inventory, b: Inventory, comparable: Comparable) -> Iterator[NotCompared]:
    """Yield the parts of two comparable hosts that are not compared, and why."""
    for side, inventory in ((Side.A, a), (Side.B, b)):
        if table_state(inventory) is TableState.UNKNOWN:
            yield NotCompared("table", side, _why_no_table(inventory))
        if hides_structures(inventory):
            yield NotCompared("damaged-table", side, words.table_damaged())
    if not comparable.functions:
        neither = not knows_functions(a) and not knows_functions(b)
        lacking = None if neither else Side.B if knows_functions(a) else Side.A
        yield NotCompared("pci-functions", lacking, words.functions_not_collected())
    for side, inventory, other in ((Side.A, a, b), (Side.B, b, a)):
        if _knows_map(other) and not _knows_map(inventory):
            yield NotCompared("memory-map", side, words.memory_map_not_known())
    yield from _lists_not_compared(a, b, comparable)
    if comparable.functions and (a.linux.state is LinuxState.UNDER_XEN) is not (
        b.linux.state is LinuxState.UNDER_XEN
    ):
        side = Side.A if a.linux.state is LinuxState.UNDER_XEN else Side.B
        yield NotCompared("linux", side, words.linux_under_xen())


def _lists_not_compared(
    a: Inventory, b: Inventory, comparable: Comparable
) -> Iterator[NotCompared]:
    source, other = a.xen.list.source, b.xen.list.source
    if source is not other:
        yield NotCompared("xen-list", None, words.lists_of_other_kinds(source, other))
    elif not comparable.xen_list and source is ListSource.PREDICTED:
        doubted = _doubted_list(a, b) if _know_alike(a, b) else None
        if doubted is None:
            yield NotCompared("xen-list", None, words.predictions_from_other_facts())
        else:
            side, doubt = doubted
            yield NotCompared("xen-list", side, words.list_not_certain(doubt))


def _know_alike(a: Inventory, b: Inventory) -> bool:
    """Return whether both sides have the same kinds of facts that decide a prediction."""
    return knows_functions(a) is knows_functions(b) and _knows_map(a) is _knows_map(b)


def _doubted_list(a: Inventory, b: Inventory) -> tuple[Side, str] | None:
    """Return the one side whose predicted list is not certain, and why.

    If both sides lack the memory map, the assumption is that of both.
    """
    ours, theirs = (each.xen.list.doubt or each.xen.list.unread for each in (a, b))
    no_maps = not _knows_map(a) and not _knows_map(b)
    if bool(ours) is bool(theirs) or no_maps:
        return None
    return (Side.A, ours) if ours else (Side.B, theirs)


def _knows_map(inventory: Inventory) -> bool:
    return not isinstance(inventory.host.memory_map, Missing)


def _why_no_table(inventory: Inventory) -> str:
    """Return briefly why its table is unknown; its absence has the evidence."""
    if not isinstance(inventory.iommu, Missing):
        return words.table_not_decoded()
    absence = inventory.absence
    if absence is not None and absence.kind is AbsenceKind.UNKNOWN:
        return words.table_may_be_hidden()
    return words.table_not_known("unknown" if absence is None else absence.kind.value)
