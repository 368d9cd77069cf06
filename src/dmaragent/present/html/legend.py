"""What the boxes of a picture mean: a small box of each kind that is in it, and words."""

from collections.abc import Iterable, Sequence

from dmaragent.present.html.markup import Markup, element
from dmaragent.present.html.picture import FILLS, TRIANGLE


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
