"""Units, their scopes and the devices behind them, as a tree for people."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from dmaragent.pci_classes import class_words
from dmaragent.present.summary_text import limits_text
from dmaragent.present.tables import paragraph
from dmaragent.present.wording import count, scope_words, span_words
from dmaragent.topology import BusIndex, Located, PciFunction, Presence
from dmaragent.units import Unit
from fwtables.constants import ScopeType

_DEEPEST = 24
"""Columns; a tree deeper than that is not indented further."""


def tree_text(inventory: Inventory) -> Iterator[str]:
    """Yield the lines of ``dmaragent inventory --tree``."""
    yield from limits_text(inventory)
    if not inventory.units:
        yield "No unit (DRHD) is known." if inventory.absence else "The table has no unit (DRHD)."
        return
    tree = _Tree(inventory)
    for unit in inventory.units:
        yield from tree.unit(unit)
    yield from tree.unserved()


class _Tree:
    """The functions of the host by the bus they are on, and the regions of each."""

    def __init__(self, inventory: Inventory) -> None:
        self._unit_of = inventory.unit_of
        self._capabilities = inventory.capabilities
        self._known = inventory.host.topology.known
        self._index = BusIndex(inventory.host.topology)
        self._virtual: dict[SBDF, list[PciFunction]] = {}
        for function in self._known.values():
            if function.physical_function is not None:
                self._virtual.setdefault(function.physical_function, []).append(function)
        self._regions: dict[SBDF, list[int]] = {}
        for region in inventory.regions:
            for owner in region.owners:
                if owner.sbdf is not None:
                    self._regions.setdefault(owner.sbdf, []).append(region.number)

    def unit(self, unit: Unit) -> Iterator[str]:
        """Yield a unit, its scopes in table order and what is behind them."""
        drhd = unit.drhd
        node = "" if unit.proximity_domain is None else f", NUMA node {unit.proximity_domain}"
        yield (
            f"DRHD at 0x{unit.offset:x}  segment {drhd.segment_number:04x}, "
            f"registers 0x{drhd.register_base_address:x}{node}"
        )
        shown: set[SBDF] = set()
        for place in unit.scopes:
            yield from self._scope(place, shown)
        if drhd.include_pci_all:
            rest = [sbdf for sbdf in sorted(self._known) if self._unit_of.get(sbdf) is unit]
            rest = [sbdf for sbdf in rest if sbdf not in shown]
            yield f"  INCLUDE_PCI_ALL: {count(len(rest), 'function')} that no other unit names"
            for sbdf in rest:
                yield from self._shown(self._known[sbdf], 4, shown)
        elif not unit.scopes:
            yield "  no device scope, and not INCLUDE_PCI_ALL: serves nothing"

    def unserved(self) -> Iterator[str]:
        """Yield the functions that no unit serves, where there are units at all."""
        rest = [sbdf for sbdf in sorted(self._known) if sbdf not in self._unit_of]
        if rest:
            yield f"No unit serves {count(len(rest), 'function')}"
            for sbdf in rest:
                yield from paragraph(self._function(self._known[sbdf]), indent=2, hang=2)

    def _scope(self, place: Located, shown: set[SBDF]) -> Iterator[str]:
        scope = place.scope
        kind = scope_words(scope.type)
        path = f"{scope.start_bus_number:02x}:" + ">".join(map(str, scope.path))
        where = str(place.sbdf) if place.sbdf is not None else path
        if scope.type not in (ScopeType.PCI_ENDPOINT, ScopeType.PCI_SUB_HIERARCHY):
            name = self._capabilities.namespace_names.get(scope.enumeration_id, "")
            is_named = scope.type == ScopeType.ACPI_NAMESPACE_DEVICE and name
            said = f"{kind} {scope.enumeration_id} at {where}{f', {name}' if is_named else ''}"
            yield from paragraph(said, indent=2, hang=2)
            return
        function = None if place.sbdf is None else self._known.get(place.sbdf)
        if function is None:
            absent = "absent" if place.presence is Presence.ABSENT else "not looked for"
            said = f"{where}\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}{kind}, {absent}"
            yield from paragraph(said, indent=2, hang=2)
            return
        yield from self._shown(function, 2, shown)
        if scope.type == ScopeType.PCI_SUB_HIERARCHY:
            yield from self._below(function, 4, shown)

    def _shown(self, function: PciFunction, indent: int, shown: set[SBDF]) -> Iterator[str]:
        """Yield a function and its virtual functions, which are served with it."""
        for each in (function, *self._virtual.get(function.sbdf, ())):
            if each.sbdf not in shown:
                shown.add(each.sbdf)
                yield from paragraph(self._function(each), indent=indent, hang=2)

    def _below(self, bridge: PciFunction, indent: int, shown: set[SBDF]) -> Iterator[str]:
        """Yield what is on the bus behind `bridge`; each function once, whatever the numbers say."""
        if bridge.secondary_bus is None:
            return
        for function in self._index.on(bridge.sbdf.segment, bridge.secondary_bus):
            if function.sbdf in shown:
                continue
            yield from self._shown(function, indent, shown)
            if function.is_bridge:
                yield from self._below(function, min(indent + 2, _DEEPEST), shown)

    def _function(self, function: PciFunction) -> str:
        code = function.class_code
        what = "class not known" if code is None else class_words(code)
        driver = f", {function.driver}" if function.driver else ""
        regions = self._regions.get(function.sbdf, [])
        mark = (
            f"\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}region {span_words(regions)}" if regions else ""
        )
        cached = function.sbdf in self._capabilities.translation_cached
        port = function.sbdf in self._capabilities.ats_root_ports
        ats = ", ATS cache" if cached else ", ATS" if port else ""
        return f"{function.sbdf}\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}{what}{driver}{ats}{mark}"
