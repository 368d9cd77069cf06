"""The remapping units with their device scopes as a tree, and the decoded table, folded."""

from collections.abc import Iterator, Sequence

from dmaragent.inventory import Inventory
from dmaragent.present.html.markup import Markup, element, several
from dmaragent.present.html.parts import Section, folded, section, verbatim
from dmaragent.present.html.words import host as words
from dmaragent.present.text.decode import decode_text
from dmaragent.present.text.tree import GAP, Node, tree_nodes
from dmaragent.readings import Missing

_MOST_FUNCTIONS = 64
"""A larger host's functions are in the tree only if a region names them."""


def tree_section(inventory: Inventory) -> Section | None:
    """Return the units, their scopes and the functions behind them."""
    if not inventory.units:
        return None
    nodes = list(tree_nodes(inventory))
    all_shown = len(inventory.host.topology.known) <= _MOST_FUNCTIONS
    kept, left = (nodes, 0) if all_shown else _concerned(nodes)
    return section(
        "units",
        words.UNITS,
        element("p", words.functions_left_out(left)) if left else None,
        _nested(kept),
    )


def _concerned(nodes: Sequence[Node]) -> tuple[list[Node], int]:
    """Return the nodes without functions that no region names, and how many are left out.

    The bridges that lead to a named function stay.
    """
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
    """Return lists within lists, by the depth of the nodes; the topmost are folded."""
    items: list[Markup] = []
    for start, end in _families(nodes):
        head, below = nodes[start], nodes[start + 1 : end]
        if below and head.depth == 0:
            items.append(element("li", folded(_node(head), _nested(below))))
        else:
            items.append(element("li", _node(head), _nested(below) if below else None))
    return element("ul", items, class_="tree")


def _node(node: Node) -> Markup:
    """Return the parts of a node's text, in bold if a region names it."""
    pieces = [
        several(element("span", piece, class_="piece"), " ") for piece in node.text.split(GAP)
    ]
    return element("strong" if node.regions else "span", pieces)


def _families(nodes: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each topmost node with the nodes below it."""
    start = 0
    for at in range(1, len(nodes) + 1):
        if at == len(nodes) or nodes[at].depth <= nodes[start].depth:
            if nodes:
                yield start, at
            start = at


def raw_section(inventory: Inventory) -> Section | None:
    """Return the table structure by structure, folded."""
    if isinstance(inventory.iommu, Missing):
        return None
    name = inventory.host.reading.name if inventory.host.reading else "table"
    return section(
        "raw",
        words.TABLE,
        folded(
            words.structure_by_structure(name),
            verbatim(decode_text(inventory.iommu.decoded), name),
        ),
    )
