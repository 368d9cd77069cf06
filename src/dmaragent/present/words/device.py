"""A PCI function in words: class, driver, slot, remapping unit, group and regions."""

from collections.abc import Collection, Iterator

from dmaragent.addresses import SBDF, span
from dmaragent.host.groups import IommuGroup
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.linux.regions import Hold
from dmaragent.linux.view import LinuxState
from dmaragent.pci_classes import class_words
from dmaragent.present.escaping import visible
from dmaragent.present.words.numbers import count
from dmaragent.present.words.units import used_block_words
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListSource


def class_name(function: PciFunction, unknown: str = "class unknown") -> str:
    """Return the class of a function."""
    if function.class_code is None:
        return unknown
    return class_words(function.class_code, interface_known=function.interface_known)


def short_class_name(function: PciFunction) -> str:
    """Return the class of a function without "controller": ``USB xHCI``, ``Ethernet``."""
    name = class_name(function, unknown="unknown class")
    return name.replace(" controller", "").replace("(", "").replace(")", "")


def device_name(function: PciFunction) -> str:
    """Return the name of a function in the hardware database, else its IDs."""
    names = [name for name in (function.vendor_name, function.device_name) if name]
    if names:
        return visible(" ".join(names))
    if function.vendor_id is None or function.device_id is None:
        return "-"
    return f"{function.vendor_id:04x}:{function.device_id:04x}"


def driver_words(function: PciFunction) -> str:
    """Return the name of a function's driver, "none", or that it is unknown."""
    if function.driver is None and not function.driver_known:
        return "unknown (not collected)"
    return visible(function.driver or "none")


def driver_cell(function: PciFunction | None) -> str:
    """Return a driver's name for a table: ``-`` if there is none, ``?`` if it is unknown."""
    if function is not None and function.driver is None and not function.driver_known:
        return "?"
    return visible((function and function.driver) or "-")


def device_headline(sbdf: SBDF, function: PciFunction | None) -> str:
    """Return a device in one line: address, class, name, driver, slot and group."""
    if function is None:
        return str(sbdf)
    facts = [
        f"{class_name(function)} ({device_name(function)})",
        f"driver {driver_words(function)}",
    ]
    if function.slot:
        facts.append(f"slot {visible(function.slot)}")
    if function.iommu_group is not None:
        facts.append(f"IOMMU group {function.iommu_group}")
    return f"{sbdf}  {', '.join(facts)}"


def card_facts(inventory: Inventory, function: PciFunction) -> Iterator[tuple[str, str]]:
    """Yield the facts about a function besides its verdicts: a label and a fact each."""
    yield "Driver", driver_words(function)
    if function.slot:
        yield "Slot", visible(function.slot)
    if function.physical_function is not None:
        yield "SR-IOV", f"virtual function of {function.physical_function}"
    elif function.total_vfs:
        yield "SR-IOV", f"supports {count(function.total_vfs, 'virtual function')}"
    if function.vmd is not None:
        yield "VMD", f"{function.vmd} (Intel VMD) issues its DMA; both have the same unit and group"
    unit = inventory.linux.unit_of.get(function.sbdf)
    if unit is not None:
        node = "" if unit.proximity_domain is None else f", NUMA node {unit.proximity_domain}"
        place = f"{unit.source.structure} at 0x{unit.source.offset:x}"
        yield (
            "Unit",
            f"{place}, registers 0x{unit.registers:x}{node}{used_block_words(inventory, unit)}",
        )
    known = inventory.capabilities
    if function.sbdf in known.translation_cached:
        yield "ATS", "has an address translation cache (SATC)"
    if function.sbdf in known.ats_root_ports:
        yield "ATS", "is a root port that supports ATS (ATSR)"
    groups = inventory.host.groups
    if function.iommu_group is not None and not isinstance(groups, Missing):
        group = next(listed for listed in groups if listed.number == function.iommu_group)
        others = " ".join(str(sbdf) for sbdf in group.devices if sbdf != function.sbdf)
        yield "Group", f"{group.number}, {'with ' + others if others else 'alone'}"


def verdict_facts(inventory: Inventory, function: PciFunction) -> Iterator[tuple[str, str]]:
    """Yield how Linux treats a function, and what a guest with it reserves on Xen."""
    holds = {
        held.hold
        for region in inventory.regions
        for held in region.linux
        if held.sbdf == function.sbdf
    }
    if isinstance(inventory.iommu, Missing) and not inventory.published:
        group = reported_group(inventory, function.sbdf)
        if group is not None:
            yield "Linux", f"reports no region from firmware for IOMMU group {group.number}"
    if holds and inventory.linux.state is not LinuxState.UNDER_XEN:
        yield "Linux", holds_words(holds)
    if inventory.linux.state is LinuxState.GROUPS:
        yield from _group_mates(inventory, function)
    yield "Xen", _xen_reserves(inventory, function.sbdf)


def reported_group(inventory: Inventory, device: SBDF) -> IommuGroup | None:
    """Return the IOMMU group of `device` if Linux publishes its reserved regions, else None."""
    groups = inventory.host.groups
    if isinstance(groups, Missing):
        return None
    return next((group for group in groups if device in group.devices and group.regions), None)


def _group_mates(inventory: Inventory, function: PciFunction) -> Iterator[tuple[str, str]]:
    """Yield the locked devices of its group, which Linux passes through only as a whole."""
    locked = {
        held.sbdf
        for region in inventory.all_regions
        for held in region.linux
        if held.hold is Hold.DIRECT and held.sbdf != function.sbdf
    }
    known = inventory.host.topology.known
    mates = sorted(sbdf for sbdf in locked if known[sbdf].iommu_group == function.iommu_group)
    if mates and function.iommu_group is not None:
        names = " ".join(map(str, mates))
        yield (
            "Linux",
            f"assigns its group only as a whole, and the group contains a locked device: {names}",
        )


def _xen_reserves(inventory: Inventory, sbdf: SBDF) -> str:
    if sbdf.beyond_xen:
        return "cannot address a segment above ffff, so no guest can have it"
    views = inventory.xen
    own = views.devices.get(sbdf, ())
    if views.devices_source is ListSource.UNKNOWN and views.list.entries:
        return "the ranges that a guest with it reserves are unknown: Xen did not report them"
    if views.list.source is ListSource.UNKNOWN:
        return (
            "ranges that a guest with it reserves are unknown: neither table nor hypervisor was "
            "read"
        )
    if own is None:
        return "ranges that a guest with it reserves are unknown: Xen cannot report them"
    spans = ", ".join(span(reserved) for reserved in own)
    mark = " (predicted)" if views.devices_source is ListSource.PREDICTED else ""
    return f"a guest with this device reserves {spans or 'nothing'}{mark}"


def holds_words(holds: Collection[Hold]) -> str:
    """Return how strictly Linux enforces regions: locked, relaxable or both."""
    return " and ".join(hold.word for hold in Hold if hold in holds)
