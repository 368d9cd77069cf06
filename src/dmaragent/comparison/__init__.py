"""The comparison of two hosts, tables or recordings: regions, devices, findings, guests.

Pure: :func:`compare` is a function from two inventories, with what was found on each, to a
:class:`~dmaragent.comparison.model.Comparison`.  What is unknown on one side is listed as such, and
never counts as gone.
"""

from dataclasses import replace
from zlib import crc32

from dmaragent.checks.common.facts import common_facts
from dmaragent.checks.common.model import Checked
from dmaragent.comparison.comparability import (
    blocker,
    comparable_parts,
    hides_structures,
    not_compared,
)
from dmaragent.comparison.devices import renumbered
from dmaragent.comparison.facts import TABLE_FACTS, changed_facts, unknown_facts
from dmaragent.comparison.findings import finding_changes
from dmaragent.comparison.model import Changed, Comparison, GuestChanges
from dmaragent.comparison.regions import (
    holds_not_compared,
    listings_not_compared,
    match_regions,
    memory_not_compared,
    shows_bytes,
)
from dmaragent.comparison.units import structure_changes, unit_changes
from dmaragent.comparison.xen_list import list_changes, table_order
from dmaragent.inventory import Inventory


def compare(
    a: Inventory,
    b: Inventory,
    found_a: Checked,
    found_b: Checked,
    guests: GuestChanges | None = None,
) -> Comparison:
    """Return what differs between two whole hosts; `found_a` and `found_b` are their findings."""
    comparable = comparable_parts(a, b)
    regions = match_regions(a, b, comparable) if comparable.tables else ()
    findings, same = finding_changes(
        found_a, found_b, regions, hidden_a=hides_structures(a), hidden_b=hides_structures(b)
    )
    comparison = Comparison(
        blocker=blocker(a, b),
        facts=tuple(changed_facts(a, b)),
        regions=regions,
        xen=tuple(list_changes(a, b, regions, comparable)),
        table_order=table_order(regions),
        renumbered=renumbered(a.host.topology, b.host.topology),
        units=unit_changes(a, b) if comparable.tables else (),
        structures=tuple(structure_changes(a, b)) if comparable.tables else (),
        findings=findings,
        findings_same=same,
        not_compared=(
            *not_compared(a, b, comparable),
            *memory_not_compared(regions),
            *(listings_not_compared(regions) if comparable.xen_list else ()),
            *(holds_not_compared(regions) if comparable.linux else ()),
            *unknown_facts(a, b),
        ),
        guests=guests,
    )
    return _with_other_bytes(comparison, a, b)


def _with_other_bytes(comparison: Comparison, a: Inventory, b: Inventory) -> Comparison:
    """Add that the tables' bytes differ, if no other difference shows it."""
    old, new = common_facts(a).content, common_facts(b).content
    header = any(fact.what in TABLE_FACTS for fact in comparison.facts)
    explained = (header, comparison.units, comparison.structures, comparison.table_order)
    regions = any(map(shows_bytes, comparison.regions))
    if not old or not new or old == new or any(explained) or regions:
        return comparison
    fact = Changed("table-bytes", *(f"CRC-32 {crc32(content):08x}" for content in (old, new)))
    return replace(comparison, facts=(*comparison.facts, fact))
