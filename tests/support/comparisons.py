"""Comparisons of hosts made up in a test, and their mirror image."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

from dmaragent.checks import check
from dmaragent.collect.collect import collect
from dmaragent.comparison import compare
from dmaragent.comparison.model import Changed, Comparison, FindingFate, RegionFate, Side
from dmaragent.host import join
from dmaragent.inventory import Inventory, Region, take_inventory
from dmaragent.iommu.claims import Owner
from dmaragent.iommu.model import RemappingUnit
from dmaragent.readings import Missing, MissingKind
from support.hosts import FakeHost, Function, fake_host

_SWAPPED: dict[Any, Any] = {
    RegionFate.APPEARED: RegionFate.GONE,
    RegionFate.GONE: RegionFate.APPEARED,
    FindingFate.APPEARED: FindingFate.GONE,
    FindingFate.GONE: FindingFate.APPEARED,
    Side.A: Side.B,
    Side.B: Side.A,
}


def host_of(data: bytes, functions: list[Function] | None = None) -> FakeHost:
    """Make a host of a table and PCI functions; None: they were not collected."""
    host = fake_host(functions or [], {"DMAR": data})
    if functions is None:
        host.complete = ("/sys/firmware/acpi/",)
        host.calls["udev-pci"] = Missing(MissingKind.NOT_COLLECTED)
        del host.directories["/sys/bus/pci/devices"]
    return host


def inventory_of(data: bytes, functions: list[Function] | None = None) -> Inventory:
    """Take the inventory of such a host."""
    return take_inventory(join(collect(host_of(data, functions))))


def compared(a: Inventory, b: Inventory) -> Comparison:
    """Compare two hosts with the findings on each."""
    return compare(a, b, check(a), check(b))


def digest(found: Comparison, *, swapped: bool = False) -> dict[str, Counter[Hashable]]:
    """Give what a comparison says without its order; with `swapped`, as from the other side."""

    def pair(a: Hashable, b: Hashable) -> Hashable:
        return (b, a) if swapped else (a, b)

    def fate(one: Hashable) -> Hashable:
        return _SWAPPED.get(one, one) if swapped else one

    def changes(some: Iterable[Changed]) -> Hashable:
        return frozenset((one.what, pair(one.old, one.new)) for one in some)

    return {
        "facts": Counter([changes(found.facts)]),
        "regions": Counter(
            (
                fate(one.fate),
                one.certain,
                pair(_region(one.a), _region(one.b)),
                frozenset(
                    (pair(_owner(each.a), _owner(each.b)), changes(each.changes))
                    for each in one.owners
                ),
                changes(one.changes),
            )
            for one in found.regions
        ),
        "xen": Counter([changes(found.xen)]),
        "order": Counter([found.table_order is not None]),
        "renumbered": Counter(pair(one.a.sbdf, one.b.sbdf) for one in found.renumbered),
        "units": Counter(
            (
                pair(_unit(one.a), _unit(one.b)),
                changes(one.changes),
                pair(
                    frozenset(map(_owner, one.scopes_gone)),
                    frozenset(map(_owner, one.scopes_added)),
                ),
            )
            for one in found.units
        ),
        "structures": Counter((fate(one.side), one.structure) for one in found.structures),
        "findings": Counter(
            (fate(one.fate), pair(one.a and one.a.key, one.b and one.b.key), one.why)
            for one in found.findings
        ),
        "not compared": Counter((one.what, fate(one.side)) for one in found.not_compared),
    }


def _region(region: Region | None) -> Hashable:
    if region is None:
        return None
    owners = tuple(sorted((_owner(one) for one in region.owners), key=repr))
    return region.segment, region.first, region.last, owners


def _owner(owner: Owner | None) -> Hashable:
    if owner is None:
        return None
    kind = owner.claim.path and owner.claim.path.type
    return kind, owner.sbdf, owner.as_written, owner.hops, owner.presence


def _unit(unit: RemappingUnit | None) -> Hashable:
    if unit is None:
        return None
    owners = tuple(map(_owner, unit.owners))
    return unit.segment, unit.registers, unit.register_size, unit.serves_rest, unit.flags, owners
