"""The devices of a host, for the completion of shells."""

from dmaragent.collect.open_host import open_host
from dmaragent.commands.shared.hosts import inventory_of
from dmaragent.commands.shared.output import print_lines
from dmaragent.errors import DmaragentError


def print_devices(path: str | None) -> int:
    """Print the addresses of a host's devices, one per line; nothing if it cannot be read."""
    try:
        inventory = inventory_of(open_host(path))
    except DmaragentError:
        return 0
    if inventory.host.topology.known:
        print_lines(map(str, sorted(inventory.host.topology.known)))
    return 0
