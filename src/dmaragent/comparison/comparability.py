"""What of two hosts can be held against each other, and what cannot: said, never left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dmaragent.comparison.model import NotCompared, Side
from dmaragent.inventory import Inventory, LinuxState
from dmaragent.iommu.no_table import AbsenceKind
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListSource
from fwtables import Damage, DamageKind, Decoded

_REALLY_NONE = frozenset(
    {
        AbsenceKind.AMD,
        AbsenceKind.ARM,
        AbsenceKind.VIRTUAL_MACHINE,
        AbsenceKind.VTD_OFF,
        AbsenceKind.UNKNOWN,
    }
)
"""The cases in which the host was asked and has no table; in others there may be one."""
_HARMLESS = frozenset({DamageKind.CHECKSUM, DamageKind.TRAILING_BYTES})
"""Damage that hides no structure."""
_SOURCE_WORDS = {
    ListSource.HYPERVISOR: "the hypervisor's own",
    ListSource.PREDICTED: "predicted",
    ListSource.UNKNOWN: "not known",
}


class TableState(Enum):
    """Whether a host's table can be compared."""

    THERE = "there"
    NONE = "none"
    """The host has none, which is known."""
    UNKNOWN = "unknown"
    """It was not collected, could not be read, or nothing of it could be decoded."""


def table_state(inventory: Inventory) -> TableState:
    """Tell whether the table of `inventory` can be compared."""
    if isinstance(inventory.table, Decoded):
        return TableState.UNKNOWN if inventory.table.table is None else TableState.THERE
    absence = inventory.absence
    none = absence is not None and absence.kind in _REALLY_NONE
    return TableState.NONE if none else TableState.UNKNOWN


def damage_of(inventory: Inventory) -> tuple[Damage, ...]:
    """Give what is wrong with the bytes of its table; nothing where there is none."""
    return inventory.table.damage if isinstance(inventory.table, Decoded) else ()


def hides_structures(inventory: Inventory) -> bool:
    """Tell whether its table is damaged so that a structure of it may not have been read."""
    return any(one.kind not in _HARMLESS for one in damage_of(inventory))


def knows_functions(inventory: Inventory) -> bool:
    """Tell whether its PCI functions were collected."""
    return not isinstance(inventory.host.topology.functions, Missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """What both sides know, so that it can be compared."""

    tables: bool
    functions: bool
    xen_list: bool
    linux: bool


def comparable_parts(a: Inventory, b: Inventory) -> Comparable:
    """Tell what `a` and `b` both know."""
    source = a.xen.list.source
    sources = source is b.xen.list.source and source is not ListSource.UNKNOWN
    functions = knows_functions(a) and knows_functions(b)
    alike = knows_functions(a) is knows_functions(b) and _knows_map(a) is _knows_map(b)
    states = {a.linux_state, b.linux_state}
    return Comparable(
        tables=TableState.UNKNOWN not in (table_state(a), table_state(b)),
        functions=functions,
        xen_list=sources and (source is ListSource.HYPERVISOR or alike),
        linux=functions and LinuxState.UNDER_XEN not in states,
    )


def blocker(a: Inventory, b: Inventory) -> NotCompared | None:
    """Say why nothing can be compared: no table of one side is known, nor both lists of Xen."""
    if a.xen.list.source is b.xen.list.source is ListSource.HYPERVISOR:
        return None
    states = {Side.A: table_state(a), Side.B: table_state(b)}
    for side, state in states.items():
        if state is TableState.UNKNOWN:
            return NotCompared("table", side, _why_no_table(a if side is Side.A else b))
    if set(states.values()) == {TableState.NONE}:
        return NotCompared("table", None, "neither has a DMAR table")
    return None


def not_compared(a: Inventory, b: Inventory, known: Comparable) -> Iterator[NotCompared]:
    """Say what of two hosts that can be compared is left out, and why."""
    for side, one in ((Side.A, a), (Side.B, b)):
        if table_state(one) is TableState.UNKNOWN:
            yield NotCompared("table", side, _why_no_table(one))
        if hides_structures(one):
            why = "its table is damaged: what it seems to lack may be there"
            yield NotCompared("damaged-table", side, why)
    if not known.functions:
        neither = not knows_functions(a) and not knows_functions(b)
        lacking = None if neither else Side.B if knows_functions(a) else Side.A
        why = "the PCI functions were not collected: whether owners are there is not compared"
        yield NotCompared("pci-functions", lacking, why)
    for side, one, other in ((Side.A, a, b), (Side.B, b, a)):
        if _knows_map(other) and not _knows_map(one):
            why = "the firmware's memory map is not known: where regions lie in it is not compared"
            yield NotCompared("memory-map", side, why)
    yield from _lists(a, b, known)
    if known.functions and (a.linux_state is LinuxState.UNDER_XEN) is not (
        b.linux_state is LinuxState.UNDER_XEN
    ):
        side = Side.A if a.linux_state is LinuxState.UNDER_XEN else Side.B
        why = "it runs on Xen, which owns the IOMMU: what Linux holds is not compared"
        yield NotCompared("linux", side, why)


def _lists(a: Inventory, b: Inventory, known: Comparable) -> Iterator[NotCompared]:
    one, other = a.xen.list.source, b.xen.list.source
    if one is not other:
        why = (
            f"Xen's list is {_SOURCE_WORDS[one]} on A and {_SOURCE_WORDS[other]} on B: "
            "what Xen lists is not compared"
        )
        yield NotCompared("xen-list", None, why)
    elif not known.xen_list and one is ListSource.PREDICTED:
        why = (
            "Xen's list is predicted, and on one side without the PCI functions or the memory "
            "map that decide it: what Xen lists is not compared"
        )
        yield NotCompared("xen-list", None, why)


def _knows_map(inventory: Inventory) -> bool:
    return not isinstance(inventory.host.memory_map, Missing)


def _why_no_table(inventory: Inventory) -> str:
    """Say briefly why its table is not known; the absence has the whole story."""
    if isinstance(inventory.table, Decoded):
        return "nothing of its table can be decoded"
    kind = "unknown" if inventory.absence is None else inventory.absence.kind.value
    return f"its table is not known ({kind})"
