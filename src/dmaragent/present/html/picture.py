"""Pictures of an address space in SVG: columns of boxes beside one scale, and a legend.

The script shows buttons that zoom; without it the whole picture is visible.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

from dmaragent.addresses import AddressRange
from dmaragent.present.html.markup import NOTHING, Markup, element, several
from dmaragent.present.html.scale import Scale
from dmaragent.present.html.words import host as words

_TOP = 22.0
"""Room for the names of the columns."""
_WIDE = 5.9
"""The width of a label's character at the size `_SIZE`."""
_MONO = 6.2
_SIZE = 10.0
_COLUMN = 48.0
_NARROWEST = 330.0
_GAP = 6.0
_MOST_LANES = 12
"""Regions that overlap are side by side in at most so many lanes; more cover each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A range in a column."""

    range: AddressRange
    kind: str
    """Its class in the style sheet: ``ram``, ``reserved``, ``region`` and so on."""
    description: str
    """What the range is, for pointers and screen readers."""
    name: str = ""
    """What the range is, for a table."""
    label: str = ""
    """The text in the box or beside it."""
    region: int | None = None
    """The number of the host's region, if it is one."""
    reached: bool = False
    """Whether the keyboard reaches it."""
    drawn: bool = True
    """Whether it has an extent; a region whose limit is below its base has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of boxes, named at its top."""

    name: str
    boxes: tuple[Box, ...]
    beside: bool = False
    """Whether its labels are beside it instead of inside; for the last column only."""


def picture(scale: Scale, columns: Sequence[Column], *, key: str, title: str) -> Markup:
    """Return a picture of `columns`; its ids begin with `key`."""
    left = _MONO * max(len(_address(mark)) for mark in scale.marks) + 8
    at = left + 8
    drawn: list[Markup] = []
    labels = 0
    used = {FILLS[box.kind] for column in columns for box in column.boxes if box.kind in FILLS}
    for column in columns:
        drawn.append(_column(scale, column, at, key))
        at += _COLUMN + _GAP
        if column.beside:
            labels = max((len(box.label) for box in column.boxes), default=0)
    width = max(_NARROWEST, at + _WIDE * labels + 8)
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        _patterns(key, used),
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


def _patterns(key: str, used: Container[str]) -> Markup:
    """Return the patterns: each kind of memory is recognisable without its colour."""
    shapes = {
        "hatch": (6, element("path", d="M0 6L6 0", class_="hatch")),
        "dots": (4, element("circle", cx=2, cy=2, r=0.9, class_="dots")),
        "specks": (4, element("circle", cx=2, cy=2, r=0.9, class_="specks")),
        "stripes": (7, element("path", d="M0 0L7 7", class_="stripes")),
        "cross": (7, element("path", d="M0 0L7 7M0 7L7 0", class_="stripes")),
    }
    return element(
        "defs",
        [
            element(
                "pattern", shape, id=f"{key}-{name}", width=size, height=size, patternUnits=_SPACE
            )
            for name, (size, shape) in shapes.items()
            if name in used
        ],
    )


TRIANGLE = "M{:.2f} {:.2f}l13 -7v14z"
"""The shape for a range without an extent; its tip is at the address."""
_SPACE = "userSpaceOnUse"
FILLS = {
    "reserved": "hatch",
    "firmware": "dots",
    "xen": "specks",
    "hidden": "specks",
    "conflict": "stripes",
    "published": "stripes",
    "overwritten": "cross",
}
"""The pattern of a kind, besides its colour."""


def _axis(scale: Scale, left: float, right: float) -> Markup:
    """Return the addresses and a line at each; crowded addresses are smaller."""
    texts: list[Markup] = []
    lines: list[str] = []
    places = scale.places
    for number, address in enumerate(scale.marks):
        around = places[max(0, number - 1) : number + 2]
        size = min(_SIZE, 0.85 * min(abs(b - a) for a, b in pairwise(around)))
        y = places[number] + _TOP
        lines.append(f"M{left + 2:.2f} {y:.2f}H{right:.2f}")
        smaller = size if size < _SIZE else None
        texts.append(
            element("text", _address(address), x=left, y=y + size * 0.35, font_size=smaller)
        )
    rules = element("path", d="".join(lines), class_="rule")
    addresses = element("g", texts, font_size=_SIZE, text_anchor="end", class_="address")
    return element("g", rules, addresses, aria_hidden="true")


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
    """Return for each box the height of its middle, and height and size of its label.

    Labels do not overlap: those of crowded boxes follow each other.
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
    """Return the lane of each box, so that boxes that overlap are side by side; and their number."""
    taken: list[tuple[int, int]] = []  # the end of the last box in a lane, and the lane
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
    parts: list[Markup] = [element("title", box.description)]  # its name, too
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
        data_region=None if box.region is None else str(box.region),
        class_="area" if box.reached else None,
    )


def _within(scale: Scale, box: Box, middle: float) -> Markup:
    """Return a label inside its box, or nothing if the box is too low."""
    top, height = scale.extent(box.range)
    if not box.label or height < _SIZE:
        return NOTHING
    y = top + _TOP + height / 2 + _SIZE * 0.3
    return element(
        "text", box.label, x=middle, y=y, font_size=9, text_anchor="middle", class_="within"
    )


def _beside(label: str, start: float, right: float, row: tuple[float, float, float]) -> Markup:
    """Return a label beside its box, with a line between them."""
    middle, y, size = row
    line = f"M{start:.2f} {middle:.2f}L{right:.2f} {middle:.2f}L{right + 8:.2f} {y:.2f}"
    leader = element("path", d=line, class_="leader")
    written = element(
        "text", label, x=right + 10, y=y + size * 0.35, font_size=size, class_="beside"
    )
    return several(leader, written)


def legend(kinds: Sequence[tuple[str, str]], used: Iterable[str], key: str) -> Markup:
    """Return a legend of those `kinds` that are `used` in the picture with the ids of `key`."""
    shown = set(used)
    return element(
        "ul",
        [element("li", _swatch(kind, key), words) for kind, words in kinds if kind in shown],
        class_="legend",
    )


def _swatch(kind: str, key: str) -> Markup:
    """Return a small box of one kind."""
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
    """Return `picture` with its buttons, which the script shows."""
    buttons = [
        element("button", sign, type="button", data_zoom=name, aria_label=f"{act}: {what}")
        for name, sign, act in words.ZOOM
    ]
    hint = element("span", words.ZOOM_KEYS)
    status = element("output", "", aria_live="polite")
    tools = element("div", buttons, status, hint, class_="tools", hidden=True)
    return element("div", tools, picture, class_="zoom")
