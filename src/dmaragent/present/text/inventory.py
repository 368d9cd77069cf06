"""The inventory for people: what matters first, within 80 columns."""

from collections.abc import Iterator

from dmaragent.addresses import AddressRange
from dmaragent.host.topology import Presence
from dmaragent.inventory import Inventory, Region
from dmaragent.iommu.model import DeviceKind, Owner
from dmaragent.linux.view import LinuxState
from dmaragent.present.escaping import visible
from dmaragent.present.text.device_card import class_name, device_card, device_name, holds_words
from dmaragent.present.text.published import published_text
from dmaragent.present.text.summary import summary_text
from dmaragent.present.text.tables import WIDTH, paragraph, render
from dmaragent.present.wording import device_words, region_size, size_words, span_words
from dmaragent.xen.reserved_list.model import ListSource, Origin

_FEW = 4
"""An owner list longer than this is said once, and by its region's number after that."""
_UNLIMITED = 10_000


def inventory_text(inventory: Inventory, *, wide: bool = False) -> list[str]:
    """Give the lines of ``dmaragent inventory``; `wide` shows all columns of the devices."""
    device = inventory.device
    lines = list(summary_text(inventory))
    if device is not None:
        lines += ["", *device_card(inventory, device)]
    if inventory.regions:
        lines += ["", "Reserved regions, in table order"]
        lines += regions_text(inventory)
        if device is None:
            lines += ["", "Devices that own them", *_devices(inventory, wide=wide)]
            lines += _lost_paths(inventory)
    elif inventory.xen.list.entries and device is None:
        lines += ["", "Xen's list, in its order", *_xen_list(inventory)]
    lines += published_text(inventory)
    if inventory.differences:
        lines += ["", "Where table, Xen and Linux differ"]
        for each in inventory.differences:
            where = f"region {each.region}: " if each.region is not None else ""
            lines += paragraph(where + visible(each.explanation), indent=2, hang=2)
    for problem in inventory.host.problems:
        lines += ["", *paragraph(f"Not read: {visible(problem)}", hang=2)]
    return lines


def regions_text(inventory: Inventory) -> Iterator[str]:
    """Give the regions, in table order: range, size, owners, what Xen and Linux make of each."""
    said: dict[tuple[str, ...], int] = {}
    for region in inventory.regions:
        names = tuple(_short(owner) for owner in region.owners)
        first = said.setdefault(names, region.number)
        repeated = len(names) > _FEW and first != region.number
        yield from paragraph(_region_head(region), hang=5)
        owners = f"the same as region {first}" if repeated else "  ".join(names)
        yield from paragraph(owners or "no owner: its device scope is empty", indent=5)
        yield from paragraph(region_views(inventory, region), indent=5, hang=2)


def _region_head(region: Region) -> str:
    segment = f"segment {region.segment:04x}, " if region.segment else ""
    size = region_size(region)
    shared = f", shared by {region.xen.sharers}" if region.xen.shared else ""
    return (
        f"{region.number:3}  {region.first:#010x}-{region.last:#010x}  {size}  "
        f"{segment}{region.entry.structure} at 0x{region.entry.offset:x}{shared}"
    )


def region_views(inventory: Inventory, region: Region) -> str:
    """Say in a line what Xen and Linux make of a region, and where it lies if not in reserved memory."""
    told = []
    view = region.xen
    mark = " (predicted)" if inventory.xen.list.source is ListSource.PREDICTED else ""
    if view.listed is None and view.reason:
        told.append(f"Xen: depends on the release{mark}, {view.reason}")
    elif view.listed is not None:
        told.append(
            f"Xen: listed{mark}" if view.listed else f"Xen: NOT listed{mark}: {view.reason}"
        )
    if inventory.linux.state is not LinuxState.UNDER_XEN and region.linux:
        holds = {held.hold for held in region.linux}
        guessed = "" if all(held.by_kernel for held in region.linux) else " (predicted)"
        told.append(f"Linux: {holds_words(holds)}{guessed}")
    if region.memory is not None and region.memory.lower() != "reserved":
        told.append(f"Memory map: {visible(region.memory)}, not reserved")
    return ". ".join(told)


def _xen_list(inventory: Inventory) -> Iterator[str]:
    origins = {
        Origin.TABLE: "from the table",
        Origin.OPTION: "from rmrr= on Xen's command line",
        Origin.UNEXPLAINED: "",
        Origin.UNKNOWN: "",
    }
    owners_of: dict[AddressRange, list[str]] = {}
    for sbdf, ranges in sorted(inventory.xen.devices.items()):
        for place in dict.fromkeys(ranges or ()):
            owners_of.setdefault(place, []).append(str(sbdf))
    for number, entry in enumerate(inventory.xen.list.entries, 1):
        owners = owners_of.get(entry.range, [])
        where = f"{entry.range.start:#010x}-{entry.range.end - 1:#010x}"
        head = f"{number:3}  {where}  {size_words(entry.range.size)}  {origins[entry.origin]}"
        yield from paragraph(head.rstrip(), hang=5)
        known = inventory.xen.devices_source is not ListSource.UNKNOWN
        none = "no device that answers" if known else "for which devices is not known"
        yield from paragraph("  ".join(owners) or none, indent=5)


def _short(owner: Owner) -> str:
    absent = "\N{NO-BREAK SPACE}absent" if owner.presence is Presence.ABSENT else ""
    kind = "" if owner.device is DeviceKind.FUNCTION else f"({device_words(owner.claim)})"
    mark = ("\N{NO-BREAK SPACE}" + kind.replace(" ", "\N{NO-BREAK SPACE}")) if kind else ""
    return _name(owner) + mark + absent


def _name(owner: Owner) -> str:
    """Name an owner: its address, or the path that leads nowhere."""
    if owner.sbdf is not None:
        return str(owner.sbdf)
    return owner.as_written


def _devices(inventory: Inventory, *, wide: bool) -> list[str]:
    regions_of: dict[tuple[str, int], list[int]] = {}
    owners: dict[tuple[str, int], Owner] = {}
    for region in inventory.regions:
        for owner in region.owners:
            key = (_name(owner), owner.claim.path.type if owner.claim.path else 0)
            owners.setdefault(key, owner)
            numbers = regions_of.setdefault(key, [])
            if numbers[-1:] != [region.number]:  # they ascend
                numbers.append(region.number)
    if not owners:
        return ["  none: no region names a device"]
    rows = [
        _device_row(inventory, key[0], owner, span_words(regions_of[key]), wide=wide)
        for key, owner in sorted(owners.items())
    ]
    columns = [name for name in rows[0] if name in _ALWAYS or any(row[name] != "-" for row in rows)]
    cells = [[row[name] for name in columns] for row in rows]
    return render([columns, *cells], width=_UNLIMITED if wide else WIDTH)


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
        "What it is": _what(owner),
        "Driver": visible((function and function.driver) or "-"),
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


def _what(owner: Owner) -> str:
    words = {Presence.ABSENT: "absent", Presence.UNKNOWN: "not known", Presence.PRESENT: ""}
    what = words[owner.presence] if owner.function is None else class_name(owner.function)
    if owner.device is DeviceKind.FUNCTION:
        return what
    return f"{device_words(owner.claim)}: {what}"


def _lost_paths(inventory: Inventory) -> Iterator[str]:
    reasons = {
        f"{_name(owner)}: {owner.reason}"
        for region in inventory.regions
        for owner in region.owners
        if owner.presence is not Presence.PRESENT
        and owner.sbdf is None
        and inventory.host.topology.known
    }
    for reason in sorted(reasons):
        yield from paragraph(reason, indent=2, hang=2)
