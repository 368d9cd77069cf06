"""The reserved regions of a host in a report, with what Xen and Linux do with each."""

from collections.abc import Hashable, Iterator, Sequence

from dmaragent.inventory import Inventory, Region
from dmaragent.present.html import words
from dmaragent.present.html.markup import Child, Markup, element
from dmaragent.present.html.parts import Section, block_of, bullets, lines_of, section, table
from dmaragent.present.html.words import regions as regions_words
from dmaragent.present.words.region import (
    linux_view,
    memory_view,
    named_ids,
    published_source_words,
    published_words,
    region_size,
    region_structure,
    xen_view,
)
from dmaragent.spans import span_words

SHOWN_OWNERS = 4
"""A longer list of owners is shown once."""


def regions_section(inventory: Inventory) -> Section | None:
    """Return the regions in table order, and the differences between table, Xen and Linux."""
    differ = [
        regions_words.of_region(difference.region, difference.explanation)
        for difference in inventory.differences
    ]
    if not inventory.regions and not inventory.published and not differ:
        return None
    return section(
        "regions",
        regions_words.REGIONS,
        table(regions_words.REGIONS_CAPTION, regions_words.REGION_COLUMNS, _rows(inventory))
        if inventory.regions
        else None,
        _published(inventory) if inventory.published else None,
        [element("h3", regions_words.DIFFERENCES), bullets(differ)] if differ else None,
    )


def _published(inventory: Inventory) -> Markup:
    """Return the regions that only Linux reports."""
    return element(
        "div",
        element("h3", regions_words.PUBLISHED),
        bullets(map(published_words, inventory.published)),
        element("p", published_source_words(inventory), class_="note"),
    )


def _rows(inventory: Inventory) -> Iterator[Sequence[Child]]:
    """Yield a row for each run of regions with the same owners and verdicts."""
    named: dict[tuple[str, ...], int] = {}
    for regions in _runs(inventory):
        first = regions[0]
        yield (
            span_words(region.number for region in regions),
            block_of(map(_range, regions)),
            _owners(first, named),
            xen_view(inventory, first) or words.NOTHING,
            linux_view(inventory, first) or words.NOTHING,
            memory_view(first) or words.NOTHING,
        )


def _runs(inventory: Inventory) -> Iterator[list[Region]]:
    run: list[Region] = []
    for region in inventory.regions:
        if run and _likeness(inventory, run[-1]) != _likeness(inventory, region):
            yield run
            run = []
        run.append(region)
    if run:
        yield run


def _likeness(inventory: Inventory, region: Region) -> Hashable:
    return (
        tuple(map(regions_words.owner, region.owners)) or named_ids(region),
        region.xen.shared,
        xen_view(inventory, region),
        linux_view(inventory, region),
        memory_view(region),
    )


def _range(region: Region) -> Markup:
    """Return range and size of a region; other sections link to it."""
    size = f"{region_size(region)}{words.in_segment(region.segment)}"
    structure = region_structure(region)
    if region.owners and named_ids(region):  # without an owner, its column has them
        structure += f" for {named_ids(region)}"
    return element(
        "span",
        regions_words.region_range(region.number, region.place, size, structure),
        id=f"region-{region.number}",
    )


def _owners(region: Region, named: dict[tuple[str, ...], int]) -> Child:
    """Return the owners; a long list once, later the region that has the same."""
    names = tuple(map(regions_words.owner, region.owners))
    first = named.setdefault(names, region.number)
    if not names:
        return regions_words.no_owner(region)
    shared = regions_words.shared_by(region.xen.sharers) if region.xen.shared else ""
    if len(names) > SHOWN_OWNERS and first != region.number:
        return regions_words.same_owners(shared, first)
    return [shared, lines_of(names)]
