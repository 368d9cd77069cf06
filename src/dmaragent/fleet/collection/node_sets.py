"""Groups and sets of hosts, which ClusterShell expands.

ClusterShell is optional.  Only this module imports it, and only for names that need it.
"""

from collections.abc import Iterable

from dmaragent.fleet.collection import words
from dmaragent.fleet.collection.names import expanded, needs_clustershell


def host_names(text: str) -> Iterable[str]:
    """Return the names in `text`; only what else cannot be expanded needs ClusterShell.

    Raises:
        DmaragentError: it cannot be expanded.

    """
    return node_set(text) if needs_clustershell(text) else expanded(text)


def node_set(text: str) -> list[str]:
    """Return the hosts of `text`: a group (``@rack1``), or sets of hosts.

    Raises:
        DmaragentError: ClusterShell is not installed, rejects `text`, or knows no host of it.

    """
    try:
        from ClusterShell.NodeSet import NodeSet, NodeSetException  # noqa: PLC0415 - optional
        from ClusterShell.NodeUtils import GroupResolverError  # noqa: PLC0415 - likewise
    except ImportError as error:
        raise words.needs_clustershell(text) from error
    try:
        names = list(NodeSet(text))
    except (NodeSetException, GroupResolverError) as error:
        raise words.no_node_set(text, str(error)) from error
    if not names:
        raise words.empty_node_set(text)
    return names
