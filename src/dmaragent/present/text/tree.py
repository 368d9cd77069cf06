"""Remapping units, their scopes and the devices behind them, as a tree for people."""

from collections.abc import Iterator
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.host.topology import BusIndex, PciFunction, Presence
from dmaragent.inventory import Inventory
from dmaragent.iommu.claims import ClaimKind, DeviceKind, Owner
from dmaragent.iommu.model import RemappingUnit
from dmaragent.iommu.vendor import iommu_vendor
from dmaragent.present.text.inventory import limits_text
from dmaragent.present.text.tables import paragraph
from dmaragent.present.words.device import class_name
from dmaragent.present.words.numbers import count, numbered_regions
from dmaragent.present.words.table import device_words
from dmaragent.present.words.units import unit_head
from dmaragent.readings import Missing

_DEEPEST = 12
"""Deeper nodes are not indented further."""
GAP = "\N{NO-BREAK SPACE}" * 2
"""The space between the parts of a line."""


class Node(NamedTuple):
    """One line of the tree: its depth and its text."""

    depth: int
    text: str
    sbdf: SBDF | None = None
    """The function that it is about."""
    regions: bool = False
    """Whether a region names that function."""


def tree_text(inventory: Inventory) -> Iterator[str]:
    """Yield the lines of ``dmaragent inventory --tree``."""
    yield from limits_text(inventory)
    for node in tree_nodes(inventory):
        yield from paragraph(node.text, indent=2 * min(node.depth, _DEEPEST), hang=2)


def tree_nodes(inventory: Inventory) -> Iterator[Node]:
    """Yield the units, their scopes in table order and the functions behind them."""
    if not inventory.units:
        structure = iommu_vendor(inventory.host).unit_structure
        table = inventory.iommu
        sentence = f"The table has no remapping unit ({structure})."
        if isinstance(table, Missing) or table.header is None:
            sentence = f"The remapping units ({structure}) are unknown."
        elif table.hides_structures:
            sentence = f"The decoded part of the table has no remapping unit ({structure})."
        yield Node(0, sentence)
        return
    tree = _Tree(inventory)
    for unit in inventory.units:
        yield from tree.unit(unit)
    yield from tree.unserved()


class _Tree:
    """The functions of the host by bus, and the regions of each."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._unit_of = inventory.linux.unit_of
        self._capabilities = inventory.capabilities
        self._known = inventory.host.topology.known
        self._functions = inventory.host.topology.functions
        self._index = BusIndex(inventory.host.topology)
        self._virtual: dict[SBDF, list[PciFunction]] = {}
        """By device: the functions that share its unit, virtual ones and those behind VMD."""
        for function in sorted(self._known.values(), key=lambda function: function.sbdf):
            served_with = function.vmd or function.physical_function
            if served_with is not None:
                self._virtual.setdefault(served_with, []).append(function)
        self._regions: dict[SBDF, list[int]] = {}
        for region in inventory.regions:
            for owner in region.owners:
                numbers = self._regions.setdefault(owner.sbdf, []) if owner.sbdf else []
                if region.number not in numbers:
                    numbers.append(region.number)

    def unit(self, unit: RemappingUnit) -> Iterator[Node]:
        """Yield a unit, its scopes in table order and the functions behind them."""
        yield Node(0, unit_head(self._inventory, unit))
        if unread := self._unread_ids(unit):
            yield Node(1, f"device IDs {', '.join(unread)}, whose PCI functions were not read")
        shown: set[SBDF] = set()
        for owner in unit.owners:
            yield from self._scope(owner, shown)
        if unit.serves_rest:
            rest = [sbdf for sbdf in sorted(self._known) if self._unit_of.get(sbdf) is unit]
            rest = [sbdf for sbdf in rest if sbdf not in shown]
            number, end = count(len(rest), "function"), ""
            if isinstance(self._functions, Missing):
                number, end = "all functions", "; the PCI functions were not read"
            yield Node(1, f"INCLUDE_PCI_ALL: {number} that no other unit names{end}")
            for sbdf in rest:
                yield from self._shown(self._known[sbdf], 2, shown)
            return
        if not unit.owners and not unread:
            yield Node(1, "no device scope and no INCLUDE_PCI_ALL: serves no device")
        rest = [
            sbdf
            for sbdf in sorted(self._known)
            if self._unit_of.get(sbdf) is unit and sbdf not in shown
        ]
        if rest:
            number = count(len(rest), "function")
            yield Node(1, f"Behind its bridges, by bus number: {number} more")
            for sbdf in rest:
                yield from self._shown(self._known[sbdf], 2, shown)

    def _unread_ids(self, unit: RemappingUnit) -> list[str]:
        """Return the device IDs that `unit` serves, if the functions with these IDs are unknown."""
        if not isinstance(self._functions, Missing):
            return []
        return [
            claim.as_written
            for claim in unit.claims
            if claim.device is DeviceKind.FUNCTION and claim.kind is not ClaimKind.PATH
        ]

    def unserved(self) -> Iterator[Node]:
        """Yield the functions that no unit serves, if there are units."""
        rest = [sbdf for sbdf in sorted(self._known) if sbdf not in self._unit_of]
        unknown = [sbdf for sbdf in rest if not self._known[sbdf].dma_known]
        without = [sbdf for sbdf in rest if self._known[sbdf].dma_known]
        if without:
            yield Node(0, f"No unit serves {count(len(without), 'function')}")
            for sbdf in without:
                yield self._function(self._known[sbdf], 1)
        if unknown:
            number = count(len(unknown), "function")
            yield Node(
                0,
                f"Unit unknown: {number} behind Intel VMD, whose parent was not collected",
            )
            for sbdf in unknown:
                yield self._function(self._known[sbdf], 1)

    def _scope(self, owner: Owner, shown: set[SBDF]) -> Iterator[Node]:
        kind = device_words(owner.claim)
        where = owner.as_written if owner.sbdf is None else str(owner.sbdf)
        if owner.device not in (DeviceKind.FUNCTION, DeviceKind.BRIDGE):
            name = owner.claimant.name
            number = owner.claim.path.number if owner.claim.path else ""
            yield Node(1, f"{kind} {number} at {where}{f', {name}' if name else ''}")
            return
        function = owner.function
        if function is None:
            absent = "absent" if owner.presence is Presence.ABSENT else "presence unknown"
            yield Node(1, f"{where}{GAP}{kind}, {absent}", owner.sbdf)
            return
        yield from self._shown(function, 1, shown)
        if owner.device is DeviceKind.BRIDGE:
            yield from self._below(function, 2, shown)

    def _shown(self, function: PciFunction, depth: int, shown: set[SBDF]) -> Iterator[Node]:
        """Yield a function and those that share its unit: virtual ones, and those behind VMD."""
        for served in (function, *self._virtual.get(function.sbdf, ())):
            if served.sbdf not in shown:
                shown.add(served.sbdf)
                yield self._function(
                    served, depth if served is function else depth + bool(served.vmd)
                )

    def _below(self, bridge: PciFunction, depth: int, shown: set[SBDF]) -> Iterator[Node]:
        """Yield the functions behind `bridge`, each once even if the bus numbers form a loop."""
        if bridge.secondary_bus is None:
            return
        for function in self._index.on(bridge.sbdf.segment, bridge.secondary_bus):
            if function.sbdf in shown:
                continue
            yield from self._shown(function, depth, shown)
            if function.is_bridge:
                yield from self._below(function, depth + 1, shown)

    def _function(self, function: PciFunction, depth: int) -> Node:
        what = class_name(function)
        driver = f", {function.driver}" if function.driver else ""
        regions = self._regions.get(function.sbdf, [])
        mark = f"{GAP}{numbered_regions(regions)}" if regions else ""
        cached = function.sbdf in self._capabilities.translation_cached
        port = function.sbdf in self._capabilities.ats_root_ports
        ats = ", ATS cache" if cached else ", ATS" if port else ""
        behind = f", behind Intel VMD {function.vmd}" if function.vmd else ""
        line = f"{function.sbdf}{GAP}{what}{driver}{ats}{behind}{mark}"
        return Node(depth, line, function.sbdf, bool(regions))
