"""The inventory for people: what matters first, within 80 columns."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.host import Presence
from dmaragent.inventory import Inventory, Owner, Region
from dmaragent.pci_classes import class_words
from dmaragent.present.escaping import identifier, visible
from dmaragent.present.tables import paragraph, render
from dmaragent.present.wording import (
    count,
    no_table_words,
    rough_size_words,
    scope_words,
    size_words,
    span_words,
)
from dmaragent.snapshot import Missing
from fwtables import DMAR
from fwtables.constants import ScopeType

_FEW = 4
"""An owner list longer than this is said once, and by its region's number after that."""


def inventory_text(inventory: Inventory, device: SBDF | None = None) -> list[str]:
    """Give the lines of ``dmaragent inventory``; `device` is the one it was narrowed to."""
    lines = [*_damage(inventory), *_summary(inventory, device)]
    if inventory.regions:
        lines += ["", "Reserved regions, in table order"]
        lines += _regions(inventory)
        lines += ["", "Devices that own them", *_devices(inventory)]
        lines += _lost_paths(inventory)
    for problem in inventory.problems:
        lines += ["", *paragraph(f"Not read: {visible(problem)}", hang=2)]
    return lines


def _damage(inventory: Inventory) -> Iterator[str]:
    """Begin with what may make the answer short, if anything does."""
    if isinstance(inventory.table, Missing):
        what, hint = no_table_words(inventory.table, inventory.reading, inventory.acpi_tables)
        yield from paragraph(what[:1].upper() + what[1:] + ".")
        if hint:
            yield from paragraph(f"Next: {hint}.")
    elif inventory.table.damage:
        kind = (
            "nothing could be decoded"
            if inventory.table.table is None
            else "regions may be missing"
        )
        yield f"THE TABLE IS DAMAGED: {kind}"
        for damage in inventory.table.damage:
            yield from paragraph(str(damage), indent=2, hang=2)


def _summary(inventory: Inventory, device: SBDF | None) -> Iterator[str]:
    decoded, reading = inventory.table, inventory.reading
    if not isinstance(decoded, Missing) and decoded.table is not None:
        yield from _table_line(decoded.table, reading.name if reading else "")
    for other in inventory.other_tables:
        yield f"Also     {visible(other.path)}, not used: the first table is in effect"
    if isinstance(inventory.functions, Missing):
        yield "PCI      not collected: whether the owners are there cannot be said"
    else:
        yield f"PCI      {count(inventory.functions, 'function')}"
    if not isinstance(decoded, Missing):
        yield from paragraph(f"Regions  {_region_counts(inventory, device)}", hang=9)


def _table_line(table: DMAR, name: str) -> Iterator[str]:
    told = f"Table    {visible(name)}, {table.length} bytes, OEM {identifier(table.oem_id)}"
    told += f" {identifier(table.oem_table_id)}, {table.host_address_bits}-bit addresses"
    yield from paragraph(told, hang=9)


def _region_counts(inventory: Inventory, device: SBDF | None) -> str:
    regions = inventory.regions
    if not regions:
        return f"none names {device}" if device else "none: the table has no RMRR structure"
    told = [f"only those that name {device}"] if device else []
    told += [f"{len(regions)}, {rough_size_words(sum(region.size for region in regions))} in all"]
    shared = sum(region.shared for region in regions)
    if shared:
        told.append(f"{shared} shared by several devices")
    owners = {(owner.sbdf, owner.hops): owner for region in regions for owner in region.owners}
    for presence, word in (
        (Presence.PRESENT, "present"),
        (Presence.ABSENT, "absent"),
        (Presence.UNKNOWN, "not looked for"),
    ):
        number = sum(owner.presence is presence for owner in owners.values())
        if number:
            told.append(f"{count(number, 'owner')} {word}")
    return "; ".join(told)


def _regions(inventory: Inventory) -> Iterator[str]:
    said: dict[tuple[str, ...], int] = {}
    for number, region in enumerate(inventory.regions, 1):
        names = tuple(_short(owner) for owner in region.owners)
        first = said.setdefault(names, number)
        repeated = len(names) > _FEW and first != number
        yield from _region(
            number, region, f"the same as region {first}" if repeated else "  ".join(names)
        )


def _region(number: int, region: Region, owners: str) -> Iterator[str]:
    segment = f"segment {region.segment:04x}, " if region.segment else ""
    size = size_words(region.size) if region.range else "limit below base"
    shared = f", shared by {region.sharers}" if region.shared else ""
    yield (
        f"{number:3}  {region.base:#010x}-{region.limit:#010x}  {size}  "
        f"{segment}RMRR at 0x{region.offset:x}{shared}"
    )
    yield from paragraph(owners or "no owner: its device scope is empty", indent=5)


def _short(owner: Owner) -> str:
    mark = {Presence.PRESENT: "", Presence.ABSENT: "\N{NO-BREAK SPACE}absent", Presence.UNKNOWN: ""}
    return _name(owner) + mark[owner.presence]


def _name(owner: Owner) -> str:
    """Name an owner: its address, or the path that leads nowhere."""
    if owner.sbdf is not None:
        return str(owner.sbdf)
    return f"{owner.start_bus:02x}:" + ">".join(hop.step for hop in owner.hops)


def _devices(inventory: Inventory) -> list[str]:
    regions_of: dict[tuple[str, int], list[int]] = {}
    owners: dict[tuple[str, int], Owner] = {}
    for number, region in enumerate(inventory.regions, 1):
        for owner in region.owners:
            key = (_name(owner), owner.scope_type)
            owners.setdefault(key, owner)
            if number not in regions_of.setdefault(key, []):
                regions_of[key].append(number)
    rows = [("Device", "What it is", "Driver", "Through", "Regions")]
    for key, owner in sorted(owners.items()):
        driver = (owner.function and owner.function.driver) or "-"
        bridges = [str(hop.sbdf or hop.step) for hop in owner.hops[:-1]]
        through = " ".join(bridges) or "-"
        rows.append((key[0], _what(owner), visible(driver), through, span_words(regions_of[key])))
    return render(rows) if len(rows) > 1 else ["  none: no region names a device"]


def _what(owner: Owner) -> str:
    words = {Presence.ABSENT: "absent", Presence.UNKNOWN: "not known", Presence.PRESENT: ""}
    what = words[owner.presence]
    if owner.function is not None:
        code = owner.function.class_code
        what = "class not known" if code is None else class_words(code)
    if owner.scope_type == ScopeType.PCI_ENDPOINT:
        return what
    return f"{scope_words(owner.scope_type)}: {what}"


def _lost_paths(inventory: Inventory) -> Iterator[str]:
    reasons = {
        f"{_name(owner)}: {owner.reason}"
        for region in inventory.regions
        for owner in region.owners
        if owner.presence is Presence.ABSENT and owner.sbdf is None
    }
    for reason in sorted(reasons):
        yield from paragraph(reason, indent=2, hang=2)
