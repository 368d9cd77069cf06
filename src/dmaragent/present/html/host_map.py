"""The address space of a host as a picture, and as a table that says the same."""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.addresses import FOUR_GIB, AddressRange
from dmaragent.host.memory_map import MemoryEntry, MemoryMap, MemoryType
from dmaragent.inventory import Inventory
from dmaragent.present.html.markup import Child, element
from dmaragent.present.html.parts import Section, section, short, table
from dmaragent.present.html.picture import Box, Column, legend, picture, zoomable
from dmaragent.present.html.scale import make_scale
from dmaragent.present.words.numbers import rough_size_words, size_words
from dmaragent.present.words.region import owners_label, owners_named, region_size
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
_LEGEND = (
    ("region", "reserved region (RMRR), with its number"),
    ("xen", "on Xen's list and not in the table"),
    ("ram", "RAM"),
    ("reserved", "reserved by the firmware (hatched)"),
    ("firmware", "other firmware ranges (dotted)"),
    ("hole", "hole: in no range of the map (dashed)"),
    ("unknown", "the firmware's memory map is not known"),
    ("odd", "a region whose limit lies below its base (a triangle)"),
)


def map_section(inventory: Inventory) -> Section:
    """Draw the regions beside what the firmware's memory map says."""
    memory = _memory(inventory)
    regions = sorted([*_regions(inventory), *_xen_only(inventory)], key=lambda box: box.range)
    if not regions and not memory:
        none = element("p", "Nothing is known that could be drawn: no region, no memory map.")
        return section("map", "Address space", none)
    held = [box.range for box in regions]
    scale = make_scale([box.range for box in memory], held, (FOUR_GIB,))
    if not memory:
        whole = AddressRange(0, scale.marks[-1])
        memory = [Box(range=whole, kind="unknown", description=_NOT_KNOWN, label="not known")]
    columns = [Column(name="memory", boxes=tuple(memory))]
    if regions:
        columns.append(Column(name="regions", boxes=tuple(regions), beside=True))
    drawn = picture(scale, columns, key="host-map", title="Address space of the host")
    used = {box.kind for box in (*memory, *regions)}
    caption = element("figcaption", element("p", _CAPTION), legend(_LEGEND, used, "host-map"))
    figure = element("figure", zoomable(drawn, "the address space"), caption)
    equivalent = table("The same in words, by address", _HEAD, _rows([*memory, *regions]))
    return section("map", "Address space", element("div", figure, equivalent, class_="beside-it"))


_NOT_KNOWN = "The firmware's memory map is not known."
_HEAD = ("From", "To", "What it is", "Size")
_CAPTION = (
    "Addresses grow downwards. The scale is not linear: each stretch is drawn by the logarithm "
    "of its size, regions larger than what lies between, and none smaller than a line: so 4 KiB "
    "can be found beside 2 GiB."
)


def _regions(inventory: Inventory) -> Iterator[Box]:
    for region in inventory.regions:
        drawn = region.range is not None
        segment = f", segment {region.segment:04x}" if region.segment else ""
        sentence = (
            f"Region {region.number}: {region.place}, {region_size(region)}{segment}; "
            f"owners: {owners_named(region)}"
        )
        yield Box(
            range=region.range or AddressRange(region.first, region.first),
            kind="region" if drawn else "odd",
            description=sentence,
            label=f"{region.number}: {region_size(region)}, {owners_label(region)}",
            region=region.number,
            reached=True,
            drawn=drawn,
        )


def _xen_only(inventory: Inventory) -> Iterator[Box]:
    """Yield what Xen lists and no region of the table is."""
    origins = {
        Origin.OPTION: "rmrr= on its command line",
        Origin.UNEXPLAINED: "not explained by the table",
        Origin.UNKNOWN: "no table to explain it by",
    }
    for entry in inventory.xen.list.entries:
        if entry.origin in origins:
            yield _xen_box(entry, origins[entry.origin])


def _xen_box(entry: ListEntry, why: str) -> Box:
    place = f"{entry.range.start:#x}-{entry.range.end - 1:#x}"
    size = size_words(entry.range.size)
    return Box(
        range=entry.range,
        kind="xen",
        description=f"On Xen's list: {place}, {size}; {why}",
        label=f"Xen: {size}, {why}",
        reached=True,
    )


def _memory(inventory: Inventory) -> list[Box]:
    known = inventory.host.memory_map
    if isinstance(known, Missing):
        return []
    return [*_with_holes(_joined(known))]


def _joined(known: MemoryMap) -> Iterator[MemoryEntry]:
    """Yield the entries, neighbours of one kind as one."""
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


def _with_holes(entries: Iterable[MemoryEntry]) -> Iterator[Box]:
    at = 0
    for entry in entries:
        if entry.range.start > at:
            yield _hole(AddressRange(at, entry.range.start))
        kind, label = _KINDS.get(entry.type, ("firmware", entry.words[:9]))
        sentence = f"{entry.words}: {entry.range.start:#x}-{entry.range.end - 1:#x}"
        yield Box(range=entry.range, kind=kind, description=sentence, label=label)
        at = max(at, entry.range.end)


def _hole(gap: AddressRange) -> Box:
    sentence = f"Hole: {gap.start:#x}-{gap.end - 1:#x}, in no range of the map"
    return Box(range=gap, kind="hole", description=sentence, label="hole")


def _rows(boxes: Iterable[Box]) -> Iterator[Sequence[Child]]:
    for shown in sorted(boxes, key=lambda box: (box.range.start, -box.range.end)):
        end = f"{shown.range.end - 1:#x}" if shown.drawn and shown.range.size else "-"
        size = rough_size_words(shown.range.size) if shown.drawn else "-"
        yield f"{shown.range.start:#x}", end, _what(shown), short(size)


def _what(box: Box) -> Child:
    if box.region is not None:
        link = element("a", f"region {box.region}", href=f"#region-{box.region}")
        return [link, ": ", box.label.partition(": ")[2].partition(", ")[2]]
    return box.label if box.kind == "xen" else box.description.partition(": ")[0]
