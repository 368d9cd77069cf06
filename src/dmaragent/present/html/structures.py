"""Units and scopes as a tree, and the table's structures as they are, folded away."""

from collections.abc import Iterator, Sequence

from dmaragent.inventory import Inventory
from dmaragent.present.html.markup import Markup, element, several
from dmaragent.present.html.parts import Section, folded, section, verbatim
from dmaragent.present.text.decode import decode_text
from dmaragent.present.text.tree import GAP, Node, tree_nodes
from dmaragent.present.words.numbers import count
from dmaragent.readings import Missing

_MOST_FUNCTIONS = 64
"""Functions of a host that the tree lists whether or not a region concerns them."""


def tree_section(inventory: Inventory) -> Section | None:
    """Show the units, their scopes and the functions behind them."""
    if not inventory.units:
        return None
    nodes = list(tree_nodes(inventory))
    all_shown = len(inventory.host.topology.known) <= _MOST_FUNCTIONS
    kept, left = (nodes, 0) if all_shown else _concerned(nodes)
    left_out = f"{count(left, 'function')} that no region names are left out." if left else ""
    return section(
        "units",
        "Units and scopes",
        element("p", left_out) if left_out else None,
        _nested(kept),
    )


def _concerned(nodes: Sequence[Node]) -> tuple[list[Node], int]:
    """Keep what is no function and what a region names, and the bridges that lead there."""
    kept: list[Node] = []
    left = 0
    above: dict[int, Node] = {}
    for node in nodes:
        above = {depth: bridge for depth, bridge in above.items() if depth < node.depth}
        if node.sbdf is None or node.regions:
            kept += [bridge for _, bridge in sorted(above.items())]
            left -= len(above)
            above.clear()
            kept.append(node)
        else:
            above[node.depth] = node
            left += 1
    return kept, left


def _nested(nodes: Sequence[Node]) -> Markup:
    """Make lists within lists of nodes that know how deep they stand."""
    items: list[Markup] = []
    for start, end in _families(nodes):
        head, below = nodes[start], nodes[start + 1 : end]
        if below and head.depth == 0:
            items.append(element("li", folded(_said(head), _nested(below))))
        else:
            items.append(element("li", _said(head), _nested(below) if below else None))
    return element("ul", items, class_="tree")


def _said(node: Node) -> Markup:
    """Say what a node says, its parts apart; what a region names stands out."""
    pieces = [
        several(element("span", piece, class_="piece"), " ") for piece in node.text.split(GAP)
    ]
    return element("strong" if node.regions else "span", pieces)


def _families(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Yield where each of the topmost nodes begins, and where what is below it ends."""
    start = 0
    for at in range(1, len(nodes) + 1):
        if at == len(nodes) or nodes[at].depth <= nodes[start].depth:
            if nodes:
                yield start, at
            start = at


def raw_section(inventory: Inventory) -> Section | None:
    """Show the table structure by structure, folded away."""
    if isinstance(inventory.iommu, Missing):
        return None
    name = inventory.host.reading.name if inventory.host.reading else "table"
    return section(
        "raw",
        "The table",
        folded(
            f"{name}, structure by structure", verbatim(decode_text(inventory.iommu.decoded), name)
        ),
    )
