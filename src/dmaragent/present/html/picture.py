"""A picture of addresses: columns of boxes beside one scale, as SVG.

With it come its legend, and the buttons that bring it closer; a small script works those, and
without it the whole picture stands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from dmaragent.addresses import AddressRange
from dmaragent.present.html.markup import NOTHING, Markup, element, several
from dmaragent.present.html.scale import Scale

_TOP = 22.0
"""Room for the names of the columns."""
_WIDE = 5.4
"""The width of a character of a label, at the size of ``_SIZE``."""
_MONO = 6.2
_SIZE = 10.0
_COLUMN = 48.0
_NARROWEST = 330.0
_GAP = 6.0
_BUTTONS = (
    ("in", "+", "Closer"),
    ("out", "\N{MINUS SIGN}", "Farther"),
    ("whole", "Whole", "Show the whole picture"),
)
_MOST_LANES = 12
"""Regions that overlap lie side by side in so many lanes; of more, some lie on others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One range in a column."""

    range: AddressRange
    kind: str
    """Its class in the style sheet: ``ram``, ``reserved``, ``region``, …"""
    description: str
    """What it is, for who points at it or has it read out."""
    label: str = ""
    """What stands in it or beside it."""
    region: int | None = None
    """The number of the region that it is."""
    reached: bool = False
    """Whether it can be reached with the keyboard."""
    drawn: bool = True
    """Whether it has an extent; a region whose limit lies below its base has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of boxes, named at its top."""

    name: str
    boxes: tuple[Box, ...]
    beside: bool = False
    """Whether labels stand beside it, not in it: the last column's."""


def picture(scale: Scale, columns: Sequence[Column], *, key: str, title: str) -> Markup:
    """Draw `columns`; `key` is what the ids within the picture begin with."""
    left = _MONO * max(len(_address(mark)) for mark in scale.marks) + 8
    at = left + 8
    drawn: list[Markup] = []
    labels = 0
    for column in columns:
        drawn.append(_column(scale, column, at, key))
        at += _COLUMN + _GAP
        if column.beside:
            labels = max((len(box.label) for box in column.boxes), default=0)
    width = max(_NARROWEST, at + _WIDE * labels + 8)
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        _patterns(key),
        _axis(scale, left, at - _GAP),
        drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {scale.height + _TOP + 12:.0f}",
        role="group",
        aria_labelledby=f"{key}-title",
        class_="map",
    )


def _address(address: int) -> str:
    return f"{address:#x}"


def _patterns(key: str) -> Markup:
    """Define the hatchings: no kind of memory is told apart by its colour alone."""
    line = element("path", d="M0 6L6 0", class_="hatch")
    dots = element("circle", cx=2, cy=2, r=0.9, class_="dots")
    return element(
        "defs",
        element("pattern", line, id=f"{key}-hatch", width=6, height=6, patternUnits=_SPACE),
        element("pattern", dots, id=f"{key}-dots", width=4, height=4, patternUnits=_SPACE),
    )


TRIANGLE = "M{:.2f} {:.2f}l13 -7v14z"
"""What stands for a range without an extent, its tip at the address."""
_SPACE = "userSpaceOnUse"
FILLS = {"reserved": "hatch", "firmware": "dots"}
"""The hatching of a kind, besides its colour."""


def _axis(scale: Scale, left: float, right: float) -> Markup:
    """Draw the addresses and a line at each; where they crowd, they are smaller."""
    parts: list[Markup] = []
    places = scale.places
    for number, address in enumerate(scale.marks):
        around = places[max(0, number - 1) : number + 2]
        room = min(abs(b - a) for a, b in pairwise(around))
        y = places[number] + _TOP
        parts += [
            element("line", x1=left + 2, y1=y, x2=right, y2=y, class_="rule"),
            element(
                "text",
                _address(address),
                x=left,
                y=y + min(_SIZE, room * 0.85) * 0.35,
                font_size=min(_SIZE, room * 0.85),
                text_anchor="end",
                class_="address",
            ),
        ]
    return element("g", parts, aria_hidden="true")


def _column(scale: Scale, column: Column, x: float, key: str) -> Markup:
    lanes, number = _lanes(column.boxes) if column.beside else ({}, 1)
    width = _COLUMN / number
    rows = _label_rows(scale, column.boxes) if column.beside else {}
    parts = []
    for place, box in enumerate(column.boxes):
        begin = x + lanes.get(place, 0) * width
        label = _within(scale, box, begin + width / 2)
        if place in rows:
            start = begin + width if box.drawn else begin + 13
            label = _beside(box.label, start, x + _COLUMN, rows[place])
        parts.append(_box(scale, box, (begin, width), key, label))
    name = element("text", column.name, x=x, y=12, font_size=_SIZE, class_="column")
    return element("g", name, parts)


def _label_rows(scale: Scale, boxes: Iterable[Box]) -> dict[int, tuple[float, float, float]]:
    """Say for each box where its middle is, where its label stands and how large it is.

    No label lies on another: where boxes crowd, labels follow each other.
    """
    rows: dict[int, tuple[float, float, float]] = {}
    lowest = 0.0
    for place, box in sorted(
        enumerate(boxes), key=lambda numbered: (numbered[1].range, numbered[0])
    ):
        top, height = scale.extent(box.range)
        middle = top + height / 2 + _TOP
        size = min(_SIZE, height * 0.8) if box.drawn else _SIZE
        row = max(middle, lowest)
        lowest = row + size * 1.1
        rows[place] = (middle, row, size)
    return rows


def _lanes(boxes: Iterable[Box]) -> tuple[dict[int, int], int]:
    """Put boxes that overlap side by side; give the lane of each, and how many there are."""
    taken: list[tuple[int, int]] = []  # where the box in a lane ends, and the lane
    free: list[int] = []
    lanes: dict[int, int] = {}
    for place, box in sorted(
        enumerate(boxes), key=lambda numbered: (numbered[1].range, numbered[0])
    ):
        while taken and taken[0][0] <= box.range.start:
            heappush(free, heappop(taken)[1])
        lane = heappop(free) if free else len(taken)
        heappush(taken, (max(box.range.end, box.range.start + 1), lane))
        lanes[place] = lane
    number = min(len(taken) + len(free), _MOST_LANES) or 1
    return {place: lane % number for place, lane in lanes.items()}, number


def _box(scale: Scale, box: Box, across: tuple[float, float], key: str, label: Markup) -> Markup:
    x, width = across
    top, height = scale.extent(box.range)
    top += _TOP
    parts: list[Markup] = [element("title", box.description)]
    if box.drawn:
        shape = {"x": x, "y": top, "width": width, "height": height}
        parts.append(element("rect", class_=f"box {box.kind}", **shape))
        if box.kind in FILLS:
            fill = f"url(#{key}-{FILLS[box.kind]})"
            parts.append(element("rect", fill=fill, class_="over", **shape))
    else:
        parts.append(element("path", d=TRIANGLE.format(x, top), class_=f"box {box.kind}"))
    parts.append(label)
    return element(
        "g",
        parts,
        role="img",
        tabindex="0" if box.reached else None,
        aria_label=box.description,
        data_region=None if box.region is None else str(box.region),
        class_="area" if box.reached else None,
    )


def _within(scale: Scale, box: Box, middle: float) -> Markup:
    """Write a label into its box, where there is room."""
    top, height = scale.extent(box.range)
    if not box.label or height < _SIZE:
        return NOTHING
    y = top + _TOP + height / 2 + _SIZE * 0.3
    return element(
        "text", box.label, x=middle, y=y, font_size=9, text_anchor="middle", class_="within"
    )


def _beside(label: str, start: float, right: float, row: tuple[float, float, float]) -> Markup:
    """Write a label beside its box, with a line that leads to it."""
    middle, y, size = row
    line = f"M{start:.2f} {middle:.2f}L{right:.2f} {middle:.2f}L{right + 8:.2f} {y:.2f}"
    leader = element("path", d=line, class_="leader")
    written = element(
        "text", label, x=right + 10, y=y + size * 0.35, font_size=size, class_="beside"
    )
    return several(leader, written)


def legend(kinds: Sequence[tuple[str, str]], used: Iterable[str], key: str) -> Markup:
    """List those of `kinds` that are `used` in the picture whose ids begin with `key`."""
    shown = set(used)
    return element(
        "ul",
        [element("li", _swatch(kind, key), words) for kind, words in kinds if kind in shown],
        class_="legend",
    )


def _swatch(kind: str, key: str) -> Markup:
    """Show a small box of one kind."""
    shape = {"x": 1, "y": 1, "width": 22, "height": 12}
    box = element("rect", **shape, class_=f"box {kind}")
    if kind == "odd":
        box = element("path", d=TRIANGLE.format(5, 7), class_="box odd")
    fill = f"url(#{key}-{FILLS[kind]})" if kind in FILLS else None
    over = None if fill is None else element("rect", **shape, fill=fill)
    return element(
        "svg",
        box,
        over,
        viewBox="0 0 24 14",
        class_="swatch",
        aria_hidden="true",
        focusable="false",
    )


def zoomable(picture: Markup, what: str) -> Markup:
    """Put the tools beside `picture`; the script shows them."""
    buttons = [
        element("button", sign, type="button", data_zoom=name, aria_label=f"{act}: {what}")
        for name, sign, act in _BUTTONS
    ]
    hint = element("span", "Keys: + \N{MINUS SIGN} 0, arrows; Tab goes from region to region.")
    status = element("output", "", aria_live="polite")
    tools = element("div", buttons, status, hint, class_="tools", hidden=True)
    return element("div", tools, picture, class_="zoom")
