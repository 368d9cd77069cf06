"""The address space of a host as a picture, and the same as a table."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.addresses import FOUR_GIB, AddressRange, span
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.inventory import Inventory
from dmaragent.present.html import words
from dmaragent.present.html.markup import Child, element
from dmaragent.present.html.parts import Section, folded, section, short, table
from dmaragent.present.html.picture import Box, Column, legend, picture, zoomable
from dmaragent.present.html.scale import make_scale
from dmaragent.present.html.words import host as host_words
from dmaragent.present.words.numbers import rough_size_words, size_words
from dmaragent.present.words.region import owners_label, owners_named, published_words, region_size
from dmaragent.readings import Missing
from dmaragent.xen.reserved_list.model import ListEntry, Origin

_KINDS = {
    MemoryType.RAM: ("ram", "RAM"),
    MemoryType.RESERVED: ("reserved", "reserved"),
    MemoryType.ACPI: ("firmware", "ACPI"),
    MemoryType.NVS: ("firmware", "ACPI NVS"),
    MemoryType.UNUSABLE: ("firmware", "unusable"),
    MemoryType.PERSISTENT: ("firmware", "persistent"),
    MemoryType.SOFT_RESERVED: ("firmware", "soft res."),
}


def map_section(inventory: Inventory) -> Section:
    """Return the regions beside the firmware's memory map."""
    memory = _memory(inventory)
    boxes = [*_regions(inventory), *_xen_only(inventory), *_published(inventory)]
    regions = sorted(boxes, key=lambda box: box.range)
    if not regions and not memory:
        return section("map", host_words.ADDRESS_SPACE, element("p", host_words.NOTHING_TO_DRAW))
    held = [box.range for box in regions]
    scale = make_scale([box.range for box in memory], held, (FOUR_GIB,))
    if not memory:
        whole = AddressRange(0, scale.marks[-1])
        description, label = host_words.MAP_UNKNOWN, host_words.MAP_UNKNOWN_LABEL
        memory = [
            Box(range=whole, kind="unknown", description=description, name=description, label=label)
        ]
    columns = [Column(name=host_words.MEMORY_COLUMN, boxes=tuple(memory))]
    if regions:
        columns.append(Column(name=words.REGIONS_COLUMN, boxes=tuple(regions), beside=True))
    title = host_words.PICTURE_OF_HOST
    drawn = picture(scale, columns, key="host-map", title=title)
    used = {box.kind for box in (*memory, *regions)}
    marks = legend(host_words.MAP_LEGEND, used, "host-map")
    caption = element("figcaption", element("p", words.SCALE), marks)
    figure = element("figure", zoomable(drawn, title), caption)
    rows = list(_rows([*memory, *regions]))
    equivalent = table(host_words.SAME_AS_TABLE, host_words.ADDRESS_COLUMNS, rows)
    if len(rows) > _ROWS_IN_VIEW:
        equivalent = folded(host_words.SAME_AS_TABLE, equivalent)
    beside = element("div", figure, equivalent, class_="beside-it")
    return section("map", host_words.ADDRESS_SPACE, beside)


_ROWS_IN_VIEW = 40
"""A longer table is folded away."""


def _regions(inventory: Inventory) -> Iterator[Box]:
    for region in inventory.regions:
        drawn = region.range is not None
        sentence = host_words.region_in_picture(
            region.number,
            region.place,
            region_size(region),
            words.in_segment(region.segment),
            owners_named(region),
        )
        yield Box(
            range=region.range or AddressRange(region.first, region.first),
            kind="region" if drawn else "odd",
            description=sentence,
            name=owners_label(region),
            label=f"{region.number}: {region_size(region)}, {owners_label(region)}",
            region=region.number,
            reached=True,
            drawn=drawn,
        )


def _xen_only(inventory: Inventory) -> Iterator[Box]:
    """Yield the ranges that Xen lists and the table does not have."""
    origins = {
        Origin.OPTION: host_words.BY_OPTION,
        Origin.IVMD_OPTION: host_words.BY_OPTION,
        Origin.UNEXPLAINED: host_words.NOT_EXPLAINED,
        Origin.UNKNOWN: host_words.NO_TABLE_TO_EXPLAIN,
    }
    for entry in inventory.xen.list.entries:
        if entry.origin in origins:
            yield _xen_box(entry, origins[entry.origin])


def _xen_box(entry: ListEntry, why: str) -> Box:
    size = size_words(entry.range.size)
    return Box(
        range=entry.range,
        kind="xen",
        description=host_words.on_xens_list(span(entry.range), size, why),
        name=host_words.xen_label(size, why),
        label=host_words.xen_label(size, why),
        reached=True,
    )


def _published(inventory: Inventory) -> Iterator[Box]:
    """Yield the regions that only Linux reports."""
    for region in inventory.published:
        label = host_words.published_label(size_words(region.range.size), region.type)
        yield Box(
            range=region.range,
            kind="published",
            description=published_words(region),
            name=label,
            label=label,
            reached=True,
        )


def _memory(inventory: Inventory) -> list[Box]:
    known = inventory.host.memory_map
    if isinstance(known, Missing):
        return []
    return [*_with_holes(_joined(known), known.incomplete)]


def _joined(known: MemoryMap) -> Iterator[MemoryEntry]:
    """Yield the entries of the map; neighbours of one kind are one."""
    last: MemoryEntry | None = None
    for entry in known.entries:
        if last is not None and (last.words, last.range.end) == (entry.words, entry.range.start):
            last = MemoryEntry(
                AddressRange(last.range.start, entry.range.end), entry.type, entry.words
            )
            continue
        if last is not None:
            yield last
        last = entry
    if last is not None:
        yield last


def _with_holes(entries: Iterable[MemoryEntry], incomplete: str) -> Iterator[Box]:
    """Yield the entries and what is between them, which is unknown if the map is `incomplete`."""
    at = 0
    for entry in entries:
        if entry.range.start > at:
            gap = AddressRange(at, entry.range.start)
            yield _unknown(gap, incomplete) if incomplete else _hole(gap)
        kind, label = _KINDS.get(entry.type, ("firmware", entry.words[:9]))
        sentence = f"{entry.words}: {span(entry.range)}"
        yield Box(range=entry.range, kind=kind, description=sentence, name=entry.words, label=label)
        at = max(at, entry.range.end)


def _hole(gap: AddressRange) -> Box:
    description = host_words.hole_words(span(gap))
    return Box(
        range=gap, kind="hole", description=description, name=host_words.HOLE, label=host_words.HOLE
    )


def _unknown(gap: AddressRange, why: str) -> Box:
    description, label = host_words.unknown_words(span(gap), why), host_words.MAP_UNKNOWN_LABEL
    return Box(range=gap, kind="unknown", description=description, name=label, label=label)


def _rows(boxes: Iterable[Box]) -> Iterator[Sequence[Child]]:
    for shown in sorted(boxes, key=lambda box: (box.range.start, -box.range.end)):
        end = f"{shown.range.end - 1:#x}" if shown.drawn and shown.range.size else "-"
        size = rough_size_words(shown.range.size) if shown.drawn else "-"
        yield f"{shown.range.start:#x}", end, _what(shown), short(size)


def _what(box: Box) -> Child:
    if box.region is None:
        return box.name
    link = element("a", host_words.region_name(box.region), href=f"#region-{box.region}")
    return [link, f": {box.name}"]
