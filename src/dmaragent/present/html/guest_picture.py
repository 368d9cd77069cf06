"""A guest's memory as a picture: its RAM, its regions, and the RAM that is in a region."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, AddressRange, span
from dmaragent.policy.layout import Placement
from dmaragent.present.html import words
from dmaragent.present.html.markup import Child, Markup, element
from dmaragent.present.html.picture import Box, Column, legend, picture, zoomable
from dmaragent.present.html.scale import make_scale
from dmaragent.present.html.words import guests as guests_words
from dmaragent.present.words.numbers import size_words

OVERWRITTEN = "overwritten"
REGION = "region"
KINDS = {
    Placement.CLEAR: "cleared",
    Placement.MOVED: "cleared",
    Placement.HIDDEN: "hidden",
    Placement.CONFLICT: "conflict",
}
"""The kind of a region's box."""
_OVERLAP_LABELS = {OVERWRITTEN: guests_words.DMA, "conflict": guests_words.CONFLICT}


class DrawnRegion(NamedTuple):
    """A region in the picture."""

    range: AddressRange
    kind: str
    outcome: str
    """What happens there, in a few words."""
    number: int | None
    """Its number in the host's table, if it is there."""

    @property
    def label(self) -> str:
        """What is beside it."""
        outcome = guests_words.DMA_INTO_RAM if self.kind == OVERWRITTEN else self.outcome
        return guests_words.region_label(self.number, size_words(self.range.size), outcome)


class DrawnRam(NamedTuple):
    """A column of guest RAM."""

    name: str
    ranges: Sequence[AddressRange]
    final: bool = True
    """Whether the guest runs with it: only then regions in it matter."""


def drawn_region(
    part: AddressRange,
    placement: Placement,
    overwritten: Collection[AddressRange],
    numbers: Mapping[AddressRange, int],
) -> DrawnRegion:
    """Return how a region of a Xen guest is drawn."""
    number = numbers.get(part)
    if part in overwritten:
        return DrawnRegion(part, OVERWRITTEN, guests_words.OVERWRITTEN, number)
    return DrawnRegion(part, KINDS[placement], guests_words.PLACEMENT_WORDS[placement], number)


def memory_figure(
    key: str, name: str, columns: Sequence[DrawnRam], regions: Sequence[DrawnRegion], note: str = ""
) -> Markup:
    """Return the picture of a guest's memory with its legend, or nothing without RAM."""
    title = guests_words.picture_of_guest(name)
    drawn = [Column(name=ram.name, boxes=tuple(_ram_boxes(ram, regions))) for ram in columns]
    parts = [part for ram in columns for part in ram.ranges]
    scale = make_scale(parts, [region.range for region in regions], (FOUR_GIB,))
    if regions:
        boxes = tuple(map(_region_box, regions))
        drawn.append(Column(name=words.REGIONS_COLUMN, boxes=boxes, beside=True))
    used = {box.kind for column in drawn for box in column.boxes}
    caption = element(
        "figcaption", element("p", note), legend(guests_words.GUEST_LEGEND, used, key)
    )
    return element("figure", zoomable(picture(scale, drawn, key=key, title=title), title), caption)


def _ram_boxes(ram: DrawnRam, regions: Iterable[DrawnRegion]) -> Iterator[Box]:
    """Yield the RAM, and above it the parts of it that are in a region."""
    overlaps = list(_overlaps(ram.ranges, regions)) if ram.final else []
    for part in ram.ranges:
        label = "" if any(part.overlaps(common) for common, _ in overlaps) else guests_words.RAM
        description = guests_words.ram_words(ram.name, span(part))
        yield Box(range=part, kind="ram", description=description, label=label)
    for common, region in overlaps:
        yield Box(
            range=common,
            kind=region.kind,
            description=guests_words.overlap_words(span(common), region.outcome),
            label=_OVERLAP_LABELS.get(region.kind, ""),
        )


def _overlaps(
    ram: Sequence[AddressRange], regions: Iterable[DrawnRegion]
) -> Iterator[tuple[AddressRange, DrawnRegion]]:
    for region in regions:
        for part in ram:
            if part.overlaps(region.range):
                start = max(part.start, region.range.start)
                yield AddressRange(start, min(part.end, region.range.end)), region


def _region_box(region: DrawnRegion) -> Box:
    return Box(
        range=region.range,
        kind=region.kind,
        description=guests_words.region_of_guest(region.number, span(region.range), region.outcome),
        label=region.label,
        reached=True,
    )


def beside(figure: Markup, *children: Child) -> Markup:
    """Return a picture with what belongs beside it on a wide screen."""
    return element("div", figure, element("div", children), class_="beside-it")
