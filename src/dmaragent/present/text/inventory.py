"""The full text of an inventory, as ``dmaragent inventory --details`` prints it."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Inventory
from dmaragent.iommu.claims import Owner
from dmaragent.iommu.model import Difference
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.words.device import (
    card_facts,
    class_name,
    device_name,
    driver_cell,
    verdict_facts,
)
from dmaragent.present.words.host import absence_words, summary_facts
from dmaragent.present.words.numbers import size_words
from dmaragent.present.words.region import (
    no_owner_words,
    owner_class_words,
    owner_name,
    owner_words,
    published_source_words,
    published_words,
    region_head,
    region_views,
    without_owner,
)
from dmaragent.readings import Missing
from dmaragent.spans import span_words
from dmaragent.xen.reserved_list.model import ListSource, Origin

_FEW = 4
"""A longer list of owners is printed once; later regions with it refer to the first."""
_UNLIMITED = 10_000


def inventory_text(inventory: Inventory, *, wide: bool = False) -> list[str]:
    """Return the lines of ``dmaragent inventory --details``; `wide`: all columns of the devices."""
    device = inventory.device
    lines = list(summary_text(inventory))
    if device is not None:
        lines += ["", *device_card(inventory, device)]
    if inventory.regions:
        lines += ["", "Reserved regions, in table order"]
        lines += regions_text(inventory)
        if device is None:
            lines += ["", "Devices of these regions", *_devices(inventory, wide=wide)]
            lines += lost_paths(inventory)
    elif inventory.xen.list.entries and device is None:
        lines += ["", "Xen's list, in its order", *xen_list_text(inventory)]
    lines += published_text(inventory)
    if inventory.differences:
        lines += ["", DIFFERENCES]
        for difference in inventory.differences:
            lines += paragraph(difference_words(difference), indent=2, hang=2)
    for problem in inventory.host.problems:
        lines += ["", *paragraph(f"Not read: {visible(problem)}", hang=2)]
    return lines


DIFFERENCES = "Differences between table, Xen and Linux"


def difference_words(difference: Difference) -> str:
    """Return a difference with the number of its region."""
    where = f"Region {difference.region}: " if difference.region is not None else ""
    return where + visible(difference.explanation)


def regions_text(inventory: Inventory) -> Iterator[str]:
    """Yield the regions in table order: range, size, owners, and the views of Xen and Linux."""
    named: dict[tuple[str, ...], int] = {}
    for region in inventory.regions:
        names = tuple(owner_words(owner) for owner in region.owners)
        first = named.setdefault(names, region.number)
        repeated = len(names) > _FEW and first != region.number
        yield from paragraph(region_head(region), hang=5)
        owners = f"the same devices as region {first}" if repeated else "  ".join(names)
        yield from paragraph(owners or no_owner_words(region), indent=5)
        yield from paragraph(region_views(inventory, region), indent=5, hang=2)


def xen_list_text(inventory: Inventory) -> Iterator[str]:
    """Yield the entries of Xen's list, in its order, with their devices."""
    origins = {
        Origin.TABLE: "from the table",
        Origin.OPTION: "from rmrr= on Xen's command line",
        Origin.IVMD_OPTION: "from ivmd= on Xen's command line",
        Origin.UNEXPLAINED: "",
        Origin.UNKNOWN: "",
    }
    owners_of: dict[AddressRange, list[str]] = {}
    for sbdf, ranges in sorted(inventory.xen.devices.items()):
        for place in dict.fromkeys(ranges or ()):
            owners_of.setdefault(place, []).append(str(sbdf))
    none = "for no present device" if _lists_devices(inventory) else "its devices are unknown"
    for number, entry in enumerate(inventory.xen.list.entries, 1):
        owners = owners_of.get(entry.range, [])
        where = f"{entry.range.start:#010x}-{entry.range.end - 1:#010x}"
        times = f"{entry.devices:,} times  " if entry.devices > 1 else ""
        head = (
            f"{number:3}  {where}  {size_words(entry.range.size)}  {times}{origins[entry.origin]}"
        )
        yield from paragraph(head.rstrip(), hang=5)
        yield from paragraph("  ".join(owners) or none, indent=5)


def _lists_devices(inventory: Inventory) -> bool:
    """Return whether the ranges of every device in Xen's list are known."""
    unread = isinstance(inventory.host.topology.functions, Missing)
    known = not unread and inventory.xen.devices_source is not ListSource.UNKNOWN
    return known and None not in inventory.xen.devices.values()


def _devices(inventory: Inventory, *, wide: bool) -> list[str]:
    regions_of: dict[tuple[str, int], list[int]] = {}
    owners: dict[tuple[str, int], Owner] = {}
    for region in inventory.regions:
        for owner in region.owners:
            key = (owner_name(owner), owner.claim.path.type if owner.claim.path else 0)
            owners.setdefault(key, owner)
            numbers = regions_of.setdefault(key, [])
            if numbers[-1:] != [region.number]:  # they ascend
                numbers.append(region.number)
    if not owners:
        return paragraph(without_owner(inventory), indent=2)
    rows = [
        _device_row(inventory, key[0], owner, span_words(regions_of[key]), wide=wide)
        for key, owner in sorted(owners.items())
    ]
    columns = [name for name in rows[0] if name in _ALWAYS or any(row[name] != "-" for row in rows)]
    cells = [[row[name] for name in columns] for row in rows]
    return render([columns, *cells], width=_UNLIMITED if wide else None)


_ALWAYS = frozenset({"Device", "What it is", "Driver", "Regions"})


def _device_row(
    inventory: Inventory, name: str, owner: Owner, regions: str, *, wide: bool
) -> dict[str, str]:
    function = owner.function
    group = None if function is None else function.iommu_group
    slot = None if function is None else function.slot
    bridges = [str(hop.sbdf or hop.step) for hop in owner.hops[:-1]]
    row = {
        "Device": name,
        "What it is": owner_class_words(owner),
        "Driver": driver_cell(function),
        "Group": "-" if group is None else str(group),
        "Slot": visible(slot or "-"),
        "Through": " ".join(bridges) or "-",
        "Regions": regions,
    }
    if wide:
        unit = None if owner.sbdf is None else inventory.linux.unit_of.get(owner.sbdf)
        row["Unit"] = "-" if unit is None else f"0x{unit.registers:x}"
        row["Name"] = "-" if function is None else device_name(function)
    return row


def lost_paths(inventory: Inventory) -> Iterator[str]:
    """Yield why owners have no address: their paths do not lead to a device."""
    reasons = {
        f"{owner_name(owner)}: {owner.reason}"
        for region in inventory.regions
        for owner in region.owners
        if owner.presence is not Presence.PRESENT
        and owner.sbdf is None
        and inventory.host.topology.known
    }
    for reason in sorted(reasons):
        yield from paragraph(reason, indent=2, hang=2)


_HANG = 9


def summary_text(inventory: Inventory) -> Iterator[str]:
    """Yield the lines about the host and its regions."""
    yield from limits_text(inventory)
    for name, facts in summary_facts(inventory):
        yield from summary_line(name, facts)


def summary_line(name: str, facts: str) -> list[str]:
    """Return a labelled line of the summary."""
    return paragraph(f"{name:{_HANG}}".replace(" ", "\N{NO-BREAK SPACE}") + facts, hang=_HANG)


def limits_text(inventory: Inventory) -> Iterator[str]:
    """Yield why the answer may be incomplete: a missing or damaged table."""
    if inventory.absence is not None:
        what, hint = absence_words(inventory.absence)
        yield from paragraph(visible(what[:1].upper() + what[1:]) + ".")
        yield from paragraph(f"Next: {hint}.")
    elif not isinstance(inventory.iommu, Missing) and inventory.iommu.damage:
        nothing = inventory.iommu.header is None
        effect = "nothing could be decoded" if nothing else "regions may be missing"
        yield f"Warning: the table is damaged, {effect}"
        for damage in inventory.iommu.damage:
            yield from paragraph(str(damage), indent=2, hang=2)


def published_text(inventory: Inventory) -> Iterator[str]:
    """Yield the regions that Linux publishes and no table explains, under a heading."""
    if not inventory.published:
        return
    yield from ["", "Reserved regions that only Linux reports"]
    for region in inventory.published:
        yield from paragraph(published_words(region), indent=2, hang=2)
    yield from paragraph(published_source_words(inventory), indent=2)


def device_card(inventory: Inventory, device: SBDF) -> Iterator[str]:
    """Yield the facts about one device: name, group, slot, unit, and how both sides treat it."""
    function = inventory.host.topology.known.get(device)
    if function is None:
        unknown = isinstance(inventory.host.topology.functions, Missing)
        state = "presence unknown (PCI functions not collected)" if unknown else "not present"
        yield f"Device   {device}: {state}"
        return
    name = device_name(function)
    yield from paragraph(
        f"Device\N{NO-BREAK SPACE}\N{NO-BREAK SPACE} {device} {class_name(function)}, {name}",
        hang=9,
    )
    yield from device_facts(inventory, function)
    for title, fact in verdict_facts(inventory, function):
        yield from labelled(title, fact)


def device_facts(inventory: Inventory, function: PciFunction) -> Iterator[str]:
    """Yield the facts about a function besides its verdicts, one labelled line each."""
    for title, fact in card_facts(inventory, function):
        yield from labelled(title, fact)
