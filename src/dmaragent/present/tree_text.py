"""Units, their scopes and the devices behind them, as a tree for people."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from dmaragent.pci_classes import class_words
from dmaragent.present.escaping import visible
from dmaragent.present.wording import count, scope_words, span_words
from dmaragent.topology import Located, PciFunction, Presence
from dmaragent.units import Unit
from fwtables.constants import ScopeType


def tree_text(inventory: Inventory) -> list[str]:
    """Give the lines of ``dmaragent inventory --tree``."""
    if not inventory.units:
        return ["The table has no unit (DRHD)."]
    tree = _Tree(inventory)
    return [line for unit in inventory.units for line in tree.unit(unit)]


class _Tree:
    """The functions of the host by the bus they are on, and the regions of each."""

    def __init__(self, inventory: Inventory) -> None:
        self._unit_of = inventory.unit_of
        self._capabilities = inventory.capabilities
        self._known = inventory.host.topology.known
        self._on_bus: dict[tuple[int, int], list[PciFunction]] = {}
        for sbdf in sorted(self._known):
            self._on_bus.setdefault((sbdf.segment, sbdf.bus), []).append(self._known[sbdf])
        self._regions: dict[SBDF, list[int]] = {}
        for region in inventory.regions:
            for owner in region.owners:
                if owner.sbdf is not None:
                    self._regions.setdefault(owner.sbdf, []).append(region.number)

    def unit(self, unit: Unit) -> Iterator[str]:
        drhd = unit.drhd
        node = "" if unit.proximity_domain is None else f", NUMA node {unit.proximity_domain}"
        yield (
            f"DRHD at 0x{unit.offset:x}  segment {drhd.segment_number:04x}, "
            f"registers 0x{drhd.register_base_address:x}{node}"
        )
        for place in unit.scopes:
            yield from self._scope(place)
        if drhd.include_pci_all:
            yield from self._rest(unit)
        elif not unit.scopes:
            yield "  no device scope, and not INCLUDE_PCI_ALL: serves nothing"

    def _scope(self, place: Located) -> Iterator[str]:
        scope = place.scope
        kind = scope_words(scope.type)
        path = f"{scope.start_bus_number:02x}:" + ">".join(map(str, scope.path))
        where = str(place.sbdf) if place.sbdf is not None else path
        if scope.type not in (ScopeType.PCI_ENDPOINT, ScopeType.PCI_SUB_HIERARCHY):
            name = self._capabilities.namespace_names.get(scope.enumeration_id, "")
            named = (
                f", {visible(name)}"
                if scope.type == ScopeType.ACPI_NAMESPACE_DEVICE and name
                else ""
            )
            yield f"  {kind} {scope.enumeration_id} at {where}{named}"
            return
        function = None if place.sbdf is None else self._known.get(place.sbdf)
        if function is None:
            absent = "absent" if place.presence is Presence.ABSENT else "not looked for"
            yield f"  {where}  {kind}, {absent}"
            return
        yield f"  {self._function(function)}"
        if scope.type == ScopeType.PCI_SUB_HIERARCHY:
            yield from self._below(function, 4, frozenset({function.sbdf}))

    def _below(self, bridge: PciFunction, indent: int, above: frozenset[SBDF]) -> Iterator[str]:
        """Yield what is on the bus behind `bridge`; `above` stops a ring of wrong bus numbers."""
        if bridge.secondary_bus is None:
            return
        for function in self._on_bus.get((bridge.sbdf.segment, bridge.secondary_bus), ()):
            if function.sbdf in above:
                continue
            yield " " * indent + self._function(function)
            if function.is_bridge:
                yield from self._below(function, indent + 2, above | {function.sbdf})

    def _rest(self, unit: Unit) -> Iterator[str]:
        rest = [sbdf for sbdf in sorted(self._known) if self._unit_of.get(sbdf) is unit]
        yield f"  INCLUDE_PCI_ALL: {count(len(rest), 'function')} that no other unit names"
        for sbdf in rest:
            yield f"    {self._function(self._known[sbdf])}"

    def _function(self, function: PciFunction) -> str:
        code = function.class_code
        what = "class not known" if code is None else class_words(code)
        driver = f", {visible(function.driver)}" if function.driver else ""
        regions = self._regions.get(function.sbdf, [])
        mark = f"  region {span_words(regions)}" if regions else ""
        cached = function.sbdf in self._capabilities.translation_cached
        port = function.sbdf in self._capabilities.ats_root_ports
        ats = ", ATS cache" if cached else ", ATS" if port else ""
        return f"{function.sbdf}  {what}{driver}{ats}{mark}"
